/* What runs again and what does not: a graph with a database, made anew for each run as a new process would. */
#include "ground.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATABASE "db/graph"

/* Long enough that a later write shows in the time of a file. */
#define AGE 100

static struct ord_graph *
open_graph(void)
{
	return graphs_new(&ORD_GRAPH_OPTIONS(.database = DATABASE, .parallel = 2));
}

/* Run a name in a graph that `define` fills, and say how the procs ended: "a=ran b=kept" … */

static const char *
ending(const struct ord_proc *proc)
{
	switch (ord_proc_state(proc)) {
	case ORD_PROC_SUCCEEDED: return "ran";
	case ORD_PROC_UP_TO_DATE: return "kept";
	case ORD_PROC_SKIPPED: return "skipped";
	case ORD_PROC_FAILED: return "failed";
	case ORD_PROC_FAILED_DEP: return "canceled";
	default: return "idle";
	}
}

static char *
write_endings(struct ord_graph *graph, char *text, size_t size)
{
	*text = '\0';
	for (const struct ord_proc *proc = ord_graph_next(graph, NULL); proc != NULL;
		proc = ord_graph_next(graph, proc))
		snprintf(text + strlen(text), size - strlen(text), "%s%s=%s", *text != '\0' ? " " : "",
			ord_proc_name(proc), ending(proc));
	return text;
}

static void
run_says(struct ord_graph *graph, const char *name, const char *wanted, const char *file, int line)
{
	char text[1000];
	int status = ord_graph_run(graph, ORD_NAMES(name));

	write_endings(graph, text, sizeof text);
	if (strcmp(text, wanted) != 0) {
		fprintf(stderr, "%s:%d: %s, not %s (%d: %s)\n", file, line, text, wanted, status, ord_graph_error(graph));
		for (const struct ord_proc *proc = ord_graph_next(graph, NULL); proc != NULL;
			proc = ord_graph_next(graph, proc))
			for (uint32_t i = 0; ord_proc_reason(proc, i) != NULL; i++)
				fprintf(stderr, "  %s: %s\n", ord_proc_name(proc), ord_proc_reason(proc, i));
	}
	scene_check(strcmp(text, wanted) == 0, wanted, file, line);
}

/* RUN(define, "all", "a=ran b=kept"): in a new graph */
#define RUN(define, name, wanted) run_fresh((define), (name), (wanted), NULL, __FILE__, __LINE__)
/* The same, and the first reason of proc `of` holds `word`. */
#define RUN_WHY(define, name, wanted, why) run_fresh((define), (name), (wanted), (why), __FILE__, __LINE__)

static void
run_fresh(void (*define)(struct ord_graph *graph), const char *name, const char *wanted, const char *why,
	const char *file, int line)
{
	struct ord_graph *graph = open_graph();
	const struct ord_proc *proc;
	const char *reason;

	define(graph);
	run_says(graph, name, wanted, file, line);
	if (why != NULL) {
		proc = graphs_proc(graph, name);
		reason = ord_proc_reason(proc, 0);
		if (reason == NULL || strstr(reason, why) == NULL)
			fprintf(stderr, "%s:%d: the reason is '%s', not '%s'\n", file, line, reason != NULL ? reason : "none", why);
		scene_check(reason != NULL && strstr(reason, why) != NULL, why, file, line);
	}
	CHECK(strcmp(ord_graph_warning(graph), "") == 0);
	ord_graph_destroy(&graph);
}

/* --- one file into another --- */

static void
copies(struct ord_graph *graph)
{
	ADD(graph, .name = "copy", .shell = "echo x >> copied; cat in > out",
					 .inputs = ORD_NAMES("in"), .outputs = ORD_NAMES("out"));
}

SCENE(increment, nothing_changed)
{
	ground_enter();
	ground_write("in", "one\n");
	RUN_WHY(copies, "copy", "copy=ran", "there is no record");
	for (int i = 0; i < 3; i++)
		RUN(copies, "copy", "copy=kept");
	CHECK_EQ(ground_lines("copied"), 1);
	ground_leave();
}

SCENE(increment, inputs)
{
	ground_enter();
	ground_write("in", "one\n");
	ground_age("in", AGE);
	RUN(copies, "copy", "copy=ran");
	/* the content, with the same time and size: only the inode tells, and then the content */
	ground_write("in.new", "two\n");
	ground_age("in.new", AGE);
	CHECK_EQ(rename("in.new", "in"), 0);
	RUN_WHY(copies, "copy", "copy=ran", "input in changed");
	CHECK(strcmp(ground_read("out"), "two\n") == 0);
	/* touched */
	ground_age("in", AGE / 2);
	RUN(copies, "copy", "copy=kept");
	/* an older time, another content: a backup that was restored */
	ground_write("in", "three\n");
	ground_age("in", 10 * AGE);
	RUN_WHY(copies, "copy", "copy=ran", "input in changed (size");
	CHECK(strcmp(ground_read("out"), "three\n") == 0);
	CHECK_EQ(unlink("in"), 0);
	ground_write("in", "");
	RUN(copies, "copy", "copy=ran");
	ground_leave();
}

