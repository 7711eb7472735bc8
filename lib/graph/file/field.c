/*
 * Values are text until a field asks what they are.  Every complaint says of
 * which key in which proc, and what may stand there instead.
 */
#include "graph/file/field.h"

#include <stdio.h>
#include <string.h>

#include "graph/file/number.h"

/* In what a key stands, for a sentence. */
struct where {
	char text[160];
};

static struct where
where(const struct fields *fields, const struct section *section)
{
	const struct tree *proc = fields->proc;
	struct where where = { "" };

	if (proc == NULL)
		snprintf(where.text, sizeof where.text, "%s", section->name);
	else if (section == &keys_proc)
		snprintf(where.text, sizeof where.text, "the proc `%s`",
			SHOWN(proc->key, proc->key_size));
	else
		snprintf(where.text, sizeof where.text, "%s of the proc `%s`", section->name,
			SHOWN(proc->key, proc->key_size));
	return where;
}

#define WHERE where(fields, section).text

static struct place
place_of(const struct fields *fields, uint32_t at)
{
	return (struct place){ fields->source->number, at };
}

static int
not_this(struct fields *fields, const struct section *section, const struct key *key,
	const struct tree *tree, const char *wanted)
{
	const char *what = tree_kind_name(tree);
	int bracket = tree->at < fields->source->size &&
		(fields->source->text[tree->at] == '[' || fields->source->text[tree->at] == '{');

	return source_error(fields->source, tree->at, fields->error,
		"`%s` in %s must be %s, not %s%s", key->name, WHERE, wanted, what,
		tree->kind != TREE_TEXT && bracket && strncmp(wanted, "text", 4) == 0
			? "\nif the brackets belong to the text, quote it"
			: "");
}

static int
read_text(struct fields *fields, const struct section *section, const struct key *key,
	const struct tree *tree, struct file_text *text)
{
	if (tree->kind != TREE_TEXT)
		return not_this(fields, section, key, tree, "text");
	if (tree->comment_at != 0 && (key->flags & KEY_LOSSLESS))
		return source_error(fields->source, tree->comment_at, fields->error,
			"the text after ' #' would be lost, of `%s` in %s\nput all of it in quotes, or use `%s: |`; a comment stands on a line of its own",
			key->name, WHERE, key->name);
	if (tree->size == 0 && tree->style == TREE_PLAIN)
		return source_error(fields->source, tree->key != NULL ? tree->key_at : tree->at,
			fields->error, "`%s` in %s has no value\ntake the key out%s", key->name,
			WHERE, key->kind == KEY_TEXT ? ", or write \"\" if it is to be empty" : "");
	if (tree->size == 0 && (key->flags & KEY_NOT_EMPTY))
		return source_error(fields->source, tree->at, fields->error,
			"`%s` in %s must not be empty", key->name, WHERE);
	*text = (struct file_text){ tree->text, place_of(fields, tree->at) };
	return 0;
}

/* How many items there are, of a list or of text that stands for a list of one. */
static uint32_t
count(const struct tree *tree)
{
	return tree->kind == TREE_LIST ? tree->n : 1;
}

static const struct tree *
first(const struct tree *tree)
{
	return tree->kind == TREE_LIST ? tree->first : tree;
}

static int
read_texts(struct fields *fields, const struct section *section, const struct key *key,
	const struct tree *tree, struct file_texts *texts)
{
	const struct tree *item = first(tree);
	struct file_text *items;
	uint32_t n = count(tree);

	if (tree->kind == TREE_MAP)
		return not_this(fields, section, key, tree, "text or a list of it");
	items = blocks_take_many(fields->blocks, n, sizeof *items);
	if (items == NULL)
		return error_memory(fields->error);
	for (uint32_t i = 0; i < n; i++, item = item->next) {
		int status = read_text(fields, section, key, item, &items[i]);

		if (status != 0)
			return status;
	}
	*texts = (struct file_texts){ items, n, place_of(fields, tree->at) };
	return 0;
}

