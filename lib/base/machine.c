/*
 * Memory and load, as the kernel tells them.  A group's use includes files
 * that were read and can be dropped at once; these are taken off, as they are
 * in what the kernel says of the whole machine.
 */
#include "base/machine.h"

#include <string.h>

#include "base/groups.h"

#define MIB_SHIFT 20

/* The number behind a word at the beginning of a line; false: it is not there. */
static bool
number_behind(const char *text, const char *word, uint64_t *number)
{
	const char *at = text;

	for (;;) {
		at = strstr(at, word);
		if (at == NULL)
			return false;
		if (at == text || at[-1] == '\n')
			break;
		at += strlen(word);
	}
	at += strlen(word);
	at += strspn(at, " \t");
	return groups_number(&at, number);
}

static bool
read_number(const char *directory, const char *name, uint64_t *number)
{
	char text[64];
	const char *at = text;

	return groups_read(directory, name, text, sizeof text) && groups_number(&at, number);
}

/* Bytes that a group has left; "max", or a number beyond all memory, is no limit. */
static uint64_t
left_in(void *user, const char *directory, bool unified)
{
	uint64_t most, used, files = 0;
	char text[8192];

	(void)user;
	if (!read_number(directory, unified ? "/memory.max" : "/memory.limit_in_bytes", &most) ||
		!read_number(
			directory, unified ? "/memory.current" : "/memory.usage_in_bytes", &used))
		return UINT64_MAX;
	if (groups_read(directory, "/memory.stat", text, sizeof text))
		number_behind(text, unified ? "inactive_file " : "total_inactive_file ", &files);
	used -= files < used ? files : used;
	return used < most ? most - used : 0;
}

uint64_t
machine_free_mib(const char *root)
{
	uint64_t left = groups_least(root, "memory", left_in, NULL), available;
	char text[4096];

	left = left == UINT64_MAX ? left : left >> MIB_SHIFT;
	if (groups_read(root, "/proc/meminfo", text, sizeof text) &&
		number_behind(text, "MemAvailable:", &available) && available >> 10 < left)
		left = available >> 10;
	return left;
}

uint64_t
machine_load(const char *root)
{
	uint64_t whole, hundredths = 0;
	char text[64];
	const char *at = text;

	if (!groups_read(root, "/proc/loadavg", text, sizeof text) || !groups_number(&at, &whole))
		return 0;
	if (*at == '.') {
		at++;
		if (!groups_number(&at, &hundredths))
			return 0;
	}
	return whole * 100 + hundredths;
}
