/*
 * The eleven reasons, each a function that looks at one thing and adds what
 * it finds.  All are asked, so that "why" knows everything, and as a stale
 * proc's inputs have to be hashed for its next record anyway.
 *
 * A stat proves equality only if a later write would have shown in it.  A
 * file written within one grain of the clock before it was looked at could
 * be written again with the same time: then only its content tells.
 */
#include "graph/history/stale.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

#define DEFAULT_GRAIN_NS (20 * (int64_t)CLOCK_NS_PER_MS) /* two ticks of a kernel at 100 Hz */
#define COARSE_GRAIN_NS (2 * (int64_t)CLOCK_NS_PER_S)    /* FAT */

#define MEAN_DECAY 0.8
#define MEAN_WEIGHT_MAX 4.463129088 /* the sum of 0.8^i over ten */

/* What a comparison needs at each step. */
struct view {
	struct record *record;
	const struct now *now;
	struct reasons *reasons;
	int failed; /* without memory */
};

/* A new reason, zeroed; without memory one that nobody sees. */
static struct reason *
add(struct view *view, struct reason *spare, int kind, int detail, const char *name)
{
	struct reasons *all = view->reasons;
	struct reason *reason = spare;

	if (all->n == all->capacity) {
		uint32_t capacity = all->capacity != 0 ? 2 * all->capacity : 4;
		struct reason *items = memory_resize(all->items, capacity * sizeof *items);

		if (items != NULL) {
			all->items = items;
			all->capacity = capacity;
		} else {
			view->failed = 1;
		}
	}
	if (all->n < all->capacity)
		reason = &all->items[all->n++];
	memset(reason, 0, sizeof *reason);
	reason->kind = (uint32_t)kind;
	reason->detail = (uint32_t)detail;
	reason->name = name;
	return reason;
}

static void
add_plain(struct view *view, int kind, int detail, const char *name)
{
	struct reason spare;

	add(view, &spare, kind, detail, name);
}

static void
add_numbers(struct view *view, const struct reason *what, uint64_t old, uint64_t new)
{
	struct reason spare,
		*reason = add(view, &spare, (int)what->kind, (int)what->detail, what->name);

	reason->old_number = old;
	reason->new_number = new;
}

static void
add_texts(struct view *view, int detail, const char *name, const char *old, const char *new)
{
	struct reason spare, *reason = add(view, &spare, REASON_DEFINITION, detail, name);

	reason->old_text = old;
	reason->new_text = new;
}

int
stale_is_racy(const struct file *file, uint64_t grain_ns)
{
	int64_t grain = grain_ns != 0 ? (int64_t)grain_ns : DEFAULT_GRAIN_NS;

	if (file->kind != FILE_REGULAR)
		return 0;
	/* A whole second is what a file system with coarse times would say. */
	if (file->mtime_ns % (int64_t)CLOCK_NS_PER_S == 0 && grain < COARSE_GRAIN_NS)
		grain = COARSE_GRAIN_NS;
	return file->mtime_ns >= file->looked_ns - grain;
}

static int
same_stat(const struct file *a, const struct file *b)
{
	return a->size == b->size && a->mtime_ns == b->mtime_ns && a->inode == b->inode;
}

/* Has a file that is there on both sides, of one kind, another content?  Adds a reason of that kind if so. */
static void
compare_content(struct view *view, int kind, struct file *old, const struct file *new)
{
	const struct now *now = view->now;
	int same = same_stat(old, new), racy = stale_is_racy(old, now->grain_ns);
	struct reason spare, *reason, sizes = { (uint32_t)kind, DETAIL_SIZE, .name = new->path };
	struct digest hash;

	if (now->fingerprint != FINGERPRINT_HASH && same && !racy)
		return;
	if (old->size != new->size) {
		add_numbers(view, &sizes, old->size, new->size);
		return;
	}
	if (now->fingerprint == FINGERPRINT_MTIME && !same) {
		add_plain(view, kind, DETAIL_TIME, new->path);
		return;
	}
	if (!old->hashed || now->hash == NULL || now->hash(now->user, new, &hash) != 0) {
		add_plain(view, kind, DETAIL_UNKNOWN, new->path);
		return;
	}
	if (!digest_equal(&old->hash, &hash)) {
		reason = add(view, &spare, kind, DETAIL_HASH, new->path);
		reason->old_hash = old->hash;
		reason->new_hash = hash;
		return;
	}
	/* The same content: from now on its new stat stands for it. */
	if (!same || racy) {
		old->inode = new->inode;
		old->mtime_ns = new->mtime_ns;
		old->looked_ns = new->looked_ns;
		view->reasons->refreshed++;
	}
}

