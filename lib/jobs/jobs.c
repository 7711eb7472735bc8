/*
 * A list, opened and left.  The stores are in the table below; which of them
 * an address means is all that is known of them here.
 */
#define _GNU_SOURCE /* eventfd */
#include "jobs/jobs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "base/options.h"
#include "jobs/directory/store_dir.h"
#include "jobs/labels.h"
#include "jobs/memory/store_memory.h"
#include "jobs/postgresql/store_postgres.h"
#include "jobs/sqlite/store_sqlite.h"

#define HEARTBEAT_MS 30000
#define RETRIES_MAX 1000000
#define HISTORY_MAX 1000
#define NAME_MAX_BYTES 255
#define EXT_MAX 32

struct row {
	const char *scheme;
	const struct store_functions *functions; /* NULL: this build does not have it */
	const char *needs;                       /* what would have to be installed to build it */
};

static const struct row stores[] = {
	{ "memory", &store_memory, "" },
#ifdef ORD_JOBS_SQLITE
	{ "sqlite", &store_sqlite, "" },
#else
	{ "sqlite", NULL, "libsqlite3-dev" },
#endif
	{ "dir", &store_dir, "" },
#ifdef ORD_JOBS_POSTGRESQL
	{ "postgresql", &store_postgres, "" },
	{ "postgres", &store_postgres, "" },
#else
	{ "postgresql", NULL, "libpq-dev" },
	{ "postgres", NULL, "libpq-dev" },
#endif
};

int64_t
jobs_now_ms(void)
{
	return (int64_t)(clock_wall_ns() / CLOCK_NS_PER_MS);
}

int64_t
jobs_list_ms(const struct ord_jobs *jobs)
{
	return jobs_now_ms() + jobs->store.ahead_ms;
}

static int
check_options(const struct ord_jobs_options *options)
{
	if (options->wait > ORD_JOBS_WAIT_NEVER || options->on_failure > ORD_JOBS_STOP ||
		options->read_only > 1 || options->must_exist > 1 || options->pid < 0 ||
		options->pick > ORD_JOBS_PICK_RANDOM || options->sync_ms > INT32_MAX ||
		options->failed_retries > RETRIES_MAX || options->killed_retries > RETRIES_MAX ||
		options->history > HISTORY_MAX || options->batch > JOBS_BATCH_MAX)
		return ORD_EINVAL;
	if (options->beside != NULL && options->beside->open == 0)
		return ORD_EINVAL;
	return 0;
}

static void
fill_defaults(struct ord_jobs_options *options)
{
	if (options->heartbeat_ms == 0)
		options->heartbeat_ms = HEARTBEAT_MS;
	if (options->timeout_ms == 0)
		options->timeout_ms = options->heartbeat_ms > UINT32_MAX / 2
			? UINT32_MAX
			: 2 * options->heartbeat_ms;
	/* In a wait it says up to half an interval late that it lives. */
	if (options->heartbeat_ms > options->timeout_ms / 2)
		options->heartbeat_ms = options->timeout_ms > 1 ? options->timeout_ms / 2 : 1;
	if (options->history == 0)
		options->history = 10;
	if (options->batch == 0)
		options->batch = 1;
	if (options->poll_ms == 0)
		options->poll_ms = 100;
	if (options->progress_ms == 0)
		options->progress_ms = 200;
}

/* Names are file names, too, for stores that are directories. */
int
jobs_check_name(struct error *error, const char *what, const char *name)
{
	size_t size = name != NULL ? strlen(name) : 0;

	if (size == 0)
		return error_set(error, ORD_EINVAL, "a %s needs a name", what);
	if (size > NAME_MAX_BYTES)
		return error_set(error, ORD_ETOOBIG,
			"the name of a %s has %zu bytes, more than %d: '%.40s…'", what, size,
			NAME_MAX_BYTES, name);
	if (*name == '.')
		return error_set(error, ORD_EINVAL,
			"the name of a %s must not begin with a dot: '%s'", what, name);
	for (const unsigned char *byte = (const unsigned char *)name; *byte != '\0'; byte++)
		if (*byte < ' ' || *byte == 0x7f || *byte == '/')
			return error_set(error, ORD_EINVAL,
				"the name of a %s must not have a '/' or a control character (byte %zu of '%.40s')%s",
				what, (size_t)(byte - (const unsigned char *)name) + 1, name,
				strcmp(what, "job") == 0 ? ": a path may be its payload" : "");
	return 0;
}

/* The end of a file's name. */
static int
copy_ext(const char *ext, char **copy)
{
	if (strlen(ext) > EXT_MAX || strchr(ext, '/') != NULL || strchr(ext, '\n') != NULL)
		return ORD_EINVAL;
	*copy = memory_copy(ext, strlen(ext));
	return *copy != NULL ? 0 : ORD_ENOMEM;
}