SCENE(increment, outputs)
{
	ground_enter();
	ground_write("in", "one\n");
	RUN(copies, "copy", "copy=ran");
	CHECK_EQ(unlink("out"), 0);
	RUN_WHY(copies, "copy", "copy=ran", "output out is missing");
	RUN(copies, "copy", "copy=kept");
	ground_write("out", "two\n");
	RUN_WHY(copies, "copy", "copy=ran", "output out was changed by someone else");
	CHECK(strcmp(ground_read("out"), "one\n") == 0);
	CHECK_EQ(unlink("out"), 0);
	CHECK_EQ(mkdir("out", 0777), 0);
	RUN_WHY(copies, "copy", "copy=failed", "output out was changed");
	CHECK_EQ(rmdir("out"), 0);
	CHECK_EQ(symlink("missing/file", "out"), 0);
	RUN_WHY(copies, "copy", "copy=failed", "the last attempt failed");
	CHECK_EQ(unlink("out"), 0);
	RUN(copies, "copy", "copy=ran");
	RUN(copies, "copy", "copy=kept");
	ground_leave();
}

/* --- outputs that are not made --- */

static void
makes_nothing(struct ord_graph *graph)
{
	ADD(graph, .name = "plain", .shell = "true", .outputs = ORD_NAMES("plain"));
	ADD(graph, .name = "glob", .shell = "mkdir -p dir", .outputs = ORD_NAMES("dir/*.o"));
	ADD(graph, .name = "link", .shell = "ln -sf missing/file link", .outputs = ORD_NAMES("link"));
	ADD(graph, .name = "optional", .shell = "true",
					     .special_outputs = ORD_OUTPUT_FILES(
						     &ORD_OUTPUT_FILE(.path = "perhaps", .optional = 1)));
	ADD(graph, .name = "fresh", .shell = "test -e fresh || echo new > fresh",
					  .special_outputs = ORD_OUTPUT_FILES(
						  &ORD_OUTPUT_FILE(.path = "fresh", .enforce_freshness = 1)));
	ADD(graph, .name = "crash", .shell = "echo half > crash; kill -SEGV $$", .outputs = ORD_NAMES("crash"));
}

SCENE(increment, outputs_that_are_not_made)
{
	/* Without a database they are looked at, too. */
	for (int with = 0; with < 2; with++) {
		struct ord_graph *graph = graphs_new(
			&ORD_GRAPH_OPTIONS(.database = with ? DATABASE : NULL, .parallel = 2));

		ground_enter();
		makes_nothing(graph);
		for (const struct ord_proc *proc = ord_graph_next(graph, NULL); proc != NULL;
			proc = ord_graph_next(graph, proc))
			GRAPH_OK(graph, ord_graph_start(graph, ord_proc_name(proc)));
		CHECK_EQ(ord_graph_wait_all(graph), ORD_EFAILED);
		CHECK_EQ(CAUSE_OF(graph, "plain"), ORD_CAUSE_OUTPUT);
		CHECK(strstr(ERROR_OF(graph, "plain"), "outputs not refreshed") != NULL);
		CHECK(strstr(ERROR_OF(graph, "plain"), "its output plain is not there") != NULL);
		CHECK_EQ(CAUSE_OF(graph, "glob"), ORD_CAUSE_OUTPUT);
		CHECK(strstr(ERROR_OF(graph, "glob"), "no file matches its output dir/*.o") != NULL);
		CHECK_EQ(CAUSE_OF(graph, "link"), ORD_CAUSE_OUTPUT);
		CHECK_EQ(STATE_OF(graph, "optional"), ORD_PROC_SUCCEEDED);
		CHECK_EQ(STATE_OF(graph, "fresh"), ORD_PROC_SUCCEEDED);
		CHECK_EQ(STATE_OF(graph, "crash"), ORD_PROC_FAILED);
		CHECK_EQ(CAUSE_OF(graph, "crash"), ORD_CAUSE_SIGNAL);
		ground_age("fresh", AGE);
		GRAPH_OK(graph, ord_graph_clear(graph));
		CHECK_EQ(ord_graph_run(graph, ORD_NAMES("fresh")), ORD_EFAILED);
		CHECK(strstr(ERROR_OF(graph, "fresh"), "its output fresh is as it was before") != NULL);
		ord_graph_destroy(&graph);
		ground_leave();
	}
}

