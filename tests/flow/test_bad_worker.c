/*
 * Workers that turn bad after some tasks. The task function of the victim reaches the sockets, the outbox, the
 * page and the claim words of its own process and says through them what no worker says. That worker is
 * replaced, its task has one result that names what was wrong, and nobody else notices; what is only noise
 * costs nobody anything.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/region.h"
#include "tally.h"
#include "worker/server.h"

enum { AROUND = 24, VICTIM = 10, WORKERS = 2 };

typedef void (*deed_fn)(struct ord_task *task);

struct deed {
	const char *name;
	deed_fn act;
	const char *word; /* of the sentence; NULL: its worker lives, and the task is done */
};

/* Whatever bytes behind what was said, and the master is told. */
static void
write_raw(struct ord_task *task, const void *bytes, size_t size)
{
	struct outbox *outbox = &task->worker->outbox;

	memcpy(outbox->region->ring + (outbox->position & (REGION_RING_SIZE - 1)), bytes, size);
	outbox_put(outbox, size);
	outbox_ring(outbox);
}

static uint64_t
end_of(const struct ord_task *task)
{
	return task->worker->outbox.position;
}

/* A record in the right place, and the master is told. */
static void
say(struct ord_task *task, uint8_t kind, uint8_t flags, uint16_t value, const void *payload, size_t size)
{
	emit(task->worker,
		&(struct emission){ .kind = kind, .flags = flags, .value = value, .last = true, .body = payload, .body_size = size });
	outbox_ring(&task->worker->outbox);
}

/* What it has answered before is taken: of what comes with a lie nothing is believed. */
static void
be_taken(struct ord_task *task)
{
	struct worker *worker = task->worker;

	outbox_ring(&worker->outbox);
	while (atomic_load(&worker->region.page->acknowledged) != worker->outbox.position)
		scene_pause_ms(1);
}

static void
say_word(struct ord_task *task, uint64_t word, size_t size)
{
	char record[64] = { 0 };

	wire_put64(record, word);
	write_raw(task, record, size);
}

static void
cut_record(struct ord_task *task)
{
	say_word(task, RECORD_WORD(RECORD_LOG, 0, ORD_INFO, 200), 32);
}

static void
oversized_record(struct ord_task *task)
{
	say_word(task, RECORD_WORD(RECORD_RESULT, 0, ORD_DONE, UINT32_MAX), 32);
}

static void
half_a_header(struct ord_task *task)
{
	say_word(task, RECORD_WORD(RECORD_RESULT, 0, ORD_DONE, 0), 3);
}

/* The bell is a descriptor like any other. */
static void
ring_and_listen(struct ord_task *task)
{
	uint64_t many = UINT64_MAX - 1;

	for (int i = 0; i < 10000; i++) {
		outbox_arm(&task->worker->outbox);
		if (write(task->worker->outbox.bell, &many, sizeof many) < 0)
			CHECK(read(task->worker->outbox.bell, &many, sizeof many) > 0);
	}
}

static void
random_bytes(struct ord_task *task)
{
	uint64_t state = 88172645463325252u, words[64];

	for (size_t i = 0; i < 64; i++)
		words[i] = scene_random(&state);
	write_raw(task, words, sizeof words);
}

/* What was said once more: the answers of tasks that are done. */
static void
say_again(struct ord_task *task)
{
	char again[64];

	memcpy(again, task->worker->region.ring, sizeof again);
	write_raw(task, again, sizeof again);
}

static void
result_of_another(struct ord_task *task)
{
	emit_run(task->worker, task->sequence + 3, 0, 0);
	say(task, RECORD_RESULT, 0, ORD_DONE, "mine", 4);
}

static void
result_twice(struct ord_task *task)
{
	say(task, RECORD_RESULT, 0, ORD_DONE, "first", 5);
	for (int i = 0; i < AROUND; i++)
		say(task, RECORD_RESULT, 0, ORD_DONE, "again", 5);
}

static void
state_that_is_none(struct ord_task *task)
{
	say(task, RECORD_RESULT, 0, ORD_QUARANTINED, "no", 2);
}

static void
record_of_a_master(struct ord_task *task)
{
	say(task, RECORD_CALL, 0, 0, "run", 3);
}