static int
read_command(struct fields *fields, const struct section *section, const struct key *key,
	const struct tree *tree, struct file_command *command)
{
	int status;

	if (tree->kind == TREE_TEXT) {
		status = read_text(fields, section, key, tree, &command->shell);
		if (status == 0 && tree->text[strspn(tree->text, " \t\n")] == '\0')
			status = source_error(fields->source, tree->at, fields->error,
				"`%s` in %s must not be empty\nwithout it a proc only groups what it depends on",
				key->name, WHERE);
		return status;
	}
	status = read_texts(fields, section, key, tree, &command->list);
	if (status == 0 && command->list.n == 0)
		status = source_error(fields->source, tree->at, fields->error,
			"`%s` in %s must not be empty", key->name, WHERE);
	return status;
}

/* What a value must be, for a sentence. */
static void
describe(const struct key *key, char *to, size_t room)
{
	switch (key->kind) {
	case KEY_BOOL: snprintf(to, room, "true or false"); break;
	case KEY_INT:
		if (key->least == key->most) {
			snprintf(to, room, "%lld", (long long)key->least);
			break;
		}
		snprintf(to, room, "%s%san int from %lld to %lld",
			key->words != NULL ? key->words : "", key->words != NULL ? " or " : "",
			(long long)key->least, (long long)key->most);
		break;
	case KEY_DECIMAL:
		snprintf(to, room, "a number from %lld to %lld", (long long)key->least,
			(long long)key->most);
		break;
	case KEY_DURATION: snprintf(to, room, "a duration"); break;
	case KEY_SIGNAL: snprintf(to, room, "a signal"); break;
	default: snprintf(to, room, "one of: %s", key->words); break;
	}
}

static int
read_number(struct fields *fields, const struct section *section, const struct key *key,
	const struct tree *tree, struct file_number *number)
{
	char wanted[160];
	struct file_text text;
	int status;

	describe(key, wanted, sizeof wanted);
	if (tree->kind != TREE_TEXT)
		return not_this(fields, section, key, tree, wanted);
	status = read_text(fields, section, key, tree, &text);
	if (status != 0)
		return status;
	if (number_read(key, tree->text, &number->value) != 0)
		return source_error(fields->source, tree->at, fields->error,
			"`%s` in %s must be %s, not `%s`%s%s", key->name, WHERE, wanted,
			SHOWN(tree->text, tree->size), number_hint(key)[0] != '\0' ? "\n" : "",
			number_hint(key));
	number->place = text.place;
	return 0;
}

static int
read_pairs(struct fields *fields, const struct section *section, const struct key *key,
	const struct tree *tree, struct file_pairs *pairs)
{
	struct key row = { .kind = KEY_TEXT };
	struct file_pair *items;
	uint32_t i = 0;

	if (tree->kind != TREE_MAP)
		return not_this(fields, section, key, tree, "a map of names and text");
	items = blocks_take_many(fields->blocks, tree->n, sizeof *items);
	if (items == NULL)
		return error_memory(fields->error);
	for (const struct tree *item = tree->first; item != NULL; item = item->next, i++) {
		struct shown shown = source_shown(item->key, item->key_size);
		int status;

		if (item->key_size == 0 || memchr(item->key, '=', item->key_size) != NULL)
			return source_error(fields->source, item->key_at, fields->error,
				"a name in `%s` of %s must not be empty and not contain '='",
				key->name, WHERE);
		row.name = shown.text;
		status = read_text(fields, section, &row, item, &items[i].value);
		if (status != 0)
			return status;
		items[i].name = (struct file_text){ item->key, place_of(fields, item->key_at) };
	}
	*pairs = (struct file_pairs){ items, tree->n, place_of(fields, tree->at) };
	return 0;
}

static int
read_items(struct fields *fields, const struct section *section, const struct key *key,
	const struct tree *tree, struct file_items *list)
{
	const struct tree *item = first(tree);
	uint32_t n = count(tree);
	char *items;

	if (tree->kind == TREE_MAP)
		return not_this(fields, section, key, tree, "a list");
	if (tree->kind == TREE_TEXT && tree->size == 0 && tree->style == TREE_PLAIN)
		return read_text(fields, section, key, tree, &(struct file_text){ 0 });
	items = blocks_take_many(fields->blocks, n, key->section->size);
	if (items == NULL)
		return error_memory(fields->error);
	for (uint32_t i = 0; i < n; i++, item = item->next) {
		int status = field_struct(
			fields, key->section, item, items + (size_t)i * key->section->size);

		if (status != 0)
			return status;
	}
	*list = (struct file_items){ items, n, place_of(fields, tree->at) };
	return 0;
}

