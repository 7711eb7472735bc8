/* Entries of a list in memory: how they are made, what an end leaves, and adding some, which first makes everything that could fail. */
#include "jobs/memory/list.h"

#include <string.h>
#include <unistd.h>

#include <orderly/jobs.h>

#include "base/memory.h"
#include "jobs/rules.h"

struct list *
list_enter(struct store *store)
{
	struct list *list = ((struct inside *)store->inside)->list;

	pthread_mutex_lock(&list->mutex);
	return list;
}

int
list_leave(struct store *store, struct list *list, int changed, int status)
{
	const uint64_t one = 1;

	for (size_t i = 0; changed && i < list->n_insides; i++)
		if (list->insides[i] != store->inside &&
			write(list->insides[i]->event, &one, sizeof one) < 0)
			continue; /* it is full: it can be read */
	pthread_mutex_unlock(&list->mutex);
	return status;
}

static char *
text_copy(const char *text)
{
	return memory_copy(text, strlen(text));
}

/* Replace an owned text; -1 without memory, nothing changed. */
int
text_set(const char **to, const char *text)
{
	char *copy = text_copy(text);

	if (copy == NULL)
		return -1;
	memory_free((void *)(uintptr_t)*to);
	*to = copy;
	return 0;
}

static void
run_free(struct memory_run *run)
{
	memory_free((void *)(uintptr_t)run->run.taker);
	memory_free((void *)(uintptr_t)run->run.why);
	memory_free(run);
}

static void
forget_runs(struct entry *entry)
{
	while (entry->runs != NULL) {
		struct memory_run *run = entry->runs;

		entry->runs = run->older;
		run_free(run);
	}
}

void
entry_free(struct entry *entry)
{
	struct store_job *job = &entry->job;

	forget_runs(entry);
	memory_free((void *)(uintptr_t)job->name);
	memory_free((void *)(uintptr_t)job->payload);
	memory_free((void *)(uintptr_t)job->fingerprint);
	memory_free((void *)(uintptr_t)job->requires);
	memory_free((void *)(uintptr_t)job->taker);
	memory_free((void *)(uintptr_t)job->why);
	memory_free(entry->after);
	memory_free(entry->holders);
	memory_free(entry);
}

void
list_free(struct list *list)
{
	for (size_t i = 0; i < list->n_entries; i++)
		if (list->entries[i] != NULL)
			entry_free(list->entries[i]);
	for (size_t i = 0; i < list->n_members; i++) {
		memory_free((void *)(uintptr_t)list->members[i].taker.name);
		memory_free((void *)(uintptr_t)list->members[i].taker.labels);
	}
	for (size_t i = 0; i < list->n_locks; i++)
		memory_free(list->locks[i].name);
	memory_free(list->entries);
	memory_free(list->members);
	memory_free(list->locks);
	memory_free(list->insides);
	table_finish(&list->names);
	pthread_mutex_destroy(&list->mutex);
	memory_free(list);
}

static const void *
bytes_copy(const void *bytes, size_t size)
{
	return memory_copy(bytes != NULL ? bytes : "", size);
}

struct entry *
entry_new(const struct store_job *job)
{
	struct entry *entry = memory_new(1, sizeof *entry);
	struct store_job *own;

	if (entry == NULL)
		return NULL;
	own = &entry->job;
	*own = *job;
	own->after = NULL;
	own->name = text_copy(job->name);
	own->payload = bytes_copy(job->payload, job->payload_size);
	own->fingerprint = job->fingerprint != NULL
		? bytes_copy(job->fingerprint, job->fingerprint_size)
		: NULL;
	own->requires = text_copy(job->requires);
	own->taker = text_copy(job->taker != NULL ? job->taker : "");
	own->why = text_copy(job->why);
	entry->after = memory_new(job->n_after + 1, sizeof *entry->after);
	if (own->name == NULL || own->payload == NULL || own->requires == NULL ||
		own->taker == NULL || own->why == NULL || entry->after == NULL ||
		(job->fingerprint != NULL && own->fingerprint == NULL)) {
		entry_free(entry);
		return NULL;
	}
	return entry;
}

struct entry *
entry_of(const struct list *list, int64_t id)
{
	return id > 0 && (size_t)id <= list->n_entries ? list->entries[id - 1] : NULL;
}

/* A job that it is to come after and that is not done, or NULL. */
const struct entry *
awaited(const struct list *list, const struct entry *entry)
{
	for (size_t i = 0; i < entry->n_after; i++) {
		const struct entry *other = entry_of(list, entry->after[i]);

		if (other != NULL && other->job.state != ORD_JOB_DONE)
			return other;
	}
	return NULL;
}

