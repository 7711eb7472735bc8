/* Files into graphs: what a file says is what runs, and what is wrong in it is said with its place. */
#include "graphs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- files --- */

/* A directory to stand in, gone at the end of the scene. */
static char home[64];

static void
leave(void)
{
	char line[100];

	CHECK_EQ(chdir("/"), 0);
	snprintf(line, sizeof line, "rm -rf %s", home);
	CHECK_EQ(system(line), 0);
}

static void
enter(void)
{
	strcpy(home, "/tmp/orderly-load-XXXXXX");
	CHECK(mkdtemp(home) != NULL);
	CHECK_EQ(chdir(home), 0);
}

static void
put(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	CHECK(file != NULL);
	CHECK(fputs(text, file) >= 0);
	CHECK_EQ(fclose(file), 0);
}

static struct ord_graph *
load(const char *text)
{
	struct ord_graph *graph = graphs_new(NULL);

	put("orderly.yaml", text);
	GRAPH_OK(graph, ord_graph_load(graph, "orderly.yaml"));
	return graph;
}

static int
outputs(struct ord_graph *graph, const char *name, const char *text)
{
	int same = strcmp(graphs_output(graph, name), text) == 0;

	if (!same)
		fprintf(stderr, "%s: %s\n", name, graphs_output(graph, name));
	return same;
}

/* --- procs --- */

