/* What runs again and what does not: a graph with a database, made anew for each run as a new process would. */
#include "runs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static void
in_a_group(struct ord_graph *graph)
{
	copies(graph);
	ADD(graph, .name = "fails", .shell = "exit 3", .inputs = ORD_NAMES("in"));
	ADD(graph, .name = "skips", .shell = "exit 4", .inputs = ORD_NAMES("in"), .skip_exit = 4);
	ADD(graph, .name = "group", .deps = ORD_NAMES("copy"));
}

struct newest {
	int64_t whole_ns;
	int state, exit_code, n;
	char why[200];
};

static int
take_newest(const struct ord_proc_run *run, void *user)
{
	struct newest *newest = user;

	CHECK_EQ(run->size, sizeof *run);
	if (newest->n++ != 0)
		return 0;
	newest->whole_ns = run->whole_ns;
	newest->state = run->state;
	newest->exit_code = run->exit_code;
	if (run->why != NULL)
		snprintf(newest->why, sizeof newest->why, "%s", run->why);
	return 0;
}

static struct newest
newest_of(struct ord_graph *graph, const char *name)
{
	struct newest newest = { 0 };

	CHECK_EQ(ord_proc_history(graphs_proc(graph, name), take_newest, &newest), 0);
	return newest;
}

/* How ends are remembered, and why: also of a group, whose record is replaced while it is looked at. */
SCENE(increment, ends_that_are_remembered)
{
	int64_t before_ns = 0;

	ground_enter();
	for (int i = 1; i <= 3; i++) {
		struct ord_graph *graph = runs_open();
		struct newest copy;

		ground_write("in", i == 1 ? "one\n" : i == 2 ? "the second\n" : "this is the third\n");
		in_a_group(graph);
		GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("group", "fails", "skips")), ORD_EFAILED, "");
		copy = newest_of(graph, "copy");
		CHECK_EQ(copy.n, i);
		CHECK_EQ(copy.state, ORD_PROC_SUCCEEDED);
		CHECK_EQ(newest_of(graph, "fails").state, ORD_PROC_FAILED);
		CHECK_EQ(newest_of(graph, "fails").exit_code, 3);
		CHECK_EQ(newest_of(graph, "skips").state, ORD_PROC_SKIPPED);
		CHECK_EQ(newest_of(graph, "group").state, ORD_PROC_SUCCEEDED);
		CHECK(strstr(newest_of(graph, "group").why, i == 1 ? "no record" : "dep copy has a new version") != NULL);
		CHECK(strcmp(newest_of(graph, "group").why, ord_proc_reason(graphs_proc(graph, "group"), 0)) == 0);
		CHECK(copy.whole_ns > before_ns);
		CHECK_EQ(newest_of(graph, "fails").whole_ns, copy.whole_ns);
		CHECK_EQ(newest_of(graph, "group").whole_ns, copy.whole_ns);
		before_ns = copy.whole_ns;
		ord_graph_destroy(&graph);
	}
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
		CHECK(strstr(ERROR_OF(graph, "crash"), "what it wrote to crash does not count") != NULL);
		ground_age("fresh", AGE);
		GRAPH_OK(graph, ord_graph_clear(graph));
		CHECK_EQ(ord_graph_run(graph, ORD_NAMES("fresh")), ORD_EFAILED);
		CHECK(strstr(ERROR_OF(graph, "fresh"), "its output fresh is as it was before") != NULL);
		ord_graph_destroy(&graph);
		ground_leave();
	}
}

/* --- outputs of one that died --- */

/* What goes on is read by others as it is now; it never counts as made. */
static void
dies(struct ord_graph *graph)
{
	ADD(graph, .name = "dies", .shell = "[ $(cat how) = early ] || cat in > half; [ $(cat how) = well ] || kill -SEGV $$",
		.inputs = ORD_NAMES("in"), .outputs = ORD_NAMES("half"));
	ADD(graph, .name = "reads", .shell = "cat half > copy", .special_deps = ORD_DEPS(&ORD_DEP(.name = "dies", .soft = 1)),
		.inputs = ORD_NAMES("half"), .outputs = ORD_NAMES("copy"));
	ADD(graph, .name = "needs", .shell = "true", .deps = ORD_NAMES("dies"), .inputs = ORD_NAMES("half"));
	ADD(graph, .name = "all", .deps = ORD_NAMES("reads", "needs"), .always = 1);
}

