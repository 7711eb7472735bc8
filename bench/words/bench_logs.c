/*
 * One ord_log of 80 bytes per task, with a callback in the master, at a window
 * of 4096: against the same pool with tasks that say nothing, and against what
 * MCE and Python have for it.  Messages are checked: one for each task, live,
 * held until their task's turn, and with a format.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <orderly/log.h>

#include "support/measure.h"
#include "support/ours.h"

enum { WORKERS = 2, WINDOW = 4096, TASKS = 200000, THEIR_TASKS = 20000, TEXT = 80 };

/* What takes turns in a round. */
enum side { SILENT, PLAIN, FORMAT, HELD, OURS };
enum peer { MCE, PYTHON, PEERS };

struct listener {
	struct ours ours;
	uint64_t messages;
	uint64_t last;
};

struct measured {
	struct series rate;
	struct series cpu_ns;
};

struct program {
	pid_t pid;
	FILE *ask;
	FILE *answer;
};

struct bench {
	struct listener pools[OURS];
	struct program programs[PEERS];
	struct measured ours[OURS], theirs[PEERS];
};

#define EIGHTY "This text is eighty bytes long, which is what a line of a log comes to, usually."

static int
say_nothing(struct ord_task *task, void *user)
{
	size_t size;
	const void *input = ord_task_input(task, &size);
	uint64_t number;

	(void)user;
	memcpy(&number, input, sizeof number);
	number++;
	return ord_task_return(task, &number, sizeof number);
}

static int
say_plain(struct ord_task *task, void *user)
{
	ord_log(ORD_INFO, EIGHTY);
	return say_nothing(task, user);
}

static int
say_format(struct ord_task *task, void *user)
{
	size_t size;
	const void *input = ord_task_input(task, &size);
	uint64_t number;

	memcpy(&number, input, sizeof number);
	ord_log(ORD_INFO,
		"%s of %02d: the number %010llu went through a format that makes eighty bytes.",
		"task", 7, (unsigned long long)number);
	return say_nothing(task, user);
}

static void
listen_to(const struct ord_message *message, void *user)
{
	struct listener *listener = user;
	size_t size;

	if (ord_message_text(message, &size)[size - 1] == '\0' || size != TEXT)
		fail("a message is wrong");
	listener->messages++;
	listener->last = ord_message_sequence(message);
}

static void
start(struct listener *listener, enum side side)
{
	static const ord_task_fn functions[OURS] = { say_nothing, say_plain, say_format,
		say_plain };
	struct ord_pool_options options = ORD_POOL_OPTIONS(.workers = WORKERS, .window = WINDOW,
		.on_message = listen_to, .on_message_user = listener,
		.messages = side == HELD ? ORD_ORDERED : ORD_LIVE);

	options.function = functions[side];
	ours_start(&listener->ours, &options);
}

static void
measure(struct listener *listener, enum side side, struct measured *measured)
{
	uint64_t cpu = tree_cpu_ns(), begin = now_ns(), before = listener->messages;

	ours_run(&listener->ours, TASKS);
	series_add(&measured->rate, TASKS * 1e9 / (double)(now_ns() - begin));
	series_add(&measured->cpu_ns, (double)(tree_cpu_ns() - cpu) / TASKS);
	if (listener->messages - before != (side == SILENT ? 0 : TASKS))
		fail("messages are missing");
}

static void
program_start(struct program *program, const char *interpreter, const char *name)
{
	const char *source = getenv("ORDERLY_SOURCE");
	int ask[2], answer[2];
	char script[4096];

	snprintf(script, sizeof script, "%s/bench/words/%s", source ? source : ".", name);
	if (!installed(interpreter) || access(script, R_OK) != 0)
		return;
	if (pipe(ask) != 0 || pipe(answer) != 0)
		fail("pipe");
	program->pid = fork();
	if (program->pid == 0) {
		dup2(ask[0], 0);
		dup2(answer[1], 1);
		close(ask[1]);
		close(answer[0]);
		execlp(interpreter, interpreter, script, (char *)NULL);
		_exit(127);
	}
	close(ask[0]);
	close(answer[1]);
	program->ask = fdopen(ask[1], "we");
	program->answer = fdopen(answer[0], "re");
	if (program->pid < 0 || !program->ask || !program->answer)
		fail("cannot start %s", interpreter);
}

