/*
 * What a call wants: procs and all that they need.  Names become procs here,
 * and what they need becomes edges; the schedule then takes all of it or
 * nothing.  A proc's deps are found when it becomes wanted, so each proc is
 * looked at once, whatever leads to it.
 */
#include "graph/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/increment.h"

static struct ord_proc *
proc_at(const struct plan *plan, uint32_t node)
{
	return plan->graph->procs[node];
}

/* --- sentences --- */

/* "a -> b -> a", as long as a sentence can be. */
static void
write_way(struct ord_graph *graph)
{
	const struct numbers *nodes = &graph->schedule.fault;
	struct buffer *text = &graph->text;

	text->size = 0;
	for (uint32_t i = 0; i <= nodes->count; i++) {
		const char *name = graph->procs[nodes->at[i % nodes->count]]->name;

		if (text->size > 700 && i < nodes->count)
			continue;
		if ((i != 0 && buffer_append(text, " -> ", 4) != 0) ||
			buffer_append(text, name, strlen(name)) != 0)
			break;
	}
	if (buffer_append(text, "", 1) != 0)
		text->size = 0;
}

int
plan_fault(struct ord_graph *graph, int fault)
{
	const struct numbers *nodes = &graph->schedule.fault;
	const char *first = "", *second = "";

	if (fault == FAULT_MEMORY)
		return error_memory(&graph->error);
	first = graph->procs[nodes->at[0]]->name;
	if (nodes->count > 1 && fault != FAULT_LOCK)
		second = graph->procs[nodes->at[1]]->name;
	switch (fault) {
	case FAULT_CYCLE:
		write_way(graph);
		return error_set(&graph->error, ORD_EINVAL,
			"procs depend on each other in a cycle: %s",
			graph->text.size != 0 ? graph->text.bytes : first);
	case FAULT_WAVE:
		return error_set(&graph->error, ORD_EINVAL,
			"%s (wave %d) needs %s of a higher wave (%d)", first,
			graph->procs[nodes->at[0]]->definition->wave, second,
			graph->procs[nodes->at[1]]->definition->wave);
	case FAULT_LATE:
		return error_set(&graph->error, ORD_EINVAL,
			"%s runs or has ended: %s, which would have to run before it, comes too late",
			first, second);
	case FAULT_LOCK:
		return error_set(&graph->error, ORD_EINVAL, "%s: the lock '%s' has only %u units",
			first, graph->locks[nodes->at[1]].name,
			graph->schedule.locks[nodes->at[1]].capacity);
	default:
		return error_set(&graph->error, ORD_EINVAL,
			"%s would wait for %s, which is held until %s has ended", first, second,
			first);
	}
}

/* --- edges --- */

static int
want(struct plan *plan, struct ord_proc *proc)
{
	struct ord_graph *graph = plan->graph;
	int was = graph->schedule.nodes[proc->node].state, fault;

	fault = schedule_want(&graph->schedule, proc->node);
	if (fault != 0)
		return plan_fault(graph, fault);
	if (was != NODE_IDLE)
		return ORD_OK;
	if (numbers_push(&plan->procs, proc->node) != 0)
		return error_memory(&graph->error);
	return increment_plan(graph, proc);
}

static int
depend(struct plan *plan, struct ord_proc *dependent, struct ord_proc *dep, int kind)
{
	int status = want(plan, dep), fault;

	if (status != ORD_OK)
		return status;
	fault = schedule_edge(&plan->graph->schedule, dependent->node, dep->node, kind);
	return fault == 0 ? ORD_OK : plan_fault(plan->graph, fault);
}

/* The sentence so far, as what `proc` needs. */
static int
needed_by(struct ord_graph *graph, const struct ord_proc *proc, int status)
{
	char text[sizeof graph->error.text];

	if (status == ORD_ENOMEM)
		return status;
	memcpy(text, graph->error.text, sizeof text);
	return error_set(&graph->error, status, "%s needs %.900s", proc->name, text);
}

/* The procs of a name that a proc has to do with, behind those that are found. */
static int
find(struct plan *plan, const struct ord_proc *proc, const char *name, int may_miss)
{
	struct ord_graph *graph = plan->graph;
	uint32_t from = graph->found.count;
	int status = registry_find(graph, name);

	if (status == ORD_EINVAL && graph->found.count == from &&
		graph->options.allow_missing_deps && may_miss)
		return ORD_OK;
	return status == ORD_OK ? status : needed_by(graph, proc, status);
}

