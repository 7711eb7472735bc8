/*
 * The core against a model: a driver plays the pool, the spawner and the
 * workers with random steps, tells the core and the model of each, and asks
 * after every step whether they agree and all promises hold.
 *
 *	plain_model [SEED [STEPS [tell]]]
 *
 * runs seeds SEED, SEED + 1 … of some hundred steps each until STEPS steps are
 * done; with STEPS 1 that is one seed.  `tell` prints every step.
 */
#include <string.h>

#include "players.h"
#include "scale.h"

enum { STEPS_OF_A_SEED = 2000, TURNS_MOST = 100000 };

/* --- the user --- */

/* Often as many bytes as fit, or one more. */
static size_t
pick_size(struct run *run)
{
	const struct model *model = &run->model;
	uint64_t held = model_bytes(model), size = chance(run, 30);

	if (held < model->window_bytes && model->window_bytes - held < SIZE_MOST &&
		chance(run, 4) == 0)
		size = model->window_bytes - held + chance(run, 2);
	else if (chance(run, 8) == 0)
		size = chance(run, SIZE_MOST / 4);
	return chance(run, 8) == 0 || size >= SIZE_MOST ? 0 : (size_t)size;
}

static void
submit(struct run *run)
{
	struct model *model = &run->model;
	struct model_task *known = &model->tasks[model->n];
	struct task task = { .user = known,
		.command = !model->functions || chance(run, 10) < run->commands };
	size_t size = pick_size(run), feed = task.command ? size / 3 : 0;
	struct extra extra = { .pass = false };
	struct slot *slot;

	must(run, core_has_room(&run->core, size) == model_has_room(model, size),
		"there is room when the bounds say so");
	if (!model_has_room(model, size) || model->n == MODEL_TASKS || model->stopped)
		return;
	task.limits.retries = (uint16_t)(chance(run, 2) == 0 ? chance(run, 6) : 0);
	must(run,
		blob_set(&task.input, bytes, size - feed) == 0 &&
			blob_set(&extra.feed, bytes, feed) == 0,
		"memory");
	*known = (struct model_task){ .command = task.command,
		.retries = task.limits.retries,
		.input = size,
		.ran_at = MODEL_NONE };
	model->n++;
	if (!task.command && size <= BLOB_INLINE && plain_has_room(&run->core, size) &&
		chance(run, 2) == 0) {
		slot = plain_submit(&run->core, bytes, size, &task.limits);
		slot->task.user = known;
		blob_finish(&task.input);
	} else {
		slot = core_submit(&run->core, &task, task.command ? &extra : NULL);
	}
	must(run, number_of(run, slot) == model->n - 1, "sequences follow each other");
	tell(run, "submit %s %lu of %zu bytes, %u retries", task.command ? "command" : "task",
		(unsigned long)model->n - 1, size, task.limits.retries);
}

static void
do_cancel(struct run *run)
{
	struct model *model = &run->model;
	uint32_t number = model->first + chance(run, 2 * model->window);
	struct slot *slot = core_find(&run->core, run->first + number);
	bool live = number < model->n && model->tasks[number].where != AT_DELIVERED;

	must(run, (slot != NULL) == live, "a task is found until it is delivered");
	if (slot == NULL)
		return;
	must(run, number_of(run, slot) == number, "the right task is found");
	tell(run, "cancel %lu", (unsigned long)number);
	cancel(run, number);
}

static void
do_submit(struct run *run)
{
	uint32_t n = chance(run, 3) == 0 ? chance(run, 20) : 1;

	if (run->bursts)
		n = live(&run->model) < 2 ? chance(run, SLOTS_MOST) : 0;
	for (; n > 0; n--)
		submit(run);
}

/* One announcement; it must be the next of its task. */
static bool
do_announce(struct run *run)
{
	struct announcement news = core_announcement(&run->core);

	judge_announcement(run, &news);
	return news.kind != ANNOUNCE_NOTHING;
}

