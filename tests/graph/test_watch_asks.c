/* Graphs that are watched, and whose procs say by callbacks or commands what they need and read: they are asked again. */
#include "watched.h"

#include <orderly/definition.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The lines of a file as names; the file `broken` says that it cannot. */
static struct {
	char text[4096];
	const char *list[200];
	unsigned times;
} answer;

static int
say_lines(const char *path, const char *const **names)
{
	FILE *file = fopen(path, "r");
	size_t n = 0, size = 0;

	answer.times++;
	if (file != NULL) {
		size = fread(answer.text, 1, sizeof answer.text - 1, file);
		fclose(file);
	}
	answer.text[size] = '\0';
	for (char *word = strtok(answer.text, "\n"); word != NULL; word = strtok(NULL, "\n"))
		answer.list[n++] = word;
	answer.list[n] = NULL;
	*names = answer.list;
	return access("broken", F_OK) == 0 ? -1 : 0;
}

static int
say_deps(const struct ord_proc *proc, const char *const **names, void *user)
{
	(void)proc;
	(void)user;
	return say_lines("deps", names);
}

static int
say_inputs(const struct ord_proc *proc, const char *const **names, void *user)
{
	(void)proc;
	(void)user;
	return say_lines("inputs", names);
}

static int
say_others(const struct ord_proc *proc, const char *const **names, void *user)
{
	(void)proc;
	(void)user;
	return say_lines("others", names);
}

/* all needs what the file deps says, and each part is made of a file of its name. */
static void
add_parts(struct ord_graph *graph)
{
	ADD(graph, .name = "all", .shell = "cat p/*.out 2>/dev/null | tr '\\n' ' ' >>all.log; echo >>all.log",
		.inputs = ORD_NAMES("deps"), .special_deps = ORD_DEPS(&ORD_DEP(.names = say_deps)));
	ADD(graph, .name = "part::[x]", .shell = "cp p/[x].in p/[x].out && echo >>[x].log", .inputs = ORD_NAMES("p/[x].in"),
		.outputs = ORD_NAMES("p/[x].out"), .deps = ORD_NAMES("base::[x]"));
	ADD(graph, .name = "base::[x]", .shell = "true", .inputs = ORD_NAMES("p/[x].base"));
	run("mkdir p; for i in a b c d; do echo $i >p/$i.in; done");
}

static void
play_deps(const char *database)
{
	struct ord_graph *graph = new_graph(database, 0);

	add_parts(graph);
	put("deps", "part::a\npart::b\n");
	begin(graph, "all");
	CHECK_EQ(lines("all.log"), 1);

	/* One more, and what it needs. */
	change(graph, "printf 'part::a\\npart::b\\npart::c\\n' >deps");
	CHECK_EQ(count("w:part::c "), 1);
	CHECK_EQ(count("e:base::c "), 1);
	CHECK_EQ(count("s:part::c "), 1);
	CHECK_EQ(count("s:part::a "), 0);
	CHECK_EQ(count("s:all "), 1);
	CHECK(strstr(told.text, "e:part::c ") < strstr(told.text, "s:all "));
	run("[ \"$(tail -n 1 all.log)\" = 'a b c ' ]");

	/* It is a dep like those before. */
	change(graph, "echo cc >p/c.in");
	CHECK_EQ(count("s:part::c "), 1);
	CHECK_EQ(count("s:all "), 1);
	run("[ \"$(tail -n 1 all.log)\" = 'a b cc ' ]");

	/* One less: its source goes with it, and nothing fails for want of that. */
	change(graph, "rm p/b.in p/b.out; printf 'part::c\\npart::a\\n' >deps");
	CHECK_EQ(count("s:part"), 0);
	CHECK_EQ(count("s:all "), 1);
	CHECK_EQ(STATE_OF(graph, "part::b"), ORD_PROC_IDLE);
	CHECK_EQ(STATE_OF(graph, "base::b"), ORD_PROC_IDLE);
	CHECK_EQ(STATE_OF(graph, "all"), ORD_PROC_SUCCEEDED);
	run("[ \"$(tail -n 1 all.log)\" = 'a cc ' ]");
	run("echo 1 >p/b.base; echo 1 >p/b.in"); /* nobody's any more */
	expect_nothing(graph);

	/* And back. */
	change(graph, "echo bb >p/b.in; printf 'part::b\\npart::c\\npart::a\\n' >deps");
	CHECK_EQ(count("s:part::b "), 1);
	CHECK_EQ(count("s:all "), 1);
	run("[ \"$(tail -n 1 all.log)\" = 'a bb cc ' ]");
	change(graph, "echo 2 >p/b.base"); /* what it needs is needed again, too */
	CHECK_EQ(count("s:base::b "), 1);
	CHECK_EQ(count("s:part::b "), 1);
	CHECK_EQ(count("s:all "), database == NULL); /* the same came of it */
	change(graph, "echo b3 >p/b.in");
	CHECK_EQ(count("s:part::b "), 1);
	CHECK_EQ(count("s:all "), 1);
	leave(graph);
}