SCENE(increment, outputs_of_one_that_died)
{
	struct ord_graph *graph;

	ground_enter();
	ground_write("in", "one\n");
	ground_write("how", "well\n");
	RUN(dies, "all", "dies=ran reads=ran needs=ran all=ran");
	RUN(dies, "all", "dies=kept reads=kept needs=kept all=kept");
	ground_write("in", "two\n");
	ground_write("how", "late\n");
	RUN(dies, "all", "dies=failed reads=ran needs=canceled all=ran");
	CHECK(strcmp(ground_read("copy"), "two\n") == 0);
	/* The content is what a success would have made: it does not count all the same, and it is still so. */
	RUN_WHY(dies, "dies", "dies=failed reads=idle needs=idle all=idle", "the last attempt failed");
	ground_write("how", "early\n");
	ground_age("half", AGE);
	graph = runs_open();
	dies(graph);
	CHECK_EQ(ord_graph_run(graph, ORD_NAMES("dies")), ORD_EFAILED);
	CHECK(strstr(ERROR_OF(graph, "dies"), "does not count") == NULL);
	ord_graph_destroy(&graph);
	ground_write("how", "well\n");
	RUN(dies, "all", "dies=ran reads=kept needs=ran all=ran");
	RUN(dies, "all", "dies=kept reads=kept needs=kept all=kept");
	ground_leave();
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

/* --- commands that say that nothing changed, or that there is nothing to do --- */

static void
says(struct ord_graph *graph)
{
	ADD(graph, .name = "said", .shell = "cat in; exit $(cat code)", .inputs = ORD_NAMES("in"), .stdout_result = 1,
					 .skip_exit = 80, .no_change_exit = 81);
	ADD(graph, .name = "behind", .shell = "true", .deps = ORD_NAMES("said"));
}

SCENE(increment, no_change_and_skip_keep_the_result)
{
	static const char *const codes[] = { "81", "80" };

	ground_enter();
	ground_write("in", "one");
	ground_write("code", "0");
	RUN(says, "behind", "said=ran behind=ran");
	for (int i = 0; i < 2; i++) {
		struct ord_graph *graph = runs_open();

		ground_write("in", i == 0 ? "three" : "fourth");
		ground_write("code", codes[i]);
		says(graph);
		runs_says(graph, "behind", i == 0 ? "said=ran behind=kept" : "said=skipped behind=kept", __FILE__, __LINE__);
		CHECK(strcmp(graphs_output(graph, "said"), "one") == 0);
		GRAPH_OK(graph, ord_graph_clear(graph));
		runs_says(graph, "behind", "said=kept behind=kept", __FILE__, __LINE__);
		CHECK(strcmp(graphs_output(graph, "said"), "one") == 0);
		ord_graph_destroy(&graph);
	}
	ground_leave();
}

/* --- what is written while it runs --- */

static void
races(struct ord_graph *graph)
{
	ADD(graph, .name = "race", .shell = "cat in > out; test -e calm || echo more >> in", .inputs = ORD_NAMES("in"),
					 .outputs = ORD_NAMES("out"));
}

SCENE(increment, an_input_that_is_edited_while_it_runs)
{
	ground_enter();
	ground_write("in", "one\n");
	RUN(races, "race", "race=ran");
	RUN_WHY(races, "race", "race=ran", "input in changed");
	ground_write("calm", "");
	RUN(races, "race", "race=ran");
	RUN(races, "race", "race=kept");
	CHECK(strcmp(ground_read("in"), ground_read("in")) == 0);
	ground_leave();
}

/* --- sets of inputs --- */

static int
say_names(const struct ord_proc *proc, const char *const **names, void *user)
{
	static const char *said[3];

	(void)user;
	CHECK(ord_proc_name(proc) != NULL);
	said[0] = ground_lines("more") != 0 ? "asked/*" : NULL;
	*names = said;
	return access("refuse", F_OK) == 0 ? 7 : 0;
}

static void
sets(struct ord_graph *graph)
{
	ADD(graph, .name = "set", .shell = "true", .inputs = ORD_NAMES("glob/**/*.c", "dir"),
					.inputs_ignore = ORD_NAMES("**/no*"),
					.special_inputs = ORD_INPUTS(&ORD_INPUT(.regex = "re/[a-c]+\\.txt"),
						&ORD_INPUT(.path = "path"), &ORD_INPUT(.names = say_names)));
}

SCENE(increment, sets_of_inputs)
{
	static const struct {
		const char *path;
		int matters;
	} rows[] = { { "glob/a.c", 1 }, { "glob/deep/er/b.c", 1 }, { "glob/a.h", 0 }, { "glob/no.c", 0 }, { "dir/any", 1 },
		{ "dir/sub/any", 1 }, { "dir/sub/nothing", 0 }, { "path", 1 }, { "re/abc.txt", 1 }, { "re/abd.txt", 0 },
		{ "re/abc.txt2", 0 }, { "asked/one", 0 }, { "more", 0 } };

	ground_enter();
	ground_write("first.c", "");
	ground_write("path", "there\n");
	RUN(sets, "set", "set=ran");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ground_write(rows[i].path, "new\n");
		if (rows[i].matters)
			RUN_WHY(sets, "set", "set=ran", rows[i].path);
		RUN(sets, "set", strcmp(rows[i].path, "more") == 0 ? "set=ran" : "set=kept");
	}
	CHECK_EQ(unlink("glob/a.c"), 0);
	RUN_WHY(sets, "set", "set=ran", "input glob/a.c is gone");
	ground_write("asked/two", "");
	RUN_WHY(sets, "set", "set=ran", "input asked/two is new");
	ground_write("refuse", "");
	RUN(sets, "set", "set=failed");
	CHECK_EQ(unlink("refuse"), 0);
	RUN(sets, "set", "set=kept");
	ground_leave();
}

