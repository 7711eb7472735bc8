/* See host.h. */
#define _GNU_SOURCE /* close_range */
#include "host.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <orderly/orderly.h>

#include "children.h"

enum { GONE_MS = 100000, FIRST_INHERITED = 3 };

static char folder[] = "/tmp/ord-host-XXXXXX";
static unsigned fds_before;

static unsigned
count_entries(const char *path)
{
	DIR *entries = opendir(path);
	struct dirent *entry;
	unsigned count = 0;

	while (entries != NULL && (entry = readdir(entries)) != NULL)
		count += entry->d_name[0] != '.';
	if (entries != NULL)
		closedir(entries);
	return count;
}

unsigned
host_count_fds(void)
{
	return count_entries("/proc/self/fd") - 1;
}

void
host_begin(unsigned seconds)
{
	alarm(seconds);
	close_range(FIRST_INHERITED, ~0U, 0);
	children_adopt();
	CHECK(mkdtemp(folder) != NULL);
	CHECK(setenv("XDG_RUNTIME_DIR", folder, 1) == 0);
	fds_before = host_count_fds();
}

static void
show_fds(void)
{
	char path[64], target[256];

	for (int fd = 0; fd < 1024; fd++) {
		ssize_t size;

		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		size = readlink(path, target, sizeof target - 1);
		if (size >= 0)
			fprintf(stderr, "  %d %.*s\n", fd, (int)size, target);
	}
}

int
host_end(void)
{
	CHECK(children_gone(GONE_MS));
	if (host_count_fds() != fds_before)
		show_fds();
	CHECK(host_count_fds() == fds_before);
	CHECK(rmdir(folder) == 0);
	alarm(0);
	return 0;
}

uint64_t
host_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void
host_pause_us(uint64_t us)
{
	struct timespec pause = { .tv_sec = (time_t)(us / 1000000),
		.tv_nsec = (long)(us % 1000000) * 1000 };

	while (nanosleep(&pause, &pause) != 0 && errno == EINTR)
		;
}

uint64_t
host_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

void
host_check(int holds, const char *what, const char *file, int line)
{
	if (holds)
		return;
	fprintf(stderr, "%s:%d: %s (errno %d)\n", file, line, what, errno);
	_exit(1);
}

void
host_check_status(
	struct ord_pool *pool, int status, int wanted, const char *what, const char *file, int line)
{
	if (status == wanted)
		return;
	fprintf(stderr, "%s:%d: %s: %s, not %s: %s\n", file, line, what, ord_status_name(status),
		ord_status_name(wanted), pool != NULL ? ord_pool_error(pool) : "");
	_exit(1);
}