/* Procs are read later, each by itself. */
static int
read_names(struct fields *fields, const struct key *key, const struct tree *tree,
	struct file_items *list)
{
	struct file_unread *items = blocks_take_many(fields->blocks, tree->n, sizeof *items);
	uint32_t i = 0;

	if (items == NULL)
		return error_memory(fields->error);
	for (const struct tree *item = tree->first; item != NULL; item = item->next) {
		if (item->key_size == 0)
			return source_error(fields->source, item->key_at, fields->error,
				"a name in `%s` must not be empty", key->name);
		items[i++] =
			(struct file_unread){ { item->key, place_of(fields, item->key_at) }, item };
	}
	*list = (struct file_items){ items, tree->n, place_of(fields, tree->at) };
	return 0;
}

static int
read_named(struct fields *fields, const struct section *section, const struct key *key,
	const struct tree *tree, struct file_items *list)
{
	uint32_t i = 0;
	char *items;

	if (tree->kind != TREE_MAP)
		return not_this(fields, section, key, tree, "a map");
	if (key->section == &keys_proc)
		return read_names(fields, key, tree, list);
	items = blocks_take_many(fields->blocks, tree->n, key->section->size);
	if (items == NULL)
		return error_memory(fields->error);
	for (const struct tree *item = tree->first; item != NULL; item = item->next, i++) {
		char *target = items + (size_t)i * key->section->size;
		int status;

		if (item->key_size == 0)
			return source_error(fields->source, item->key_at, fields->error,
				"a name in `%s` must not be empty", key->name);
		*(struct file_text *)(void *)target =
			(struct file_text){ item->key, place_of(fields, item->key_at) };
		status = field_struct(fields, key->section, item, target);
		if (status != 0)
			return status;
	}
	*list = (struct file_items){ items, tree->n, place_of(fields, tree->at) };
	return 0;
}

/* One lock with its units; of text there are none. */
static int
read_lock(struct fields *fields, const struct section *section, const struct key *key,
	const struct tree *tree, struct file_lock *lock)
{
	static const struct key units = {
		.name = "units of a lock", .kind = KEY_INT, .least = 1, .most = UINT32_MAX
	};
	const char *name = tree->key != NULL ? tree->key : tree->text;
	uint32_t at = tree->key != NULL ? tree->key_at : tree->at;
	struct file_text text;
	int status = tree->key != NULL ? read_number(fields, section, &units, tree, &lock->units)
				       : read_text(fields, section, key, tree, &text);

	if (status != 0)
		return status;
	if (name[0] == '\0' || strchr(name, '=') != NULL)
		return source_error(fields->source, at, fields->error,
			"the name of a lock in %s must not be empty and not contain '='\nunits are written {name: 2}",
			WHERE);
	lock->name = (struct file_text){ name, place_of(fields, at) };
	return 0;
}

static int
read_units(struct fields *fields, const struct section *section, const struct key *key,
	const struct tree *tree, struct file_items *list)
{
	const struct tree *item;
	struct file_lock *locks;
	uint32_t n = 0, done = 0;
	int status = 0;

	if (tree->kind == TREE_MAP)
		return not_this(fields, section, key, tree, "a list");
	for (item = first(tree); item != NULL; item = tree->kind == TREE_LIST ? item->next : NULL)
		n += item->kind == TREE_MAP ? item->n : 1;
	locks = blocks_take_many(fields->blocks, n, sizeof *locks);
	if (locks == NULL)
		return error_memory(fields->error);
	for (item = first(tree); item != NULL && status == 0;
		item = tree->kind == TREE_LIST ? item->next : NULL) {
		struct tree plain = *item;

		if (item->kind == TREE_MAP) {
			for (const struct tree *pair = item->first; pair != NULL && status == 0;
				pair = pair->next)
				status = read_lock(fields, section, key, pair, &locks[done++]);
			continue;
		}
		plain.key = NULL;
		status = read_lock(fields, section, key, &plain, &locks[done++]);
	}
	*list = (struct file_items){ locks, n, place_of(fields, tree->at) };
	return status;
}