SCENE(watch_asks, deps)
{
	play_deps(NULL);
}

SCENE(watch_asks, deps_with_a_database)
{
	play_deps("db");
}

/* What is wanted by itself stays so, whoever does not need it any more; lists do not grow. */
SCENE(watch_asks, what_was_named_stays)
{
	struct ord_graph *graph = new_graph(NULL, 0);
	const struct ord_proc *deps[20];

	add_parts(graph);
	put("deps", "part::a\npart::b\n");
	GRAPH_OK(graph, ord_graph_start(graph, "part::b"));
	begin(graph, "all");
	for (int i = 0; i < 30; i++) {
		change(graph, i % 2 == 0 ? "echo part::a >deps" : "printf 'part::a\\npart::b\\n' >deps");
		CHECK_EQ(count("s:all "), 1);
		CHECK_EQ(ord_proc_deps(graphs_proc(graph, "all"), deps, 20), i % 2 == 0 ? 1 : 2);
		CHECK_EQ(STATE_OF(graph, "part::b"), ORD_PROC_SUCCEEDED);
	}
	change(graph, "echo part::a >deps");
	change(graph, "echo 1 >p/b.in");
	CHECK_EQ(count("s:part::b "), 1);
	CHECK_EQ(count("s:all "), 0);
	leave(graph);
}

/* Asked while it runs, and while what it needs runs: what it needs then is waited for. */
SCENE(watch_asks, while_it_is_busy)
{
	struct ord_graph *graph = new_graph(NULL, 0);
	int ends;

	ADD(graph, .name = "all", .shell = "echo begin >>all.log; while [ ! -e go ]; do sleep 0.01; done; rm -f go; ls p >>all.log",
		.inputs = ORD_NAMES("deps"), .special_deps = ORD_DEPS(&ORD_DEP(.names = say_deps)));
	ADD(graph, .name = "part::[x]", .shell = "while [ ! -e '[x].go' ]; do sleep 0.01; done; echo >'p/[x]'");
	run("mkdir p; touch go a.go; echo part::a >deps");
	begin(graph, "all");
	ends = told.ends;
	forget();
	put("deps", "part::a\npart::b\n");
	until_told(graph, "s:part::b "); /* all waits for it */
	put("deps", "part::a\npart::b\npart::c\n");
	until_told(graph, "s:part::c ");
	run("touch c.go");
	until_told(graph, "e:part::c ");
	CHECK_EQ(count("s:all "), 0);
	run("touch b.go");
	until_told(graph, "s:all ");
	put("deps", "part::a\npart::d\n"); /* all runs */
	until_told(graph, "s:part::d ");
	CHECK_EQ(count("s:all "), 1);
	run("touch go");
	until_told(graph, "a:all ");
	CHECK_EQ(count("s:all "), 1);
	run("touch d.go");
	until_told(graph, "e:part::d ");
	run("touch go");
	until_watching(graph, ends + 1);
	CHECK_EQ(count("s:all "), 2);
	CHECK_EQ(STATE_OF(graph, "part::b"), ORD_PROC_IDLE);
	CHECK_EQ(STATE_OF(graph, "part::d"), ORD_PROC_SUCCEEDED);

	/* What is not needed any more, and runs: it ends by itself, and stays idle then; all does not wait for it. */
	ends = told.ends;
	put("deps", "part::e\n");
	until_told(graph, "s:part::e ");
	put("deps", "part::a\n");
	run("touch go");
	forget();
	until_told(graph, "e:all ");
	CHECK_EQ(STATE_OF(graph, "part::e"), ORD_PROC_RUNNING);
	run("touch e.go");
	until_watching(graph, ends + 1);
	CHECK_EQ(STATE_OF(graph, "part::e"), ORD_PROC_IDLE);
	leave(graph);
}

