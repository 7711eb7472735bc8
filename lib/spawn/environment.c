/*
 * The environment of a command: the spawner's own, ORDERLY_SLOT, and what the
 * command sets beside or instead.  Only pointers are moved; the strings stay
 * where they are, for exec copies them.
 */
#define _GNU_SOURCE /* environ */
#include "spawn/spawner_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
push(struct buffer *list, char *string)
{
	return buffer_append(list, &string, sizeof string);
}

static size_t
name_size(const char *entry)
{
	return strcspn(entry, "=");
}

static int
same_name(const char *entry, const char *other)
{
	size_t size;

	if (*entry != *other)
		return 0;
	size = name_size(entry);
	return strncmp(entry, other, size) == 0 && name_size(other) == size;
}

/* Once: what all commands of this spawner share. */
static int
take_own(struct command_room *room)
{
	if (room->own_env.size != 0)
		return 0;
	for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
		if (!same_name("ORDERLY_SLOT", *entry) && push(&room->own_env, *entry) != 0) {
			/* Half of it must not be taken for the whole by the next command. */
			room->own_env.size = 0;
			return -1;
		}
	return 0;
}

/* Whether one of the command's additions from `from` on has this name. */
static int
is_replaced(const struct command_room *room, const char *entry, size_t from)
{
	char *const *extra = (char *const *)(const void *)room->extra.bytes;

	for (size_t i = from; i < room->extra.size / sizeof *extra; i++)
		if (same_name(extra[i], entry))
			return 1;
	return 0;
}

static int
push_unless_replaced(struct command_room *room, char *entry, size_t from)
{
	return is_replaced(room, entry, from) ? 0 : push(&room->env, entry);
}

static int
push_own(struct command_room *room)
{
	char **own = (char **)(void *)room->own_env.bytes;

	if (room->extra.size == 0)
		return buffer_append(&room->env, own, room->own_env.size);
	for (size_t i = 0; i < room->own_env.size / sizeof *own; i++)
		if (push_unless_replaced(room, own[i], 0) != 0)
			return -1;
	return 0;
}

/* Of two additions with one name the later holds. */
static int
push_extra(struct command_room *room)
{
	char **extra = (char **)(void *)room->extra.bytes;

	for (size_t i = 0; i < room->extra.size / sizeof *extra; i++)
		if (push_unless_replaced(room, extra[i], i + 1) != 0)
			return -1;
	return 0;
}

int
environment_for(struct command_room *room, uint32_t place)
{
	room->env.size = 0;
	snprintf(room->slot, sizeof room->slot, "ORDERLY_SLOT=%lu", (unsigned long)place + 1);
	if (take_own(room) != 0 || push_unless_replaced(room, room->slot, 0) != 0 ||
		push_own(room) != 0 || push_extra(room) != 0 || push(&room->env, NULL) != 0)
		return ENOMEM;
	return 0;
}