/* The procs of a name are deps of proc, or with `behind` proc is one of theirs. */
static int
depend_on_name(struct plan *plan, struct ord_proc *proc, const char *name, int kind, int behind)
{
	struct ord_graph *graph = plan->graph;
	uint32_t from = graph->found.count;
	int status = find(plan, proc, name, !behind);

	for (uint32_t i = from; status == ORD_OK && i < graph->found.count; i++) {
		struct ord_proc *other = proc_at(plan, graph->found.at[i]);

		other->named |= behind != 0;
		status = behind ? want(plan, other) : ORD_OK;
		if (status == ORD_OK)
			status = behind ? depend(plan, other, proc, kind)
					: depend(plan, proc, other, kind);
	}
	graph->found.count = from;
	return status;
}

/* They are kept until all callbacks of the proc were asked. */
static int
keep_asked(struct plan *plan, const struct ord_proc *proc, const char *name, int kind)
{
	struct ord_graph *graph = plan->graph;
	uint32_t from = graph->found.count;
	int status = find(plan, proc, name, 1);

	for (uint32_t i = from; status == ORD_OK && i < graph->found.count; i++) {
		if (schedule_grow(&plan->asked, plan->n_asked, &plan->asked_capacity,
			    sizeof *plan->asked) != 0)
			status = error_memory(&graph->error);
		else
			plan->asked[plan->n_asked++] =
				(struct asked_dep){ .dep = graph->found.at[i],
					.kind = (uint8_t)kind };
	}
	graph->found.count = from;
	return status;
}

/* A pattern with the values of a proc; yours to free. */
static int
fill(struct ord_graph *graph, const struct ord_proc *proc, const struct pattern *pattern,
	char **name)
{
	struct buffer text = { 0 };
	struct span missing;
	int filled = pattern_fill(pattern, proc_value, (void *)(uintptr_t)proc, &text, &missing);

	if (filled == 0 && buffer_append(&text, "", 1) == 0) {
		*name = text.bytes;
		return ORD_OK;
	}
	buffer_finish(&text);
	if (filled != 1)
		return error_memory(&graph->error);
	return error_set(&graph->error, ORD_EINVAL, "%s: '%.*s' in %s has no value", proc->name,
		(int)missing.size, missing.at, pattern->text);
}

static int
depend_on_pattern(struct plan *plan, struct ord_proc *proc, const struct pattern *pattern, int kind,
	int behind)
{
	char *name = NULL;
	int status = fill(plan->graph, proc, pattern, &name);

	if (status == ORD_OK)
		status = depend_on_name(plan, proc, name, kind, behind);
	memory_free(name);
	return status;
}

int
plan_is_asked(const struct need *need)
{
	return need->names != NULL || strpbrk(need->name.text, "*?") != NULL;
}

static int
ask_glob(struct plan *plan, struct ord_proc *proc, const struct need *need)
{
	char *name = NULL;
	int status = fill(plan->graph, proc, &need->name, &name);

	if (status == ORD_OK)
		status = keep_asked(plan, proc, name, need->soft ? EDGE_SOFT : EDGE_HARD);
	memory_free(name);
	return status;
}

static int
ask_names(struct plan *plan, struct ord_proc *proc, const struct need *need)
{
	int kind = need->soft ? EDGE_SOFT : EDGE_HARD;
	struct ord_graph *graph = plan->graph;
	const char *const *names = NULL;
	int status;

	graph->asking++;
	status = need->names(proc, &names, need->user);
	graph->asking--;
	if (status != 0 && need->names == names_ask)
		return graph->error.status; /* with its own sentence */
	if (status != 0)
		return error_set(&graph->error, ORD_EFAILED,
			"%s: its callback for deps failed with %d", proc->name, status);
	for (; status == ORD_OK && names != NULL && *names != NULL; names++)
		status = keep_asked(plan, proc, *names, kind);
	return status;
}

/* By dep; what is hard in front of what is soft. */
static int
compare_asked(const void *one, const void *other)
{
	const struct asked_dep *a = one, *b = other;

	if (a->dep != b->dep)
		return a->dep < b->dep ? -1 : 1;
	return (int)a->kind - (int)b->kind;
}

