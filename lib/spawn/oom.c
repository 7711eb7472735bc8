/* The counts of memory.events and of memory.oom_control have the same name, and the same form. */
#include "spawn/oom.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/groups.h"

#define PATH_SIZE 4096
#define NAME "oom_kill "

/* The first group that has the file is the one. */
static uint64_t
open_count(void *user, const char *directory, bool unified)
{
	struct oom *oom = user;
	char path[PATH_SIZE];
	int size = snprintf(path, sizeof path, "%s%s", directory,
		unified ? "/memory.events" : "/memory.oom_control");

	if (oom->fd < 0 && size > 0 && size < PATH_SIZE)
		oom->fd = open(path, O_RDONLY | O_CLOEXEC);
	return UINT64_MAX;
}

void
oom_open(struct oom *oom, const char *root)
{
	*oom = (struct oom){ .fd = -1 };
	groups_least(root, "memory", open_count, oom);
	if (oom->fd >= 0 && fd_lift(&oom->fd) != 0)
		fd_close(&oom->fd);
	oom->told = oom_count(oom);
}

void
oom_open_group(struct oom *oom, const char *group)
{
	struct oom own = *oom;

	oom->fd = -1;
	open_count(oom, group, true);
	if (oom->fd < 0 || fd_lift(&oom->fd) != 0) {
		*oom = own;
		return;
	}
	oom_close(&own);
	oom->told = oom_count(oom);
}

void
oom_close(struct oom *oom)
{
	fd_close(&oom->fd);
}

uint64_t
oom_count(const struct oom *oom)
{
	char text[512];
	ssize_t got = oom->fd >= 0 ? pread(oom->fd, text, sizeof text - 1, 0) : -1;

	text[got > 0 ? got : 0] = '\0';
	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, NAME, sizeof NAME - 1) == 0)
			return strtoull(line + sizeof NAME - 1, NULL, 10);
	}
	return 0;
}

bool
oom_did_it(struct oom *oom, uint64_t before)
{
	uint64_t now = oom_count(oom);

	if (now <= before || now <= oom->told)
		return false;
	oom->told++;
	return true;
}
