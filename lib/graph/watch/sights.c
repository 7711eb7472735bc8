/* Patterns become sights and spots; which of them mean a path.  The rules are those of inputs.h. */
#define _GNU_SOURCE /* memrchr */
#include "graph/watch/sights.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

struct ignored_set {
	struct ignored ignored;
	struct ignored_set *next;
	uint32_t number;
	size_t size;
	char text[]; /* its patterns, each with a NUL behind it */
};

/* --- lists --- */

int
numbers_insert(struct numbers *numbers, uint32_t number)
{
	uint32_t low = 0, high = numbers->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (numbers->at[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < numbers->count && numbers->at[low] == number)
		return 0;
	if (numbers_push(numbers, number) != 0)
		return -1;
	memmove(numbers->at + low + 1, numbers->at + low,
		(numbers->count - 1 - low) * sizeof *numbers->at);
	numbers->at[low] = number;
	return 0;
}

static void
numbers_remove(struct numbers *numbers, uint32_t number)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < numbers->count; i++)
		if (numbers->at[i] != number)
			numbers->at[kept++] = numbers->at[i];
	numbers->count = kept;
}

int
numbers_insert_all(struct numbers *numbers, const struct numbers *more)
{
	for (uint32_t i = 0; i < more->count; i++)
		if (numbers_insert(numbers, more->at[i]) != 0)
			return -1;
	return 0;
}

/* --- what is left out --- */

static int
join(const char *const *patterns, struct buffer *text)
{
	for (; patterns != NULL && *patterns != NULL; patterns++)
		if (buffer_append(text, *patterns, strlen(*patterns) + 1) != 0)
			return -1;
	return 0;
}

static struct ignored_set *
new_set(struct sights *sights, const char *const *patterns, const struct buffer *text,
	struct error *error)
{
	struct ignored_set *set = memory_new(1, sizeof *set + text->size);

	if (set == NULL) {
		error_memory(error);
		return NULL;
	}
	if (ignored_add(&set->ignored, patterns, error) != 0) {
		ignored_finish(&set->ignored);
		memory_free(set);
		return NULL;
	}
	if (text->size != 0)
		memcpy(set->text, text->bytes, text->size);
	set->size = text->size;
	set->number = sights->sets != NULL ? sights->sets->number + 1 : 0;
	set->next = sights->sets;
	sights->sets = set;
	return set;
}

/* Most have the same: each list is compiled once. */
static struct ignored_set *
set_of(struct sights *sights, const char *const *patterns, struct error *error)
{
	struct buffer text = { 0 };
	struct ignored_set *set = NULL;

	if (join(patterns, &text) != 0) {
		error_memory(error);
	} else {
		for (set = sights->sets; set != NULL; set = set->next)
			if (set->size == text.size &&
				(text.size == 0 || memcmp(set->text, text.bytes, text.size) == 0))
				break;
		if (set == NULL)
			set = new_set(sights, patterns, &text, error);
	}
	buffer_finish(&text);
	return set;
}

/* --- sights --- */

/* By its glob; else everything there is meant, or what spots say. */
static int
is_matched(const struct sight *sight)
{
	return sight->kind == SIGHT_GLOB || sight->kind == SIGHT_REGEX;
}

static void
finish_sight(struct sight *sight)
{
	memory_free(sight->fixed);
	memory_free(sight->key);
	path_glob_finish(&sight->glob);
	numbers_finish(&sight->who);
}

static char *
key_of(int kind, uint32_t set, const char *text)
{
	size_t size = strlen(text) + 24;
	char *key = memory_new(1, size);

	if (key != NULL)
		snprintf(key, size, "%d %u %s", kind, set, text);
	return key;
}

static int
enter(struct sights *sights, struct sight *sight, uint32_t *number)
{
	if (schedule_grow(&sights->at, sights->n, &sights->capacity, sizeof *sights->at) != 0 ||
		table_reserve(&sights->by_key, 1) != 0)
		return -1;
	*number = sights->n;
	sights->at[sights->n++] = *sight;
	/* Its number, one more, as NULL is none. */
	return table_put(
		&sights->by_key, sight->key, strlen(sight->key), (void *)(uintptr_t)(*number + 1));
}

