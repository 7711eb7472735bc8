/*
 * A reader of shell syntax that knows just enough to tell quotes apart: what
 * is open lies on a stack, one character a level (' " ` ( { and + for
 * arithmetic).  It errs towards SHELL_UNSAFE, where only values that need no
 * quotes are let through, because a file name must never become a command.
 */
#include "shell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char
top_of(const struct shell_reader *reader)
{
	return reader->depth == 0 ? 0 : reader->levels[reader->depth - 1];
}

static void
open_level(struct shell_reader *reader, char level)
{
	if (reader->depth == SHELL_DEPTH)
		reader->lost = true;
	else
		reader->levels[reader->depth++] = level;
}

static void
close_level(struct shell_reader *reader)
{
	if (reader->depth > 0)
		reader->depth--;
}

/* A backquote closes what the last one opened, whatever else was open in between. */
static void
read_backquote(struct shell_reader *reader)
{
	if (reader->backquotes == 0) {
		reader->backquotes++;
		open_level(reader, '`');
		return;
	}
	while (reader->depth > 0 && top_of(reader) != '`')
		close_level(reader);
	close_level(reader);
	reader->backquotes--;
}

/* A character behind a dollar sign; true if it opened something. */
static bool
read_after_dollar(struct shell_reader *reader, char byte)
{
	if (reader->last[0] != '$')
		return false;
	if (byte == '(')
		open_level(reader, '(');
	else if (byte == '{')
		open_level(reader, '{');
	else
		return false;
	return true;
}

static bool
begins_word(unsigned char before)
{
	return before == 0 || strchr(" \t\n;&|(", before) != NULL;
}

/* $(( is arithmetic, which takes back what $( opened; in ${…} a parenthesis is a character like others. */
static void
read_parenthesis(struct shell_reader *reader)
{
	char top = top_of(reader);

	if (top == '(' && reader->last[0] == '(' && reader->last[1] == '$') {
		reader->levels[reader->depth - 1] = '+';
		open_level(reader, '+');
	} else if (top != '{') {
		open_level(reader, top == '+' ? '+' : '(');
	}
}

/* Remember a character. */
static void
push_last(struct shell_reader *reader, char byte)
{
	memmove(reader->last + 1, reader->last, sizeof reader->last - 1);
	reader->last[0] = (unsigned char)byte;
}

/* A character outside of quotes. */
static void
read_plain(struct shell_reader *reader, char byte)
{
	char top = top_of(reader);

	if (byte == '#' && begins_word(reader->last[0]) && top != '{' && top != '+') {
		reader->comment = true;
	} else if (byte == '\'' || byte == '"') {
		open_level(reader, byte);
	} else if (byte == '(') {
		read_parenthesis(reader);
	} else if ((byte == ')' && (top == '(' || top == '+')) || (byte == '}' && top == '{')) {
		close_level(reader);
	} else if (byte == '<' && reader->last[0] == '<' && top != '+') {
		reader->document = true;
	} else if (reader->depth > 0 && memcmp(reader->last, "esac", 4) == 0 &&
		strchr(" \t\n", byte) != NULL) {
		reader->lost = true; /* "case", newest first */
	}
}

void
shell_reader_next(struct shell_reader *reader, char byte)
{
	char top = top_of(reader);

	if (reader->comment) {
		reader->comment = byte != '\n';
	} else if (reader->escaped) {
		reader->escaped = false;
		byte = 'x'; /* whatever it is, it opens nothing */
	} else if (top == '\'') {
		if (byte == '\'')
			close_level(reader);
	} else if (byte == '\\') {
		reader->escaped = true;
	} else if (byte == '`') {
		read_backquote(reader);
	} else if (read_after_dollar(reader, byte)) {
		; /* done */
	} else if (top == '"') {
		if (byte == '"')
			close_level(reader);
	} else {
		read_plain(reader, byte);
	}
	push_last(reader, byte);
}

void
shell_reader_word(struct shell_reader *reader)
{
	push_last(reader, 'x');
	reader->escaped = false;
}