SCENE(load, procs_run_as_they_are_described)
{
	struct ord_graph *graph;

	enter();
	graph = load("params: {opt: -O2, other: x}\n"
		     "procs:\n"
		     "  first: {run: 'echo 1', result: stdout, desc: the first one}\n"
		     "  list: {run: [printf, '%s|', 'a b', '[param.opt]', '[none]'], result: stdout}\n"
		     "  build::[target]:\n"
		     "    choices: {target: [core, net]}\n"
		     "    args: {level: {type: int, default: 3}}\n"
		     "    env: {CFLAGS: '[param.opt] [target]'}\n"
		     "    cwd: sub\n"
		     "    deps: [first]\n"
		     "    result: stdout\n"
		     "    run: echo \"$CFLAGS\" [level] $ORDERLY_ARG_target $(basename $PWD)\n"
		     "  all: {deps: ['build::*', list]}\n"
		     "  skipped: {run: exit 80, skip_exit: 80}\n"
		     "  same: {run: exit 81, nochange_exit: 81}\n"
		     "  again: {run: 'test $ORDERLY_ATTEMPT = 2', retries: {count: 3, on: [exit 1]}}\n"
		     "  once: {run: exit 1, retries: {count: 3, on: [timeout]}}\n"
		     "  slow: {run: sleep 1000, timeout: 300ms, stop: {grace: 100ms}}\n"
		     "  behind: {deps: [once], run: 'true'}\n"
		     "  soft: {deps: [{dep: once, soft: true}], run: 'true'}\n"
		     "  always: {deps: [once], always: true, run: 'true'}\n"
		     "  gate: {deps: [{special: no_failures}], run: 'true'}\n");
	CHECK_EQ(mkdir("sub", 0777), 0);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("all", "skipped", "same", "again")));
	CHECK(outputs(graph, "first", "1\n"));
	CHECK(strcmp(ord_proc_description(graphs_proc(graph, "first")), "the first one") == 0);
	CHECK(strcmp(ord_proc_description(graphs_proc(graph, "list")), "") == 0);
	CHECK(outputs(graph, "list", "a b|-O2|[none]|"));
	CHECK(outputs(graph, "build::net", "-O2 net 3 net sub\n"));
	CHECK_EQ(STATE_OF(graph, "build::core"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(STATE_OF(graph, "skipped"), ORD_PROC_SKIPPED);
	CHECK_EQ(CAUSE_OF(graph, "same"), ORD_CAUSE_NO_CHANGE);
	CHECK_EQ(ord_proc_attempts(graphs_proc(graph, "again")), 3);
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("slow", "behind", "soft", "always", "gate")), ORD_EFAILED, "");
	CHECK_EQ(CAUSE_OF(graph, "slow"), ORD_CAUSE_TIMED_OUT);
	CHECK_EQ(ord_proc_attempts(graphs_proc(graph, "once")), 1);
	CHECK_EQ(STATE_OF(graph, "behind"), ORD_PROC_FAILED_DEP);
	CHECK_EQ(STATE_OF(graph, "soft"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(STATE_OF(graph, "always"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(STATE_OF(graph, "gate"), ORD_PROC_FAILED_DEP);
	CHECK(ord_graph_warning(graph)[0] == '\0');
	ord_graph_destroy(&graph);
	leave();
}

/* Who shows what procs say is told how; commands are told whether they may write colours. */
SCENE(load, output_modes_and_colors)
{
	struct ord_graph *graph;

	enter();
	graph = load("options: {output: prefix, color: force}\n"
		     "procs:\n"
		     "  own: {run: 'echo $NO_COLOR,$FORCE_COLOR', result: stdout, output: stream, color: none}\n"
		     "  theirs: {run: 'echo $NO_COLOR,$FORCE_COLOR', result: stdout}\n"
		     "  lent: {run: 'true', terminal: true}\n"
		     "  graphs: {run: 'true'}\n");
	CHECK_EQ(ord_graph_add(graph, &ORD_PROC(.name = "colored", .stdout_result = 1, .color = ORD_COLOR_FORCE,
		.shell = "echo $NO_COLOR,$FORCE_COLOR")), ORD_OK);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("own", "graphs", "colored", "theirs")));
	CHECK_EQ(ord_proc_output_mode(graphs_proc(graph, "own")), ORD_MODE_STREAM);
	CHECK_EQ(ord_proc_output_mode(graphs_proc(graph, "graphs")), ORD_MODE_PREFIX);
	CHECK(outputs(graph, "own", "1,\n"));
	CHECK(outputs(graph, "colored", ",1\n"));
	CHECK(outputs(graph, "theirs", ",1\n"));
	CHECK_EQ(ord_proc_has_terminal(graphs_proc(graph, "lent")), 1);
	CHECK_EQ(ord_proc_has_terminal(graphs_proc(graph, "own")), 0);
	CHECK_EQ(ord_graph_add(graph, &ORD_PROC(.name = "x", .output_mode = 5)), ORD_EINVAL);
	CHECK_EQ(ord_graph_add(graph, &ORD_PROC(.name = "x", .color = 3)), ORD_EINVAL);
	ord_graph_destroy(&graph);
	CHECK_EQ(ord_graph_new(&graph, &ORD_GRAPH_OPTIONS(.output_mode = 5)), ORD_EINVAL);
	CHECK_EQ(ord_graph_new(&graph, &ORD_GRAPH_OPTIONS(.color = 3)), ORD_EINVAL);
	CHECK_EQ(ord_graph_new(&graph, &ORD_GRAPH_OPTIONS(.default_database = "")), ORD_EINVAL);
	leave();
}

static int
remembers(const char *file, const char *database)
{
	struct ord_graph *graph;
	int state;

	graph = graphs_new(&ORD_GRAPH_OPTIONS(.default_database = "otherwise", .database = database));
	GRAPH_OK(graph, ord_graph_load(graph, file));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("one")));
	state = STATE_OF(graph, "one");
	ord_graph_destroy(&graph);
	return state == ORD_PROC_SUCCEEDED;
}

/* Where successes are remembered: the caller's word, then the file's, then the default. */
SCENE(load, databases)
{
	enter();
	put("plain.yaml", "procs: {one: {run: 'true'}}\n");
	put("named.yaml", "options: {db: theirs}\nprocs: {one: {run: 'true'}}\n");
	put("none.yaml", "options: {db: none}\nprocs: {one: {run: 'true'}}\n");
	CHECK(remembers("none.yaml", NULL) && remembers("named.yaml", "none"));
	CHECK(access("otherwise", F_OK) != 0 && access("none", F_OK) != 0 && access("theirs", F_OK) != 0);
	CHECK(remembers("named.yaml", NULL) && access("theirs", F_OK) == 0 && access("otherwise", F_OK) != 0);
	CHECK(remembers("none.yaml", "ours") && access("ours", F_OK) == 0 && access("otherwise", F_OK) != 0);
	CHECK(remembers("plain.yaml", NULL) && access("otherwise", F_OK) == 0);
	leave();
}

