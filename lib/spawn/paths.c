/*
 * Where a program may lie: the name itself if it has a slash, else the name in
 * each directory of PATH, in its order.  The kernel is asked by trying, as
 * execvp does; the place that the last program was found at is tried first,
 * because most batches run one program many times.
 */
#include "spawn/spawner_state.h"

#include <errno.h>
#include <string.h>

#define PATH_DEFAULT "/bin:/usr/bin" /* as execvp has it when there is no PATH */

static int
add_path(struct buffer *paths, const char *directory, size_t size, const char *name)
{
	/* An empty entry of PATH means the working directory. */
	if (size != 0 &&
		(buffer_append(paths, directory, size) != 0 || buffer_append(paths, "/", 1) != 0))
		return ENOMEM;
	return buffer_append(paths, name, strlen(name) + 1) == 0 ? 0 : ENOMEM;
}

/* PATH as the command will see it. */
static const char *
search_path(const struct command_room *room)
{
	char *const *env = (char *const *)(const void *)room->env.bytes;

	for (size_t i = 0; env[i] != NULL; i++)
		if (strncmp(env[i], "PATH=", 5) == 0)
			return env[i] + 5;
	return PATH_DEFAULT;
}

int
paths_of(struct command_room *room, const char *name)
{
	const char *directory = search_path(room), *end;

	room->paths.size = 0;
	if (name[0] == '\0')
		return ENOENT;
	if (strchr(name, '/') != NULL)
		return add_path(&room->paths, "", 0, name);
	for (;; directory = end + 1) {
		int failed;

		end = strchr(directory, ':');
		if (end == NULL)
			end = directory + strlen(directory);
		failed = add_path(&room->paths, directory, (size_t)(end - directory), name);
		if (failed != 0 || *end == '\0')
			return failed;
	}
}

/* Only where the same PATH gives the same places as the last time. */
static int
is_plain(const struct command_room *room)
{
	return room->extra.size == 0 && room->cwd == NULL;
}

size_t
paths_guess(const struct command_room *room, const char *name)
{
	return is_plain(room) && strcmp(room->name, name) == 0 ? room->found : 0;
}

void
paths_remember(struct command_room *room, const char *name, size_t found)
{
	size_t size = strlen(name) + 1;

	if (!is_plain(room) || size > sizeof room->name)
		return;
	memcpy(room->name, name, size);
	room->found = found;
}
