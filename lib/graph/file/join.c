/*
 * Files that include others say one graph: lists behind each other, maps
 * without a name in common, options that only one of them sets.
 */
#include "graph/file/join.h"

#include <stdio.h>
#include <string.h>

#include "base/table.h"
#include "graph/file/keys.h"

/* A sentence about a second place that names the first. */
static int
again(struct graph_file *file, const char *what, const struct file_text *name, struct place first)
{
	const struct source *source = file->sources[first.file - 1];
	uint32_t line, column;

	source_line(source, first.at, &line, &column);
	return file_error(file, name->place,
		"the %s `%s` is there already, in %.160s:%u:%u\ntake one of them out, or give it another name",
		what, SHOWN(name->text, strlen(name->text)), source->path, line, column);
}

/* Items of size bytes behind each other; names are what a map is by, the first field of each. */
static int
join_list(struct graph_file *file, const struct file_items *const *lists, uint32_t n, size_t size,
	struct file_items *all)
{
	uint64_t total = 0;
	char *to;

	for (uint32_t i = 0; i < n; i++) {
		total += lists[i]->n;
		if (lists[i]->n != 0 || (lists[i]->place.file != 0 && all->n == 0))
			*all = *lists[i];
	}
	if (total == all->n) /* of one file */
		return 0;
	if (total > UINT32_MAX)
		return error_memory(&file->error);
	to = blocks_take_many(&file->blocks, total, size);
	if (to == NULL)
		return error_memory(&file->error);
	*all = (struct file_items){ to, (uint32_t)total, { 0, 0 } };
	for (uint32_t i = 0; i < n; i++) {
		if (lists[i]->n != 0)
			memcpy(to, lists[i]->items, lists[i]->n * size);
		to += lists[i]->n * size;
		if (all->place.file == 0)
			all->place = lists[i]->place;
	}
	return 0;
}

static int
no_name_twice(struct graph_file *file, const struct file_items *all, size_t size, const char *what)
{
	struct table names = { 0 };
	int status = 0;

	if (table_reserve(&names, all->n) != 0)
		return error_memory(&file->error);
	for (uint32_t i = 0; i < all->n && status == 0; i++) {
		const struct file_text *name =
			(const struct file_text *)(const void *)((const char *)all->items +
				i * size);
		struct file_text *first = table_find(&names, name->text, strlen(name->text));

		if (first != NULL)
			status = again(file, what, name, first->place);
		else if (table_put(&names, name->text, strlen(name->text),
				 (void *)(uintptr_t)name) != 0)
			status = error_memory(&file->error);
	}
	table_finish(&names);
	return status;
}

/* What of a key of any kind is given; NULL: nothing is. */
static const struct place *
given(const struct key *key, const void *field)
{
	const struct file_command *command = field;
	const struct place *place;

	switch (key->kind) {
	case KEY_TEXT: place = &((const struct file_text *)field)->place; break;
	case KEY_TEXTS: place = &((const struct file_texts *)field)->place; break;
	case KEY_COMMAND:
		place = command->shell.text != NULL ? &command->shell.place : &command->list.place;
		break;
	case KEY_PAIRS: place = &((const struct file_pairs *)field)->place; break;
	case KEY_ITEMS:
	case KEY_NAMED:
	case KEY_UNITS: place = &((const struct file_items *)field)->place; break;
	default: place = &((const struct file_number *)field)->place; break;
	}
	return place->file != 0 ? place : NULL;
}

static size_t
field_size(const struct key *key)
{
	switch (key->kind) {
	case KEY_TEXT: return sizeof(struct file_text);
	case KEY_TEXTS: return sizeof(struct file_texts);
	case KEY_COMMAND: return sizeof(struct file_command);
	case KEY_PAIRS: return sizeof(struct file_pairs);
	case KEY_ITEMS:
	case KEY_NAMED:
	case KEY_UNITS: return sizeof(struct file_items);
	default: return sizeof(struct file_number);
	}
}

/* Options: each is set by one file at most. */
static int
join_section(struct graph_file *file, const struct section *section, const void *from, void *to)
{
	for (uint32_t i = 0; i < section->n; i++) {
		const struct key *key = &section->keys[i];
		const void *one = (const char *)from + key->offset;
		void *other = (char *)to + key->offset;
		const struct place *place;
		int status;

		if (key->kind == KEY_STRUCT) {
			status = join_section(file, key->section, one, other);
			if (status != 0)
				return status;
			continue;
		}
		place = given(key, one);
		if (place == NULL)
			continue;
		if (given(key, other) != NULL)
			return again(file, "option", &(struct file_text){ key->name, *place },
				*given(key, other));
		memcpy(other, one, field_size(key));
	}
	return 0;
}

/* The lists of all parts that lie at one offset, joined into the same of file->all. */
static int
join_field(struct graph_file *file, struct file_part *const *parts, uint32_t n, size_t offset,
	size_t size)
{
	const struct file_items **lists = blocks_take_many(&file->blocks, n, sizeof *lists);

	if (lists == NULL)
		return error_memory(&file->error);
	/* Texts, pairs and items are laid out alike: where they are, how many, their place. */
	for (uint32_t i = 0; i < n; i++)
		lists[i] =
			(const struct file_items *)(const void *)((const char *)parts[i] + offset);
	return join_list(
		file, lists, n, size, (struct file_items *)(void *)((char *)&file->all + offset));
}

_Static_assert(sizeof(struct file_items) == sizeof(struct file_texts) &&
		offsetof(struct file_items, n) == offsetof(struct file_texts, n) &&
		offsetof(struct file_items, place) == offsetof(struct file_texts, place),
	"texts are laid out as items are");
_Static_assert(sizeof(struct file_items) == sizeof(struct file_pairs) &&
		offsetof(struct file_items, n) == offsetof(struct file_pairs, n) &&
		offsetof(struct file_items, place) == offsetof(struct file_pairs, place),
	"pairs are laid out as items are");

int
join_parts(struct graph_file *file, struct file_part *const *parts, uint32_t n)
{
	static const struct {
		size_t offset, size;
		const char *named; /* NULL: there are no names */
	} lists[] = {
		{ offsetof(struct file_part, include), sizeof(struct file_text), NULL },
		{ offsetof(struct file_part, dotenv), sizeof(struct file_text), NULL },
		{ offsetof(struct file_part, params), sizeof(struct file_pair), "param" },
		{ offsetof(struct file_part, env), sizeof(struct file_pair), "variable" },
		{ offsetof(struct file_part, locks), sizeof(struct file_lock), "lock" },
		{ offsetof(struct file_part, procs), sizeof(struct file_unread), "proc" },
	};
	const struct key *options = keys_find(&keys_file, "options", strlen("options"));
	int status;

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const void *all = (const char *)&file->all + lists[i].offset;

		status = join_field(file, parts, n, lists[i].offset, lists[i].size);
		/* Of one file they are the keys of a map, of which none is there twice. */
		if (status == 0 && lists[i].named != NULL && n > 1)
			status = no_name_twice(file, all, lists[i].size, lists[i].named);
		if (status != 0)
			return status;
	}
	for (uint32_t i = 0; i < n; i++) {
		file->all.version = parts[i]->version;
		status = join_section(
			file, options->section, &parts[i]->options, &file->all.options);
		if (status != 0)
			return status;
	}
	return 0;
}
