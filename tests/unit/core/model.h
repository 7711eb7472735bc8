/*
 * What the core promises, told a second time and as plainly as can be: arrays
 * that are scanned, no lists, no counters that could go wrong.  Nothing of
 * lib/ is used here.  The driver (plain_model.c) tells both sides what happens;
 * promises.h compares what they say.
 * Tasks are numbered from 0, whatever the first sequence is.
 */
#ifndef CORE_MODEL_H
#define CORE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <orderly/result.h>

enum { MODEL_TASKS = 4096, MODEL_PLACES = 8, MODEL_QUEUE = 256 };
#define MODEL_NONE UINT32_MAX
enum model_where { AT_WAITING, AT_SENT, AT_SETTLED, AT_DELIVERED };
enum model_worker { NO_WORKER, IS_STARTING, IS_READY, IS_LEAVING };

struct model_task {
	enum model_where where;
	bool command;
	bool running;  /* a worker claimed it; a command that was given out */
	bool canceled; /* while it ran */
	uint32_t retries, given_again, starts, kills;
	uint32_t ran_at; /* the place and the process where it ran last */
	int32_t pid;
	uint64_t input, output, messages; /* bytes that are counted */
	int state;
	uint32_t told_starts, told_retries, told_ends; /* what was announced */
	uint64_t settled_at; /* the event at which it was; those of one event come in any order */
};

/* What a place was given and has not answered: an attempt of a task, in a message. */
struct model_entry {
	uint32_t task, given_again;
	uint64_t message;
};

struct model_place {
	enum model_worker worker;
	struct model_entry queue[MODEL_QUEUE];
	uint32_t count;
	bool fed;
	bool retired;        /* it leaves by its own wish and starts nothing more */
	bool yielded;        /* its task has given the slot back */
	bool wish;           /* that task wants one again; it is not decided yet */
	bool owed;           /* it is decided, and the task has not been told */
	bool used;           /* given something since the places that may work are the same */
	uint32_t given;      /* tasks that its worker was sent since it came up */
	uint64_t busy_since; /* tick */
	uint32_t fruitless;
	uint64_t not_before_ms;
};

struct model {
	uint32_t window, max_deaths, quarantine, recycle;
	uint32_t most_places, n_places; /* there are, and were ever used */
	uint32_t target;                /* places that may work at once */
	uint32_t
		widest; /* most that the target, the tasks that yielded and the workers that start ahead were together */
	uint32_t spares; /* most tasks that had yielded at once, since the last resize */
	uint32_t excess; /* places that worked beyond the target at excess_at */
	uint64_t excess_at, tick;
	uint64_t window_bytes;
	bool completion, functions, batches, stopped;
	struct model_task tasks[MODEL_TASKS];
	uint32_t n, first; /* submitted; all below `first` are delivered */
	struct model_place places[MODEL_PLACES];
	uint32_t fruitless, retried, deaths, recycled;
	uint64_t event;
};

struct model_end {
	bool timed_out, stopped, signaled;
	int code;
	int32_t pid;
};

static uint32_t
model_count(const struct model *model, enum model_where where)
{
	uint32_t count = 0;

	for (uint32_t i = model->first; i < model->n; i++)
		count += model->tasks[i].where == where;
	return count;
}

static uint64_t
model_bytes(const struct model *model)
{
	const struct model_task *end = model->tasks + model->n;
	uint64_t bytes = 0;

	for (const struct model_task *task = model->tasks + model->first; task < end; task++)
		bytes += task->where != AT_DELIVERED ? task->input + task->output + task->messages
						     : 0;
	return bytes;
}

static uint32_t
model_first_at(const struct model *model, enum model_where where)
{
	for (uint32_t i = model->first; i < model->n; i++)
		if (model->tasks[i].where == where)
			return i;
	return MODEL_NONE;
}

static bool
model_has_room(const struct model *model, uint64_t size)
{
	uint64_t live = model->n - model->first - model_count(model, AT_DELIVERED);
	uint64_t bytes = model_bytes(model);

	if (live == 0 || bytes >= model->window_bytes)
		return live == 0;
	return live < model->window && bytes + size <= model->window_bytes;
}

/* The task that an entry of a place means, or NULL if nobody waits for it any more. */
static struct model_task *
model_entry(struct model *model, uint32_t place, uint32_t i)
{
	struct model_entry *entry = &model->places[place].queue[i];
	struct model_task *task = &model->tasks[entry->task];

	return task->where == AT_SENT && task->given_again == entry->given_again ? task : NULL;
}

