/*
 * What the model of the protocol consists of: the bugs that can be planted, how
 * much may happen in one walk, and the state of everything.
 *
 * A task's attempt has a name, a number above 0.  Inputs, log records, and what
 * is written to the words pipe are left out: no step depends on them.  The
 * positions of a stream count records, from the one that was acknowledged last.
 *
 * To plant a bug: a line in BUG_MAP and an if (bug(...)) where it would be made.
 */
#ifndef MODEL_STATE_H
#define MODEL_STATE_H

#include "explore.h"

#define TASKS 3u
#define PLACES 2u
#define WINDOW 2u  /* tasks between submission and delivery; claim words are used again */
#define CREDIT 2u  /* copies of tasks that a worker may hold */
#define RECORDS 3u /* what a ring holds */

#define NAME(task, attempt) ((uint8_t)(1 + (task)*2 + (attempt)))
#define TASK_OF(name) (((name)-1u) / 2)
#define ATTEMPT_OF(name) (((name)-1u) % 2)

#define RESULT(name) ((uint8_t)((name)*2))
#define SKIP(name) ((uint8_t)((name)*2 + 1))
#define IS_SKIP(record) ((record) % 2)
#define NAME_IN(record) ((record) / 2)

/* name; what is done wrong; whether it does harm (else it is a second guard, and the model says so) */
#define BUG_MAP(X) \
	X(NO_CLAIM, "a worker starts a task without asking its claim word", 1) \
	X(CLAIM_ANY, "a claim does not compare the sequence", 1) \
	X(ARM_AGAIN, "a task is armed whenever it is given out", 1) \
	X(CANCEL_STORE, "a cancel stores the claim word without looking", 1) \
	X(ONE_PLACE, "the ledger keeps only the last place that a task was sent to", 1) \
	X(SKIP_ANY, "a SKIP of an older attempt counts", 1) \
	X(SETTLE_FIRST, "a death is settled before the outbox is taken", 1) \
	X(SETTLE_BY_PAGE, "a death is settled by the run word instead of the claims", 1) \
	X(ARMED_DIED, "a death costs the tasks that had not started", 1) \
	X(ARMED_LOST, "tasks that had not started are not given out again", 1) \
	X(RETRY_CANCELED, "a task that was to be canceled is tried again when its worker dies", 1) \
	X(COMMIT_FIRST, "a result is committed before the run word says so", 1) \
	X(KILL_ANYWAY, "the spawner kills without the run word", 1) \
	X(STOP_BLIND, "the master asks for a stop before it has looked into the ring", 1) \
	X(STOP_ONCE, "the spawner forgets a stop if the run word is not yet there", 1) \
	X(DEADLINE_LATE, "a worker stores the deadline behind the run word", 1) \
	X(DEADLINE_EARLY, "the spawner reads the deadline before the run word", 1) \
	X(CANCEL_FLAG, "a worker does not compare whom the cancel word means", 1) \
	X(IDLE_FIRST, "the run word is idle before the result is committed", 0) \
	X(OLD_ATTEMPT, "a result of another attempt counts", 0)

enum bug {
#define BUG_NUMBER(name, text, harm) BUG_##name,
	BUG_MAP(BUG_NUMBER)
#undef BUG_NUMBER
		BUGS
};

/* How much of everything may happen in one walk. */
struct scenario {
	const char *name;
	uint8_t tasks;
	uint8_t deaths; /* by kill -9 from outside */
	uint8_t retries;
	uint8_t cancels;
	uint8_t copies;   /* second copies for an idle worker */
	uint8_t timeouts; /* bits of tasks that have a deadline */
	uint8_t listens;  /* bits of tasks that return only if they are told to */
	uint8_t deaf;     /* bits of tasks that never return */
};

static const struct scenario *scenario;
static enum bug planted = BUGS;

enum claim_state { FREE, ARMED, STARTED, CANCELED };

enum run_phase { IDLE, RUNNING, COMMITTING, DOOMED };

enum life {
	LIVES,
	DEAD /* the report of its end is under way */
};

/* What a worker does next. */
enum at {
	AT_CLAIM, /* read a task and ask for it */
	AT_SKIP,
	AT_DEADLINE,
	AT_RUN,
	AT_CALL,
	AT_DECIDE,
	AT_COMMIT,
	AT_IDLE,
	AT_RING,
	AT_GALLOWS /* waits to be killed */
};

struct claim {
	uint8_t name;
	uint8_t state;
	uint8_t place;
};

/* A task in the master's ledger, zeros once it is settled; the last two are what the checker knows. */
struct task {
	uint8_t settled;
	uint8_t attempt;
	uint8_t queued;  /* to be given out */
	uint8_t sent;    /* bits of places */
	uint8_t asked;   /* its cancel, while it ran */
	uint8_t started; /* bits of attempts */
	uint8_t committed;
};

/* A worker, its region, its bell, and what the spawner does about it. */
struct place {
	uint8_t life;
	uint8_t at;
	uint8_t current;
	uint8_t inbox[CREDIT];
	uint8_t run; /* the name in the run word */
	uint8_t phase;
	uint8_t deadline; /* of which attempt; 0: none */
	uint8_t cancel;   /* the cancel word */
	uint8_t ring[RECORDS];
	uint8_t committed;
	uint8_t told; /* so much when it rang last */
	uint8_t rung;
	uint8_t armed;
	uint8_t taken; /* the master's */
	uint8_t stop;      /* the spawner was asked to stop this attempt */
	uint8_t stop_told; /* and has written the cancel word */
	uint8_t seen; /* a run word that the spawner has read, or the deadline if that bug is planted */
	uint8_t overdue; /* told by the cancel word, to be doomed */
	uint8_t doomed;  /* the report of its end will say so */
};

struct state {
	uint8_t submitted;
	uint8_t delivered;
	uint8_t closing; /* 1 + the place whose end the master is at */
	uint8_t settling;
	uint8_t deaths;
	uint8_t cancels;
	uint8_t copies;
	struct claim claims[WINDOW];
	struct task tasks[TASKS];
	struct place places[PLACES];
};

static int
bug(enum bug which)
{
	return planted == which;
}

static struct claim *
claim_of(struct state *s, unsigned task)
{
	return &s->claims[task % WINDOW];
}

static int
bit(unsigned set, unsigned index)
{
	return set >> index & 1;
}

#endif
