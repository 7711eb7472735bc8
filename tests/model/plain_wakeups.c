/*
 * The waits of docs/protocol.md on a machine with store buffers (TSO): what a
 * process stores is seen by itself at once and by others later, so a store and
 * a load behind it change places unless a full fence stands between.
 *
 *   ring      a worker sleeps until the ring has space          (acknowledged, waiting)
 *   bell      a master sleeps until the bell is rung            (committed)
 *   flush     a master sleeps until the flush timer fires       (committed, armed)
 *   deadline  a spawner sleeps until a task may be overdue      (run, deadline)
 *
 * Each must come to its end in every interleaving, and must not if one of its
 * fences is left out or one of its steps changes places.  A system call counts
 * as a fence.
 *
 *   plain_wakeups           all of it
 *   plain_wakeups BUG       the story of one planted bug
 */
#include "explore.h"

#define RECORDS 3u /* that the worker has to pass on */
#define BUFFER 3u  /* stores that may wait in a process */
#define HORIZON 9u /* when time ends */
#define FAR 15u    /* a deadline behind it */
#define TASKS 4u

/* model; name; what is done wrong */
#define BUG_MAP(X) \
	X(ring, WORKER_FENCE_WAITING, "no fence between waiting and acknowledged") \
	X(ring, MASTER_FENCE_WAITING, "no fence between acknowledged and waiting") \
	X(ring, SLEEP_AT_ONCE, "a worker does not look again before it sleeps") \
	X(ring, WAKE_FIRST, "a master wakes before it clears waiting") \
	X(bell, RING_FIRST, "a worker rings before it commits") \
	X(bell, HEAR_LAST, "a master reads committed before it knows that the bell was rung") \
	X(flush, WORKER_FENCE_ARMED, "no fence between committed and armed") \
	X(flush, MASTER_FENCE_ARMED, "no fence between armed and committed") \
	X(flush, TIMER_FIRST, "a worker sets the timer before armed") \
	X(flush, LOOK_FIRST, "a master reads committed before it clears armed") \
	X(flush, DRAIN_LAST, "a master reads the timer after it has cleared armed") \
	X(deadline, ASK_FIRST, "a worker asks for the timer's time before it stores the run word") \
	X(deadline, WORKER_FENCE_RUN, "no fence between the run word and the timer's time") \
	X(deadline, SHARED_TIMER, "the spawner sets the worker's timer")

enum bug {
#define BUG_NUMBER(model, name, text) BUG_##name,
	BUG_MAP(BUG_NUMBER)
#undef BUG_NUMBER
		BUGS
};

enum word {
	ACKNOWLEDGED,
	WAITING,
	COMMITTED,
	ARMED,
	RUN, /* 1 + the task; 0: idle */
	DEADLINE,
	WORDS
};

enum timer { OFF, SET, FIRED };

struct store {
	uint8_t word; /* 1 + the word; 0: none */
	uint8_t value;
};

/* What each does next, what it counts, and what it has read. */
struct process {
	uint8_t at;
	uint8_t count;
	uint8_t seen;
	uint8_t due;
	struct store buffer[BUFFER];
};

struct state {
	uint8_t memory[WORDS];
	uint8_t rung;  /* how often the bell; the master knows of so many: heard */
	uint8_t heard;
	uint8_t looks; /* steps of the master that its owner asked for */
	uint8_t now;
	uint8_t timer; /* of the worker: an enum timer */
	uint8_t timer_at;
	uint8_t own_timer; /* of the spawner: when; 0: off */
	uint8_t doomed;
	struct process worker;
	struct process other; /* the master, or the spawner */
};

static enum bug planted = BUGS;

static int
bug(enum bug which)
{
	return planted == which;
}

/* ---- the machine ---- */

static uint8_t
load(const struct state *s, const struct process *process, enum word word)
{
	for (unsigned i = BUFFER; i-- > 0;)
		if (process->buffer[i].word == word + 1)
			return process->buffer[i].value;
	return s->memory[word];
}

/* A buffer that is full has to drain first. */
static int
store(struct process *process, enum word word, unsigned value)
{
	unsigned i = 0;

	while (i < BUFFER && process->buffer[i].word != 0)
		i++;
	if (i == BUFFER)
		return 0;
	process->buffer[i] = (struct store){ (uint8_t)(word + 1), (uint8_t)value };
	process->at++;
	return 1;
}

