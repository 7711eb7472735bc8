/* What is known of earlier runs: why procs would run, how long they took; and what people say of it. */
#include "graph.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"

#define ROWS 20 /* of the slowest procs, without --all */

static int
complain_graph(const struct graph_call *call, int status)
{
	complain("%s", ord_graph_error(call->graph));
	return status == ORD_ENOMEM || status == ORD_ESYSTEM || status == ORD_ETIMEDOUT
		? GRAPH_TROUBLE
		: GRAPH_FAILED;
}

static void
show_warning(const struct graph_call *call)
{
	const char *warning = ord_graph_warning(call->graph);

	if (*warning != '\0')
		complain("%s", warning);
}

/* --- why --- */

static bool
is_named(const struct graph_call *call, const char *name)
{
	for (size_t i = 0; i < call->n_arguments; i++)
		if (graph_matches(call->arguments[i], name))
			return true;
	return call->n_arguments == 0;
}

/* All reasons of what was named, of what else would run the first one. */
static void
show_reasons(const struct graph_call *call, const struct ord_proc *proc)
{
	bool named = is_named(call, ord_proc_name(proc));
	const char *reason = ord_proc_reason(proc, 0);

	switch (ord_proc_state(proc)) {
	case ORD_PROC_UP_TO_DATE:
		if (named)
			printf("%s: up to date\n", ord_proc_name(proc));
		return;
	case ORD_PROC_SUCCEEDED:
		printf("%s: runs%s%s\n", ord_proc_name(proc), !named && reason != NULL ? ": " : "",
			!named && reason != NULL ? reason : "");
		for (uint32_t i = 0; named && reason != NULL; reason = ord_proc_reason(proc, ++i))
			printf("  %s\n", reason);
		return;
	case ORD_PROC_FAILED: printf("%s: %s\n", ord_proc_name(proc), ord_proc_error(proc)); return;
	default: return;
	}
}

int
graph_why(struct graph_call *call)
{
	const struct ord_proc *proc = NULL;
	int status = graph_plan(call);

	if (status != 0)
		return status;
	status = ord_graph_wait_all(call->graph);
	if (status != ORD_OK && status != ORD_EFAILED)
		return complain_graph(call, status);
	while ((proc = ord_graph_next(call->graph, proc)) != NULL)
		show_reasons(call, proc);
	show_warning(call);
	return status == ORD_OK ? 0 : GRAPH_FAILED;
}

/* --- touch, forget --- */

static int
for_each(struct graph_call *call, int (*act)(struct ord_graph *graph, const char *pattern))
{
	int status = ORD_OK;

	for (size_t i = 0; i < call->n_arguments && status == ORD_OK; i++)
		status = act(call->graph, call->arguments[i]);
	show_warning(call);
	return status == ORD_OK ? 0 : complain_graph(call, status);
}

int
graph_touch(struct graph_call *call)
{
	return for_each(call, ord_graph_touch);
}

int
graph_forget(struct graph_call *call)
{
	return for_each(call, ord_graph_forget);
}

/* --- stats --- */

/* What is known of one proc. */
struct past {
	const struct ord_proc *proc;
	uint64_t expected_ns, last_ns;
	uint64_t way_ns;         /* with all that must have ended before it */
	size_t before;           /* of the longest such way: the one before it; itself: none */
	unsigned runs, failures; /* of its last runs */
	int state;               /* 0 not looked at, 1 being looked at, 2 its way is known */
};

struct pasts {
	struct past *items;
	size_t n;
};