/* What waits and what is blocked, after something was done, or is to be done again. */
void
settle(struct list *list)
{
	list->first = 0;
	for (size_t i = 0; i < list->n_entries; i++) {
		struct entry *entry = list->entries[i];

		if (entry == NULL ||
			(entry->job.state != ORD_JOB_WAITING &&
				entry->job.state != ORD_JOB_BLOCKED))
			continue;
		entry->job.state = awaited(list, entry) != NULL ? ORD_JOB_BLOCKED : ORD_JOB_WAITING;
	}
}

/* Keep an attempt in the history.  Without memory it is lost: an end must not fail for that. */
static void
keep_run(const struct store *store, struct entry *entry, const struct store_run *what)
{
	struct memory_run *run = memory_new(1, sizeof *run), *last, **at = &entry->runs;
	uint32_t kept = 1;

	if (run == NULL)
		return;
	run->run = *what;
	run->run.taker = text_copy(what->taker);
	run->run.why = text_copy(what->why);
	if (run->run.taker == NULL || run->run.why == NULL) {
		run_free(run);
		return;
	}
	/* Of several holders the first may be the last to end. */
	while (*at != NULL && (*at)->run.attempt > what->attempt)
		at = &(*at)->older;
	run->older = *at;
	*at = run;
	for (last = entry->runs; last->older != NULL && kept < store->self.history;
		last = last->older)
		kept++;
	while (last->older != NULL) {
		struct memory_run *old = last->older;

		last->older = old->older;
		run_free(old);
	}
}

static const char *
name_of(const struct store *store, int64_t taker)
{
	return ((struct inside *)store->inside)->list->members[taker - 1].taker.name;
}

void
entry_end(const struct store *store, struct entry *entry, size_t holder, int how, const char *why,
	int64_t now)
{
	const struct holder gone = entry->holders[holder];
	struct verdict verdict =
		rules_end(&entry->job, how, entry->again, entry->n_holders - 1, &store->self);
	struct store_run run = { name_of(store, gone.taker), why != NULL ? why : "", gone.began_ms,
		now, gone.attempt, verdict.run_state };

	entry->n_holders--;
	memmove(&entry->holders[holder], &entry->holders[holder + 1],
		(entry->n_holders - holder) * sizeof *entry->holders);
	/* Of several the reason stays that of the one that failed. */
	if (entry->job.tends == 0 || *run.why != '\0')
		text_set(&entry->job.why, run.why);
	entry->job.failures = verdict.failures;
	entry->job.kills = verdict.kills;
	entry->job.state = verdict.state;
	entry->job.tends = verdict.tends;
	if (entry->n_holders == 0) {
		struct list *list = ((struct inside *)store->inside)->list;

		entry->again = 0;
		if (list->first >= (size_t)entry->job.id)
			list->first = (size_t)entry->job.id - 1;
		entry->job.ended_ms = verdict.state == ORD_JOB_WAITING ? 0 : now;
	}
	keep_run(store, entry, &run);
}

uint64_t
entry_end_all(const struct store *store, struct entry *entry, const char *taker, int how,
	const char *why, int64_t now)
{
	uint64_t count = 0;

	for (size_t i = entry->n_holders; i-- > 0;)
		if (taker == NULL || strcmp(name_of(store, entry->holders[i].taker), taker) == 0) {
			entry_end(store, entry, i, how, why, now);
			count++;
		}
	return count;
}

/* Another version of a job that is there. */
static void
replace(struct list *list, struct entry *entry, struct entry *with)
{
	struct store_job old = entry->job;

	entry->job.payload = with->job.payload;
	entry->job.payload_size = with->job.payload_size;
	entry->job.fingerprint = with->job.fingerprint;
	entry->job.fingerprint_size = with->job.fingerprint_size;
	with->job.payload = old.payload;
	with->job.fingerprint = old.fingerprint;
	entry->again = old.state == ORD_JOB_RUNNING;
	entry->job.failures = entry->job.kills = 0;
	if (old.state != ORD_JOB_RUNNING) {
		entry->job.state = with->job.state;
		entry->job.ended_ms = with->job.ended_ms;
		if (list->first >= (size_t)entry->job.id)
			list->first = (size_t)entry->job.id - 1;
	}
}

/* Is every job that is to come first in the list, or before it among the new ones? */
static int
check_after(struct store *store, const struct list *list, const struct table *fresh,
	const struct store_job *job)
{
	for (size_t i = 0; i < job->n_after; i++) {
		const char *name = job->after[i];

		if (strcmp(name, job->name) == 0 ||
			(table_find(&list->names, name, strlen(name)) == NULL &&
				table_find(fresh, name, strlen(name)) == NULL))
			return error_set(store->error, ORD_EINVAL,
				"the job '%s' is to come after '%s', which is not in the list: add that first",
				job->name, name);
	}
	return 0;
}

