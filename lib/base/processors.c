/*
 * Processors by affinity and by quota.  A container may see all processors of
 * its machine and have the time of two: so many workers as it sees would only
 * wait for each other.  The quota is looked up where the kernel says this
 * process is, in both versions of control groups, on the whole way up to the
 * mount, because each group on it limits those below.
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include "base/processors.h"

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define MASKS 64 /* of 1024 processors: more than any kernel is built for */
#define PATH_SIZE 4096
#define LINE_SIZE 8192 /* longer lines are passed over */

struct lines {
	int fd;
	size_t begin, end; /* what is read and not given out */
	char bytes[LINE_SIZE];
};

/* One of the two kinds of control groups. */
struct kind {
	bool unified;          /* cgroup2 */
	const char *places[2]; /* where it is mounted as a rule */
};

static const struct kind kinds[] = {
	{ true, { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" } },
	{ false, { "/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct" } },
};

static uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static bool
join(char path[PATH_SIZE], const char *a, const char *b, const char *c)
{
	int size = snprintf(path, PATH_SIZE, "%s%s%s", a, b, c);

	return size >= 0 && size < PATH_SIZE;
}

/* --- lines --- */

static bool
lines_open(struct lines *lines, const char *root, const char *name)
{
	char path[PATH_SIZE];

	lines->begin = lines->end = 0;
	lines->fd = join(path, root, name, "") ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	return lines->fd >= 0;
}

static bool
read_on(struct lines *lines)
{
	ssize_t got;

	memmove(lines->bytes, lines->bytes + lines->begin, lines->end - lines->begin);
	lines->end -= lines->begin;
	lines->begin = 0;
	/* Of a line that is too long its end remains, and that makes no sense to anybody. */
	if (lines->end == sizeof lines->bytes)
		lines->end = 0;
	got = read(lines->fd, lines->bytes + lines->end, sizeof lines->bytes - lines->end);
	lines->end += got > 0 ? (size_t)got : 0;
	return got > 0;
}

/* The next line without its newline; NULL: there is none. */
static char *
lines_next(struct lines *lines)
{
	char *line, *stop;

	do {
		line = lines->bytes + lines->begin;
		stop = memchr(line, '\n', lines->end - lines->begin);
	} while (stop == NULL && read_on(lines));
	if (stop == NULL)
		return NULL;
	*stop = '\0';
	lines->begin = (size_t)(stop + 1 - lines->bytes);
	return line;
}

/* --- quotas --- */

/* Read a number and go behind it; false if there is none, or it is too large. */
static bool
take_number(const char **text, uint64_t *number)
{
	const char *at = *text;

	*number = 0;
	for (; *at >= '0' && *at <= '9'; at++) {
		if (*number > (UINT64_MAX - 9) / 10)
			return false;
		*number = *number * 10 + (uint64_t)(*at - '0');
	}
	if (at == *text)
		return false;
	*text = at + strspn(at, " \n");
	return true;
}

static bool
read_text(const char *directory, const char *name, char *text, size_t size)
{
	char path[PATH_SIZE];
	ssize_t got;
	int fd;

	if (!join(path, directory, name, ""))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd >= 0 ? read(fd, text, size - 1) : -1;
	fd_close(&fd);
	text[got > 0 ? got : 0] = '\0';
	return got > 0;
}

/* "max 100000", "150000 100000"; "-1" and "100000" in files of their own. */
static uint32_t
quota_at(const char *directory, bool unified)
{
	char text[64], period_text[64];
	const char *cursor = text, *period_cursor = unified ? text : period_text;
	uint64_t quota, period;

	if (!read_text(directory, unified ? "/cpu.max" : "/cpu.cfs_quota_us", text, sizeof text))
		return UINT32_MAX;
	if (!unified &&
		!read_text(directory, "/cpu.cfs_period_us", period_text, sizeof period_text))
		return UINT32_MAX;
	if (!take_number(&cursor, &quota))
		return UINT32_MAX;
	if (unified)
		period_cursor = cursor;
	if (!take_number(&period_cursor, &period) || quota == 0 || period == 0)
		return UINT32_MAX;
	quota = quota / period + (quota % period != 0);
	return quota < UINT32_MAX ? (uint32_t)quota : UINT32_MAX;
}

/* The smallest quota from a group up to where its hierarchy is mounted. */
static uint32_t
quota_on_the_way(const char *root, const char *mount, const char *group, bool unified)
{
	size_t stop = strlen(root) + strlen(mount);
	uint32_t quota = UINT32_MAX;
	char path[PATH_SIZE];

	if (!join(path, root, mount, strcmp(group, "/") == 0 ? "" : group))
		return UINT32_MAX;
	for (;;) {
		quota = least(quota, quota_at(path, unified));
		if (strlen(path) <= stop)
			return quota;
		*strrchr(path, '/') = '\0';
	}
}

/* --- where --- */

/* Is a word in a list? */
static bool
lists(const char *list, const char *word)
{
	size_t size = strlen(word);

	for (;; list++) {
		if (strncmp(list, word, size) == 0 && (list[size] == ',' || list[size] == '\0'))
			return true;
		list = strchr(list, ',');
		if (list == NULL)
			return false;
	}
}

/* The kernel writes a space in a path as \040. */
static void
unescape(char *text)
{
	char *to = text;

	for (; *text != '\0'; to++) {
		if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
			*to = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + text[3] - '0');
			text += 4;
		} else {
			*to = *text++;
		}
	}
	*to = '\0';
}