/* Who cannot be asked, or says what cannot be, fails; the watch goes on, and the next answer counts. */
SCENE(watch_asks, wrong_answers)
{
	static const struct {
		const char *then, *word;
	} wrong[] = { { "touch broken; echo part::b >deps", "callback for deps failed with -1" },
		{ "echo nobody >deps", "nobody" },
		{ "printf 'part::a\\nbehind\\n' >deps", "cycle" },
		{ "echo later >deps", "higher wave" } };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct ord_graph *graph = new_graph(NULL, 0);

		add_parts(graph);
		ADD(graph, .name = "behind", .shell = "echo >>behind.log", .deps = ORD_NAMES("all"));
		ADD(graph, .name = "later", .shell = "true", .wave = 1);
		put("deps", "part::a\n");
		begin(graph, "behind");
		change(graph, wrong[i].then);
		CHECK_EQ(STATE_OF(graph, "all"), ORD_PROC_FAILED);
		CHECK_EQ(CAUSE_OF(graph, "all"), ORD_CAUSE_NOT_STARTED);
		CHECK(strstr(ERROR_OF(graph, "all"), wrong[i].word) != NULL);
		CHECK_EQ(STATE_OF(graph, "behind"), ORD_PROC_FAILED_DEP);
		CHECK_EQ(count("s:"), 0);
		expect_nothing(graph);
		change(graph, "echo aa >p/a.in"); /* what it needed before it still needs; and is asked, lazily wanted as it is */
		CHECK_EQ(count("s:part::a "), 1);
		CHECK_EQ(STATE_OF(graph, "all"), ORD_PROC_FAILED);
		change(graph, "rm -f broken; echo part::c >deps");
		CHECK_EQ(count("s:part::c "), 1);
		CHECK_EQ(STATE_OF(graph, "all"), ORD_PROC_SUCCEEDED);
		CHECK_EQ(STATE_OF(graph, "behind"), ORD_PROC_SUCCEEDED);
		CHECK(strcmp(ERROR_OF(graph, "all"), "") == 0);
		leave(graph);
	}
}

/* Wanted lazily, it is asked, too; a new answer is news, the same is none. */
SCENE(watch_asks, lazily)
{
	struct ord_graph *graph = new_graph("db", 0);
	unsigned times;

	ADD(graph, .name = "scan", .shell = "ls p | sort >list", .inputs = ORD_NAMES("p/*"), .outputs = ORD_NAMES("list"));
	ADD(graph, .name = "all", .shell = "echo >>all.log", .deps = ORD_NAMES("scan"),
		.special_deps = ORD_DEPS(&ORD_DEP(.names = say_deps)));
	ADD(graph, .name = "one", .shell = "true");
	ADD(graph, .name = "two", .shell = "echo >>two.log");
	run("mkdir p; touch p/x; echo one >deps");
	begin(graph, "all");
	times = answer.times;
	change(graph, "echo 1 >p/x");
	CHECK_EQ(answer.times, times + 1);
	CHECK_EQ(count("s:scan "), 1);
	CHECK_EQ(count(":all "), 0); /* the list is what it was */
	change(graph, "printf 'one\\ntwo\\n' >deps; echo 2 >p/x");
	CHECK_EQ(answer.times, times + 2);
	CHECK_EQ(count("s:two "), 1);
	CHECK_EQ(count("s:all "), 1);
	CHECK_EQ(lines("two.log"), 1);
	expect_nothing(graph);
	leave(graph);
}

/* --- inputs --- */

static void
play_inputs(const char *database, uint64_t poll_ms)
{
	struct ord_graph *graph = new_graph(database, poll_ms);

	ADD(graph, .name = "a", .shell = "echo >>a.log", .inputs = ORD_NAMES("inputs"),
		.special_inputs = ORD_INPUTS(&ORD_INPUT(.names = say_inputs)));
	run("mkdir d; echo 1 >x; echo 1 >y; echo 1 >d/z; echo x >inputs");
	begin(graph, "a");
	run("echo 22 >y");
	expect_nothing(graph);
	change(graph, "echo 22 >x");
	CHECK_EQ(count("s:a "), 1);
	change(graph, "printf 'y\\nd/*\\n' >inputs");
	CHECK_EQ(count("s:a "), 1);
	run("echo 333 >x"); /* not read any more */
	expect_nothing(graph);
	change(graph, "echo 333 >y");
	CHECK_EQ(count("s:a "), 1);
	change(graph, "echo 1 >d/new");
	CHECK_EQ(count("s:a "), 1);
	change(graph, "echo x >inputs");
	run("echo 4444 >y; rm d/new");
	expect_nothing(graph);
	change(graph, "echo 4444 >x");
	CHECK_EQ(lines("a.log"), 7);
	leave(graph);
}

