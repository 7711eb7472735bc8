/*
 * Records by name, as bytes.  Of those that are looked at there is more.
 */
#ifndef GRAPH_KNOWN_H
#define GRAPH_KNOWN_H

#include <stddef.h>
#include <stdint.h>

#include "base/table.h"
#include "graph/history/stale.h"

struct known;

/* A record that is looked at. */
struct looked {
	struct record record; /* in the bytes of whom it is of */
	struct known *known;
	struct looked *next; /* of those that are not in use */
};

/* What is known of a proc.  There is one of each that ever ran: so it is small. */
struct known {
	struct known *next;
	struct looked *looked; /* NULL: it is not looked at */
	char *bytes;           /* NULL: it never succeeded */
	uint32_t size;
	uint8_t attempt;
	uint8_t forgotten; /* it stays in the table without anything */
	char name[];
};

/* A zeroed struct is empty. */
struct known_all {
	struct table table;
	struct known *first;
	struct looked *spare;
};

/* What is known of a proc, NULL: nothing ever was; its place, new or not, NULL without memory. */
struct known *known_find(const struct known_all *all, const char *name);
struct known *known_place(struct known_all *all, const char *name);

/* Bytes instead of those before, which it frees; NULL: none. */
void known_set(struct known_all *all, struct known *known, char *bytes, size_t size);

/* Its record, as known->looked; what cannot be read is not known any more.  0, or -1 without memory. */
int known_look(struct known_all *all, struct known *known);

/* Nobody looks at it any more. */
void known_let_go(struct known_all *all, struct known *known);

/* Of whom a record is that is looked at. */
struct known *known_of(struct record *record);

void known_finish(struct known_all *all);

#endif
