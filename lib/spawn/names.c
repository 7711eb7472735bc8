/*
 * The tables that ORD_FUNCTION makes.  The linker gathers the entries of a
 * module in one section, and each module that has some has a note beside its
 * build id that says where they begin and end; so they are found by a walk
 * over the loaded modules, whenever somebody asks, and nothing was registered.
 */
#define _GNU_SOURCE /* dl_iterate_phdr, dlinfo */
#include "spawn/names.h"

#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <orderly/function.h>

#include "spawn/modules.h"

/* As ORD_FUNCTION_NOTE_ writes it. */
#define NOTE_OWNER "Orderly"
#define NOTE_TYPE 1
#define NOTE_SIZE 16

/* A walk over entries: take returns 1 to end it. */
struct walk {
	const struct link_map *module; /* only this one's; NULL: all */
	int (*take)(struct walk *walk, const struct ord_function *entry);
	const char *name;
	ord_task_fn found;
	char *text; /* of a list */
	size_t size, used, left_out;
};

/* Where a distance from a place in the note leads. */
static uint64_t
follow(const uint8_t *from)
{
	uint64_t distance;

	memcpy(&distance, from, sizeof distance);
	return (uint64_t)(uintptr_t)from + distance;
}

/* The table of a module; how many entries. */
static size_t
table_of(const struct dl_phdr_info *module, const struct ord_function **table)
{
	const uint8_t *note;
	uint64_t start, stop;

	if (module_note(module, NOTE_OWNER, NOTE_TYPE, &note) != NOTE_SIZE)
		return 0;
	start = follow(note);
	stop = follow(note + 8);
	if (stop <= start || start % sizeof(void *) != 0 ||
		!module_holds(module, start - module->dlpi_addr, stop - start, 0))
		return 0;
	*table = (const struct ord_function *)(uintptr_t)start;
	return (size_t)(stop - start) / sizeof **table;
}

static int
look_in(struct dl_phdr_info *module, size_t info_size, void *user)
{
	struct walk *walk = user;
	const struct ord_function *table;
	size_t n;

	(void)info_size;
	if (walk->module != NULL &&
		(walk->module->l_addr != module->dlpi_addr ||
			strcmp(walk->module->l_name, module->dlpi_name) != 0))
		return 0;
	n = table_of(module, &table);
	for (size_t i = 0; i < n; i++)
		if (table[i].name != NULL && table[i].function != NULL &&
			walk->take(walk, &table[i]) != 0)
			return 1;
	return 0;
}

static void
walk_all(struct walk *walk, void *module)
{
	struct link_map *map = NULL;

	if (module != NULL && dlinfo(module, RTLD_DI_LINKMAP, (void *)&map) != 0)
		return;
	walk->module = map;
	dl_iterate_phdr(look_in, walk);
}

static int
compare(struct walk *walk, const struct ord_function *entry)
{
	if (strcmp(entry->name, walk->name) != 0)
		return 0;
	walk->found = entry->function;
	return 1;
}

ord_task_fn
names_find(void *module, const char *name)
{
	struct walk walk = { .take = compare, .name = name };

	walk_all(&walk, module);
	return walk.found;
}

static int
append(struct walk *walk, const struct ord_function *entry)
{
	static const char comma[] = ", ";
	size_t before = walk->used != 0 ? sizeof comma - 1 : 0;
	size_t need = before + strlen(entry->name);

	if (walk->left_out != 0 || need >= walk->size - walk->used) {
		walk->left_out++;
		return 0;
	}
	snprintf(walk->text + walk->used, walk->size - walk->used, "%s%s", before != 0 ? comma : "",
		entry->name);
	walk->used += need;
	return 0;
}

#define TAIL 48 /* " and so many more" */

const char *
names_list(void *module, char *text, size_t size)
{
	struct walk walk = { .take = append, .text = text, .size = size - TAIL };

	walk_all(&walk, module);
	if (walk.left_out != 0)
		snprintf(text + walk.used, TAIL, "%s%zu%s", walk.used != 0 ? " and " : "",
			walk.left_out, walk.used != 0 ? " more" : " with long names");
	else if (walk.used == 0)
		snprintf(text, size, "nothing");
	return text;
}
