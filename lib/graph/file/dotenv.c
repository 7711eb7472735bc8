/*
 * KEY=value, as shells and other tools have it, but strict: what is not
 * understood is an error with its line, not a variable of another name.
 */
#include "graph/file/dotenv.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "graph/file/source.h"

#define BYTES_MOST ((size_t)1 << 20)

struct lines {
	const struct source *source;
	struct blocks *blocks;
	struct error *error;
	struct buffer value;
	size_t at;
};

static int
bad(struct lines *lines, size_t at, const char *sentence)
{
	return source_error(lines->source, at, lines->error, "%s", sentence);
}

static char
peek(const struct lines *lines)
{
	return lines->at < lines->source->size ? lines->source->text[lines->at] : '\0';
}

static int
ends_line(char c)
{
	return c == '\n' || c == '\r' || c == '\0';
}

static void
skip_blanks(struct lines *lines)
{
	while (peek(lines) == ' ' || peek(lines) == '\t')
		lines->at++;
}

static void
skip_line(struct lines *lines)
{
	while (!ends_line(peek(lines)))
		lines->at++;
}

static int
keep(struct lines *lines, const char *bytes, size_t size)
{
	return buffer_append(&lines->value, bytes, size) == 0 ? 0 : error_memory(lines->error);
}

static int
quoted(struct lines *lines)
{
	size_t start = lines->at;
	char quote = lines->source->text[lines->at++];
	int status = 0;

	while (status == 0) {
		char c = peek(lines);

		if (lines->at == lines->source->size)
			return bad(lines, start,
				"this quote is not closed\nput one behind the value, or both out");
		lines->at++;
		if (c == quote)
			return 0;
		if (c == '\\' && quote == '"') {
			static const char from[] = "ntr\\\"$", to[] = "\n\t\r\\\"$";
			char escaped = peek(lines);
			const char *found = escaped != '\0' ? strchr(from, escaped) : NULL;

			if (found == NULL)
				return bad(lines, lines->at - 1,
					"in double quotes only \\n \\t \\r \\\\ \\\" \\$ are known\nwrite the backslash twice, or use single quotes");
			c = to[found - from];
			lines->at++;
		}
		status = keep(lines, &c, 1);
	}
	return status;
}

/* Text without quotes, to the end of the line or a comment, without blanks at its end. */
static int
bare(struct lines *lines)
{
	const char *text = lines->source->text;
	size_t start = lines->at, end = start;

	for (; !ends_line(peek(lines)); lines->at++) {
		char c = peek(lines);

		if (c == '#' &&
			(lines->at == start || text[lines->at - 1] == ' ' ||
				text[lines->at - 1] == '\t'))
			break;
		if (c == '"' || c == '\'')
			return bad(lines, lines->at,
				"a quote in the middle of a value\nput all of the value in quotes");
		if (c != ' ' && c != '\t')
			end = lines->at + 1;
	}
	return keep(lines, text + start, end - start);
}

static int
value(struct lines *lines, struct file_text *text)
{
	size_t at;
	int status;

	lines->value.size = 0;
	skip_blanks(lines);
	at = lines->at;
	if (peek(lines) == '"' || peek(lines) == '\'')
		status = quoted(lines);
	else
		status = bare(lines);
	if (status != 0)
		return status;
	skip_blanks(lines);
	if (!ends_line(peek(lines)) && peek(lines) != '#')
		return bad(lines, lines->at,
			"text behind the closing quote\nput all of the value in quotes");
	skip_line(lines);
	if (lines->value.size > BYTES_MOST)
		return bad(lines, at, "this value is too long");
	text->text = blocks_text(lines->blocks, lines->value.bytes, lines->value.size);
	text->place = (struct place){ lines->source->number, (uint32_t)at };
	return text->text != NULL ? 0 : error_memory(lines->error);
}

static int
name(struct lines *lines, struct file_text *text)
{
	const char *bytes = lines->source->text;
	size_t start = lines->at;

	if (strncmp(bytes + start, "export", 6) == 0 &&
		(bytes[start + 6] == ' ' || bytes[start + 6] == '\t')) {
		lines->at += 6;
		skip_blanks(lines);
		start = lines->at;
	}
	while (isalnum((unsigned char)peek(lines)) || peek(lines) == '_' || peek(lines) == '.' ||
		peek(lines) == '-')
		lines->at++;
	if (lines->at == start || isdigit((unsigned char)bytes[start]))
		return bad(lines, start,
			"a line is NAME=value; a name is of letters, digits and _ and begins with no digit");
	text->text = blocks_text(lines->blocks, bytes + start, lines->at - start);
	text->place = (struct place){ lines->source->number, (uint32_t)start };
	if (text->text == NULL)
		return error_memory(lines->error);
	skip_blanks(lines);
	if (peek(lines) != '=')
		return bad(lines, lines->at, "here a '=' is missing\na line is NAME=value");
	lines->at++;
	return 0;
}

