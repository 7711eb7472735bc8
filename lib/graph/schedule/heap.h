/*
 * Heaps of nodes, the first to start on top.  The links lie in the nodes, so
 * that no call needs memory and any node can be taken out; a node is in one
 * heap at most.  A heap is its top, HEAP_EMPTY if it has none.
 */
#ifndef GRAPH_HEAP_H
#define GRAPH_HEAP_H

#include <stdint.h>

#define HEAP_EMPTY UINT32_MAX

struct node;

struct link {
	uint64_t priority; /* of a lower wave first, then the higher */
	uint64_t key;      /* then the lower: the order in which they were made, or a random one */
	int32_t wave;      /* number of the wave */
	uint32_t child;    /* first of those below it */
	uint32_t next;     /* among those below the same */
	uint32_t before; /* the one before it there; of the first, the one above; HEAP_EMPTY: top */
};

/* Whether a starts before b. */
int heap_before(const struct link *a, const struct link *b);

void heap_push(struct node *nodes, uint32_t *heap, uint32_t node);
void heap_remove(struct node *nodes, uint32_t *heap, uint32_t node);

/* Takes the top off; HEAP_EMPTY if there is none. */
uint32_t heap_pop(struct node *nodes, uint32_t *heap);

#endif
