/* Looking at a list in memory: who may have a job, what is there, and whether anything can still come. */
#include "jobs/memory/list.h"

#include <string.h>

#include <orderly/jobs.h>

#include "base/memory.h"
#include "jobs/labels.h"
#include "jobs/rules.h"

uint64_t
entry_held_by(const struct entry *entry, int64_t taker)
{
	uint64_t held = 0;

	for (size_t i = 0; entry != NULL && i < entry->n_holders; i++)
		held += entry->holders[i].taker == taker;
	return held;
}

int
entry_give(const struct list *list, const struct entry *entry, store_job_fn fn, void *user)
{
	struct store_job job = entry->job;
	const struct entry *other = job.state == ORD_JOB_BLOCKED ? awaited(list, entry) : NULL;

	job.awaits = other != NULL ? other->job.name : "";
	job.awaits_state = other != NULL ? other->job.state : 0;
	return fn(user, &job);
}

struct holder *
entry_mine(const struct store *store, const struct entry *entry, uint32_t attempt)
{
	for (size_t i = 0; entry != NULL && i < entry->n_holders; i++)
		if (entry->holders[i].taker == store->self.id &&
			(attempt == 0 || entry->holders[i].attempt == attempt))
			return &entry->holders[i];
	return NULL;
}

int
entry_may_have(const struct store *store, const struct entry *entry, int state)
{
	return entry != NULL && entry->job.state == state &&
		(state == ORD_JOB_WAITING ||
			rules_may_join(&entry->job, entry->again, entry->n_holders)) &&
		labels_meet(store->self.labels, entry->job.requires);
}

int
memory_outlook(struct store *store, struct store_outlook *outlook)
{
	struct list *list = list_enter(store);

	*outlook = (struct store_outlook){ 0 };
	for (size_t i = 0; i < list->n_entries; i++) {
		const struct entry *entry = list->entries[i];

		if (entry == NULL)
			continue;
		switch (entry->job.state) {
		case ORD_JOB_WAITING:
			if (entry_may_have(store, entry, ORD_JOB_WAITING))
				outlook->waiting = 1;
			else
				outlook->foreign = 1;
			break;
		case ORD_JOB_RUNNING:
			outlook->waiting |= entry_may_have(store, entry, ORD_JOB_RUNNING);
			if (entry_mine(store, entry, 0) != NULL)
				outlook->running_own = 1;
			if (entry_held_by(entry, store->self.id) < entry->n_holders)
				outlook->running_other = 1;
			break;
		case ORD_JOB_BLOCKED: outlook->blocked = 1; break;
		case ORD_JOB_FAILED:
		case ORD_JOB_KILLED: outlook->bad = 1; break;
		default: break;
		}
	}
	return list_leave(store, list, 0, 0);
}

/* Names of what an entry comes after, one a line; to be freed, NULL without memory. */
static char *
names_after(const struct list *list, const struct entry *entry)
{
	char *names = NULL;
	size_t size = 0;

	for (int pass = 0; pass < 2; pass++) {
		if (pass == 1 && (names = memory_new(size + 1, 1)) == NULL)
			return NULL;
		size = 0;
		for (size_t i = 0; i < entry->n_after; i++) {
			const struct entry *other = entry_of(list, entry->after[i]);
			size_t length = other != NULL ? strlen(other->job.name) : 0;

			if (other == NULL)
				continue;
			if (pass == 1 && size != 0)
				names[size - 1] = '\n';
			if (pass == 1)
				memcpy(names + size, other->job.name, length);
			size += length + 1;
		}
	}
	return names;
}

int
memory_each(struct store *store, uint32_t states, store_job_fn fn, void *user)
{
	struct list *list = list_enter(store);
	int status = 0;

	for (size_t i = 0; status == 0 && i < list->n_entries; i++) {
		struct entry *entry = list->entries[i];
		char *names;

		if (entry == NULL || (states & ORD_JOB_IN(entry->job.state)) == 0)
			continue;
		names = names_after(list, entry);
		if (names == NULL) {
			status = error_memory(store->error);
			break;
		}
		entry->job.comes_after = names;
		entry->job.range = entry->job.item >= 0 ? (uint64_t)list->range : 0;
		status = entry_give(list, entry, fn, user);
		entry->job.comes_after = NULL;
		memory_free(names);
	}
	return list_leave(store, list, 0, status);
}

int
memory_counts(struct store *store, uint64_t counts[8])
{
	struct list *list = list_enter(store);

	for (size_t i = 0; i < list->n_entries; i++)
		if (list->entries[i] != NULL)
			counts[list->entries[i]->job.state]++;
	return list_leave(store, list, 0, 0);
}

int
memory_runs(struct store *store, const char *name, store_run_fn fn, void *user)
{
	struct list *list = list_enter(store);
	const struct entry *entry = table_find(&list->names, name, strlen(name));
	int status = 0;

	if (entry == NULL)
		return list_leave(store, list, 0,
			error_set(store->error, ORD_EINVAL, "there is no job '%s' in the list",
				name));
	for (size_t i = entry->n_holders; status == 0 && i-- > 0;) {
		const struct holder *holder = &entry->holders[i];
		struct store_run run = { list->members[holder->taker - 1].taker.name, "",
			holder->began_ms, 0, holder->attempt, ORD_JOB_RUNNING };

		status = fn(user, &run);
	}
	for (const struct memory_run *run = entry->runs; status == 0 && run != NULL;
		run = run->older)
		status = fn(user, &run->run);
	return list_leave(store, list, 0, status);
}
