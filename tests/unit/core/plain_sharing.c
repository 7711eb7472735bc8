/*
 * How well the core shares uneven work out, under a clock of our own: workers
 * are played, with what messages, flushes and wake-ups cost, and the makespan
 * is compared with the list schedule of the same durations under the same
 * window.  Nothing here depends on how fast or busy the machine is.
 *
 *	plain_sharing [NAME [SEEDS]]
 *
 * prints for each workload whose name contains NAME the median and the worst
 * loss in percent, messages and second copies; a bound that does not hold fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orderly/result.h>

#include "core/core.h"
#include "shared/region.h"
#include "uneven.h"

#define NS_PER_MS UINT64_C(1000000)
#define NEVER UINT64_MAX

/* What things cost, as measured on a slow machine. */
enum {
	FRAME_NS = 8000,   /* the master takes one */
	RECORD_NS = 100,   /* one answer in it, with its delivery */
	SEND_NS = 8000,    /* the master sends a message */
	WAY_NS = 20000,    /* of a message to a worker or back */
	WAKE_NS = 50000,   /* to wake a worker that sleeps */
	STEP_NS = 100,     /* of a worker from task to task */
	ANSWER_NS = 30000, /* a worker sends a frame, and what that costs it beside */
	SUBMIT_NS = 100,
	FLUSH_NS = 5000000 /* lib/shared/outbox.c */
};

enum { SEEDS_MAX = 400, SLOTS_MAX = 1 << 17 };

struct answer {
	uint64_t started_ns, ended_ns;
	bool skipped;
};

/* Numbers of entries in the order in which they were sent to a place. */
struct player {
	struct sent *calls; /* ring */
	uint64_t *arrives;  /* when its message is here */
	bool *lasts;        /* of its message */
	struct answer *answers;
	uint64_t sent, begun, done; /* counted */
	uint64_t flushed, taken;    /* answers that are on their way, and that the master has */
	uint64_t ends_ns;           /* of what it runs; NEVER: it runs nothing */
	uint64_t started_ns;
	uint64_t flush_ns; /* the timer; NEVER: not armed */
	bool sleeps;
	uint64_t batch_ns;
	uint32_t batch_tasks;
	uint64_t ended_ns;
};

struct frame {
	uint64_t at_ns;
	uint32_t place;
	uint64_t to; /* answers below */
};

enum { FRAMES = 4096 };

struct sim {
	const struct workload *workload;
	struct core core;
	_Atomic uint64_t *claims;
	uint64_t *durations;
	struct player players[WORKERS_MAX];
	struct frame frames[FRAMES]; /* ring, in the order of time */
	uint32_t first_frame, n_frames;
	uint64_t now_ns, master_ns;
	uint64_t stepped_ns; /* when the owner began its last step */
	uint32_t submitted, delivered;
	uint64_t messages, copies, ended_ns;
};

/* --- workers --- */

