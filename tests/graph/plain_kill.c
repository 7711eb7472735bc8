/*
 * No wrong "up to date": a runner is killed by SIGKILL at any point of a run, again and again, while its
 * sources change in between, and then another one runs to its end. Whatever that one kept or ran, every file and
 * every result must be what a clean build gives.
 *
 *   plain_kill [TRIALS [SEED]]      or ORDERLY_TEST_KILLS, ORDERLY_TEST_SEED
 */
#define _GNU_SOURCE /* nftw, prctl */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <orderly/graph.h>
#include <orderly/worker.h>

#include "host.h"

enum {
	TRIALS = 100,
	SOURCES = 5,
	KILLS_MAX = 2,   /* before a run may come to its end */
	LIFE_US = 150000, /* the longest life of one that is killed */
	DEADLINE_S = 1400,
	TEXT = 200
};

#define RUNNER "--runner"

static void
fail(const char *what, const char *detail)
{
	fprintf(stderr, "plain_kill: %s: %s\n", what, detail);
	exit(1);
}

/* --- the runner --- */

/* Text of what was made, as a result that is not in a file. */
static int
count_bytes(struct ord_task *task, void *user)
{
	char text[SOURCES * TEXT], answer[32];
	FILE *file = fopen("out/all", "r");
	size_t size = 0;

	(void)user;
	if (file == NULL)
		return ord_task_fail(task, "out/all is not there");
	size = fread(text, 1, sizeof text, file);
	fclose(file);
	snprintf(answer, sizeof answer, "%zu", size);
	return ord_task_return(task, answer, strlen(answer));
}

static void
define(struct ord_graph *graph)
{
	const struct ord_proc_options procs[] = {
		/* written in two steps, so that there is a time with half of it */
		ORD_PROC(.name = "part::[i]", .shell = "cat src/[i] > mid/[i]; sleep 0.00[i]; echo end >> mid/[i]",
			.inputs = ORD_NAMES("src/[i]"), .outputs = ORD_NAMES("mid/[i]"),
			.choices = ORD_CHOICES(
				&ORD_CHOICE(.arg = "i", .values = ORD_NAMES("0", "1", "2", "3", "4")))),
		/*
		 * That it is there is enough for this one: where a source comes back as it was before an attempt
		 * that was killed, only that there was one tells.
		 */
		ORD_PROC(.name = "exists", .shell = "cat src/0 > out/half; sleep 0.01; cat src/1 >> out/half",
			.inputs = ORD_NAMES("src/0", "src/1"), .outputs = ORD_NAMES("out/half"), .outputs_exist = 1),
		ORD_PROC(.name = "all", .shell = "cat mid/0 mid/1 > out/all; cat mid/2 mid/3 mid/4 >> out/all",
			.deps = ORD_NAMES("part::*"), .inputs = ORD_NAMES("mid/*"), .outputs = ORD_NAMES("out/all")),
		/* nothing of it is declared */
		ORD_PROC(.name = "side", .shell = "cat out/all > side", .deps = ORD_NAMES("all")),
		ORD_PROC(.name = "bytes", .function = count_bytes, .deps = ORD_NAMES("all")),
		ORD_PROC(.name = "end", .deps = ORD_NAMES("side", "bytes", "exists")),
	};

	for (size_t i = 0; i < sizeof procs / sizeof *procs; i++)
		if (ord_graph_add(graph, &procs[i]) != 0)
			fail("add", ord_graph_error(graph));
}

/* Says on its standard output how each proc ended. */
static int
be_runner(int fork_start)
{
	struct ord_graph *graph;
	int status;

	if (ord_graph_new(&graph,
		    &ORD_GRAPH_OPTIONS(.database = "db", .database_wait_ms = 100000, .parallel = 3,
			    .pool = &ORD_POOL_OPTIONS(.start = fork_start ? ORD_START_FORK : ORD_START_EXEC))) != 0)
		return 1;
	define(graph);
	status = ord_graph_run(graph, ORD_NAMES("end"));
	if (status != 0)
		fprintf(stderr, "plain_kill: %s\n", ord_graph_error(graph));
	for (const struct ord_proc *proc = ord_graph_next(graph, NULL); status == 0 && proc != NULL;
		proc = ord_graph_next(graph, proc))
		printf("%s %s %s\n", ord_proc_name(proc), ord_proc_state_name(ord_proc_state(proc)),
			strcmp(ord_proc_name(proc), "bytes") == 0 ? (const char *)ord_proc_output(proc, NULL) : "-");
	fflush(stdout);
	ord_graph_destroy(&graph);
	return status != 0;
}

