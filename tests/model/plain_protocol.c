/*
 * The protocol of docs/protocol.md, walked through in every interleaving: a
 * master, two workers, the spawner, and a kill at any instant.
 *
 *   plain_protocol          the protocol has to hold, every planted bug has to be found
 *   plain_protocol BUG      the story of how one planted bug does harm
 *
 * Each function of master.h, worker.h and spawner.h is one atomic step of one
 * process, or the part of one; what a process knows by itself is done in the
 * same step.  Memory is sequentially consistent here; plain_wakeups.c looks at
 * the fences.
 */
#include "explore.h"
#include "master.h"
#include "spawner.h"
#include "state.h"
#include "worker.h"

struct plant {
	const char *name;
	const char *text;
	int harm;
};

static const struct plant plants[BUGS] = {
#define BUG_ROW(name, text, harm) { #name, text, harm },
	BUG_MAP(BUG_ROW)
#undef BUG_ROW
};

/* Whether states that differ only in who is at which place count as one. */
static int fold = 1;

struct row {
	const char *name;
	int (*try)(struct state *, unsigned, unsigned);
	unsigned first; /* how many values its first and second argument have */
	unsigned second;
	enum step_kind kind;
};

static const struct row rows[] = {
	{ "master: submit", submit, 1, 1, STEP_PROGRESS },
	{ "master: give a task to place", give, PLACES, 1, STEP_PROGRESS },
	{ "master: a second copy of task, place", copy, TASKS, PLACES, STEP_CHANCE },
	{ "master: cancel task", cancel, TASKS, 1, STEP_CHANCE },
	{ "master: hear the bell of place", hear, PLACES, 1, STEP_PROGRESS },
	{ "master: take from the ring of place", take, PLACES, 1, STEP_PROGRESS },
	{ "master: acknowledge place", acknowledge, PLACES, 1, STEP_PROGRESS },
	{ "master: read the end of place", ended, PLACES, 1, STEP_PROGRESS },
	{ "master: settle", settle_next, 1, 1, STEP_PROGRESS },
	{ "worker: next step of place", work, PLACES, 1, STEP_PROGRESS },
	{ "worker: leave it to the timer, place", leave, PLACES, 1, STEP_PROGRESS },
	{ "killed from outside: place", die, PLACES, 1, STEP_CHANCE },
	{ "spawner: read the run word of place", notice, PLACES, 1, STEP_PROGRESS },
	{ "spawner: read the deadline of place", warn, PLACES, 1, STEP_PROGRESS },
	{ "spawner: doom what is overdue at place", doom_overdue, PLACES, 1, STEP_PROGRESS },
	{ "spawner: tell what shall stop at place", tell, PLACES, 1, STEP_PROGRESS },
	{ "spawner: doom what shall stop at place", doom_stopped, PLACES, 1, STEP_PROGRESS },
	{ "spawner: kill place", kill_doomed, PLACES, 1, STEP_PROGRESS },
};
#define ROWS (sizeof rows / sizeof *rows)

/* A row with its arguments. */
struct choice {
	const struct row *row;
	unsigned first;
	unsigned second;
};

static struct choice choices[64];
static unsigned n_choices;

static void
list_choices(void)
{
	for (size_t i = 0; i < ROWS; i++)
		for (unsigned j = 0; j < rows[i].first * rows[i].second; j++)
			choices[n_choices++] =
				(struct choice){ &rows[i], j / rows[i].second, j % rows[i].second };
}

/*
 * Places are interchangeable: of two states that differ only in who is which,
 * one is looked at.  Off while a story is told, so that places keep their numbers.
 */
static void
order_places(struct state *s)
{
	struct place first = s->places[0];

	if (!fold || memcmp(&s->places[0], &s->places[1], sizeof first) <= 0)
		return;
	s->places[0] = s->places[1];
	s->places[1] = first;
	for (unsigned i = 0; i < WINDOW; i++)
		if (s->claims[i].state == STARTED)
			s->claims[i].place ^= 1;
	for (unsigned i = 0; i < TASKS; i++)
		s->tasks[i].sent = (uint8_t)(s->tasks[i].sent >> 1 | (s->tasks[i].sent & 1) << 1);
	if (s->closing != 0)
		s->closing ^= 3;
}