static void
compare_file(struct view *view, int kind, struct file *old, const struct file *new)
{
	struct reason kinds = { (uint32_t)kind, DETAIL_KIND, .name = new->path };

	if (old->kind != new->kind)
		add_numbers(view, &kinds, old->kind, new->kind);
	else if (new->kind == FILE_REGULAR)
		compare_content(view, kind, old, new);
}

static void
look_at_definition(struct view *view)
{
	const struct part *old = view->record->parts, *old_end = old + view->record->n_parts;
	const struct part *new = view->now->parts, *new_end = new + view->now->n_parts;

	while (old != old_end || new != new_end) {
		int order = old == old_end ? 1 : new == new_end ? -1 : strcmp(old->name, new->name);

		if (order == 0 && strcmp(old->value, new->value) != 0)
			add_texts(view, DETAIL_TEXT, new->name, old->value, new->value);
		else if (order < 0)
			add_texts(view, DETAIL_REMOVED, old->name, old->value, NULL);
		else if (order > 0)
			add_texts(view, DETAIL_ADDED, new->name, NULL, new->value);
		old += order <= 0;
		new += order >= 0;
	}
}

static int
has_max_age(const struct view *view)
{
	if (view->now->max_ages_ns != NULL)
		for (uint32_t i = 0; i < view->record->n_outputs; i++)
			if (view->now->max_ages_ns[i] != 0)
				return 1;
	return 0;
}

/* An output that may grow old is something to compare: its proc waits until then. */
static void
look_for_nothing(struct view *view)
{
	if (view->now->n_inputs == 0 && view->now->n_deps == 0 && view->record->n_found == 0 &&
		!has_max_age(view))
		add_plain(view, REASON_NOTHING_TO_COMPARE, DETAIL_NONE, NULL);
}

/* One path of the two lists of inputs, which may be on one side only.  sets: only whether it came or went; else only what it is. */
static void
compare_input(struct view *view, struct file *old, const struct file *new, int sets)
{
	int was = old != NULL && old->kind != FILE_MISSING;
	int is = new != NULL &&new->kind != FILE_MISSING;

	if (was && is && !sets)
		compare_file(view, REASON_INPUT, old, new);
	else if (was != is && sets)
		add_plain(view, REASON_INPUT_SET, is ? DETAIL_ADDED : DETAIL_REMOVED,
			is ? new->path : old->path);
}

static void
look_at_inputs(struct view *view, int sets)
{
	struct file *old = view->record->inputs, *old_end = old + view->record->n_inputs;
	const struct file *new = view->now->inputs, *new_end = new + view->now->n_inputs;

	while (old != old_end || new != new_end) {
		int order = old == old_end ? 1 : new == new_end ? -1 : strcmp(old->path, new->path);

		compare_input(view, order <= 0 ? old : NULL, order >= 0 ? new : NULL, sets);
		old += order <= 0;
		new += order >= 0;
	}
	for (uint32_t i = 0; i < view->record->n_found; i++)
		compare_input(view, &view->record->found[i], &view->now->found[i], sets);
}

static void
look_at_deps(struct view *view)
{
	const struct dep *old = view->record->deps, *old_end = old + view->record->n_deps;
	const struct dep *new = view->now->deps, *new_end = new + view->now->n_deps;

	while (old != old_end || new != new_end) {
		int order = old == old_end ? 1 : new == new_end ? -1 : strcmp(old->name, new->name);
		struct reason what = { REASON_DEP, DETAIL_VERSION,
			.name = order < 0 ? old->name : new->name };

		if (order != 0) {
			what.detail = order < 0 ? DETAIL_REMOVED : DETAIL_ADDED;
			add_numbers(view, &what, order < 0 ? old->version : 0,
				order < 0 ? 0 : new->version);
		} else if (old->version != new->version || new->version == 0) {
			add_numbers(view, &what, old->version, new->version);
		}
		old += order <= 0;
		new += order >= 0;
	}
}

