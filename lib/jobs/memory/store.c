/*
 * A list in the memory of one process, under a mutex: the smallest model of a
 * store.  Its takers are objects of this process, so none of them dies alone.
 * What it does at each step is looked up in the whole list.
 */
#define _GNU_SOURCE /* eventfd, pthreads */
#include "jobs/memory/store_memory.h"

#include <errno.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <orderly/jobs.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/table.h"
#include "jobs/labels.h"
#include "jobs/memory/list.h"
#include "jobs/rules.h"

/* --- who is there --- */

static int
member_add(struct store *store, struct list *list, int64_t now)
{
	struct member *members;
	struct store_taker *taker;
	char *name, *labels;

	for (size_t i = 0; i < list->n_members; i++)
		if (list->members[i].taker.state == ORD_TAKER_IDLE &&
			strcmp(list->members[i].taker.name, store->self.name) == 0)
			return error_set(store->error, ORD_EINVAL,
				"another living taker is called '%s': give this one another name",
				store->self.name);
	members = memory_resize(list->members, (list->n_members + 1) * sizeof *members);
	name = memory_copy(store->self.name, strlen(store->self.name));
	labels = memory_copy(store->self.labels, strlen(store->self.labels));
	if (members != NULL)
		list->members = members;
	if (members == NULL || name == NULL || labels == NULL) {
		memory_free(name);
		memory_free(labels);
		return error_memory(store->error);
	}
	taker = &members[list->n_members].taker;
	*taker = (struct store_taker){ .id = (int64_t)++list->n_members,
		.name = name,
		.labels = labels,
		.life = store->self.life,
		.since_ms = now,
		.seen_ms = now,
		.timeout_ms = store->self.timeout_ms,
		.state = ORD_TAKER_IDLE };
	store->self.id = taker->id;
	return 0;
}

static struct list *
list_new(void)
{
	struct list *list = memory_new(1, sizeof *list);

	if (list == NULL)
		return NULL;
	list->range = -1;
	pthread_mutex_init(&list->mutex, NULL);
	return list;
}

static int
memory_open(struct store *store, const char *place, const struct store *beside, int64_t now)
{
	struct inside *inside = memory_new(1, sizeof *inside), **insides;
	struct list *list;
	int status = 0;

	if (inside == NULL)
		return error_memory(store->error);
	inside->event = -1;
	store->inside = inside;
	if (*place != '\0' || (store->must_exist && beside == NULL))
		return error_set(store->error, ORD_EINVAL,
			"there is no list memory:%s: open one as memory:, and others with .beside",
			place);
	inside->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (inside->event < 0)
		return error_system(store->error, errno, "no descriptor for the list");
	list = beside != NULL ? ((struct inside *)beside->inside)->list : list_new();
	if (list == NULL)
		return error_memory(store->error);
	inside->list = list;
	pthread_mutex_lock(&list->mutex);
	insides = memory_resize(list->insides, (list->n_insides + 1) * sizeof(struct inside *));
	if (insides != NULL) {
		list->insides = insides;
		insides[list->n_insides++] = inside;
	} else {
		status = error_memory(store->error);
	}
	if (status == 0 && !store->read_only)
		status = member_add(store, list, now);
	return list_leave(store, list, status == 0, status);
}

static void
memory_close(struct store *store, int forked)
{
	struct inside *inside = store->inside;
	struct list *list = inside != NULL ? inside->list : NULL;
	size_t left = 0;

	if (inside == NULL)
		return;
	if (list != NULL && !forked) {
		pthread_mutex_lock(&list->mutex);
		for (size_t i = 0; i < list->n_insides; i++)
			if (list->insides[i] != inside)
				list->insides[left++] = list->insides[i];
		list->n_insides = left;
		pthread_mutex_unlock(&list->mutex);
		if (left == 0)
			list_free(list);
	}
	fd_close(&inside->event);
	memory_free(inside);
	store->inside = NULL;
}

static void
free_locks(struct list *list, int64_t taker)
{
	for (size_t i = 0; i < list->n_locks; i++)
		if (list->locks[i].holder == taker)
			list->locks[i].holder = 0;
}

static int
memory_leave(struct store *store, int64_t now)
{
	struct list *list = list_enter(store);
	struct store_taker *taker = &list->members[store->self.id - 1].taker;

	taker->state = ORD_TAKER_OFFLINE;
	taker->seen_ms = now;
	free_locks(list, taker->id);
	return list_leave(store, list, 1, 0);
}