static int
count_run(const struct ord_proc_run *run, void *user)
{
	struct past *past = user;

	if (past->runs++ == 0 && run->ended_ns > run->started_ns)
		past->last_ns = (uint64_t)(run->ended_ns - run->started_ns);
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

static void
find_pasts(const struct graph_call *call, struct pasts *pasts)
{
	const struct ord_proc *proc = NULL;
	size_t room = 0;

	while ((proc = ord_graph_next(call->graph, proc)) != NULL)
		room++;
	pasts->items = text_allocate(room + 1, sizeof *pasts->items);
	while ((proc = ord_graph_next(call->graph, proc)) != NULL) {
		struct past *past = &pasts->items[pasts->n++];

		*past = (struct past){ .proc = proc, .expected_ns = ord_proc_expected_ns(proc) };
		(void)ord_proc_history(proc, count_run, past);
	}
	qsort(pasts->items, pasts->n, sizeof *pasts->items, compare_procs);
}

static size_t
place_of(const struct pasts *pasts, const struct ord_proc *proc)
{
	const struct past key = { .proc = proc };
	const struct past *found = bsearch(&key, pasts->items, pasts->n, sizeof key, compare_procs);

	return found != NULL ? (size_t)(found - pasts->items) : 0;
}

/* Its way, if those of its deps are known; else the first dep whose way is not. */
static size_t
step_way(struct pasts *pasts, size_t at, const struct ord_proc **deps, uint32_t n)
{
	struct past *past = &pasts->items[at];
	uint64_t longest = 0;

	past->before = at;
	for (uint32_t i = 0; i < n; i++) {
		size_t dep = place_of(pasts, deps[i]);

		if (pasts->items[dep].state == 0)
			return dep;
		if (pasts->items[dep].way_ns > longest) {
			longest = pasts->items[dep].way_ns;
			past->before = dep;
		}
	}
	past->way_ns = longest + past->expected_ns;
	past->state = 2;
	return at;
}

/* Deps first, on a stack of our own: a chain may be as long as it likes. */
static void
find_way(struct pasts *pasts, size_t from, size_t *stack)
{
	size_t depth = 0;

	stack[depth++] = from;
	while (depth != 0) {
		size_t at = stack[depth - 1], next;
		uint32_t n = ord_proc_deps(pasts->items[at].proc, NULL, 0);
		const struct ord_proc **deps = text_allocate(n + 1, sizeof *deps);

		(void)ord_proc_deps(pasts->items[at].proc, deps, n);
		pasts->items[at].state = 1;
		next = step_way(pasts, at, deps, n);
		free(deps);
		if (next == at)
			depth--;
		else
			stack[depth++] = next;
	}
}

static void
show_seconds(uint64_t ns)
{
	printf("%" PRIu64 ".%03" PRIu64 " s", ns / 1000000000, ns / 1000000 % 1000);
}

/* From its end to its beginning. */
static void
show_way(const struct pasts *pasts, size_t at)
{
	printf("longest way: ");
	show_seconds(pasts->items[at].way_ns);
	for (const char *mark = "  ";; mark = " <- ") {
		const struct past *past = &pasts->items[at];

		if (past->expected_ns != 0) {
			printf("%s%s", mark, ord_proc_name(past->proc));
		}
		if (past->before == at)
			break;
		at = past->before;
	}
	putchar('\n');
}

static void
show_ways(struct pasts *pasts)
{
	size_t *stack = text_allocate(pasts->n + 1, sizeof *stack), longest = 0;
	uint64_t sum = 0;

	for (size_t i = 0; i < pasts->n; i++) {
		if (pasts->items[i].state == 0)
			find_way(pasts, i, stack);
		if (pasts->items[i].way_ns > pasts->items[longest].way_ns)
			longest = i;
		sum += pasts->items[i].expected_ns;
	}
	free(stack);
	printf("all, one after the other: ");
	show_seconds(sum);
	putchar('\n');
	show_way(pasts, longest);
	for (unsigned jobs = 2; jobs <= 16; jobs *= 2) {
		uint64_t way_ns = pasts->items[longest].way_ns;

		printf("-j %u: not below ", jobs);
		show_seconds(sum / jobs > way_ns ? sum / jobs : way_ns);
		putchar('\n');
	}
}

static void
show_past(const struct past *past)
{
	printf("%10.3f s %10.3f s %5u %6u  %s%s\n", (double)past->expected_ns / 1e9,
		(double)past->last_ns / 1e9, past->runs, past->failures, ord_proc_name(past->proc),
		past->failures != 0 && past->failures < past->runs ? "  (sometimes fails)" : "");
}

int
graph_stats(struct graph_call *call)
{
	struct pasts pasts = { 0 };
	size_t shown = 0;
	int status = graph_plan(call);

	if (status != 0)
		return status;
	find_pasts(call, &pasts);
	if (pasts.n != 0)
		show_ways(&pasts);
	qsort(pasts.items, pasts.n, sizeof *pasts.items, compare_slowness);
	printf("%12s %12s %5s %6s  %s\n", "expected", "last", "runs", "failed", "proc");
	for (size_t i = 0; i < pasts.n && (call->all || shown < ROWS); i++)
		if (pasts.items[i].runs != 0 || pasts.items[i].expected_ns != 0) {
			show_past(&pasts.items[i]);
			shown++;
		}
	free(pasts.items);
	show_warning(call);
	return 0;
}