/* The sight of this kind and text, made if it is not there; *is_new then.  0, -1 without memory, or 1: the glob is none. */
static int
sight_of(struct sights *sights, int kind, const char *text, const struct ignored_set *set,
	uint32_t *number, int *is_new)
{
	struct sight sight = { .kind = kind, .ignored = set != NULL ? &set->ignored : NULL };
	const void *known;
	int fault = 0;

	*is_new = 0;
	sight.key = key_of(kind, set != NULL ? set->number + 1 : 0, text);
	if (sight.key == NULL)
		return -1;
	known = table_find(&sights->by_key, sight.key, strlen(sight.key));
	if (known != NULL) {
		*number = (uint32_t)(uintptr_t)known - 1;
		memory_free(sight.key);
		return 0;
	}
	if (kind == SIGHT_GLOB)
		fault = path_glob_compile(&sight.glob, text);
	else if (kind == SIGHT_REGEX)
		fault = path_regex_compile(&sight.glob, text);
	if (fault == 0) {
		sight.fixed_size = is_matched(&sight) ? sight.glob.fixed : strlen(text);
		sight.fixed = memory_copy(text, sight.fixed_size);
		fault = sight.fixed == NULL || enter(sights, &sight, number) != 0 ? -1 : 0;
	}
	if (fault != 0)
		finish_sight(&sight);
	*is_new = fault == 0;
	return fault;
}

/* --- spots --- */

struct spot *
sights_spot(const struct sights *sights, const char *path, size_t size)
{
	return table_find(&sights->spots, path, size);
}

static struct spot *
new_spot(struct sights *sights, const char *path, size_t size)
{
	struct spot *spot;

	if (schedule_grow(&sights->all_spots, sights->n_spots, &sights->spots_capacity,
		    sizeof(struct spot *)) != 0 ||
		table_reserve(&sights->spots, 1) != 0)
		return NULL;
	spot = memory_new(1, sizeof *spot + size + 1);
	if (spot == NULL)
		return NULL;
	memcpy(spot->path, path, size);
	sights->all_spots[sights->n_spots++] = spot;
	return table_put(&sights->spots, spot->path, size, spot) == 0 ? spot : NULL;
}

int
sights_add_spot(struct sights *sights, const struct numbers *who, const char *path,
	const struct ignored *ignored, uint32_t *sight, int *is_new)
{
	size_t size = strlen(path);
	const char *slash = memrchr(path, '/', size);
	struct spot *spot = sights_spot(sights, path, size);
	char *directory;
	int status;

	if (spot != NULL && spot->ignored != ignored)
		spot->ignored = NULL;
	if (spot == NULL) {
		spot = new_spot(sights, path, size);
		if (spot != NULL)
			spot->ignored = ignored;
	}
	if (spot == NULL || numbers_insert_all(&spot->who, who) != 0)
		return ORD_ENOMEM;
	directory = memory_copy(path,
		slash == NULL           ? 0
			: slash == path ? 1
					: (size_t)(slash - path));
	if (directory == NULL)
		return ORD_ENOMEM;
	status = sight_of(sights, SIGHT_SPOTS, directory, NULL, sight, is_new);
	memory_free(directory);
	if (status == 0)
		status = numbers_insert_all(&sights->at[*sight].who, who);
	return status == 0 ? ORD_OK : ORD_ENOMEM;
}

int
sights_add_tree(struct sights *sights, const struct numbers *who, const char *path,
	const struct ignored *ignored, uint32_t *sight, int *is_new)
{
	const struct ignored_set *set = sights->sets;

	while (set != NULL && (ignored == NULL || &set->ignored != ignored))
		set = set->next;
	if (sight_of(sights, SIGHT_TREE, path, set, sight, is_new) != 0 ||
		numbers_insert_all(&sights->at[*sight].who, who) != 0)
		return ORD_ENOMEM;
	return ORD_OK;
}

/* --- patterns --- */

/* 1 if a path that was named is left out, itself or by a directory above it; -1 without memory. */
static int
is_left_out(const struct ignored *ignored, const char *path, size_t size)
{
	char *text = memory_copy(path, size);
	int answer = -1;

	if (text != NULL)
		answer = *text != '\0' ? ignored_match_within(ignored, text) : 0;
	if (answer == 0 && *text != '\0')
		answer = ignored_match(ignored, text, size, 1);
	memory_free(text);
	return answer;
}