int
plan_ask(struct plan *plan, struct ord_proc *proc)
{
	const struct definition *definition = proc->definition;
	uint32_t kept = 0;
	int status = ORD_OK, fault;

	plan->n_asked = 0;
	for (uint32_t i = 0; status == ORD_OK && i < definition->n_needs; i++)
		if (definition->needs[i].names != NULL)
			status = ask_names(plan, proc, &definition->needs[i]);
		else if (plan_is_asked(&definition->needs[i]))
			status = ask_glob(plan, proc, &definition->needs[i]);
	if (status == ORD_OK && plan->n_asked > 1)
		qsort(plan->asked, plan->n_asked, sizeof *plan->asked, compare_asked);
	for (uint32_t i = 0; status == ORD_OK && i < plan->n_asked; i++) {
		if (kept != 0 && plan->asked[kept - 1].dep == plan->asked[i].dep)
			continue;
		plan->asked[kept++] = plan->asked[i];
		status = want(plan, proc_at(plan, plan->asked[kept - 1].dep));
	}
	if (status != ORD_OK)
		return status;
	fault = schedule_needs(&plan->graph->schedule, proc->node, plan->asked, kept);
	return fault == 0 ? ORD_OK : plan_fault(plan->graph, fault);
}

static int
look_at_needs(struct plan *plan, struct ord_proc *proc)
{
	const struct definition *definition = proc->definition;
	int status = ORD_OK, asks = 0;

	for (uint32_t i = 0; status == ORD_OK && i < definition->n_needs; i++) {
		const struct need *need = &definition->needs[i];

		asks |= plan_is_asked(need);
		if (!plan_is_asked(need))
			status = depend_on_pattern(
				plan, proc, &need->name, need->soft ? EDGE_SOFT : EDGE_HARD, 0);
	}
	return status == ORD_OK && asks ? plan_ask(plan, proc) : status;
}

/* Those who want to run before whatever has such a name. */
static int
look_at_declarers(struct plan *plan, struct ord_proc *proc)
{
	struct ord_graph *graph = plan->graph;
	struct span values[PLACEHOLDERS_MAX], name = { proc->name, strlen(proc->name) };
	struct cursor cursor = { 0 };
	struct entry *entry;
	int status = ORD_OK;

	while (status == ORD_OK && (entry = index_next(&graph->rdeps, name, &cursor)) != NULL) {
		const struct rdep *rdep = entry->thing;
		struct ord_proc *declarer;

		if (!pattern_match(entry->pattern, graph->separator, name, values))
			continue;
		status = registry_declarer(graph, rdep, values, &declarer);
		if (status != ORD_OK)
			status = needed_by(graph, proc, status);
		else
			status = depend(plan, proc, declarer, EDGE_HARD);
	}
	return status;
}

/* Those that run behind it whenever it runs. */
static int
look_at_targets(struct plan *plan, struct ord_proc *proc)
{
	const struct definition *definition = proc->definition;
	int status = ORD_OK;

	for (uint32_t i = 0; status == ORD_OK && i < definition->n_rdeps; i++)
		if (definition->rdeps[i].kind == RDEP_DECLARER)
			status = depend_on_pattern(
				plan, proc, &definition->rdeps[i].pattern, EDGE_HARD, 1);
	return status;
}

/* --- all of it --- */

int
plan_look(struct plan *plan)
{
	int status = ORD_OK;

	while (status == ORD_OK && plan->next < plan->procs.count) {
		struct ord_proc *proc = proc_at(plan, plan->procs.at[plan->next++]);

		status = look_at_needs(plan, proc);
		if (status == ORD_OK)
			status = look_at_declarers(plan, proc);
		if (status == ORD_OK)
			status = look_at_targets(plan, proc);
	}
	return status;
}

void
plan_finish(struct plan *plan)
{
	numbers_finish(&plan->procs);
	memory_free(plan->asked);
}

static int
gather(struct plan *plan, uint32_t from)
{
	struct ord_graph *graph = plan->graph;
	int status = ORD_OK;

	for (uint32_t i = from; status == ORD_OK && i < graph->found.count; i++) {
		struct ord_proc *proc = proc_at(plan, graph->found.at[i]);

		proc->named = 1;
		status = want(plan, proc);
	}
	return status == ORD_OK ? plan_look(plan) : status;
}

int
plan_want(struct ord_graph *graph, uint32_t from)
{
	struct plan plan = { .graph = graph };
	int status, fault = 0;

	if (graph->schedule.unfinished == 0)
		increment_pass(graph);
	status = gather(&plan, from);
	if (status != ORD_OK)
		schedule_rollback(&graph->schedule);
	else
		fault = schedule_commit(&graph->schedule);
	graph->found.count = from;
	if (fault != 0)
		status = plan_fault(graph, fault);
	poll_wake(graph);
	for (uint32_t i = 0; status == ORD_OK && i < plan.procs.count; i++)
		run_tell(graph, ORD_PROC_EVENT_WANTED, proc_at(&plan, plan.procs.at[i]));
	plan_finish(&plan);
	return status;
}
