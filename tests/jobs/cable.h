/* A cable to the server: a proxy on a port of this host, that cuts what it is told to, or swallows everything and says nothing. */
#ifndef JOBS_CABLE_H
#define JOBS_CABLE_H

#include "lists.h"

#include <stdatomic.h>

enum how {
	PASS,
	CUT_REQUEST, /* what has the word in it is not passed on, and its connection is cut */
	CUT_ANSWER,  /* it is passed on, and its answer is not; who connects is cut, too */
	CUT_LATER,   /* the answer of one request is not passed on, as above, but who connects is not cut */
	CUT_FROM,    /* the same, and from then on who connects is cut, too */
	CUT_ALL,     /* every connection is cut, and new ones are swallowed */
	SWALLOW,     /* every connection is dumb from now on for ever, and stands */
	SWALLOW_HALF /* the same, and the server notices it */
};

/* Shared with the process of the proxy. */
struct cable {
	_Atomic int how;
	_Atomic unsigned cuts, told; /* told: how often it has seen what it is to do */
	_Atomic unsigned left;       /* requests up to that which CUT_LATER means; 0: it is cut */
	char word[40];
	int port;
};

/* A proxy; *pid is its process. */
struct cable *cable_new(pid_t *pid);
void cable_free(struct cable *cable, pid_t pid);

/* From now on. */
void cable_do(struct cable *cable, int how, const char *word);

/* The n-th request from now on loses its answer; how must be PASS or CUT_LATER. */
void cable_cut(struct cable *cable, unsigned n);
/* The same with CUT_FROM; how must be PASS. */
void cable_cut_from(struct cable *cable, unsigned n);

/* The list at the other end of the cable; more: of its address. */
struct list_at cable_to(const struct list_at *at, const struct cable *cable, const char *more);

#endif
