/*
 * The master in the model of the protocol.  Each function is one atomic step.
 */
#ifndef MODEL_MASTER_H
#define MODEL_MASTER_H

#include "state.h"

/* The master does one thing after the other: while it is at a death it does nothing else. */
static int
busy(const struct state *s)
{
	return s->closing != 0;
}

/* A task has its result; what is next in the order is delivered. */
static void
settle(struct state *s, unsigned task)
{
	require(!s->tasks[task].settled, "a task has two results");
	s->tasks[task] = (struct task){ .settled = 1 };
	while (s->delivered < s->submitted && s->tasks[s->delivered].settled)
		s->delivered++;
}

/* An attempt is armed once, before it can be given out; after that its claim word is nobody's to store. */
static void
arm(struct state *s, unsigned task)
{
	*claim_of(s, task) =
		(struct claim){ .name = NAME(task, s->tasks[task].attempt), .state = ARMED };
	s->tasks[task].queued = 1;
}

static int
submit(struct state *s, unsigned unused, unsigned unused_too)
{
	(void)unused, (void)unused_too;
	if (busy(s) || s->submitted == scenario->tasks ||
		s->submitted - s->delivered == (int)WINDOW)
		return 0;
	arm(s, s->submitted++);
	return 1;
}

/* Copies that a worker holds, as far as the master knows. */
static unsigned
held(const struct place *place)
{
	unsigned count =
		place->committed > place->taken ? (unsigned)(place->committed - place->taken) : 0;

	for (unsigned i = 0; i < CREDIT; i++)
		count += place->inbox[i] != 0;
	return count + (place->at >= AT_SKIP && place->at <= AT_COMMIT) + (place->at == AT_GALLOWS);
}

static void
send_task(struct state *s, unsigned task, unsigned p)
{
	struct place *place = &s->places[p];

	place->inbox[place->inbox[0] != 0] = NAME(task, s->tasks[task].attempt);
	if (bug(BUG_ARM_AGAIN))
		arm(s, task);
	if (bug(BUG_ONE_PLACE))
		s->tasks[task].sent = 0;
	s->tasks[task].sent |= (uint8_t)(1 << p);
	s->tasks[task].queued = 0;
}

static int
give(struct state *s, unsigned p, unsigned unused)
{
	unsigned task = 0;

	(void)unused;
	while (task < TASKS && !s->tasks[task].queued)
		task++;
	if (busy(s) || task == TASKS || held(&s->places[p]) >= CREDIT)
		return 0;
	send_task(s, task, p);
	return 1;
}

/* To move a task that has not started, an idle worker gets a second copy. */
static int
copy(struct state *s, unsigned task, unsigned p)
{
	struct task *t = &s->tasks[task];

	if (busy(s) || s->copies == scenario->copies || t->sent == 0 || bit(t->sent, p) ||
		t->queued || held(&s->places[p]) != 0)
		return 0;
	s->copies++;
	send_task(s, task, p);
	return 1;
}

static void
take_record(struct state *s, unsigned p, uint8_t record)
{
	unsigned name = NAME_IN(record);
	struct task *t = &s->tasks[TASK_OF(name)];
	int same = ATTEMPT_OF(name) == t->attempt;

	if (t->settled)
		return;
	if (IS_SKIP(record)) {
		if (same || bug(BUG_SKIP_ANY))
			t->sent &= (uint8_t) ~(1u << p);
	} else if (bit(t->sent, p) && (same || bug(BUG_OLD_ATTEMPT))) {
		settle(s, TASK_OF(name));
	}
}

/* Take records of the stream up to a position. */
static void
take_up_to(struct state *s, unsigned p, unsigned to)
{
	struct place *place = &s->places[p];

	while (place->taken < to) {
		if (place->taken < place->committed)
			take_record(s, p, place->ring[place->taken]);
		place->taken++;
	}
}

/*
 * Of what a place started and the ring has no result of, there is one: the
 * task it is at.  So the spawner keeps one stop, and a later one takes its
 * place; but only if the master looks into the ring before it asks.
 */
static void
stop(struct state *s, unsigned task)
{
	unsigned p = claim_of(s, task)->place;
	struct task *t = &s->tasks[task];

	if (!bug(BUG_STOP_BLIND))
		take_up_to(s, p, s->places[p].committed);
	if (t->settled)
		return;
	t->asked = 1;
	s->places[p].stop = NAME(task, t->attempt);
	s->places[p].stop_told = 0;
}