enum shell_place
shell_reader_place(const struct shell_reader *reader)
{
	char top = top_of(reader);
	size_t i;

	if (reader->escaped)
		return SHELL_ESCAPED;
	if (reader->comment)
		return SHELL_COMMENT;
	if (reader->lost || reader->backquotes != 0 || reader->document || reader->last[0] == '$')
		return SHELL_UNSAFE;
	/* Quotes inside of ${…} and $((…)) are read in ways that differ between shells. */
	for (i = reader->depth; i > 0 && reader->levels[i - 1] != '('; i--)
		if (reader->levels[i - 1] == '{' || reader->levels[i - 1] == '+')
			return SHELL_UNSAFE;
	if (top == '\'')
		return SHELL_SINGLE;
	return top == '"' ? SHELL_DOUBLE : SHELL_PLAIN;
}

bool
shell_is_plain(const char *value, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if ((value[i] < 'a' || value[i] > 'z') && (value[i] < 'A' || value[i] > 'Z') &&
			(value[i] < '0' || value[i] > '9') && value[i] != '.' && value[i] != '/' &&
			value[i] != '-' && value[i] != '_')
			return false;
	return size > 0;
}

/* 'value', with each ' in it as '"'"'. */
static void
add_quoted(struct text *out, const char *value, size_t size)
{
	size_t i;

	text_add_byte(out, '\'');
	for (i = 0; i < size; i++)
		if (value[i] == '\'')
			text_add_string(out, "'\"'\"'");
		else
			text_add_byte(out, value[i]);
	text_add_byte(out, '\'');
}

static void
add_in_comment(struct text *out, const char *value, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		text_add_byte(out, value[i]);
	for (i = out->size - size; i < out->size; i++)
		if (out->bytes[i] == '\n')
			out->bytes[i] = ' ';
}

bool
shell_quote(struct text *out, const char *value, size_t size, enum shell_place place)
{
	char mark = place == SHELL_SINGLE ? '\'' : '"';

	if (shell_is_plain(value, size)) {
		text_add(out, value, size);
	} else if (place == SHELL_PLAIN) {
		add_quoted(out, value, size);
	} else if (place == SHELL_SINGLE || place == SHELL_DOUBLE) {
		/* Leave the quotes, say it, and come back. */
		text_add_byte(out, mark);
		add_quoted(out, value, size);
		text_add_byte(out, mark);
	} else if (place == SHELL_COMMENT) {
		add_in_comment(out, value, size);
	} else {
		return false;
	}
	return true;
}

bool
shell_has_meta(const char *bytes, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (strchr("|&;<>()$`\\\"'*?[#~\n", bytes[i]) != NULL)
			return true;
	return false;
}

bool
shell_is_builtin(const char *name, size_t size)
{
	static const char *const words[] = { "!", ".", ":", "alias", "bg", "break", "case", "cd",
		"command", "continue", "eval", "exec", "exit", "export", "fc", "fg", "for",
		"getopts", "hash", "if", "jobs", "local", "read", "readonly", "return", "set",
		"shift", "times", "trap", "type", "ulimit", "umask", "unalias", "unset", "until",
		"wait", "while", "{" };
	size_t i;

	for (i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strlen(words[i]) == size && memcmp(words[i], name, size) == 0)
			return true;
	return false;
}

bool
shell_is_needed(const char *line)
{
	size_t size;

	line += strspn(line, " \t");
	size = strcspn(line, " \t");
	return shell_has_meta(line, strlen(line)) || shell_is_builtin(line, size) ||
		memchr(line, '=', size) != NULL;
}

/* 0, 126 or 127 for one path. */
static int
check_program(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return errno == EACCES ? 126 : 127;
	return S_ISREG(status.st_mode) && access(path, X_OK) == 0 ? 0 : 126;
}

int
shell_find_program(const char *name)
{
	const char *path = getenv("PATH"), *end; /* NOLINT(concurrency-mt-unsafe): one thread */
	struct text candidate = { 0 };
	int found, best = 127;

	if (name[0] == '\0')
		return 127;
	if (strchr(name, '/') != NULL)
		return check_program(name);
	for (path = path != NULL ? path : "/bin:/usr/bin"; best != 0; path = end + 1) {
		end = path + strcspn(path, ":");
		text_clear(&candidate);
		text_add(&candidate, path, (size_t)(end - path));
		text_add_string(&candidate, end == path ? "./" : "/");
		text_add(&candidate, name, strlen(name) + 1);
		found = check_program(candidate.bytes);
		if (found < best)
			best = found;
		if (*end == '\0')
			break;
	}
	text_finish(&candidate);
	return best;
}
