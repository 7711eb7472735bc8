/*
 * PCRE2 converts globs to regular expressions, but for braces, and matches
 * them.  A name need not be UTF-8: it is then matched as bytes, so that `?`
 * is one byte of it.  The only file that knows PCRE2.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "graph/inputs/globs.h"

#include <fnmatch.h>
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

#define REGEX_STEPS_MAX 1000000u /* some milliseconds */
#define REGEX_KIB_MAX 16384u

static void *
take(size_t size, void *user)
{
	(void)user;
	return memory_resize(NULL, size);
}

static void
give(void *block, void *user)
{
	(void)user;
	memory_free(block);
}

/* The length of the text in front of the first byte of these; a backslash hides one. */
static size_t
find_special(const char *text, const char *special)
{
	size_t at = 0;

	while (text[at] != '\0' && strchr(special, text[at]) == NULL)
		at += text[at] == '\\' && text[at + 1] != '\0' ? 2 : 1;
	return at;
}

int
path_glob_is(const char *text)
{
	return text[find_special(text, "*?[")] != '\0';
}

void
path_glob_plain(char *text)
{
	char *to = text;

	for (; *text != '\0'; *to++ = *text++)
		if (*text == '\\' && text[1] != '\0' && strchr("*?[]{},\\", text[1]) != NULL)
			text++;
	*to = '\0';
}

/* The length of the brace group at text, with at least one comma; 0: it is none. */
static size_t
group_size(const char *text)
{
	size_t depth = 0;
	int commas = 0;

	for (size_t at = 0; text[at] != '\0'; at++) {
		if (text[at] == '\\' && text[at + 1] != '\0')
			at++;
		else if (text[at] == '{')
			depth++;
		else if (text[at] == ',' && depth == 1)
			commas = 1;
		else if (text[at] == '}' && --depth == 0)
			return commas ? at + 1 : 0;
	}
	return 0;
}

/* Where the first brace group begins; the end of the text: there is none. */
static size_t
find_group(const char *text)
{
	size_t at = find_special(text, "{");

	while (text[at] != '\0' && group_size(text + at) == 0)
		at += 1 + find_special(text + at + 1, "{");
	return at;
}

/* Where the part of a group that begins at text ends: at its comma or closing brace. */
static size_t
part_size(const char *text)
{
	size_t depth = 0, at = 0;

	while ((text[at] != ',' && text[at] != '}') || depth != 0) {
		depth += text[at] == '{';
		depth -= text[at] == '}';
		at += text[at] == '\\' && text[at + 1] != '\0' ? 2 : 1;
	}
	return at;
}

/* Push the texts that the first group of a text, from `at` on, stands for. */
static int
push_parts(struct buffer *pending, const char *text, size_t at)
{
	size_t end = at + group_size(text + at), from = at + 1;

	while (from < end) {
		size_t size = part_size(text + from);

		if (buffer_append(pending, text, at) != 0 ||
			buffer_append(pending, text + from, size) != 0 ||
			buffer_append(pending, text + end, strlen(text + end) + 1) != 0)
			return -1;
		from += size + 1;
	}
	return 0;
}

/* Take the last of the texts that are pending; a copy, NULL without memory. */
static char *
pop(struct buffer *pending)
{
	size_t start = pending->size - 1;
	char *text;

	while (start != 0 && pending->bytes[start - 1] != '\0')
		start--;
	text = memory_copy(pending->bytes + start, pending->size - 1 - start);
	pending->size = start;
	return text;
}

int
path_glob_braces(const char *text, struct buffer *to)
{
	struct buffer pending = { 0 };
	int status = buffer_append(&pending, text, strlen(text) + 1), made = 0;

	while (status == 0 && pending.size != 0) {
		char *next = pop(&pending);
		size_t at;

		if (next == NULL) {
			status = -1;
			break;
		}
		at = find_group(next);
		if (next[at] != '\0')
			status = push_parts(&pending, next, at);
		else if (++made > GLOBS_BRACES_MAX)
			status = 1;
		else
			status = buffer_append(to, next, strlen(next) + 1);
		/* Each pending text becomes at least one. */
		if (status == 0 && pending.size > (size_t)GLOBS_BRACES_MAX * 4096)
			status = 1;
		memory_free(next);
	}
	buffer_finish(&pending);
	return status;
}

