/* Many tasks of each message are asked to end while others of it run: each has one result, and the right one. */
#include <stdlib.h>
#include <string.h>

#include "tally.h"

enum verb {
	VERB_RETURNS,   /* at once */
	VERB_WORKS,     /* a little */
	VERB_TALKS,     /* more than is taken at once */
	VERB_WAITS,     /* until it is canceled */
	VERB_SAYS,      /* the same, and says first that it runs */
	VERB_TIMES_OUT, /* and sees it */
	VERB_DEAF       /* and does not: its worker is ended */
};

enum { TASKS = 100000, LINES = 400, WINDOW = 2048, GRACE_MS = 60000, TIMEOUT_MS = 2, DEAF_GRACE_MS = 3 };

struct input {
	uint32_t verb;
	uint32_t number;
};

struct stops {
	uint64_t random;
	uint64_t submitted;
	uint64_t ended_workers;
	uint8_t verbs[TASKS];
	uint8_t canceled[TASKS];
};

static int
act(struct ord_task *task, void *user)
{
	struct input input = INPUT_AS(struct input, task);
	uint64_t until_ms = scene_now_ms() + SCENE_LONG_MS;
	int ends_by_itself = input.verb <= VERB_TALKS;

	(void)user;
	CHECK_EQ(ord_task_sequence(task), input.number);
	if (input.verb == VERB_SAYS)
		ord_log(ORD_INFO, "running");
	for (int i = 0; input.verb == VERB_TALKS && i < LINES; i++)
		ord_log(ORD_INFO, "line %d", i);
	for (volatile int i = 0; input.verb == VERB_WORKS && i < 20000; i++)
		;
	while (!ends_by_itself && (input.verb == VERB_DEAF || !ord_task_canceled(task)))
		CHECK(scene_now_ms() < until_ms);
	input.number++;
	return ord_task_return(task, &input.number, sizeof input.number);
}

static void
cancel(struct tally *tally, uint64_t sequence)
{
	struct stops *stops = tally->user;

	if (sequence >= stops->submitted || sequence < tally->results)
		return;
	stops->canceled[sequence] = 1;
	CHECK_OK(tally->pool, ord_pool_cancel(tally->pool, sequence));
}

static void
cancel_it(struct tally *tally, const struct ord_message *message)
{
	struct stops *stops = tally->user;

	/* One that talks, in the middle of what is taken of it, or what lies behind it. */
	if (stops->verbs[ord_message_sequence(message)] == VERB_TALKS) {
		if (scene_random(&stops->random) % LINES == 0)
			cancel(tally, ord_message_sequence(message) + scene_random(&stops->random) % 3);
		return;
	}
	/* And what lies next to it, now and then. */
	cancel(tally, ord_message_sequence(message));
	if (scene_random(&stops->random) % 2 == 0)
		cancel(tally, ord_message_sequence(message) + 1 + scene_random(&stops->random) % 8);
}

static void
check_result(struct tally *tally, const struct ord_result *result)
{
	struct stops *stops = tally->user;
	uint64_t sequence = ord_result_sequence(result);
	enum verb verb = stops->verbs[sequence];
	uint32_t state = (uint32_t)ord_result_state(result);
	size_t size;

	ord_result_output(result, &size);
	stops->ended_workers += ord_result_signal(result) != 0;
	CHECK(ord_result_attempts(result) <= 1);
	if (verb != VERB_DEAF)
		CHECK_EQ(ord_result_signal(result), 0);
	if (state == ORD_CANCELED) {
		CHECK(stops->canceled[sequence]);
	} else if (verb <= VERB_TALKS) {
		CHECK_EQ(state, ORD_DONE);
		CHECK_EQ(size, sizeof(uint32_t));
		CHECK_EQ(OUTPUT_AS(uint32_t, result), sequence + 1);
	} else {
		CHECK(verb >= VERB_TIMES_OUT);
		CHECK_EQ(state, ORD_TIMED_OUT);
	}
}

static enum verb
pick_verb(struct stops *stops)
{
	uint64_t random = scene_random(&stops->random) % 10000;

	if (random < 5)
		return VERB_DEAF;
	if (random < 20)
		return VERB_TIMES_OUT;
	if (random < 60)
		return VERB_SAYS;
	if (random < 120)
		return VERB_WAITS;
	if (random < 150)
		return VERB_TALKS;
	return random < 2000 ? VERB_WORKS : VERB_RETURNS;
}

static int
submit_one(struct tally *tally, enum verb verb)
{
	struct stops *stops = tally->user;
	struct input input = { verb, (uint32_t)stops->submitted };
	int status = ord_pool_submit_task(tally->pool,
		&ORD_TASK(.input = &input, .input_size = sizeof input,
			.timeout_ms = verb >= VERB_TIMES_OUT ? TIMEOUT_MS : 0,
			.grace_ms = verb == VERB_DEAF ? DEAF_GRACE_MS : GRACE_MS),
		NULL);

	if (status == ORD_EAGAIN)
		return 0;
	CHECK_OK(tally->pool, status);
	stops->verbs[stops->submitted++] = (uint8_t)verb;
	return 1;
}

/* Some that wait anywhere, some that are with workers now, and in the end all that only a cancel ends. */
static void
cancel_some(struct tally *tally)
{
	struct stops *stops = tally->user;

	for (uint64_t n = scene_random(&stops->random) % 4; n > 0; n--)
		cancel(tally, tally->results + scene_random(&stops->random) % (n % 2 == 0 ? WINDOW : 16));
	for (uint64_t i = tally->results; i < stops->submitted; i++)
		if (stops->verbs[i] == VERB_WAITS && scene_random(&stops->random) % 4 == 0)
			cancel(tally, i);
}

static void
play(uint32_t start, uint32_t workers, uint64_t tasks, uint64_t seed)
{
	static struct stops stops;
	struct tally tally = { .on_result = check_result, .on_message = cancel_it, .user = &stops };
	struct ord_statistics statistics = ORD_STATISTICS;

	memset(&stops, 0, sizeof stops);
	stops.random = seed;
	tally_open(&tally,
		&TALLY_OPTIONS(&tally, .function = act, .workers = workers, .window = WINDOW, .start = start));
	while (tally.results < tasks) {
		uint64_t burst = scene_random(&stops.random) % WINDOW;

		while (stops.submitted < tasks && burst-- > 0 && submit_one(&tally, pick_verb(&stops)))
			;
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 1));
		cancel_some(&tally);
	}
	CHECK_OK(tally.pool, ord_pool_statistics(tally.pool, &statistics));
	CHECK_EQ(statistics.deaths, stops.ended_workers);
	CHECK_EQ(statistics.retried, 0);
	CHECK(tally.states[ORD_DONE] > tasks / 2);
	CHECK(tally.states[ORD_CANCELED] > 0 && tally.states[ORD_TIMED_OUT] > 0);
	tally_close(&tally, tasks);
}

SCENE(stops, each_task_of_a_message_has_its_own_end)
{
	play(ORD_START_FORK, 2, TASKS, 88172645463325252u);
}

SCENE(stops, with_more_workers)
{
	play(ORD_START_EXEC, 6, TASKS / 5, 1442695040888963407u);
}