static void
skip_what_runs(struct ord_task *task)
{
	say(task, RECORD_SKIP, 0, 0, NULL, 0);
}

static void
say_committed(struct ord_task *task, uint64_t committed)
{
	atomic_store(&task->worker->region.page->committed, committed);
	outbox_arm(&task->worker->outbox);
}

static void
page_ahead(struct ord_task *task)
{
	say_committed(task, end_of(task) + 100 * REGION_RING_SIZE);
}

static void
page_behind(struct ord_task *task)
{
	say_committed(task, 8);
}

static void
page_wraps(struct ord_task *task)
{
	say_committed(task, UINT64_MAX - 7);
}

/* What lies in the ring from before is whole records, but not these. */
static void
page_a_ring_ahead(struct ord_task *task)
{
	memset(task->worker->region.ring, 0xee, REGION_RING_SIZE);
	say_committed(task, end_of(task) + REGION_RING_SIZE / 2);
}

static void
block(struct ord_task *task, uint64_t offset, uint64_t size, uint32_t index, uint32_t generation)
{
	struct slab_handle handle = { offset, size, index, generation };

	say(task, RECORD_BLOCK, 0, 0, &handle, SLAB_OUTPUT_SIZE);
	say(task, RECORD_RESULT, 0, ORD_DONE, NULL, 0);
}

static void
block_beyond(struct ord_task *task)
{
	block(task, task->worker->slab.stretch - ARENA_UNIT, 2 * ARENA_UNIT, 0, 1);
}

static void
block_of_another_place(struct ord_task *task)
{
	block(task, task->worker->slab.stretch + SLAB_CONTROL_SIZE, ARENA_UNIT, 0, 1);
}

static void
block_on_control_words(struct ord_task *task)
{
	block(task, 0, ARENA_UNIT, 0, 1);
}

static void
block_of_no_index(struct ord_task *task)
{
	block(task, SLAB_CONTROL_SIZE, ARENA_UNIT, SLAB_BLOCKS, 1);
}

static void
block_of_another_time(struct ord_task *task)
{
	block(task, SLAB_CONTROL_SIZE, ARENA_UNIT, 0, 7);
}

/* A hole of the file, which is read as zeros. */
static void
block_without_pages(struct ord_task *task)
{
	block(task, SLAB_CONTROL_SIZE + 64 * ARENA_UNIT, 3 * ARENA_UNIT, 5, 1);
}

static void
log_without_end(struct ord_task *task)
{
	char payload[40];

	memset(payload, 'x', sizeof payload);
	say(task, RECORD_LOG, 0, ORD_INFO, payload, sizeof payload);
}

static void
log_with_a_long_name(struct ord_task *task)
{
	char payload[64];

	log_encode(payload, 1, 2, "file", 4);
	wire_put64(payload + 8, (uint64_t)0x7fffffff << 32);
	payload[40] = '\0';
	say(task, RECORD_LOG, 0, ORD_INFO, payload, 41);
}

static void
log_without_a_name(struct ord_task *task)
{
	char payload[64] = { 0 };
	size_t size = log_encode(payload, 1, 2, NULL, LOG_FILE_SAME);

	say(task, RECORD_LOG, 0, ORD_INFO, payload, size + 4);
}

/* A mark that was never written, while a child goes on to print. */
static void
marks_that_never_come(struct ord_task *task)
{
	char payload[8];

	wire_put64(payload, UINT64_C(1) << 40);
	say(task, RECORD_RESULT, RECORD_MARKS, ORD_DONE, payload, 8);
}

static void
no_life_channel(struct ord_task *task)
{
	(void)task;
	for (int fd = 0; fd < 1000; fd++) {
		socklen_t size = sizeof(int);
		int type = 0;

		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0)
			CHECK(type != SOCK_SEQPACKET);
	}
}

