/* Depfiles: words, and where the colon stands. */
#include "graph/history/depfile.h"

#include <string.h>

struct reader {
	const char *at, *end;
	unsigned line;
	struct buffer word; /* with its NUL */
	struct texts *files;
	struct error *error;
};

static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* How many bytes the end of a line at `at` has; 0: there is none. */
static size_t
line_end(const struct reader *reader, const char *at)
{
	if (at < reader->end && *at == '\n')
		return 1;
	return at + 1 < reader->end && at[0] == '\r' && at[1] == '\n' ? 2 : 0;
}

/* Blanks, continued lines, and a comment. */
static void
skip_blanks(struct reader *reader)
{
	while (reader->at < reader->end) {
		size_t end = *reader->at == '\\' ? line_end(reader, reader->at + 1) : 0;

		if (end != 0) {
			reader->at += 1 + end;
			reader->line++;
		} else if (*reader->at == '#') {
			while (reader->at < reader->end && *reader->at != '\n')
				reader->at++;
		} else if (is_blank(*reader->at) && line_end(reader, reader->at) == 0) {
			reader->at++;
		} else {
			break;
		}
	}
}

/*
 * Backslashes: in front of a space or `#` half of them are meant, and one
 * that is left over takes what follows as it is; elsewhere all are meant.
 */
static int
read_backslashes(struct reader *reader)
{
	size_t n = 0, kept;

	while (reader->at + n < reader->end && reader->at[n] == '\\')
		n++;
	kept = n;
	if (reader->at + n < reader->end && line_end(reader, reader->at + n) != 0)
		kept = --n; /* the last one continues the line */
	else if (reader->at + n < reader->end && strchr(" \t#:", reader->at[n]) != NULL)
		kept = n / 2;
	for (size_t i = 0; i < kept; i++)
		if (buffer_append(&reader->word, "\\", 1) != 0)
			return -1;
	reader->at += n;
	if (kept == n || n % 2 == 0)
		return 0;
	return buffer_append(&reader->word, reader->at++, 1);
}

/* Does a word end here?  A colon ends one if a blank or the end of the line follows. */
static int
ends_word(const struct reader *reader)
{
	const char *at = reader->at;

	if (at == reader->end || *at == '\n' || is_blank(*at))
		return 1;
	if (*at == '\\')
		return line_end(reader, at + 1) != 0;
	if (*at != ':' || at + 1 == reader->end)
		return *at == ':';
	if (at[1] == '\\')
		return line_end(reader, at + 2) != 0;
	return at[1] == '\n' || is_blank(at[1]);
}

static int
read_word(struct reader *reader)
{
	int status = 0;

	reader->word.size = 0;
	while (status == 0 && !ends_word(reader)) {
		int dollars =
			*reader->at == '$' && reader->at + 1 < reader->end && reader->at[1] == '$';

		if (*reader->at == '\\') {
			status = read_backslashes(reader);
			continue;
		}
		status = buffer_append(&reader->word, reader->at, 1);
		reader->at += 1 + dollars;
	}
	return status == 0 ? buffer_append(&reader->word, "", 1) : -1;
}

static int
wrong(const struct reader *reader, const char *what)
{
	return error_set(reader->error, ORD_EINVAL, "line %u %s", reader->line, what);
}

/* One rule, with all the lines that it goes over; an empty line is none. */
static int
read_rule(struct reader *reader, unsigned *rules)
{
	int targets = 0, colon = 0;

	for (;;) {
		skip_blanks(reader);
		if (reader->at == reader->end || line_end(reader, reader->at) != 0)
			break;
		if (!colon && *reader->at == ':' && ends_word(reader)) {
			colon = 1;
			reader->at++;
			continue;
		}
		if (read_word(reader) != 0)
			return error_memory(reader->error);
		/* A colon that ends a word behind the first one belongs to nothing. */
		if (reader->word.size == 1)
			return wrong(reader, "has a ':' where a file is expected");
		if (colon && texts_add(reader->files, reader->word.bytes) != 0)
			return error_memory(reader->error);
		targets += !colon;
	}
	if (targets == 0 && !colon)
		return ORD_OK;
	if (!colon || targets == 0)
		return wrong(reader,
			colon ? "has no target before its ':'" : "has no ':' behind its targets");
	++*rules;
	return ORD_OK;
}

int
depfile_read(const char *text, size_t size, struct texts *files, struct error *error)
{
	struct reader reader = {
		.at = text, .end = text + size, .line = 1, .files = files, .error = error
	};
	unsigned rules = 0;
	int status = ORD_OK;

	if (size != 0 && memchr(text, '\0', size) != NULL)
		return error_set(error, ORD_EINVAL, "it has a NUL byte");
	while (status == ORD_OK && reader.at < reader.end) {
		size_t end;

		status = read_rule(&reader, &rules);
		end = status == ORD_OK ? line_end(&reader, reader.at) : 0;
		reader.at += end;
		reader.line += end != 0;
	}
	buffer_finish(&reader.word);
	if (status == ORD_OK && rules == 0)
		status = error_set(error, ORD_EINVAL, "it is empty: it has no rule");
	return status;
}
