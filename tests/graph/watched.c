/* What tests of graphs that are watched have in common: watched.h. */
#include "watched.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct told told;

void
hear(int kind, const struct ord_proc *proc, void *user)
{
	static const char *const words[] = { "?", "?", "w", "s", "r", "e", "a", "C", "W" };
	size_t used = strlen(told.text);

	(void)user;
	if (kind == ORD_PROC_EVENT_CREATED)
		return;
	if (kind == ORD_GRAPH_EVENT_CHANGED || kind == ORD_GRAPH_EVENT_WATCHING) {
		CHECK(proc == NULL);
		told.watching = kind == ORD_GRAPH_EVENT_WATCHING;
		told.ends += told.watching;
	}
	snprintf(told.text + used, sizeof told.text - used, "%s%s%s ", words[kind], proc != NULL ? ":" : "",
		proc != NULL ? ord_proc_name(proc) : "");
}

unsigned
count(const char *what)
{
	unsigned n = 0;

	for (const char *at = told.text; (at = strstr(at, what)) != NULL; at += strlen(what))
		n++;
	return n;
}

void
forget(void)
{
	told.text[0] = '\0';
}

/* --- files --- */

static char top[64];

void
run(const char *command)
{
	CHECK_EQ(system(command), 0);
}

void
put(const char *path, const char *format, ...)
{
	FILE *file = fopen(path, "w");
	va_list values;

	CHECK(file != NULL);
	va_start(values, format);
	vfprintf(file, format, values);
	va_end(values);
	fclose(file);
}

unsigned
lines(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned n = 0;
	int c;

	while (file != NULL && (c = getc(file)) != EOF)
		n += c == '\n';
	if (file != NULL)
		fclose(file);
	return n;
}

void
enter(void)
{
	snprintf(top, sizeof top, "/tmp/ord-watch-XXXXXX");
	CHECK(mkdtemp(top) != NULL);
	CHECK_EQ(chdir(top), 0);
	memset(&told, 0, sizeof told);
}

void
leave(struct ord_graph *graph)
{
	char command[100];

	ord_graph_destroy(&graph);
	CHECK_EQ(chdir("/"), 0);
	snprintf(command, sizeof command, "rm -rf %s", top);
	run(command);
}

/* --- moving --- */

void
until_watching(struct ord_graph *graph, int ends)
{
	uint64_t deadline = scene_now_ms() + SCENE_LONG_MS;

	while (told.ends < ends || !told.watching) {
		GRAPH_OK(graph, ord_graph_step(graph, 1000));
		CHECK(scene_now_ms() < deadline);
	}
}

void
until_told(struct ord_graph *graph, const char *what)
{
	uint64_t deadline = scene_now_ms() + SCENE_LONG_MS;

	while (strstr(told.text, what) == NULL) {
		GRAPH_OK(graph, ord_graph_step(graph, 1000));
		CHECK(scene_now_ms() < deadline);
	}
}

void
expect_nothing(struct ord_graph *graph)
{
	uint64_t until = scene_now_ms() + 8 * DEBOUNCE_MS;

	forget();
	while (scene_now_ms() < until)
		GRAPH_OK(graph, ord_graph_step(graph, DEBOUNCE_MS));
	if (told.text[0] != '\0')
		fprintf(stderr, "told: %s\n", told.text);
	CHECK(told.text[0] == '\0');
}

struct ord_graph *
new_graph(const char *database, uint64_t poll_ms)
{
	enter();
	return graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 3, .on_event = hear, .database = database, .debounce_ms = DEBOUNCE_MS,
		.watch_poll_ms = poll_ms));
}

void
begin(struct ord_graph *graph, const char *name)
{
	GRAPH_OK(graph, ord_graph_start(graph, name));
	GRAPH_OK(graph, ord_graph_watch_start(graph));
	until_watching(graph, 1);
	CHECK_EQ(ord_graph_generation(graph), 1);
	expect_nothing(graph);
}

void
change(struct ord_graph *graph, const char *command)
{
	int ends = told.ends;

	forget();
	run(command);
	until_watching(graph, ends + 1);
	CHECK_EQ(count("C "), 1);
}
