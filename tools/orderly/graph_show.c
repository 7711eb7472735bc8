/*
 * Who depends on whom and how it went last, for programs that draw it and for
 * others: the same nodes and edges in three forms.
 */
#include "graph.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

/* Nodes are found by the address of what they are. */
struct key {
	uintptr_t thing;
	size_t number;
};

/* How it went the last time; of a description all its procs together. */
struct last {
	size_t procs, known, failed; /* those that ever ran, those whose last end was a failure */
	uint64_t took_ns, expected_ns, user_ns, system_ns;
	uint64_t memory_bytes; /* the most of one */
	int64_t started_ns, ended_ns;
	int state, exit_code; /* of the only one */
	char *why;            /* it ran; NULL: that is not known */
};

/* A proc, or with --protos a description. */
struct node {
	struct key key;
	struct last last;
	const struct ord_definition *definition;
	const struct ord_proc *proc; /* the first one of a description */
};

struct picture {
	struct node *nodes;
	size_t n_nodes;
	struct key *keys;   /* of the nodes, sorted by thing */
	size_t (*edges)[2]; /* from what is needed to what needs it */
	size_t n_edges;
};

/* --- nodes and edges --- */

static bool
is_wanted(const struct ord_proc *proc)
{
	return ord_proc_state(proc) != ORD_PROC_IDLE;
}

static uintptr_t
thing_of(const struct graph_call *call, const struct ord_proc *proc)
{
	return call->protos ? (uintptr_t)ord_proc_definition(proc) : (uintptr_t)proc;
}

static int
compare_things(const void *a, const void *b)
{
	const struct key *one = a, *other = b;

	if (one->thing != other->thing)
		return one->thing < other->thing ? -1 : 1;
	return one->number < other->number ? -1 : one->number > other->number;
}

static int
compare_numbers(const void *a, const void *b)
{
	const struct key *one = a, *other = b;

	return one->number < other->number ? -1 : one->number > other->number;
}

static int
compare_thing(const void *a, const void *b)
{
	const struct key *one = a, *other = b;

	return one->thing < other->thing ? -1 : one->thing > other->thing;
}

static size_t
number_of(const struct picture *picture, const struct graph_call *call, const struct ord_proc *proc)
{
	struct key key = { thing_of(call, proc), 0 };
	const struct key *found =
		bsearch(&key, picture->keys, picture->n_nodes, sizeof key, compare_thing);

	return found != NULL ? found->number : 0; /* what is wanted needs only what is wanted */
}

/* What is wanted, in the order in which it was made; of a description the first proc. */
static void
add_nodes(struct picture *picture, const struct graph_call *call)
{
	const struct ord_proc *proc = NULL, **procs;
	size_t n = 0, room = 0;

	while ((proc = ord_graph_next(call->graph, proc)) != NULL)
		room += is_wanted(proc);
	procs = text_allocate(room + 1, sizeof *procs);
	picture->nodes = text_allocate(room + 1, sizeof *picture->nodes);
	picture->keys = text_allocate(room + 1, sizeof *picture->keys);
	for (; (proc = ord_graph_next(call->graph, proc)) != NULL;) {
		if (!is_wanted(proc))
			continue;
		procs[n] = proc;
		picture->keys[n] = (struct key){ thing_of(call, proc), n };
		n++;
	}
	qsort(picture->keys, n, sizeof *picture->keys, compare_things);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || picture->keys[i - 1].thing != picture->keys[i].thing)
			picture->nodes[picture->n_nodes++].key = picture->keys[i];
	for (size_t i = 0; i < picture->n_nodes; i++)
		picture->keys[i] = picture->nodes[i].key;
	qsort(picture->keys, picture->n_nodes, sizeof *picture->keys, compare_numbers);
	for (size_t i = 0; i < picture->n_nodes; i++) {
		proc = procs[picture->keys[i].number];
		picture->keys[i].number = i;
		picture->nodes[i] = (struct node){ .key = picture->keys[i],
			.definition = ord_proc_definition(proc),
			.proc = proc };
	}
	qsort(picture->keys, picture->n_nodes, sizeof *picture->keys, compare_thing);
	free(procs);
}