/* A program for a glob; NULL with *fault: -1 without memory, 1 it is none, or a text that is not UTF-8. */
static pcre2_code *
compile(const char *text, int utf, pcre2_general_context *general, int *fault)
{
	pcre2_convert_context *conversion = pcre2_convert_context_create(general);
	pcre2_compile_context *context = pcre2_compile_context_create(general);
	uint32_t convert = PCRE2_CONVERT_GLOB | (utf ? PCRE2_CONVERT_UTF : 0);
	PCRE2_UCHAR *expression = NULL;
	pcre2_code *code = NULL;
	PCRE2_SIZE size = 0, offset;
	int status = PCRE2_ERROR_NOMEMORY;

	if (conversion != NULL && context != NULL) {
		pcre2_set_glob_separator(conversion, '/');
		pcre2_set_glob_escape(conversion, '\\');
		status = pcre2_pattern_convert(
			(PCRE2_SPTR)text, strlen(text), convert, &expression, &size, conversion);
		if (status == 0)
			code = pcre2_compile(
				expression, size, utf ? PCRE2_UTF : 0, &status, &offset, context);
	}
	/* Errors of compilation are positive; this one says that there is no memory. */
	*fault = status == PCRE2_ERROR_NOMEMORY || (code == NULL && status == 121) ? -1 : 1;
	pcre2_converted_pattern_free(expression);
	pcre2_convert_context_free(conversion);
	pcre2_compile_context_free(context);
	return code;
}

/* The directory in front of the first component that is not plain. */
static size_t
fixed_of(const char *text)
{
	size_t end = 0, special = find_special(text, "*?[\\");

	for (size_t at = 0; at < special; at++)
		if (text[at] == '/')
			end = at;
	return end == 0 && special != 0 && *text == '/' ? 1 : end;
}

int
path_glob_compile(struct path_glob *glob, const char *text)
{
	pcre2_general_context *general = pcre2_general_context_create(take, give, NULL);
	int fault = -1, ignored;

	*glob = (struct path_glob){ .fixed = fixed_of(text), .deep = strstr(text, "**") != NULL };
	glob->hidden = *text == '.' || strstr(text, "/.") != NULL;
	glob->text = memory_copy(text, strlen(text));
	if (general != NULL && glob->text != NULL)
		glob->bytes = compile(text, 0, general, &fault);
	if (glob->bytes != NULL) {
		fault = -1;
		glob->matches = pcre2_match_data_create(1, general);
		if (glob->matches != NULL)
			fault = 0;
	}
	/* A text that is not UTF-8 has no characters. */
	if (fault == 0 && text[find_special(text, "?[")] != '\0') {
		glob->characters = compile(text, 1, general, &ignored);
		if (glob->characters == NULL && ignored < 0)
			fault = -1;
	}
	pcre2_general_context_free(general);
	if (fault != 0)
		path_glob_finish(glob);
	return fault;
}

int
path_regex_compile(struct path_glob *glob, const char *text)
{
	pcre2_general_context *general = pcre2_general_context_create(take, give, NULL);
	pcre2_compile_context *context = NULL;
	PCRE2_SIZE offset;
	int fault = -1, status = 0;

	*glob = (struct path_glob){ .text = memory_copy("", 0), .deep = 1, .regex = 1 };
	if (general != NULL)
		context = pcre2_compile_context_create(general);
	if (glob->text != NULL && context != NULL)
		glob->bytes = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_ANCHORED,
			&status, &offset, context);
	if (glob->bytes != NULL) {
		glob->matches = pcre2_match_data_create(1, general);
		fault = glob->matches != NULL ? 0 : -1;
	} else if (status != 0 && status != 121) {
		fault = 1;
	}
	pcre2_compile_context_free(context);
	pcre2_general_context_free(general);
	if (fault != 0)
		path_glob_finish(glob);
	return fault;
}

void
path_glob_finish(struct path_glob *glob)
{
	pcre2_match_data_free(glob->matches);
	pcre2_code_free(glob->bytes);
	pcre2_code_free(glob->characters);
	memory_free(glob->text);
	*glob = (struct path_glob){ 0 };
}

