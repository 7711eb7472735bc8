/*
 * No-op tasks against Python's multiprocessing.Pool: map with its own chunks,
 * imap with one task and with 64 tasks a message. The pool is as users get it:
 * default window, exact capture.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/measure.h"
#include "support/ours.h"

struct peer {
	pid_t pid;
	FILE *ask;
	FILE *answer;
};

static void
peer_start(struct peer *peer, const char *script)
{
	int ask[2], answer[2];

	if (pipe(ask) != 0 || pipe(answer) != 0)
		fail("pipe");
	peer->pid = fork();
	if (peer->pid == 0) {
		dup2(ask[0], 0);
		dup2(answer[1], 1);
		close(ask[1]);
		close(answer[0]);
		execlp("python3", "python3", script, (char *)NULL);
		_exit(127);
	}
	close(ask[0]);
	close(answer[1]);
	peer->ask = fdopen(ask[1], "we");
	peer->answer = fdopen(answer[0], "re");
	if (peer->pid < 0 || !peer->ask || !peer->answer)
		fail("cannot start python3");
}

static void
peer_run(struct peer *peer, const char *method, uint64_t tasks)
{
	char line[32] = "";

	fprintf(peer->ask, "%s %llu\n", method, (unsigned long long)tasks);
	fflush(peer->ask);
	if (!fgets(line, sizeof line, peer->answer) || strcmp(line, "done\n") != 0)
		fail("python3 did not answer");
}

static void
peer_stop(struct peer *peer)
{
	fclose(peer->ask);
	fclose(peer->answer);
	waitpid(peer->pid, NULL, 0);
}

/* Runs tasks here (no method) or there, and keeps rate and CPU. */
static void
measure(struct ours *ours, struct peer *peer, const char *method, uint64_t tasks,
	struct series kept[2])
{
	uint64_t cpu = tree_cpu_ns(), begin = now_ns();

	if (method)
		peer_run(peer, method, tasks);
	else
		ours_run(ours, tasks);
	series_add(&kept[0], (double)tasks * 1e9 / (double)(now_ns() - begin));
	series_add(&kept[1], (double)(tree_cpu_ns() - cpu) / (double)tasks);
}

static void
compare(struct ours *ours, struct peer *peer, const char *method, const char *name, uint64_t tasks)
{
	struct series warm_up[2] = { 0 }, here[2] = { 0 }, there[2] = { 0 };
	char rate_name[96], cpu_name[96];

	snprintf(rate_name, sizeof rate_name, "no-op tasks x %llu, default pool",
		(unsigned long long)tasks);
	snprintf(cpu_name, sizeof cpu_name, "CPU per no-op task x %llu, default pool",
		(unsigned long long)tasks);
	measure(ours, peer, NULL, tasks, warm_up);
	measure(ours, peer, method, tasks, warm_up);
	for (size_t round = 0; round < rounds(); round++) {
		measure(ours, peer, NULL, tasks, here);
		measure(ours, peer, method, tasks, there);
	}
	figure_print(&(struct figure){ .name = rate_name, .unit = "tasks/s", .against = name },
		&here[0], &there[0]);
	figure_print(&(struct figure){ .name = cpu_name, .unit = "ns", .against = name }, &here[1],
		&there[1]);
}

int
main(int argc, char **argv)
{
	const char *source = getenv("ORDERLY_SOURCE");
	struct ours ours = { 0 };
	struct peer peer;
	char script[4096];

	ord_worker_main(argc, argv);
	snprintf(script, sizeof script, "%s/bench/against/pool.py", source ? source : ".");
	if (!installed("python3") || access(script, R_OK) != 0) {
		figure_skip("no-op tasks, default pool, against multiprocessing.Pool",
			"python3 is not installed, or ORDERLY_SOURCE is not the source tree");
		return 0;
	}
	peer_start(&peer, script);
	ours_start(&ours, &ORD_POOL_OPTIONS(.workers = 2));
	compare(&ours, &peer, "map", "Pool.map", 400000);
	compare(&ours, &peer, "1", "Pool.imap", 20000);
	compare(&ours, &peer, "64", "Pool.imap, chunks of 64", 400000);
	ours_stop(&ours);
	peer_stop(&peer);
	return 0;
}