static const struct deed deeds[] = {
	{ "a record that reaches over the end", cut_record, "no whole record" },
	{ "a record of 4 GiB", oversized_record, "no whole record" },
	{ "an end in a header", half_a_header, "no whole record" },
	{ "what was said before", say_again, "makes no sense" },
	{ "the bell rung and read", ring_and_listen, NULL },
	{ "random bytes", random_bytes, "of its stream" },
	{ "the result of another task", result_of_another, "RESULT" },
	{ "a result that is no state", state_that_is_none, "RESULT" },
	{ "a record of a master", record_of_a_master, "CALL" },
	{ "a skip of what runs", skip_what_runs, "SKIP" },
	{ "a page far ahead", page_ahead, "its page says" },
	{ "a page behind", page_behind, "its page says" },
	{ "a page that wraps", page_wraps, "its page says" },
	{ "a page ahead of the ring", page_a_ring_ahead, "no whole record" },
	{ "a block beyond the end", block_beyond, "BLOCK" },
	{ "a block of another place", block_of_another_place, "BLOCK" },
	{ "a block on the control words", block_on_control_words, "BLOCK" },
	{ "a block without an index", block_of_no_index, "BLOCK" },
	{ "a block of another time", block_of_another_time, "BLOCK" },
	{ "a log without an end", log_without_end, "LOG" },
	{ "a log with a long name", log_with_a_long_name, "LOG" },
	{ "a log of a file that was not told", log_without_a_name, "LOG" },
	{ "the life channel", no_life_channel, NULL },
};

enum { DEEDS = sizeof deeds / sizeof deeds[0] };

struct order {
	uint32_t deed;
	uint32_t victim;
};

static int
act(struct ord_task *task, void *user)
{
	const struct order *order = ord_task_input(task, NULL);

	(void)user;
	if (order->victim) {
		be_taken(task);
		deeds[order->deed].act(task);
		if (deeds[order->deed].word != NULL)
			for (;;)
				pause();
	}
	return ord_task_return(task, order, sizeof *order);
}

static void
check_result(struct tally *tally, const struct ord_result *result)
{
	const struct order *order = tally->user;
	const struct deed *deed = &deeds[order->deed];

	if (ord_result_sequence(result) != VICTIM || deed->word == NULL) {
		if (ord_result_state(result) != ORD_DONE)
			fprintf(stderr, "%s, task %llu: %s\n", deed->name,
				(unsigned long long)ord_result_sequence(result), ord_result_error(result));
		CHECK_EQ(ord_result_state(result), ORD_DONE);
		return;
	}
	CHECK_EQ(ord_result_state(result), ORD_SIGNALED);
	if (strstr(ord_result_error(result), deed->word) == NULL)
		fprintf(stderr, "%s: %s\n", deed->name, ord_result_error(result));
	CHECK(strstr(ord_result_error(result), "killed by the pool") != NULL);
	CHECK(strstr(ord_result_error(result), deed->word) != NULL);
}

static void
play(uint32_t start, uint32_t deed)
{
	struct order order = { .deed = deed };
	struct tally tally = { .on_result = check_result, .user = &order };
	struct ord_statistics statistics = ORD_STATISTICS;
	unsigned fds = scene_count_fds();


	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = WORKERS, .start = start));
	for (int i = 0; i < AROUND; i++) {
		order.victim = i == VICTIM;
		TALLY_SUBMIT(&tally, order);
	}
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_OK(tally.pool, ord_pool_statistics(tally.pool, &statistics));
	if (statistics.deaths != (deeds[deed].word != NULL))
		fprintf(stderr, "%s: %u deaths\n", deeds[deed].name, (unsigned)statistics.deaths);
	CHECK_EQ(statistics.deaths, deeds[deed].word != NULL);
	tally_close(&tally, AROUND);
	CHECK_EQ(scene_count_fds(), fds);
}

SCENE(bad_worker, each_lie_costs_its_worker_and_nobody_else)
{
	for (uint32_t i = 0; i < DEEDS; i++)
		play(ORD_START_EXEC, i);
}

/* --- results that the victim says itself, in the last task; it does not come back from that --- */

static const struct deed answers[] = {
	{ "a result twice", result_twice, "first" },
	{ "a block without pages", block_without_pages, NULL },
	{ "marks that never come", marks_that_never_come, NULL },
};

static int
answer(struct ord_task *task, void *user)
{
	const struct order *order = ord_task_input(task, NULL);

	(void)user;
	if (!order->victim)
		return ord_task_return(task, order, sizeof *order);
	if (answers[order->deed].act == marks_that_never_come && fork() == 0) {
		setsid(); /* it outlives its worker */
		for (;;)
			if (write(STDOUT_FILENO, "a flood of words\n", 17) < 0)
				_exit(0);
	}
	answers[order->deed].act(task);
	for (;;)
		pause();
}