static const char *
name_of(const struct graph_call *call, const struct node *node)
{
	return call->protos ? ord_definition_name(node->definition) : ord_proc_name(node->proc);
}

static int
compare_edges(const void *a, const void *b)
{
	const size_t *one = a, *other = b;

	if (one[1] != other[1])
		return one[1] < other[1] ? -1 : 1;
	return one[0] != other[0] ? (one[0] < other[0] ? -1 : 1) : 0;
}

/* Descriptions may depend on each other, and on themselves, several times. */
static void
sort_edges(struct picture *picture)
{
	size_t kept = 0;

	if (picture->n_edges != 0)
		qsort(picture->edges, picture->n_edges, sizeof *picture->edges, compare_edges);
	for (size_t i = 0; i < picture->n_edges; i++) {
		if (kept != 0 && compare_edges(picture->edges[kept - 1], picture->edges[i]) == 0)
			continue;
		memcpy(picture->edges[kept++], picture->edges[i], sizeof *picture->edges);
	}
	picture->n_edges = kept;
}

static void
add_edges(struct picture *picture, const struct graph_call *call, const struct ord_proc *proc,
	const struct ord_proc **deps)
{
	uint32_t n = ord_proc_deps(proc, NULL, 0);
	size_t to = number_of(picture, call, proc);

	(void)ord_proc_deps(proc, deps, n);
	for (uint32_t i = 0; i < n; i++) {
		picture->edges = text_reallocate(
			picture->edges, picture->n_edges + 1, sizeof *picture->edges);
		picture->edges[picture->n_edges][0] = number_of(picture, call, deps[i]);
		picture->edges[picture->n_edges++][1] = to;
	}
}

/* The newest end of a proc; that was enough. */
static int
take_last(const struct ord_proc_run *run, void *user)
{
	struct last *last = user;

	last->known++;
	last->failed += run->state == ORD_PROC_FAILED;
	last->state = run->state;
	last->exit_code = run->exit_code;
	if (run->started_ns != 0 && run->ended_ns > run->started_ns)
		last->took_ns += (uint64_t)(run->ended_ns - run->started_ns);
	last->user_ns += run->user_ns;
	last->system_ns += run->system_ns;
	if (run->memory_bytes > last->memory_bytes)
		last->memory_bytes = run->memory_bytes;
	if (last->started_ns == 0 || run->started_ns < last->started_ns)
		last->started_ns = run->started_ns;
	if (run->ended_ns > last->ended_ns)
		last->ended_ns = run->ended_ns;
	if (run->why != NULL && last->why == NULL) {
		last->why = text_allocate(strlen(run->why) + 1, 1);
		memcpy(last->why, run->why, strlen(run->why) + 1);
	}
	return 1;
}

static void
add_last(struct picture *picture, const struct graph_call *call, const struct ord_proc *proc)
{
	struct last *last = &picture->nodes[number_of(picture, call, proc)].last;

	last->procs++;
	last->expected_ns += ord_proc_expected_ns(proc);
	(void)ord_proc_history(proc, take_last, last);
}

static int
look(struct graph_call *call, struct picture *picture)
{
	const struct ord_proc *proc = NULL, **deps = NULL;
	int status = graph_plan(call);

	if (status != 0 && call->n_arguments != 0)
		return status;
	add_nodes(picture, call);
	while ((proc = ord_graph_next(call->graph, proc)) != NULL) {
		if (!is_wanted(proc))
			continue;
		deps = text_reallocate(deps, ord_proc_deps(proc, NULL, 0) + 1, sizeof *deps);
		add_edges(picture, call, proc, deps);
		add_last(picture, call, proc);
	}
	free(deps);
	sort_edges(picture);
	graph_warnings(call);
	return status;
}

