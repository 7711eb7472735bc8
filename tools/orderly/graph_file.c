/* Finding a graph's file: by name, or the nearest one upwards, as make and git look for theirs. */
#include "graph_file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"

static const char *const names[] = { "orderly.yaml", "orderly.yml", "orderly.json" };

/* The file in this directory; NULL with *several, or if there is none. */
static const char *
file_here(const char **several)
{
	const char *found = NULL;

	*several = NULL;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct stat status;

		if (stat(names[i], &status) != 0 || S_ISDIR(status.st_mode))
			continue;
		if (found != NULL)
			*several = names[i];
		else
			found = names[i];
	}
	return found;
}

static int
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static const char *
look_upwards(void)
{
	char begin[PATH_MAX] = "";
	struct stat here, above;

	if (getcwd(begin, sizeof begin) == NULL)
		begin[0] = '\0';
	for (;;) {
		const char *several, *found = file_here(&several);

		if (several != NULL) {
			complain("both %s and %s are there: name one with -f", found, several);
			return NULL;
		}
		if (found != NULL)
			return found;
		if (stat(".", &here) != 0 || stat("..", &above) != 0 || is_same(&here, &above) ||
			chdir("..") != 0)
			break;
	}
	complain(
		"there is no orderly.yaml, orderly.yml or orderly.json in %s or above: write one, or name a file with -f",
		begin);
	return NULL;
}

/* Into the directory of a file; its last part. */
static const char *
follow(const char *file)
{
	const char *slash = strrchr(file, '/');
	char directory[PATH_MAX];
	size_t size = slash != NULL ? (size_t)(slash - file) : 0;

	if (slash == NULL)
		return file;
	if (size >= sizeof directory) {
		complain_errno(ENAMETOOLONG, "%s", file);
		return NULL;
	}
	memcpy(directory, file, size);
	directory[size] = '\0';
	if (chdir(size != 0 ? directory : "/") == 0)
		return slash + 1;
	complain_errno(errno, "cannot go to the directory of %s", file);
	return NULL;
}

const char *
graph_file_enter(const char *directory, const char *file)
{
	char here[PATH_MAX];

	if (directory != NULL && chdir(directory) != 0) {
		complain_errno(errno, "cannot go to %s", directory);
		return NULL;
	}
	file = file != NULL ? follow(file) : look_upwards();
	if (file != NULL && getcwd(here, sizeof here) != NULL)
		setenv("PWD", here, 1);
	return file;
}
