/* The counts of memory.events and of memory.oom_control have the same name, and the same form. */
#include "spawn/oom.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define PATH_SIZE 4096
#define NAME "oom_kill "

/* Where a version of control groups is mounted as a rule, and what the file is called there. */
struct place {
	const char *controller; /* in /proc/self/cgroup */
	const char *mount;
	const char *file;
};

static const struct place places[] = {
	{ "memory", "/sys/fs/cgroup/memory", "/memory.oom_control" },
	{ "", "/sys/fs/cgroup", "/memory.events" },
	{ "", "/sys/fs/cgroup/unified", "/memory.events" },
};

static int
open_file(const char *root, const struct place *place, const char *group)
{
	char path[PATH_SIZE];
	int size = snprintf(path, sizeof path, "%s%s%s%s", root, place->mount,
		strcmp(group, "/") == 0 ? "" : group, place->file);

	return size > 0 && size < PATH_SIZE ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

/* In a container the path may be that of the host; then what is mounted is the group itself. */
static int
open_place(const char *root, const struct place *place, const char *group)
{
	int fd = open_file(root, place, group);

	return fd >= 0 ? fd : open_file(root, place, "/");
}

/* Cut the next line off; NULL: there is none. */
static char *
next_line(char **rest)
{
	char *line = *rest, *stop = strchr(line, '\n');

	if (stop == NULL)
		return NULL;
	*stop = '\0';
	*rest = stop + 1;
	return line;
}

/* Is a controller in a list with commas?  "" is only in the empty one. */
static bool
lists(const char *list, const char *controller)
{
	size_t size = strlen(controller);

	if (size == 0)
		return list[0] == '\0';
	for (; list != NULL; list = strchr(list, ',')) {
		list += *list == ',';
		if (strncmp(list, controller, size) == 0 &&
			(list[size] == ',' || list[size] == '\0'))
			return true;
	}
	return false;
}

/* The group of a controller among the lines "number:controllers:path"; NULL: it has none. */
static const char *
group_of(char *lines, const char *controller)
{
	char *line;

	while ((line = next_line(&lines)) != NULL) {
		char *names = strchr(line, ':');
		char *path = names != NULL ? strchr(names + 1, ':') : NULL;

		if (path == NULL || path[1] != '/')
			continue;
		*path++ = '\0';
		if (lists(names + 1, controller))
			return path;
	}
	return NULL;
}

static bool
read_groups(const char *root, char text[PATH_SIZE])
{
	char path[PATH_SIZE];
	int size = snprintf(path, sizeof path, "%s/proc/self/cgroup", root), fd = -1;
	ssize_t got;

	if (size > 0 && size < PATH_SIZE)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd >= 0 ? read(fd, text, PATH_SIZE - 1) : -1;
	fd_close(&fd);
	text[got > 0 ? got : 0] = '\0';
	return got > 0;
}

void
oom_open(struct oom *oom, const char *root)
{
	char text[PATH_SIZE], lines[PATH_SIZE];

	*oom = (struct oom){ .fd = -1 };
	if (!read_groups(root, text))
		return;
	for (size_t i = 0; i < sizeof places / sizeof places[0] && oom->fd < 0; i++) {
		const char *group;

		memcpy(lines, text, sizeof lines);
		group = group_of(lines, places[i].controller);
		if (group != NULL)
			oom->fd = open_place(root, &places[i], group);
	}
	if (oom->fd >= 0 && fd_lift(&oom->fd) != 0)
		fd_close(&oom->fd);
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
