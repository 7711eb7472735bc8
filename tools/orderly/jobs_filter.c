/*
 * Which jobs a taker takes: a pattern for their names, and a command that is asked
 * about each of them, with its name in the environment and its payload on standard
 * input.  The answer is its exit status: 0 takes the job, all else leaves it to others.
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
#include "jobs.h"
#include "text.h"

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

int
jobs_filter(const struct ord_job *job, void *user)
{
	const struct jobs_options *options = user;

	if (options->filter != NULL && fnmatch(options->filter, ord_job_name(job), 0) != 0)
		return 0;
	return options->filter_command == NULL || command_likes(options->filter_command, job);
}