static int
memory_beat(struct store *store, int64_t now)
{
	struct list *list = list_enter(store);
	struct store_taker *taker = &list->members[store->self.id - 1].taker;

	taker->state = ORD_TAKER_IDLE;
	taker->seen_ms = now;
	return list_leave(store, list, 0, 0);
}

static int
memory_takers(struct store *store, int all, store_taker_fn fn, void *user)
{
	struct list *list = list_enter(store);
	int status = 0;

	for (size_t i = 0; status == 0 && i < list->n_members; i++) {
		struct store_taker taker = list->members[i].taker;

		if (!all && taker.state != ORD_TAKER_IDLE)
			continue;
		for (size_t j = 0; j < list->n_entries; j++)
			taker.held += entry_held_by(list->entries[j], taker.id);
		status = fn(user, &taker);
	}
	return list_leave(store, list, 0, status);
}

/* --- jobs --- */

/* Who gets what is claimed, and when that is. */
struct claimed {
	store_job_fn give;
	void *user;
	int64_t now;
	int missing; /* there was no memory */
};

/* 0, or -1 without memory. */
static int
take_entry(struct store *store, struct list *list, struct entry *entry, int64_t now)
{
	struct holder *holders =
		memory_resize(entry->holders, (entry->n_holders + 1) * sizeof *holders);

	if (holders != NULL)
		entry->holders = holders;
	if (holders == NULL || text_set(&entry->job.taker, store->self.name) != 0)
		return -1;
	text_set(&entry->job.why, "");
	entry->job.state = ORD_JOB_RUNNING;
	entry->job.attempt++;
	entry->job.began_ms = now;
	entry->job.ended_ms = 0;
	holders[entry->n_holders++] = (struct holder){ store->self.id, now, entry->job.attempt };
	list->members[store->self.id - 1].taker.taken++;
	return 0;
}

/* Jobs in a state, those that are meant or all, until there are so many. */
static uint32_t
claim_in(struct store *store, const struct store_claim *claim, uint32_t most, int state,
	struct claimed *claimed)
{
	struct list *list = ((struct inside *)store->inside)->list;
	size_t n = claim->only != NULL ? claim->n_only : list->n_entries;
	uint32_t taken = 0;

	while (list->first < list->n_entries &&
		(list->entries[list->first] == NULL ||
			list->entries[list->first]->job.state != ORD_JOB_WAITING))
		list->first++;
	for (size_t i = claim->only == NULL && state == ORD_JOB_WAITING ? list->first : 0;
		i < n && taken < most && !claimed->missing; i++) {
		struct entry *entry =
			claim->only != NULL ? entry_of(list, claim->only[i]) : list->entries[i];

		if (!entry_may_have(store, entry, state))
			continue;
		claimed->missing = take_entry(store, list, entry, claimed->now);
		if (claimed->missing)
			continue;
		entry_give(list, entry, claimed->give, claimed->user);
		taken++;
	}
	return taken;
}

static uint32_t
claim_some(struct store *store, const struct store_claim *claim, struct claimed *claimed)
{
	struct list *list = ((struct inside *)store->inside)->list;
	uint64_t waiting = 0;
	uint32_t most = claim->most, taken;

	for (size_t i = list->first;
		most > 1 && i < list->n_entries && waiting < rules_count_to(claim); i++)
		waiting += (uint64_t)entry_may_have(store, list->entries[i], ORD_JOB_WAITING);
	if (most > 1)
		most = rules_share(claim, waiting);
	taken = claim_in(store, claim, most, ORD_JOB_WAITING, claimed);
	/* Who has nothing of his own to do may help. */
	if (taken == 0 && most != 0)
		taken = claim_in(store, claim, 1, ORD_JOB_RUNNING, claimed);
	return taken;
}

static int
memory_exchange(struct store *store, struct store_end *ends, size_t n_ends,
	const struct store_claim *claim, store_job_fn give, void *user, int64_t now)
{
	struct list *list = list_enter(store);
	struct claimed claimed = { give, user, now, 0 };
	uint32_t taken;

	list->members[store->self.id - 1].taker.state = ORD_TAKER_IDLE;
	for (size_t i = 0; i < n_ends; i++) {
		struct entry *entry = entry_of(list, ends[i].job);
		struct holder *self = entry_mine(store, entry, ends[i].attempt);

		ends[i].lost = self == NULL;
		if (self != NULL)
			entry_end(store, entry, (size_t)(self - entry->holders), (int)ends[i].kind,
				ends[i].why, now);
	}
	if (n_ends != 0 && list->linked)
		settle(list);
	taken = claim_some(store, claim, &claimed);
	/* Ends count, so it is said by the next claim, which has none. */
	if (claimed.missing && n_ends == 0 && taken == 0)
		return list_leave(store, list, 0, error_memory(store->error));
	return list_leave(store, list, n_ends != 0 || taken != 0, 0);
}

