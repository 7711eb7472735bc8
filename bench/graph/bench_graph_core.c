/*
 * What a graph costs beside its commands: how near its order comes to the best
 * possible, memory of many procs, wake-ups while commands run, and a run in
 * which nothing is to do, against ninja. BENCH_PROCS (10000) is the number of
 * procs of that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <orderly/graph.h>
#include <orderly/orderly.h>

#include "graph/schedule/schedule.h"
#include "support/measure.h"

enum { GRAPHS = 150, NODES = 300, SLOTS = 8, MANY = 100000, SLEEPERS = 2, LOOK_MS = 3000 };

static void
must(struct ord_graph *graph, int status)
{
	if (status != 0)
		fail("%s", ord_graph_error(graph));
}

/* --- the order: random graphs whose durations are known, on a clock of its own --- */

struct plan {
	uint64_t lasts[NODES];
	uint32_t deps[NODES][3];
	uint32_t n_deps[NODES];
	uint64_t bound; /* no order takes less */
};

static uint64_t
draw(uint64_t *random, uint64_t below)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random % below;
}

/* Few take long; deps are among the fifty before. */
static void
make_plan(struct plan *plan, uint64_t seed)
{
	uint64_t random = seed * 2654435761 + 1, sum = 0, ways[NODES], longest = 0;

	for (uint32_t i = 0; i < NODES; i++) {
		uint32_t window = i < 50 ? i : 50;

		plan->lasts[i] = 1 + draw(&random, 100) * draw(&random, 100) * draw(&random, 100) / 1000;
		plan->n_deps[i] = window != 0 ? (uint32_t)draw(&random, 4) : 0;
		ways[i] = plan->lasts[i];
		for (uint32_t d = 0; d < plan->n_deps[i]; d++) {
			uint32_t dep = i - 1 - (uint32_t)draw(&random, window);

			plan->deps[i][d] = dep;
			if (ways[dep] + plan->lasts[i] > ways[i])
				ways[i] = ways[dep] + plan->lasts[i];
		}
		sum += plan->lasts[i];
		longest = ways[i] > longest ? ways[i] : longest;
	}
	plan->bound = longest > (sum + SLOTS - 1) / SLOTS ? longest : (sum + SLOTS - 1) / SLOTS;
}

static void
enter(struct schedule *schedule, const struct plan *plan, int known)
{
	schedule_init(schedule, SLOTS);
	for (uint32_t i = 0; i < NODES; i++) {
		if (schedule_add(schedule,
			    &(struct node_options){ .weight = known ? plan->lasts[i] : 1 }) != i ||
			schedule_want(schedule, i) != 0)
			fail("no memory");
		for (uint32_t d = 0; d < plan->n_deps[i]; d++)
			if (schedule_edge(schedule, i, plan->deps[i][d], EDGE_HARD) != 0)
				fail("no memory");
	}
	if (schedule_commit(schedule) != 0)
		fail("the schedule refuses");
}

/* When the last one has ended. */
static uint64_t
play(const struct plan *plan, int known)
{
	struct schedule schedule;
	uint64_t ends[SLOTS], now = 0;
	uint32_t nodes[SLOTS], running = 0, id;

	enter(&schedule, plan, known);
	do {
		uint32_t first = 0;

		while ((id = schedule_next(&schedule)) != SCHEDULE_NONE) {
			ends[running] = now + plan->lasts[id];
			nodes[running++] = id;
		}
		for (uint32_t i = 1; i < running; i++)
			first = ends[i] < ends[first] ? i : first;
		now = ends[first];
		schedule_end(&schedule, nodes[first], NODE_DONE, 1);
		ends[first] = ends[--running];
		nodes[first] = nodes[running];
	} while (schedule.unfinished != 0);
	schedule_finish(&schedule);
	return now;
}

static void
makespan(void)
{
	struct series known = { 0 }, unknown = { 0 };
	double sums[2] = { 0, 0 };
	struct plan plan;

	for (uint64_t seed = 1; seed <= GRAPHS; seed++) {
		make_plan(&plan, seed);
		for (int i = 0; i < 2; i++)
			sums[i] += (double)play(&plan, i) / (double)plan.bound;
	}
	series_add(&unknown, sums[0] / GRAPHS);
	series_add(&known, sums[1] / GRAPHS);
	figure_print(&(struct figure){ .name = "makespan, 300 procs, 8 slots, by its lower bound",
			     .unit = "x",
			     .against = "durations not known",
			     .goal = "<= 1.02" },
		&known, &unknown);
}

/* --- memory: PROGRAM many --- */