static void
finish(struct picture *picture)
{
	for (size_t i = 0; i < picture->n_nodes; i++)
		free(picture->nodes[i].last.why);
	free(picture->nodes);
	free(picture->keys);
	free(picture->edges);
}

/* --- dot, mermaid --- */

/* What it is called, and how long it took, in a second row. */
static void
add_label(
	struct text *label, const struct graph_call *call, const struct node *node, const char *row)
{
	const struct last *last = &node->last;
	char text[64];

	text_clear(label);
	text_add_string(label, name_of(call, node));
	if (call->protos && last->procs > 1) {
		text_add_string(label, row);
		text_add_number(label, last->procs);
		text_add_string(label, " procs");
	}
	if (last->known != 0) {
		text_add_string(label, call->protos && last->procs > 1 ? ", " : row);
		snprintf(text, sizeof text, "%.*f s", last->took_ns < 10000000000u ? 2 : 0,
			(double)last->took_ns / 1e9);
		text_add_string(label, text);
	}
	if (call->protos && last->failed != 0 && last->procs > 1) {
		text_add_string(label, ", ");
		text_add_number(label, last->failed);
		text_add_string(label, " failed");
	}
	text_add_byte(label, '\0');
}

/* Of drawn nodes: "failed", "well", "new" of what never ran, "group". */
static const char *
look_of(const struct node *node)
{
	if (node->last.failed != 0)
		return "failed";
	if (node->last.known != 0)
		return "well";
	return ord_proc_is_group(node->proc) ? "group" : "new";
}

static const char *
dot_style(const struct node *node)
{
	switch (*look_of(node)) {
	case 'f': return "style=filled, fillcolor=\"#f4c7c3\", color=\"#b00020\"";
	case 'w': return "style=filled, fillcolor=\"#d7efd6\", color=\"#2e7d32\"";
	case 'g': return "style=rounded";
	default: return "style=dashed";
	}
}

/* Text in double quotes: a backslash before what means something there. */
static void
print_dot(const char *text)
{
	putchar('"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		if (*text == '\n')
			fputs("\\n", stdout);
		else
			putchar(*text);
	}
	putchar('"');
}

int
graph_dot(struct graph_call *call)
{
	struct picture picture = { 0 };
	struct text label = { 0 };
	int status = look(call, &picture);

	if (picture.nodes != NULL) {
		printf("digraph orderly {\n\trankdir=LR;\n\tnode [shape=box];\n");
		for (size_t i = 0; i < picture.n_nodes; i++) {
			printf("\tn%zu [label=", i);
			add_label(&label, call, &picture.nodes[i], "\n");
			print_dot(label.bytes);
			printf(", %s];\n", dot_style(&picture.nodes[i]));
		}
		for (size_t i = 0; i < picture.n_edges; i++)
			printf("\tn%zu -> n%zu;\n", picture.edges[i][0], picture.edges[i][1]);
		printf("}\n");
	}
	text_finish(&label);
	finish(&picture);
	return status;
}

/* Entities for what ends a label; a line ends with <br>. */
static void
print_mermaid(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\n')
			fputs("<br>", stdout);
		else if (strchr("\"#&<>[]", *text) != NULL)
			printf("#%d;", *text);
		else
			putchar(*text);
}

int
graph_mermaid(struct graph_call *call)
{
	struct picture picture = { 0 };
	struct text label = { 0 };
	int status = look(call, &picture);

	if (picture.nodes != NULL) {
		printf("flowchart LR\n"
		       "\tclassDef failed fill:#f4c7c3,stroke:#b00020\n"
		       "\tclassDef well fill:#d7efd6,stroke:#2e7d32\n"
		       "\tclassDef new stroke-dasharray:4\n"
		       "\tclassDef group stroke:#999999\n");
		for (size_t i = 0; i < picture.n_nodes; i++) {
			printf("\tn%zu[\"", i);
			add_label(&label, call, &picture.nodes[i], "\n");
			print_mermaid(label.bytes);
			printf("\"]:::%s\n", look_of(&picture.nodes[i]));
		}
		for (size_t i = 0; i < picture.n_edges; i++)
			printf("\tn%zu --> n%zu\n", picture.edges[i][0], picture.edges[i][1]);
	}
	text_finish(&label);
	finish(&picture);
	return status;
}

