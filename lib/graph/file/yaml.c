/*
 * libyaml's events into a tree; the only file with yaml.h.  Marks of libyaml
 * count characters; a cursor that goes along with them turns them into bytes.
 */
#include "graph/file/yaml.h"

#include <string.h>
#include <yaml.h>

#include "base/table.h"
#include "graph/file/remedy.h"

#define FEW 8 /* keys that are compared one by one */

struct anchor {
	const char *name;
	struct tree *tree; /* NULL: it has not ended yet */
};

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the last one */
	const struct source *source;
	struct blocks *blocks;
	struct error *error;
	struct table anchors;
	size_t index;     /* the cursor: characters … */
	size_t at;        /* … and bytes before it */
	uint32_t aliased; /* values behind aliases, so far */
};

const char *
tree_kind_name(const struct tree *tree)
{
	static const char *const names[] = { "text", "a list", "a map" };

	return names[tree->kind];
}

static size_t
offset(struct reader *reader, size_t index)
{
	const char *text = reader->source->text;
	size_t size = reader->source->size;

	if (reader->source->ascii)
		return index < size ? index : size;
	for (; reader->index < index && reader->at < size; reader->index++)
		do
			reader->at++;
		while (reader->at < size && ((unsigned char)text[reader->at] & 0xc0) == 0x80);
	for (; reader->index > index && reader->at > 0; reader->index--)
		do
			reader->at--;
		while (reader->at > 0 && ((unsigned char)text[reader->at] & 0xc0) == 0x80);
	return reader->at;
}

static int
next(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	struct complaint complaint;

	yaml_event_delete(&reader->event);
	if (yaml_parser_parse(&reader->parser, &reader->event))
		return 0;
	if (parser->error == YAML_MEMORY_ERROR)
		return error_memory(reader->error);
	complaint = (struct complaint){
		.problem = parser->problem != NULL ? parser->problem : "this is no YAML",
		.context = parser->context != NULL ? parser->context : "",
		.at = offset(reader, parser->problem_mark.index),
	};
	complaint.context_at =
		parser->context != NULL ? offset(reader, parser->context_mark.index) : complaint.at;
	return remedy_explain(reader->source, &complaint, reader->error);
}

static int
bad(struct reader *reader, size_t at, const char *sentence)
{
	return source_error(reader->source, at, reader->error, "%s", sentence);
}

static size_t
here(struct reader *reader)
{
	return offset(reader, reader->event.start_mark.index);
}

/* The place of a # that ends plain text, from which on YAML drops the line. */
static uint32_t
comment_behind(const struct reader *reader, size_t at)
{
	const char *text = reader->source->text;
	size_t start = at;

	while (text[at] == ' ' || text[at] == '\t')
		at++;
	return text[at] == '#' && at > start ? (uint32_t)at : 0;
}

static int
read_text(struct reader *reader, struct tree *tree)
{
	const char *bytes = (const char *)reader->event.data.scalar.value;
	size_t size = reader->event.data.scalar.length;
	yaml_scalar_style_t style = reader->event.data.scalar.style;

	if (size > TREE_TEXT_MOST)
		return source_error(reader->source, tree->at, reader->error,
			"this text is longer than %zu bytes\nkeep long text in a file of its own",
			TREE_TEXT_MOST);
	if (memchr(bytes, '\0', size) != NULL)
		return bad(reader, tree->at,
			"a NUL character in text, which no command and no name can have");
	tree->kind = TREE_TEXT;
	tree->style = style == YAML_PLAIN_SCALAR_STYLE ? TREE_PLAIN
		: style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE
		? TREE_BLOCK
		: TREE_QUOTED;
	tree->text = blocks_text(reader->blocks, bytes, size);
	tree->size = (uint32_t)size;
	if (tree->style == TREE_PLAIN)
		tree->comment_at =
			comment_behind(reader, offset(reader, reader->event.end_mark.index));
	return tree->text != NULL ? 0 : error_memory(reader->error);
}

/* The anchor of the event, entered before what it names, so that an alias inside finds it unfinished. */
static int
read_anchor(struct reader *reader, const char *name, struct anchor **anchor)
{
	size_t size = strlen(name);

	if (reader->anchors.used == TREE_ANCHORS_MOST)
		return source_error(reader->source, here(reader), reader->error,
			"more than %d anchors in a file", TREE_ANCHORS_MOST);
	if (table_find(&reader->anchors, name, size) != NULL)
		return source_error(reader->source, here(reader), reader->error,
			"there are two anchors `&%s`\ngive this one another name",
			SHOWN(name, size));
	*anchor = blocks_take(reader->blocks, sizeof **anchor);
	if (*anchor == NULL)
		return error_memory(reader->error);
	(*anchor)->name = blocks_text(reader->blocks, name, size);
	if ((*anchor)->name == NULL ||
		table_put(&reader->anchors, (*anchor)->name, size, *anchor) != 0)
		return error_memory(reader->error);
	return 0;
}

