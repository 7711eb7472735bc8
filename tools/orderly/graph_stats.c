/*
 * How long procs take: what the last run waited for, what a run of everything
 * would take with so many at once, who is slow and who fails at times.  All of
 * it follows from what is remembered; nothing runs.
 */
#include "graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "what_if.h"

#define ROWS 20 /* of the slowest procs, without --all */
#define JOBS_MOST 16

/* What is known of one proc. */
struct past {
	const struct ord_proc *proc;
	uint64_t expected_ns, last_ns;
	int64_t started_ns, ended_ns, whole_ns; /* of its last end */
	size_t waited_for; /* of the last run: what ended last of that it depends on, NONE: nothing */
	unsigned runs, failures; /* of its last runs */
};

#define NONE SIZE_MAX

struct pasts {
	struct past *items;
	size_t n;
	struct what_if graph; /* nodes are places in items */
	int64_t whole_ns;     /* the last run; 0: none is known */
};

/* --- what is known --- */

static int
count_run(const struct ord_proc_run *run, void *user)
{
	struct past *past = user;

	if (past->runs++ == 0) {
		past->started_ns = run->started_ns;
		past->ended_ns = run->ended_ns;
		past->whole_ns = run->whole_ns;
		if (run->started_ns != 0 && run->ended_ns > run->started_ns)
			past->last_ns = (uint64_t)(run->ended_ns - run->started_ns);
	}
	past->failures += run->state == ORD_PROC_FAILED;
	return 0;
}

static int
compare_procs(const void *a, const void *b)
{
	uintptr_t one = (uintptr_t)((const struct past *)a)->proc,
		  other = (uintptr_t)((const struct past *)b)->proc;

	return one < other ? -1 : one > other;
}

static int
compare_slowness(const void *a, const void *b)
{
	const struct past *one = a, *other = b;

	if (one->expected_ns != other->expected_ns)
		return one->expected_ns > other->expected_ns ? -1 : 1;
	return strcmp(ord_proc_name(one->proc), ord_proc_name(other->proc));
}

static size_t
place_of(const struct pasts *pasts, const struct ord_proc *proc)
{
	const struct past key = { .proc = proc };
	const struct past *found = bsearch(&key, pasts->items, pasts->n, sizeof key, compare_procs);

	return found != NULL ? (size_t)(found - pasts->items) : 0;
}

static void
add_deps(struct pasts *pasts, size_t at)
{
	uint32_t n = ord_proc_deps(pasts->items[at].proc, NULL, 0), i;
	const struct ord_proc **deps = text_allocate(n + 1, sizeof *deps);

	(void)ord_proc_deps(pasts->items[at].proc, deps, n);
	for (i = 0; i < n; i++)
		what_if_edge(&pasts->graph, place_of(pasts, deps[i]), at);
	free(deps);
}

static void
find_pasts(const struct graph_call *call, struct pasts *pasts)
{
	const struct ord_proc *proc = NULL;
	size_t room = 0, i;

	while ((proc = ord_graph_next(call->graph, proc)) != NULL)
		room++;
	pasts->items = text_allocate(room + 1, sizeof *pasts->items);
	while ((proc = ord_graph_next(call->graph, proc)) != NULL) {
		struct past *past = &pasts->items[pasts->n++];

		*past = (struct past){
			.proc = proc, .expected_ns = ord_proc_expected_ns(proc), .waited_for = NONE
		};
		(void)ord_proc_history(proc, count_run, past);
		if (past->whole_ns > pasts->whole_ns)
			pasts->whole_ns = past->whole_ns;
	}
	qsort(pasts->items, pasts->n, sizeof *pasts->items, compare_procs);
	for (i = 0; i < pasts->n; i++)
		what_if_node(&pasts->graph, pasts->items[i].expected_ns);
	for (i = 0; i < pasts->n; i++)
		add_deps(pasts, i);
	what_if_sort(&pasts->graph);
}

/* --- the last run --- */

static bool
ran_last(const struct pasts *pasts, size_t at)
{
	const struct past *past = &pasts->items[at];

	return past->whole_ns == pasts->whole_ns && past->ended_ns != 0;
}

/* Who ended last of that each waited for; groups pass it on. */
static void
find_waits(struct pasts *pasts)
{
	const struct what_if *graph = &pasts->graph;

	for (size_t i = 0; i < graph->n_edges; i++) { /* in an order in which deps come first */
		const struct what_if_edge *edge = &graph->edges[i];
		struct past *past = &pasts->items[edge->to];
		size_t from = edge->from;

		if (!ran_last(pasts, from))
			from = ord_proc_is_group(pasts->items[from].proc)
				? pasts->items[from].waited_for
				: NONE;
		if (from != NONE &&
			(past->waited_for == NONE ||
				pasts->items[from].ended_ns >
					pasts->items[past->waited_for].ended_ns))
			past->waited_for = from;
	}
}