/* --- JSON --- */

static void
print_json(const char *string)
{
	struct text text = { 0 };

	json_string(&text, string);
	fwrite(text.bytes, 1, text.size, stdout);
	text_finish(&text);
}

static void
print_seconds(const char *name, double seconds)
{
	printf(", \"%s\": %.6f", name, seconds);
}

/* Of one proc how it went; of several their sums. */
static void
print_last(const struct node *node, bool alone)
{
	const struct last *last = &node->last;

	if (!alone)
		printf(", \"procs\": %zu, \"known\": %zu, \"failed\": %zu", last->procs,
			last->known, last->failed);
	if (last->expected_ns != 0)
		print_seconds("expected", (double)last->expected_ns / 1e9);
	if (last->known == 0)
		return;
	printf(", \"last\": {");
	if (alone) {
		printf("\"state\": ");
		print_json(ord_proc_state_name(last->state));
		printf(", \"exit\": %d, ", last->exit_code);
	}
	printf("\"duration\": %.6f", (double)last->took_ns / 1e9);
	if (last->started_ns != 0)
		print_seconds("started", (double)last->started_ns / 1e9);
	if (last->ended_ns != 0)
		print_seconds("ended", (double)last->ended_ns / 1e9);
	print_seconds("user", (double)last->user_ns / 1e9);
	print_seconds("system", (double)last->system_ns / 1e9);
	printf(", \"memory\": %" PRIu64, last->memory_bytes);
	if (alone && last->why != NULL) {
		printf(", \"reason\": ");
		print_json(last->why);
	}
	printf("}");
}

static void
print_args(const struct node *node)
{
	const char *separator = "", *name, *value;

	printf(", \"args\": {");
	for (uint32_t i = 0; (name = ord_definition_arg(node->definition, i)) != NULL; i++) {
		value = ord_proc_arg(node->proc, name);
		if (value == NULL)
			continue;
		printf("%s", separator);
		print_json(name);
		printf(": ");
		print_json(value);
		separator = ", ";
	}
	printf("}");
}

static void
print_node(const struct graph_call *call, const struct picture *picture, size_t at, size_t *edge)
{
	const struct node *node = &picture->nodes[at];
	const char *separator = "";

	printf("  {\"name\": ");
	print_json(name_of(call, node));
	if (!call->protos) {
		printf(", \"proto\": ");
		print_json(ord_definition_name(node->definition));
		print_args(node);
	}
	printf(", \"desc\": ");
	print_json(ord_definition_description(node->definition));
	print_last(node, !call->protos);
	printf(", \"deps\": [");
	for (; *edge < picture->n_edges && picture->edges[*edge][1] == at; ++*edge) {
		printf("%s", separator);
		print_json(name_of(call, &picture->nodes[picture->edges[*edge][0]]));
		separator = ", ";
	}
	printf("]}");
}

int
graph_json(struct graph_call *call)
{
	struct picture picture = { 0 };
	int status = look(call, &picture);
	size_t edge = 0; /* they are sorted by what needs */

	if (picture.nodes != NULL) {
		printf("{\"version\": 1, \"%s\": [\n", call->protos ? "protos" : "procs");
		for (size_t i = 0; i < picture.n_nodes; i++) {
			print_node(call, &picture, i, &edge);
			printf("%s\n", i + 1 < picture.n_nodes ? "," : "");
		}
		printf("]}\n");
	}
	finish(&picture);
	return status;
}
