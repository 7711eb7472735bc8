/*
 * Who depends on whom, for programs that draw it and for others: the same nodes
 * and edges in three forms.
 */
#include "graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nodes are found by the address of what they are. */
struct key {
	uintptr_t thing;
	size_t number;
};

/* A proc, or with --protos a description. */
struct node {
	struct key key;
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
		picture->nodes[i] =
			(struct node){ picture->keys[i], ord_proc_definition(proc), proc };
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
	}
	free(deps);
	sort_edges(picture);
	return status;
}

static void
finish(struct picture *picture)
{
	free(picture->nodes);
	free(picture->keys);
	free(picture->edges);
}

/* --- dot, mermaid --- */

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
	int status = look(call, &picture);

	if (picture.nodes != NULL) {
		printf("digraph orderly {\n\trankdir=LR;\n\tnode [shape=box];\n");
		for (size_t i = 0; i < picture.n_nodes; i++) {
			printf("\tn%zu [label=", i);
			print_dot(name_of(call, &picture.nodes[i]));
			printf("];\n");
		}
		for (size_t i = 0; i < picture.n_edges; i++)
			printf("\tn%zu -> n%zu;\n", picture.edges[i][0], picture.edges[i][1]);
		printf("}\n");
	}
	finish(&picture);
	return status;
}

/* Entities for what ends a label. */
static void
print_mermaid(const char *text)
{
	for (; *text != '\0'; text++)
		if (strchr("\"#&<>[]\n", *text) != NULL)
			printf("#%d;", *text);
		else
			putchar(*text);
}

int
graph_mermaid(struct graph_call *call)
{
	struct picture picture = { 0 };
	int status = look(call, &picture);

	if (picture.nodes != NULL) {
		printf("flowchart LR\n");
		for (size_t i = 0; i < picture.n_nodes; i++) {
			printf("\tn%zu[\"", i);
			print_mermaid(name_of(call, &picture.nodes[i]));
			printf("\"]\n");
		}
		for (size_t i = 0; i < picture.n_edges; i++)
			printf("\tn%zu --> n%zu\n", picture.edges[i][0], picture.edges[i][1]);
	}
	finish(&picture);
	return status;
}

/* --- JSON --- */

static void
print_json(const char *text)
{
	putchar('"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			printf("\\u%04x", (unsigned)*text);
		else
			putchar(*text);
	}
	putchar('"');
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
