/*
 * The core and the model side by side, and the questions that are asked after
 * every step.  A broken promise ends the program with the command that shows
 * it again.
 */
#ifndef CORE_PROMISES_H
#define CORE_PROMISES_H

#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"
#include "model.h"

#define NS_PER_MS UINT64_C(1000000)

enum { SLOTS_MOST = 64 };

/* What a worker holds: the tasks that came to it, known only by what the messages said. */
struct inbox {
	struct sent calls[MODEL_QUEUE];
	uint32_t count;
	bool running; /* the first of them */
};

struct run {
	struct core core;
	struct model model;
	_Atomic uint64_t claims[SLOTS_MOST];
	struct inbox inboxes[MODEL_PLACES];
	int32_t pids[MODEL_PLACES]; /* of the workers */
	int32_t last_pid;
	uint64_t first; /* sequence of task 0 */
	uint64_t now_ms;
	uint64_t seed, random;
	uint32_t sleeper;    /* a place where a task takes long */
	uint32_t commands;   /* in ten tasks */
	uint32_t yields;     /* in ten times that a task could */
	uint32_t longest_ns; /* that a task is said to have taken */
	bool bursts;         /* many tasks at once, and no more before they are nearly done */
	bool patient;        /* who has yielded waits for all others */
	uint32_t step;
	bool tell;
};

static void
must(const struct run *run, bool holds, const char *promise)
{
	if (holds)
		return;
	printf("broken in step %lu of seed %llu: %s\nto see it: plain_model %llu 1 tell\n",
		(unsigned long)run->step, (unsigned long long)run->seed, promise,
		(unsigned long long)run->seed);
	exit(1);
}

static uint32_t
live(const struct model *model)
{
	return model->n - model->first - model_count(model, AT_DELIVERED);
}

static uint32_t
number_of(const struct run *run, const struct slot *slot)
{
	return slot != NULL ? (uint32_t)(slot->sequence - run->first) : MODEL_NONE;
}

static bool
is_idle(const struct run *run, uint32_t place)
{
	const struct model_place *at = &run->model.places[place];

	return at->worker == IS_READY && at->count == 0 && !model_had_its_share(&run->model, at);
}

static bool
may_spawn(const struct run *run, uint32_t place)
{
	const struct model_place *at = &run->model.places[place];

	return at->worker == NO_WORKER && at->not_before_ms <= run->now_ms;
}

#include "balance.h"

static uint32_t
sent_number(const struct run *run, const struct dispatch *dispatch, uint32_t i)
{
	return number_of(run, core_sent(&run->core, dispatch->place, dispatch->n - i));
}

/* Second copies: of what one other place holds and has not started, when nothing else is left to do. */
static void
judge_copies(struct run *run, const struct dispatch *dispatch)
{
	struct model *model = &run->model;

	must(run, model->batches && is_idle(run, dispatch->place),
		"only an idle place is given copies");
	must(run, model_first_at(model, AT_WAITING) == MODEL_NONE, "what waits goes before copies");
	for (uint32_t i = 0; i < dispatch->n; i++) {
		const struct model_task *task = &model->tasks[sent_number(run, dispatch, i)];

		must(run, task->where == AT_SENT && !task->running && !task->command,
			"what runs is not given out again");
		must(run, model_holders(model, task) == 1 || model_held_up(model, task),
			"there is a second copy only of what one place holds, or none will come to");
	}
}

/* The first that wait, in order, to an idle place or one message ahead; over the bound the head alone. */
static void
judge_message(struct run *run, const struct dispatch *dispatch)
{
	struct model *model = &run->model;
	const struct model_place *at = &model->places[dispatch->place];
	uint32_t next = model_next_waiting(model);

	must(run, at->worker == IS_READY && !at->yielded,
		"only a worker that is ready is given a task");
	must(run, at->count == 0 || (model->batches && !model->tasks[at->queue[0].task].command),
		"only an idle place");
	must(run, at->count == 0 || at->queue[0].message == at->queue[at->count - 1].message,
		"one message ahead");
	must(run, dispatch->n == 1 || model_bytes(model) < model->window_bytes,
		"over the bound the head goes alone");
	must(run, next != MODEL_NONE, "over the bound nothing goes out but the head");
	for (uint32_t i = 0; i < dispatch->n; i++, next++) {
		while (next < model->n && model->tasks[next].where != AT_WAITING)
			next++;
		must(run, sent_number(run, dispatch, i) == next,
			"the first that waits goes out first");
		must(run, dispatch->kind == DISPATCH_COMMAND || !model->tasks[next].command,
			"a message has no commands");
	}
}