/* Each depends on the one before; nothing runs. */
static void
many(void)
{
	uint64_t before = status_number(getpid(), "RssAnon");
	struct series kib = { 0 };
	struct ord_graph *graph;
	char name[32], dep[32];

	if (ord_graph_new(&graph, NULL) != 0)
		fail("no graph");
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "proc::%d", i);
		snprintf(dep, sizeof dep, "proc::%d", i - 1);
		must(graph,
			ord_graph_add(graph,
				&ORD_PROC(.name = name, .shell = "cc -c file.c -o file.o",
					.deps = i != 0 ? ORD_NAMES(dep) : NULL)));
	}
	snprintf(name, sizeof name, "proc::%d", MANY - 1);
	must(graph, ord_graph_start(graph, name));
	series_add(&kib, (double)(status_number(getpid(), "RssAnon") - before));
	figure_print(&(struct figure){ .name = "100000 procs in a graph: memory", .unit = "KiB" },
		&kib, NULL);
	ord_graph_destroy(&graph);
}

/* --- wake-ups: PROGRAM sleep --- */

static void
sleep_some(void)
{
	struct ord_graph *graph;

	if (ord_graph_new(&graph, &ORD_GRAPH_OPTIONS(.parallel = SLEEPERS)) != 0)
		fail("no graph");
	must(graph, ord_graph_add(graph, &ORD_PROC(.name = "s::[x]", .command = ORD_NAMES("sleep", "100"))));
	must(graph, ord_graph_start(graph, "s::1"));
	must(graph, ord_graph_start(graph, "s::2"));
	must(graph, ord_graph_start(graph, "s::3"));
	(void)ord_graph_wait_all(graph);
}

static uint64_t
switches_of(const pid_t *pids, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += switches(pids[i]);
	return sum;
}

/* The master with all its threads, and its spawner; its commands are the others. */
static void
wake_ups(void)
{
	pid_t child = fork(), pids[TREE_MAX];
	struct series series = { 0 };
	uint64_t before;

	if (child == 0) {
		execl("/proc/self/exe", "bench_graph_core", "sleep", (char *)NULL);
		_exit(127);
	}
	for (int i = 0; tree(child, pids) < 2 + SLEEPERS; i++) {
		if (i > 1000)
			fail("the commands do not start");
		poll(NULL, 0, 10);
	}
	poll(NULL, 0, 1500); /* the pool has looked once whether anything moves */
	before = switches_of(pids, 2);
	poll(NULL, 0, LOOK_MS);
	series_add(&series, (double)(switches_of(pids, 2) - before));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	figure_print(&(struct figure){ .name = "wake-ups in 3 s, graph of commands that run",
			     .unit = "switches",
			     .goal = "0" },
		&series, NULL);
}

/* --- nothing to do: PROGRAM null NUMBER --- */

static char place[] = "/tmp/bench-graph-XXXXXX";

static void
null_run(unsigned long procs)
{
	struct ord_graph *graph;
	char name[32];

	if (ord_graph_new(&graph, &ORD_GRAPH_OPTIONS(.parallel = 2, .database = "graph.db")) != 0)
		fail("no graph");
	must(graph,
		ord_graph_add(graph,
			&ORD_PROC(.name = "p::[x]", .command = ORD_NAMES("touch", "out/[x]"),
				.inputs = ORD_NAMES("in/[x]"), .outputs = ORD_NAMES("out/[x]"))));
	for (unsigned long i = 0; i < procs; i++) {
		snprintf(name, sizeof name, "p::%lu", i);
		must(graph, ord_graph_start(graph, name));
	}
	must(graph, ord_graph_wait_all(graph));
	ord_graph_destroy(&graph);
}

static void
prepare(unsigned long procs)
{
	FILE *ninja, *yaml, *input;
	char path[64];

	if (mkdir("in", 0700) != 0 || mkdir("out", 0700) != 0 || mkdir("ninja", 0700) != 0 ||
		mkdir("made", 0700) != 0)
		fail("cannot make directories in %s", place);
	ninja = fopen("build.ninja", "we");
	yaml = fopen("orderly.yaml", "we");
	if (!ninja || !yaml)
		fail("cannot write in %s", place);
	fprintf(ninja, "rule r\n  command = touch $out\n");
	fprintf(yaml, "options:\n  parallel: 2\n  db: run.db\nprocs:\n");
	for (unsigned long i = 0; i < procs; i++) {
		snprintf(path, sizeof path, "in/%lu", i);
		input = fopen(path, "we");
		if (!input || fprintf(input, "%lu\n", i) < 0 || fclose(input) != 0)
			fail("cannot write %s", path);
		fprintf(ninja, "build ninja/%lu: r in/%lu\n", i, i);
		fprintf(yaml, "  p::%lu:\n    run: touch made/%lu\n    inputs: [in/%lu]\n    outputs: [made/%lu]\n",
			i, i, i, i);
	}
	if (fclose(ninja) != 0 || fclose(yaml) != 0)
		fail("cannot write in %s", place);
}

