/* Pairing heaps: a push is a comparison, a pop melds those below the top in pairs. */
#include "graph/schedule/heap.h"

#include "graph/schedule/schedule.h"

int
heap_before(const struct link *a, const struct link *b)
{
	if (a->wave != b->wave)
		return a->wave < b->wave;
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return a->key < b->key;
}

/* Two tops, either may be empty; the other one gets under the better. */
static uint32_t
meld(struct node *nodes, uint32_t a, uint32_t b)
{
	struct link *above, *below;
	uint32_t top = a, under = b;

	if (a == HEAP_EMPTY || b == HEAP_EMPTY)
		return a == HEAP_EMPTY ? b : a;
	if (heap_before(&nodes[b].link, &nodes[a].link)) {
		top = b;
		under = a;
	}
	above = &nodes[top].link;
	below = &nodes[under].link;
	below->next = above->child;
	if (above->child != HEAP_EMPTY)
		nodes[above->child].link.before = under;
	below->before = top;
	above->child = under;
	above->next = HEAP_EMPTY;
	above->before = HEAP_EMPTY;
	return top;
}

/* One heap of a list of them: pairs from the front, then all from the back. */
static uint32_t
meld_list(struct node *nodes, uint32_t first)
{
	uint32_t pairs = HEAP_EMPTY, top = HEAP_EMPTY;

	while (first != HEAP_EMPTY) {
		uint32_t a = first, b = nodes[a].link.next, pair;

		first = b != HEAP_EMPTY ? nodes[b].link.next : HEAP_EMPTY;
		pair = meld(nodes, a, b);
		nodes[pair].link.next = pairs;
		pairs = pair;
	}
	while (pairs != HEAP_EMPTY) {
		uint32_t next = nodes[pairs].link.next;

		nodes[pairs].link.next = HEAP_EMPTY;
		top = meld(nodes, top, pairs);
		pairs = next;
	}
	if (top != HEAP_EMPTY)
		nodes[top].link.before = HEAP_EMPTY;
	return top;
}

void
heap_push(struct node *nodes, uint32_t *heap, uint32_t node)
{
	struct link *link = &nodes[node].link;

	link->child = link->next = link->before = HEAP_EMPTY;
	*heap = meld(nodes, *heap, node);
}

uint32_t
heap_pop(struct node *nodes, uint32_t *heap)
{
	uint32_t top = *heap;

	if (top != HEAP_EMPTY)
		*heap = meld_list(nodes, nodes[top].link.child);
	return top;
}

void
heap_remove(struct node *nodes, uint32_t *heap, uint32_t node)
{
	struct link *link = &nodes[node].link, *before;

	if (*heap == node) {
		heap_pop(nodes, heap);
		return;
	}
	before = &nodes[link->before].link;
	if (before->child == node)
		before->child = link->next;
	else
		before->next = link->next;
	if (link->next != HEAP_EMPTY)
		nodes[link->next].link.before = link->before;
	*heap = meld(nodes, *heap, meld_list(nodes, link->child));
}
