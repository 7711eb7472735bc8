/* Ends that are no success, ways to tell that a file is the same, and cutoffs: what the next run may rest on, and what it may not. */
#include "runs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- ends --- */

static struct ord_graph *ending;

static void
interrupt(int kind, const struct ord_proc *proc, void *user)
{
	(void)proc, (void)user;
	if (kind != ORD_PROC_EVENT_STARTED)
		return;
	CHECK_EQ(ord_graph_interrupt(ending), 0);
	CHECK_EQ(ord_graph_interrupt(ending), 0);
}

/* It writes half of its output first; that it is there is enough, so that nothing but the attempt tells. */
static void
ends(struct ord_graph *graph)
{
	ADD(graph, .name = "p", .shell = "cat in > out; . ./how; echo end >> out", .inputs = ORD_NAMES("in"),
		.outputs = ORD_NAMES("out"), .outputs_exist = 1, .timeout_ms = access("slow", F_OK) == 0 ? 200 : 0,
		.grace_ms = 100);
}

/* After a success an attempt with another input ends badly; then the input is again what it was. */
static void
bad_end(const char *how, int cause, int with_interrupt)
{
	ground_enter();
	ground_write("in", "one\n");
	ground_write("how", "");
	ground_age("in", AGE);
	RUN(ends, "p", "p=ran");
	RUN(ends, "p", "p=kept");
	ground_write("in", "two\n");
	ground_write("how", how);
	if (cause == ORD_CAUSE_TIMED_OUT)
		ground_write("slow", "");
	ending = graphs_new(&ORD_GRAPH_OPTIONS(
		.database = DATABASE, .parallel = 2, .on_event = with_interrupt ? interrupt : NULL));
	ends(ending);
	CHECK_EQ(ord_graph_run(ending, ORD_NAMES("p")), with_interrupt ? ORD_EINTERRUPTED : ORD_EFAILED);
	CHECK(STATE_OF(ending, "p") != ORD_PROC_SUCCEEDED);
	if (!with_interrupt)
		CHECK_EQ(CAUSE_OF(ending, "p"), cause);
	ord_graph_destroy(&ending);
	unlink("slow");
	ground_write("in", "one\n");
	ground_age("in", AGE);
	ground_write("how", "");
	RUN_WHY(ends, "p", "p=ran", "the last attempt");
	CHECK(strcmp(ground_read("out"), "one\nend\n") == 0);
	RUN(ends, "p", "p=kept");
	ground_leave();
}

SCENE(trust, no_end_but_a_success)
{
	bad_end("exit 3", ORD_CAUSE_EXIT_CODE, 0);
	bad_end("kill -SEGV $$", ORD_CAUSE_SIGNAL, 0);
	bad_end("kill -KILL $$", ORD_CAUSE_SIGNAL, 0);
	bad_end("rm -r out; exit 0", ORD_CAUSE_OUTPUT, 0);
}

SCENE(trust, no_end_by_a_timeout)
{
	bad_end("sleep 1000", ORD_CAUSE_TIMED_OUT, 0);
}

SCENE(trust, no_end_by_an_interrupt)
{
	bad_end("sleep 1000", 0, 1);
}

/* --- fingerprints --- */

static uint32_t of_graph, of_proc;

/* Another content of the same size in the same file, or only another time; the time is set by hand. */
static void
check_fingerprint(const char *text, int seconds, const char *wanted)
{
	struct ord_graph *graph = graphs_new(
		&ORD_GRAPH_OPTIONS(.database = DATABASE, .parallel = 2, .fingerprint = of_graph));
	int fd = open("in", O_WRONLY);

	CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	ground_age("in", seconds);
	ADD(graph, .name = "p", .shell = "cat in > out", .inputs = ORD_NAMES("in"), .outputs = ORD_NAMES("out"),
		.fingerprint = of_proc);
	RUN_IN(graph, "p", wanted);
	ord_graph_destroy(&graph);
}

/* What a file is told by may be said for all, and for one proc otherwise. */
SCENE(trust, fingerprints)
{
	static const struct {
		uint32_t graph, proc;
		int time_is_enough, content_is_read;
	} rows[] = { { 0, 0, 0, 0 }, { ORD_FINGERPRINT_MTIME, 0, 1, 0 }, { ORD_FINGERPRINT_HASH, 0, 0, 1 },
		{ 0, ORD_FINGERPRINT_MTIME, 1, 0 }, { 0, ORD_FINGERPRINT_HASH, 0, 1 },
		{ ORD_FINGERPRINT_MTIME, ORD_FINGERPRINT_HASH, 0, 1 }, { ORD_FINGERPRINT_HASH, ORD_FINGERPRINT_MTIME, 1, 0 },
		{ ORD_FINGERPRINT_HASH, ORD_FINGERPRINT_BOTH, 0, 0 } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stat stat_now;
		struct timespec times[2];

		of_graph = rows[i].graph;
		of_proc = rows[i].proc;
		ground_enter();
		ground_write("in", "one");
		check_fingerprint("one", 10 * AGE, "p=ran");
		check_fingerprint("one", 20 * AGE, rows[i].time_is_enough ? "p=ran" : "p=kept");
		check_fingerprint("two", 30 * AGE, "p=ran");
		/* the same time to the nanosecond, which nothing but a look at the content shows */
		CHECK_EQ(stat("in", &stat_now), 0);
		times[0] = times[1] = stat_now.st_mtim;
		for (int fd = open("in", O_WRONLY), once = 1; once; once = 0) {
			CHECK_EQ(write(fd, "six", 3), 3);
			CHECK_EQ(futimens(fd, times), 0);
			close(fd);
		}
		if (rows[i].content_is_read) {
			struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(
				.database = DATABASE, .parallel = 2, .fingerprint = of_graph));

			ADD(graph, .name = "p", .shell = "cat in > out", .inputs = ORD_NAMES("in"),
				.outputs = ORD_NAMES("out"), .fingerprint = of_proc);
			RUN_IN(graph, "p", "p=ran");
			CHECK(strcmp(ground_read("out"), "six") == 0);
			ord_graph_destroy(&graph);
		}
		ground_leave();
	}
}