static int
drain(struct state *s, struct process *process)
{
	struct store first = process->buffer[0];

	if (first.word == 0)
		return 0;
	s->memory[first.word - 1] = first.value;
	memmove(&process->buffer[0], &process->buffer[1], (BUFFER - 1) * sizeof first);
	process->buffer[BUFFER - 1] = (struct store){ 0 };
	return 1;
}

/* Nothing waits in the buffer: a fence may be passed, a system call made. */
static int
drained(const struct process *process)
{
	return process->buffer[0].word == 0;
}

static int
go(struct process *process, unsigned at)
{
	process->at = (uint8_t)at;
	return 1;
}

static int
fence(struct process *process, enum bug left_out)
{
	return (drained(process) || bug(left_out)) && go(process, process->at + 1u);
}

/* ---- ring: a worker has RECORDS to send through a ring that holds one ---- */

enum { RING_ASLEEP = 5 };

static int
ring_worker(struct state *s)
{
	struct process *me = &s->worker;
	int full = me->count > load(s, me, ACKNOWLEDGED);

	switch (me->at) {
	case 0:
		if (full)
			return go(me, 1);
		if (me->count == RECORDS || !drained(me))
			return 0;
		s->rung = ++me->count;
		return 1;
	case 1: return store(me, WAITING, 1);
	case 2: return fence(me, BUG_WORKER_FENCE_WAITING);
	case 3: return go(me, full || bug(BUG_SLEEP_AT_ONCE) ? 4 : 0);
	case 4: return drained(me) && go(me, s->memory[WAITING] == 1 ? RING_ASLEEP : 0);
	default: return 0;
	}
}

static int
ring_wake(struct state *s, struct process *me)
{
	if (!drained(me))
		return 0;
	if (s->worker.at == RING_ASLEEP)
		s->worker.at = 0;
	return go(me, me->at + 1u);
}

static int
ring_master(struct state *s)
{
	struct process *me = &s->other;

	switch (me->at) {
	case 0:
		if (s->rung == me->count)
			return 0;
		me->count++;
		return go(me, 1);
	case 1: return store(me, ACKNOWLEDGED, me->count);
	case 2: return fence(me, BUG_MASTER_FENCE_WAITING);
	case 3: return go(me, load(s, me, WAITING) ? 4 : 0);
	case 4: return bug(BUG_WAKE_FIRST) ? ring_wake(s, me) : store(me, WAITING, 0);
	case 5: return bug(BUG_WAKE_FIRST) ? store(me, WAITING, 0) : ring_wake(s, me);
	default: return go(me, 0);
	}
}

/* ---- bell: a worker commits RECORDS and rings for each, and the master is told of several at once ---- */

static int
bell_ring(struct state *s, struct process *me)
{
	if (!drained(me))
		return 0;
	s->rung++;
	return go(me, me->at + 1u);
}

static int
bell_worker(struct state *s)
{
	struct process *me = &s->worker;

	switch (me->at) {
	case 0:
		if (me->count == RECORDS)
			return 0;
		me->count++;
		return go(me, 1);
	case 1: return bug(BUG_RING_FIRST) ? bell_ring(s, me) : store(me, COMMITTED, me->count);
	case 2: return bug(BUG_RING_FIRST) ? store(me, COMMITTED, me->count) : bell_ring(s, me);
	default: return go(me, 0);
	}
}

/* An event of the bell stands for all rings before it was taken. */
static int
bell_master(struct state *s)
{
	struct process *me = &s->other;

	switch (me->at) {
	case 0: return s->rung != s->heard && go(me, 1);
	case 1:
		if (bug(BUG_HEAR_LAST))
			me->count = load(s, me, COMMITTED);
		else
			s->heard = s->rung;
		return go(me, 2);
	case 2:
		if (bug(BUG_HEAR_LAST))
			s->heard = s->rung;
		else
			me->count = load(s, me, COMMITTED);
		return go(me, 0);
	default: return 0;
	}
}

/* ---- flush: a worker commits RECORDS and rings for none of them ---- */

static int
flush_set_timer(struct state *s, struct process *me)
{
	if (!drained(me))
		return 0;
	s->timer = SET; /* a time that has run out and was not read is forgotten */
	return go(me, me->at + 1u);
}

