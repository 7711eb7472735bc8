/* How long a graph takes with so many at once: small ones by hand, others between their bounds. */
#include <criterion/criterion.h>

#include "what_if.h"

static struct what_if
nodes(const uint64_t *takes, size_t n)
{
	struct what_if graph = { 0 };

	for (size_t i = 0; i < n; i++)
		what_if_node(&graph, takes[i]);
	return graph;
}

Test(what_if, nothing)
{
	struct what_if graph = { 0 };

	what_if_sort(&graph);
	cr_assert_eq(what_if_takes(&graph, 4), 0);
	cr_assert_eq(what_if_longest(&graph), 0);
	cr_assert_eq(graph.last, WHAT_IF_NONE);
	what_if_finish(&graph);
}

/* Three that do not depend on each other, and a chain that is begun first because it is longer. */
Test(what_if, the_longest_way_first)
{
	static const uint64_t takes[] = { 30, 30, 30, 10, 10, 70 };
	struct what_if graph = nodes(takes, 6);

	what_if_edge(&graph, 4, 5);
	what_if_edge(&graph, 3, 4);
	what_if_sort(&graph);
	cr_assert_eq(what_if_longest(&graph), 90);
	cr_assert_eq(graph.last, 5);
	cr_assert_eq(graph.nodes[5].before, 4);
	cr_assert_eq(graph.nodes[3].before, WHAT_IF_NONE);
	cr_assert_eq(what_if_takes(&graph, 1), 180);
	cr_assert_eq(what_if_takes(&graph, 2), 90);
	cr_assert_eq(what_if_takes(&graph, 16), 90);
	what_if_finish(&graph);
}

/* What takes no time needs no place, and passes on what waits. */
Test(what_if, groups)
{
	static const uint64_t takes[] = { 5, 7, 0, 0, 3 };
	struct what_if graph = nodes(takes, 5);

	what_if_edge(&graph, 3, 4);
	what_if_edge(&graph, 2, 3);
	what_if_edge(&graph, 0, 2);
	what_if_edge(&graph, 1, 2);
	what_if_sort(&graph);
	cr_assert_eq(what_if_takes(&graph, 1), 15);
	cr_assert_eq(what_if_takes(&graph, 2), 10);
	cr_assert_eq(what_if_longest(&graph), 10);
	/* Sorted so that who is needed comes first. */
	for (size_t i = 0; i < graph.n_edges; i++)
		for (size_t k = 0; k < i; k++)
			cr_assert_neq(graph.edges[k].from, graph.edges[i].to);
	what_if_finish(&graph);
}

Test(what_if, bounds)
{
	unsigned seed = 7;

	for (int round = 0; round < 300; round++) {
		struct what_if graph = { 0 };
		size_t n = 1 + (size_t)round % 60;
		uint64_t sum = 0, before = 0;

		for (size_t i = 0; i < n; i++) {
			seed = seed * 1103515245u + 12345u;
			what_if_node(&graph, (seed >> 16) % 50);
			sum += (seed >> 16) % 50;
		}
		for (size_t i = 0; i < 2 * n && n > 1; i++) {
			size_t a, b;

			seed = seed * 1103515245u + 12345u;
			a = (seed >> 8) % n;
			b = (seed >> 20) % n;
			if (a != b)
				what_if_edge(&graph, a < b ? a : b, a < b ? b : a);
		}
		what_if_sort(&graph);
		cr_assert_eq(what_if_takes(&graph, 1), sum);
		cr_assert_eq(what_if_takes(&graph, (uint32_t)n), what_if_longest(&graph));
		for (uint32_t jobs = 1; jobs <= 8; jobs *= 2) {
			uint64_t takes = what_if_takes(&graph, jobs);

			cr_assert_geq(takes, what_if_longest(&graph));
			cr_assert_geq(takes * jobs, sum);
			cr_assert_leq(takes, sum / jobs + what_if_longest(&graph) + 1, "no list of starts is worse than that");
			before = takes;
		}
		cr_assert_leq(before, sum);
		what_if_finish(&graph);
	}
}