static void
check_answer(struct tally *tally, const struct ord_result *result)
{
	const struct order *order = tally->user;
	const char *output;
	size_t size;

	CHECK_EQ(ord_result_state(result), ORD_DONE);
	output = ord_result_output(result, &size);
	if (ord_result_sequence(result) != AROUND - 1)
		CHECK_EQ(size, sizeof *order);
	else if (order->deed == 0)
		CHECK(size == 5 && memcmp(output, "first", 5) == 0);
	else if (order->deed == 1)
		CHECK(size == 3 * ARENA_UNIT && output[0] == '\0' && output[size - 1] == '\0');
}

/* A user who takes long to look at each line: the flood is always ahead. */
static void
look_slowly(struct tally *tally, const struct ord_message *message)
{
	(void)tally;
	(void)message;
	scene_pause_ms(1);
}

SCENE(bad_worker, what_it_answered_itself_counts_once)
{
	for (uint32_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		struct order order = { .deed = i };
		struct tally tally = { .on_result = check_answer, .on_message = look_slowly, .user = &order };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = answer, .workers = WORKERS, .grace_ms = 100));
		for (int k = 0; k < AROUND; k++) {
			order.victim = k == AROUND - 1;
			TALLY_SUBMIT(&tally, order);
		}
		tally_close(&tally, AROUND);
	}
}

/* --- claim words, which all workers share --- */

enum { STEALS = 4 };

static int
steal(struct ord_task *task, void *user)
{
	const struct order *order = ord_task_input(task, NULL);
	struct worker *worker = task->worker;

	(void)user;
	if (!order->victim)
		return ord_task_return(task, order, sizeof *order);
	for (uint32_t i = 0; i < worker->n_claims; i++) {
		uint64_t word = atomic_load(&worker->claims[i]);
		uint64_t stolen[STEALS] = { 0, UINT64_MAX, (word & ~UINT64_C(0xffff)) | (uint64_t)worker->place << 2 | CLAIM_STARTED,
			(word & ~UINT64_C(0xffff)) | UINT64_C(77) << 2 | CLAIM_STARTED };

		if (CLAIM_STATE(word) == CLAIM_ARMED)
			atomic_store(&worker->claims[i], stolen[order->deed]);
	}
	return ord_task_return(task, order, sizeof *order);
}

/* Who is to blame cannot be told, so a worker may be replaced that did no wrong; but each task has its one result. */
static void
check_stolen(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	CHECK(ord_result_state(result) == ORD_DONE || ord_result_state(result) == ORD_SIGNALED);
}

SCENE(bad_worker, stolen_claims_lose_no_task)
{
	for (uint32_t i = 0; i < STEALS; i++) {
		struct order order = { .deed = i };
		struct tally tally = { .on_result = check_stolen };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = steal, .workers = WORKERS, .max_deaths = 1000,
					   .window = 64, .start = ORD_START_FORK));
		for (int k = 0; k < 10 * AROUND; k++) {
			order.victim = k == 2 * AROUND || k == 4 * AROUND;
			TALLY_SUBMIT(&tally, order);
		}
		tally_close(&tally, 10 * AROUND);
		CHECK(tally.states[ORD_DONE] >= AROUND);
	}
}

/* --- what a pool says when its workers turn bad before they do anything --- */

static void *
babble(struct ord_task *task, void *user)
{
	(void)user;
	CHECK_EQ(ord_log(ORD_INFO, "hello"), 0);
	say_committed(task, UINT64_MAX);
	scene_pause_ms(SCENE_LONG_MS);
	return NULL;
}

SCENE(bad_worker, one_that_is_bad_from_the_start_ends_the_pool_with_its_reason)
{
	struct tally tally = { 0 };
	struct order order = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .on_worker_start = babble, .workers = WORKERS,
				   .max_deaths = 3));
	TALLY_SUBMIT(&tally, order);
	CHECK_FAILS(tally.pool, ord_pool_finish(tally.pool), ORD_ECRASHLOOP, "its page says");
	ord_pool_destroy(&tally.pool);
	CHECK_EQ(tally.states[ORD_CANCELED], 1);
}
