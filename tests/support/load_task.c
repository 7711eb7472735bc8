/* See load.h: what a task is, and what workers do with it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"
#include "load.h"

enum { TINY = 200, PAGE = 4096, MIDDLE = 65536, FLOOD_RECORDS = 400, FLOOD_WIDTH = 900 };

/* A worker: what it did last is known to be committed when it is given something else. */
struct load_worker {
	struct load_setup setup;
	struct load_table *table;
	uint64_t last; /* as in load_entry.committed, 0: none */
	int ignores_term;
};

static uint32_t
below(uint64_t *random, uint32_t limit)
{
	return (uint32_t)((host_random(random) >> 11) % limit);
}

static uint32_t
choose(const uint32_t *weights, uint32_t n, uint64_t *random)
{
	uint32_t sum = 0, i;

	for (i = 0; i < n; i++)
		sum += weights[i];
	sum = below(random, sum);
	for (i = 0; sum >= weights[i]; i++)
		sum -= weights[i];
	return i;
}

/* Most are small, few are very large. */
static uint32_t
size_by_chance(uint32_t largest, uint64_t *random)
{
	uint32_t kind = below(random, 1000), limit;

	limit = kind < 750   ? 1
		: kind < 900 ? TINY
		: kind < 970 ? PAGE
		: kind < 995 ? MIDDLE
			     : largest;
	return below(random, (limit < largest ? limit : largest) + 1);
}

static uint32_t
pause_by_chance(uint32_t longest, uint64_t *random)
{
	uint32_t kind = below(random, 1000);

	if (longest == 0 || kind < 700)
		return 0;
	return below(random,
		kind < 900           ? longest / 50 + 1
			: kind < 990 ? longest / 5 + 1
				     : longest);
}

struct load_task
load_task_of(const struct load_plan *plan, uint64_t seed)
{
	uint64_t random = seed * 0x9E3779B97F4A7C15U | 1;
	struct load_task task;

	memset(&task, 0, sizeof task);
	host_random(&random);
	host_random(&random);
	task.op = (enum load_op)choose(plan->ops, LOAD_OPS, &random);
	task.us = pause_by_chance(plan->pause_us, &random);
	task.input = size_by_chance(plan->largest, &random);
	task.output = size_by_chance(plan->largest, &random);
	task.logs = below(&random, 8) < 6 ? 0 : 1 + below(&random, 4);
	task.lines = below(&random, 8) < 6 ? 0 : 1 + below(&random, 4);
	task.width = below(&random, 100);
	task.variant = below(&random, 1 << 20);
	task.retries = below(&random, 3) == 0 ? plan->retries : 0;
	if (task.op == LOAD_CRASH_ONCE)
		task.retries = 1 + below(&random, 2);
	if (task.op == LOAD_HANG)
		task.timeout_ms = 1 + below(&random, 30);
	if (task.op == LOAD_FLOOD) {
		task.logs = below(&random, FLOOD_RECORDS);
		task.lines = below(&random, FLOOD_RECORDS);
		task.width = below(&random, FLOOD_WIDTH);
	}
	if (task.op == LOAD_PASS || task.op == LOAD_COMMAND)
		task.logs = task.lines = task.us = 0;
	if (plan->capture == ORD_CAPTURE_OFF)
		task.lines = 0;
	return task;
}

void
load_fill(void *bytes, size_t size, uint64_t seed)
{
	uint64_t word = seed | 1;
	char *to = bytes;

	for (size_t i = 0; i < size; i += sizeof word) {
		host_random(&word);
		memcpy(to + i, &word, size - i < sizeof word ? size - i : sizeof word);
	}
}

int
load_is_filled(const void *bytes, size_t size, uint64_t seed)
{
	uint64_t word = seed | 1;
	const char *from = bytes;

	for (size_t i = 0; i < size; i += sizeof word) {
		host_random(&word);
		if (memcmp(from + i, &word, size - i < sizeof word ? size - i : sizeof word) != 0)
			return 0;
	}
	return 1;
}

/* The first fault is kept; the master looks for one at each result. */
static void
accuse(struct load_table *table, const char *what, uint64_t sequence, uint32_t attempt)
{
	if (atomic_fetch_add(&table->faults, 1) == 0)
		snprintf(table->fault, sizeof table->fault, "task %llu, attempt %u: %s",
			(unsigned long long)sequence, attempt, what);
}

static void
note_call(struct load_table *table, uint64_t sequence, uint32_t attempt)
{
	struct load_entry *entry = &table->entries[sequence % LOAD_ENTRIES];
	uint64_t ran = atomic_fetch_or(&entry->ran, UINT64_C(1) << attempt);

	if (ran >> 16 != sequence)
		accuse(table, "is called after its result", sequence, attempt);
	else if ((ran >> attempt & 1) != 0)
		accuse(table, "is called twice", sequence, attempt);
	else if ((ran & 0xffff) >> attempt != 0)
		accuse(table, "is called behind a later one", sequence, attempt);
}