static int
memory_waiting(struct store *store, int64_t behind, store_job_fn fn, void *user)
{
	static const int states[] = { ORD_JOB_WAITING, ORD_JOB_RUNNING };
	struct list *list = list_enter(store);
	int status = 0;

	for (size_t s = 0; s < sizeof states / sizeof *states; s++)
		for (size_t i = (size_t)behind; status == 0 && i < list->n_entries; i++)
			if (entry_may_have(store, list->entries[i], states[s]))
				status = entry_give(list, list->entries[i], fn, user);
	return list_leave(store, list, 0, status < 0 ? status : 0);
}

static int
memory_held(struct store *store, const char *name, uint32_t attempt, store_job_fn fn, void *user)
{
	struct list *list = list_enter(store);
	struct entry *entry = table_find(&list->names, name, strlen(name));
	const struct holder *self = entry_mine(store, entry, attempt);
	int status = ORD_ELOST;

	if (self != NULL) {
		struct store_job job = entry->job;

		job.awaits = "";
		job.taker = store->self.name;
		job.attempt = self->attempt;
		job.began_ms = self->began_ms;
		status = fn(user, &job);
	}
	return list_leave(store, list, 0, status);
}

static int
memory_bury(struct store *store, int64_t id, int64_t seen_ms, int64_t now)
{
	struct list *list = list_enter(store);
	struct store_taker *taker = &list->members[id - 1].taker;

	if (taker->state != ORD_TAKER_IDLE || taker->seen_ms != seen_ms)
		return list_leave(store, list, 0, 0);
	taker->state = ORD_TAKER_KILLED;
	free_locks(list, id);
	for (size_t i = 0; i < list->n_entries; i++) {
		struct entry *entry = list->entries[i];

		for (size_t j = entry != NULL ? entry->n_holders : 0; j-- > 0;)
			if (entry->holders[j].taker == id)
				entry_end(store, entry, j, -1, "its taker died", now);
	}
	settle(list);
	return list_leave(store, list, 1, 0);
}

static int
memory_add(struct store *store, const struct store_job *jobs, size_t count, uint64_t *added,
	int64_t now)
{
	struct list *list = list_enter(store);

	return list_leave(store, list, 1, list_add(store, list, jobs, count, added, now));
}

/* A job's name is its index. */
struct indexed {
	char name[24];
};

static int
add_indexed(struct store *store, struct list *list, uint64_t count, int64_t now)
{
	struct store_job *jobs = memory_new(count + 1, sizeof *jobs);
	struct indexed *names = memory_new(count + 1, sizeof *names);
	uint64_t added = 0;
	int status = 0;

	for (uint64_t i = 0; jobs != NULL && names != NULL && i < count; i++) {
		snprintf(names[i].name, sizeof names[i].name, "%llu", (unsigned long long)i);
		if (table_find(&list->names, names[i].name, strlen(names[i].name)) != NULL)
			status = rules_numbers_are_taken(store->error);
		jobs[i] = (struct store_job){ .item = (int64_t)i,
			.name = names[i].name,
			.requires = "",
			.why = "",
			.state = ORD_JOB_WAITING,
			.max_takers = 1,
			.failed_retries = -1,
			.killed_retries = -1 };
	}
	if (jobs == NULL || names == NULL)
		status = error_memory(store->error);
	else if (status == 0)
		status = list_add(store, list, jobs, count, &added, now);
	memory_free(jobs);
	memory_free(names);
	return status;
}

static int
memory_add_range(struct store *store, uint64_t count, int64_t now)
{
	struct list *list = list_enter(store);
	int status;

	if (list->range >= 0)
		return list_leave(store, list, 0,
			(uint64_t)list->range == count
				? 0
				: rules_size_mismatch(store->error, (uint64_t)list->range, count));
	status = add_indexed(store, list, count, now);
	if (status == 0)
		list->range = (int64_t)count;
	return list_leave(store, list, 1, status);
}

