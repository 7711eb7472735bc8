/*
 * What tests of graphs that are watched have in common: what was told, as a
 * text; files in a directory of the scene's own; moving until something is told.
 */
#ifndef GRAPH_WATCHED_H
#define GRAPH_WATCHED_H

#include "graphs.h"

enum { DEBOUNCE_MS = 30 };

/* What was told: "C" a generation begins, "W" it has ended, "s:a" a started, "e:a" ended, "a:a" again, "w:a" wanted. */
struct told {
	char text[20000];
	int watching; /* the last of C and W was W */
	int ends;     /* of generations */
};

extern struct told told;

/* An .on_event. */
void hear(int kind, const struct ord_proc *proc, void *user);

/* How often it was told; forget all that was. */
unsigned count(const char *what);
void forget(void);

/* A command that must succeed; a file with this text; how many lines one has, 0 if it is not there. */
void run(const char *command);
void put(const char *path, const char *format, ...);
unsigned lines(const char *path);

/* A directory of the scene's own becomes the current one; and is removed, when the graph has been. */
void enter(void);
void leave(struct ord_graph *graph);

/* Move until a generation has ended that began after this many had; until something was told. */
void until_watching(struct ord_graph *graph, int ends);
void until_told(struct ord_graph *graph, const char *what);

/* Give it the time in which it would do something, if it did. */
void expect_nothing(struct ord_graph *graph);

/* One that is watched with DEBOUNCE_MS; poll_ms 0: by inotify. */
struct ord_graph *new_graph(const char *database, uint64_t poll_ms);

/* Want a proc, watch, and move until nothing is wanted. */
void begin(struct ord_graph *graph, const char *name);

/* One change, one generation. */
void change(struct ord_graph *graph, const char *command);

#endif