struct side {
	const char *name;
	const char *const *argv;
	struct series cpu_ms, wall_ms, kib;
};

static void
take(struct side *side)
{
	uint64_t begin = now_ns();
	struct rusage usage;
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(127);
		execvp(side->argv[0], (char *const *)(uintptr_t)side->argv);
		_exit(127);
	}
	while (wait4(child, &status, 0, &usage) < 0)
		if (errno != EINTR)
			fail("wait: %s", strerror(errno));
	if (status != 0)
		fail("%s ended with status %#x", side->argv[0], (unsigned)status);
	series_add(&side->wall_ms, (double)(now_ns() - begin) / 1e6);
	series_add(&side->cpu_ms,
		((double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec) * 1e3 +
			((double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_usec) / 1e3);
	series_add(&side->kib, (double)usage.ru_maxrss);
}

static void
print_null(const struct side *ours, const struct side *theirs, unsigned long procs)
{
	char name[128];

	snprintf(name, sizeof name, "nothing to do, %lu procs with inputs, %s: CPU", procs, ours->name);
	figure_print(&(struct figure){ .name = name, .unit = "ms", .against = theirs->name,
			     .goal = "ratio <= 2.5" },
		&ours->cpu_ms, theirs->cpu_ms.n != 0 ? &theirs->cpu_ms : NULL);
	snprintf(name, sizeof name, "nothing to do, %lu procs with inputs, %s: time", procs, ours->name);
	figure_print(&(struct figure){ .name = name, .unit = "ms", .against = theirs->name },
		&ours->wall_ms, theirs->wall_ms.n != 0 ? &theirs->wall_ms : NULL);
	snprintf(name, sizeof name, "nothing to do, %lu procs with inputs, %s: memory", procs, ours->name);
	figure_print(&(struct figure){ .name = name, .unit = "KiB", .against = theirs->name,
			     .goal = "<= 20480" },
		&ours->kib, theirs->kib.n != 0 ? &theirs->kib : NULL);
}

static void
nothing_to_do(unsigned long procs, const char *command)
{
	char number[24];
	const char *const graph_argv[] = { "/proc/self/exe", "null", number, NULL };
	const char *const run_argv[] = { command, "run", "*", NULL };
	const char *const ninja_argv[] = { "ninja", "--quiet", NULL };
	struct side sides[3] = { { .name = "by the library", .argv = graph_argv },
		{ .name = "by orderly run", .argv = run_argv }, { .name = "ninja", .argv = ninja_argv } };
	struct side warm[3];

	if (!installed("ninja")) {
		figure_skip("nothing to do, procs with inputs", "ninja", "not installed");
		return;
	}
	snprintf(number, sizeof number, "%lu", procs);
	if (!mkdtemp(place) || chdir(place) != 0)
		fail("cannot make %s", place);
	prepare(procs);
	/* The first run does everything, the second finds what is too young to be judged by its time. */
	memcpy(warm, sides, sizeof warm);
	for (int i = 0; i < 6; i++)
		take(&warm[i % 3]);
	for (size_t round = 0; round < rounds(); round++)
		for (int i = 0; i < 3; i++)
			take(&sides[i]);
	print_null(&sides[0], &sides[2], procs);
	print_null(&sides[1], &sides[2], procs);
	if (chdir("/") != 0 || !freopen("/dev/null", "w", stderr))
		fail("cannot leave %s", place);
	execlp("rm", "rm", "-rf", place, (char *)NULL);
}

int
main(int argc, char **argv)
{
	const char *text = getenv("BENCH_PROCS"), *only = getenv("BENCH_ONLY"), *command = getenv("ORDERLY");

	ord_worker_main(argc, argv);
	if (argc > 1) {
		if (strcmp(argv[1], "many") == 0)
			many();
		if (strcmp(argv[1], "sleep") == 0)
			sleep_some();
		if (strcmp(argv[1], "null") == 0)
			null_run(strtoul(argv[2], NULL, 10));
		return 0;
	}
	if (!only || strstr(only, "order"))
		makespan();
	if (!only || strstr(only, "memory")) {
		pid_t child = fork();

		if (child == 0)
			execl("/proc/self/exe", "bench_graph_core", "many", (char *)NULL);
		waitpid(child, NULL, 0);
	}
	if (!only || strstr(only, "idle"))
		wake_ups();
	if (!only || strstr(only, "null"))
		nothing_to_do(text ? strtoul(text, NULL, 10) : 10000, command ? command : "orderly");
	return 0;
}