/* Room for one more; what is there may have moved. */
static struct file_pair *
grow(struct lines *lines, struct file_pairs *pairs, uint32_t *capacity)
{
	struct file_pair *items = (struct file_pair *)(uintptr_t)pairs->items;

	if (pairs->n == *capacity) {
		items = blocks_take_many(lines->blocks, (size_t)*capacity * 2 + 8, sizeof *items);
		if (items == NULL)
			return NULL;
		if (pairs->n != 0)
			memcpy(items, pairs->items, pairs->n * sizeof *items);
		*capacity = *capacity * 2 + 8;
		pairs->items = items;
	}
	return &items[pairs->n];
}

int
dotenv_parse(const struct source *source, struct blocks *blocks, struct file_pairs *pairs,
	struct error *error)
{
	struct lines lines = { .source = source, .blocks = blocks, .error = error };
	uint32_t capacity = pairs->n;
	int status = 0;

	while (status == 0 && lines.at < source->size) {
		struct file_pair *pair;

		while (isspace((unsigned char)peek(&lines)))
			lines.at++;
		if (peek(&lines) == '#') {
			skip_line(&lines);
			continue;
		}
		if (lines.at == source->size)
			break;
		pair = grow(&lines, pairs, &capacity);
		status = pair == NULL ? error_memory(error) : name(&lines, &pair->name);
		if (status == 0)
			status = value(&lines, &pair->value);
		if (status == 0)
			pairs->n++;
	}
	buffer_finish(&lines.value);
	return status;
}

int
dotenv_load(struct dotenv *dotenv, struct graph_file *file)
{
	const struct file_texts *paths = &file->all.dotenv;
	int status = 0;

	*dotenv = (struct dotenv){ .env = &file->all.env };
	if (paths->n == 0)
		return 0;
	dotenv->sources = memory_new(paths->n, sizeof *dotenv->sources);
	if (dotenv->sources == NULL)
		return error_memory(&file->error);
	for (uint32_t i = 0; i < paths->n && status == 0; i++) {
		struct source *source = &dotenv->sources[dotenv->n];

		if (access(paths->items[i].text, F_OK) != 0 && errno == ENOENT)
			continue;
		status = source_read(source, paths->items[i].text, &file->error);
		if (status != 0)
			break;
		source->number = ++dotenv->n;
		status = dotenv_parse(source, &dotenv->blocks, &dotenv->dotenv, &file->error);
	}
	return status;
}

void
dotenv_finish(struct dotenv *dotenv)
{
	for (uint32_t i = 0; i < dotenv->n; i++)
		source_finish(&dotenv->sources[i]);
	memory_free(dotenv->sources);
	blocks_finish(&dotenv->blocks);
	*dotenv = (struct dotenv){ 0 };
}

/* The last of a name in pairs, or NULL. */
static const char *
find(const struct file_pairs *pairs, const char *name)
{
	for (uint32_t i = pairs != NULL ? pairs->n : 0; i-- > 0;)
		if (strcmp(pairs->items[i].name.text, name) == 0)
			return pairs->items[i].value.text;
	return NULL;
}

/* The value of a name in "NAME=value" lines; of several the last one, or the first as getenv. */
static const char *
find_line(const char *const *lines, const char *name, int last)
{
	size_t size = strlen(name);
	const char *found = NULL;

	for (; lines != NULL && *lines != NULL && (last || found == NULL); lines++)
		if (strncmp(*lines, name, size) == 0 && (*lines)[size] == '=')
			found = *lines + size + 1;
	return found;
}

const char *
dotenv_value(const struct dotenv *dotenv, const char *name, const struct file_pairs *proc,
	const char *const *call, const char *const *process, enum dotenv_origin *origin)
{
	const char *values[DOTENV_NOBODY] = {
		[DOTENV_PROC] = find(proc, name),
		[DOTENV_CALL] = find_line(call, name, 1),
		[DOTENV_PROCESS] = find_line(process, name, 0),
		[DOTENV_FILE] = find(&dotenv->dotenv, name),
		[DOTENV_GRAPH] = find(dotenv->env, name),
	};

	for (int i = 0; i < DOTENV_NOBODY; i++) {
		if (values[i] != NULL) {
			*origin = (enum dotenv_origin)i;
			return values[i];
		}
	}
	*origin = DOTENV_NOBODY;
	return NULL;
}