static void
judge_dispatch(struct run *run, const struct dispatch *dispatch)
{
	struct model *model = &run->model;
	bool failed = model->fruitless >= model->max_deaths;
	uint32_t number = number_of(run, dispatch->slot);

	judge_grants(run);
	judge_wishes(run, dispatch);
	if (dispatch->kind == DISPATCH_GRANT)
		return;
	if (dispatch->kind == DISPATCH_NOTHING) {
		must(run, model->stopped || !failed, "max_deaths in a row end the pool");
		judge_rest(run);
		return;
	}
	must(run, !model->stopped, "a stopped core does nothing");
	must(run, failed == (dispatch->kind == DISPATCH_FAIL),
		"max_deaths in a row end the pool, and only they");
	if (failed)
		return;
	must(run, dispatch->place < model->n_places, "there is such a place");
	if (dispatch->kind == DISPATCH_BYE) {
		judge_bye(run, dispatch->place);
		return;
	}
	judge_use(run, dispatch->place, dispatch->kind == DISPATCH_SPAWN);
	if (dispatch->kind == DISPATCH_SPAWN) {
		must(run, may_spawn(run, dispatch->place),
			"a worker is started where one is missing, in its time");
		return;
	}
	judge_share(run, dispatch);
	must(run, dispatch->n == 1 || (model->batches && dispatch->kind == DISPATCH_SEND),
		"many go out only if that is asked");
	must(run, model->tasks[number].command == (dispatch->kind == DISPATCH_COMMAND),
		"a command is a command");
	if (model->tasks[number].where == AT_SENT)
		judge_copies(run, dispatch);
	else
		judge_message(run, dispatch);
}

/* Over the bound the place with the lowest sequence goes on, and no other that has something to do. */
static void
judge_take(const struct run *run)
{
	const struct model *model = &run->model;
	bool over = model_bytes(model) >= model->window_bytes;
	uint32_t lowest = MODEL_NONE, going = 0;
	bool may_take;

	for (uint32_t i = 0; i < model->n_places; i++)
		if (model_works(&model->places[i]) && model->places[i].queue[0].task < lowest)
			lowest = model->places[i].queue[0].task;
	for (uint32_t i = 0; i < model->n_places; i++) {
		const struct model_place *at = &model->places[i];

		may_take = core_may_take(&run->core, i);
		must(run, may_take || (over && model_works(at)),
			"under the bound, and from a place that does not work, all is taken");
		must(run, !may_take || !over || !model_works(at) || at->queue[0].task == lowest,
			"over the bound only the lowest sequence goes on");
		going += may_take && model_works(at);
	}
	must(run, !over || lowest == MODEL_NONE || going == 1,
		"over the bound exactly one goes on");
}

static void
judge_deliverable(const struct run *run, const struct slot *slot)
{
	const struct model *model = &run->model;
	const struct model_task *task;
	uint32_t number = number_of(run, slot);

	if (slot == NULL && model->completion)
		must(run, model_first_at(model, AT_SETTLED) == MODEL_NONE,
			"what is settled is delivered");
	else if (slot == NULL)
		must(run,
			model->first == model->n || model->tasks[model->first].where != AT_SETTLED,
			"the head is delivered when it is settled");
	if (slot == NULL)
		return;
	must(run, number < model->n && model->tasks[number].where == AT_SETTLED,
		"only a settled task is delivered, once");
	if (!model->completion)
		must(run, number == model->first, "results come in the order of submission");
	task = &model->tasks[number];
	for (uint32_t i = model->first; i < model->n; i++)
		must(run,
			!model->completion || model->tasks[i].where != AT_SETTLED ||
				model->tasks[i].settled_at >= task->settled_at,
			"results come in the order of completion");
}

static void
judge_result(const struct run *run, uint32_t number, const struct ord_result *result)
{
	const struct model_task *task = &run->model.tasks[number];

	must(run, result->sequence == run->first + number, "a result has its sequence");
	must(run, result->user == task, "a result has its user pointer");
	must(run, (int)result->state == task->state, "a result has the right state");
	must(run, result->attempts == task->starts,
		"every start is an attempt, and every attempt a start");
	must(run, result->worker == task->ran_at, "a result names the place that ran it last");
	must(run, result->pid == task->pid, "a result names the process that ran it last");
	must(run, result->output.size == task->output, "a result has the output of its attempt");
	must(run,
		task->state != ORD_DONE || result->detail == NULL || result->detail->error == NULL,
		"what ended well has no error");
}