static uint64_t
at_least(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void
send_frame(struct sim *sim, uint32_t place, uint64_t at_ns)
{
	struct player *player = &sim->players[place];

	must(sim->n_frames < FRAMES, "few frames are on their way");
	sim->frames[(sim->first_frame + sim->n_frames++) % FRAMES] =
		(struct frame){ at_ns, place, player->done };
	player->flushed = player->done;
}

/* It ends the task that it runs, or has skipped one. */
static void
end_task(struct sim *sim, uint32_t place, bool skipped)
{
	struct player *player = &sim->players[place];
	uint32_t i = (uint32_t)(player->done % SLOTS_MAX);

	player->answers[i] = (struct answer){ player->started_ns, sim->now_ns, skipped };
	player->done++;
	player->ends_ns = NEVER;
	player->started_ns = sim->now_ns;
	if (player->lasts[i]) {
		send_frame(sim, place, sim->now_ns + WAY_NS);
		player->started_ns += ANSWER_NS;
	} else if (player->flush_ns == NEVER) {
		player->flush_ns = sim->now_ns + FLUSH_NS;
	}
}

/* It takes what is there until it runs something. */
static void
go_on(struct sim *sim, uint32_t place)
{
	struct player *player = &sim->players[place];

	while (player->ends_ns == NEVER && player->begun < player->sent) {
		uint32_t i = (uint32_t)(player->begun % SLOTS_MAX);
		const struct sent *call = &player->calls[i];

		if (player->arrives[i] > sim->now_ns) {
			player->sleeps = true;
			return;
		}
		player->started_ns = at_least(player->started_ns, sim->now_ns);
		if (player->sleeps)
			player->started_ns = sim->now_ns + WAKE_NS;
		player->sleeps = false;
		player->begun++;
		if (claim_start(&sim->claims[call->index], call->sequence, call->attempt, place))
			player->ends_ns =
				player->started_ns + STEP_NS + sim->durations[call->sequence];
		else
			end_task(sim, place, true);
	}
	player->sleeps = player->ends_ns == NEVER;
}

/* --- the master --- */

static void
take_answer(struct sim *sim, uint32_t place)
{
	struct player *player = &sim->players[place];
	const struct answer *answer = &player->answers[player->taken++ % SLOTS_MAX];
	bool last = sim->core.places[place].batch == 1;
	struct slot *slot;

	must(core_expected(&sim->core, place, &slot) != NULL, "an answer is expected");
	if (!answer->skipped) {
		must(slot != NULL && core_runner(&sim->core, slot) == place, "who claims runs");
		if (player->batch_ns == 0)
			player->batch_ns = answer->started_ns;
		player->ended_ns = answer->ended_ns;
		slot->place = place;
		core_attempted(&sim->core, slot, ORD_DONE);
	}
	core_answered(&sim->core, place);
	player->batch_tasks++;
	if (!last)
		return;
	if (player->batch_ns != 0 && player->ended_ns >= player->batch_ns)
		core_measured(&sim->core, player->ended_ns - player->batch_ns, player->batch_tasks);
	core_late(&sim->core, sim->master_ns - player->ended_ns);
	player->batch_ns = 0;
	player->batch_tasks = 0;
}

static void
send_message(struct sim *sim, const struct dispatch *dispatch)
{
	struct player *player = &sim->players[dispatch->place];
	const struct place *place = &sim->core.places[dispatch->place];

	sim->master_ns += SEND_NS;
	sim->messages++;
	for (uint32_t back = dispatch->n; back > 0; back--) {
		const struct sent *sent =
			&place->sent[(place->first + place->count - back) & (place->capacity - 1)];
		uint32_t i = (uint32_t)(player->sent++ % SLOTS_MAX);

		player->calls[i] = *sent;
		player->arrives[i] = sim->master_ns + WAY_NS;
		player->lasts[i] = back == 1;
		sim->copies += core_find(&sim->core, sent->sequence)->copies > 1;
	}
}

static void
dispatch(struct sim *sim)
{
	struct dispatch next;

	sim->core.now_ns = sim->master_ns;
	while ((next = core_dispatch(&sim->core, sim->master_ns)).kind != DISPATCH_NOTHING) {
		must(next.kind == DISPATCH_SEND, "only messages go out");
		send_message(sim, &next);
	}
}

static void
deliver(struct sim *sim)
{
	struct ord_result result;
	struct slot *slot;

	while ((slot = core_deliverable(&sim->core)) != NULL) {
		core_release(&sim->core, slot, &result);
		must(result.sequence == sim->delivered && result.state == ORD_DONE, "each once");
		sim->delivered++;
	}
}

static void
submit(struct sim *sim)
{
	while (sim->submitted < sim->workload->tasks && core_has_room(&sim->core, 0)) {
		struct task task = { .user = NULL };

		core_submit(&sim->core, &task, NULL);
		sim->submitted++;
		sim->master_ns += SUBMIT_NS;
		dispatch(sim);
	}
	sim->core.draining =
		sim->workload->feed == KNOWN_END && sim->submitted == sim->workload->tasks;
}

static void
take_to(struct sim *sim, uint32_t place, uint64_t to)
{
	sim->master_ns = at_least(sim->master_ns, sim->now_ns) + FRAME_NS;
	sim->core.now_ns = sim->master_ns;
	while (sim->players[place].taken < to) {
		sim->master_ns += RECORD_NS;
		take_answer(sim, place);
	}
	deliver(sim);
	submit(sim);
	dispatch(sim);
}

/* --- time --- */

static uint64_t
player_next(const struct sim *sim, const struct player *player)
{
	uint64_t next = player->ends_ns;

	if (player->ends_ns == NEVER && player->begun < player->sent)
		next = at_least(player->arrives[player->begun % SLOTS_MAX], sim->now_ns);
	return next < player->flush_ns ? next : player->flush_ns;
}

static void
play(struct sim *sim, uint32_t place)
{
	struct player *player = &sim->players[place];

	if (player->flush_ns <= sim->now_ns) {
		player->flush_ns = NEVER;
		if (player->flushed < player->done)
			send_frame(sim, place, sim->now_ns);
	}
	if (player->ends_ns <= sim->now_ns)
		end_task(sim, place, false);
	go_on(sim, place);
}

static uint64_t
next_frame(const struct sim *sim, uint32_t *which)
{
	uint64_t at_ns = NEVER;

	for (uint32_t i = 0; i < sim->n_frames; i++) {
		uint64_t frame_ns = sim->frames[(sim->first_frame + i) % FRAMES].at_ns;

		if (frame_ns < at_ns) {
			at_ns = frame_ns;
			*which = i;
		}
	}
	return at_ns;
}

static void
take_frame(struct sim *sim, uint32_t which)
{
	struct frame *frames = sim->frames, frame = frames[(sim->first_frame + which) % FRAMES];

	for (; which > 0; which--)
		frames[(sim->first_frame + which) % FRAMES] =
			frames[(sim->first_frame + which - 1) % FRAMES];
	sim->first_frame = (sim->first_frame + 1) % FRAMES;
	sim->n_frames--;
	if (frame.to > sim->players[frame.place].taken)
		take_to(sim, frame.place, frame.to);
}

/* When the owner steps: at the ends of its gaps, or as soon as it is free. */
static uint64_t
next_step(const struct sim *sim, uint64_t at_ns)
{
	uint64_t gap_ns = sim->workload->gap_ns;

	if (at_ns == NEVER)
		return NEVER;
	if (gap_ns != 0 && at_ns <= sim->stepped_ns)
		return sim->master_ns;
	at_ns = at_least(at_ns, sim->master_ns);
	return gap_ns != 0 ? (at_ns + gap_ns - 1) / gap_ns * gap_ns : at_ns;
}

static void
step(struct sim *sim)
{
	uint32_t who = UINT32_MAX, which = 0;
	uint64_t frame_ns = next_step(sim, next_frame(sim, &which));
	uint64_t timer_ns = NEVER, next_ns = NEVER;

	for (uint32_t i = 0; i < sim->workload->workers; i++)
		if (player_next(sim, &sim->players[i]) < next_ns) {
			next_ns = player_next(sim, &sim->players[i]);
			who = i;
		}
	if (core_has_time(&sim->core))
		timer_ns = next_step(sim, core_next_time(&sim->core));
	must(next_ns != NEVER || frame_ns != NEVER || timer_ns != NEVER, "something moves");
	if (next_ns <= frame_ns && next_ns <= timer_ns) {
		sim->now_ns = next_ns;
		play(sim, who);
	} else if (frame_ns <= timer_ns) {
		sim->now_ns = frame_ns;
		sim->stepped_ns = frame_ns;
		take_frame(sim, which);
	} else {
		sim->now_ns = sim->master_ns = timer_ns + 1000;
		dispatch(sim);
	}
}

/* --- a run --- */

static void
begin(struct sim *sim, const struct workload *workload, uint64_t seed)
{
	struct core_options options = { .window = workload->window,
		.window_bytes = UINT64_C(1) << 40,
		.workers = workload->workers,
		.max_deaths = 10,
		.quarantine = 3,
		.functions = true,
		.batches = true };

	memset(sim, 0, sizeof *sim);
	sim->workload = workload;
	sim->claims = new_array(core_slots(workload->window), sizeof *sim->claims);
	sim->durations = new_array(workload->tasks, sizeof *sim->durations);
	for (uint32_t i = 0; i < workload->tasks; i++)
		sim->durations[i] = duration(workload, i, &seed);
	options.claims = sim->claims;
	must(core_init(&sim->core, &options, 0) == 0, "memory");
	for (uint32_t i = 0; i < workload->workers; i++) {
		struct player *player = &sim->players[i];

		core_spawning(&sim->core, i);
		core_ready(&sim->core, i);
		player->ends_ns = player->flush_ns = NEVER;
		player->sleeps = true;
		player->calls = new_array(SLOTS_MAX, sizeof *player->calls);
		player->arrives = new_array(SLOTS_MAX, sizeof *player->arrives);
		player->lasts = new_array(SLOTS_MAX, sizeof *player->lasts);
		player->answers = new_array(SLOTS_MAX, sizeof *player->answers);
	}
}

static void
finish(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->workload->workers; i++) {
		free(sim->players[i].calls);
		free(sim->players[i].arrives);
		free(sim->players[i].lasts);
		free(sim->players[i].answers);
	}
	core_finish(&sim->core);
	free(sim->claims);
	free(sim->durations);
}