/* What its options point to becomes its own. */
static int
copy_texts(struct ord_jobs *made)
{
	struct ord_jobs_options *options = &made->options;
	int status = labels_join(options->labels, &made->labels, &made->error);

	if (status == 0 && options->taker != NULL) {
		status = jobs_check_name(&made->error, "taker", options->taker);
		made->taker =
			status == 0 ? memory_copy(options->taker, strlen(options->taker)) : NULL;
		if (status == 0 && made->taker == NULL)
			status = ORD_ENOMEM;
	}
	if (status == 0 && options->job_ext != NULL)
		status = copy_ext(options->job_ext, &made->job_ext);
	options->labels = NULL;
	options->taker = options->job_ext = NULL;
	return status;
}

int
ord_jobs_new(struct ord_jobs **jobs, const struct ord_jobs_options *options)
{
	struct ord_jobs_options own = { 0 };
	struct ord_jobs *made;
	int status;

	if (jobs == NULL)
		return ORD_EINVAL;
	*jobs = NULL;
	status = options == NULL ? 0
				 : options_copy(&own, sizeof own,
					   OPTIONS_UP_TO(struct ord_jobs_options, pid), options);
	if (status == 0)
		status = check_options(&own);
	if (status != 0)
		return status;
	fill_defaults(&own);
	made = memory_new(1, sizeof *made);
	if (made == NULL)
		return ORD_ENOMEM;
	made->options = own;
	made->wake = made->epoll = made->timer = -1;
	made->reach = 1;
	made->alive = alive_new();
	made->ends = memory_new(2 * ((size_t)own.batch + 1), sizeof *made->ends);
	status = made->alive != NULL && made->ends != NULL ? 0 : ORD_ENOMEM;
	if (status == 0)
		status = copy_texts(made);
	if (status != 0)
		ord_jobs_destroy(&made);
	*jobs = made;
	return status;
}

int
jobs_enter(struct ord_jobs *jobs)
{
	if (jobs == NULL)
		return ORD_EINVAL;
	if (!*jobs->alive)
		return ORD_EFORKED;
	error_clear(&jobs->error);
	return 0;
}

int
jobs_enter_open(struct ord_jobs *jobs)
{
	int status = jobs_enter(jobs);

	if (status == 0 && !jobs->open)
		status = error_set(
			&jobs->error, ORD_EINVAL, "the list is not open: ord_jobs_open first");
	return status;
}

int
jobs_enter_writing(struct ord_jobs *jobs)
{
	int status = jobs_enter_open(jobs);

	if (status != 0)
		return status;
	if (jobs->options.read_only)
		return error_set(&jobs->error, ORD_EINVAL, "the list was opened to look only");
	return 0;
}

/* Host, pid, and a number that no other object of the process has: where it lies, and when it was opened. */
static int
name_taker(struct ord_jobs *jobs)
{
	char name[160];

	if (jobs->taker != NULL)
		return 0;
	if (jobs->options.pid != 0)
		snprintf(name, sizeof name, "%s-%d", jobs->store.self.life.host,
			(int)jobs->options.pid);
	else
		snprintf(name, sizeof name, "%s-%d-%llx", jobs->store.self.life.host, (int)getpid(),
			(unsigned long long)(clock_now_ns() / 1000 % 0xffffff));
	for (char *at = name; *at != '\0'; at++)
		if (*at == '/' || (unsigned char)*at <= ' ' || (at == name && *at == '.'))
			*at = '_';
	jobs->taker = memory_copy(name, strlen(name));
	return jobs->taker != NULL ? 0 : error_memory(&jobs->error);
}

static int
fill_self(struct ord_jobs *jobs)
{
	struct store_self *self = &jobs->store.self;
	int status;

	if (life_of(jobs->options.pid, &self->life) != 0)
		return error_system(&jobs->error, errno, "there is no process %d for the taker",
			(int)jobs->options.pid);
	status = name_taker(jobs);
	if (status != 0)
		return status;
	self->id = 0; /* of an open that failed */
	self->name = jobs->taker;
	self->labels = jobs->labels;
	self->timeout_ms = jobs->options.timeout_ms;
	self->failed_retries = jobs->options.failed_retries;
	self->killed_retries = jobs->options.killed_retries;
	self->history = jobs->options.history;
	self->sync_ms = jobs->options.sync_ms;
	self->adopt = jobs->options.pid != 0;
	return 0;
}