/* --- cutoffs --- */

static void
several(struct ord_graph *graph)
{
	ADD(graph, .name = "first", .shell = "sed -n 1p in > a; sed -n 2p in > b; grep -q third in && echo c > c || rm -f c",
		.inputs = ORD_NAMES("in"), .outputs = ORD_NAMES("a", "b"),
		.special_outputs = ORD_OUTPUT_FILES(&ORD_OUTPUT_FILE(.path = "c", .optional = 1)));
	ADD(graph, .name = "second", .shell = "cat a b > all", .deps = ORD_NAMES("first"), .outputs = ORD_NAMES("all"));
	ADD(graph, .name = "third", .shell = "true", .deps = ORD_NAMES("second"));
}

/* Of several outputs one is enough; one that is missing on purpose is the same as long as it is missing. */
SCENE(trust, cutoffs_by_several_outputs)
{
	ground_enter();
	ground_write("in", "1\n2\n");
	RUN(several, "third", "first=ran second=ran third=ran");
	ground_write("in", "1\n2\nmore\n");
	RUN(several, "third", "first=ran second=kept third=kept");
	ground_write("in", "1\nother\n");
	RUN(several, "third", "first=ran second=ran third=ran");
	ground_write("in", "1\nother\nthird\n"); /* what was missing is there, which changes nothing for the last one */
	RUN(several, "third", "first=ran second=ran third=kept");
	ground_write("in", "1\nother\nthe third\n");
	RUN(several, "third", "first=ran second=kept third=kept");
	ground_write("in", "1\nother\n");
	RUN(several, "third", "first=ran second=ran third=kept");
	RUN(several, "third", "first=kept second=kept third=kept");
	ground_leave();
}

/* --- the file --- */

static void
from_file(struct ord_graph *graph)
{
	GRAPH_OK(graph, ord_graph_load(graph, "orderly.yaml"));
}

/* What of a file is what a proc is, and what is only said about it. */
SCENE(trust, changes_of_the_file)
{
	static const struct {
		const char *text;
		const char *why; /* NULL: nothing that matters has changed since the one before */
	} rows[] = {
		{ "procs:\n  p:\n    run: echo $A > out\n    inputs: [in]\n    outputs: [out]\n", "there is no record" },
		{ "# what it is for\nprocs:\n  p: {outputs: [out], inputs: [in], run: echo $A > out, desc: new}\n", NULL },
		{ "options: {parallel: 1}\nparams: {x: 1}\nprocs:\n  q: {run: 'true'}\n  p: {outputs: [out], inputs: [in], run: "
		  "echo $A > out, timeout: 9s, retries: 2, wave: 1}\n",
			NULL },
		{ "env: {A: 1}\nprocs:\n  p: {outputs: [out], inputs: [in], run: echo $A > out}\n", "env A is new" },
		{ "env: {A: 2}\nprocs:\n  p: {outputs: [out], inputs: [in], run: echo $A > out}\n", "env A changed" },
		{ "env: {A: 1}\nprocs:\n  p: {outputs: [out], inputs: [in], env: {A: 2}, run: echo $A > out}\n", NULL },
		{ "env: {A: 2}\nprocs:\n  p: {outputs: [out], inputs: [in], run: [sh, -c, echo $A > out]}\n", "command is new" },
	};

	ground_enter();
	ground_write("in", "");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ord_graph *graph = runs_open();
		const char *reason;

		ground_write("orderly.yaml", rows[i].text);
		from_file(graph);
		GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("p")));
		reason = ord_proc_reason(graphs_proc(graph, "p"), 0);
		fprintf(stderr, "%zu: %s\n", i, reason != NULL ? reason : "none");
		CHECK_EQ(STATE_OF(graph, "p"), rows[i].why != NULL ? ORD_PROC_SUCCEEDED : ORD_PROC_UP_TO_DATE);
		CHECK(rows[i].why == NULL || strstr(reason, rows[i].why) != NULL);
		ord_graph_destroy(&graph);
	}
	ground_leave();
}
