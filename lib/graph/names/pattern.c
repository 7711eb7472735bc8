/*
 * Names with placeholders.  Because text between two placeholders begins with
 * the separator and no value but the last contains one, each value ends at
 * the next separator: matching never has to try again.
 */
#define _GNU_SOURCE /* memmem */
#include "graph/names/pattern.h"

#include <string.h>

#include "base/memory.h"

const char *
pattern_fault_text(int fault)
{
	switch (fault) {
	case PATTERN_EMPTY: return "it is empty";
	case PATTERN_BRACKET: return "a placeholder is a word in brackets, as in build::[target]";
	case PATTERN_SEPARATION:
		return "text between two placeholders begins and ends with the separator";
	default: return "out of memory: free some and call again";
	}
}

/* --- compile --- */

/* The number of the placeholder that was read last: that of an earlier one with its name, or a new one. */
static void
number_placeholder(struct pattern *pattern, struct piece *piece)
{
	piece->placeholder = pattern_placeholder(pattern, piece->text, piece->size);
	if (piece->placeholder == PATTERN_LITERAL)
		piece->placeholder = pattern->n_placeholders++;
}

static int
read_pieces(struct pattern *pattern)
{
	const char *at = pattern->text;

	while (*at != '\0') {
		struct piece *piece = &pattern->pieces[pattern->n_pieces];
		int in_brackets = *at == '[';

		piece->text = at + in_brackets;
		piece->size = strcspn(piece->text, "[]");
		piece->placeholder = PATTERN_LITERAL;
		at = piece->text + piece->size;
		if (in_brackets ? *at != ']' || piece->size == 0 : *at == ']')
			return PATTERN_BRACKET;
		if (in_brackets)
			number_placeholder(pattern, piece);
		at += in_brackets;
		pattern->n_pieces++;
	}
	return PATTERN_OK;
}

static int
is_separation(const struct piece *piece, const char *separator)
{
	size_t size = strlen(separator);

	return piece->placeholder == PATTERN_LITERAL && piece->size >= size &&
		memcmp(piece->text, separator, size) == 0 &&
		memcmp(piece->text + piece->size - size, separator, size) == 0;
}

static int
check_separation(const struct pattern *pattern, const char *separator)
{
	uint32_t first = 0, end = pattern->n_pieces;

	while (first < end && pattern->pieces[first].placeholder == PATTERN_LITERAL)
		first++;
	while (end > first && pattern->pieces[end - 1].placeholder == PATTERN_LITERAL)
		end--;
	for (uint32_t i = first + 1; i < end; i += 2)
		if (!is_separation(&pattern->pieces[i], separator))
			return PATTERN_SEPARATION;
	return PATTERN_OK;
}

/* An upper bound: each opening bracket begins a piece and may end one before it. */
static size_t
count_pieces(const char *text)
{
	size_t count = 1;

	for (; *text != '\0'; text++)
		count += *text == '[' ? 2 : 0;
	return count;
}

int
pattern_compile(struct pattern *pattern, const char *text, const char *separator, int reading)
{
	int fault = PATTERN_NO_MEMORY;

	*pattern = (struct pattern){ 0 };
	if (*text == '\0')
		return PATTERN_EMPTY;
	pattern->text = memory_copy(text, strlen(text));
	pattern->pieces = memory_new(count_pieces(text), sizeof *pattern->pieces);
	if (pattern->text != NULL && pattern->pieces != NULL) {
		fault = read_pieces(pattern);
		if (fault == PATTERN_OK && reading == PATTERN_NAME)
			fault = check_separation(pattern, separator);
	}
	if (fault != PATTERN_OK) {
		pattern_finish(pattern);
		return fault;
	}
	if (pattern->pieces[0].placeholder == PATTERN_LITERAL)
		pattern->prefix = (uint32_t)pattern->pieces[0].size;
	return PATTERN_OK;
}

void
pattern_finish(struct pattern *pattern)
{
	memory_free(pattern->text);
	memory_free(pattern->pieces);
	*pattern = (struct pattern){ 0 };
}

/* --- look at --- */

static const struct piece *
first_mention(const struct pattern *pattern, uint32_t placeholder)
{
	const struct piece *piece = pattern->pieces;

	while (piece->placeholder != placeholder)
		piece++;
	return piece;
}

uint32_t
pattern_placeholder(const struct pattern *pattern, const char *name, size_t size)
{
	for (uint32_t i = 0; i < pattern->n_pieces; i++) {
		const struct piece *piece = &pattern->pieces[i];

		if (piece->placeholder != PATTERN_LITERAL && piece->size == size &&
			memcmp(piece->text, name, size) == 0)
			return piece->placeholder;
	}
	return PATTERN_LITERAL;
}