/* The task that a place must answer next and may or did start, or NULL. */
static struct model_task *
model_task_of(struct model *model, uint32_t place)
{
	struct model_task *task =
		model->places[place].count != 0 ? model_entry(model, place, 0) : NULL;

	return task != NULL && (!task->running || task->ran_at == place) ? task : NULL;
}

static uint32_t
model_holders(struct model *model, const struct model_task *task)
{
	uint32_t holders = 0;

	for (uint32_t place = 0; place < model->n_places; place++)
		for (uint32_t i = 0; i < model->places[place].count; i++)
			holders += model_entry(model, place, i) == task;
	return holders;
}

/* Does it wait for something: it has yielded, or all that hold it do so before they come to it? */
static bool
model_held_up(struct model *model, const struct model_task *task)
{
	uint32_t holders = 0;

	if (task->where != AT_SENT || task->command)
		return false;
	if (task->running)
		return model->places[task->ran_at].yielded;
	for (uint32_t place = 0; place < model->n_places; place++)
		for (uint32_t i = 0; i < model->places[place].count; i++)
			holders += model_entry(model, place, i) == task &&
				!model->places[place].yielded;
	return holders == 0;
}

/* Over the byte bound only the head, unless it waits for something. */
static uint32_t
model_next_waiting(struct model *model)
{
	uint32_t next = model_first_at(model, AT_WAITING);

	if (model_bytes(model) < model->window_bytes || next == model->first ||
		model_held_up(model, &model->tasks[model->first]))
		return next;
	return MODEL_NONE;
}

/* --- which places work --- */

static uint32_t
model_yielded(const struct model *model)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < model->n_places; i++)
		n += model->places[i].yielded;
	return n;
}

static bool
model_works(const struct model_place *place)
{
	return place->count != 0 && !place->yielded;
}

static uint32_t
model_working(const struct model *model)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < model->n_places; i++)
		n += model_works(&model->places[i]);
	return n;
}

/* Places that may still be at what they had when there were too many, or come back to it. */
static uint32_t
model_excess(const struct model *model)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < model->n_places; i++)
		n += model->places[i].count != 0 && model->places[i].busy_since <= model->excess_at;
	return n < model->excess ? n : model->excess;
}

/* Where workers are replaced again and again so many may live beside those that work. */
static uint32_t
model_ahead(const struct model *model)
{
	return model->recycle != 0 ? 1 + model->target / 2 : 0;
}

/* Other places may work now: the target has changed, or who has yielded. */
static void
model_shift(struct model *model)
{
	uint32_t working = model_working(model), excess = model_excess(model);
	uint32_t yielded = model_yielded(model);

	if (working > model->target && working - model->target > excess)
		excess = working - model->target;
	model->excess = excess;
	model->excess_at = ++model->tick;
	if (model->spares < yielded)
		model->spares = yielded;
	if (model->widest < model->target + yielded + model_ahead(model))
		model->widest = model->target + yielded + model_ahead(model);
	for (uint32_t i = 0; i < model->n_places; i++)
		model->places[i].used = false;
}

static void
model_resize(struct model *model, uint32_t target)
{
	uint32_t excess = model_excess(model), more = target - model->target;

	/* Those that still work are the first that may again; one that has yielded may come back any time. */
	if (target > model->target && model_yielded(model) == 0)
		model->excess = excess > more ? excess - more : 0;
	model->target = target;
	model->spares = model_yielded(model);
	model_shift(model);
}

static void
model_yield(struct model *model, uint32_t place)
{
	model->places[place].yielded = true;
	model_shift(model);
}

/* It has a slot again, or it is gone. */
static void
model_unyield(struct model *model, struct model_place *at)
{
	bool yielded = at->yielded;

	at->yielded = at->wish = false;
	if (yielded)
		model_shift(model);
}

static bool
model_had_its_share(const struct model *model, const struct model_place *at)
{
	return model->recycle != 0 && at->given >= model->recycle;
}

static void
model_settle(struct model *model, struct model_task *task, int state)
{
	if (task->running) {
		model->places[task->ran_at].fed = true;
		model->places[task->ran_at].fruitless = 0;
		model->fruitless = 0;
	}
	if (!task->command && state != ORD_DONE)
		task->output = 0;
	task->input = 0;
	task->running = false;
	task->state = state;
	task->where = AT_SETTLED;
	task->settled_at = model->event;
}