/* In percent. */
static double
loss(struct sim *sim, const struct workload *workload, uint64_t seed)
{
	double ideal;

	begin(sim, workload, seed);
	submit(sim);
	dispatch(sim);
	while (sim->delivered < workload->tasks)
		step(sim);
	must(core_check(&sim->core) == NULL, "the ledger is right");
	ideal = (double)ideal_ns(workload, sim->durations);
	finish(sim);
	return 100 * ((double)sim->master_ns / ideal - 1);
}

#define LOGNORMAL(name, mean, sigma, feed, tasks, window, workers, median, worst, gap) \
	{ \
		name, IS_LOGNORMAL, mean, sigma, 0, feed, tasks, window, workers, median, worst, \
			gap \
	}
#define STEP(name, first, second, share, feed, tasks, window, workers, median) \
	{ \
		name, IS_STEP, first, second, share, feed, tasks, window, workers, median, median, \
			0 \
	}
#define BIMODAL(name, first, second, share, feed, tasks, window, workers, median, worst) \
	{ \
		name, IS_BIMODAL, first, second, share, feed, tasks, window, workers, median, \
			worst, 0 \
	}

/* The bounds lie a little above what was found. */
static const struct workload workloads[] = {
	LOGNORMAL("ln 5 ms, 1", 5e6, 1, KNOWN_END, 200, 4096, 2, 0.7, 2, 0),
	LOGNORMAL("ln 5 ms, 1.5", 5e6, 1.5, KNOWN_END, 200, 4096, 2, 0.8, 8, 0),
	LOGNORMAL("ln 5 ms, 1, 8 workers", 5e6, 1, KNOWN_END, 800, 8192, 8, 1, 4, 0),
	LOGNORMAL("ln 5 ms, 1, window 64, no end", 5e6, 1, NO_END, 200, 64, 2, 0.7, 2, 0),
	LOGNORMAL("ln 5 ms, 1.5, no end", 5e6, 1.5, NO_END, 200, 4096, 2, 0.8, 8, 0),
	LOGNORMAL("ln 1 ms, 1.5", 1e6, 1.5, KNOWN_END, 1000, 4096, 2, 0.8, 2, 0),
	LOGNORMAL("ln 50 us, 1", 50e3, 1, KNOWN_END, 20000, 4096, 2, 1, 1.2, 0),
	LOGNORMAL("ln 50 us, 1, no end", 50e3, 1, NO_END, 20000, 4096, 2, 1, 1.2, 0),
	LOGNORMAL("2 ms, 64 workers", 2e6, 1.5, KNOWN_END, 10000, 65536, 64, 3, 5, 0),
	LOGNORMAL("owner late by 30 ms", 5e6, 1, KNOWN_END, 800, 4096, 2, 14, 18, 30 * NS_PER_MS),
	STEP("step 1 us, 2 ms", 1e3, 2e6, 0.5, KNOWN_END, 4000, 4096, 2, 0.5),
	STEP("step 1 us, 2 ms, no end", 1e3, 2e6, 0.5, NO_END, 4000, 1024, 2, 0.5),
	STEP("step 1 us, 20 ms", 1e3, 20e6, 0.02, KNOWN_END, 4000, 4096, 2, 0.5),
	STEP("step 1 us, 20 ms, no end", 1e3, 20e6, 0.02, NO_END, 4000, 4096, 2, 0.5),
	STEP("step 1 us, 2 ms, 8 workers", 1e3, 2e6, 0.5, KNOWN_END, 8000, 8192, 8, 0.7),
	STEP("step 2 ms, 1 us", 2e6, 1e3, 0.9, KNOWN_END, 4000, 4096, 2, 1.2),
	BIMODAL("bimodal 20 us, 5 ms", 20e3, 5e6, 0.01, KNOWN_END, 20000, 16384, 2, 1.3, 2),
	BIMODAL("bimodal 20 us, 5 ms, no end", 20e3, 5e6, 0.01, NO_END, 20000, 4096, 2, 1.3, 2),
	BIMODAL("bimodal, window 1024", 20e3, 5e6, 0.01, KNOWN_END, 20000, 1024, 2, 1.3, 2),
	BIMODAL("bimodal 1 us, 2 ms", 1e3, 2e6, 0.001, KNOWN_END, 100000, 16384, 2, 8, 9),
	BIMODAL("bimodal, 8 workers", 20e3, 5e6, 0.01, KNOWN_END, 40000, 16384, 8, 2.5, 3.5),
};

static int
ascending(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static void
judge(const struct workload *workload, uint32_t seeds)
{
	static struct sim sim;
	double losses[SEEDS_MAX], median, worst;
	uint64_t messages = 0, copies = 0;

	for (uint32_t seed = 0; seed < seeds; seed++) {
		losses[seed] = loss(&sim, workload, seed + 1);
		messages += sim.messages;
		copies += sim.copies;
	}
	qsort(losses, seeds, sizeof *losses, ascending);
	median = losses[seeds / 2];
	worst = losses[seeds - 1];
	printf("%-34s median %7.2f %%  worst %7.2f %%  %7.0f messages %6.0f copies\n",
		workload->name, median, worst, (double)messages / seeds, (double)copies / seeds);
	must(workload->median == 0 || median <= workload->median, "the median holds its bound");
	must(workload->worst == 0 || worst <= workload->worst, "the worst holds its bound");
}

int
main(int argc, char **argv)
{
	uint32_t seeds = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 12;

	must(seeds > 0 && seeds <= SEEDS_MAX, "some seeds");
	for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
		if (argc < 2 || strstr(workloads[i].name, argv[1]) != NULL)
			judge(&workloads[i], seeds);
	return 0;
}