/* The store that an address means, and its place. */
static int
find_store(struct ord_jobs *jobs, const char *address, const char **place)
{
	size_t size = strlen(address);

	for (size_t i = 0; i < sizeof stores / sizeof *stores; i++) {
		size_t length = strlen(stores[i].scheme);
		int bare = strcmp(stores[i].scheme, "sqlite") == 0 && size > 7 &&
			strcmp(address + size - 7, ".sqlite") == 0 && strchr(address, ':') == NULL;

		if (!bare &&
			(strncmp(address, stores[i].scheme, length) != 0 || address[length] != ':'))
			continue;
		*place = bare ? address : address + length + 1;
		jobs->store.functions = stores[i].functions;
		if (stores[i].functions != NULL)
			return 0;
		return error_set(&jobs->error, ORD_ENOTSUP,
			"the store '%s:' is not built in: install %s and build anew",
			stores[i].scheme, stores[i].needs);
	}
	/* Behind a scheme there may be a password. */
	size = strcspn(address, ":");
	return error_set(&jobs->error, ORD_EINVAL,
		"there is no store for the address '%.*s%s': say sqlite:PATH, dir:PATH, postgresql://… or memory:",
		(int)(size < 200 ? size : 200), address, address[size] == ':' ? ":…" : "");
}

int
ord_jobs_open(struct ord_jobs *jobs, const char *address)
{
	const struct ord_jobs *beside = jobs != NULL ? jobs->options.beside : NULL;
	const char *place = "";
	int status = jobs_enter(jobs);

	if (status != 0)
		return status;
	if (address == NULL || jobs->open || jobs->closed)
		return error_set(&jobs->error, ORD_EINVAL,
			jobs->open ? "the list is open already" : "a list needs an address");
	status = find_store(jobs, address, &place);
	if (status == 0)
		status = fill_self(jobs);
	if (status != 0)
		return status;
	if (beside != NULL && beside->store.functions != jobs->store.functions)
		return error_set(&jobs->error, ORD_EINVAL, ".beside is a list of another store");
	jobs->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (jobs->wake < 0 || fd_lift(&jobs->wake) != 0)
		return error_system(&jobs->error, errno, "no descriptor for the list");
	jobs->store.error = &jobs->error;
	jobs->store.wake = jobs->wake;
	jobs->store.epoll = &jobs->epoll;
	jobs->store.job_ext = jobs->job_ext;
	jobs->store.pick = jobs->options.pick;
	jobs->store.stale_ms = jobs->options.stale_ms;
	jobs->store.read_only = (int)jobs->options.read_only;
	jobs->store.must_exist = (int)jobs->options.must_exist;
	status = jobs->store.functions->open(
		&jobs->store, place, beside != NULL ? &beside->store : NULL, jobs_now_ms());
	if (status != 0) {
		jobs->store.functions->close(&jobs->store, 0);
		fd_close(&jobs->wake);
		return status;
	}
	jobs->open = 1;
	jobs->beaten_ns = clock_now_ns();
	return 0;
}

int
ord_jobs_interrupt(struct ord_jobs *jobs)
{
	const uint64_t one = 1;
	int kept = errno;
	ssize_t n;

	if (jobs == NULL || jobs->wake < 0)
		return ORD_EINVAL;
	if (!*jobs->alive)
		return ORD_EFORKED;
	n = write(jobs->wake, &one, sizeof one);
	(void)n; /* full: it is interrupted already */
	errno = kept;
	return 0;
}

const char *
ord_jobs_error(const struct ord_jobs *jobs)
{
	if (jobs == NULL)
		return "there is no list";
	return *jobs->alive ? jobs->error.text : "the list belongs to the process that made it";
}

static void
free_jobs(struct ord_job *job)
{
	while (job != NULL) {
		struct ord_job *next = job->next;

		job_free(job);
		job = next;
	}
}

void
ord_jobs_destroy(struct ord_jobs **jobs)
{
	struct ord_jobs *gone = jobs != NULL ? *jobs : NULL;
	int forked = gone != NULL && gone->alive != NULL && !*gone->alive;

	if (gone == NULL)
		return;
	*jobs = NULL;
	if (gone->open && !forked && !gone->options.read_only)
		jobs_give_up(gone);
	if (gone->open)
		gone->store.functions->close(&gone->store, forked);
	for (size_t i = 0; i < gone->n_watched; i++)
		fd_close(&gone->watched[i].fd);
	free_jobs(gone->held);
	free_jobs(gone->ready);
	fd_close(&gone->wake);
	fd_close(&gone->epoll);
	fd_close(&gone->timer);
	alive_destroy(gone->alive);
	memory_free(gone->watched);
	memory_free(gone->ends);
	memory_free(gone->taker);
	memory_free(gone->labels);
	memory_free(gone->job_ext);
	memory_free(gone);
}