/* 0, or -1: it cannot run here. */
static int
program_run(struct program *program, struct measured *measured)
{
	uint64_t cpu = tree_cpu_ns(), begin = now_ns();
	char line[32] = "";

	if (!program->ask)
		return -1;
	fprintf(program->ask, "64 %d\n", THEIR_TASKS);
	fflush(program->ask);
	if (!fgets(line, sizeof line, program->answer) || strcmp(line, "done\n") != 0) {
		fclose(program->ask);
		program->ask = NULL;
		return -1;
	}
	series_add(&measured->rate, THEIR_TASKS * 1e9 / (double)(now_ns() - begin));
	series_add(&measured->cpu_ns, (double)(tree_cpu_ns() - cpu) / THEIR_TASKS);
	return 0;
}

static void
program_stop(struct program *program)
{
	if (program->pid <= 0)
		return;
	if (program->ask)
		fclose(program->ask);
	fclose(program->answer);
	waitpid(program->pid, NULL, 0);
}

static void
say_ours(const struct bench *bench, enum side side)
{
	static const char *const sides[OURS] = { "none", "plain text", "a format",
		"plain text, ORD_ORDERED" };
	char name[96];

	snprintf(name, sizeof name, "tasks that log 80 bytes, window 4096: %s", sides[side]);
	figure_print(
		&(struct figure){
			.name = name, .unit = "tasks/s", .against = "tasks that log nothing" },
		&bench->ours[side].rate, &bench->ours[SILENT].rate);
	snprintf(name, sizeof name, "CPU per task that logs 80 bytes: %s", sides[side]);
	figure_print(
		&(struct figure){ .name = name, .unit = "ns", .against = "tasks that log nothing" },
		&bench->ours[side].cpu_ns, &bench->ours[SILENT].cpu_ns);
}

static void
say_theirs(const struct bench *bench, enum peer peer)
{
	static const char *const names[PEERS] = { "MCE->print, chunks of 64",
		"QueueHandler to QueueListener, imap with chunks of 64" };
	static const char *const goals[PEERS] = { "ratio >= 40", "ratio >= 80" };
	const struct figure figure = { .name = "tasks that log 80 bytes, window 4096",
		.unit = "tasks/s",
		.against = names[peer],
		.goal = goals[peer] };

	if (bench->theirs[peer].rate.n == 0)
		figure_skip(names[peer], "its interpreter or module is not installed");
	else
		figure_print(&figure, &bench->ours[PLAIN].rate, &bench->theirs[peer].rate);
}

int
main(int argc, char **argv)
{
	static struct bench bench;
	struct measured warm_up = { 0 };

	ord_worker_main(argc, argv);
	program_start(&bench.programs[MCE], "perl", "logs.pl");
	program_start(&bench.programs[PYTHON], "python3", "logs.py");
	for (enum peer peer = 0; peer < PEERS; peer++)
		program_run(&bench.programs[peer], &warm_up);
	for (enum side side = 0; side < OURS; side++) {
		start(&bench.pools[side], side);
		measure(&bench.pools[side], side, &warm_up);
	}
	for (size_t round = 0; round < rounds(); round++) {
		for (enum side side = 0; side < OURS; side++)
			measure(&bench.pools[side], side, &bench.ours[side]);
		for (enum peer peer = 0; peer < PEERS; peer++)
			program_run(&bench.programs[peer], &bench.theirs[peer]);
	}
	for (enum side side = PLAIN; side < OURS; side++)
		say_ours(&bench, side);
	for (enum peer peer = 0; peer < PEERS; peer++)
		say_theirs(&bench, peer);
	for (enum side side = 0; side < OURS; side++)
		ours_stop(&bench.pools[side].ours);
	for (enum peer peer = 0; peer < PEERS; peer++)
		program_stop(&bench.programs[peer]);
	return 0;
}