struct span
pattern_placeholder_name(const struct pattern *pattern, uint32_t placeholder)
{
	const struct piece *piece = first_mention(pattern, placeholder);

	return (struct span){ piece->text, piece->size };
}

/* --- match --- */

/* Take size bytes off the front. */
static struct span
take(struct span *rest, size_t size)
{
	struct span taken = { rest->at, size };

	rest->at += size;
	rest->size -= size;
	return taken;
}

/* How long the value of a placeholder is; 0: there is none. */
static size_t
value_size(const struct pattern *pattern, uint32_t at, const char *separator, struct span rest)
{
	const char *end;

	if (at + 1 == pattern->n_pieces)
		return rest.size;
	if (at + 2 ==
		pattern->n_pieces) { /* the last one takes what is left before the text behind it */
		const struct piece *suffix = &pattern->pieces[at + 1];

		return rest.size > suffix->size ? rest.size - suffix->size : 0;
	}
	end = memmem(rest.at, rest.size, separator, strlen(separator));
	return end != NULL ? (size_t)(end - rest.at) : 0;
}

static int
match_piece(const struct pattern *pattern, uint32_t at, const char *separator, struct span *rest,
	struct span *values)
{
	const struct piece *piece = &pattern->pieces[at];
	struct span *value;
	size_t size;

	if (piece->placeholder == PATTERN_LITERAL)
		return rest->size >= piece->size &&
			memcmp(take(rest, piece->size).at, piece->text, piece->size) == 0;
	size = value_size(pattern, at, separator, *rest);
	value = &values[piece->placeholder];
	if (size == 0)
		return 0;
	if (value->at == NULL) {
		*value = take(rest, size);
		return 1;
	}
	return value->size == size && memcmp(value->at, take(rest, size).at, size) == 0;
}

int
pattern_match(
	const struct pattern *pattern, const char *separator, struct span name, struct span *values)
{
	for (uint32_t i = 0; i < pattern->n_placeholders; i++)
		values[i] = (struct span){ 0 };
	for (uint32_t i = 0; i < pattern->n_pieces; i++)
		if (!match_piece(pattern, i, separator, &name, values))
			return 0;
	return name.size == 0;
}

/* --- fill --- */

int
pattern_fill(const struct pattern *pattern, pattern_value_fn value, void *user, struct buffer *to,
	struct span *missing)
{
	for (uint32_t i = 0; i < pattern->n_pieces; i++) {
		const struct piece *piece = &pattern->pieces[i];
		struct span text = { piece->text, piece->size };

		if (piece->placeholder != PATTERN_LITERAL) {
			const char *filled = value(user, text);

			if (filled == NULL) {
				*missing = text;
				return 1;
			}
			text = (struct span){ filled, strlen(filled) };
		}
		if (buffer_append(to, text.at, text.size) != 0)
			return -1;
	}
	return 0;
}

int
pattern_fill_spans(const struct pattern *pattern, const struct span *values, struct buffer *to)
{
	for (uint32_t i = 0; i < pattern->n_pieces; i++) {
		const struct piece *piece = &pattern->pieces[i];
		struct span text = { piece->text, piece->size };

		if (piece->placeholder != PATTERN_LITERAL)
			text = values[piece->placeholder];
		if (buffer_append(to, text.at, text.size) != 0)
			return -1;
	}
	return 0;
}

/* --- globs --- */

int
glob_is(const char *text, size_t size)
{
	return memchr(text, '*', size) != NULL || memchr(text, '?', size) != NULL;
}

/* Bytes of the UTF-8 character that begins here; any other byte stands for itself. */
static size_t
character(struct span text)
{
	unsigned char first = (unsigned char)*text.at;
	size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;

	if (size > text.size)
		return 1;
	for (size_t i = 1; i < size; i++)
		if (((unsigned char)text.at[i] & 0xc0) != 0x80)
			return 1;
	return size;
}

/* The last `*` is the only place to go back to, so this is at worst the product of both sizes. */
int
glob_match(struct span glob, struct span text)
{
	struct span after_star = { 0 }, tried = { 0 };

	while (text.size != 0 || (glob.size != 0 && *glob.at == '*')) {
		if (glob.size != 0 && *glob.at == '*') {
			take(&glob, 1);
			after_star = glob;
			tried = text;
		} else if (glob.size != 0 && (*glob.at == '?' || *glob.at == *text.at)) {
			take(&text, *glob.at == '?' ? character(text) : 1);
			take(&glob, 1);
		} else if (after_star.at != NULL) {
			take(&tried, 1);
			text = tried;
			glob = after_star;
		} else {
			return 0;
		}
	}
	return glob.size == 0;
}
