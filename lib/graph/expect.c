/*
 * How long a proc should take: as its last successes did; else what is stated,
 * else as those of the same definition, else as any.  The schedule begins the longest way first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/increment.h"

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_WEIGHT 1000

/* One proc that is known. */
struct sample {
	struct definition *definition; /* NULL: of nobody here */
	uint64_t mean_ns;
};

struct samples {
	struct ord_graph *graph;
	struct sample *items;
	uint32_t n, capacity;
};

static int
add_sample(void *user, const char *name)
{
	struct samples *samples = user;
	uint64_t mean_ns = history_mean_ns(samples->graph->history, name);

	if (mean_ns == 0)
		return 0;
	if (schedule_grow(
		    &samples->items, samples->n, &samples->capacity, sizeof *samples->items) != 0)
		return -1;
	samples->items[samples->n++] = (struct sample){
		registry_definition(samples->graph, (struct span){ name, strlen(name) }), mean_ns
	};
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct sample *left = a, *right = b;
	uintptr_t one = (uintptr_t)left->definition, other = (uintptr_t)right->definition;

	if (one != other)
		return one < other ? -1 : 1;
	return left->mean_ns < right->mean_ns ? -1 : left->mean_ns > right->mean_ns;
}

/* Asked for once, when the first proc comes of which nothing is known. */
static void
find_medians(struct ord_graph *graph)
{
	struct samples samples = { .graph = graph };

	graph->medians = 1;
	if (history_each(graph->history, add_sample, &samples) != 0)
		samples.n = 0; /* without memory no order is better than another */
	if (samples.n != 0)
		qsort(samples.items, samples.n, sizeof *samples.items, compare);
	for (uint32_t from = 0, to; from < samples.n; from = to) {
		struct definition *definition = samples.items[from].definition;

		for (to = from; to < samples.n && samples.items[to].definition == definition; to++)
			;
		if (definition != NULL)
			definition->median_ns = samples.items[(from + to) / 2].mean_ns;
	}
	for (uint32_t i = 0; i < samples.n; i++)
		samples.items[i].definition = NULL;
	if (samples.n != 0) {
		qsort(samples.items, samples.n, sizeof *samples.items, compare);
		graph->median_ns = samples.items[samples.n / 2].mean_ns;
	}
	memory_free(samples.items);
}

/* Unknown is one, as long as all are; a group takes no time. */
uint64_t
expect_stated(const struct definition *definition)
{
	if (!definition_is_command(definition) && !definition_is_function(definition))
		return 0;
	return definition->expected_ms != 0
		? 1 + definition->expected_ms * NS_PER_MS / NS_PER_WEIGHT
		: 1;
}

void
expect_weigh(struct ord_graph *graph, struct ord_proc *proc)
{
	uint64_t expected = expect_ns(graph, proc);

	if (!definition_is_command(proc->definition) && !definition_is_function(proc->definition))
		return;
	if (expected == 0) {
		if (!graph->medians)
			find_medians(graph);
		expected = proc->definition->median_ns != 0 ? proc->definition->median_ns
							    : graph->median_ns;
	}
	if (expected != 0)
		graph->schedule.nodes[proc->node].weight = 1 + expected / NS_PER_WEIGHT;
}

uint64_t
expect_ns(const struct ord_graph *graph, const struct ord_proc *proc)
{
	uint64_t mean = 0;

	if (graph->history != NULL)
		mean = history_mean_ns(graph->history, proc->name);
	return mean != 0 ? mean : proc->definition->expected_ms * NS_PER_MS;
}