/* As characters if it is made of them, else as bytes. */
static int
run(const struct path_glob *glob, const char *path, size_t size, uint32_t options)
{
	int status = PCRE2_ERROR_BADDATA;

	if (glob->characters != NULL)
		status = pcre2_match(
			glob->characters, (PCRE2_SPTR)path, size, 0, options, glob->matches, NULL);
	if (glob->characters == NULL ||
		(status <= PCRE2_ERROR_UTF8_ERR1 && status >= PCRE2_ERROR_UTF8_ERR21))
		status = pcre2_match(
			glob->bytes, (PCRE2_SPTR)path, size, 0, options, glob->matches, NULL);
	if (status == PCRE2_ERROR_PARTIAL)
		return GLOB_BELOW;
	if (status == PCRE2_ERROR_NOMATCH)
		return GLOB_NO;
	/* What else there is are limits: of memory, or of steps, that a glob does not come near. */
	return status >= 0 ? GLOB_YES : GLOB_NO_MEMORY;
}

int
path_glob_match(const struct path_glob *glob, const char *path, size_t size)
{
	return run(glob, path, size, glob->regex ? PCRE2_ENDANCHORED : 0);
}

int
path_glob_enters(const struct path_glob *glob, const char *path, size_t size)
{
	char slashed[4200];
	int answer;

	if (size + 1 >= sizeof slashed)
		return GLOB_BELOW;
	memcpy(slashed, path, size);
	slashed[size] = '/';
	answer = run(glob, slashed, size + 1, PCRE2_PARTIAL_HARD);
	return answer == GLOB_YES ? GLOB_BELOW : answer;
}

int
path_glob_hidden(const struct path_glob *glob, const char *name)
{
	char component[1024];

	for (const char *at = glob->text; *at != '\0'; at += *at == '/') {
		size_t size = strcspn(at, "/");

		if (*at == '.' && size < sizeof component) {
			memcpy(component, at, size);
			component[size] = '\0';
			if (fnmatch(component, name, 0) == 0)
				return 1;
		}
		at += size;
	}
	return 0;
}

/* --- regular expressions --- */

static pcre2_code *
compile_regex(const char *text, pcre2_compile_context *context, int *fault, size_t *offset)
{
	return pcre2_compile((PCRE2_SPTR)text, strlen(text), PCRE2_UTF | PCRE2_MATCH_INVALID_UTF,
		fault, offset, context);
}

static void
say_fault(int fault, size_t offset, char *text, size_t size)
{
	PCRE2_UCHAR words[200];

	if (pcre2_get_error_message(fault, words, sizeof words) < 0)
		words[0] = '\0';
	snprintf(text, size, "%s, at byte %zu", (const char *)words, offset);
}

int
regex_compile(struct regex *regex, const char *text, char *fault, size_t size)
{
	pcre2_general_context *general = pcre2_general_context_create(take, give, NULL);
	pcre2_compile_context *context = pcre2_compile_context_create(general);
	int status = PCRE2_ERROR_NOMEMORY;
	size_t offset = 0;

	*regex = (struct regex){ 0 };
	if (general != NULL && context != NULL)
		regex->program = compile_regex(text, context, &status, &offset);
	if (regex->program != NULL) {
		regex->matches = pcre2_match_data_create(1, general);
		regex->limits = pcre2_match_context_create(general);
	}
	pcre2_compile_context_free(context);
	pcre2_general_context_free(general);
	if (regex->matches != NULL && regex->limits != NULL) {
		pcre2_set_match_limit(regex->limits, REGEX_STEPS_MAX);
		pcre2_set_heap_limit(regex->limits, REGEX_KIB_MAX);
		return 0;
	}
	/* 121 is what compiling says without memory. */
	if (regex->program == NULL && status != PCRE2_ERROR_NOMEMORY && status != 121) {
		say_fault(status, offset, fault, size);
		return 1;
	}
	regex_finish(regex);
	return -1;
}

void
regex_finish(struct regex *regex)
{
	pcre2_match_data_free(regex->matches);
	pcre2_match_context_free(regex->limits);
	pcre2_code_free(regex->program);
	*regex = (struct regex){ 0 };
}

int
regex_match(const struct regex *regex, const char *bytes, size_t size)
{
	int status = pcre2_match(
		regex->program, (PCRE2_SPTR)bytes, size, 0, 0, regex->matches, regex->limits);

	if (status == PCRE2_ERROR_NOMEMORY)
		return -1;
	return status >= 0;
}
