/* Lists in each store, for tests. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const schemes[] = {
	"memory",
	"dir",
#ifdef ORD_JOBS_SQLITE
	"sqlite",
#endif
	"postgresql", /* if there is a server: see lists_server */
	NULL,
};

static int
left_out(const char *scheme, const char *but)
{
	return (but != NULL && strcmp(scheme, but) == 0) || (strcmp(scheme, "postgresql") == 0 && getenv(SERVER) == NULL);
}

static const char *
scheme_behind(const char *scheme, const char *but)
{
	size_t i = 0;

	while (scheme != NULL && schemes[i] != scheme)
		i++;
	for (i += scheme != NULL; schemes[i] != NULL && left_out(schemes[i], but);)
		i++;
	return schemes[i];
}

static void
begin(struct list_at *at)
{
	if (at->scheme == NULL)
		return;
	if (strcmp(at->scheme, "memory") == 0) {
		snprintf(at->address, sizeof at->address, "memory:");
		return;
	}
	if (strcmp(at->scheme, "postgresql") == 0) {
		lists_on_server(at);
		return;
	}
	snprintf(at->folder, sizeof at->folder, "%s/list-XXXXXX", getenv("XDG_RUNTIME_DIR"));
	CHECK(mkdtemp(at->folder) != NULL);
	snprintf(at->address, sizeof at->address, "%s:%s/jobs%s", at->scheme, at->folder,
		strcmp(at->scheme, "sqlite") == 0 ? ".sqlite" : "");
}

struct list_at
lists_first(const char *but)
{
	struct list_at at = { .scheme = scheme_behind(NULL, but), .but = but };

	begin(&at);
	return at;
}

struct list_at
lists_only(const char *scheme)
{
	struct list_at at = { .scheme = scheme_behind(NULL, NULL) };

	while (at.scheme != NULL && strcmp(at.scheme, scheme) != 0)
		at.scheme = scheme_behind(at.scheme, NULL);
	CHECK(at.scheme != NULL);
	begin(&at);
	return at;
}

void
lists_end(struct list_at *at)
{
	char command[300];

	if (at->folder[0] != '\0') {
		snprintf(command, sizeof command, "rm -rf '%s'", at->folder);
		CHECK_EQ(system(command), 0);
	}
	if (strcmp(at->scheme, "postgresql") == 0)
		lists_off_server(at);
}

void
lists_next(struct list_at *at)
{
	lists_end(at);
	*at = (struct list_at){ .scheme = scheme_behind(at->scheme, at->but), .but = at->but };
	begin(at);
}

struct ord_jobs *
lists_open(struct list_at *at, const struct ord_jobs_options *options)
{
	struct ord_jobs_options own = *options;
	struct ord_jobs *jobs;

	own.beside = strcmp(at->scheme, "memory") == 0 ? at->first : NULL;
	CHECK_EQ(ord_jobs_new(&jobs, &own), 0);
	JOBS_OK(jobs, ord_jobs_open(jobs, at->address));
	if (at->first == NULL)
		at->first = jobs;
	return jobs;
}

void
lists_says(struct ord_jobs *jobs, int status, int wanted, const char *word, const char *what, const char *file,
	int line)
{
	const char *text = ord_jobs_error(jobs);

	if (status == wanted && strstr(text, word) != NULL && (status == 0) == (*text == '\0'))
		return;
	fprintf(stderr, "%s:%d: %s is %s, not %s with '%s': %s\n", file, line, what, ord_status_name(status),
		ord_status_name(wanted), word, text);
	_exit(1);
}

void
lists_refuse(const char *address, const struct ord_jobs_options *options, int status, const char *word,
	const char *file, int line)
{
	struct ord_jobs *jobs;
	struct ord_job *job;

	CHECK_EQ(ord_jobs_new(&jobs, options), 0);
	lists_says(jobs, ord_jobs_open(jobs, address), status, word, address, file, line);
	CHECK(strstr(ord_jobs_error(jobs), "hush") == NULL);
	/* It can be used no more than before. */
	JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_EINVAL, "not open");
	ord_jobs_destroy(&jobs);
}

struct ord_job *
lists_take(struct ord_jobs *jobs, const char *name, const char *file, int line)
{
	struct ord_job *job;
	int status = ord_jobs_claim(jobs, &job);

	if (status == 0 && strcmp(ord_job_name(job), name) == 0)
		return job;
	fprintf(stderr, "%s:%d: not '%s' but %s '%s': %s\n", file, line, name, ord_status_name(status),
		ord_job_name(job), ord_jobs_error(jobs));
	_exit(1);
}

struct wanted {
	const char *name;
	int state;
	uint32_t attempt;
};

static int
find(const struct ord_job *job, void *user)
{
	struct wanted *wanted = user;

	if (strcmp(ord_job_name(job), wanted->name) != 0)
		return 0;
	wanted->state = ord_job_state(job);
	wanted->attempt = ord_job_attempt(job);
	return 1;
}

int
lists_state(struct ord_jobs *jobs, const char *name)
{
	struct wanted wanted = { .name = name };

	CHECK(ord_jobs_each(jobs, 0, find, &wanted) >= 0);
	return wanted.state;
}

uint32_t
lists_attempt(struct ord_jobs *jobs, const char *name)
{
	struct wanted wanted = { .name = name };

	CHECK(ord_jobs_each(jobs, 0, find, &wanted) >= 0);
	return wanted.attempt;
}

struct ord_job_counts
lists_counts(struct ord_jobs *jobs)
{
	struct ord_job_counts counts = ORD_JOB_COUNTS;

	JOBS_OK(jobs, ord_jobs_counts(jobs, &counts));
	return counts;
}

void *
lists_shared(size_t size)
{
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(shared != MAP_FAILED);
	return shared;
}

void
lists_await(unsigned n)
{
	while (n-- > 0) {
		int status;

		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
}

pid_t
lists_holder(struct list_at *at, const struct ord_jobs_options *options, void (*begin_with)(struct ord_jobs *jobs))
{
	int talk[2];
	pid_t pid;
	char byte;

	CHECK_EQ(pipe(talk), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		begin_with(lists_open(at, options));
		CHECK_EQ(write(talk[1], "x", 1), 1);
		for (;;)
			pause();
	}
	close(talk[1]);
	CHECK_EQ(read(talk[0], &byte, 1), 1);
	close(talk[0]);
	return pid;
}

unsigned
lists_rounds(const char *name, unsigned usual)
{
	const char *text = getenv(name);

	return text != NULL ? (unsigned)strtoul(text, NULL, 10) : usual;
}