SCENE(watch_asks, inputs)
{
	play_inputs(NULL, 0);
}

SCENE(watch_asks, inputs_with_a_database)
{
	play_inputs("db", 0);
}

SCENE(watch_asks, inputs_that_are_polled)
{
	play_inputs(NULL, 20);
}

/* Before it starts, when what it needs has run; and each time it is wanted, though nothing that it needs has news. */
SCENE(watch_asks, inputs_that_a_dep_says)
{
	struct ord_graph *graph = new_graph("db", 0);

	ADD(graph, .name = "scan", .shell = "cat list >inputs", .inputs = ORD_NAMES("list"));
	ADD(graph, .name = "a", .shell = "echo >>a.log", .deps = ORD_NAMES("scan"),
		.special_inputs = ORD_INPUTS(&ORD_INPUT(.names = say_inputs)));
	ADD(graph, .name = "same", .shell = "true", .inputs = ORD_NAMES("same"), .outputs = ORD_NAMES("made"));
	ADD(graph, .name = "b", .shell = "echo >>b.log", .deps = ORD_NAMES("same"),
		.special_inputs = ORD_INPUTS(&ORD_INPUT(.names = say_others)));
	ADD(graph, .name = "both", .deps = ORD_NAMES("a", "b"));
	run("echo 1 >x; echo 1 >y; echo 1 >same; echo 1 >made; echo x >list; echo none >others");
	begin(graph, "both");
	change(graph, "echo y >list");
	CHECK_EQ(count("s:a "), 1);
	expect_nothing(graph);
	change(graph, "echo 22 >y");
	CHECK_EQ(count("s:a "), 1);
	run("echo 22 >x");
	expect_nothing(graph);
	change(graph, "echo x >others; echo 2 >same"); /* same makes what it did; b reads something else */
	CHECK_EQ(count("s:same "), 1);
	CHECK_EQ(count("s:b "), 1);
	change(graph, "echo 333 >x");
	CHECK_EQ(count("s:b "), 1);
	leave(graph);
}

SCENE(watch_asks, inputs_that_cannot_be_asked)
{
	struct ord_graph *graph = new_graph(NULL, 0);

	ADD(graph, .name = "a", .shell = "echo >>a.log", .inputs = ORD_NAMES("inputs"),
		.special_inputs = ORD_INPUTS(&ORD_INPUT(.names = say_inputs)));
	run("echo 1 >x; echo x >inputs");
	begin(graph, "a");
	change(graph, "touch broken; echo 2 >x");
	CHECK_EQ(STATE_OF(graph, "a"), ORD_PROC_FAILED);
	CHECK(strstr(ERROR_OF(graph, "a"), "callback for inputs failed with -1") != NULL);
	CHECK_EQ(count("s:a "), 0);
	change(graph, "rm broken; echo 3 >x");
	CHECK_EQ(STATE_OF(graph, "a"), ORD_PROC_SUCCEEDED);
	leave(graph);
}

