/* Two sorted lists are compared: polling.h. */
#include "graph/watch/polling.h"

#include <fcntl.h>
#include <string.h>

#include "base/memory.h"
#include "graph/schedule/schedule.h"

void
polling_init(struct polling *polling)
{
	*polling = (struct polling){ .files = { .root = AT_FDCWD } };
}

static void
free_list(char **list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		memory_free(list[i]);
	memory_free(list);
}

static char **
copy_list(const char *const *list)
{
	size_t n = 0;
	char **copy;

	while (list != NULL && list[n] != NULL)
		n++;
	copy = memory_new(n + 1, sizeof *copy);
	for (size_t i = 0; copy != NULL && i < n; i++) {
		copy[i] = memory_copy(list[i], strlen(list[i]));
		if (copy[i] == NULL) {
			free_list(copy);
			copy = NULL;
		}
	}
	return copy;
}

int
polling_add(struct polling *polling, uint32_t who, const char *const *patterns,
	const char *const *ignore, int regexes)
{
	struct glance glance = { .who = who, .regexes = regexes };

	if (schedule_grow(&polling->at, polling->n, &polling->capacity, sizeof *polling->at) != 0)
		return ORD_ENOMEM;
	glance.patterns = copy_list(patterns);
	glance.ignore = copy_list(ignore);
	if (glance.patterns == NULL || glance.ignore == NULL) {
		free_list(glance.patterns);
		free_list(glance.ignore);
		return ORD_ENOMEM;
	}
	polling->at[polling->n++] = glance;
	return ORD_OK;
}

static void
free_glance(struct glance *glance)
{
	free_list(glance->patterns);
	free_list(glance->ignore);
	file_list_finish(&glance->list);
}

void
polling_forget(struct polling *polling, uint32_t who)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < polling->n; i++)
		if (polling->at[i].who == who)
			free_glance(&polling->at[i]);
		else
			polling->at[kept++] = polling->at[i];
	polling->n = kept;
}

static int
is_same(const struct file *a, const struct file *b)
{
	return a->kind == b->kind && a->size == b->size && a->mtime_ns == b->mtime_ns &&
		a->inode == b->inode;
}

static int
expand(struct polling *polling, const struct glance *glance, struct file_list *list)
{
	const char *const *patterns = (const char *const *)glance->patterns;
	const char *const *ignore = (const char *const *)glance->ignore;

	return glance->regexes ? inputs_find(&polling->files, patterns, ignore, list)
			       : inputs_expand(&polling->files, patterns, ignore, list);
}

/* What is in one list only, or differs. */
static void
compare(const struct glance *old, const struct file_list *now, eyes_fn changed, void *user)
{
	uint32_t i = 0, j = 0;

	while (i < old->list.n || j < now->n) {
		const struct file *before = i < old->list.n ? &old->list.items[i] : NULL;
		const struct file *after = j < now->n ? &now->items[j] : NULL;
		int order = before == NULL ? 1
			: after == NULL    ? -1
					   : strcmp(before->path, after->path);

		if (order != 0 || !is_same(before, after))
			changed(user, old->who, order <= 0 ? before->path : after->path);
		i += order <= 0;
		j += order >= 0;
	}
}

int
polling_look(
	struct polling *polling, uint32_t from, eyes_fn changed, void *user, struct error *error)
{
	files_drop_all(&polling->files);
	for (uint32_t i = from; i < polling->n; i++) {
		struct glance *glance = &polling->at[i];
		struct file_list list = { 0 };
		int status = expand(polling, glance, &list);

		/* A directory that cannot be read now can be read later. */
		if (status != ORD_OK) {
			file_list_finish(&list);
			if (status == ORD_ESYSTEM)
				continue;
			*error = polling->files.error;
			return status;
		}
		if (changed != NULL)
			compare(glance, &list, changed, user);
		file_list_finish(&glance->list);
		glance->list = list;
	}
	return ORD_OK;
}

uint32_t
polling_count(const struct polling *polling)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < polling->n; i++)
		count += polling->at[i].list.n;
	return count;
}

void
polling_finish(struct polling *polling)
{
	while (polling->n != 0)
		free_glance(&polling->at[--polling->n]);
	memory_free(polling->at);
	files_finish(&polling->files);
	polling_init(polling);
}
