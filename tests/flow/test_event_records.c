/* Workers whose words about starts and progress make no sense: each costs its worker and nobody else. */
#include <signal.h>
#include <unistd.h>

#include "watch.h"
#include "worker/worker.h"

enum { LIE_NONE, LIE_START_TWICE, LIE_START_LONG, LIE_START_SHORT, LIE_PROGRESS_LONG, LIE_PROGRESS_SHORT, LIES };

/* Lies that are one only because nobody asked. */
enum { LIE_START = LIES, LIE_PROGRESS };

static void
say(struct worker *worker, enum record_kind kind, size_t size)
{
	static const char bytes[24];

	emit(worker, &(struct emission){ .kind = (uint8_t)kind, .head = bytes, .head_size = size });
}

static int
lie(struct ord_task *task, void *user)
{
	(void)user;
	switch (INPUT_AS(char, task)) {
	case LIE_NONE: return 0;
	case LIE_START:
	case LIE_START_TWICE: say(task->worker, RECORD_START, RECORD_START_SIZE); break;
	case LIE_START_LONG: say(task->worker, RECORD_START, RECORD_START_SIZE + 8); break;
	case LIE_START_SHORT: say(task->worker, RECORD_START, 0); break;
	case LIE_PROGRESS: say(task->worker, RECORD_PROGRESS, RECORD_PROGRESS_SIZE); break;
	case LIE_PROGRESS_LONG: say(task->worker, RECORD_PROGRESS, RECORD_PROGRESS_SIZE + 8); break;
	case LIE_PROGRESS_SHORT: say(task->worker, RECORD_PROGRESS, RECORD_PROGRESS_SIZE - 1); break;
	}
	for (;;)
		pause();
}

static void
found_out(uint32_t events, char verb)
{
	struct watch watch = { .start = ORD_START_EXEC, .events = events };
	struct ord_statistics statistics = ORD_STATISTICS;
	char honest = LIE_NONE;

	watch_open(&watch, &WATCH_OPTIONS(&watch, .function = lie, .workers = 1));
	for (int i = 0; i < 3; i++)
		CHECK_OK(watch.tally.pool, ord_pool_submit(watch.tally.pool, i == 1 ? &verb : &honest, 1, NULL));
	CHECK_OK(watch.tally.pool, ord_pool_run(watch.tally.pool));
	CHECK_OK(watch.tally.pool, ord_pool_statistics(watch.tally.pool, &statistics));
	CHECK_EQ(statistics.deaths, 1);
	CHECK_EQ(watch.tally.states[ORD_SIGNALED], 1);
	watch_close(&watch, 3);
}

SCENE(event_records, that_make_no_sense)
{
	for (char verb = LIE_NONE + 1; verb < LIES; verb++)
		found_out(0, verb);
}

SCENE(event_records, that_nobody_asked_for)
{
	found_out(ORD_EVENT_BIT(ORD_TASK_ENDED), LIE_START);
	found_out(ORD_EVENT_BIT(ORD_TASK_ENDED), LIE_PROGRESS);
	found_out(ORD_EVENT_BIT(ORD_TASK_STARTED), LIE_PROGRESS);
	found_out(ORD_EVENT_BIT(ORD_TASK_PROGRESS), LIE_START);
}

/* Nobody listens at all. */
SCENE(event_records, without_on_event)
{
	struct tally tally = { 0 };
	char verb = LIE_START;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = lie, .workers = 1));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, &verb, 1, NULL));
	tally_close(&tally, 1);
	CHECK_EQ(tally.states[ORD_SIGNALED], 1);
}