/* --- who makes what --- */

SCENE(increment, claims)
{
	struct ord_graph *graph = runs_open();

	ground_enter();
	ADD(graph, .name = "one::[x]", .shell = "echo > [x]", .outputs = ORD_NAMES("./[x]"));
	ADD(graph, .name = "two", .shell = "echo > same", .outputs = ORD_NAMES("same"));
	ADD(graph, .name = "own", .shell = "cat x >> x", .inputs = ORD_NAMES("x"), .outputs = ORD_NAMES("x"));
	ADD(graph, .name = "glob", .shell = "echo > made.z", .inputs = ORD_NAMES("*.z"), .outputs = ORD_NAMES("made.z"));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("one::same", "one::other")));
	GRAPH_SAYS(graph, ord_graph_start(graph, "two"), ORD_EINVAL, "both one::same and two make same");
	ground_write("x", "");
	CHECK_EQ(ord_graph_run(graph, ORD_NAMES("own")), ORD_EFAILED);
	CHECK(strstr(ERROR_OF(graph, "own"), "x is both an input and an output") != NULL);
	ground_write("in.z", "");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("glob")));
	GRAPH_OK(graph, ord_graph_clear(graph));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("glob")));
	CHECK_EQ(STATE_OF(graph, "glob"), ORD_PROC_UP_TO_DATE);
	ord_graph_destroy(&graph);
	ground_leave();
}

/* --- age --- */

static void
ages(struct ord_graph *graph)
{
	ADD(graph, .name = "aged", .shell = "echo > aged",
					 .special_outputs = ORD_OUTPUT_FILES(
						 &ORD_OUTPUT_FILE(.path = "aged", .max_age_ms = 1000 * AGE)));
}

SCENE(increment, outputs_grow_old)
{
	ground_enter();
	RUN(ages, "aged", "aged=ran");
	RUN(ages, "aged", "aged=kept");
	ground_age("aged", AGE / 2);
	RUN(ages, "aged", "aged=kept");
	ground_age("aged", AGE + 1);
	RUN_WHY(ages, "aged", "aged=ran", "output aged is older than");
	ground_leave();
}

/* --- functions --- */

static int
return_file(struct ord_task *task, void *user)
{
	(void)user;
	return graphs_return(task, ground_read("in"));
}

static int
ask_another(struct ord_task *task, void *user)
{
	const void *output;
	int status = ord_context_run(task, ORD_NAMES("asked"));

	(void)user;
	if (status == 0)
		status = ord_context_result(task, "asked", &output, NULL);
	return status == 0 ? graphs_return(task, output) : status;
}

static const char *version = "1";

static void
functions(struct ord_graph *graph)
{
	ADD(graph, .name = "f", .function = return_file, .inputs = ORD_NAMES("in"), .version = version);
	ADD(graph, .name = "asked", .function = return_file, .inputs = ORD_NAMES("in"));
	ADD(graph, .name = "asks", .function = ask_another, .inputs = ORD_NAMES("calm"), .deps = ORD_NAMES("f"));
	GRAPH_OK(graph, ord_graph_set_param(graph, "opt", param));
}

