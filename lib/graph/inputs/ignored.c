/* What is left out, for the walk (inputs.c) and for those who hear of a path. */
#include "graph/inputs/ignored.h"

#include <string.h>

#include "base/memory.h"

struct ignoring {
	struct path_glob glob;
	int directories; /* matches those only */
};

static int
bad_pattern(struct error *error, const char *pattern, const char *why)
{
	return error_set(error, ORD_EINVAL, "the pattern '%s' %s", pattern, why);
}

void
path_glob_normalize(char *path)
{
	char *to = path, *from = path;

	while (*from != '\0') {
		int start = to == path || to[-1] == '/';

		if (*from == '/' && start && to != path)
			from++;
		else if (start && from[0] == '.' && (from[1] == '/' || from[1] == '\0'))
			from += from[1] == '/' ? 2 : 1;
		else
			*to++ = *from++;
		/* What follows "./" at the beginning is not absolute. */
		while (to == path && from != path && *from == '/')
			from++;
	}
	if (to - path > 1 && to[-1] == '/' && to[-2] != '\\')
		to--;
	*to = '\0';
}

/* Texts become shorter where they lie: what is behind one moves up. */
static void
normalize_all(struct buffer *texts, size_t from)
{
	size_t to = from;

	for (size_t at = from; at < texts->size;) {
		char *text = texts->bytes + at;
		size_t size;

		at += strlen(text) + 1;
		path_glob_normalize(text);
		size = strlen(text) + 1;
		memmove(texts->bytes + to, text, size);
		to += size;
	}
	texts->size = to;
}

int
path_glob_texts(const char *pattern, struct buffer *texts, struct error *error)
{
	size_t from = texts->size;
	int fault;

	if (*pattern == '\0')
		return bad_pattern(error, pattern, "is empty");
	fault = path_glob_braces(pattern, texts);
	if (fault < 0)
		return error_memory(error);
	if (fault > 0)
		return bad_pattern(error, pattern, "has braces that stand for too much: write `*`");
	normalize_all(texts, from);
	return 0;
}

int
path_glob_read(struct path_glob *glob, const char *text, struct error *error)
{
	int fault = path_glob_compile(glob, text);

	if (fault < 0)
		return error_memory(error);
	return fault > 0
		? bad_pattern(error, text, "has a bracket that is not closed: put \\ before it")
		: 0;
}

/* A pattern that ends with a slash and two stars also ignores the directory before them, which is then not even read. */
static int
add_text(struct ignored *ignored, const char *text, int directories, struct error *error)
{
	size_t more = ignored->n + 1;
	struct ignoring *items = memory_resize(ignored->items, more * sizeof *items);
	int status;

	if (items == NULL)
		return error_memory(error);
	ignored->items = items;
	status = path_glob_read(&items[ignored->n].glob, text, error);
	if (status == 0)
		items[ignored->n++].directories = directories;
	return status;
}

static int
add_pattern(struct ignored *ignored, const char *pattern, struct error *error)
{
	struct buffer texts = { 0 };
	int status = path_glob_texts(pattern, &texts, error);

	for (size_t at = 0; status == 0 && at < texts.size;) {
		char *text = texts.bytes + at;
		size_t size = strlen(text);

		at += size + 1;
		status = add_text(ignored, text, 0, error);
		if (status == 0 && size > 3 && strcmp(text + size - 3, "/**") == 0) {
			text[size - 3] = '\0';
			status = add_text(ignored, text, 1, error);
		}
	}
	buffer_finish(&texts);
	return status;
}

int
ignored_add(struct ignored *ignored, const char *const *patterns, struct error *error)
{
	int status = 0;

	for (; status == 0 && patterns != NULL && *patterns != NULL; patterns++)
		status = add_pattern(ignored, *patterns, error);
	return status;
}

int
ignored_match(const struct ignored *ignored, const char *path, size_t size, int directory)
{
	for (size_t i = 0; i < ignored->n; i++) {
		const struct ignoring *item = &ignored->items[i];
		int answer;

		if (item->directories && !directory)
			continue;
		answer = path_glob_match(&item->glob, path, size);
		if (answer != GLOB_NO)
			return answer == GLOB_YES ? 1 : -1;
	}
	return 0;
}

int
ignored_match_within(const struct ignored *ignored, const char *path)
{
	size_t size = strlen(path);

	for (size_t at = 1; at < size; at++) {
		int answer = path[at] == '/' ? ignored_match(ignored, path, at, 1) : 0;

		if (answer != 0)
			return answer;
	}
	return ignored_match(ignored, path, size, 0);
}

void
ignored_finish(struct ignored *ignored)
{
	while (ignored->n != 0)
		path_glob_finish(&ignored->items[--ignored->n].glob);
	memory_free(ignored->items);
	*ignored = (struct ignored){ 0 };
}