/* The value of an alias: what is in it is shared. */
static int
read_alias(struct reader *reader, struct tree *tree, unsigned depth)
{
	const char *name = (const char *)reader->event.data.alias.anchor;
	size_t size = strlen(name), at = tree->at;
	const struct anchor *anchor = table_find(&reader->anchors, name, size);

	if (anchor == NULL)
		return source_error(reader->source, at, reader->error,
			"`*%s` at the beginning of text is an alias, and there is no anchor `&%s`\nif it is meant as text, quote it",
			SHOWN(name, size), SHOWN(name, size));
	if (anchor->tree == NULL)
		return source_error(reader->source, at, reader->error,
			"the alias `*%s` is inside of what `&%s` names", SHOWN(name, size),
			SHOWN(name, size));
	if (depth + anchor->tree->height > TREE_DEPTH_MOST)
		return source_error(reader->source, at, reader->error,
			"lists and maps deeper than %d", TREE_DEPTH_MOST);
	reader->aliased += anchor->tree->weight;
	if (reader->aliased > TREE_ALIASED_MOST)
		return source_error(reader->source, at, reader->error,
			"the aliases up to here stand for more than %d values", TREE_ALIASED_MOST);
	*tree = *anchor->tree;
	tree->next = NULL;
	tree->key = NULL;
	tree->at = (uint32_t)at;
	return 0;
}

static int read_value(struct reader *reader, struct tree **tree, unsigned depth);

/* What a list or a map is made of, behind each other. */
static void
append(struct tree *tree, struct tree **last, struct tree *item)
{
	*(*last != NULL ? &(*last)->next : &tree->first) = item;
	*last = item;
	tree->n++;
	tree->weight += item->weight;
	if (item->height >= tree->height)
		tree->height = (uint8_t)(item->height + 1);
}

static int
read_list(struct reader *reader, struct tree *tree, unsigned depth)
{
	struct tree *last = NULL, *item;
	int status;

	tree->kind = TREE_LIST;
	for (;;) {
		status = next(reader);
		if (status != 0 || reader->event.type == YAML_SEQUENCE_END_EVENT)
			return status;
		status = read_value(reader, &item, depth);
		if (status != 0)
			return status;
		append(tree, &last, item);
	}
}

/* A key that is there: where it was first. */
static int
twice(struct reader *reader, const struct tree *first, const char *key, size_t size)
{
	uint32_t line, column;

	source_line(reader->source, first->key_at, &line, &column);
	return source_error(reader->source, here(reader), reader->error,
		"the key `%s` is there already, in line %u\ntake one of them out", SHOWN(key, size),
		line);
}

/* The key of the event: text, not there yet, no merge key. */
static int
check_key(struct reader *reader, const struct tree *map, const struct table *keys)
{
	const yaml_event_t *event = &reader->event;
	const struct tree *found = NULL;
	const char *key;
	size_t size;

	if (event->type == YAML_ALIAS_EVENT)
		return bad(reader, here(reader),
			"an alias cannot be a key\nwrite the key out, or quote it");
	if (event->type != YAML_SCALAR_EVENT)
		return bad(reader, here(reader),
			"a key must be text\nif it begins with [ or {, quote it");
	key = (const char *)event->data.scalar.value;
	size = event->data.scalar.length;
	if (event->data.scalar.anchor != NULL)
		return bad(
			reader, here(reader), "an anchor on a key\nput it in front of the value");
	if (size == 2 && memcmp(key, "<<", 2) == 0 &&
		event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return bad(reader, here(reader),
			"the merge key << is not supported\nwrite the keys out; an alias can stand for a whole value");
	if (map->n > FEW)
		found = table_find(keys, key, size);
	else
		for (found = map->first; found != NULL; found = found->next)
			if (found->key_size == size && memcmp(found->key, key, size) == 0)
				break;
	return found != NULL ? twice(reader, found, key, size) : 0;
}

/* Enter a pair, once there are many all of them, so that large maps cost no more per key. */
static int
remember(struct table *keys, const struct tree *map, struct tree *item)
{
	if (map->n <= FEW)
		return 0;
	if (map->n == FEW + 1)
		item = map->first;
	for (; item != NULL; item = item->next)
		if (table_put(keys, item->key, item->key_size, item) != 0)
			return -1;
	return 0;
}

static int
read_pair(struct reader *reader, const struct table *keys, const struct tree *map, unsigned depth,
	struct tree **item)
{
	struct tree key = { 0 };
	int status = check_key(reader, map, keys);

	if (status != 0)
		return status;
	key.at = (uint32_t)here(reader);
	if (reader->event.data.scalar.tag != NULL)
		return bad(reader, key.at,
			"tags have no meaning here\ntake it out, or quote the text if the ! belongs to it");
	status = read_text(reader, &key);
	if (status != 0)
		return status;
	status = next(reader);
	if (status == 0)
		status = read_value(reader, item, depth);
	if (status != 0)
		return status;
	(*item)->key = key.text;
	(*item)->key_size = key.size;
	(*item)->key_at = key.at;
	return 0;
}

static int
read_map(struct reader *reader, struct tree *tree, unsigned depth)
{
	struct tree *last = NULL, *item;
	struct table keys = { 0 };
	int status;

	tree->kind = TREE_MAP;
	for (;;) {
		status = next(reader);
		if (status != 0 || reader->event.type == YAML_MAPPING_END_EVENT)
			break;
		status = read_pair(reader, &keys, tree, depth, &item);
		if (status != 0)
			break;
		append(tree, &last, item);
		if (remember(&keys, tree, item) != 0) {
			status = error_memory(reader->error);
			break;
		}
	}
	table_finish(&keys);
	return status;
}

/* Whether the event has a tag, and its anchor. */
static const char *
decoration(const yaml_event_t *event, int *tagged)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		*tagged = event->data.scalar.tag != NULL;
		return (const char *)event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		*tagged = event->data.sequence_start.tag != NULL;
		return (const char *)event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		*tagged = event->data.mapping_start.tag != NULL;
		return (const char *)event->data.mapping_start.anchor;
	default: *tagged = 0; return NULL;
	}
}

