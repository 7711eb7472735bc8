/* One run of `orderly map`: what its parts share. */
#ifndef TOOL_MAP_H
#define TOOL_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include <orderly/orderly.h>

#include "blocks.h"
#include "display.h"
#include "flight.h"
#include "inputs.h"
#include "joblog.h"
#include "lines.h"
#include "options.h"
#include "printer.h"
#include "recipe.h"
#include "tally.h"

struct map;

/* Where tasks come from, and what they are. */
struct feeder {
	/* Make the next task ready to be submitted. */
	enum source_state (*next)(struct map *map);
	/* Submit it; as ord_pool_submit. */
	int (*submit)(struct map *map, uint64_t *sequence);
	/* What to poll before next is called again, after a SOURCE_WAIT. */
	int (*fd)(const struct map *map);
	/* It can be read; false after a complaint.  NULL: next reads. */
	bool (*fill)(struct map *map);
};

struct map {
	const struct map_options *options;
	const struct feeder *feeder;
	struct ord_pool *pool;
	struct recipe recipe;
	struct inputs inputs;
	struct blocks blocks;         /* --pipe, instead of inputs */
	struct block *block;          /* the next one to be submitted */
	struct lines lines;           /* --filter, instead of inputs */
	struct batch batch;           /* the next one to be submitted */
	struct filter_batch *batches; /* on their way */
	uint64_t batch_lines;         /* so many at most in the next one */
	double line_cost;             /* nanoseconds, in the last batch that had so many */
	uint64_t lines_done;
	struct text input; /* --fn: the next one to be submitted */
	struct printer printer;
	struct joblog joblog;
	struct flights flights;
	struct tally tally;
	struct display display;
	uint64_t submitted, delivered; /* tasks; results that came back */
	uint64_t head;                 /* the task whose output is next, if holds and in order */
	uint64_t total;                /* of tasks, if total_known */
	uint64_t real_offset_ns;       /* from the monotonic clock to the time of day */
	uint64_t notes;                /* lines about single tasks */
	uint32_t window;               /* tasks submitted and not yet out of the way */
	int held_error;                /* errno if held output got lost, or 0 */
	bool total_known;
	bool remembers;  /* something has to be known of each task: flights is used */
	bool holds;      /* results come as they are done, and output is held here */
	bool pending;    /* the recipe holds a command that the pool had no room for */
	bool wants_more; /* the next input has to be waited for */
	bool exhausted;  /* no inputs are left */
	bool stopped;    /* no new tasks, for other reasons */
	bool trouble;    /* it has been complained about: the exit status is STATUS_TROUBLE */
};

/* `orderly map`; returns the exit status. */
int map_main(int argc, char **argv);

/* Remember what the results of a task will need; before its first message. */
void results_expect(struct map *map, uint64_t sequence);

/* The pool's callbacks; user is the struct map. */
void results_on_message(const struct ord_message *message, void *user);
void results_on_result(const struct ord_result *result, void *user);

/* What a task gave back other than by messages: to stdout, at its place. */
void results_print(struct map *map, uint64_t sequence, const char *bytes, size_t size);

/* A line for people, unless there were many already. */
void results_note(struct map *map, const char *sentence);

/* How many notes were left out, as a last note. */
void results_close(struct map *map);

#endif