static enum step_kind
step(void *state, unsigned index)
{
	const struct choice *choice = &choices[index];

	if (!choice->row->try(state, choice->first, choice->second))
		return STEP_NONE;
	order_places(state);
	/* Who submits a task that ends only when told to will tell it. */
	if (choice->row->try == cancel && scenario->timeouts == 0 &&
		bit(scenario->listens | scenario->deaf, choice->first))
		return STEP_PROGRESS;
	return choice->row->kind;
}

static void
tell_step(unsigned index)
{
	const struct choice *choice = &choices[index];

	printf("\t%s %u", choice->row->name, choice->first);
	printf(choice->row->second > 1 ? " %u\n" : "\n", choice->second);
}

static int
finished(const void *state)
{
	return ((const struct state *)state)->delivered == scenario->tasks;
}

/* The small ones first: a bug is looked for in one after the other. */
static const struct scenario scenarios[] = {
	{ "a deadline and a cancel for a task that is deaf", 2, 0, 1, 1, 0, 1, 0, 1 },
	{ "cancels for a task that is deaf, a death", 2, 1, 1, 2, 0, 0, 0, 1 },
	{ "cancels for a task that listens, a death", 2, 1, 1, 2, 0, 0, 1, 0 },
	{ "three tasks, two deaths", 3, 2, 0, 0, 0, 0, 0, 0 },
	{ "three tasks, a cancel", 3, 0, 0, 1, 0, 0, 0, 0 },
	{ "two deaths, a retry, a deadline", 2, 2, 1, 0, 0, 1, 0, 0 },
	{ "two deaths, a retry, a second copy", 2, 2, 1, 0, 1, 0, 0, 0 },
	{ "a death, a retry, a cancel, a deadline", 2, 1, 1, 1, 0, 1, 0, 0 },
	{ "two deaths, a retry, a cancel, a second copy", 2, 2, 1, 1, 1, 0, 0, 0 },
	{ "three tasks, a retry, a death, a cancel", 3, 1, 1, 1, 0, 0, 0, 0 },
	{ "three tasks, a death, a second copy", 3, 1, 0, 0, 1, 0, 0, 0 },
	{ "three tasks, a deadline, a cancel, a second copy", 3, 0, 0, 1, 1, 1, 0, 0 },
};
#define SCENARIOS (sizeof scenarios / sizeof *scenarios)
#define SECOND_GUARD_SCENARIOS 7u /* enough to show that nothing happens */

static const struct model protocol = { sizeof(struct state), 0, step, finished, tell_step };

/* Without a bug every scenario holds. */
static int
check_protocol(const struct model *model)
{
	int ok = 1;

	for (size_t i = 0; i < SCENARIOS; i++) {
		scenario = &scenarios[i];
		if (explore_expect(model, scenario->name, 0, 0))
			continue;
		ok = fold = 0;
		explore_expect(model, scenario->name, 0, 1);
		fold = 1;
	}
	return ok;
}

/* With a bug that does harm some scenario does not; with a second guard taken away all do. */
static int
check_plant(const struct model *model, enum bug which, int story)
{
	const char *violation = NULL;
	uint32_t count, all = 0;
	size_t limit = plants[which].harm ? SCENARIOS : SECOND_GUARD_SCENARIOS, i = 0;

	planted = which;
	fold = !story;
	for (; i < limit && violation == NULL; i++) {
		scenario = &scenarios[i];
		violation = explore_run(model, story, &count);
		all += count;
	}
	planted = BUGS;
	printf("%9lu states  %-5s %s: %s (scenario %u)\n", (unsigned long)all,
		(violation != NULL) == plants[which].harm ? "ok" : "FAIL", plants[which].text,
		violation != NULL ? violation : "no harm", (unsigned)i);
	fflush(stdout);
	return (violation != NULL) == plants[which].harm;
}

int
main(int argc, char **argv)
{
	struct model model = protocol;
	int ok = 1;

	list_choices();
	model.steps = n_choices;
	if (argc < 2)
		ok = check_protocol(&model);
	for (unsigned i = 0; i < BUGS; i++)
		if (argc < 2 || strcmp(argv[1], plants[i].name) == 0)
			ok &= check_plant(&model, (enum bug)i, argc > 1);
	return !ok;
}
