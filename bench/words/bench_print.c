/*
 * What capture costs inside the worker, as its processor time per task beside
 * that of a pool without capture: a task that prints a line of 80 bytes,
 * against a bare write(2) of that line and one of a mark, into a pipe that
 * another process empties; and a silent task that is long enough for the pipe
 * to be asked (FIONREAD), against that question alone.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/measure.h"
#include "support/ours.h"

enum { TASKS = 50000, MARK = 48 };

#define LINE "This line is eighty bytes long with its newline, as a line of words usually is.\n"

/* What takes turns in a round. */
enum side { PRINTS, PRINTS_NOT, SPINS, SPINS_FREE, SIDES };

struct side_pool {
	struct ours ours;
	pid_t worker;
	struct series cpu_ns;
};

struct bench {
	struct side_pool pools[SIDES];
	struct series bare_write, bare_question;
};

static int
answer(struct ord_task *task)
{
	size_t size;
	const void *input = ord_task_input(task, &size);
	uint64_t number;

	memcpy(&number, input, sizeof number);
	number++;
	return ord_task_return(task, &number, sizeof number);
}

static int
print_line(struct ord_task *task, void *user)
{
	(void)user;
	fputs(LINE, stdout);
	return answer(task);
}

static int
print_nothing(struct ord_task *task, void *user)
{
	(void)user;
	return answer(task);
}

/* Some hundred nanoseconds: longer than half a write(2). */
static int
spin(struct ord_task *task, void *user)
{
	(void)user;
	for (volatile int i = 0; i < 1000; i++)
		;
	return answer(task);
}

static void
listen_to(const struct ord_message *message, void *user)
{
	uint64_t *messages = user;
	size_t size;

	ord_message_text(message, &size);
	if (size != sizeof LINE - 2)
		fail("a line is wrong");
	++*messages;
}

/* The processor time of the pool's one worker per task. */
static void
measure(struct side_pool *pool)
{
	uint64_t begin = cpu_ns(pool->worker);

	ours_run(&pool->ours, TASKS);
	series_add(&pool->cpu_ns, (double)(cpu_ns(pool->worker) - begin) / TASKS);
}

/* In a child: what a pipe costs that somebody else empties; its processor time is told by wait4. */
static double
bare(int question)
{
	struct timespec begin, end;
	char mark[MARK] = { 0 }, bytes[65536];
	int words[2], told[2], waiting;
	double ns = 0;
	pid_t child;

	if (pipe(words) != 0 || pipe(told) != 0 || (child = fork()) < 0)
		fail("pipe or fork");
	if (child == 0) {
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
		for (int i = 0; i < TASKS; i++)
			if (question ? ioctl(words[1], FIONREAD, &waiting) != 0
				     : write(words[1], LINE, sizeof LINE - 1) < 0 ||
						write(words[1], mark, sizeof mark) < 0)
				_exit(1);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
		ns = (double)(end.tv_sec - begin.tv_sec) * 1e9 +
			(double)(end.tv_nsec - begin.tv_nsec);
		_exit(write(told[1], &ns, sizeof ns) != sizeof ns);
	}
	close(words[1]);
	close(told[1]);
	while (read(words[0], bytes, sizeof bytes) > 0)
		;
	if (read(told[0], &ns, sizeof ns) != sizeof ns || waitpid(child, NULL, 0) != child)
		fail("the bare side failed");
	close(words[0]);
	close(told[0]);
	return ns / TASKS;
}

/* In the worker, into memory that it shares with this process. */
static void *
tell_worker(struct ord_task *task, void *user)
{
	(void)task;
	*(pid_t *)user = getpid();
	return user;
}

static void
start(struct side_pool *pool, enum side side, uint64_t *messages)
{
	static const ord_task_fn functions[SIDES] = { print_line, print_nothing, spin, spin };
	pid_t *told =
		mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (told == MAP_FAILED)
		fail("no memory");
	ours_start(&pool->ours,
		&ORD_POOL_OPTIONS(.start = ORD_START_FORK, .workers = 1, .window = 4096,
			.capture = side == PRINTS || side == SPINS ? ORD_CAPTURE_EXACT
								   : ORD_CAPTURE_OFF,
			.function = functions[side], .function_user = told,
			.on_worker_start = tell_worker, .on_message = listen_to,
			.on_message_user = messages));
	ours_wait_ready(&pool->ours, 1);
	pool->worker = *told;
	munmap(told, sizeof *told);
}

static void
take_turns(struct bench *bench)
{
	for (enum side side = 0; side < SIDES; side++)
		measure(&bench->pools[side]);
	series_add(&bench->bare_write, bare(0));
	series_add(&bench->bare_question, bare(1));
}

/* What the first costs more than the second, round by round. */
static void
subtract(struct series *more, const struct side_pool *with, const struct side_pool *without)
{
	for (size_t i = 0; i < with->cpu_ns.n; i++)
		series_add(more, with->cpu_ns.at[i] - without->cpu_ns.at[i]);
}

static void
say(const struct bench *bench)
{
	struct series printed = { 0 }, silent = { 0 };

	subtract(&printed, &bench->pools[PRINTS], &bench->pools[PRINTS_NOT]);
	subtract(&silent, &bench->pools[SPINS], &bench->pools[SPINS_FREE]);
	figure_print(&(struct figure){ .name = "CPU of a worker for a line that a task prints",
			     .unit = "ns",
			     .against = "a bare write(2) of it and one of a mark",
			     .goal = "ratio <= 1.5" },
		&printed, &bench->bare_write);
	figure_print(
		&(struct figure){
			.name = "CPU of a worker for capture of a silent task that is not short",
			.unit = "ns",
			.against = "FIONREAD",
			.goal = "ratio <= 2" },
		&silent, &bench->bare_question);
}

int
main(int argc, char **argv)
{
	static struct bench bench;
	uint64_t messages = 0;

	ord_worker_main(argc, argv);
	for (enum side side = 0; side < SIDES; side++)
		start(&bench.pools[side], side, &messages);
	take_turns(&bench);
	for (enum side side = 0; side < SIDES; side++)
		bench.pools[side].cpu_ns.n = 0;
	bench.bare_write.n = bench.bare_question.n = 0;
	for (size_t round = 0; round < rounds(); round++)
		take_turns(&bench);
	say(&bench);
	if (messages != (rounds() + 1) * TASKS)
		fail("%llu lines came", (unsigned long long)messages);
	for (enum side side = 0; side < SIDES; side++)
		ours_stop(&bench.pools[side].ours);
	return 0;
}