static int
cancel(struct state *s, unsigned task, unsigned unused)
{
	struct task *t = &s->tasks[task];
	struct claim *claim = claim_of(s, task);

	(void)unused;
	if (busy(s) || s->cancels == scenario->cancels || task >= s->submitted || t->settled ||
		t->asked)
		return 0;
	s->cancels++;
	if (claim->state != ARMED && !bug(BUG_CANCEL_STORE)) {
		stop(s, task);
		return 1;
	}
	require(!t->committed, "a committed result is lost");
	claim->state = CANCELED;
	claim->place = 0;
	settle(s, task);
	return 1;
}

static int
hear(struct state *s, unsigned p, unsigned unused)
{
	struct place *place = &s->places[p];

	(void)unused;
	if (busy(s) || !place->rung)
		return 0;
	place->rung = 0;
	take_up_to(s, p, place->committed);
	return 1;
}

/* The timer has fired, or the flag was seen in a step. */
static int
take(struct state *s, unsigned p, unsigned unused)
{
	struct place *place = &s->places[p];

	(void)unused;
	if (busy(s) || !place->armed)
		return 0;
	place->armed = 0;
	take_up_to(s, p, place->committed);
	return 1;
}

static uint8_t
less(uint8_t position, uint8_t by)
{
	return position > by ? (uint8_t)(position - by) : 0;
}

/* Positions count from here on. */
static int
acknowledge(struct state *s, unsigned p, unsigned unused)
{
	struct place *place = &s->places[p];
	uint8_t by = place->taken;

	(void)unused;
	if (busy(s) || by == 0 || by > place->committed)
		return 0;
	for (unsigned i = 0; i < RECORDS; i++)
		place->ring[i] = i + by < place->committed ? place->ring[i + by] : 0;
	place->committed = less(place->committed, by);
	place->told = less(place->told, by);
	place->taken = 0;
	return 1;
}

/* The report of an end: the outbox first; then the incarnation is closed. */
static int
ended(struct state *s, unsigned p, unsigned unused)
{
	struct place *place = &s->places[p];

	(void)unused;
	if (busy(s) || place->life != DEAD)
		return 0;
	if (!bug(BUG_SETTLE_FIRST))
		take_up_to(s, p, place->committed);
	place->rung = 0;
	s->closing = (uint8_t)(p + 1);
	return 1;
}

/* An attempt had started and died. */
static void
died(struct state *s, unsigned task)
{
	struct task *t = &s->tasks[task];

	require(bit(t->started, t->attempt), "a task that had not started is failed by a death");
	require(!t->committed, "a committed result is lost");
	if ((t->asked && !bug(BUG_RETRY_CANCELED)) || t->attempt == scenario->retries) {
		settle(s, task);
		return;
	}
	t->attempt++;
	t->sent = 0;
	arm(s, task);
}

static void
settle_after_death(struct state *s, unsigned task, unsigned p)
{
	struct task *t = &s->tasks[task];
	const struct claim *claim = claim_of(s, task);
	int mine = claim->state == STARTED && claim->place == p;

	t->sent &= (uint8_t) ~(1u << p);
	if (bug(BUG_SETTLE_BY_PAGE) && mine && s->places[p].phase == IDLE)
		arm(s, task);
	else if (mine || (bug(BUG_ARMED_DIED) && claim->state == ARMED))
		died(s, task);
	else if (claim->state == ARMED)
		t->queued = !bug(BUG_ARMED_LOST);
}

/* One claim word after the other: the other worker goes on meanwhile.  Then a new incarnation takes the place. */
static int
settle_next(struct state *s, unsigned unused, unsigned unused_too)
{
	unsigned p = s->closing - 1u;

	(void)unused, (void)unused_too;
	if (!busy(s))
		return 0;
	while (s->settling < TASKS && !bit(s->tasks[s->settling].sent, p))
		s->settling++;
	if (s->settling < TASKS) {
		settle_after_death(s, s->settling++, p);
		return 1;
	}
	if (bug(BUG_SETTLE_FIRST))
		take_up_to(s, p, s->places[p].committed);
	s->places[p] = (struct place){ 0 };
	s->closing = s->settling = 0;
	return 1;
}

#endif