static bool
do_deliver(struct run *run)
{
	struct slot *slot = core_deliverable(&run->core);
	uint32_t number = number_of(run, slot);
	struct model *model = &run->model;
	struct ord_result result;

	judge_deliverable(run, slot);
	if (slot == NULL)
		return false;
	while (do_announce(run))
		;
	tell(run, "deliver %lu, state %d", (unsigned long)number, model->tasks[number].state);
	core_charge(&run->core, slot, -(ptrdiff_t)model->tasks[number].messages);
	if (!run->core.options.completion && plain_can_leave(slot) && chance(run, 2) == 0)
		plain_release(&run->core, slot, &result);
	else
		core_release(&run->core, slot, &result);
	judge_result(run, number, &result);
	judge_announced(run, number);
	result_finish(&result);
	model->tasks[number].where = AT_DELIVERED;
	while (model->first < model->n && model->tasks[model->first].where == AT_DELIVERED)
		model->first++;
	return true;
}

static void
do_wait(struct run *run)
{
	static const uint32_t most_ms[] = { 1, 10, 100, 1000, 5000 };
	uint64_t next_ns = core_next_time(&run->core);

	if (chance(run, 3) == 0 && next_ns != UINT64_MAX && next_ns > now_ns(run))
		run->now_ms = next_ns / NS_PER_MS - chance(run, 2);
	else
		run->now_ms += chance(run, most_ms[chance(run, 5)]);
}

static void
stop(struct run *run)
{
	tell(run, "stop");
	core_stop(&run->core, chance(run, 2) == 0 ? "because" : NULL);
	model_stop(&run->model);
}

static void
do_stop(struct run *run)
{
	if (chance(run, 100) == 0)
		stop(run);
}

static void
tell_lost(struct model *model)
{
	struct model_end end = { .signaled = true };

	model_stop(model);
	for (uint32_t i = 0; i < model->n_places; i++) {
		struct model_task *task = model_task_of(model, i);

		if (task != NULL && task->command)
			model_command_ended(model, i, &end);
		if (model->functions && model->places[i].worker != NO_WORKER)
			model_ended(model, i, &end, 0);
	}
}

static void
do_lose(struct run *run)
{
	if (chance(run, 400) != 0)
		return;
	tell(run, "the spawner is gone");
	for (uint32_t i = 0; i < run->model.n_places; i++) {
		drop_parts(run, i);
		if (runs_command(run, i))
			hand_over(run, i);
		run->inboxes[i].count = 0;
		run->inboxes[i].running = false;
	}
	core_lost(&run->core, "the spawner is gone");
	tell_lost(&run->model);
	must(run, run->core.n_sent + run->core.n_waiting == 0,
		"without a spawner everything is settled");
}

/* --- progress: from every state, if nobody dies and all may finish, the window runs empty --- */

static bool
drain_turn(struct run *run)
{
	bool moved = false;

	run->core.now_ns = now_ns(run);
	while (do_deliver(run))
		moved = true;
	while (do_dispatch(run, true))
		moved = true;
	for (uint32_t i = 0; i < run->model.n_places; i++) {
		run->model.event++;
		moved |= step_place(run, i, true);
		judge(run);
	}
	return moved;
}

/* Until nothing moves any more, now or later. */
static void
drain_all(struct run *run)
{
	uint32_t turns = 0;

	while (run->core.live != 0) {
		must(run, turns++ < TURNS_MOST, "it does not go round in circles");
		if (drain_turn(run))
			continue;
		if (core_next_time(&run->core) == UINT64_MAX)
			return;
		must(run, core_next_time(&run->core) > now_ns(run), "what is due is done");
		run->now_ms = (core_next_time(&run->core) + NS_PER_MS - 1) / NS_PER_MS;
	}
}

/* One more waits for all the others, or dies, until there is nobody left who would. */
static bool
tie(struct run *run)
{
	uint32_t from = chance(run, run->model.n_places);

	for (uint32_t i = 0; i < run->model.n_places; i++) {
		uint32_t place = (from + i) % run->model.n_places;

		if (!will_yield(run, place))
			continue;
		if (chance(run, 4) == 0)
			end_worker(run, place, pick_end(run, NULL));
		else
			yield(run, place);
		return true;
	}
	return false;
}