/* The same in JSON, of two files, with locks and rdeps of each kind. */
SCENE(load, json_and_includes)
{
	struct ord_graph *graph = graphs_new(NULL);

	enter();
	CHECK_EQ(mkdir("parts", 0777), 0);
	put("parts/more.yml", "params: {who: me}\nlocks: {net: 3}\nprocs:\n  prepare: {run: 'echo p >> log', rdeps: ['app::[x]']}\n");
	put("graph.json", "{\"version\": 1, \"include\": [\"parts/more.yml\"], \"options\": {\"parallel\": 1},\n"
			  " \"procs\": {\n"
			  "  \"app::[x]\": {\"run\": \"echo a[x] >> log\", \"locks\": [{\"net\": 3}]},\n"
			  "  \"before::[x]\": {\"run\": \"echo b[x] >> log\", \"rdeps\": [{\"when_scheduled\": \"app::[x]\"}]},\n"
			  "  \"audit::[x]\": {\"run\": \"echo u[x] >> log\", \"rdeps\": [{\"when_target_scheduled\": \"app::[x]\"}]},\n"
			  "  \"check\": {\"deps\": [\"before::1\"], \"result\": \"stdout\", \"run\": [\"cat\", \"log\"], \"wave\": 2}}}\n");
	GRAPH_OK(graph, ord_graph_load(graph, "graph.json"));
	CHECK(strcmp(ord_graph_param(graph, "who"), "me") == 0);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("check")));
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	CHECK_EQ(STATE_OF(graph, "app::1"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(STATE_OF(graph, "audit::1"), ORD_PROC_SUCCEEDED);
	CHECK(strstr(graphs_output(graph, "check"), "a1") != NULL);
	CHECK(strstr(graphs_output(graph, "check"), "b1") < strstr(graphs_output(graph, "check"), "a1"));
	CHECK(strstr(graphs_output(graph, "check"), "u1") < strstr(graphs_output(graph, "check"), "a1"));
	GRAPH_SAYS(graph, ord_graph_add(graph, &ORD_PROC(.name = "lock", .locks = ORD_NAMES("net=4"))), 0, "");
	GRAPH_SAYS(graph, ord_graph_start(graph, "lock"), ORD_EINVAL, "has only 3 units");
	ord_graph_destroy(&graph);
	leave();
}

SCENE(load, results_that_are_json_and_not)
{
	struct ord_graph *graph;

	enter();
	graph = load("procs:\n"
		     "  good: {result: {from: stdout, format: json}, run: 'echo \"{\\\"a\\\": [1]}\"'}\n"
		     "  bad: {result: {from: stdout, format: json}, run: 'echo \"{a: 1}\"', retries: 1}\n"
		     "  raw: {result: {from: stdout, format: raw}, run: 'echo \"{a: 1}\"'}\n"
		     "  none: {result: {from: stdout, format: json}, skip_exit: 3, run: 'exit 3'}\n"
		     "  behind: {deps: [bad], run: 'true'}\n");
	(void)ord_graph_run(graph, ORD_NAMES("good", "raw", "none", "behind"));
	CHECK(outputs(graph, "good", "{\"a\": [1]}\n"));
	CHECK(outputs(graph, "raw", "{a: 1}\n"));
	CHECK_EQ(STATE_OF(graph, "none"), ORD_PROC_SKIPPED);
	CHECK_EQ(STATE_OF(graph, "bad"), ORD_PROC_FAILED);
	CHECK_EQ(CAUSE_OF(graph, "bad"), ORD_CAUSE_RESULT);
	CHECK_EQ(ord_proc_attempts(graphs_proc(graph, "bad")), 2);
	CHECK(outputs(graph, "bad", ""));
	CHECK(strstr(ERROR_OF(graph, "bad"), "not JSON") != NULL);
	CHECK_EQ(STATE_OF(graph, "behind"), ORD_PROC_FAILED_DEP);
	ord_graph_destroy(&graph);
	leave();
}

SCENE(load, now_is_wanted_though_it_stands_first)
{
	struct ord_graph *graph;

	enter();
	graph = load("procs:\n  a: {now: true, deps: [b], run: 'true'}\n  b: {run: 'true'}\n");
	CHECK_EQ(STATE_OF(graph, "a"), ORD_PROC_WANTED);
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	CHECK_EQ(STATE_OF(graph, "b"), ORD_PROC_SUCCEEDED);
	ord_graph_destroy(&graph);
	graph = graphs_new(NULL);
	put("orderly.yaml", "procs:\n  a: {now: true, deps: [b], run: 'true'}\n");
	GRAPH_SAYS(graph, ord_graph_load(graph, "orderly.yaml"), ORD_EINVAL, "orderly.yaml:2:3: a needs b: there is no proc");
	ord_graph_destroy(&graph);
	leave();
}

/* --- options --- */

static int
count_runs(const struct ord_graph_options *options, const char *file, const char *name)
{
	struct ord_graph *graph = graphs_new(options);
	const struct ord_proc *proc = NULL;
	int runs = 0;

	put("orderly.yaml", file);
	GRAPH_OK(graph, ord_graph_load(graph, "orderly.yaml"));
	(void)ord_graph_run(graph, ORD_NAMES(name));
	(void)ord_graph_wait_all(graph);
	while ((proc = ord_graph_next(graph, proc)) != NULL)
		runs += ord_proc_attempts(proc) != 0;
	ord_graph_destroy(&graph);
	return runs;
}

#define FAILING "procs:\n  a: {run: 'false'}\n  b: {run: 'false'}\n  c: {run: 'false'}\n  all: {deps: [a, b, c]}\n"

SCENE(load, options_count_where_the_caller_has_none)
{
	struct ord_graph *graph;

	enter();
	CHECK_EQ(count_runs(&ORD_GRAPH_OPTIONS(.parallel = 1), FAILING, "all"), 3);
	CHECK_EQ(count_runs(NULL, "options: {parallel: 1, keep_going: 1}\n" FAILING, "all"), 1);
	CHECK_EQ(count_runs(NULL, "options: {parallel: 1, fail_fast: true}\n" FAILING, "all"), 1);
	CHECK_EQ(count_runs(&ORD_GRAPH_OPTIONS(.keep_going = 2), "options: {parallel: 1, keep_going: 1}\n" FAILING, "all"), 2);
	graph = load("options: {separator: '/', allow_missing_deps: true}\nlocks: {l: 2}\n"
		     "procs:\n  a/[x]/[y]: {deps: [nothing], run: 'echo [y]', result: stdout}\n");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("a/1/2/3")));
	CHECK(outputs(graph, "a/1/2/3", "2/3\n"));
	put("two.yaml", "options: {separator: '::'}\nprocs: {b: {}}\n");
	GRAPH_SAYS(graph, ord_graph_load(graph, "two.yaml"), ORD_EINVAL, "two.yaml:1:22: the graph has procs whose names");
	CHECK(ord_graph_proc(graph, "b") == NULL);
	ord_graph_destroy(&graph);
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.separator = "."));
	put("one.yaml", "options: {separator: '::'}\nparams: {p: file, q: file}\nprocs: {'a.[x].[y]': {run: 'echo [param.p] [param.q]', result: stdout}}\n");
	GRAPH_OK(graph, ord_graph_set_param(graph, "p", "caller"));
	GRAPH_OK(graph, ord_graph_load(graph, "one.yaml"));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("a.1.2")));
	CHECK(outputs(graph, "a.1.2", "caller file\n"));
	ord_graph_destroy(&graph);
	leave();
}