static int
read_field(struct fields *fields, const struct section *section, const struct key *key,
	const struct tree *tree, void *target)
{
	void *field = (char *)target + key->offset;

	switch (key->kind) {
	case KEY_TEXT: return read_text(fields, section, key, tree, field);
	case KEY_TEXTS: return read_texts(fields, section, key, tree, field);
	case KEY_COMMAND: return read_command(fields, section, key, tree, field);
	case KEY_PAIRS: return read_pairs(fields, section, key, tree, field);
	case KEY_STRUCT: return field_struct(fields, key->section, tree, field);
	case KEY_ITEMS: return read_items(fields, section, key, tree, field);
	case KEY_NAMED: return read_named(fields, section, key, tree, field);
	case KEY_UNITS: return read_units(fields, section, key, tree, field);
	default: return read_number(fields, section, key, tree, field);
	}
}

static int
unknown(struct fields *fields, const struct section *section, const struct tree *item)
{
	const char *nearest = keys_nearest(section, item->key, item->key_size);
	char known[400] = "";
	size_t used = 0;

	if (nearest != NULL)
		return source_error(fields->source, item->key_at, fields->error,
			"unknown key `%s` in %s\nperhaps `%s` is meant",
			SHOWN(item->key, item->key_size), WHERE, nearest);
	for (uint32_t i = 0; i < section->n && used < sizeof known - 40; i++)
		used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
			i > 0 ? ", " : "", section->keys[i].name);
	return source_error(fields->source, item->key_at, fields->error,
		"unknown key `%s` in %s\nthere are: %s", SHOWN(item->key, item->key_size), WHERE,
		known);
}

/* What must be given and is not. */
static int
missing(struct fields *fields, const struct section *section, const struct tree *tree, uint8_t flag)
{
	char keys[200] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < section->n; i++)
		if (section->keys[i].flags & flag)
			used += (size_t)snprintf(keys + used, sizeof keys - used, "%s`%s`",
				used > 0 ? ", " : "", section->keys[i].name);
	return source_error(fields->source, tree->at, fields->error, "%s needs %s%s", WHERE,
		flag == KEY_ONE_OF ? "one of " : "", keys);
}

static int
read_map(
	struct fields *fields, const struct section *section, const struct tree *tree, void *target)
{
	const struct key *chosen = NULL;
	uint32_t needed = 0, one_of = 0, found = 0;

	for (uint32_t i = 0; i < section->n; i++) {
		needed += (section->keys[i].flags & KEY_NEEDED) != 0;
		one_of += (section->keys[i].flags & KEY_ONE_OF) != 0;
	}
	for (const struct tree *item = tree->first; item != NULL; item = item->next) {
		const struct key *key = keys_find(section, item->key, item->key_size);
		int status;

		if (key == NULL)
			return unknown(fields, section, item);
		if ((key->flags & KEY_ONE_OF) && chosen != NULL)
			return source_error(fields->source, item->key_at, fields->error,
				"`%s` and `%s` exclude each other in %s\ngive one of them",
				chosen->name, key->name, WHERE);
		if (key->flags & KEY_ONE_OF)
			chosen = key;
		found += (key->flags & KEY_NEEDED) != 0;
		status = read_field(fields, section, key, item, target);
		if (status != 0)
			return status;
	}
	if (found < needed)
		return missing(fields, section, tree, KEY_NEEDED);
	if (one_of > 0 && chosen == NULL)
		return missing(fields, section, tree, KEY_ONE_OF);
	return 0;
}

int
field_struct(
	struct fields *fields, const struct section *section, const struct tree *tree, void *target)
{
	const struct key *key;

	if (tree->kind == TREE_MAP)
		return read_map(fields, section, tree, target);
	key = keys_short(section);
	if (key != NULL)
		return read_field(fields, section, key, tree, target);
	if (tree->kind == TREE_TEXT && tree->size == 0 && tree->style == TREE_PLAIN)
		return source_error(fields->source, tree->at, fields->error,
			"%s has no value\nwrite its keys below, deeper than it, or {}", WHERE);
	return source_error(fields->source, tree->at, fields->error, "%s must be a map, not %s%s",
		WHERE, tree_kind_name(tree),
		fields->proc != NULL ? "\nwrite its keys below, deeper than it, as in `run: make`"
				     : "");
}