/* Those that have yielded wait for all the others, and those need nothing of them. */
static void
drain_others(struct run *run)
{
	const struct model *model = &run->model;

	run->patient = true;
	do
		drain_all(run);
	while (tie(run));
	run->patient = false;
	for (uint32_t i = model->first; i < model->n && model_yielded(model) < model->most_places;
		i++)
		must(run,
			model->tasks[i].where >= AT_SETTLED ||
				(model->tasks[i].running &&
					model->places[model->tasks[i].ran_at].yielded),
			"a task that has yielded holds no other up");
}

static void
drain(struct run *run)
{
	tell(run, "drain");
	if (chance(run, 2) == 0)
		drain_others(run);
	if (chance(run, 4) == 0)
		stop(run);
	drain_all(run);
	must(run, run->core.live == 0, "something can move while a task is left");
	must(run, run->core.bytes == 0, "an empty window holds no bytes");
	must(run, run->core.news == NULL && run->core.n_told_running == 0,
		"in an empty window nothing runs and nothing is left to announce");
}

/* --- seeds --- */

static void
do_dispatch_step(struct run *run)
{
	bool all = chance(run, 2) == 0;

	while (do_dispatch(run, false) && all)
		;
}

static void
do_deliver_step(struct run *run)
{
	bool all = chance(run, 2) == 0;

	while (do_deliver(run) && all)
		;
}

static void
do_drain(struct run *run)
{
	if (chance(run, 100) == 0)
		drain(run);
}

static void
do_announce_step(struct run *run)
{
	bool all = chance(run, 2) == 0;

	while (do_announce(run) && all)
		;
}

/* A large output leaves the memory; which is the owner's choice. */
static void
do_spill(struct run *run)
{
	struct slot *slot = run->core.bulky;

	for (uint32_t skip = chance(run, 3); slot != NULL && skip > 0; skip--)
		slot = slot->rest->bulky_next;
	if (slot == NULL)
		return;
	tell(run, "spill %lu", (unsigned long)number_of(run, slot));
	core_spilled(&run->core, slot, 4096);
	must(run, slot->rest->spill_size == run->model.tasks[number_of(run, slot)].output,
		"what was spilled is the whole output");
	run->model.tasks[number_of(run, slot)].output = 0;
}

static void (*const actions[])(struct run *) = { do_submit, do_dispatch_step, do_step,
	do_deliver_step, do_wait, do_announce_step, do_kill, do_cancel, do_leave, do_resize,
	do_stop, do_lose, do_drain, do_spill };
enum { ACTIONS = sizeof actions / sizeof *actions, ALWAYS = 6 };

/* Each seed has its own mixture, so that what is rare in one is common in another. */
static uint32_t
pick_weights(struct run *run, uint32_t weights[ACTIONS])
{
	static const uint32_t choices[] = { 0, 1, 2, 6 };
	uint32_t sum = 0;

	for (uint32_t i = 0; i < ACTIONS; i++) {
		weights[i] = i < ALWAYS ? 4 + 4 * chance(run, 5) : choices[chance(run, 4)];
		sum += weights[i];
	}
	return sum;
}

static uint64_t
pick_first(struct run *run)
{
	switch (chance(run, 4)) {
	case 0: return 0;
	case 1: return UINT64_MAX - chance(run, 200);
	case 2: return (UINT64_C(1) << (32 + chance(run, 32))) - chance(run, 100);
	default: return chance(run, 1000);
	}
}

static void
pick_options(struct run *run)
{
	static const uint64_t most_bytes[] = { 1, 100, 2000, UINT64_C(1) << 40, UINT64_C(1) << 40 };
	struct model *model = &run->model;

	model->window = 1 + chance(run, chance(run, 3) == 0 ? 5 : SLOTS_MOST);
	model->window_bytes = most_bytes[chance(run, 5)];
	model->target = 1 + chance(run, chance(run, 2) == 0 ? 3 : MODEL_PLACES);
	model->max_deaths = chance(run, 2) == 0 ? 1000 : 1 + chance(run, 20);
	model->quarantine = 1 + chance(run, 3);
	model->completion = chance(run, 3) == 0;
	model->functions = chance(run, 4) != 0;
	model->batches = chance(run, 3) != 0;
	run->bursts = chance(run, 3) == 0;
	if (run->bursts) { /* messages of many, and workers that take them from each other */
		model->window = SLOTS_MOST - chance(run, 10);
		model->window_bytes = most_bytes[2 + chance(run, 3)];
		model->target = 2 + chance(run, 2);
		model->batches = model->functions = true;
	}
	run->commands = chance(run, 2) == 0 ? 0 : chance(run, 10);
	run->longest_ns = chance(run, 2) == 0 ? 10000000 : 100000;
	run->yields = chance(run, 2) == 0 ? 0 : chance(run, 10);
	run->first = pick_first(run);
}