/* What all patterns of one call are added to, and with. */
struct adding {
	struct sights *sights;
	struct numbers who;
	const struct ignored_set *set;
	struct sights_news *news;
	struct error *error;
};

static int
add_plain(const struct adding *adding, char *text)
{
	struct sights *sights = adding->sights;
	const struct ignored *ignored = &adding->set->ignored;
	struct sights_news *news = adding->news;
	uint32_t sight;
	int is_new, status;

	path_glob_plain(text);
	status = *text != '\0' ? is_left_out(ignored, text, strlen(text)) : 0;
	if (status != 0)
		return status > 0 ? ORD_OK : ORD_ENOMEM;
	/* Whether another path is that of a directory only a look says. */
	if (*text == '\0')
		status = sights_add_tree(sights, &adding->who, text, ignored, &sight, &is_new);
	else
		status = sights_add_spot(sights, &adding->who, text, ignored, &sight, &is_new);
	if (status == ORD_OK && (is_new || sights->at[sight].links) &&
		numbers_push(&news->sights, sight) != 0)
		status = ORD_ENOMEM;
	if (status == ORD_OK && *text != '\0' &&
		buffer_append(&news->spots, text, strlen(text) + 1) != 0)
		status = ORD_ENOMEM;
	return status;
}

static int
add_matched(const struct adding *adding, const char *text, int kind)
{
	struct sights *sights = adding->sights;
	uint32_t sight;
	int is_new, fault = sight_of(sights, kind, text, adding->set, &sight, &is_new), out;

	if (fault != 0)
		return fault < 0 ? ORD_ENOMEM : ORD_EINVAL;
	if (numbers_insert_all(&sights->at[sight].who, &adding->who) != 0)
		return ORD_ENOMEM;
	out = is_left_out(
		&adding->set->ignored, sights->at[sight].fixed, sights->at[sight].fixed_size);
	if (out != 0 || (!is_new && !sights->at[sight].links))
		return out >= 0 ? ORD_OK : ORD_ENOMEM;
	return numbers_push(&adding->news->sights, sight) == 0 ? ORD_OK : ORD_ENOMEM;
}

/* The sentence for a status, if it is not 0. */
static int
say(struct error *error, int status, const char *what, const char *text)
{
	if (status == ORD_ENOMEM)
		return error_memory(error);
	return status != ORD_OK ? error_set(error, status, "the pattern '%s' %s", text, what)
				: ORD_OK;
}

static int
add_pattern(const struct adding *adding, const char *pattern)
{
	struct buffer texts = { 0 };
	int status = path_glob_texts(pattern, &texts, adding->error);

	for (size_t at = 0; status == 0 && at < texts.size;) {
		char *text = texts.bytes + at;

		at += strlen(text) + 1;
		status = path_glob_is(text) ? add_matched(adding, text, SIGHT_GLOB)
					    : add_plain(adding, text);
		status = say(adding->error, status,
			"has a bracket that is not closed: put \\ before it", text);
	}
	buffer_finish(&texts);
	return status;
}

static int
add_regex(const struct adding *adding, const char *regex)
{
	return say(adding->error, add_matched(adding, regex, SIGHT_REGEX),
		"is no regular expression of PCRE2", regex);
}

static int
add_each(struct adding *adding, const char *const *texts, const char *const *ignore,
	int (*add)(const struct adding *adding, const char *text))
{
	int status = 0;

	adding->set = set_of(adding->sights, ignore, adding->error);
	if (adding->set == NULL)
		return adding->error->status;
	for (; status == 0 && texts != NULL && *texts != NULL; texts++)
		status = add(adding, *texts);
	return status;
}

int
sights_add(struct sights *sights, uint32_t who, const char *const *patterns,
	const char *const *ignore, struct sights_news *news, struct error *error)
{
	struct adding adding = { sights, { .at = &who, .count = 1 }, NULL, news, error };

	return add_each(&adding, patterns, ignore, add_pattern);
}