static void
write_line(const char *line, size_t size)
{
	ssize_t n;

	while (size > 0) {
		n = write(STDOUT_FILENO, line, size);
		if (n < 0 && errno != EINTR)
			return;
		line += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
}

static void
print_line(const char *text, uint32_t index)
{
	char line[2048];

	if (index % 2 == 0) {
		printf("%s\n", text); /* line-buffered, so it is written when this returns */
		return;
	}
	write_line(line, (size_t)snprintf(line, sizeof line, "%s\n", text));
}

/* Some of what the task says: from record and line `from` on. */
static void
speak(struct load_worker *me, struct ord_task *task, const struct load_task *what, int half)
{
	uint64_t sequence = ord_task_sequence(task);
	struct load_entry *entry = &me->table->entries[sequence % LOAD_ENTRIES];
	char text[1024];
	uint32_t most = what->logs > what->lines ? what->logs : what->lines;

	for (uint32_t i = half == 0 ? 0 : most / 2; i < (half == 0 ? most / 2 : most); i++) {
		snprintf(text, sizeof text, "%llu %u %u %0*d", (unsigned long long)sequence,
			ord_task_attempt(task), i, (int)what->width, 0);
		if (i < what->logs) {
			if (ord_log(ORD_INFO, "%s", text) != 0)
				accuse(me->table, "cannot log", sequence, ord_task_attempt(task));
			atomic_fetch_add(&entry->logged, 1);
		}
		if (i < what->lines) {
			print_line(text, i);
			atomic_fetch_add(&entry->printed, 1);
		}
	}
}

static void
hang(struct ord_task *task, const struct load_task *what)
{
	if (what->variant % 3 == 0)
		signal(SIGTERM, SIG_IGN);
	for (;;) {
		host_pause_us(500);
		if (what->variant % 3 == 1 && ord_task_canceled(task))
			return;
	}
}

static void
ask(struct load_worker *me, struct ord_task *task, const struct load_task *what)
{
	uint64_t question = ord_task_sequence(task) << 8 | ord_task_attempt(task);
	const void *answer;
	size_t size;
	int status;

	for (uint32_t i = 0; i <= what->variant % 3; i++, question += UINT64_C(1) << 48) {
		status = ord_task_ask(task, &question, sizeof question, &answer, &size);
		if (status == ORD_EINTERRUPTED)
			return;
		if (status != 0 || size != sizeof question ||
			*(const uint64_t *)answer != ~question)
			accuse(me->table, "has another's answer", ord_task_sequence(task),
				ord_task_attempt(task));
	}
}

static void
leave_a_daemon(const struct load_task *what)
{
	if (fork() != 0)
		return;
	setsid();
	if (what->variant % 2 == 0 && fork() != 0)
		_exit(0);
	signal(SIGTERM, SIG_IGN);
	for (;;)
		pause();
}

static void
crash(int number)
{
	signal(number, SIG_DFL);
	raise(number);
}

static int
give_back(struct ord_task *task, const struct load_task *what, uint64_t seed)
{
	struct load_head head = { ord_task_sequence(task), ord_task_attempt(task), (uint32_t)seed };
	void *to;
	int status;

	if (what->output == 0)
		return ord_task_return(task, &head, sizeof head);
	status = ord_task_reserve(task, sizeof head + what->output, &to);
	if (status != 0)
		return status;
	memcpy(to, &head, sizeof head);
	load_fill((char *)to + sizeof head, what->output, seed);
	return 0;
}

static int
end(struct load_worker *me, struct ord_task *task, const struct load_task *what, uint64_t seed)
{
	switch (what->op) {
	case LOAD_FAIL: return ord_task_fail(task, "planned %llu", (unsigned long long)seed);
	case LOAD_EXIT: _exit(7);
	case LOAD_SEGV: crash(SIGSEGV); break;
	case LOAD_KILL: crash(SIGKILL); break;
	case LOAD_CRASH_ONCE:
		if (ord_task_attempt(task) == 0)
			crash(what->variant % 2 == 0 ? SIGKILL : SIGABRT);
		break;
	case LOAD_HANG: hang(task, what); break;
	case LOAD_ASK: ask(me, task, what); break;
	case LOAD_YIELD:
		ord_task_yield(task);
		host_pause_us(what->variant % 3000);
		if (what->variant % 2 == 0)
			ord_task_resume(task);
		break;
	case LOAD_DAEMON: leave_a_daemon(what); break;
	default: break;
	}
	return give_back(task, what, seed);
}

int
load_worker_run(struct ord_task *task, void *user)
{
	struct load_worker *me = user;
	uint64_t sequence = ord_task_sequence(task), seed;
	uint32_t attempt = ord_task_attempt(task);
	struct load_task what;
	const char *input;
	size_t size;
	int status;

	if (me->last != 0)
		atomic_store(
			&me->table->entries[(me->last >> 16) % LOAD_ENTRIES].committed, me->last);
	note_call(me->table, sequence, attempt);
	input = ord_task_input(task, &size);
	memcpy(&seed, input, sizeof seed);
	what = load_task_of(&me->setup.plan, seed);
	if (size != sizeof seed + what.input ||
		!load_is_filled(input + sizeof seed, what.input, ~seed))
		accuse(me->table, "has another's input", sequence, attempt);
	speak(me, task, &what, 0);
	if (what.us != 0)
		host_pause_us(what.us);
	speak(me, task, &what, 1);
	status = end(me, task, &what, seed);
	me->last = sequence << 16 | (attempt + 1);
	return status;
}

void *
load_worker_start(struct ord_task *task, void *user)
{
	struct load_worker *me = calloc(1, sizeof *me);
	char path[64];
	int fd;

	(void)user;
	if (me == NULL)
		return NULL;
	memcpy(&me->setup, ord_task_shared(task, NULL), sizeof me->setup);
	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)me->setup.pid, me->setup.fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	me->table = fd < 0
		? MAP_FAILED
		: mmap(NULL, sizeof *me->table, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (me->table == MAP_FAILED)
		ord_task_fail(task, "cannot map the table: %s", strerror(errno));
	return me;
}