/* As the file has them: commands, in the environment of the proc. */
SCENE(watch_asks, commands_of_a_file)
{
	struct ord_graph *graph = new_graph(NULL, 0);

	put("orderly.yaml", "version: 1\n"
			    "procs:\n"
			    "  all:\n"
			    "    run: cat obj/*.o >all.o; echo >>all.log\n"
			    "    inputs: ['src/*.c']\n"
			    "    deps:\n"
			    "      - command: for f in src/*.c; do basename \"$f\" .c; done | sed 's/^/cc::/'\n"
			    "  cc::[name]:\n"
			    "    run: cp src/[name].c obj/[name].o\n"
			    "    inputs:\n"
			    "      - command: echo src/[name].c; cat src/[name].inc 2>/dev/null || true\n"
			    "    outputs: ['obj/[name].o']\n");
	run("mkdir src obj; echo 1 >src/a.c; echo 1 >src/b.c");
	GRAPH_OK(graph, ord_graph_load(graph, "orderly.yaml"));
	begin(graph, "all");
	change(graph, "echo 1 >src/new.c");
	CHECK_EQ(count("s:cc::new "), 1);
	CHECK_EQ(count("s:cc::a "), 0);
	CHECK_EQ(count("s:all "), 1);
	run("[ $(wc -l <all.o) = 3 ]");
	change(graph, "rm src/new.c obj/new.o");
	CHECK_EQ(count("s:cc::"), 0);
	CHECK_EQ(STATE_OF(graph, "all"), ORD_PROC_SUCCEEDED);
	run("[ $(wc -l <all.o) = 2 ]; echo src/a.h >src/a.inc; echo 1 >src/a.h");
	change(graph, "echo 22 >src/a.c");
	CHECK_EQ(count("s:cc::a "), 1);
	change(graph, "echo 22 >src/a.h");
	CHECK_EQ(count("s:cc::a "), 1);
	CHECK_EQ(count("s:cc::b "), 0);
	leave(graph);
}

/* All of a kind, over choices that a command says: a file more is a proc more. */
SCENE(watch_asks, choices_of_a_file)
{
	struct ord_graph *graph = new_graph("db", 0);

	put("orderly.yaml", "version: 1\n"
			    "procs:\n"
			    "  all:\n"
			    "    run: cat obj/*.o >all.o; echo >>all.log\n"
			    "    inputs: ['src/*.c']\n"
			    "    deps: ['cc::*']\n"
			    "  cc::[name]:\n"
			    "    choices:\n"
			    "      name: {command: 'set -e; echo >>asked; test ! -e broken; if test -e star; then echo \\*; fi; cd src; for f in *.c; do basename $f .c; done'}\n"
			    "    run: cp src/[name].c obj/[name].o\n"
			    "    inputs: ['src/[name].c']\n"
			    "    outputs: ['obj/[name].o']\n");
	run("mkdir src obj; echo 1 >src/a.c; echo 1 >src/b.c");
	GRAPH_OK(graph, ord_graph_load(graph, "orderly.yaml"));
	begin(graph, "all");
	CHECK_EQ(lines("asked"), 1);
	change(graph, "echo 2 >src/a.c");
	CHECK_EQ(lines("asked"), 2);
	CHECK_EQ(count("s:cc::a "), 1);
	CHECK_EQ(count("s:cc::b "), 0);
	change(graph, "echo 1 >src/new.c");
	CHECK_EQ(count("s:cc::new "), 1);
	CHECK_EQ(count("s:cc::"), 1);
	CHECK_EQ(count("s:all "), 1);
	run("[ $(wc -l <all.o) = 3 ]");
	change(graph, "mv src/new.c src/other.c; rm obj/new.o");
	CHECK_EQ(count("s:cc::"), 1);
	CHECK_EQ(count("s:cc::other "), 1);
	CHECK_EQ(STATE_OF(graph, "cc::new"), ORD_PROC_IDLE);
	CHECK_EQ(STATE_OF(graph, "all"), ORD_PROC_SUCCEEDED);
	run("[ $(wc -l <all.o) = 3 ]; echo >'src/bad]name.c'; touch broken");
	change(graph, "echo 3 >src/a.c");
	CHECK_EQ(STATE_OF(graph, "all"), ORD_PROC_FAILED);
	CHECK(strstr(ERROR_OF(graph, "all"), "choices of") != NULL);
	change(graph, "rm broken 'src/bad]name.c'; echo 4 >src/a.c");
	CHECK_EQ(STATE_OF(graph, "all"), ORD_PROC_SUCCEEDED);
	change(graph, "rm src/*.c; echo 5 >src/z.c");
	CHECK_EQ(count("s:cc::"), 1);
	CHECK_EQ(STATE_OF(graph, "cc::a"), ORD_PROC_IDLE);
	change(graph, "touch star; echo 5 >>src/z.c"); /* it prints "*", which is no name */
	CHECK_EQ(STATE_OF(graph, "all"), ORD_PROC_FAILED);
	CHECK(strstr(ERROR_OF(graph, "all"), "'*', which would mean all of them") != NULL);
	CHECK(ord_graph_proc(graph, "cc::*") == NULL);
	change(graph, "rm star; echo 6 >src/y.c");
	CHECK_EQ(STATE_OF(graph, "all"), ORD_PROC_SUCCEEDED);
	leave(graph);
}