static void
look_for_missing_outputs(struct view *view)
{
	for (uint32_t i = 0; i < view->record->n_outputs; i++)
		if (view->now->outputs[i].kind == FILE_MISSING &&
			view->record->outputs[i].kind != FILE_MISSING)
			add_plain(view, REASON_OUTPUT_MISSING, DETAIL_NONE,
				view->record->outputs[i].path);
}

static void
look_at_outputs(struct view *view)
{
	for (uint32_t i = 0; i < view->record->n_outputs; i++) {
		struct file *old = &view->record->outputs[i];
		const struct file *new = &view->now->outputs[i];

		/* That it is there is enough, but not as something else. */
		if (new->kind != FILE_MISSING &&
			(!view->now->outputs_exist || new->kind != old->kind))
			compare_file(view, REASON_OUTPUT_CHANGED, old, new);
	}
}

static void
look_at_ages(struct view *view)
{
	uint32_t n = view->now->max_ages_ns != NULL ? view->record->n_outputs : 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct file *file = &view->now->outputs[i];
		uint64_t allowed = view->now->max_ages_ns[i];
		int64_t age = view->now->wall_ns - file->mtime_ns;
		struct reason what = { REASON_OUTPUT_OLD, DETAIL_AGE, .name = file->path };

		if (allowed != 0 && file->kind != FILE_MISSING && age > 0 &&
			(uint64_t)age > allowed)
			add_numbers(view, &what, allowed, (uint64_t)age);
	}
}

int
stale_judge(struct record *record, const struct now *now, struct reasons *reasons)
{
	struct view view = { record, now, reasons, 0 };

	reasons->n = 0;
	reasons->refreshed = 0;
	if (now->force != FORCE_NOT)
		add_plain(&view, REASON_FORCED, (int)now->force, NULL);
	if (record == NULL || record->version == 0)
		add_plain(&view, REASON_NO_RECORD, DETAIL_NONE, NULL);
	if (record != NULL && record->attempt != ATTEMPT_ENDED)
		add_plain(&view, REASON_ATTEMPT, (int)record->attempt, NULL);
	if (record != NULL && record->version != 0) {
		look_at_definition(&view);
		look_for_nothing(&view);
		look_at_inputs(&view, 1);
		look_at_inputs(&view, 0);
		look_at_deps(&view);
		look_for_missing_outputs(&view);
		look_at_outputs(&view);
		look_at_ages(&view);
	}
	return view.failed ? -1 : 0;
}

void
reasons_finish(struct reasons *reasons)
{
	memory_free(reasons->items);
	*reasons = (struct reasons){ 0 };
}

int
stale_same_outcome(const struct record *record, const struct file *outputs, uint32_t n_outputs,
	const struct digest *result_hash)
{
	if (record == NULL || record->version == 0 || record->n_outputs != n_outputs ||
		!digest_equal(&record->result_hash, result_hash))
		return 0;
	for (uint32_t i = 0; i < n_outputs; i++) {
		const struct file *old = &record->outputs[i], *new = &outputs[i];

		if (strcmp(old->path, new->path) != 0 || old->kind != new->kind)
			return 0;
		if (new->kind == FILE_REGULAR &&
			(!old->hashed || !new->hashed || old->size != new->size ||
				!digest_equal(&old->hash, &new->hash)))
			return 0;
	}
	return 1;
}

void
stale_add_duration(struct record *record, uint64_t duration_ns)
{
	double before = MEAN_DECAY * record->weight, weight = before + 1;

	record->mean_ns =
		(uint64_t)(((double)record->mean_ns * before + (double)duration_ns) / weight);
	record->weight = weight < MEAN_WEIGHT_MAX ? weight : MEAN_WEIGHT_MAX;
}

static int
compare_parts(const void *a, const void *b)
{
	const struct part *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order != 0 ? order : strcmp(left->value, right->value);
}

static int
compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static int
compare_deps(const void *a, const void *b)
{
	return strcmp(((const struct dep *)a)->name, ((const struct dep *)b)->name);
}

void
stale_sort_parts(struct part *parts, uint32_t n)
{
	if (n > 1)
		qsort(parts, n, sizeof *parts, compare_parts);
}

void
stale_sort_files(struct file *files, uint32_t n)
{
	if (n > 1)
		qsort(files, n, sizeof *files, compare_paths);
}

void
stale_sort_deps(struct dep *deps, uint32_t n)
{
	if (n > 1)
		qsort(deps, n, sizeof *deps, compare_deps);
}
