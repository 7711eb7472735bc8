/*
 * Lines of shell are read only as far as needed: which bytes are quoted how,
 * so that a value can stand there, and whether there is anything that only a
 * shell understands.  In a line for the shell a value is quoted as its place
 * demands; safe values are put in as they are, so that they also fit where
 * quotes would be text (here-documents).
 */
#define _GNU_SOURCE /* strchrnul */
#include "graph/names/shell.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"

#define DEPTH_MAX 32 /* of quotes in substitutions in quotes */

/* Bytes that mean something to a shell, outside of quotes; at the beginning of a word also `~`, `#`, `=` within it. */
static const char special[] = "|&;<>()$`\\\"'*?[]#~=%!{}\n";

/* Words that only a shell has, or that mean its own process; the first word decides. */
static const char *const builtins[] = { ".", ":", "alias", "bg", "break", "case", "cd", "command",
	"continue", "do", "done", "elif", "else", "esac", "eval", "exec", "exit", "export", "fc",
	"fg", "fi", "for", "function", "getopts", "hash", "if", "jobs", "local", "read", "readonly",
	"return", "select", "set", "shift", "source", "then", "time", "times", "trap", "type",
	"ulimit", "umask", "unalias", "unset", "until", "wait", "while", NULL };

/* --- parts --- */

/* The byte before a part: its quoting and these. */
enum { IS_PLACEHOLDER = 4, ENDS_WORD = 8, QUOTING = 3 };

/* How much there is for so many bytes: few fit exactly, many have room for as many again. */
static size_t
room_for(size_t size)
{
	size_t room = 64;

	if (size <= room)
		return size;
	while (room < size)
		room *= 2;
	return room;
}

static int
add_part(struct text *text, const char *at, size_t size, unsigned what)
{
	char *bytes = text->bytes;
	size_t room;

	if (size > UINT32_MAX / 2 - text->size)
		return -1;
	room = room_for(text->size + size + 2);
	if (bytes == NULL || room != room_for(text->size))
		bytes = memory_resize(bytes, room);
	if (bytes == NULL)
		return -1;
	text->bytes = bytes;
	bytes += text->size;
	*bytes++ = (char)what;
	memcpy(bytes, at, size);
	bytes[size] = '\0';
	text->size += (uint32_t)size + 2;
	return 0;
}

void
text_finish(struct text *text)
{
	memory_free(text->bytes);
	*text = (struct text){ 0 };
}

int
text_part(const struct text *text, uint32_t *at, struct fragment *part)
{
	const char *bytes;

	if (*at == text->size)
		return 0;
	bytes = text->bytes + *at;
	*part = (struct fragment){ .text = bytes + 1,
		.is_placeholder = (*bytes & IS_PLACEHOLDER) != 0,
		.quoting = (uint32_t)*bytes & QUOTING,
		.ends_word = (*bytes & ENDS_WORD) != 0 };
	*at += (uint32_t)strlen(part->text) + 2;
	return 1;
}

/* The placeholder that begins with this bracket; its size is 0 if it is only a bracket. */
static struct span
placeholder_at(const char *at, shell_known_fn known, void *user)
{
	struct span name = { at + 1, 0 };

	if (*at != '[')
		return name;
	name.size = strcspn(at + 1, "[] \t\n");
	if (name.at[name.size] != ']' || !known(user, name))
		name.size = 0;
	return name;
}

/* Text and placeholders up to `end`; quotes[i] says how the byte at i is quoted, NULL: not at all. */
static int
add_parts(struct text *text, const char *at, const char *end, const unsigned char *quotes,
	shell_known_fn known, void *user)
{
	const char *begin = at;
	uint32_t last = text->size; /* the part that was added last */

	for (const char *from = at;; at++) {
		struct span name = { 0 };

		at = memchr(at, '[', (size_t)(end - at));
		if (at == NULL)
			at = end;
		else
			name = placeholder_at(at, known, user);
		if (at < end && name.size == 0)
			continue;
		/* A word without anything is a part, too. */
		if (at > from || begin == end) {
			last = text->size;
			if (add_part(text, from, (size_t)(at - from), 0) != 0)
				return -1;
		}
		if (at == end)
			break;
		last = text->size;
		if (add_part(text, name.at, name.size,
			    IS_PLACEHOLDER | (quotes != NULL ? quotes[at - begin] : 0)) != 0)
			return -1;
		from = name.at + name.size + 1;
		at = from - 1;
	}
	text->bytes[last] |= ENDS_WORD;
	text->n_words++;
	return 0;
}

int
text_add_word(struct text *text, const char *word, shell_known_fn known, void *user)
{
	return add_parts(text, word, word + strlen(word), NULL, known, user);
}

/* --- lines --- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_builtin(const char *word, size_t size)
{
	for (const char *const *name = builtins; *name != NULL; name++)
		if (strlen(*name) == size && memcmp(*name, word, size) == 0)
			return true;
	return false;
}

/* Whether nothing in the line needs a shell. */
static bool
is_simple(const char *line, shell_known_fn known, void *user)
{
	const char *first = line + strspn(line, " \t");

	if (*first == '\0' || is_builtin(first, strcspn(first, " \t")))
		return false;
	for (const char *at = first; *(at += strcspn(at, special)) != '\0';) {
		struct span name = placeholder_at(at, known, user);

		if (name.size == 0)
			return false;
		at = name.at + name.size + 1;
	}
	return true;
}

