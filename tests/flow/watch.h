/* What the event callback of a pool has seen, checked against a model as it comes. */
#ifndef FLOW_WATCH_H
#define FLOW_WATCH_H

#include "tally.h"

enum { WATCH_KINDS = ORD_TASK_PROCESS + 1, WATCH_TASKS = 1 << 17 };

/* Where a task is, by what was said of it. */
enum watch_phase { WATCH_SILENT = 0, WATCH_RUNS, WATCH_RETRIED, WATCH_ENDED };

struct watched {
	uint64_t started_ns;
	uint32_t attempt;
	int32_t pid;
	uint32_t worker;
	uint8_t phase;
	uint8_t starts;
	uint8_t state;
};

struct watch {
	struct tally tally; /* its user is the watch */
	uint32_t events;    /* as the option; 0: all */
	uint32_t start;
	uint64_t kinds[WATCH_KINDS];
	uint64_t running, completed, workers;
	int moving;      /* a call is under way in which events may come; checked unless it is -1 */
	char said[4096]; /* with `tell`: "S0 P0:1/2 R0 E0:1 W w", a word for each event */
	int tell;
	struct watched *tasks;
	void (*on_event)(struct watch *, const struct ord_event *); /* optional */
	void (*on_result)(struct watch *, const struct ord_result *);
	int mode; /* for these two */
};

void watch_event(const struct ord_event *event, void *user);
void watch_result(struct tally *tally, const struct ord_result *result);

/* Options of a pool with all callbacks. */
#define WATCH_OPTIONS(watch, ...) \
	TALLY_OPTIONS(&(watch)->tally, .on_event = watch_event, .on_event_user = (watch), \
		.events = (watch)->events, .start = (watch)->start, __VA_ARGS__)

/* Makes and starts a pool. */
void watch_open(struct watch *watch, const struct ord_pool_options *options);

/* Finishes and destroys it; checks that everything that began has ended and was told. */
void watch_close(struct watch *watch, uint64_t results);

/* Frees what watch_open made, where the pool ended in another way. */
void watch_forget(struct watch *watch);

/* The start methods that run functions. */
#define EACH_FUNCTION_START(start) \
	(uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; \
		start += start == ORD_START_FORK ? 2 : 1)

/* How many events of a kind. */
#define WATCHED(watch, kind, n) CHECK_EQ((watch)->kinds[kind], (n))

#endif