static char *
next_field(char **cursor)
{
	char *field = *cursor, *stop;

	if (field == NULL)
		return NULL;
	stop = strchr(field, ' ');
	if (stop != NULL)
		*stop++ = '\0';
	*cursor = stop;
	return field;
}

/* Is a line of mountinfo about this kind of groups?  Then which of them is mounted, and where. */
static bool
is_mount(char *line, bool unified, char **group, char **point)
{
	const char *type, *options, *field;

	for (int i = 0; i < 3; i++)
		next_field(&line);
	*group = next_field(&line);
	*point = next_field(&line);
	do
		field = next_field(&line);
	while (field != NULL && strcmp(field, "-") != 0);
	type = next_field(&line);
	next_field(&line);
	options = next_field(&line);
	if (options == NULL)
		return false;
	unescape(*group);
	unescape(*point);
	return unified ? strcmp(type, "cgroup2") == 0
		       : strcmp(type, "cgroup") == 0 && lists(options, "cpu");
}

/* What is left of a path below a group that is mounted; "" where it cannot be seen from here. */
static const char *
below(const char *path, const char *group)
{
	size_t size = strcmp(group, "/") == 0 ? 0 : strlen(group);

	if (strncmp(path, group, size) != 0 || (path[size] != '/' && path[size] != '\0') ||
		strstr(path, "/..") != NULL)
		return "";
	return path + size;
}

static uint32_t
quota_in(const char *root, const struct kind *kind, const char *path)
{
	uint32_t quota = UINT32_MAX;
	char *line, *group, *point;
	struct lines lines;
	bool found = false;

	if (lines_open(&lines, root, "/proc/self/mountinfo"))
		while ((line = lines_next(&lines)) != NULL)
			if (is_mount(line, kind->unified, &group, &point)) {
				found = true;
				quota = least(quota,
					quota_on_the_way(
						root, point, below(path, group), kind->unified));
			}
	fd_close(&lines.fd);
	for (int i = 0; i < 2 && !found; i++)
		quota = least(quota,
			quota_on_the_way(root, kind->places[i], below(path, "/"), kind->unified));
	return quota;
}

/* A line of /proc/self/cgroup: number, controllers, path. */
static uint32_t
quota_of_line(const char *root, char *line)
{
	char *controllers = strchr(line, ':');
	char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

	if (path == NULL || path[1] != '/')
		return UINT32_MAX;
	*controllers++ = *path++ = '\0';
	if (controllers[0] == '\0')
		return quota_in(root, &kinds[0], path);
	return lists(controllers, "cpu") ? quota_in(root, &kinds[1], path) : UINT32_MAX;
}

static uint32_t
by_affinity(void)
{
	cpu_set_t masks[MASKS];
	long online;

	if (sched_getaffinity(0, sizeof masks, masks) == 0 && CPU_COUNT_S(sizeof masks, masks) > 0)
		return (uint32_t)CPU_COUNT_S(sizeof masks, masks);
	online = sysconf(_SC_NPROCESSORS_ONLN);
	return online > 0 ? (uint32_t)online : 1;
}

uint32_t
processors_quota(const char *root)
{
	uint32_t quota = UINT32_MAX;
	struct lines lines;
	char *line;

	if (lines_open(&lines, root, "/proc/self/cgroup"))
		while ((line = lines_next(&lines)) != NULL)
			quota = least(quota, quota_of_line(root, line));
	fd_close(&lines.fd);
	return quota;
}

uint32_t
processors_usable_by(const char *root)
{
	return least(least(by_affinity(), processors_quota(root)), PROCESSORS_MAX);
}

uint32_t
processors_usable(void)
{
	return processors_usable_by("");
}
