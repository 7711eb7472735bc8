/*
 * Takers that do nothing and race for the jobs of a list: processes of their own that start at a barrier. The loops
 * they are measured against, raw ones on the essentials of the same store, race in the same way.
 */
#ifndef BENCH_RACE_H
#define BENCH_RACE_H

#include <stdbool.h>
#include <stdint.h>

#include <orderly/jobs.h>

enum { RACE_TAKERS_MAX = 16 };

struct race_seen; /* what the takers tell, in memory shared with them */

struct race {
	const char *address; /* of the list, as ord_jobs_open takes it */
	const char *path;    /* of its file or folder, which list_fill makes anew; NULL: there is none */
	uint64_t jobs;
	unsigned takers;
	unsigned batch; /* 0: the library's own */
	unsigned self;  /* in a taker: which of them it is */
	struct race_seen *seen;
};

struct race_figures {
	double rate;       /* jobs a second, from the barrier to the last taker's end */
	double cpu_us;     /* of all takers, per job */
	double least;      /* part of all jobs that the taker with the fewest had */
	double least_rich; /* the same of the jobs taken before the first taker of race_list ran dry; 0: none did */
	double most_rich;  /* the same of the taker with the most */
	double growth;     /* of race_list: the time for the ninth tenth of the jobs to that for the second */
};

/* Room for the takers to tell something; ends the program if takers is not 1 … RACE_TAKERS_MAX. */
void race_prepare(struct race *race);

/*
 * Runs the takers on a list that is there. Each calls race_ready once, takes until nothing is left, and returns how
 * many it took. Ends the program unless every job was taken once.
 */
struct race_figures race_run(const struct race *race, uint64_t (*take)(const struct race *race));

/* What races, and what is asked of it. */
struct race_store {
	const char *name;                                 /* for people */
	const char *goal;                                 /* of the rate, as a figure has it */
	void (*raw_fill)(const struct race *race);        /* NULL: nothing is raced against */
	uint64_t (*raw_take)(const struct race *race);
	void (*our_fill)(const struct race *race);
	uint64_t (*our_take)(const struct race *race);
	bool inside;          /* the takers do the store's work: their processor time says something */
	const char *original; /* what does the same elsewhere; NULL: nothing, or it was not measured */
	double original_rate; /* as it was measured once */
};

/* Races by turns, ours against the raw loop, and prints the figures. */
void race_report(const struct race *race, const struct race_store *store);

/* In a taker: waits for the others at the barrier. */
void race_ready(const struct race *race);

/* Takes from an opened list until it is empty, and closes it. */
uint64_t race_list(const struct race *race, struct ord_jobs *jobs);

/* A taker that opens the list behind the barrier. */
uint64_t race_take(const struct race *race);

/* Ends the program if it cannot be opened; options may be NULL. */
struct ord_jobs *list_open(const char *address, const struct ord_jobs_options *options);

/* A new list of the race's jobs. */
void list_fill(const struct race *race);

/* Removes a list's file, with the two that SQLite keeps beside it, or its folder; it need not be there. */
void list_remove(const char *path);

#endif
