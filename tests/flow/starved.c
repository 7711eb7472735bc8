/* See starved.h. */
#define _GNU_SOURCE /* close_range */
#include "starved.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGE = 40000 };

int
starved_work(struct ord_task *task, void *user)
{
	size_t size;
	const void *input = ord_task_input(task, &size);

	(void)user;
	if (ord_task_sequence(task) % 3 == 0)
		printf("words of %llu\n", (unsigned long long)ord_task_sequence(task));
	return ord_task_return(task, input, size);
}

int
starved_or_die(struct ord_task *task, void *user)
{
	if (*(const char *)ord_task_input(task, NULL) == 'k')
		raise(SIGKILL);
	return starved_work(task, user);
}

pid_t
starved_spawner(void)
{
	char path[64];
	FILE *file;
	int pid = 0;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
	file = fopen(path, "r");
	CHECK(file != NULL && fscanf(file, "%d", &pid) == 1);
	fclose(file);
	return pid;
}

static int
submit_one(struct ord_pool *pool, int number, int functions)
{
	static const char *const argv[] = { "true", NULL };
	static char large[LARGE];

	if (!functions || number % 5 == 4)
		return ord_pool_submit_command(pool, &ORD_COMMAND(.argv = argv), NULL);
	if (number % 7 == 3)
		return ord_pool_submit_wait(pool, large, sizeof large, NULL);
	return ord_pool_submit_wait(pool, "x", 1, NULL);
}

static void
note(struct fared *fared, const struct ord_pool *pool, int status)
{
	fared->status = status;
	snprintf(fared->text, sizeof fared->text, "%s", ord_pool_error(pool));
}

/* What starved pools may answer. */
static int
is_honest(const struct fared *fared)
{
	switch (fared->status) {
	case 0: return fared->text[0] == '\0';
	case ORD_ESYSTEM:
	case ORD_ENOMEM:
	case ORD_EPROGRAM:
	case ORD_ECRASHLOOP: return strlen(fared->text) > 20;
	default: return 0;
	}
}

static uint64_t
play(struct tally *tally, int tasks, int functions, struct fared *fared)
{
	uint64_t submitted = 0;
	int status = ord_pool_start(tally->pool);

	fared->started = status == 0;
	for (int i = 0; i < tasks && status == 0; i++) {
		status = submit_one(tally->pool, i, functions);
		submitted += status == 0;
	}
	if (fared->started)
		status = ord_pool_finish(tally->pool);
	note(fared, tally->pool, status);
	return submitted;
}

/* A task that could not begin says why. */
static void
check_result(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	if (getenv("ORD_STARVED_SHOW") != NULL && ord_result_state(result) != ORD_DONE)
		fprintf(stderr, "task %llu: %s\n", (unsigned long long)ord_result_sequence(result),
			ord_result_error(result));
	CHECK(ord_result_state(result) != ORD_FAILED || strlen(ord_result_error(result)) > 20);
}

struct fared
starved_pool(const struct ord_pool_options *options, int tasks)
{
	struct ord_pool_options all = *options;
	struct tally tally = { .on_result = check_result };
	struct fared fared = { 0 };
	uint64_t submitted;

	all.on_result = tally_result;
	all.on_message = tally_message;
	all.on_result_user = all.on_message_user = &tally;
	fared.status = ord_pool_new(&tally.pool, &all);
	if (fared.status == ORD_ENOMEM) {
		snprintf(fared.text, sizeof fared.text, "%s", ord_strerror(fared.status));
		return fared;
	}
	CHECK_OK(NULL, fared.status);
	submitted = play(&tally, tasks, all.function != NULL, &fared);
	ord_pool_destroy(&tally.pool);
	if (!is_honest(&fared))
		fprintf(stderr, "%s: \"%s\"\n", ord_status_name(fared.status), fared.text);
	if (getenv("ORD_STARVED_SHOW") != NULL)
		fprintf(stderr, "%s, %llu of %d done: %s\n", ord_status_name(fared.status),
			(unsigned long long)tally.states[ORD_DONE], tasks, fared.text);
	CHECK(is_honest(&fared));
	CHECK_EQ(tally.results, submitted);
	fared.results = tally.results;
	fared.done = tally.states[ORD_DONE];
	return fared;
}

void
starved_take(struct hoard *hoard, rlim_t limit, int left)
{
	enum { ROOM = sizeof hoard->fds / sizeof *hoard->fds };

	hoard->count = 0;
	scene_limit(RLIMIT_NOFILE, limit);
	while (hoard->count < ROOM && (hoard->fds[hoard->count] = dup(STDERR_FILENO)) >= 0)
		hoard->count++;
	CHECK(hoard->count < ROOM);
	for (; left > 0 && hoard->count > 0; left--)
		close(hoard->fds[--hoard->count]);
}

void
starved_give_back(struct hoard *hoard)
{
	while (hoard->count > 0)
		close(hoard->fds[--hoard->count]);
}

void
starved_program(char path[STARVED_PATH], const char *before)
{
	char self[STARVED_PATH];
	ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
	FILE *file;
	int fd;

	CHECK(size > 0);
	self[size] = '\0';
	snprintf(path, STARVED_PATH, "/tmp/ord-starved-XXXXXX");
	fd = mkstemp(path);
	CHECK(fd >= 0 && fchmod(fd, S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH) == 0);
	file = fdopen(fd, "w");
	CHECK(file != NULL);
	fprintf(file, "#!/bin/bash\n%s\nexec '%s' \"$@\"\n", before, self);
	CHECK(fclose(file) == 0);
}

int
starved_says(const struct fared *fared, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strstr(fared->text, *words) != NULL)
			return 1;
	fprintf(stderr, "%s: \"%s\"\n", ord_status_name(fared->status), fared->text);
	return 0;
}

int
starved_step(int usual)
{
	const char *value = getenv("ORD_STARVED_STEP");

	return value != NULL && atoi(value) > 0 ? atoi(value) : usual;
}