static void
model_started(struct model *model, uint32_t place, int32_t pid)
{
	struct model_task *task = model_task_of(model, place);

	task->running = true;
	task->starts++;
	task->ran_at = place;
	if (!task->command) /* of a command it is known when it has ended */
		task->pid = pid;
}

static void
model_sent(struct model *model, uint32_t place, uint32_t which)
{
	struct model_place *at = &model->places[place];

	if (at->count == 0)
		at->busy_since = ++model->tick;
	at->given += !model->tasks[which].command;
	at->used = true;
	model->tasks[which].where = AT_SENT;
	at->queue[at->count++] =
		(struct model_entry){ which, model->tasks[which].given_again, model->event };
}

static void
model_pop(struct model_place *at)
{
	for (uint32_t i = 1; i < at->count; i++)
		at->queue[i - 1] = at->queue[i];
	at->count--;
}

static void
model_answered(struct model *model, struct model_place *at)
{
	model_pop(at);
	at->owed = false;
	if (at->yielded)
		model_unyield(model, at);
}

/* An attempt ended: again, if that is allowed, or for good. */
static void
model_attempted(struct model *model, struct model_task *task, int state)
{
	if (state == ORD_DONE || state == ORD_FAILED || state == ORD_CANCELED ||
		state == ORD_QUARANTINED || task->canceled || model->stopped ||
		task->given_again >= task->retries) {
		model_settle(model, task, state);
		return;
	}
	task->output = 0;
	task->running = false;
	task->given_again++;
	task->where = AT_WAITING;
	model->retried++;
}

static void
model_died(struct model *model, struct model_task *task, const struct model_end *end)
{
	int state = end->signaled ? ORD_SIGNALED : ORD_EXITED;

	if (task->command && !end->signaled && end->code == 0)
		state = ORD_DONE;
	if (end->timed_out)
		state = ORD_TIMED_OUT;
	else if (task->canceled && (end->stopped || end->signaled))
		state = ORD_CANCELED;
	if (!task->command && (state == ORD_SIGNALED || state == ORD_EXITED) &&
		++task->kills >= model->quarantine && task->given_again < task->retries)
		state = ORD_QUARANTINED;
	if (!task->command)
		task->output = 0; /* it never became whole */
	task->pid = end->pid;
	model_attempted(model, task, state);
}

static bool
model_cancel(struct model *model, struct model_task *task)
{
	if (task->where == AT_SETTLED)
		return false;
	if (task->running)
		task->canceled = true;
	else
		model_settle(model, task, ORD_CANCELED);
	return task->running;
}

static void
model_stop(struct model *model)
{
	model->stopped = true;
	for (uint32_t i = model->first; i < model->n; i++)
		if (model->tasks[i].where < AT_SETTLED && !model->tasks[i].running)
			model_settle(model, &model->tasks[i], ORD_CANCELED);
}

/* A death that is no task's: a place that only dies is left alone for longer and longer. */
static void
model_fruitless(struct model *model, uint32_t place, uint64_t now_ms)
{
	static const uint64_t wait_ms[] = { 0, 10, 100, 1000 };
	struct model_place *at = &model->places[place];
	uint32_t before = at->fruitless++;

	model->fruitless++;
	at->worker = NO_WORKER;
	at->not_before_ms = now_ms + wait_ms[before < 3 ? before : 3];
}

static void
model_ended(struct model *model, uint32_t place, const struct model_end *end, uint64_t now_ms)
{
	struct model_place *at = &model->places[place];
	struct model_task *task = model_task_of(model, place), *back;
	bool shared = model_had_its_share(model, at) && at->count == 0;
	bool asked = at->worker == IS_LEAVING || shared;
	bool beside = task != NULL && task->command,
	     died = task != NULL && !beside && task->running;

	at->worker = NO_WORKER;
	model->deaths += !asked;
	model->recycled += shared || at->retired;
	at->retired = false;
	if (died)
		model_died(model, task, end);
	for (; at->count != 0 && !beside; model_pop(at)) {
		back = model_entry(model, place, 0);
		if (back != NULL && !back->running && model_holders(model, back) == 1)
			back->where = AT_WAITING;
	}
	at->owed = at->owed && beside;
	if (at->yielded)
		model_unyield(model, at);
	if (!died && !asked && !at->fed)
		model_fruitless(model, place, now_ms);
	if (model->stopped)
		model_stop(model);
}

static void
model_command_ended(struct model *model, uint32_t place, const struct model_end *end)
{
	struct model_task *task = model_task_of(model, place);

	model_answered(model, &model->places[place]);
	model_died(model, task, end);
}

#endif