static void
append(struct list *list, struct entry *entry, const struct store_job *job)
{
	for (size_t i = 0; i < job->n_after; i++) {
		const struct entry *other =
			table_find(&list->names, job->after[i], strlen(job->after[i]));

		if (other != NULL)
			entry->after[entry->n_after++] = other->job.id;
		list->linked = 1;
	}
	entry->job.id = (int64_t)list->n_entries + 1;
	list->entries[list->n_entries++] = entry;
	table_put(&list->names, entry->job.name, strlen(entry->job.name), entry);
}

/* A list is one range, or none. */
static int
check_range(
	struct store *store, const struct list *list, const struct store_job *jobs, size_t count)
{
	uint64_t is = list->range >= 0 ? (uint64_t)list->range : 0;

	for (size_t i = 0; i < count; i++) {
		if (jobs[i].range != 0 && is != 0 && jobs[i].range != is)
			return rules_size_mismatch(store->error, is, jobs[i].range);
		if (jobs[i].range != 0)
			is = jobs[i].range;
	}
	return 0;
}

/* Everything that can fail. */
static int
prepare(struct store *store, struct list *list, const struct store_job *jobs, size_t count,
	struct entry **made)
{
	struct table fresh = { 0 };
	struct entry **entries =
		memory_resize(list->entries, (list->n_entries + count) * sizeof(struct entry *));
	int status = 0;

	if (entries != NULL)
		list->entries = entries;
	if (entries == NULL || table_reserve(&list->names, count) != 0 ||
		table_reserve(&fresh, count) != 0)
		status = error_memory(store->error);
	if (status == 0)
		status = check_range(store, list, jobs, count);
	for (size_t i = 0; status == 0 && i < count; i++) {
		status = check_after(store, list, &fresh, &jobs[i]);
		made[i] = status == 0 ? entry_new(&jobs[i]) : NULL;
		if (status == 0 && made[i] == NULL)
			status = error_memory(store->error);
		else if (status == 0 &&
			table_find(&fresh, jobs[i].name, strlen(jobs[i].name)) == NULL)
			table_put(&fresh, jobs[i].name, strlen(jobs[i].name), made[i]);
	}
	table_finish(&fresh);
	return status;
}

int
list_add(struct store *store, struct list *list, const struct store_job *jobs, size_t count,
	uint64_t *added, int64_t now)
{
	struct entry **made = memory_new(count + 1, sizeof(struct entry *));
	int status;

	if (made == NULL)
		return error_memory(store->error);
	status = prepare(store, list, jobs, count, made);
	for (size_t i = 0; status == 0 && i < count; i++)
		if (jobs[i].state != ORD_JOB_WAITING && jobs[i].ended_ms == 0)
			made[i]->job.ended_ms = now;
	for (size_t i = 0; status == 0 && i < count; i++) {
		struct entry *entry = table_find(&list->names, jobs[i].name, strlen(jobs[i].name));

		*added += entry == NULL || rules_is_changed(&entry->job, &jobs[i]);
		if (jobs[i].range != 0)
			list->range = (int64_t)jobs[i].range;
		if (entry == NULL) {
			append(list, made[i], &jobs[i]);
			made[i] = NULL;
		} else if (rules_is_changed(&entry->job, &jobs[i])) {
			replace(list, entry, made[i]);
		}
	}
	for (size_t i = 0; i < count; i++)
		if (made[i] != NULL)
			entry_free(made[i]);
	memory_free(made);
	if (list->linked)
		settle(list);
	return status;
}

int
is_awaited(const struct list *list, const struct entry *entry)
{
	for (size_t i = 0; i < list->n_entries; i++) {
		const struct entry *other = list->entries[i];

		for (size_t j = 0; other != NULL && other != entry && j < other->n_after; j++)
			if (other->after[j] == entry->job.id && other->job.state == ORD_JOB_BLOCKED)
				return 1;
	}
	return 0;
}

void
forget_names(struct list *list, struct table *names)
{
	int empty = 1;

	table_finish(&list->names);
	for (size_t i = 0; i < list->n_entries; i++)
		if (list->entries[i] != NULL) {
			table_put(names, list->entries[i]->job.name,
				strlen(list->entries[i]->job.name), list->entries[i]);
			empty = 0;
		}
	list->names = *names;
	if (empty)
		list->range = -1;
}
