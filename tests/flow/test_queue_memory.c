/* A queue when an allocation fails: a call says so, and the queue's thread tries again; nothing is lost. */
#include <stdatomic.h>
#include <string.h>

#include "memory_fault.h"
#include "queued.h"
#include "tally.h"

#define OPTIONS \
	&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = tally_echo, .workers = 2, \
				   .grace_ms = 100))

SCENE(queue_memory, new_says_so)
{
	struct ord_queue *queue;
	int came = 1, status;

	for (unsigned long n = 1; came; n++) {
		memory_fault_at(n);
		status = ord_queue_new(&queue, OPTIONS);
		came = memory_fault_came();
		memory_fault_at(0);
		CHECK_EQ(status, came ? ORD_ENOMEM : 0);
		CHECK((queue == NULL) == came);
		ord_queue_destroy(&queue);
	}
}

SCENE(queue_memory, start_says_so)
{
	int came = 1, status;

	for (unsigned long n = 1; came; n++) {
		struct ord_queue *queue;

		QUEUE_OK(NULL, ord_queue_new(&queue, OPTIONS));
		memory_fault_at(n);
		status = ord_queue_start(queue);
		came = memory_fault_came();
		memory_fault_at(0);
		/* The pool's start and its first steps may get along without. */
		CHECK(status == 0 || (came && status == ORD_ENOMEM));
		if (status == 0) {
			queued_put(queue, 1);
			queued_take(queue, 0, ORD_DONE);
		} else
			CHECK(ord_queue_error(queue)[0] != '\0');
		ord_queue_destroy(&queue);
	}
}

SCENE(queue_memory, put_says_so)
{
	struct ord_queue *queue = queued_open(OPTIONS);
	char bytes[100] = { 0 };
	char name[] = "x";
	uint64_t put = 0, sequence;
	int refused = 0;

	/* The thread allocates too, so a fault may be another's; but what was refused used no sequence. */
	for (unsigned long n = 0; n < 2000; n++) {
		int status;

		memory_fault_at(n % 7);
		status = ord_queue_put_task(queue,
			&ORD_TASK(.input = bytes, .input_size = sizeof bytes,
				.function_name = n % 10 == 0 ? name : NULL, .pass = n % 3 == 0),
			-1, &sequence);
		memory_fault_at(0);
		CHECK(status == 0 || status == ORD_ENOMEM);
		refused += status != 0;
		if (status == 0)
			CHECK_EQ(sequence, put++);
		if (n % 100 == 99) {
			struct ord_result *result;

			while (ord_queue_get(queue, 0, &result) == 0)
				ord_result_destroy(&result);
		}
	}
	CHECK(refused > 0);
	queued_close(&queue);
}

/* A fault for every allocation in turn, while one thread puts, gets and checks, and the other moves. */
static void
meet_faults(uint32_t order)
{
	struct ord_queue *queue =
		queued_open(&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = tally_echo,
						       .workers = 2, .window = 40, .order = order),
			.in_max = 30, .out_max = 30));
	uint64_t put = 0, got = 0, met = 0;

	for (unsigned long n = 0; n < 3000; n++) {
		char bytes[64] = { 0 };
		struct ord_result *result;
		size_t size;
		int status;

		memory_fault_at(1 + n % 61);
		memcpy(bytes, &put, sizeof put);
		status = ord_queue_put(queue, bytes, n % 2 == 0 ? 8 : 64, 0, NULL);
		CHECK(status == 0 || status == ORD_ENOMEM || status == ORD_EFULL);
		put += status == 0;
		if (status == ORD_EFULL) {
			uint64_t number;

			QUEUE_OK(queue, ord_queue_get(queue, SCENE_LONG_MS, &result));
			CHECK(order == ORD_COMPLETION || ord_result_sequence(result) == got);
			/* A result that did not fit into memory has failed; it is at its place all the same. */
			if (ord_result_state(result) == ORD_DONE) {
				memcpy(&number, ord_result_output(result, &size), sizeof number);
				CHECK(size == 8 || size == 64);
				CHECK_EQ(number, ord_result_sequence(result));
			}
			ord_result_destroy(&result);
			got++;
		}
		met += (uint64_t)memory_fault_came();
	}
	memory_fault_at(0);
	CHECK(met > 10);
	CHECK_EQ(got + queued_close(&queue), put);
}

SCENE(queue_memory, nothing_is_lost)
{
	meet_faults(ORD_SUBMISSION);
	meet_faults(ORD_COMPLETION);
}

/* Tasks that wait when they are canceled, and that are left when a queue was interrupted. */
SCENE(queue_memory, canceled_tasks)
{
	for (unsigned long n = 1; n < 60; n++) {
		struct ord_queue *queue =
			queued_open(&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = tally_echo,
							       .workers = 1, .window = 4),
				.out_max = 2));
		struct ord_result *result;
		int status;

		for (uint64_t i = 0; i < 30; i++)
			queued_put(queue, i);
		memory_fault_at(n);
		if (n % 2 == 0)
			QUEUE_OK(queue, ord_queue_cancel_all(queue));
		else
			QUEUE_OK(queue, ord_queue_interrupt(queue));
		QUEUE_OK(queue, ord_queue_stop(queue));
		for (uint64_t i = 0; i < 30; i++) {
			while ((status = ord_queue_get(queue, SCENE_LONG_MS, &result)) ==
				ORD_ENOMEM)
				CHECK(result == NULL);
			QUEUE_SAYS(queue, status, 0);
			CHECK_EQ(ord_result_sequence(result), i);
			ord_result_destroy(&result);
		}
		memory_fault_at(0);
		/* All was done before it was looked at: then there was nothing to interrupt. */
		status = ord_queue_get(queue, SCENE_LONG_MS, &result);
		CHECK(status == ORD_ECLOSED || (n % 2 != 0 && status == ORD_EINTERRUPTED));
		ord_queue_destroy(&queue);
	}
}
