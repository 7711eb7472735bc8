/*
 * Which jobs a taker takes: a pattern for their names, and a command that is asked
 * about each of them, with its name in the environment and its payload on standard
 * input.  The answer is its exit status: 0 takes the job, all else leaves it to others.
 *
 * What the command looks at changes without telling anybody, so it is asked again, but
 * not each time that jobs are looked for: a job that was declined is left alone for a
 * while, which grows.
 */
#define _GNU_SOURCE /* memfd_create */
#include <errno.h>
#include <fnmatch.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "complain.h"
#include "jobs_filter.h"
#include "terminal.h"
#include "text.h"

#define AGAIN_MS 1000 /* a job that was declined is asked about again, doubled each time … */
#define AGAIN_MOST_MS 30000 /* … up to this */

extern char **environ;

/* A file in memory with the payload; -1 with errno. */
static int
payload_file(const struct ord_job *job)
{
	size_t size;
	const char *bytes = ord_job_payload(job, &size);
	int fd = memfd_create("payload", MFD_CLOEXEC);

	while (fd >= 0 && size > 0) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0) {
			int kept = errno;

			close(fd);
			errno = kept;
			return -1;
		}
		bytes += n;
		size -= (size_t)n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

/* Its exit status; 128 and more: it died; -1 with errno: it did not run. */
static int
ask(const char *command, const struct ord_job *job, char **environment)
{
	char *words[] = { (char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c", (char *)(uintptr_t)command, NULL };
	posix_spawn_file_actions_t actions;
	int fd = payload_file(job), status, error;
	pid_t pid;

	if (fd < 0)
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	error = posix_spawnp(&pid, "sh", &actions, NULL, words, environment);
	posix_spawn_file_actions_destroy(&actions);
	close(fd);
	if (error != 0) {
		errno = error;
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool
command_likes(const char *command, const struct ord_job *job)
{
	struct text name = { 0 };
	char **environment;
	size_t n = 0;
	int status;

	text_add_string(&name, "ORDERLY_JOB=");
	text_add_string(&name, ord_job_name(job));
	text_add_byte(&name, '\0');
	while (environ[n] != NULL)
		n++;
	environment = text_allocate(n + 2, sizeof *environment);
	environment[0] = name.bytes;
	n = 1;
	/* That of a job which runs us is another. */
	for (char **at = environ; *at != NULL; at++)
		if (strncmp(*at, "ORDERLY_JOB=", strlen("ORDERLY_JOB=")) != 0)
			environment[n++] = *at;
	environment[n] = NULL;
	status = ask(command, job, environment);
	if (status < 0)
		complain_errno(errno, "cannot ask the filter about %s", ord_job_name(job));
	else if (status == 126 || status == 127)
		complain("the filter for %s has exit status %d: can it be run?", ord_job_name(job), status);
	free(environment);
	text_finish(&name);
	return status == 0;
}

/* --- what was answered --- */

/* A job that was declined. */
struct declined {
	uint64_t key;    /* of its name and payload; 0: a free place */
	uint64_t due_ns; /* it is asked about again */
	uint32_t pause_ms;
};

static uint64_t
add_to_key(uint64_t key, const void *bytes, size_t size)
{
	for (const unsigned char *at = bytes; size > 0; size--)
		key = (key ^ *at++) * UINT64_C(1099511628211);
	return key;
}

static uint64_t
key_of(const struct ord_job *job)
{
	size_t size;
	const void *payload = ord_job_payload(job, &size);
	uint64_t key = add_to_key(UINT64_C(14695981039346656037), ord_job_name(job), strlen(ord_job_name(job)) + 1);

	key = add_to_key(key, payload, size);
	return key != 0 ? key : 1;
}

/* Its place, or the one that it would have. */
static struct declined *
place_of(const struct jobs_filter *filter, uint64_t key)
{
	size_t at = key & (filter->room - 1);

	while (filter->declined[at].key != 0 && filter->declined[at].key != key)
		at = (at + 1) & (filter->room - 1);
	return &filter->declined[at];
}

/* Into a table of another size, without those that are gone: they were due, and nobody asked about them. */
static void
rebuild(struct jobs_filter *filter, size_t room, bool all)
{
	struct jobs_filter old = *filter;

	filter->declined = text_allocate(room, sizeof *filter->declined);
	memset(filter->declined, 0, room * sizeof *filter->declined);
	filter->room = room;
	filter->n = 0;
	for (size_t i = 0; i < old.room; i++)
		if (old.declined[i].key != 0 && (all || old.declined[i].due_ns > filter->looked_ns)) {
			*place_of(filter, old.declined[i].key) = old.declined[i];
			filter->n++;
		}
	free(old.declined);
}

static struct declined *
remember(struct jobs_filter *filter, uint64_t key)
{
	struct declined *declined;

	if (2 * (filter->n + 1) > filter->room)
		rebuild(filter, filter->room != 0 ? 2 * filter->room : 64, true);
	declined = place_of(filter, key);
	if (declined->key == 0) {
		*declined = (struct declined){ .key = key };
		filter->n++;
	}
	return declined;
}

static void
set_due(const struct jobs_filter *filter, struct declined *declined)
{
	uint32_t every = filter->options->filter_every_ms, pause = declined->pause_ms;

	pause = every != 0 ? every : pause == 0 ? AGAIN_MS : 2 * pause > AGAIN_MOST_MS ? AGAIN_MOST_MS : 2 * pause;
	declined->pause_ms = pause;
	declined->due_ns = terminal_now_ns() + pause * UINT64_C(1000000);
}

/* An ord_job_filter_fn. */
static int
likes(const struct ord_job *job, void *user)
{
	struct jobs_filter *filter = user;
	struct declined *declined;

	if (filter->options->filter != NULL && fnmatch(filter->options->filter, ord_job_name(job), 0) != 0)
		return 0;
	if (filter->options->filter_command == NULL)
		return 1;
	declined = remember(filter, key_of(job));
	if (declined->due_ns > filter->looked_ns)
		return 0;
	if (!command_likes(filter->options->filter_command, job)) {
		set_due(filter, declined);
		return 0;
	}
	declined->pause_ms = 0; /* what it liked may be asked about twice before it is claimed */
	return 1;
}

void
jobs_filter_set(struct jobs_filter *filter, const struct jobs_options *options, struct ord_jobs_options *own)
{
	filter->options = options;
	if (options->filter == NULL && options->filter_command == NULL)
		return;
	own->filter = likes;
	own->filter_user = filter;
}

int
jobs_filter_claim(struct jobs_filter *filter, struct ord_jobs *jobs, struct ord_job **job)
{
	filter->looked_ns = terminal_now_ns();
	return ord_jobs_claim(jobs, job);
}

int
jobs_filter_pause(struct jobs_filter *filter)
{
	uint64_t first = UINT64_MAX, now = terminal_now_ns();

	if (filter->n == 0)
		return -1;
	rebuild(filter, filter->room, false);
	for (size_t i = 0; i < filter->room; i++)
		if (filter->declined[i].key != 0 && filter->declined[i].due_ns < first)
			first = filter->declined[i].due_ns;
	if (first == UINT64_MAX)
		return -1;
	return first > now ? (int)((first - now) / 1000000) + 1 : 0;
}

void
jobs_filter_finish(struct jobs_filter *filter)
{
	free(filter->declined);
}
