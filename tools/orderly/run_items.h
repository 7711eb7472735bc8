/* What `orderly run` knows of each proc beside what the graph says. */
#ifndef TOOL_RUN_ITEMS_H
#define TOOL_RUN_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orderly/graph.h>

#include "ansi.h"
#include "text.h"

struct item {
	const struct ord_proc *proc;
	struct item *before, *behind; /* among those that run: who began earlier, later */
	struct item *next;            /* in the order in which they were first seen */
	uint64_t begun_ns;            /* of the attempt that runs, or ran last */
	uint64_t took_ns;             /* its last attempt */
	uint32_t slot;                /* the lowest that was free; ORD_NONE: it does not run */
	uint32_t row;                 /* the slot that it had last */
	uint64_t log_read;            /* bytes of its log that were looked at */
	uint64_t log_shown;           /* of these, what was printed or is in .body */
	uint64_t *counted;            /* where its last end counts; NULL: it has none */
	bool wanted;                  /* and has not ended since */
	bool started;                 /* it ever was */
	bool superseded; /* its attempt has ended, and another follows because files have changed */
	bool interrupted; /* it ran when we asked it to end */
	bool in_line;     /* what was printed of it last has no newline */
	bool shown;       /* all of its last output was printed */
	struct text body; /* what it said and is not printed yet */
	struct text tail; /* the end of what it said: of its last attempt */
	struct text last; /* its last line that is not blank */
	struct ansi ansi;
	uint64_t expected_ns;         /* how long it should take; 0: not known */
	uint64_t behind_ns;           /* the longest way from its end, as it is expected */
	uint64_t mark;                /* of the search for that */
	uint32_t span_row;            /* for --trace: the row of its last span; 0: that of groups */
	uint64_t span_end_ns;         /* 0: there is none */
	const struct item *needed_by; /* for --events: who wanted it first; NULL: nobody else */
	bool was_wanted;              /* that it was wanted once was told there */
	bool start_untold;            /* its process is waited for, to be told with its start */
	bool start_told;              /* and its end was not */
	struct text said;             /* what is not yet told of what it said */
};

struct items {
	struct item **buckets; /* n_buckets, a power of two, open addressing */
	size_t n_buckets, count;
	struct item *first, *end;     /* all, by .next */
	struct item *oldest, *newest; /* those that run */
	uint64_t n_running;
	uint32_t *slots; /* slots[n_slots]: 1 if it is taken */
	uint32_t n_slots;
};

/* That of a proc; made if it is not there. */
struct item *items_of(struct items *items, const struct ord_proc *proc);

void items_begin(struct items *items, struct item *item, uint64_t now_ns);

void items_end(struct items *items, struct item *item, uint64_t now_ns);

void items_finish(struct items *items);

#endif