/* The value that begins with the event. */
static int
read_value(struct reader *reader, struct tree **tree, unsigned depth)
{
	struct anchor *anchor = NULL;
	const char *name;
	int tagged, status;

	name = decoration(&reader->event, &tagged);
	if (tagged)
		return bad(reader, here(reader),
			"tags have no meaning here\ntake it out, or quote the text if the ! belongs to it");
	*tree = blocks_take(reader->blocks, sizeof **tree);
	if (*tree == NULL)
		return error_memory(reader->error);
	(*tree)->at = (uint32_t)here(reader);
	(*tree)->weight = 1;
	status = name != NULL ? read_anchor(reader, name, &anchor) : 0;
	if (status != 0)
		return status;
	if (reader->event.type == YAML_ALIAS_EVENT)
		return read_alias(reader, *tree, depth);
	if (reader->event.type == YAML_SCALAR_EVENT)
		status = read_text(reader, *tree);
	else if (depth == TREE_DEPTH_MOST)
		status = source_error(reader->source, here(reader), reader->error,
			"lists and maps deeper than %d", TREE_DEPTH_MOST);
	else if (reader->event.type == YAML_SEQUENCE_START_EVENT)
		status = read_list(reader, *tree, depth + 1);
	else
		status = read_map(reader, *tree, depth + 1);
	if (anchor != NULL)
		anchor->tree = *tree;
	return status;
}

static int
read_document(struct reader *reader, struct tree **tree)
{
	int status = next(reader); /* the stream begins */

	if (status == 0)
		status = next(reader);
	if (status != 0)
		return status;
	if (reader->event.type == YAML_STREAM_END_EVENT)
		return error_set(reader->error, ORD_EINVAL, "%s: is empty", reader->source->path);
	if (reader->event.data.document_start.tag_directives.start !=
		reader->event.data.document_start.tag_directives.end)
		return bad(reader, here(reader), "tags have no meaning here\ntake %TAG out");
	status = next(reader);
	if (status == 0)
		status = read_value(reader, tree, 0);
	if (status == 0)
		status = next(reader); /* the document ends */
	if (status == 0)
		status = next(reader);
	if (status == 0 && reader->event.type != YAML_STREAM_END_EVENT)
		return bad(reader, here(reader),
			"a second document begins here\ntake the --- out, or `include` a file");
	return status;
}

int
tree_read(
	const struct source *source, struct blocks *blocks, struct tree **tree, struct error *error)
{
	struct reader reader = { .source = source, .blocks = blocks, .error = error };
	int status;

	*tree = NULL;
	if (!yaml_parser_initialize(&reader.parser))
		return error_memory(error);
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&reader.parser, (const unsigned char *)source->text, source->size);
	status = read_document(&reader, tree);
	yaml_event_delete(&reader.event);
	yaml_parser_delete(&reader.parser);
	table_finish(&reader.anchors);
	if (status != 0)
		*tree = NULL;
	return status;
}