int
sights_find(struct sights *sights, uint32_t who, const char *const *regexes,
	const char *const *ignore, struct sights_news *news, struct error *error)
{
	struct adding adding = { sights, { .at = &who, .count = 1 }, NULL, news, error };

	return add_each(&adding, regexes, ignore, add_regex);
}

void
sights_forget(struct sights *sights, uint32_t who)
{
	for (uint32_t i = 0; i < sights->n; i++)
		numbers_remove(&sights->at[i].who, who);
	for (uint32_t i = 0; i < sights->n_spots; i++)
		numbers_remove(&sights->all_spots[i]->who, who);
}

/* --- what they mean --- */

int
sight_passes(const struct sight *sight, const char *path, size_t size)
{
	if (size >= sight->fixed_size || memcmp(sight->fixed, path, size) != 0)
		return 0;
	if (size == 0)
		return *sight->fixed != '/';
	return path[size - 1] == '/' || sight->fixed[size] == '/';
}

static const char *
last_name(const char *path, size_t size)
{
	const char *slash = memrchr(path, '/', size);

	return slash != NULL ? slash + 1 : path;
}

/* Names that begin with a dot only where the pattern has the dot. */
static int
is_hidden(const struct sight *sight, const char *path, size_t size)
{
	const char *name = last_name(path, size);

	return is_matched(sight) && *name == '.' &&
		(!sight->glob.hidden || !path_glob_hidden(&sight->glob, name));
}

static int
is_ignored(const struct sight *sight, const char *path, size_t size, int directory)
{
	return sight->ignored != NULL ? ignored_match(sight->ignored, path, size, directory) : 0;
}

static int
is_below(const struct sight *sight, const char *path, size_t size)
{
	size_t fixed = sight->fixed_size;

	return size > fixed && memcmp(path, sight->fixed, fixed) == 0 &&
		(fixed == 0 ? *path != '/' : path[fixed] == '/' || path[fixed - 1] == '/');
}

int
sight_enters(const struct sight *sight, const char *path, size_t size, int link)
{
	int answer;

	if (sight_passes(sight, path, size) ||
		(size == sight->fixed_size && memcmp(path, sight->fixed, size) == 0))
		return 1;
	if (sight->kind == SIGHT_SPOTS || !is_below(sight, path, size) ||
		is_hidden(sight, path, size) ||
		(link && (sight->kind == SIGHT_TREE || sight->glob.deep)))
		return 0;
	answer = is_ignored(sight, path, size, 1);
	if (answer != 0)
		return answer > 0 ? 0 : -1;
	if (sight->kind == SIGHT_TREE)
		return 1;
	answer = path_glob_enters(&sight->glob, path, size);
	return answer == GLOB_NO_MEMORY ? -1 : answer == GLOB_BELOW;
}

int
sight_matches(const struct sight *sight, const char *path, size_t size)
{
	int answer;

	if (sight->kind == SIGHT_SPOTS || !is_below(sight, path, size) ||
		is_hidden(sight, path, size))
		return 0;
	if (is_matched(sight)) {
		answer = path_glob_match(&sight->glob, path, size);
		if (answer != GLOB_YES)
			return answer == GLOB_NO_MEMORY ? -1 : 0;
	}
	answer = is_ignored(sight, path, size, 0);
	return answer < 0 ? -1 : answer == 0;
}

/* --- ends --- */

void
sights_news_finish(struct sights_news *news)
{
	numbers_finish(&news->sights);
	buffer_finish(&news->spots);
}

void
sights_finish(struct sights *sights)
{
	while (sights->n != 0)
		finish_sight(&sights->at[--sights->n]);
	while (sights->n_spots != 0) {
		struct spot *spot = sights->all_spots[--sights->n_spots];

		numbers_finish(&spot->who);
		memory_free(spot);
	}
	while (sights->sets != NULL) {
		struct ignored_set *next = sights->sets->next;

		ignored_finish(&sights->sets->ignored);
		memory_free(sights->sets);
		sights->sets = next;
	}
	table_finish(&sights->by_key);
	table_finish(&sights->spots);
	memory_free(sights->at);
	memory_free(sights->all_spots);
	*sights = (struct sights){ 0 };
}
