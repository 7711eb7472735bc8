/* Tokens shared with make and others: jobserver.h. */
#define _GNU_SOURCE /* pipe2's flags */
#include "graph/jobserver/jobserver.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orderly/graph.h>

#include "base/fd.h"
#include "base/memory.h"
#include "graph/jobserver/makeflags.h"

#define LAST_LOOK_MS 1000 /* for a pipe that somebody has filled, at the end */
#define LENT_FROM 10      /* those below are what programs expect to be free */

void
jobserver_init(struct jobserver *jobserver)
{
	*jobserver = (struct jobserver){ .reader = -1, .writer = -1, .lent = { -1, -1 } };
	fifo_init(&jobserver->fifo);
}

/* --- what is offered --- */

/* A description of our own of the same pipe; -1 with errno. */
static int
open_again(int fd, int flags)
{
	char path[32];
	int again;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	again = open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	return again >= 0 && fd_lift(&again) != 0 ? -1 : again;
}

/* Whether both are ends of one pipe: a number that was not passed on may belong to any file by now. */
static int
are_ends(int reader, int writer)
{
	struct stat read_end, write_end;

	if (fstat(reader, &read_end) != 0 || fstat(writer, &write_end) != 0)
		return 0;
	return S_ISFIFO(read_end.st_mode) && S_ISFIFO(write_end.st_mode) &&
		read_end.st_dev == write_end.st_dev && read_end.st_ino == write_end.st_ino &&
		(fcntl(reader, F_GETFL) & O_ACCMODE) != O_WRONLY &&
		(fcntl(writer, F_GETFL) & O_ACCMODE) != O_RDONLY;
}

static int
lend(struct jobserver *jobserver, int reader, int writer)
{
	jobserver->lent[0] = fcntl(reader, F_DUPFD_CLOEXEC, LENT_FROM);
	jobserver->lent[1] = fcntl(writer, F_DUPFD_CLOEXEC, LENT_FROM);
	return jobserver->lent[0] >= 0 && jobserver->lent[1] >= 0 ? 0 : -1;
}

/* 0, or an errno. */
static int
join_pipe(struct jobserver *jobserver, const struct makeflags *flags)
{
	if (!are_ends(flags->reader, flags->writer))
		return EBADF;
	jobserver->reader = open_again(flags->reader, O_RDONLY);
	jobserver->writer = jobserver->reader >= 0 ? open_again(flags->writer, O_WRONLY) : -1;
	if (jobserver->writer < 0 || lend(jobserver, flags->reader, flags->writer) != 0)
		return errno;
	return 0;
}

/* Both ends in one, so that neither waits for the other; 0, or an errno. */
static int
join_fifo(struct jobserver *jobserver, const char *path)
{
	struct stat status;

	if (stat(path, &status) == 0 && !S_ISFIFO(status.st_mode))
		return EINVAL;
	jobserver->reader = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (jobserver->reader < 0 || fd_lift(&jobserver->reader) != 0)
		return errno;
	if (fstat(jobserver->reader, &status) != 0 || !S_ISFIFO(status.st_mode))
		return EINVAL;
	jobserver->writer = fcntl(jobserver->reader, F_DUPFD_CLOEXEC, 3);
	return jobserver->writer >= 0 ? 0 : errno;
}

static int
say_not_joined(struct error *error, int failed, const struct makeflags *flags)
{
	const char *remedy = flags->kind == MAKEFLAGS_PIPE
		? " (a rule of make passes its descriptors on if its line begins with '+')"
		: "";

	if (flags->kind == MAKEFLAGS_WRONG)
		error_set(error, ORD_EINVAL,
			"the jobserver '%.*s' of $MAKEFLAGS is neither fifo:PATH nor two descriptors: going on without",
			(int)flags->offer.size, flags->offer.at);
	else
		error_system(error, failed,
			"the jobserver '%.*s' of $MAKEFLAGS cannot be used, going on without%s",
			(int)flags->offer.size, flags->offer.at, remedy);
	return ORD_OK;
}

/* What commands are told: the pipe under the numbers that they find it at. */
static int
tell_commands(struct jobserver *jobserver, const char *old, const char *auth)
{
	struct buffer text = { 0 };
	char numbers[32];

	if (auth == NULL) {
		snprintf(numbers, sizeof numbers, "%d,%d", jobserver->lent[0], jobserver->lent[1]);
		auth = numbers;
	}
	if (makeflags_write(&text, old, jobserver->jobs, auth) != 0) {
		buffer_finish(&text);
		return -1;
	}
	jobserver->makeflags = text.bytes;
	return 0;
}

static int
join(struct jobserver *jobserver, const struct jobserver_options *options,
	const struct makeflags *flags, struct error *error)
{
	int failed = EINVAL;

	if (flags->kind == MAKEFLAGS_PIPE) {
		failed = join_pipe(jobserver, flags);
	} else if (flags->kind == MAKEFLAGS_FIFO) {
		char *path = memory_copy(flags->path.at, flags->path.size);

		failed = path != NULL ? join_fifo(jobserver, path) : ENOMEM;
		memory_free(path);
	}
	jobserver->jobs = flags->jobs;
	if (failed == 0 && flags->kind == MAKEFLAGS_PIPE &&
		tell_commands(jobserver, options->makeflags, NULL) != 0)
		failed = ENOMEM;
	if (failed == 0)
		return ORD_OK;
	jobserver_leave(jobserver);
	return failed == ENOMEM ? ORD_ENOMEM : say_not_joined(error, failed, flags);
}

