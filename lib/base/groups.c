/*
 * Where the kernel says this process is, in both versions of control groups,
 * and on the whole way from there up to the mount.
 */
#include "base/groups.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define PATH_SIZE 4096
#define LINE_SIZE 8192 /* longer lines are passed over */

struct lines {
	int fd;
	size_t begin, end; /* what is read and not given out */
	char bytes[LINE_SIZE];
};

/* One question: what, of whom. */
struct search {
	const char *root;
	const char *controller;
	groups_ask_fn ask;
	void *user;
};

static uint64_t
least(uint64_t a, uint64_t b)
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

/* --- what a group says --- */

bool
groups_number(const char **text, uint64_t *number)
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

bool
groups_read(const char *directory, const char *name, char *text, size_t size)
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

/* The least from a group up to where its hierarchy is mounted. */
static uint64_t
ask_on_the_way(const struct search *search, const char *mount, const char *group, bool unified)
{
	size_t stop = strlen(search->root) + strlen(mount);
	uint64_t answer = UINT64_MAX;
	char path[PATH_SIZE];

	if (!join(path, search->root, mount, strcmp(group, "/") == 0 ? "" : group))
		return UINT64_MAX;
	for (;;) {
		answer = least(answer, search->ask(search->user, path, unified));
		if (strlen(path) <= stop)
			return answer;
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

/* Is a line of mountinfo about the groups of a controller (NULL: of version 2)?  Then which of them is mounted, and where. */
static bool
is_mount(char *line, const char *controller, char **group, char **point)
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
	return controller == NULL ? strcmp(type, "cgroup2") == 0
				  : strcmp(type, "cgroup") == 0 && lists(options, controller);
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

/* Where they are mounted as a rule. */
static uint64_t
ask_usual_places(const struct search *search, const char *path, bool unified)
{
	static const char *const folders[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	uint64_t answer = UINT64_MAX;
	char mount[256];

	for (int i = 0; i < 2; i++) {
		if (unified)
			snprintf(mount, sizeof mount, "%s", folders[i]);
		else
			snprintf(mount, sizeof mount, "/sys/fs/cgroup/%s%s", search->controller,
				i == 0 ? "" : ",cpuacct");
		answer = least(answer, ask_on_the_way(search, mount, below(path, "/"), unified));
	}
	return answer;
}

static uint64_t
ask_in(const struct search *search, bool unified, const char *path)
{
	uint64_t answer = UINT64_MAX;
	char *line, *group, *point;
	struct lines lines;
	bool found = false;

	if (lines_open(&lines, search->root, "/proc/self/mountinfo"))
		while ((line = lines_next(&lines)) != NULL)
			if (is_mount(line, unified ? NULL : search->controller, &group, &point)) {
				found = true;
				answer = least(answer,
					ask_on_the_way(search, point, below(path, group), unified));
			}
	fd_close(&lines.fd);
	return found ? answer : ask_usual_places(search, path, unified);
}

/* A line of /proc/self/cgroup: number, controllers, path. */
static uint64_t
ask_line(const struct search *search, char *line)
{
	char *controllers = strchr(line, ':');
	char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

	if (path == NULL || path[1] != '/')
		return UINT64_MAX;
	*controllers++ = *path++ = '\0';
	if (controllers[0] == '\0')
		return ask_in(search, true, path);
	return lists(controllers, search->controller) ? ask_in(search, false, path) : UINT64_MAX;
}

uint64_t
groups_least(const char *root, const char *controller, groups_ask_fn ask, void *user)
{
	struct search search = { root, controller, ask, user };
	uint64_t answer = UINT64_MAX;
	struct lines lines;
	char *line;

	if (lines_open(&lines, root, "/proc/self/cgroup"))
		while ((line = lines_next(&lines)) != NULL)
			answer = least(answer, ask_line(&search, line));
	fd_close(&lines.fd);
	return answer;
}