SCENE(load, variables_by_precedence)
{
	struct ord_graph *graph;

	enter();
	put(".env", "A=dotenv\nB=dotenv\nC=dotenv [param.p] $HOME\nD=dotenv\n");
	put("late.env", "C=late [param.p]\n");
	CHECK_EQ(setenv("A", "process", 1), 0);
	CHECK_EQ(setenv("B", "process", 1), 0);
	graph = load("params: {p: 7}\nenv: {A: graph, B: graph, C: graph, D: graph, E: 'graph [param.p] [x]'}\n"
		     "dotenv: [.env, late.env, none.env]\n"
		     "procs:\n"
		     "  p::[x]: {env: {A: proc}, run: 'echo \"$A,$B,$C,$D,$E\"', result: stdout}\n"
		     "  q: {choices: {a: {command: 'echo $D $E'}}, args: {a: \"dotenv graph 7 [x]\"}, run: 'echo [a]', result: stdout}\n");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("p::1")));
	CHECK(outputs(graph, "p::1", "proc,process,late [param.p],dotenv,graph 7 [x]\n"));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("q")));
	ord_graph_destroy(&graph);
	put("bad.env", "A=1\n=2\n");
	put("orderly.yaml", "dotenv: bad.env\nprocs: {a: {}}\n");
	graph = graphs_new(NULL);
	GRAPH_SAYS(graph, ord_graph_load(graph, "orderly.yaml"), ORD_EINVAL, "bad.env:2:1");
	CHECK(ord_graph_proc(graph, "a") == NULL);
	ord_graph_destroy(&graph);
	leave();
}