/* --- a chain --- */

static void
chain(struct ord_graph *graph)
{
	ADD(graph, .name = "first", .shell = "cat in | cut -c1 > mid", .inputs = ORD_NAMES("in"),
					  .outputs = ORD_NAMES("mid"));
	ADD(graph, .name = "second", .shell = "echo x >> ran; test ! -e fail && cat mid > out", .deps = ORD_NAMES("first"),
					   .inputs = ORD_NAMES("mid"), .outputs = ORD_NAMES("out"));
	ADD(graph, .name = "all", .deps = ORD_NAMES("second"));
}

SCENE(increment, a_dependency_that_ran_and_a_dependent_that_failed)
{
	ground_enter();
	ground_write("in", "a1\n");
	RUN(chain, "all", "first=ran second=ran all=ran");
	RUN(chain, "all", "first=kept second=kept all=kept");
	ground_write("in", "b1\n");
	ground_write("fail", "");
	RUN(chain, "all", "first=ran second=failed all=canceled");
	RUN(chain, "all", "first=kept second=failed all=canceled");
	CHECK_EQ(unlink("fail"), 0);
	RUN(chain, "all", "first=kept second=ran all=ran");
	CHECK(strcmp(ground_read("out"), "b\n") == 0);
	RUN(chain, "all", "first=kept second=kept all=kept");
	ground_leave();
}

SCENE(increment, early_cutoff)
{
	ground_enter();
	ground_write("in", "a1\n");
	RUN(chain, "all", "first=ran second=ran all=ran");
	ground_write("in", "a2\n");
	RUN(chain, "all", "first=ran second=kept all=kept");
	RUN(chain, "all", "first=kept second=kept all=kept");
	CHECK_EQ(ground_lines("ran"), 1);
	ground_leave();
}

/* --- definitions --- */

static struct ord_proc_options defined;
static const char *param;

static void
as_defined(struct ord_graph *graph)
{
	GRAPH_OK(graph, ord_graph_add(graph, &defined));
	GRAPH_OK(graph, ord_graph_set_param(graph, "unrelated", ground_read("unrelated")));
	GRAPH_OK(graph, ord_graph_set_param(graph, "opt", param));
}

SCENE(increment, definitions)
{
	const struct ord_proc_options first = ORD_PROC(.name = "p", .shell = "echo [a] [param.opt] $VAR > out",
		.args = ORD_NAMES("a=1"), .env = ORD_NAMES("VAR=x"), .inputs = ORD_NAMES("in"),
		.outputs = ORD_NAMES("out"), .version = "1");
	const struct {
		struct ord_proc_options change;
		size_t offset;
		const char *why;
	} rows[] = {
#define ROW(field, value, why) { { .field = value }, offsetof(struct ord_proc_options, field), why }
		ROW(shell, "echo [a] [param.opt] $VAR  > out", "shell changed"),
		ROW(args, ORD_NAMES("a=2"), "changed"),
		ROW(env, ORD_NAMES("VAR=y"), "env VAR changed"),
		ROW(env, ORD_NAMES("VAR=x", "MORE=1"), "env MORE is new"),
		ROW(cwd, ".", "cwd is new"),
		ROW(inputs, ORD_NAMES("in", "none"), "inputs changed"),
		ROW(outputs, ORD_NAMES("out", "in2"), "outputs changed"),
		ROW(version, "2", "version changed"),
		ROW(no_skip, 1, "never skipped"),
#undef ROW
	};

	ground_enter();
	ground_write("in", "");
	ground_write("in2", "");
	param = "-O2";
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		defined = first;
		RUN(as_defined, "p", "p=ran");
		RUN(as_defined, "p", "p=kept");
		memcpy((char *)&defined + rows[i].offset, (const char *)&rows[i].change + rows[i].offset,
			rows[i].offset == offsetof(struct ord_proc_options, no_skip) ? sizeof(uint32_t) : sizeof(void *));
		RUN_WHY(as_defined, "p", "p=ran", rows[i].why);
	}
	defined = first;
	RUN(as_defined, "p", "p=kept"); /* the last change was none of what it is */
	param = "-O3";
	RUN_WHY(as_defined, "p", "p=ran", "-O2");
	/* what it does not name */
	ground_write("unrelated", "new");
	CHECK_EQ(setenv("UNRELATED", "new", 1), 0);
	RUN(as_defined, "p", "p=kept");
	ground_leave();
}