SCENE(increment, functions_and_what_they_ask_for)
{
	struct ord_graph *graph;

	ground_enter();
	ground_write("in", "one");
	param = "1";
	RUN(functions, "f", "f=ran asked=idle asks=idle");
	RUN(functions, "f", "f=kept asked=idle asks=idle");
	version = "2";
	RUN_WHY(functions, "f", "f=ran asked=idle asks=idle", "version changed");
	param = "2";
	RUN_WHY(functions, "f", "f=ran asked=idle asks=idle", "param opt changed");
	RUN(functions, "asks", "f=kept asked=ran asks=ran");
	/* whom it asks is only known when it runs */
	RUN_WHY(functions, "asks", "f=kept asked=kept asks=ran", "asked");
	ground_write("in", "two");
	graph = runs_open();
	functions(graph);
	RUN_IN(graph, "asks", "f=ran asked=ran asks=ran");
	CHECK(strcmp(graphs_output(graph, "asks"), "two") == 0);
	ord_graph_destroy(&graph);
	ground_leave();
}

/* --- depfiles --- */

static void
depfiles(struct ord_graph *graph)
{
	ADD(graph, .name = "cc", .shell = "cat in > out; cp make.d out.d 2>/dev/null; test -e calm || echo x >> late.h",
				       .inputs = ORD_NAMES("in"), .outputs = ORD_NAMES("out"), .depfile = "out.d");
	ADD(graph, .name = "sub", .shell = "printf 'x: a.h ../b.h /dev/null\\n' > x.d; echo > x", .cwd = "sub",
					.inputs = ORD_NAMES("in"), .outputs = ORD_NAMES("sub/x"), .depfile = "sub/x.d");
}

SCENE(increment, depfiles_name_inputs)
{
	static const struct {
		const char *text, *why;
	} broken[] = { { NULL, "its depfile out.d was not written" }, { "", "out.d it is empty" },
		{ "out: in\nwords\n", "out.d line 2 has no ':'" } };
	struct ord_graph *graph;

	ground_enter();
	ground_write("in", "one");
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		if (broken[i].text != NULL)
			ground_write("make.d", broken[i].text);
		graph = runs_open();
		depfiles(graph);
		RUN_IN(graph, "cc", "cc=failed sub=idle");
		CHECK_EQ(CAUSE_OF(graph, "cc"), ORD_CAUSE_OUTPUT);
		CHECK(strstr(ERROR_OF(graph, "cc"), broken[i].why) != NULL);
		ord_graph_destroy(&graph);
	}
	/* its output, its input and a file twice are nothing new */
	ground_write("make.d", "out out.d: in ./found.h found.h \\\n out none.h\nfound.h:\n");
	ground_write("found.h", "1");
	ground_age("found.h", 60); /* one written just before the start may have been written after it */
	RUN(depfiles, "cc", "cc=ran sub=idle");
	RUN(depfiles, "cc", "cc=kept sub=idle");
	ground_write("found.h", "22");
	RUN_WHY(depfiles, "cc", "cc=ran sub=idle", "input found.h changed (size 1 -> 2)");
	ground_write("none.h", "");
	ground_age("none.h", 60);
	RUN_WHY(depfiles, "cc", "cc=ran sub=idle", "input none.h is new");
	CHECK_EQ(unlink("found.h"), 0);
	RUN_WHY(depfiles, "cc", "cc=ran sub=idle", "input found.h is gone");
	RUN(depfiles, "cc", "cc=kept sub=idle");
	/* written while it ran: nobody knows what it read */
	ground_write("make.d", "out: late.h\n");
	ground_write("in", "two!");
	RUN(depfiles, "cc", "cc=ran sub=idle");
	ground_write("calm", "");
	ground_age("late.h", 60);
	RUN_WHY(depfiles, "cc", "cc=ran sub=idle", "input late.h changed");
	RUN(depfiles, "cc", "cc=kept sub=idle");
	/* names count from where the command ran */
	ground_write("sub/a.h", "");
	ground_write("b.h", "");
	ground_age("sub/a.h", 60);
	ground_age("b.h", 60);
	RUN(depfiles, "sub", "cc=idle sub=ran");
	RUN(depfiles, "sub", "cc=idle sub=kept");
	ground_write("sub/a.h", "1");
	RUN_WHY(depfiles, "sub", "cc=idle sub=ran", "input sub/a.h changed");
	ground_write("b.h", "1");
	RUN_WHY(depfiles, "sub", "cc=idle sub=ran", "input sub/../b.h changed");
	ground_leave();
}
