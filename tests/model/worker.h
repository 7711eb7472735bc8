/*
 * A worker in the model of the protocol, and its death at any instant.  Each
 * function is one atomic step, or the part of one.
 */
#ifndef MODEL_WORKER_H
#define MODEL_WORKER_H

#include "state.h"

static void
claim_task(struct state *s, struct place *place, unsigned p)
{
	uint8_t name = place->inbox[0];
	unsigned task = TASK_OF(name);
	struct claim *claim = claim_of(s, task);
	int same = claim->name == name ||
		(bug(BUG_CLAIM_ANY) && claim->name != 0 &&
			ATTEMPT_OF(claim->name) == ATTEMPT_OF(name));

	place->inbox[0] = place->inbox[1];
	place->inbox[1] = 0;
	place->current = name;
	if (!(claim->state == ARMED && same) && !bug(BUG_NO_CLAIM)) {
		place->at = AT_SKIP;
		return;
	}
	claim->state = STARTED;
	claim->place = (uint8_t)p;
	require(!s->tasks[task].settled, "a task is started that has its result");
	require(!s->tasks[task].asked, "a task is started that was to be canceled");
	require(!bit(s->tasks[task].started, ATTEMPT_OF(name)), "a task is computed twice");
	s->tasks[task].started |= (uint8_t)(1 << ATTEMPT_OF(name));
	place->at = AT_DEADLINE;
}

/* The deadline is stored before the run word: whoever sees the word sees its deadline, or a later one. */
static void
announce(struct place *place)
{
	int deadline = (place->at == AT_DEADLINE) != bug(BUG_DEADLINE_LATE);

	if (deadline) {
		place->deadline =
			bit(scenario->timeouts, TASK_OF(place->current)) ? place->current : 0;
	} else {
		place->run = place->current;
		place->phase = RUNNING;
	}
	place->at++;
}

/* The function, and the words that are flushed behind it. */
static int
call(struct state *s, struct place *place)
{
	unsigned task = TASK_OF(place->current);
	int told = place->cancel == place->current || (bug(BUG_CANCEL_FLAG) && place->cancel != 0);

	require(!told || s->tasks[task].asked || bit(scenario->timeouts, task),
		"a task is told to end that nobody meant");
	if (bit(scenario->deaf, task) || (bit(scenario->listens, task) && !told))
		return 0;
	place->at = bug(BUG_COMMIT_FIRST) ? AT_COMMIT : AT_DECIDE;
	return 1;
}

/* The run word decides between the result and the kill. */
static void
decide(struct place *place)
{
	if (place->phase == DOOMED) {
		place->at = AT_GALLOWS;
		return;
	}
	place->phase = COMMITTING;
	place->at = bug(BUG_COMMIT_FIRST) || bug(BUG_IDLE_FIRST) ? AT_IDLE : AT_COMMIT;
}

static int
append(struct place *place, uint8_t record)
{
	if (place->committed == RECORDS)
		return 0;
	place->ring[place->committed++] = record;
	return 1;
}

static int
commit(struct state *s, struct place *place)
{
	struct task *t = &s->tasks[TASK_OF(place->current)];

	if (!append(place, RESULT(place->current)))
		return 0;
	require(!t->settled, "a result is committed for a task that has one");
	require(place->doomed != place->current, "a result is committed for a doomed attempt");
	t->committed = 1;
	if (bug(BUG_COMMIT_FIRST)) {
		place->at = AT_DECIDE;
		return 1;
	}
	place->at = bug(BUG_IDLE_FIRST) ? AT_RING : AT_IDLE;
	if (bug(BUG_IDLE_FIRST))
		place->current = 0;
	return 1;
}

static void
idle(struct place *place)
{
	place->run = 0;
	place->phase = IDLE;
	place->at = bug(BUG_IDLE_FIRST) ? AT_COMMIT : AT_RING;
	if (!bug(BUG_IDLE_FIRST))
		place->current = 0;
}

static int
skip(struct place *place)
{
	if (!append(place, SKIP(place->current)))
		return 0;
	place->current = 0;
	place->at = AT_RING;
	return 1;
}

static void
ring(struct place *place)
{
	place->rung |= place->told < place->committed;
	place->told = place->committed;
	place->at = AT_CLAIM;
}

static int
work(struct state *s, unsigned p, unsigned unused)
{
	struct place *place = &s->places[p];

	(void)unused;
	if (place->life != LIVES)
		return 0;
	switch ((enum at)place->at) {
	case AT_CLAIM:
		if (place->inbox[0] == 0)
			return 0;
		claim_task(s, place, p);
		return 1;
	case AT_SKIP: return skip(place);
	case AT_DEADLINE:
	case AT_RUN: announce(place); return 1;
	case AT_CALL: return call(s, place);
	case AT_DECIDE: decide(place); return 1;
	case AT_COMMIT: return commit(s, place);
	case AT_IDLE: idle(place); return 1;
	case AT_RING: ring(place); return 1;
	case AT_GALLOWS: break;
	}
	return 0;
}

/* Instead of the bell: the records wait for the timer. */
static int
leave(struct state *s, unsigned p, unsigned unused)
{
	struct place *place = &s->places[p];

	(void)unused;
	if (place->life != LIVES || place->at != AT_RING)
		return 0;
	place->armed = 1;
	place->at = AT_CLAIM;
	return 1;
}

static int
die(struct state *s, unsigned p, unsigned unused)
{
	(void)unused;
	if (s->places[p].life != LIVES || s->deaths == scenario->deaths)
		return 0;
	s->deaths++;
	s->places[p].life = DEAD;
	return 1;
}

#endif