static pid_t
start_runner(uint64_t random, int output)
{
	char *argv[] = { (char *)(uintptr_t) "plain_kill", (char *)(uintptr_t)RUNNER,
		(char *)(uintptr_t)(random % 2 != 0 ? "fork" : "exec"), NULL };
	pid_t pid = fork();

	if (pid == 0) {
		dup2(output, STDOUT_FILENO);
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	return pid;
}

/* --- what there is, and what there should be --- */

static int versions[SOURCES];
static int ended[SOURCES]; /* those of the last run that came to its end */

static void
write_source(int i, int version)
{
	char path[32];
	FILE *file;

	versions[i] = version;
	snprintf(path, sizeof path, "src/%d", i);
	file = fopen(path, "w");
	if (file == NULL || fprintf(file, "%d at version %d\n", i, version) < 0 || fclose(file) != 0)
		fail(path, strerror(errno));
}

static void
read_file(const char *path, char *text, size_t room)
{
	FILE *file = fopen(path, "r");
	size_t size = 0;

	if (file != NULL) {
		size = fread(text, 1, room - 1, file);
		fclose(file);
	}
	text[size] = '\0';
}

/* As a clean build has it. */
static void
write_wanted(int from, int to, const char *end, char *text)
{
	*text = '\0';
	for (int i = from; i < to; i++)
		snprintf(text + strlen(text), TEXT, "%d at version %d\n%s", i, versions[i], end);
}

static void
check(const char *path, int from, int to, const char *report)
{
	const char *end = strcmp(path, "out/half") == 0 ? "" : "end\n";
	char text[SOURCES * TEXT], wanted[SOURCES * TEXT];

	read_file(path, text, sizeof text);
	write_wanted(from, to, end, wanted);
	if (strcmp(text, wanted) == 0)
		return;
	fprintf(stderr, "%s is\n%snot\n%s%s", path, text, wanted, report);
	fail(path, "it is not what a clean build gives");
}

static void
check_all(const char *report)
{
	char path[32], wanted[SOURCES * TEXT], line[TEXT];

	for (int i = 0; i < SOURCES; i++) {
		snprintf(path, sizeof path, "mid/%d", i);
		check(path, i, i + 1, report);
	}
	check("out/half", 0, 2, report);
	check("out/all", 0, SOURCES, report);
	check("side", 0, SOURCES, report);
	write_wanted(0, SOURCES, "end\n", wanted);
	snprintf(line, sizeof line, " %zu\n", strlen(wanted));
	if (strstr(report, line) == NULL)
		fail("the result of bytes", report);
}

/* --- trials --- */

struct count {
	unsigned killed, ended, kept, ran;
};

static void
change_something(uint64_t *random)
{
	for (uint64_t n = host_random(random) % 4; n > 0; n--)
		write_source((int)(host_random(random) % SOURCES), (int)(host_random(random) % 2));
	switch (host_random(random) % 12) {
	case 0: (void)unlink("mid/2"); break;
	case 1: (void)unlink("out/all"); break;
	case 2: (void)truncate("mid/3", 3); break;
	default: break;
	}
}

static void
kill_one(uint64_t *random, struct count *count)
{
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC), status;
	pid_t pid = start_runner(host_random(random), nowhere);

	host_pause_us(host_random(random) % LIFE_US);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	close(nowhere);
	count->killed += WIFSIGNALED(status) ? 1 : 0;
	count->ended += WIFSIGNALED(status) ? 0 : 1;
}

static void
count_states(const char *report, struct count *count)
{
	for (const char *at = report; (at = strstr(at, " up to date ")) != NULL; at++)
		count->kept++;
	for (const char *at = report; (at = strstr(at, " succeeded ")) != NULL; at++)
		count->ran++;
}

static void
run_to_the_end(uint64_t *random, struct count *count)
{
	char report[4000] = "";
	size_t size = 0;
	ssize_t got;
	int ends[2], status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		fail("pipe2", strerror(errno));
	pid = start_runner(host_random(random), ends[1]);
	close(ends[1]);
	while (size + 1 < sizeof report && (got = read(ends[0], report + size, sizeof report - 1 - size)) > 0)
		size += (size_t)got;
	close(ends[0]);
	report[size] = '\0';
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		fail("a run that is not killed", "it failed");
	count_states(report, count);
	check_all(report);
}

/* Orphans come to us: none is left in the end. */
static void
reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static int
remove_one(const char *path, const struct stat *stat, int flag, struct FTW *where)
{
	(void)stat, (void)flag, (void)where;
	return remove(path);
}

static unsigned long
number(const char *argument, const char *name, unsigned long otherwise)
{
	const char *text = argument != NULL ? argument : getenv(name);

	return text != NULL ? strtoul(text, NULL, 0) : otherwise;
}

int
main(int argc, char **argv)
{
	char root[] = "/tmp/orderly-kill-XXXXXX";
	struct count count = { 0 };
	unsigned long trials;
	uint64_t random, seed;

	ord_worker_main(argc, argv);
	if (argc > 2 && strcmp(argv[1], RUNNER) == 0)
		return be_runner(strcmp(argv[2], "fork") == 0);
	trials = number(argc > 1 ? argv[1] : NULL, "ORDERLY_TEST_KILLS", TRIALS);
	seed = number(argc > 2 ? argv[2] : NULL, "ORDERLY_TEST_SEED", (unsigned long)time(NULL));
	random = 2 * seed + 1;
	printf("plain_kill: %lu trials, seed %llu\n", trials, (unsigned long long)seed);
	fflush(stdout);
	alarm(trials <= TRIALS ? DEADLINE_S : 20 * DEADLINE_S);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (mkdtemp(root) == NULL || chdir(root) != 0 || mkdir("src", 0777) != 0 || mkdir("mid", 0777) != 0 ||
		mkdir("out", 0777) != 0)
		fail(root, strerror(errno));
	for (int i = 0; i < SOURCES; i++)
		write_source(i, 0);
	for (unsigned long i = 0; i < trials; i++) {
		for (uint64_t n = 1 + host_random(&random) % KILLS_MAX; n > 0; n--) {
			change_something(&random);
			kill_one(&random, &count);
		}
		for (int s = 0; i % 2 == 0 && s < SOURCES; s++)
			write_source(s, ended[s]);
		run_to_the_end(&random, &count);
		memcpy(ended, versions, sizeof ended);
		reap();
	}
	printf("plain_kill: %u killed, %u too late; after them %u kept, %u ran\n", count.killed, count.ended, count.kept,
		count.ran);
	if (trials >= TRIALS && (count.killed < trials / 10 || count.kept == 0 || count.ran == 0))
		fail("the kills", "they are not where they should be");
	if (chdir("/") != 0 || nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		fail(root, strerror(errno));
	return 0;
}
