/* Many jobs on a server that somebody disturbs: each is to be done once, by one taker. */
#ifndef JOBS_MANY_H
#define JOBS_MANY_H

#include "lists.h"

#include <stdatomic.h>

enum { MANY_JOBS = 600, MANY_TAKERS = 3 };

/* What all processes of a scene see: who does a job, and how often it was begun. */
struct many {
	_Atomic pid_t holder[MANY_JOBS];
	_Atomic unsigned began[MANY_JOBS];
	_Atomic unsigned long long cuts;
	_Atomic unsigned opened;
	_Atomic int stop;
};

/* A process that takes until it gets a job called end…, in batches. */
void many_work(struct list_at *at, struct many *seen, uint64_t seed, uint32_t batch);

/* A process that adds j<from> and so on, by twos. Each call says how many were new, also when the first answer is lost. */
void many_add(struct list_at *at, struct many *seen, unsigned from, unsigned to);

/* When the adders have ended: let the takers end, and check that each job was done once. */
void many_end(struct list_at *at, struct many *seen);

#endif
