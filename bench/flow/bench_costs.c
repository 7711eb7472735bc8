/*
 * What each feature costs, as a ratio to the plain no-op (window 4096, capture
 * off): capture, a log record per task, ordered messages, events, options of a
 * task's own, the order of completion, spilling, resizing.
 *
 * usage: bench_costs               all of them, in turns
 *        bench_costs VARIANT TASKS one, without figures, for a profiler
 *        bench_costs list          their names, and what each is
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/ours.h"
#include "support/spoken.h"
#include "support/turns.h"

enum { WORKERS = 2, WINDOW = 4096, STRETCH = 65536 };

enum kind { PLAIN, SAYS, OPTIONS, RESIZED };

struct variant {
	const char *name;
	const char *what;
	enum kind kind;
	struct ord_pool_options options;
};

static void
hear(const struct ord_event *event, void *user)
{
	uint64_t *events = user;

	*events += ord_event_kind(event) != 0;
}

/* Each task brings options of its own that change nothing. */
static void
run_with_options(void *user, uint64_t tasks)
{
	struct ours *ours = user;

	for (uint64_t end = ours->submitted + tasks; ours->submitted < end; ours->submitted++)
		if (ord_pool_submit_task_wait(ours->pool,
			    &ORD_TASK(.input = &ours->submitted,
				    .input_size = sizeof ours->submitted, .user = user),
			    NULL) != 0)
			fail("submit: %s", ord_pool_error(ours->pool));
	ours_run(ours, 0);
}

/* A third worker comes and goes. */
static void
run_resized(void *user, uint64_t tasks)
{
	struct ours *ours = user;

	for (uint32_t turn = 0; tasks > 0; turn++) {
		uint64_t part = tasks < STRETCH ? tasks : STRETCH;

		if (ord_pool_resize(ours->pool, WORKERS + turn % 2) != 0)
			fail("resize: %s", ord_pool_error(ours->pool));
		ours_run(ours, part);
		tasks -= part;
	}
}

/* The pool of a variant that says nothing is spoken->ours. */
static struct turn
start(const struct variant *variant, struct spoken *spoken)
{
	static void (*const runs[])(
		void *, uint64_t) = { ours_turn, spoken_turn, run_with_options, run_resized };
	struct ord_pool_options options = variant->options;
	struct turn turn = { .name = variant->what, .run = runs[variant->kind] };

	options.workers = WORKERS;
	options.window = WINDOW;
	options.grace_ms = 60000; /* a worker that a profiler makes slow shall end by itself */
	if (variant->kind == SAYS) {
		spoken_start(spoken, &options);
		turn.user = spoken;
	} else {
		ours_start(&spoken->ours, &options);
		turn.user = &spoken->ours;
	}
	return turn;
}

static void
compare(const struct turn turns[], size_t n)
{
	for (size_t i = 1; i < n; i++)
		turns_compare("no-op", &turns[i], &turns[0], NULL);
}

static int
run_one(const struct variant *variants, size_t n, const char *name, uint64_t tasks)
{
	for (size_t i = 0; i < n; i++) {
		struct spoken spoken = { 0 };
		struct turn turn;

		if (strcmp(variants[i].name, name) != 0)
			continue;
		turn = start(&variants[i], &spoken);
		turn.run(turn.user, tasks);
		ours_stop(&spoken.ours);
		return 0;
	}
	fail("there is no variant %s", name);
}

#define OFF(...) ORD_POOL_OPTIONS(.capture = ORD_CAPTURE_OFF, __VA_ARGS__)

int
main(int argc, char **argv)
{
	static uint64_t ends, events;
	const struct variant variants[] = {
		{ "plain", "plain", PLAIN, OFF(.workers = 0) },
		{ "capture", "exact capture", PLAIN, ORD_POOL_OPTIONS(.workers = 0) },
		{ "log", "one ord_log of 80 bytes", SAYS, OFF(.workers = 0) },
		{ "ordered", "one ord_log of 80 bytes, ordered messages", SAYS,
			OFF(.messages = ORD_ORDERED) },
		{ "silent", "ordered messages, none said", PLAIN, OFF(.messages = ORD_ORDERED) },
		{ "ends", "one END event", PLAIN,
			OFF(.on_event = hear, .on_event_user = &ends,
				.events = ORD_EVENT_BIT(ORD_TASK_ENDED)) },
		{ "events", "one START and one END event", PLAIN,
			OFF(.on_event = hear, .on_event_user = &events,
				.events = ORD_EVENT_BIT(ORD_TASK_ENDED) |
					ORD_EVENT_BIT(ORD_TASK_STARTED)) },
		{ "options", "options of its own", OPTIONS, OFF(.workers = 0) },
		{ "spill", "spilling allowed, not needed", PLAIN,
			OFF(.overflow = ORD_OVERFLOW_SPILL) },
		{ "resize", "resized every 65536 tasks", RESIZED, OFF(.workers = 0) },
	};
	enum { N = sizeof variants / sizeof *variants };
	static struct spoken spoken[N];
	static struct turn turns[N];

	ord_worker_main(argc, argv);
	for (size_t i = 0; argc == 2 && i < N; i++)
		printf("%s\t%s\n", variants[i].name, variants[i].what);
	if (argc == 2)
		return 0;
	if (argc == 3)
		return run_one(variants, N, argv[1], strtoull(argv[2], NULL, 10));
	for (size_t i = 0; i < N; i++)
		turns[i] = start(&variants[i], &spoken[i]);
	turns_take(turns, N);
	compare(turns, N);
	for (size_t i = 0; i < N; i++)
		ours_stop(&spoken[i].ours);
	return 0;
}
