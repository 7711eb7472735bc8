/*
 * The grammar of a placeholder is small: { [number] [edit] } with the edits
 * . / // /. and, without a number, # and %.  Anything else in braces is left
 * as it is, because awk programs and regular expressions are full of them.
 */
#include "placeholder.h"

#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "text.h"

#define NUMBER_MAX 100000 /* more digits are no number of a source */

/* Reads [-]digits at *at; 0 if there are none. */
static long
take_number(const char **at)
{
	const char *p = *at;
	bool negative = *p == '-';
	long number = 0;

	if (negative)
		p++;
	if (*p < '1' || *p > '9')
		return 0;
	while (*p >= '0' && *p <= '9' && number < NUMBER_MAX)
		number = number * 10 + (*p++ - '0');
	*at = p;
	return negative ? -number : number;
}

/* Reads an edit at *at; true if it ends where the placeholder has to end. */
static bool
take_edit(const char **at, enum part_edit *edit)
{
	static const struct {
		const char *text;
		enum part_edit edit;
	} edits[] = { { "}", EDIT_NONE }, { ".}", EDIT_NO_EXTENSION }, { "/}", EDIT_BASE },
		{ "//}", EDIT_FOLDER }, { "/.}", EDIT_BASE_NO_EXTENSION } };
	size_t i, size;

	for (i = 0; i < sizeof edits / sizeof edits[0]; i++) {
		size = strlen(edits[i].text);
		if (strncmp(*at, edits[i].text, size) == 0) {
			*at += size;
			*edit = edits[i].edit;
			return true;
		}
	}
	return false;
}

/* Reads a placeholder at text; 0 if none begins here.  *number is as written, 0 without. */
static size_t
take_placeholder(const char *text, struct part *part, long *number)
{
	const char *at = text + 1;

	*part = (struct part){ .text = text };
	*number = 0;
	if (text[0] != '{')
		return 0;
	if ((*at == '#' || *at == '%') && at[1] == '}') {
		part->kind = *at == '#' ? PART_SEQUENCE : PART_SLOT;
		return part->size = 3;
	}
	*number = take_number(&at);
	if (!take_edit(&at, &part->edit))
		return 0;
	part->kind = PART_VALUE;
	return part->size = (size_t)(at - text);
}

/* Turns the number as written into that of a source; false after a complaint. */
static bool
settle_source(struct part *part, long number, size_t n_sources)
{
	long count = (long)n_sources;
	long source = number < 0 ? count + 1 + number : number;

	if (number != 0 && (source < 1 || source > count)) {
		complain(
			"%.*s: there %s only %zu input source%s; add one with ::: or ::::, or write the command "
			"as one argument with \\%.*s to keep it as it is",
			(int)part->size, part->text, n_sources == 1 ? "is" : "are", n_sources,
			n_sources == 1 ? "" : "s", (int)part->size, part->text);
		return false;
	}
	part->source = (size_t)source;
	return true;
}

static void
add_part(struct pattern *pattern, const struct part *part)
{
	if (part->kind == PART_TEXT && part->size == 0)
		return;
	if ((pattern->n_parts & (pattern->n_parts + 1)) == 0)
		pattern->parts = text_reallocate(
			pattern->parts, 2 * pattern->n_parts + 2, sizeof *pattern->parts);
	pattern->parts[pattern->n_parts++] = *part;
	pattern->placeholders |= part->kind != PART_TEXT;
	pattern->slots |= part->kind == PART_SLOT;
}

static void
add_text(struct pattern *pattern, const char *begin, const char *end)
{
	struct part part = { .kind = PART_TEXT, .text = begin, .size = (size_t)(end - begin) };

	add_part(pattern, &part);
}

bool
pattern_parse(struct pattern *pattern, const char *word, size_t n_sources, bool in_shell)
{
	struct shell_reader reader = { 0 };
	const char *begin = word, *at = word;
	struct part part;
	size_t size;
	long number;

	*pattern = (struct pattern){ 0 };
	while (*at != '\0') {
		size = take_placeholder(at, &part, &number);
		if (part.kind == PART_VALUE && n_sources == 0)
			size = 0;
		if (size != 0 && in_shell) {
			part.place = shell_reader_place(&reader);
			if (part.place == SHELL_ESCAPED)
				size = 0;
		}
		if (size == 0) {
			shell_reader_next(&reader, *at++);
			continue;
		}
		add_text(pattern, begin, at);
		if (!settle_source(&part, number, n_sources))
			return false;
		add_part(pattern, &part);
		at += size;
		begin = at;
		shell_reader_word(&reader);
	}
	add_text(pattern, begin, at);
	return true;
}

void
pattern_finish(struct pattern *pattern)
{
	free(pattern->parts);
	*pattern = (struct pattern){ 0 };
}

/* Bytes of name[size] before the dot of its extension. */
static size_t
without_extension(const char *name, size_t size)
{
	size_t at = size;

	while (at > 0 && name[at - 1] != '/') {
		at--;
		if (name[at] == '.')
			return at;
	}
	return size;
}

/* As dirname(1): "a//b/" gives "a". */
static void
folder_of(const char *value, const char **folder, size_t *size)
{
	size_t end = strlen(value);

	while (end > 1 && value[end - 1] == '/')
		end--;
	while (end > 0 && value[end - 1] != '/')
		end--;
	*folder = end == 0 ? "." : value;
	while (end > 1 && value[end - 1] == '/')
		end--;
	*size = end == 0 ? 1 : end;
}

void
placeholder_edit(enum part_edit edit, const char *value, const char **edited, size_t *size)
{
	const char *base = strrchr(value, '/');

	*edited = value;
	if (edit == EDIT_FOLDER) {
		folder_of(value, edited, size);
		return;
	}
	if (base != NULL && (edit == EDIT_BASE || edit == EDIT_BASE_NO_EXTENSION))
		*edited = base + 1;
	*size = strlen(*edited);
	if (edit == EDIT_NO_EXTENSION || edit == EDIT_BASE_NO_EXTENSION)
		*size = without_extension(*edited, *size);
}