/* --- what we offer --- */

static int
say_not_made(struct error *error, int failed)
{
	error_system(error, failed, "the jobserver cannot be made, going on without");
	return ORD_OK;
}

/* The tokens, of which a pipe has room for thousands. */
static int
fill(const struct jobserver *jobserver)
{
	for (uint32_t i = 1; i < jobserver->jobs; i++)
		if (write(jobserver->writer, "+", 1) != 1)
			return -1;
	return 0;
}

static int
make_fifo(struct jobserver *jobserver, const struct jobserver_options *options, char *auth,
	size_t size, struct error *error)
{
	int status = fifo_make(&jobserver->fifo, options->directory, error);
	int failed;

	if (status != ORD_OK)
		return -1;
	failed = join_fifo(jobserver, jobserver->fifo.path);
	if (failed != 0) {
		say_not_made(error, failed);
		return -1;
	}
	snprintf(auth, size, "fifo:%s", jobserver->fifo.path);
	return 0;
}

static int
make_pipe(struct jobserver *jobserver, char *auth, size_t size, struct error *error)
{
	int reader, writer, failed = 0;

	if (fd_pipe(&reader, &writer) != 0) {
		say_not_made(error, errno);
		return -1;
	}
	if (lend(jobserver, reader, writer) != 0)
		failed = errno;
	if (failed == 0)
		jobserver->reader = open_again(reader, O_RDONLY);
	if (failed == 0 && jobserver->reader >= 0)
		jobserver->writer = open_again(writer, O_WRONLY);
	if (failed == 0 && jobserver->writer < 0)
		failed = errno;
	fd_close(&reader);
	fd_close(&writer);
	if (failed != 0) {
		say_not_made(error, failed);
		return -1;
	}
	snprintf(auth, size, "%d,%d", jobserver->lent[0], jobserver->lent[1]);
	return 0;
}

static int
serve(struct jobserver *jobserver, const struct jobserver_options *options, struct error *error)
{
	char auth[4200];
	int made = options->mode == ORD_JOBSERVER_PIPE
		? make_pipe(jobserver, auth, sizeof auth, error)
		: make_fifo(jobserver, options, auth, sizeof auth, error);

	jobserver->jobs = options->jobs;
	if (made == 0 && fill(jobserver) == 0) {
		if (tell_commands(jobserver, options->makeflags, auth) == 0)
			return ORD_OK;
		jobserver_close(jobserver);
		return ORD_ENOMEM;
	}
	if (made == 0)
		say_not_made(error, errno);
	jobserver_close(jobserver);
	return ORD_OK;
}

int
jobserver_open(
	struct jobserver *jobserver, const struct jobserver_options *options, struct error *error)
{
	struct makeflags flags;
	uint32_t mode = options->mode;

	if (mode == 0)
		return ORD_OK;
	makeflags_read(options->makeflags, &flags);
	if (mode == ORD_JOBSERVER_FIFO || mode == ORD_JOBSERVER_PIPE)
		return serve(jobserver, options, error);
	if (flags.kind != MAKEFLAGS_NONE && !options->own_jobs)
		return join(jobserver, options, &flags, error);
	return mode == ORD_JOBSERVER_AUTO ? serve(jobserver, options, error) : ORD_OK;
}

/* --- tokens --- */

static int
reserve(struct jobserver *jobserver)
{
	uint32_t capacity = jobserver->capacity != 0 ? 2 * jobserver->capacity : 16;
	char *tokens;

	if (jobserver->n_tokens < jobserver->capacity)
		return 0;
	tokens = memory_resize(jobserver->tokens, capacity);
	if (tokens == NULL)
		return -1;
	jobserver->tokens = tokens;
	jobserver->capacity = capacity;
	return 0;
}

int
jobserver_take(struct jobserver *jobserver)
{
	ssize_t got;

	if (reserve(jobserver) != 0)
		return 0;
	do
		got = read(jobserver->reader, jobserver->tokens + jobserver->n_tokens, 1);
	while (got < 0 && errno == EINTR);
	if (got != 1)
		return 0;
	jobserver->n_tokens++;
	return 1;
}

void
jobserver_give_back(struct jobserver *jobserver, uint32_t keep)
{
	while (jobserver->n_tokens > keep) {
		ssize_t put =
			write(jobserver->writer, jobserver->tokens + jobserver->n_tokens - 1, 1);

		if (put == 1)
			jobserver->n_tokens--;
		else if (put >= 0 || errno != EINTR)
			return; /* full: then nobody lacks one, and it is tried again */
	}
}

/* --- ends --- */

void
jobserver_leave(struct jobserver *jobserver)
{
	fd_close(&jobserver->reader);
	fd_close(&jobserver->writer);
	fd_close(&jobserver->lent[0]);
	fd_close(&jobserver->lent[1]);
	memory_free(jobserver->makeflags);
	memory_free(jobserver->tokens);
	fifo_leave(&jobserver->fifo);
	jobserver_init(jobserver);
}

void
jobserver_close(struct jobserver *jobserver)
{
	struct pollfd room = { .fd = jobserver->writer, .events = POLLOUT };

	jobserver_give_back(jobserver, 0);
	if (jobserver->n_tokens != 0 && poll(&room, 1, LAST_LOOK_MS) > 0)
		jobserver_give_back(jobserver, 0);
	fifo_remove(&jobserver->fifo);
	jobserver_leave(jobserver);
}
