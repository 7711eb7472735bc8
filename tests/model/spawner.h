/*
 * The spawner in the model of the protocol: deadlines, stops, and the kill that
 * is meant for one attempt.  Each function is one atomic step.
 */
#ifndef MODEL_SPAWNER_H
#define MODEL_SPAWNER_H

#include "state.h"

/* Until its report the spawner does not know that a worker is dead, and goes on with its page. */
static int
known_dead(const struct state *s, unsigned p)
{
	return s->closing == p + 1;
}

/* The deadline timer has fired: look at what runs. */
static int
notice(struct state *s, unsigned p, unsigned unused)
{
	struct place *place = &s->places[p];

	(void)unused;
	if (known_dead(s, p) || place->deadline == 0 || place->seen != 0 || place->overdue != 0 ||
		place->phase != RUNNING)
		return 0;
	place->seen = bug(BUG_DEADLINE_EARLY) ? place->deadline : place->run;
	return 1;
}

/* Then at its deadline, which has passed if there is one; the cancel word tells the task. */
static int
warn(struct state *s, unsigned p, unsigned unused)
{
	struct place *place = &s->places[p];
	uint8_t name = place->seen;

	(void)unused;
	if (known_dead(s, p) || name == 0)
		return 0;
	place->seen = 0;
	if (bug(BUG_DEADLINE_EARLY))
		name = place->phase == RUNNING ? place->run : 0;
	else if (place->deadline == 0)
		name = 0;
	if (name != 0)
		place->cancel = place->overdue = name;
	return 1;
}

/* RUNNING to DOOMED, of this attempt and no other. */
static int
doom(struct state *s, struct place *place, uint8_t name)
{
	if (!bug(BUG_KILL_ANYWAY) && !(place->run == name && place->phase == RUNNING))
		return 0;
	require(place->run != name || !s->tasks[TASK_OF(name)].committed,
		"a doomed attempt has a result");
	place->phase = DOOMED;
	place->doomed = name;
	return 1;
}

/* The grace is over. */
static int
doom_overdue(struct state *s, unsigned p, unsigned unused)
{
	struct place *place = &s->places[p];
	uint8_t name = place->overdue;

	(void)unused;
	if (known_dead(s, p) || name == 0)
		return 0;
	place->overdue = 0;
	if (doom(s, place, name))
		require(bit(scenario->timeouts, TASK_OF(name)),
			"a task is doomed that has no deadline");
	return 1;
}

static int
tell(struct state *s, unsigned p, unsigned unused)
{
	struct place *place = &s->places[p];

	(void)unused;
	if (known_dead(s, p) || place->stop == 0 || place->stop_told)
		return 0;
	place->cancel = place->stop;
	place->stop_told = 1;
	return 1;
}

/* A stop stands until its attempt runs: the worker may be between the claim and the run word. */
static int
doom_stopped(struct state *s, unsigned p, unsigned unused)
{
	struct place *place = &s->places[p];

	(void)unused;
	if (known_dead(s, p) || place->stop == 0 || !place->stop_told)
		return 0;
	if (doom(s, place, place->stop) || bug(BUG_STOP_ONCE))
		place->stop = place->stop_told = 0;
	return 1;
}

static int
kill_doomed(struct state *s, unsigned p, unsigned unused)
{
	struct place *place = &s->places[p];
	int before_commit =
		place->at == AT_CALL || place->at == AT_DECIDE || place->at == AT_GALLOWS;

	(void)s, (void)unused;
	if (place->life != LIVES || place->doomed == 0)
		return 0;
	require(place->current == place->doomed && before_commit, "a kill hits another attempt");
	place->life = DEAD;
	return 1;
}

#endif
