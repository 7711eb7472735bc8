/*
 * The same rule as that of the graph: of what may start, what the longest way
 * to an end depends on goes first.  Locks, waves and the load are not looked
 * at.
 */
#include "what_if.h"

#include <stdbool.h>
#include <stdlib.h>

#include "text.h"

void
what_if_node(struct what_if *graph, uint64_t takes_ns)
{
	if (graph->n_nodes == graph->nodes_room) {
		graph->nodes_room = graph->nodes_room != 0 ? 2 * graph->nodes_room : 64;
		graph->nodes =
			text_reallocate(graph->nodes, graph->nodes_room, sizeof *graph->nodes);
	}
	graph->nodes[graph->n_nodes++] =
		(struct what_if_node){ .takes_ns = takes_ns, .before = WHAT_IF_NONE };
}

void
what_if_edge(struct what_if *graph, size_t from, size_t to)
{
	if (graph->n_edges == graph->edges_room) {
		graph->edges_room = graph->edges_room != 0 ? 2 * graph->edges_room : 64;
		graph->edges =
			text_reallocate(graph->edges, graph->edges_room, sizeof *graph->edges);
	}
	graph->edges[graph->n_edges++] = (struct what_if_edge){ from, to };
	graph->nodes[to].n_deps++;
}

/* by_from, and where each node's begin there. */
static void
gather(struct what_if *graph)
{
	size_t *next = text_allocate(graph->n_nodes + 1, sizeof *next), sum = 0;

	free(graph->by_from);
	graph->by_from = text_allocate(graph->n_edges + 1, sizeof *graph->by_from);
	for (size_t i = 0; i < graph->n_edges; i++)
		next[graph->edges[i].from + 1]++;
	for (size_t i = 0; i < graph->n_nodes; i++) {
		sum += next[i];
		next[i] = graph->nodes[i].edges = sum;
	}
	for (size_t i = 0; i < graph->n_edges; i++)
		graph->by_from[next[graph->edges[i].from]++] = i;
	free(next);
}

static size_t
edges_end(const struct what_if *graph, size_t node)
{
	return node + 1 < graph->n_nodes ? graph->nodes[node + 1].edges : graph->n_edges;
}

/* What has no dep left, one after the other. */
static void
walk(struct what_if *graph, size_t *order)
{
	size_t *left = text_allocate(graph->n_nodes + 1, sizeof *left), n = 0;

	for (size_t i = 0; i < graph->n_nodes; i++) {
		left[i] = graph->nodes[i].n_deps;
		if (left[i] == 0)
			order[n++] = i;
	}
	for (size_t at = 0; at < n; at++) {
		graph->nodes[order[at]].rank = at;
		for (size_t i = graph->nodes[order[at]].edges; i < edges_end(graph, order[at]); i++)
			if (--left[graph->edges[graph->by_from[i]].to] == 0)
				order[n++] = graph->edges[graph->by_from[i]].to;
	}
	free(left);
}

/* Sorted by the rank of what they lead from: so all that lead to a node come before those that lead from it. */
static void
sort_edges(struct what_if *graph, const size_t *order)
{
	struct what_if_edge *sorted = text_allocate(graph->n_edges + 1, sizeof *sorted);
	size_t n = 0;

	for (size_t at = 0; at < graph->n_nodes; at++)
		for (size_t i = graph->nodes[order[at]].edges; i < edges_end(graph, order[at]); i++)
			sorted[n++] = graph->edges[graph->by_from[i]];
	free(graph->edges);
	graph->edges = sorted;
	graph->edges_room = graph->n_edges + 1;
	gather(graph);
}

void
what_if_sort(struct what_if *graph)
{
	size_t *order = text_allocate(graph->n_nodes + 1, sizeof *order);

	gather(graph);
	walk(graph, order);
	sort_edges(graph, order);
	free(order);
	graph->last = graph->n_nodes != 0 ? 0 : WHAT_IF_NONE;
	for (size_t i = 0; i < graph->n_nodes; i++)
		graph->nodes[i].until_ns = graph->nodes[i].behind_ns = graph->nodes[i].takes_ns;
	for (size_t i = 0; i < graph->n_edges; i++) {
		const struct what_if_node *from = &graph->nodes[graph->edges[i].from];
		struct what_if_node *to = &graph->nodes[graph->edges[i].to];

		if (to->before == WHAT_IF_NONE || from->until_ns + to->takes_ns > to->until_ns) {
			to->until_ns = from->until_ns + to->takes_ns;
			to->before = graph->edges[i].from;
		}
	}
	for (size_t i = graph->n_edges; i-- > 0;) {
		struct what_if_node *from = &graph->nodes[graph->edges[i].from];
		const struct what_if_node *to = &graph->nodes[graph->edges[i].to];

		if (to->behind_ns + from->takes_ns > from->behind_ns)
			from->behind_ns = to->behind_ns + from->takes_ns;
	}
	for (size_t i = 0; i < graph->n_nodes; i++)
		if (graph->nodes[i].until_ns > graph->nodes[graph->last].until_ns)
			graph->last = i;
}

