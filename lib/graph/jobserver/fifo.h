/*
 * A FIFO in a directory of its own that nobody else may enter.  The directory
 * is locked while its owner lives, so that who makes one can remove those that
 * were left behind by who was killed.
 */
#ifndef GRAPH_FIFO_H
#define GRAPH_FIFO_H

#include "base/error.h"

struct fifo {
	char *directory; /* NULL: there is none */
	char *path;      /* in it */
	int lock;        /* the directory, with an flock */
};

void fifo_init(struct fifo *fifo);

/* 0, or an error with its sentence; nothing is left then.  parent: NULL: where endpoints lie, too. */
int fifo_make(struct fifo *fifo, const char *parent, struct error *error);

/* Remove it, if it was made. */
void fifo_remove(struct fifo *fifo);

/* As fifo_remove in a forked child: the other process still needs it. */
void fifo_leave(struct fifo *fifo);

#endif
