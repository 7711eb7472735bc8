/* A run told to programs: --events, one object of JSON a line. */
#ifndef TOOL_RUN_EVENTS_H
#define TOOL_RUN_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

#define RUN_EVENTS_SCHEMA 1

struct run;
struct item;

struct run_events {
	const char *name; /* as it was given; NULL: there are none */
	int fd;           /* -1: a socket */
	bool ours;        /* fd was opened here */
	void *context, *socket;
	struct text lines;    /* not yet written */
	uint64_t number;      /* of the next event */
	struct item **wanted; /* wanted[n_wanted]: it is not yet told that they are, and why */
	size_t n_wanted, room;
	uint64_t progress_ns; /* when progress was told last */
	bool failed;
};

/*
 * Open where they go: the number of a descriptor, an address of ZeroMQ, or a
 * file.  Returns true, or false after a complaint.
 */
bool run_events_open(struct run_events *events, const char *name);

void run_events_begin(struct run *run);

/* Something happened to a proc: an enum ord_graph_event_kind. */
void run_events_proc(struct run *run, struct item *item, int kind);

/* A proc has said something. */
void run_events_said(struct run *run, struct item *item, const char *bytes, size_t size);

/* Write what is there; before the loop waits. */
void run_events_flush(struct run *run);

/* The last of them. */
void run_events_end(struct run *run, int status);

/* False if some could not be written. */
bool run_events_close(struct run_events *events);

#endif
