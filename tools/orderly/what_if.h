/* How long a graph takes with so many at once, by how long each of its nodes takes. */
#ifndef TOOL_WHAT_IF_H
#define TOOL_WHAT_IF_H

#include <stddef.h>
#include <stdint.h>

#define WHAT_IF_NONE SIZE_MAX

struct what_if_node {
	uint64_t takes_ns;
	uint64_t until_ns;  /* the longest way to its end */
	uint64_t behind_ns; /* the longest way from its beginning to an end */
	size_t before;      /* the one before it on the way to its end; WHAT_IF_NONE: none */
	size_t edges;       /* of edges: the first that leads from it; see by_from */
	size_t n_deps;
	size_t rank; /* in an order in which deps come first */
};

struct what_if_edge {
	size_t from, to; /* from what is needed to what needs it */
};

struct what_if {
	struct what_if_node *nodes;
	size_t n_nodes, nodes_room;
	struct what_if_edge *edges; /* sorted: deps of deps come first */
	size_t n_edges, edges_room;
	size_t *by_from; /* places in edges: those that lead from the same lie together */
	size_t last;     /* the end of the longest way; WHAT_IF_NONE: there are no nodes */
};

/* Nodes are numbered from 0 on. */
void what_if_node(struct what_if *graph, uint64_t takes_ns);
void what_if_edge(struct what_if *graph, size_t from, size_t to);

/* All are there; there is no cycle. */
void what_if_sort(struct what_if *graph);

uint64_t what_if_longest(const struct what_if *graph);

/* With so many at once, the longest way first; what takes no time needs no place. */
uint64_t what_if_takes(const struct what_if *graph, uint32_t jobs);

void what_if_finish(struct what_if *graph);

#endif
