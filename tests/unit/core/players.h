/*
 * Who stands around the core: the pool that carries out what it says, the
 * spawner that starts and ends processes, and the workers and commands, each
 * as a few steps that come in any order.  Whatever happens is told to the core
 * and to the model.
 */
#ifndef CORE_PLAYERS_H
#define CORE_PLAYERS_H

#include <stdarg.h>
#include <string.h>

#include "core/plain.h"
#include "promises.h"
#include "shared/region.h"

enum { SIZE_MOST = 8192 };

static const char bytes[SIZE_MOST];

/* splitmix64: each seed gives another sequence, 0 too. */
static uint32_t
chance(struct run *run, uint32_t below)
{
	uint64_t z = (run->random += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ (z >> 31)) % below);
}

static void tell(const struct run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void
tell(const struct run *run, const char *format, ...)
{
	va_list arguments;

	if (!run->tell)
		return;
	printf("%5lu %7llu ms  ", (unsigned long)run->step, (unsigned long long)run->now_ms);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
}

static uint64_t
now_ns(const struct run *run)
{
	return run->now_ms * NS_PER_MS;
}

static bool
runs_command(struct run *run, uint32_t place)
{
	const struct model_task *task = model_task_of(&run->model, place);

	return task != NULL && task->command;
}

/* --- ends of processes --- */

static struct end
end_of(const struct model_end *end)
{
	return (struct end){ .wait_status = end->signaled ? end->code : end->code << 8,
		.timed_out = end->timed_out,
		.stopped = end->stopped,
		.pid = end->pid };
}

static struct model_end
pick_end(struct run *run, const struct model_task *task)
{
	struct model_end end = { .signaled = chance(run, 2) == 0, .pid = ++run->last_pid };

	end.code = (int)(end.signaled ? 1 + chance(run, 15) : chance(run, 3));
	if (task != NULL && task->running) {
		end.timed_out = chance(run, 6) == 0;
		end.stopped = chance(run, task->canceled ? 2 : 8) == 0;
	}
	return end;
}

/* What a task had put out and not committed is not counted any more. */
static void
drop_parts(struct run *run, uint32_t place)
{
	struct model_task *task = model_task_of(&run->model, place);
	struct slot *slot = core_running(&run->core, place);

	if (runs_command(run, place))
		return;
	must(run, (slot != NULL) == (task != NULL && task->running), "the core knows what runs");
	if (slot == NULL)
		return;
	must(run, slot->task.user == task, "the core knows which task runs");
	core_charge(&run->core, slot, -(ptrdiff_t)task->output);
}

static void
end_worker(struct run *run, uint32_t place, struct model_end end)
{
	struct end told;

	end.pid = run->pids[place];
	told = end_of(&end);
	tell(run, "worker %u ends, %s %d%s%s", place, end.signaled ? "signal" : "code", end.code,
		end.timed_out ? ", timed out" : "", end.stopped ? ", stopped" : "");
	drop_parts(run, place);
	core_ended(&run->core, place, &told, now_ns(run));
	model_ended(&run->model, place, &end, run->now_ms);
	run->inboxes[place].count = 0;
	run->inboxes[place].running = false;
}

static void
hand_over(struct run *run, uint32_t place)
{
	struct slot *slot;

	core_expected(&run->core, place, &slot);
	must(run, slot != NULL, "a command is expected where it runs");
	must(run,
		blob_set(&slot->result.output, bytes, model_task_of(&run->model, place)->output) ==
			0,
		"memory");
}

static void
end_command(struct run *run, uint32_t place, struct model_end end)
{
	struct end told = end_of(&end);

	tell(run, "command at %u ends, %s %d%s%s", place, end.signaled ? "signal" : "code",
		end.code, end.timed_out ? ", timed out" : "", end.stopped ? ", stopped" : "");
	hand_over(run, place);
	core_command_ended(&run->core, place, &told);
	model_command_ended(&run->model, place, &end);
}

static void
fail_command(struct run *run, uint32_t place)
{
	struct model_task *task = model_task_of(&run->model, place);

	tell(run, "the command at %u cannot be started", place);
	core_command_failed(&run->core, place, 127, "not found");
	model_answered(&run->model, &run->model.places[place]);
	model_settle(&run->model, task, ORD_FAILED);
}

static void
fail_spawn(struct run *run, uint32_t place)
{
	tell(run, "worker %u cannot be started", place);
	core_spawn_failed(&run->core, place, now_ns(run));
	model_fruitless(&run->model, place, run->now_ms);
}

/* --- dispatch --- */

/* A task that runs is asked to end; it does not wait for a slot. */
static bool
cancel(struct run *run, uint32_t number)
{
	struct model_task *task = &run->model.tasks[number];
	bool runs = core_cancel(&run->core, core_find(&run->core, run->first + number));

	must(run, runs == model_cancel(&run->model, task),
		"what runs is asked to stop, all else is canceled at once");
	if (runs && !task->command)
		core_grant(&run->core, task->ran_at);
	return runs;
}

/* As the pool: what waits and has not started is canceled, what runs is asked to end. */
static void
fail_pool(struct run *run)
{
	struct model *model = &run->model;

	tell(run, "workers die in a row: stop, and cancel all");
	core_stop(&run->core, "workers die in a row");
	model_stop(model);
	for (uint32_t i = model->first; i < model->n; i++)
		if (model->tasks[i].where == AT_SENT)
			cancel(run, i);
}

static void
send_task(struct run *run, const struct dispatch *dispatch)
{
	uint32_t place = dispatch->place;
	struct inbox *inbox = &run->inboxes[place];

	for (uint32_t back = dispatch->n; back > 0; back--) {
		const struct slot *slot = core_sent(&run->core, place, back);

		must(run, slot != NULL && inbox->count < MODEL_QUEUE,
			"what is sent is known, and not too much");
		tell(run, "%s %lu to %u", slot->copies > 1 ? "copy" : "give",
			(unsigned long)number_of(run, slot), place);
		model_sent(&run->model, place, number_of(run, slot));
		if (dispatch->kind == DISPATCH_SEND)
			inbox->calls[inbox->count++] =
				(struct sent){ slot->sequence, slot->index, slot->attempt };
		else
			model_started(&run->model, place, 0);
	}
	/* One that could not be given to the spawner never said that it began. */
	if (dispatch->kind == DISPATCH_COMMAND && chance(run, 4) != 0)
		core_begun(&run->core, dispatch->slot, place, now_ns(run));
}

static void
leave(struct run *run, uint32_t place)
{
	tell(run, "worker %u is told to leave", place);
	core_leaving(&run->core, place);
	run->model.places[place].worker = IS_LEAVING;
}

static bool
do_dispatch(struct run *run, bool faultless)
{
	struct dispatch dispatch = core_dispatch(&run->core, now_ns(run));
	uint32_t place = dispatch.place;

	run->model.event++;
	judge_dispatch(run, &dispatch);
	if (dispatch.kind == DISPATCH_FAIL)
		fail_pool(run);
	if (dispatch.kind == DISPATCH_SPAWN) {
		tell(run, "start worker %u", place);
		core_spawning(&run->core, place);
		run->model.places[place].worker = IS_STARTING;
		run->model.places[place].fed = false;
		run->model.places[place].given = 0;
		run->pids[place] = ++run->last_pid;
		if (!faultless && chance(run, 20) == 0)
			fail_spawn(run, place);
	}
	if (dispatch.kind == DISPATCH_SEND || dispatch.kind == DISPATCH_COMMAND)
		send_task(run, &dispatch);
	if (dispatch.kind == DISPATCH_BYE)
		leave(run, place);
	if (dispatch.kind == DISPATCH_GRANT)
		tell(run, "the task at %u has a slot again", place);
	if (dispatch.kind == DISPATCH_COMMAND && !faultless && chance(run, 20) == 0)
		fail_command(run, place);
	return dispatch.kind != DISPATCH_NOTHING;
}

/* --- workers and commands go on --- */

/* The core has been told already. */
static void
has_answered(struct run *run, uint32_t place)
{
	struct inbox *inbox = &run->inboxes[place];

	model_answered(&run->model, &run->model.places[place]);
	inbox->running = false;
	inbox->count--;
	memmove(inbox->calls, inbox->calls + 1, inbox->count * sizeof *inbox->calls);
}

static void
answered(struct run *run, uint32_t place)
{
	core_answered(&run->core, place);
	has_answered(run, place);
}

/* A worker says so, unless it dies before it can. */
static void
begun(struct run *run, uint32_t place, struct slot *slot)
{
	if (chance(run, 4) == 0)
		return;
	tell(run, "worker %u says that %lu began", place, (unsigned long)number_of(run, slot));
	core_begun(&run->core, slot, place, now_ns(run));
}

/* The claim word decides; the model says how it must. */
static void
claim(struct run *run, uint32_t place)
{
	struct model_task *task = model_task_of(&run->model, place);
	struct inbox *inbox = &run->inboxes[place];
	struct sent *call = &inbox->calls[0];
	bool won = claim_start(&run->claims[call->index], call->sequence, call->attempt, place);
	struct slot *slot;
	const struct sent *sent = core_expected(&run->core, place, &slot);

	must(run, won == (task != NULL), "a worker starts what is its own, and nothing else");
	must(run,
		sent != NULL && sent->sequence == call->sequence && sent->attempt == call->attempt,
		"a worker answers in order");
	must(run, won == (slot != NULL && core_runner(&run->core, slot) == place),
		"the claim says who runs a task");
	must(run, won || slot == NULL || core_runner(&run->core, slot) != UINT32_MAX,
		"who lost knows to whom");
	tell(run, "worker %u %s %llu", place, won ? "starts" : "skips",
		(unsigned long long)(call->sequence - run->first));
	if (won) {
		inbox->running = true;
		model_started(&run->model, place, run->pids[place]);
		begun(run, place, slot);
		return;
	}
	answered(run, place);
}

/* The short way, if the answer is one that may come by it. */
static bool
settle_plain(struct run *run, uint32_t place, size_t size)
{
	struct model_task *task = model_task_of(&run->model, place);
	struct core *core = &run->core;
	struct plain_reader reader;
	struct slot *slot;

	if (plain_answers(core, &core->places[place]) == 0 || size > BLOB_INLINE ||
		task->output != 0)
		return false;
	core_expected(core, place, &slot);
	plain_reader_init(&reader, core, place, slot->sequence);
	must(run, plain_expected(&reader, 0) == (slot->task.plain ? slot : NULL),
		"what is plain and runs is a plain case");
	if (!slot->task.plain)
		return false;
	tell(run, "worker %u answers plainly with %lu bytes", place, (unsigned long)size);
	slot->result.pid = run->pids[place];
	plain_settle(core, slot, place, bytes, size);
	plain_settled(core, place, 1, size);
	task->output = size;
	model_attempted(&run->model, task, ORD_DONE);
	has_answered(run, place);
	return true;
}

static void
settle(struct run *run, uint32_t place, int state)
{
	struct model_task *task = model_task_of(&run->model, place);
	size_t last = state == ORD_DONE ? chance(run, chance(run, 2) == 0 ? 200 : 20) : 0;
	struct slot *slot;

	if (state == ORD_DONE && settle_plain(run, place, last))
		return;
	tell(run, "worker %u answers with state %d, %llu bytes", place, state,
		(unsigned long long)(task->output + last));
	core_expected(&run->core, place, &slot);
	must(run, slot != NULL && slot->task.user == task, "an answer is expected");
	slot->result.pid = run->pids[place];
	if (state != ORD_DONE)
		detail_error(&slot->rest->detail, "state %d", state);
	core_charge(&run->core, slot, (ptrdiff_t)last);
	task->output += last;
	must(run, blob_set(&slot->result.output, bytes, task->output) == 0, "memory");
	slot->place = place; /* of two that hold it the one that ran it */
	core_attempted(&run->core, slot, (uint32_t)state);
	model_attempted(&run->model, task, state);
	answered(run, place);
	if (chance(run, 4) == 0)
		core_measured(&run->core, chance(run, run->longest_ns), 1 + chance(run, 10));
}

static int
pick_state(struct run *run, const struct model_task *task)
{
	uint32_t pick = chance(run, 8);

	if (task->output != 0 || pick > 2)
		return ORD_DONE; /* parts are written when a function has done well */
	if (task->canceled)
		return ORD_CANCELED;
	return pick == 0 ? ORD_TIMED_OUT : ORD_FAILED;
}

/* Part of an output, or a message that is held. */
static void
charge(struct run *run, uint32_t place, uint64_t *counted, const char *what)
{
	uint32_t size = chance(run, 200);
	struct slot *slot;

	if (model_task_of(&run->model, place)->output + size >= SIZE_MOST)
		return;
	tell(run, "%s at %u: %u bytes", what, place, size);
	core_expected(&run->core, place, &slot);
	core_charge(&run->core, slot, (ptrdiff_t)size);
	*counted += size;
}

static void
yield(struct run *run, uint32_t place)
{
	tell(run, "the task at %u yields", place);
	core_yield(&run->core, place);
	model_yield(&run->model, place);
}

/* One that has not yielded is answered as well. */
static void
wish(struct run *run, uint32_t place)
{
	struct model_place *at = &run->model.places[place];

	tell(run, "the task at %u wants a slot", place);
	core_wish(&run->core, place);
	at->wish = at->yielded;
	at->owed = !at->yielded;
	if (model_task_of(&run->model, place)->canceled)
		core_grant(&run->core, place);
}

static void
work(struct run *run, uint32_t place, bool finish)
{
	struct model_task *task = model_task_of(&run->model, place);
	uint32_t pick = finish ? 9 : chance(run, 8);
	struct model_end end = { .pid = ++run->last_pid };

	if (pick == 0)
		charge(run, place, &task->output, "output");
	else if (pick == 1)
		charge(run, place, &task->messages, "message");
	else if (pick < 4 && !task->command && task->output == 0 && run->yields > chance(run, 10))
		pick == 2 ? wish(run, place) : yield(run, place);
	else if (pick < 4)
		return;
	else if (!task->command)
		settle(run, place, finish ? ORD_DONE : pick_state(run, task));
	else
		end_command(run, place, finish ? end : pick_end(run, task));
}

/* A task that wants a slot waits for it, or until its time is up; true: it has moved. */
static bool
wait_for_slot(struct run *run, uint32_t place, bool finish)
{
	const struct model_place *at = &run->model.places[place];

	if (at->wish || at->owed) {
		if (finish || chance(run, 40) != 0)
			return false;
		settle(run, place, ORD_TIMED_OUT);
	} else if (finish) {
		if (run->patient)
			return false;
		wish(run, place);
	} else if (chance(run, 4) == 0) {
		wish(run, place);
	} else if (chance(run, 8) == 0) {
		settle(run, place, pick_state(run, model_task_of(&run->model, place)));
	} else {
		return false;
	}
	return true;
}

static bool
step_worker(struct run *run, uint32_t place, bool finish)
{
	enum model_worker worker = run->model.places[place].worker;
	bool leaves =
		worker == IS_LEAVING || model_had_its_share(&run->model, &run->model.places[place]);
	bool done = run->inboxes[place].count == 0 || run->model.places[place].retired;

	if (run->model.functions && worker == IS_STARTING) {
		tell(run, "worker %u is ready", place);
		run->model.places[place].worker = IS_READY;
		core_ready(&run->core, place);
		return true;
	}
	if ((worker == IS_LEAVING || worker == IS_READY) && leaves && done &&
		(finish || chance(run, 4) == 0)) {
		end_worker(run, place, (struct model_end){ 0 });
		return true;
	}
	return false;
}

/* Before it yields it takes long, while others come to be idle. */
static bool
will_yield(const struct run *run, uint32_t place)
{
	const struct inbox *inbox = &run->inboxes[place];

	return run->patient && inbox->running && !run->model.places[place].yielded &&
		inbox->calls[0].sequence % 10 < run->yields &&
		run->model.tasks[inbox->calls[0].sequence - run->first].output == 0 &&
		model_yielded(&run->model) + 1 < run->model.most_places;
}

/* One step at a place; what asks for bytes to be taken waits until they may be. */
static bool
step_place(struct run *run, uint32_t place, bool finish)
{
	const struct inbox *inbox = &run->inboxes[place];
	const struct model_place *at = &run->model.places[place];

	if (step_worker(run, place, finish))
		return true;
	if (at->retired || will_yield(run, place))
		return false;
	if (inbox->running && (at->yielded || at->owed))
		return wait_for_slot(run, place, finish);
	if (!core_may_take(&run->core, place) && (finish || chance(run, 2) == 0))
		return false;
	if (inbox->count != 0 && !inbox->running)
		claim(run, place);
	else if (inbox->count != 0 || runs_command(run, place))
		work(run, place, finish);
	else
		return false;
	return true;
}

/* At some place where something can be done; now and then a place goes on for a while alone. */
static void
do_step(struct run *run)
{
	uint32_t from = chance(run, run->model.n_places), i = 0;
	uint32_t more = chance(run, 4) == 0 ? chance(run, 30) : 0, place = from;

	while (i < run->model.n_places && (place == run->sleeper || !step_place(run, place, false)))
		place = (from + ++i) % run->model.n_places;
	for (; more > 0 && i < run->model.n_places; more--) {
		run->model.event++;
		judge_grants(run);
		step_place(run, place, false);
	}
}

static void
do_kill(struct run *run)
{
	uint32_t place = chance(run, run->model.n_places);
	const struct model_task *task = model_task_of(&run->model, place);

	if (!run->model.functions || run->model.places[place].worker == NO_WORKER ||
		chance(run, 3) != 0)
		return;
	if (run->model.places[place].worker == IS_STARTING && chance(run, 2) == 0)
		fail_spawn(run, place);
	else
		end_worker(run, place, pick_end(run, task != NULL && !task->command ? task : NULL));
}

static void
do_leave(struct run *run)
{
	uint32_t place = chance(run, run->model.n_places);

	if (!run->model.functions || run->model.places[place].worker != IS_READY)
		return;
	if (run->inboxes[place].running || chance(run, 2) == 0) {
		leave(run, place);
		return;
	}
	tell(run, "worker %u leaves by its own wish", place);
	core_retiring(&run->core, place);
	run->model.places[place].worker = IS_LEAVING;
	run->model.places[place].retired = true;
}

static void
do_resize(struct run *run)
{
	uint32_t target = 1 + chance(run, run->model.most_places);

	if (chance(run, 3) == 0)
		target = run->model.target;
	tell(run, "resize to %u", target);
	core_resize(&run->core, target);
	model_resize(&run->model, target);
}

#endif