static int
flush_worker(struct state *s)
{
	struct process *me = &s->worker;

	switch (me->at) {
	case 0:
		if (me->count == RECORDS || !store(me, COMMITTED, me->count + 1u))
			return 0;
		me->count++;
		return 1;
	case 1: return fence(me, BUG_WORKER_FENCE_ARMED);
	case 2: return go(me, load(s, me, ARMED) ? 0 : 3);
	case 3: return bug(BUG_TIMER_FIRST) ? flush_set_timer(s, me) : store(me, ARMED, 1);
	case 4: return bug(BUG_TIMER_FIRST) ? store(me, ARMED, 1) : flush_set_timer(s, me);
	default: return go(me, 0);
	}
}

static int
flush_read_timer(struct state *s, struct process *me, unsigned next)
{
	if (s->timer == FIRED)
		s->timer = OFF;
	return go(me, next);
}

static int
flush_master(struct state *s)
{
	struct process *me = &s->other;

	switch (me->at) {
	case 0: return s->timer == FIRED && go(me, 1);
	case 1:
		if (bug(BUG_LOOK_FIRST))
			me->count = load(s, me, COMMITTED);
		return bug(BUG_DRAIN_LAST) ? go(me, 2) : flush_read_timer(s, me, 2);
	case 2: return store(me, ARMED, 0);
	case 3: return fence(me, BUG_MASTER_FENCE_ARMED);
	case 4:
		if (!bug(BUG_LOOK_FIRST))
			me->count = load(s, me, COMMITTED);
		return go(me, 5);
	default: return bug(BUG_DRAIN_LAST) ? flush_read_timer(s, me, 0) : go(me, 0);
	}
}

/* A master that is in a step for another reason looks at the flag. */
static int
flush_look(struct state *s)
{
	struct process *me = &s->other;

	if (me->at != 0 || s->looks == 2 || !load(s, me, ARMED))
		return 0;
	s->looks++;
	return go(me, 1);
}

/* ---- deadline: tasks that return at any time, and a last one that never does ---- */

static const uint8_t timeouts[TASKS] = { 1, FAR, 2, 3 };

/* `seen` is when the worker last set its timer to; until then it is known to fire. */
static int
deadline_set_timer(struct state *s, struct process *me)
{
	if (s->now < me->seen && me->seen <= me->due)
		return go(me, me->at + 1u);
	if (!drained(me))
		return 0;
	s->timer = SET;
	s->timer_at = me->seen = me->due;
	return go(me, me->at + 1u);
}

static int
deadline_worker(struct state *s)
{
	struct process *me = &s->worker;
	unsigned due = s->now + timeouts[me->count];

	switch (me->at) {
	case 0: me->due = due < FAR ? (uint8_t)due : FAR; return go(me, 1);
	case 1: return bug(BUG_ASK_FIRST) ? deadline_set_timer(s, me) : go(me, 2);
	case 2: return store(me, DEADLINE, me->due);
	case 3: return store(me, RUN, me->count + 1u);
	case 4: return fence(me, BUG_WORKER_FENCE_RUN);
	case 5: return bug(BUG_ASK_FIRST) ? go(me, 6) : deadline_set_timer(s, me);
	default:
		if (me->count == TASKS - 1 || !drained(me) || s->doomed)
			return 0;
		me->count++;
		s->memory[RUN] = 0;
		return go(me, 0);
	}
}

/* Not yet overdue: look again then.  The worker's timer is the worker's to set. */
static int
deadline_later(struct state *s, struct process *me)
{
	if (bug(BUG_SHARED_TIMER)) {
		s->timer = SET;
		s->timer_at = me->due;
		return go(me, 4);
	}
	s->own_timer = me->due;
	return go(me, 0);
}

static int
deadline_doom(struct state *s, struct process *me)
{
	if (s->memory[RUN] != me->seen)
		return go(me, 1);
	require(s->memory[DEADLINE] <= s->now, "a task is doomed before its deadline");
	s->doomed = me->seen;
	return go(me, 0);
}

static int
deadline_spawner(struct state *s)
{
	struct process *me = &s->other;

	switch (me->at) {
	case 0:
		if (s->timer == FIRED)
			s->timer = s->timer_at = 0;
		else if (s->own_timer != 0 && s->own_timer <= s->now)
			s->own_timer = 0;
		else
			return 0;
		return go(me, 1);
	case 1: me->seen = load(s, me, RUN); return go(me, me->seen == 0 ? 0 : 2);
	case 2: me->due = load(s, me, DEADLINE); return go(me, 3);
	case 3: return me->due > s->now ? deadline_later(s, me) : deadline_doom(s, me);
	default: return go(me, load(s, me, RUN) == me->seen ? 0 : 1);
	}
}