/* --- commands that print names --- */

SCENE(load, commands_print_names)
{
	struct ord_graph *graph;

	enter();
	CHECK_EQ(mkdir("sub", 0777), 0);
	put("sub/kinds", "  asan \r\n\nubsan\n");
	graph = load("params: {extra: z}\n"
		     "procs:\n"
		     "  lib::[t]: {run: 'true'}\n"
		     "  test::[t]::[san]:\n"
		     "    choices: {san: {command: [cat, kinds]}, t: [core, net]}\n"
		     "    cwd: sub\n"
		     "    env: {PREFIX: 'lib::[t]'}\n"
		     "    deps:\n"
		     "      - command: printf '%s\\n' $PREFIX \"lib::$ORDERLY_ARG_san\" lib::[param.extra]\n"
		     "    run: 'true'\n"
		     "  none: {deps: [{command: 'true'}], run: 'true'}\n");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("test::*::*", "none")));
	CHECK_EQ(STATE_OF(graph, "test::net::ubsan"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(STATE_OF(graph, "lib::core"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(STATE_OF(graph, "lib::asan"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(STATE_OF(graph, "lib::z"), ORD_PROC_SUCCEEDED);
	GRAPH_SAYS(graph, ord_graph_start(graph, "test::net::tsan"), ORD_EINVAL, "none of the choices");
	ord_graph_destroy(&graph);
	leave();
}

SCENE(load, commands_for_names_that_fail)
{
	static const struct {
		const char *proc, *name, *words[2];
	} rows[] = {
		{ "  a: {deps: [{command: 'echo b; echo no such thing >&2; exit 3'}]}\n", "a",
			{ "orderly.yaml:2:24: deps of a: ", "code 3; it last said: \"no such thing\"" } },
		{ "  a: {timeout: 200ms, deps: [{command: 'sleep 1000 & sleep 1000'}]}\n", "a", { "deps of a: ", "" } },
		{ "  a: {deps: [{command: './none'}]}\n", "a", { "orderly.yaml:2:24: deps of a", "./none" } },
		{ "  a: {deps: [{command: [printf, 'b\\0c']}]}\n", "a", { "deps of a", "NUL" } },
		{ "  a: {deps: [{command: 'echo [param.none]'}]}\n", "a", { "deps of a", "has no value" } },
		{ "  a: {deps: [{command: 'echo b'}]}\n", "a", { "a needs b: there is no proc", "" } },
		{ "  a::[x]: {choices: {x: {command: 'echo oops >&2; kill -KILL $$'}}}\n", "a::1",
			{ "orderly.yaml:2:35: choices of a::[x]: ", "SIGKILL" } },
		{ "  a::[x]: {choices: {x: {command: 'echo 2'}}}\n", "a::1", { "none of the choices", "" } },
		{ "  a: {cwd: none, deps: [{command: 'true'}]}\n", "a", { "deps of a", "none" } },
	};

	enter();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ord_graph *graph;
		char text[300];

		snprintf(text, sizeof text, "procs:\n%s", rows[i].proc);
		graph = load(text);
		GRAPH_SAYS(graph, ord_graph_start(graph, rows[i].name) == 0, 0, rows[i].words[0]);
		GRAPH_SAYS(graph, 0, 0, rows[i].words[1]);
		/* It can be asked again, and nobody is left. */
		GRAPH_SAYS(graph, ord_graph_start(graph, rows[i].name) == 0, 0, rows[i].words[0]);
		GRAPH_OK(graph, ord_graph_add(graph, &ORD_PROC(.name = "good", .shell = "true")));
		GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("good")));
		ord_graph_destroy(&graph);
	}
	leave();
}

/* --- what is remembered --- */

/* The state of a proc after a run of the file, from the beginning. */
static int
run_file(const struct ord_graph_options *options, const char *text, const char *name)
{
	struct ord_graph *graph = graphs_new(options);
	int state;

	put("orderly.yaml", text);
	GRAPH_OK(graph, ord_graph_load(graph, "orderly.yaml"));
	(void)ord_graph_run(graph, ORD_NAMES(name));
	if (ord_graph_error(graph)[0] != '\0')
		fprintf(stderr, "%s\n", ord_graph_error(graph));
	CHECK(ord_graph_warning(graph)[0] == '\0');
	state = STATE_OF(graph, name);
	ord_graph_destroy(&graph);
	return state;
}

#define RUNS(text, name) CHECK_EQ(run_file(NULL, text, name), ORD_PROC_SUCCEEDED)
#define RESTS(text, name) CHECK_EQ(run_file(NULL, text, name), ORD_PROC_UP_TO_DATE)

#define TRACKED(more) \
	"options: {db: state/graph.db, ignore: ['**/*.swp'], fingerprint: hash}\n" more \
	"procs:\n" \
	"  copy::[x]:\n" \
	"    inputs: ['src/[x]/**/*.c']\n" \
	"    inputs_ignore: ['src/[x]/gen/**']\n" \
	"    outputs: ['out/[x]']\n" \
	"    run: mkdir -p out; cat src/[x]/*.c > out/[x]\n"

SCENE(load, inputs_outputs_and_the_database)
{
	enter();
	CHECK_EQ(system("mkdir -p src/a/gen; echo 1 > src/a/1.c; echo g > src/a/gen/g.c"), 0);
	RUNS(TRACKED(""), "copy::a");
	CHECK_EQ(access("state/graph.db", F_OK), 0);
	RESTS(TRACKED(""), "copy::a");
	put("src/a/gen/g.c", "changed");
	put("src/a/x.c.swp", "ignored");
	RESTS(TRACKED(""), "copy::a");
	put("src/a/2.c", "more");
	RUNS(TRACKED(""), "copy::a");
	RESTS(TRACKED(""), "copy::a");
	CHECK_EQ(unlink("out/a"), 0);
	RUNS(TRACKED(""), "copy::a");
	/* What a file sets for all commands is part of each; what the environment sets instead is not. */
	RUNS(TRACKED("env: {LOAD_X: 1}\n"), "copy::a");
	RESTS(TRACKED("env: {LOAD_X: 1}\n"), "copy::a");
	RUNS(TRACKED("env: {LOAD_X: 2}\n"), "copy::a");
	/* The caller's word goes before the file's. */
	CHECK_EQ(run_file(&ORD_GRAPH_OPTIONS(.database = "none"), TRACKED("env: {LOAD_X: 2}\n"), "copy::a"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(run_file(&ORD_GRAPH_OPTIONS(.default_database = "other.db"), TRACKED("env: {LOAD_X: 2}\n"), "copy::a"),
		ORD_PROC_UP_TO_DATE);
	CHECK(access("other.db", F_OK) != 0);
	CHECK_EQ(run_file(&ORD_GRAPH_OPTIONS(.default_database = "other.db"), "options: {db: none}\nprocs: {a: {run: 'true'}}\n", "a"),
		ORD_PROC_SUCCEEDED);
	CHECK(access("other.db", F_OK) != 0);
	CHECK_EQ(run_file(&ORD_GRAPH_OPTIONS(.default_database = "other.db"), "procs: {a: {run: 'true'}}\n", "a"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(access("other.db", F_OK), 0);
	leave();
}

#define DB "options: {db: graph.db}\nprocs:\n"

SCENE(load, inputs_and_outputs_of_other_kinds)
{
	static const char command[] = DB "  a:\n"
					 "    inputs: [{command: 'cat list'}]\n"
					 "    outputs: [{command: 'echo out.[param.p]'}]\n"
					 "    run: cat $(cat list) > out.x\n";
	static const char regex[] = DB "  b: {inputs: [{regex: 'src/[a-z]+[.]c'}], run: 'true'}\n";
	static const char depfile[] = DB "  c: {inputs: [list], depfile: c.d, outputs: [c.o], run: 'touch c.o; echo c.o: one > c.d'}\n";
	static const char fresh[] = DB "  d: {inputs: [list], outputs: [{file: out.d, enforce_freshness: true}], run: 'test -e out.d || echo 1 > out.d; echo x >> log'}\n";
	static const char old[] = DB "  e: {outputs: [{file: out.e, max_age: 1ms}], run: 'touch out.e'}\n";
	static const char always[] = DB "  f: {inputs: [list], no_skip: true, run: 'true'}\n";
	static const char exist[] = DB "  g: {inputs: [list], outputs: [out.g], outputs_check: exist, run: 'echo 1 > out.g'}\n";
	char text[600];

	enter();
	CHECK_EQ(system("mkdir src; echo 1 > src/x.c; echo 1 > one; echo one > list"), 0);
	snprintf(text, sizeof text, "params: {p: x}\n%s", command);
	RUNS(text, "a");
	RESTS(text, "a");
	put("one", "changed");
	RUNS(text, "a");
	put("list", "one\n  src/x.c \n\n");
	RUNS(text, "a");
	snprintf(text, sizeof text, "params: {p: y}\n%s", command);
	CHECK_EQ(run_file(NULL, text, "a"), ORD_PROC_FAILED); /* no such output */
	RUNS(regex, "b");
	RESTS(regex, "b");
	put("src/y.c", "1");
	RUNS(regex, "b");
	RUNS(depfile, "c");
	RESTS(depfile, "c");
	put("one", "changed again");
	RUNS(depfile, "c");
	RUNS(fresh, "d");
	put("list", "one");
	scene_pause_ms(100); /* a file that has just been written could have been written again */
	CHECK_EQ(run_file(NULL, fresh, "d"), ORD_PROC_FAILED);
	RUNS(old, "e");
	scene_pause_ms(20);
	RUNS(old, "e");
	RUNS(always, "f");
	RUNS(always, "f");
	RUNS(exist, "g");
	put("out.g", "by hand");
	RESTS(exist, "g");
	CHECK_EQ(unlink("out.g"), 0);
	RUNS(exist, "g");
	leave();
}

SCENE(load, commands_for_inputs_that_fail)
{
	struct ord_graph *graph;

	enter();
	graph = load(DB "  a: {inputs: [{command: 'echo oops >&2; exit 3'}], run: 'true'}\n");
	put("orderly.yaml", "changed since");
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("a")), ORD_EFAILED, "a did not end well");
	CHECK(strstr(ERROR_OF(graph, "a"), "orderly.yaml:3:26: inputs of a: the command exited with code 3") != NULL);
	CHECK_EQ(CAUSE_OF(graph, "a"), ORD_CAUSE_NOT_STARTED);
	ord_graph_destroy(&graph);
	leave();
}

/* --- bad files --- */

static void
bad(const char *text, const char *word)
{
	struct ord_graph *graph = graphs_new(NULL);

	put("bad.yaml", text);
	GRAPH_OK(graph, ord_graph_add(graph, &ORD_PROC(.name = "there", .shell = "true")));
	if (ord_graph_load(graph, "bad.yaml") != ORD_EINVAL)
		fputs(text, stderr);
	GRAPH_SAYS(graph, ord_graph_load(graph, "bad.yaml"), ORD_EINVAL, word);
	CHECK(strncmp(ord_graph_error(graph), "bad.yaml:", 9) == 0);
	CHECK(strchr(ord_graph_error(graph), '^') != NULL);
	/* Nothing has changed. */
	CHECK(ord_graph_proc(graph, "good") == NULL);
	CHECK(ord_graph_param(graph, "p") == NULL);
	GRAPH_SAYS(graph, ord_graph_load(graph, "bad.yaml"), ORD_EINVAL, word);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("there")));
	ord_graph_destroy(&graph);
}

#define GOOD "params: {p: 1}\noptions: {parallel: 1}\nprocs:\n  good: {run: 'true'}\n"

SCENE(load, bad_files_change_nothing)
{
	enter();
	bad(GOOD "  a: {rnu: 'true'}\n", "bad.yaml:5:7: ");
	bad(GOOD "  there: {}\n", "bad.yaml:5:3: there: there is a proc of this name");
	bad(GOOD "  b[: {}\n", "bad.yaml:5:3: b[: ");
	bad(GOOD "  b: {deps: ['x::[y]']}\n", "bad.yaml:5:3: b: the name 'x::[y]': a placeholder in it is no arg");
	bad(GOOD "  b: {choices: {z: [1]}}\n", "bad.yaml:5:3: b: choices of 'z': there is no such");
	bad(GOOD "  b: {args: {l: {type: int, default: x}}}\n", "its default is not of its type");
	bad(GOOD "  b: {args: {l: 3}, choices: {l: [1, 2]}}\n", "bad.yaml:5:3: b: '3' is none of the choices of 'l'");
	bad(GOOD "  b: {args: {'l:int': 3}}\n", "bad.yaml:5:14: the name of an arg has no");
	bad(GOOD "  b: {locks: [{n: 0}]}\n", "must be an int from 1");
	bad(GOOD "  b: {locks: ['n=1']}\n", "bad.yaml:5:15: the name of a lock");
	bad(GOOD "  b: {env: {'A=': 1}}\n", "must not be empty");
	bad(GOOD "  b: {retries: {count: 1, on: [sometimes]}}\n", "write timeout, signal, failure or exit CODE");
	bad(GOOD "  'b::[x]': {now: true}\n", "bad.yaml:5:3: b::[x]: a name with placeholders cannot be wanted now");
	bad(GOOD "  b: {deps: [{special: all_done, soft: true}]}\n", "`soft` says nothing");
	bad("options: {fail_fast: true, keep_going: 0}\n", "bad.yaml:1:22: `fail_fast` says nothing");
	bad("options: {separator: '*'}\n", "bad.yaml:1:22: a separator");
	bad("locks: {'a=': 1}\n", "bad.yaml:1:9: a lock has no");
	bad("env: {'': 1}\n", "bad.yaml:1:7: a name in");
	leave();
}

SCENE(load, what_else_can_be_wrong)
{
	struct ord_graph *graph = graphs_new(NULL);
	char sentence[300];

	enter();
	GRAPH_SAYS(graph, ord_graph_load(graph, "none.yaml"), ORD_ESYSTEM, "none.yaml");
	GRAPH_SAYS(graph, ord_graph_load(graph, NULL), ORD_EINVAL, "NULL");
	CHECK_EQ(ord_graph_load(NULL, "none.yaml"), ORD_EINVAL);
	put("a.yaml", "procs: {a: {}, b: {run: 'true', inputs: [x]}}\n");
	GRAPH_OK(graph, ord_graph_load(graph, "a.yaml"));
	GRAPH_SAYS(graph, ord_graph_load(graph, "a.yaml"), ORD_EINVAL, "a.yaml:1:9: a: there is a proc of this name");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("a")));
	ord_graph_destroy(&graph);
	CHECK_EQ(ord_graph_check("a.yaml", sentence, sizeof sentence), 0);
	CHECK(sentence[0] == '\0');
	put("b.yaml", "procs: {a: 3}\n");
	CHECK_EQ(ord_graph_check("b.yaml", sentence, sizeof sentence), ORD_EINVAL);
	CHECK(strncmp(sentence, "b.yaml:1:12: ", 13) == 0);
	CHECK_EQ(ord_graph_check("b.yaml", NULL, 0), ORD_EINVAL);
	CHECK_EQ(ord_graph_check("none", sentence, sizeof sentence), ORD_ESYSTEM);
	leave();
}