/* Of each attempt a start and an end, in order, and never before the model knows of them. */
static void
judge_announcement(struct run *run, const struct announcement *news)
{
	uint32_t number = number_of(run, news->slot), open;
	struct model_task *task;

	if (news->kind == ANNOUNCE_NOTHING)
		return;
	task = &run->model.tasks[number];
	must(run, run->core.options.announce, "only who wants announcements has them");
	must(run, number < run->model.n && task->where != AT_DELIVERED && task->told_ends == 0,
		"nothing is announced behind a task's end");
	must(run, news->attempt == task->told_retries, "an announcement names its attempt");
	open = task->told_starts - task->told_retries;
	if (news->kind == ANNOUNCE_STARTED) {
		must(run, open == 0 && ++task->told_starts <= task->starts,
			"a start is announced once, when there was one");
	} else if (news->kind == ANNOUNCE_RETRIED) {
		must(run, open == 1 && ++task->told_retries <= task->given_again,
			"what is tried again had started");
	} else {
		must(run, task->where == AT_SETTLED, "an end is announced when there is one");
		must(run, task->told_starts == task->starts, "every start is announced");
		task->told_ends++;
	}
}

static void
judge_announced(const struct run *run, uint32_t number)
{
	const struct model_task *task = &run->model.tasks[number];
	bool told = run->core.options.announce;

	must(run, task->told_ends == told, "an end is announced before its result");
	must(run, task->told_retries == (told ? task->given_again : 0), "every retry is announced");
}

/* What was announced adds up. */
static void
judge_counts(const struct run *run)
{
	uint64_t running = 0, ended = 0;

	for (uint32_t i = 0; i < run->model.n; i++) {
		const struct model_task *task = &run->model.tasks[i];

		running += task->told_starts - task->told_retries != 0 && task->told_ends == 0;
		ended += task->told_ends;
	}
	must(run, run->core.n_told_running == running, "as many run as were announced");
	must(run, run->core.n_told_ended == ended, "as many have ended as were announced");
}

/* When the first of the missing workers may be started; those beyond the target are not missed. */
static uint64_t
next_time(const struct run *run)
{
	uint64_t soonest = UINT64_MAX;

	for (uint32_t i = 0; i < run->model.n_places && !run->model.stopped; i++) {
		const struct model_place *at = &run->model.places[i];

		if (at->worker == NO_WORKER && at->not_before_ms * NS_PER_MS < soonest)
			soonest = at->not_before_ms * NS_PER_MS;
	}
	return soonest;
}

/* Workers in time; beside that only a look at who may take a task over from whom. */
static void
judge_time(const struct run *run)
{
	uint64_t at = core_next_time(&run->core), workers = next_time(run);
	bool idle = false, looks = false;

	for (uint32_t i = 0; i < run->model.n_places; i++)
		idle |= is_idle(run, i);
	looks = run->model.batches && idle;
	must(run, at >= workers || looks, "nothing is due before its time");
	must(run, spare_places(&run->model) != 0 || at <= workers, "the next time is known");
	must(run, at == UINT64_MAX || core_has_time(&run->core), "there is a time if there is one");
}

static void
judge(struct run *run)
{
	const struct model *model = &run->model;
	const struct core *core = &run->core;
	const char *broken = core_check(core);

	judge_grants(run);
	must(run, broken == NULL, broken);
	must(run, core->bytes == model_bytes(model), "bytes are those of the model");
	must(run, core->live == live(model) && core->live <= model->window, "the window holds");
	must(run, core->n_waiting == model_count(model, AT_WAITING), "as many wait");
	must(run, core->n_sent == model_count(model, AT_SENT), "as many are sent");
	must(run, core->n_settled == model_count(model, AT_SETTLED), "as many are settled");
	must(run,
		number_of(run, core_head(core)) ==
			(model->first < model->n ? model->first : MODEL_NONE),
		"the head is the first that is not delivered");
	must(run, core->retried == model->retried && core->deaths == model->deaths,
		"retries and deaths are counted");
	must(run, core->fruitless == model->fruitless, "fruitless deaths are counted");
	judge_counts(run);
	must(run, core->recycled == model->recycled, "workers that were replaced are counted");
	must(run, core->n_yielded == model_yielded(model), "as many have yielded");
	judge_time(run);
	judge_take(run);
	judge_deliverable(run, core_deliverable(core));
}

#endif