static int
tick(struct state *s)
{
	return s->now < HORIZON && ++s->now;
}

/* A timer that ran out may be late. */
static int
fire(struct state *s)
{
	if (s->timer != SET || s->timer_at > s->now)
		return 0;
	s->timer = FIRED;
	return 1;
}

static int
drain_worker(struct state *s)
{
	return drain(s, &s->worker);
}

static int
drain_other(struct state *s)
{
	return drain(s, &s->other);
}

/* ---- the models ---- */

struct row {
	const char *name;
	int (*try)(struct state *);
	enum step_kind kind;
};

#define STEPS 6u

static const struct row ring_rows[STEPS] = {
	{ "worker", ring_worker, STEP_PROGRESS },
	{ "master", ring_master, STEP_PROGRESS },
	{ "the worker's store is seen", drain_worker, STEP_PROGRESS },
	{ "the master's store is seen", drain_other, STEP_PROGRESS },
};

static const struct row bell_rows[STEPS] = {
	{ "worker", bell_worker, STEP_PROGRESS },
	{ "master", bell_master, STEP_PROGRESS },
	{ "the worker's store is seen", drain_worker, STEP_PROGRESS },
	{ "the master's store is seen", drain_other, STEP_PROGRESS },
};

static const struct row flush_rows[STEPS] = {
	{ "worker", flush_worker, STEP_PROGRESS },
	{ "master", flush_master, STEP_PROGRESS },
	{ "the worker's store is seen", drain_worker, STEP_PROGRESS },
	{ "the master's store is seen", drain_other, STEP_PROGRESS },
	{ "the timer fires", fire, STEP_PROGRESS },
	{ "the master sees the flag in a step", flush_look, STEP_CHANCE },
};

static const struct row deadline_rows[STEPS] = {
	{ "worker", deadline_worker, STEP_PROGRESS },
	{ "spawner", deadline_spawner, STEP_PROGRESS },
	{ "the worker's store is seen", drain_worker, STEP_PROGRESS },
	{ "the spawner's store is seen", drain_other, STEP_PROGRESS },
	{ "the timer fires", fire, STEP_PROGRESS },
	{ "time goes on", tick, STEP_PROGRESS },
};

static const struct row *rows;

static enum step_kind
step(void *state, unsigned index)
{
	return rows[index].try != NULL && rows[index].try(state) ? rows[index].kind : STEP_NONE;
}

static void
tell_step(unsigned index)
{
	printf("\t%s\n", rows[index].name);
}

static int
all_taken(const void *state)
{
	return ((const struct state *)state)->other.count == RECORDS;
}

/* What never returns is doomed, unless its deadline lies behind the end of time. */
static int
all_doomed(const void *state)
{
	const struct state *s = state;

	return s->doomed != 0 || s->worker.due > HORIZON;
}

static const struct model ring = { sizeof(struct state), STEPS, step, all_taken, tell_step };
static const struct model bell = { sizeof(struct state), STEPS, step, all_taken, tell_step };
static const struct model flush = { sizeof(struct state), STEPS, step, all_taken, tell_step };
static const struct model deadline = { sizeof(struct state), STEPS, step, all_doomed, tell_step };

struct plant {
	const struct model *model;
	const struct row *rows;
	const char *name;
	const char *text;
};

static const struct plant plants[BUGS + 4] = {
#define BUG_ROW(model, name, text) { &model, model##_rows, #name, text },
	BUG_MAP(BUG_ROW)
#undef BUG_ROW
		{ &ring, ring_rows, "RING",
			"a worker that sleeps because the ring is full is woken" },
	{ &bell, bell_rows, "BELL", "a record that the bell is rung for is taken" },
	{ &flush, flush_rows, "FLUSH", "a record that no bell is rung for is taken" },
	{ &deadline, deadline_rows, "DEADLINES", "a task that is overdue is doomed" },
};

int
main(int argc, char **argv)
{
	int ok = 1;

	for (unsigned i = 0; i < BUGS + 4; i++) {
		if (argc > 1 && strcmp(argv[1], plants[i].name) != 0)
			continue;
		rows = plants[i].rows;
		planted = i < BUGS ? (enum bug)i : BUGS;
		ok &= explore_expect(plants[i].model, plants[i].text, planted != BUGS, argc > 1);
	}
	return !ok;
}