uint64_t
what_if_longest(const struct what_if *graph)
{
	return graph->last != WHAT_IF_NONE ? graph->nodes[graph->last].until_ns : 0;
}

/* --- a run --- */

/* What may start, as a heap; what runs, in no order. */
struct play {
	const struct what_if *graph;
	size_t *ready, n_ready;
	size_t *left; /* deps of each that have not ended */
	struct {
		size_t node;
		uint64_t end_ns;
	} * running;
	size_t n_running;
	uint64_t now_ns;
};

static bool
is_before(const struct play *play, size_t a, size_t b)
{
	const struct what_if_node *one = &play->graph->nodes[play->ready[a]],
				  *other = &play->graph->nodes[play->ready[b]];

	if (one->behind_ns != other->behind_ns)
		return one->behind_ns > other->behind_ns;
	return one->rank < other->rank;
}

static void
swap(struct play *play, size_t a, size_t b)
{
	size_t node = play->ready[a];

	play->ready[a] = play->ready[b];
	play->ready[b] = node;
}

static void
push(struct play *play, size_t node)
{
	size_t at = play->n_ready++;

	play->ready[at] = node;
	for (; at != 0 && is_before(play, at, (at - 1) / 2); at = (at - 1) / 2)
		swap(play, at, (at - 1) / 2);
}

static size_t
pop(struct play *play)
{
	size_t first = play->ready[0], at = 0, child;

	play->ready[0] = play->ready[--play->n_ready];
	while ((child = 2 * at + 1) < play->n_ready) {
		if (child + 1 < play->n_ready && is_before(play, child + 1, child))
			child++;
		if (!is_before(play, child, at))
			break;
		swap(play, at, child);
		at = child;
	}
	return first;
}

static void
end(struct play *play, size_t node)
{
	const struct what_if *graph = play->graph;

	for (size_t i = graph->nodes[node].edges; i < edges_end(graph, node); i++) {
		size_t to = graph->edges[graph->by_from[i]].to;

		if (--play->left[to] == 0)
			push(play, to);
	}
}

static void
start_all(struct play *play, uint32_t jobs)
{
	while (play->n_ready != 0 && play->n_running < jobs) {
		size_t node = pop(play);
		uint64_t takes_ns = play->graph->nodes[node].takes_ns;

		if (takes_ns == 0) {
			end(play, node);
			continue;
		}
		play->running[play->n_running].node = node;
		play->running[play->n_running++].end_ns = play->now_ns + takes_ns;
	}
}

static void
end_next(struct play *play)
{
	size_t next = 0, node;

	for (size_t i = 1; i < play->n_running; i++)
		if (play->running[i].end_ns < play->running[next].end_ns)
			next = i;
	play->now_ns = play->running[next].end_ns;
	node = play->running[next].node;
	play->running[next] = play->running[--play->n_running];
	end(play, node);
}

uint64_t
what_if_takes(const struct what_if *graph, uint32_t jobs)
{
	struct play play = { .graph = graph,
		.ready = text_allocate(graph->n_nodes + 1, sizeof *play.ready),
		.left = text_allocate(graph->n_nodes + 1, sizeof *play.left),
		.running = text_allocate((size_t)jobs + 1, sizeof *play.running) };

	for (size_t i = 0; i < graph->n_nodes; i++) {
		play.left[i] = graph->nodes[i].n_deps;
		if (play.left[i] == 0)
			push(&play, i);
	}
	start_all(&play, jobs);
	while (play.n_running != 0) {
		end_next(&play);
		start_all(&play, jobs);
	}
	free(play.ready);
	free(play.left);
	free(play.running);
	return play.now_ns;
}

void
what_if_finish(struct what_if *graph)
{
	free(graph->nodes);
	free(graph->edges);
	free(graph->by_from);
	*graph = (struct what_if){ 0 };
}