/* --- many at once --- */

static void
change_entry(
	struct store *store, struct list *list, struct store_change *change, size_t i, int64_t now)
{
	struct entry *entry = list->entries[i];
	struct store_job *job = &entry->job;

	if (change->kind == STORE_CLEAR) {
		if (job->state != ORD_JOB_DONE && is_awaited(list, entry))
			return;
		entry_free(entry);
		list->entries[i] = NULL;
	} else if (change->kind == STORE_REQUEUE) {
		if (entry_end_all(store, entry, change->taker, STORE_BACK, "taken away", now) == 0)
			return;
	} else {
		entry_end_all(store, entry, NULL, STORE_BACK, "canceled", now);
		job->state = change->kind == STORE_CANCEL ? ORD_JOB_CANCELED : ORD_JOB_WAITING;
		job->ended_ms = change->kind == STORE_CANCEL ? now : 0;
		if (change->kind == STORE_RETRY)
			job->failures = job->kills = 0;
	}
	change->count++;
}

static int
memory_change(struct store *store, struct store_change *change, int64_t now)
{
	struct list *list = list_enter(store);
	struct table names = { 0 };

	/* All that can fail comes before all that is changed. */
	if (change->kind == STORE_CLEAR && table_reserve(&names, list->n_entries + 1) != 0)
		return list_leave(store, list, 0, error_memory(store->error));
	for (size_t i = 0; i < list->n_entries; i++) {
		struct entry *entry = list->entries[i];

		if (entry == NULL || !rules_concerns(change, entry->job.state) ||
			(change->pattern != NULL &&
				fnmatch(change->pattern, entry->job.name, 0) != 0))
			continue;
		change_entry(store, list, change, i, now);
	}
	settle(list);
	if (change->kind == STORE_CLEAR)
		forget_names(list, &names);
	return list_leave(store, list, 1, 0);
}

/* --- locks --- */

static struct mutex_name *
lock_of(struct list *list, const char *name)
{
	struct mutex_name *locks;

	for (size_t i = 0; i < list->n_locks; i++)
		if (strcmp(list->locks[i].name, name) == 0)
			return &list->locks[i];
	locks = memory_resize(list->locks, (list->n_locks + 1) * sizeof *locks);
	if (locks == NULL)
		return NULL;
	list->locks = locks;
	locks[list->n_locks] = (struct mutex_name){ memory_copy(name, strlen(name)), 0 };
	return locks[list->n_locks].name != NULL ? &locks[list->n_locks++] : NULL;
}

static int
memory_lock(struct store *store, const char *name, char *owner, size_t size)
{
	struct list *list = list_enter(store);
	struct mutex_name *lock = lock_of(list, name);

	if (lock == NULL)
		return list_leave(store, list, 0, error_memory(store->error));
	if (lock->holder == store->self.id)
		return list_leave(store, list, 0, rules_lock_is_own(store->error, name));
	if (lock->holder != 0) {
		snprintf(owner, size, "%s", list->members[lock->holder - 1].taker.name);
		return list_leave(store, list, 0, 0);
	}
	lock->holder = store->self.id;
	return list_leave(store, list, 1, 1);
}

static int
memory_unlock(struct store *store, const char *name)
{
	struct list *list = list_enter(store);
	struct mutex_name *lock = lock_of(list, name);
	int own = lock != NULL && lock->holder == store->self.id;

	if (own)
		lock->holder = 0;
	return list_leave(store, list, own, own ? 0 : ORD_ELOST);
}

static int
memory_descriptor(struct store *store)
{
	return ((struct inside *)store->inside)->event;
}

static int
memory_changed(struct store *store)
{
	uint64_t count;

	return read(memory_descriptor(store), &count, sizeof count) == sizeof count;
}

const struct store_functions store_memory = {
	.scheme = "memory",
	.open = memory_open,
	.leave = memory_leave,
	.close = memory_close,
	.beat = memory_beat,
	.add = memory_add,
	.add_range = memory_add_range,
	.exchange = memory_exchange,
	.waiting = memory_waiting,
	.held = memory_held,
	.bury = memory_bury,
	.takers = memory_takers,
	.outlook = memory_outlook,
	.each = memory_each,
	.counts = memory_counts,
	.runs = memory_runs,
	.change = memory_change,
	.lock = memory_lock,
	.unlock = memory_unlock,
	.descriptor = memory_descriptor,
	.changed = memory_changed,
};