/* From its beginning to its end. */
static void
show_path(const struct pasts *pasts, size_t last)
{
	size_t *path = text_allocate(pasts->n + 1, sizeof *path), n = 0, at;
	int64_t before_ns = pasts->whole_ns;

	for (at = last; at != NONE && n < pasts->n; at = pasts->items[at].waited_for)
		path[n++] = at;
	while (n-- > 0) {
		const struct past *past = &pasts->items[path[n]];

		printf("%10.3f s  %s", (double)past->last_ns / 1e9, ord_proc_name(past->proc));
		if (past->started_ns - before_ns >= 1000000)
			printf("  (began %.3f s later)",
				(double)(past->started_ns - before_ns) / 1e9);
		putchar('\n');
		before_ns = past->ended_ns;
	}
	free(path);
}

static void
show_last_run(struct pasts *pasts)
{
	size_t last = NONE, n = 0;
	uint64_t sum_ns = 0;

	for (size_t i = 0; i < pasts->n; i++) {
		if (pasts->whole_ns == 0 || !ran_last(pasts, i))
			continue;
		n++;
		sum_ns += pasts->items[i].last_ns;
		if (last == NONE || pasts->items[i].ended_ns > pasts->items[last].ended_ns)
			last = i;
	}
	if (last == NONE)
		return;
	find_waits(pasts);
	printf("last run: %zu %s, %.3f s of work in %.3f s; what it waited for:\n", n,
		n == 1 ? "proc" : "procs", (double)sum_ns / 1e9,
		(double)(pasts->items[last].ended_ns - pasts->whole_ns) / 1e9);
	show_path(pasts, last);
}

/* --- all of it --- */

/* From its end to its beginning. */
static void
show_way(const struct pasts *pasts)
{
	const struct what_if *graph = &pasts->graph;
	const char *mark = "  ";

	printf("longest way: %.3f s", (double)what_if_longest(graph) / 1e9);
	for (size_t at = graph->last; at != WHAT_IF_NONE; at = graph->nodes[at].before) {
		if (pasts->items[at].expected_ns == 0)
			continue;
		printf("%s%s", mark, ord_proc_name(pasts->items[at].proc));
		mark = " <- ";
	}
	putchar('\n');
}

static void
show_all(const struct pasts *pasts)
{
	size_t unknown = 0;

	for (size_t i = 0; i < pasts->n; i++)
		unknown += pasts->items[i].expected_ns == 0 &&
			!ord_proc_is_group(pasts->items[i].proc);
	printf("everything, as it is expected:\n");
	show_way(pasts);
	for (uint32_t jobs = 1; jobs <= JOBS_MOST; jobs *= 2)
		printf("-j %-2u %10.3f s\n", jobs,
			(double)what_if_takes(&pasts->graph, jobs) / 1e9);
	if (unknown != 0)
		printf("(%zu of which nothing is known count as nothing)\n", unknown);
}

static void
show_past(const struct past *past)
{
	printf("%10.3f s %10.3f s %5u %6u  %s\n", (double)past->expected_ns / 1e9,
		(double)past->last_ns / 1e9, past->runs, past->failures, ord_proc_name(past->proc));
}

static bool
is_flaky(const struct past *past)
{
	return past->failures != 0 && past->failures < past->runs;
}

static void
show_rows(const struct graph_call *call, const struct pasts *pasts)
{
	size_t shown = 0, flaky = 0;

	printf("%12s %12s %5s %6s  %s\n", "expected", "last", "runs", "failed", "proc");
	for (size_t i = 0; i < pasts->n && (call->all || shown < ROWS); i++)
		if (!ord_proc_is_group(pasts->items[i].proc) &&
			(pasts->items[i].runs != 0 || pasts->items[i].expected_ns != 0)) {
			show_past(&pasts->items[i]);
			shown++;
		}
	for (size_t i = 0; i < pasts->n; i++)
		if (is_flaky(&pasts->items[i]))
			printf("%s%s: %u of %u", flaky++ == 0 ? "fail at times: " : ", ",
				ord_proc_name(pasts->items[i].proc), pasts->items[i].failures,
				pasts->items[i].runs);
	if (flaky != 0)
		putchar('\n');
}

int
graph_stats(struct graph_call *call)
{
	struct pasts pasts = { 0 };
	int status = graph_plan(call);

	if (status != 0)
		return status;
	find_pasts(call, &pasts);
	if (pasts.n != 0) {
		show_last_run(&pasts);
		show_all(&pasts);
	}
	/* From here on places in the graph are not those of items any more. */
	qsort(pasts.items, pasts.n, sizeof *pasts.items, compare_slowness);
	show_rows(call, &pasts);
	what_if_finish(&pasts.graph);
	free(pasts.items);
	graph_warnings(call);
	return 0;
}