static int
add_words(struct text *text, const char *line, shell_known_fn known, void *user)
{
	while (*(line += strspn(line, " \t")) != '\0') {
		const char *end = line;

		while (*end != '\0' && !is_blank(*end)) {
			struct span name = { 0 };

			if (*end == '[')
				name = placeholder_at(end, known, user);
			end = name.size != 0 ? name.at + name.size + 1 : end + 1;
		}
		if (add_parts(text, line, end, NULL, known, user) != 0)
			return -1;
		line = end;
	}
	return 0;
}

/* In what the bytes of a line stand, the innermost last: ' " ` ( { or nothing. */
struct nest {
	char open[DEPTH_MAX];
	int depth;
};

static char
innermost(const struct nest *nest)
{
	return nest->depth != 0 ? nest->open[nest->depth - 1] : '\0';
}

static void
enter(struct nest *nest, char open)
{
	if (nest->depth < DEPTH_MAX)
		nest->open[nest->depth++] = open;
}

/* Opens and closes; returns how many bytes belong to it. */
static size_t
read_byte(struct nest *nest, const char *at)
{
	char in = innermost(nest);

	if (in == '\'') {
		nest->depth -= *at == '\'';
		return 1;
	}
	if (*at == '\\' && at[1] != '\0')
		return 2;
	if (*at == '$' && (at[1] == '(' || at[1] == '{')) {
		enter(nest, at[1]);
		return 2;
	}
	if ((*at == '"' && in == '"') || (*at == '`' && in == '`') || (*at == ')' && in == '(') ||
		(*at == '}' && in == '{'))
		nest->depth--;
	else if (*at == '"' || *at == '`' || (*at == '\'' && in != '"') ||
		(*at == '(' && in == '('))
		enter(nest, *at);
	return 1;
}

static void
read_quotes(const char *line, unsigned char *quotes)
{
	struct nest nest = { { 0 }, 0 };

	for (size_t at = 0, size; line[at] != '\0'; at += size) {
		char in = innermost(&nest);

		quotes[at] = in == '\'' ? QUOTE_SINGLE : in == '"' ? QUOTE_DOUBLE : QUOTE_BARE;
		size = read_byte(&nest, line + at);
		if (size == 2)
			quotes[at + 1] = quotes[at];
	}
}

int
text_add_line(struct text *text, const char *line, shell_known_fn known, void *user)
{
	unsigned char *quotes;
	int status;

	if (is_simple(line, known, user))
		return add_words(text, line, known, user);
	text->is_line = 1;
	quotes = memory_new(strlen(line) + 1, 1);
	if (quotes == NULL)
		return -1;
	read_quotes(line, quotes);
	status = add_parts(text, line, line + strlen(line), quotes, known, user);
	memory_free(quotes);
	return status;
}

/* --- fill --- */

static bool
is_safe(const char *value)
{
	static const char safe[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,@%+=";

	return *value != '\0' && value[strspn(value, safe)] == '\0';
}

/* Within double quotes: what means something there gets a backslash. */
static int
append_in_double(struct buffer *to, const char *value)
{
	for (; *value != '\0'; value++) {
		if (strchr("\"\\$`", *value) != NULL && buffer_append(to, "\\", 1) != 0)
			return -1;
		if (buffer_append(to, value, 1) != 0)
			return -1;
	}
	return 0;
}

/* Within single quotes: a quote ends them, stands for itself, and begins them again. */
static int
append_in_single(struct buffer *to, const char *value)
{
	for (; *value != '\0'; value++)
		if (buffer_append(to, *value == '\'' ? "'\\''" : value, *value == '\'' ? 4 : 1) !=
			0)
			return -1;
	return 0;
}

static int
append_quoted(struct buffer *to, const char *value, uint32_t quoting)
{
	if (is_safe(value))
		return buffer_append(to, value, strlen(value));
	if (quoting == QUOTE_DOUBLE)
		return append_in_double(to, value);
	if (quoting == QUOTE_SINGLE)
		return append_in_single(to, value);
	return buffer_append(to, "'", 1) != 0 || append_in_single(to, value) != 0 ||
			buffer_append(to, "'", 1) != 0
		? -1
		: 0;
}

static int
fill_part(const struct text *text, const struct fragment *part, pattern_value_fn value, void *user,
	struct buffer *to)
{
	const char *filled = part->text;

	if (part->is_placeholder)
		filled = value(user, (struct span){ part->text, strlen(part->text) });
	if (filled == NULL)
		return 1;
	if (part->is_placeholder && text->is_line)
		return append_quoted(to, filled, part->quoting);
	return buffer_append(to, filled, strlen(filled));
}

int
text_fill(const struct text *text, pattern_value_fn value, void *user, struct buffer *to,
	struct span *missing)
{
	struct fragment part;

	for (uint32_t at = 0; text_part(text, &at, &part);) {
		int status = fill_part(text, &part, value, user, to);

		if (status == 1)
			*missing = (struct span){ part.text, strlen(part.text) };
		if (status == 0 && part.ends_word)
			status = buffer_append(to, "", 1);
		if (status != 0)
			return status;
	}
	return 0;
}