static void
pick_places(struct run *run)
{
	static const uint32_t recycle[] = { 1, 2, 7 };
	struct model *model = &run->model;

	model->most_places = model->target;
	if (chance(run, 4) != 0)
		model->most_places += chance(run, MODEL_PLACES - model->target + 1);
	model->recycle = model->functions && chance(run, 3) == 0 ? recycle[chance(run, 3)] : 0;
	model->n_places = model->target;
	model->widest = model->target + model_ahead(model);
	for (uint32_t i = 0; i < MODEL_PLACES; i++)
		model->places[i].worker = model->functions ? NO_WORKER : IS_READY;
}

static void
begin(struct run *run)
{
	struct model *model = &run->model;

	pick_options(run);
	pick_places(run);
	struct core_options options = { .window = model->window,
		.window_bytes = model->window_bytes,
		.workers = model->target,
		.places = model->most_places,
		.recycle = model->recycle,
		.max_deaths = model->max_deaths,
		.quarantine = model->quarantine,
		.completion = model->completion,
		.functions = model->functions,
		.batches = model->batches,
		.claims = run->claims,
		.announce = chance(run, 4) != 0,
		.bulky_from = chance(run, 2) == 0 ? 1 + chance(run, 100) : 0 };
	must(run, core_slots(model->window) <= SLOTS_MOST, "slots are few");
	must(run, core_init(&run->core, &options, run->first) == 0, "memory");
	if (chance(run, 2) == 0) /* as after four thousand million tasks */
		run->core.cursor = UINT32_MAX - chance(run, 100);
	tell(run,
		"window %u, %llu bytes, %u of %u places, recycle %u, max_deaths %u, quarantine %u%s%s%s, first %llu",
		model->window, (unsigned long long)model->window_bytes, model->target,
		model->most_places, model->recycle, model->max_deaths, model->quarantine,
		model->completion ? ", completion" : "", model->functions ? ", functions" : "",
		model->batches ? ", batches" : "", (unsigned long long)run->first);
}

static void
take_step(struct run *run, const uint32_t weights[ACTIONS], uint32_t sum)
{
	uint32_t pick = chance(run, sum), i = 0;

	while (pick >= weights[i])
		pick -= weights[i++];
	run->model.event++;
	run->core.now_ns = now_ns(run);
	run->core.draining = chance(run, 4) == 0;
	if (run->step % 64 == 1)
		run->sleeper =
			chance(run, run->bursts ? run->model.n_places : 2 * run->model.n_places);
	actions[i](run);
	judge(run);
}

static uint32_t
run_seed(uint64_t seed, bool told)
{
	static struct run run;
	uint32_t weights[ACTIONS], sum, steps;

	memset(&run, 0, sizeof run);
	run.seed = run.random = seed;
	run.tell = told;
	begin(&run);
	sum = pick_weights(&run, weights);
	steps = 1 + chance(&run, STEPS_OF_A_SEED);
	for (run.step = 1; run.step <= steps && !(run.model.stopped && run.core.live == 0);
		run.step++)
		take_step(&run, weights, sum);
	if (chance(&run, 8) != 0) /* else it ends with all that is in it */
		drain(&run);
	core_finish(&run.core);
	return run.step;
}

int
main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t steps = argc > 2 ? strtoull(argv[2], NULL, 10) : SCALED(3000000), done = 0, first = seed;

	while (done < steps)
		done += run_seed(seed++, argc > 3);
	printf("%llu steps of seeds %llu to %llu\n", (unsigned long long)done,
		(unsigned long long)first, (unsigned long long)seed - 1);
	return 0;
}
