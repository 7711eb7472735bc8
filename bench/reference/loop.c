/* The raw loop; see loop.h. */
#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "links.h"
#include "support/measure.h"

/* A message: this, then count records of {uint32_t size; bytes}. count 0: the end, or an answer to it. */
struct head {
	uint64_t first;
	uint32_t count;
	uint32_t worker;
};

typedef size_t (*task_fn)(const unsigned char *input, size_t size, unsigned char *output);
typedef void (*result_fn)(struct loop *loop, uint64_t sequence, const unsigned char *output);

struct loop {
	struct links links;
	int gate[2]; /* a worker connects when it reads a byte */
	uint64_t outstanding[LINKS_MAX];

	struct shape shape;
	result_fn on_result;
	uint64_t sent;
	uint64_t delivered;
	unsigned char *ring; /* window payloads */
	bool *done;
	unsigned char *payload;
};

/* Polls only when there is nothing to receive: polling first costs six times as much. */
static void
receive(void *socket, zmq_msg_t *message)
{
	while (zmq_msg_recv(message, socket, ZMQ_DONTWAIT) < 0) {
		zmq_pollitem_t item = { socket, 0, ZMQ_POLLIN, 0 };

		if (errno != EAGAIN && errno != EINTR)
			fail("receive: %s", zmq_strerror(errno));
		zmq_poll(&item, 1, -1);
	}
}

static size_t
add_one(const unsigned char *input, size_t size, unsigned char *output)
{
	uint64_t number;

	if (size == sizeof number) {
		memcpy(&number, input, sizeof number);
		number++;
		memcpy(output, &number, sizeof number);
	} else {
		memcpy(output, input, size);
	}
	return size;
}

/* Answers one message of tasks with one of results. */
static void
work_off(zmq_msg_t *message, void *results, unsigned worker, task_fn function)
{
	const unsigned char *in = zmq_msg_data(message);
	size_t left = zmq_msg_size(message);
	struct head head;
	zmq_msg_t answer;
	unsigned char *out;

	zmq_msg_init_size(&answer, left);
	out = zmq_msg_data(&answer);
	memcpy(&head, in, sizeof head);
	head.worker = worker;
	memcpy(out, &head, sizeof head);
	in += sizeof head;
	out += sizeof head;
	for (uint32_t i = 0; i < head.count; i++) {
		uint32_t size;

		memcpy(&size, in, sizeof size);
		size = (uint32_t)function(in + sizeof size, size, out + sizeof size);
		memcpy(out, &size, sizeof size);
		in += sizeof size + size;
		out += sizeof size + size;
	}
	links_check(zmq_msg_send(&answer, results, 0), "answer");
}

static void
serve(void *user, unsigned worker)
{
	struct loop *loop = user;
	volatile task_fn function = add_one;
	void *tasks, *results;
	char byte;

	close(loop->gate[1]);
	if (read(loop->gate[0], &byte, 1) != 1)
		_exit(1);
	links_connect(&loop->links, worker, &tasks, &results);
	for (;;) {
		zmq_msg_t message;
		struct head head;

		zmq_msg_init(&message);
		receive(tasks, &message);
		memcpy(&head, zmq_msg_data(&message), sizeof head);
		if (head.count == 0 && head.first == 1)
			_exit(0);
		work_off(&message, results, worker, function);
		zmq_msg_close(&message);
	}
}

static void
send_empty(struct loop *loop, unsigned worker, uint64_t word)
{
	struct head head = { word, 0, worker };

	links_check(zmq_send(loop->links.tasks[worker], &head, sizeof head, 0), "send");
}

static void
deliver(struct loop *loop, uint64_t sequence, const unsigned char *output)
{
	uint64_t number;

	if (loop->shape.size == sizeof number) {
		memcpy(&number, output, sizeof number);
		if (number != sequence + 1)
			fail("a result of the raw loop is wrong");
	} else if (memcmp(output, loop->payload, 64) != 0) {
		fail("an echo of the raw loop is not what was sent");
	}
}

struct loop *
loop_new(unsigned workers)
{
	struct loop *loop = calloc(1, sizeof *loop);

	if (!loop)
		fail("out of memory");
	loop->on_result = deliver;
	if (pipe(loop->gate) != 0)
		fail("pipe: %s", strerror(errno));
	links_fork(&loop->links, workers, serve, loop);
	close(loop->gate[0]);
	return loop;
}

uint64_t
loop_connect(struct loop *loop)
{
	uint64_t first_ns;
	zmq_msg_t message;

	links_bind(&loop->links);
	for (unsigned i = 0; i < loop->links.workers; i++)
		if (write(loop->gate[1], "", 1) != 1)
			fail("write: %s", strerror(errno));
	for (unsigned i = 0; i < loop->links.workers; i++)
		send_empty(loop, i, 0);
	zmq_msg_init(&message);
	receive(loop->links.results, &message);
	first_ns = now_ns();
	for (unsigned i = 1; i < loop->links.workers; i++)
		receive(loop->links.results, &message);
	zmq_msg_close(&message);
	return first_ns;
}

static void
send_batch(struct loop *loop, unsigned worker, uint64_t count)
{
	struct head head = { loop->sent, (uint32_t)count, worker };
	uint32_t size = (uint32_t)loop->shape.size;
	zmq_msg_t message;
	unsigned char *at;

	zmq_msg_init_size(&message, sizeof head + count * (sizeof size + size));
	at = zmq_msg_data(&message);
	memcpy(at, &head, sizeof head);
	at += sizeof head;
	for (uint64_t i = 0; i < count; i++, loop->sent++) {
		memcpy(at, &size, sizeof size);
		memcpy(at + sizeof size, size == 8 ? (void *)&loop->sent : loop->payload, size);
		at += sizeof size + size;
	}
	loop->outstanding[worker] += count;
	links_check(zmq_msg_send(&message, loop->links.tasks[worker], 0), "send");
}

/* Sends to whoever has least while the window and the credit allow it. */
static void
give_out(struct loop *loop, uint64_t end)
{
	const struct shape *shape = &loop->shape;

	while (loop->sent < end) {
		uint64_t count = end - loop->sent < shape->batch ? end - loop->sent : shape->batch;
		unsigned worker = 0;

		for (unsigned i = 1; i < loop->links.workers; i++)
			if (loop->outstanding[i] < loop->outstanding[worker])
				worker = i;
		if (loop->sent + count - loop->delivered > shape->window ||
			loop->outstanding[worker] + count > shape->credit)
			return;
		send_batch(loop, worker, count);
	}
}

/* Puts a message of results into the ring and delivers what is in order. */
static void
take(struct loop *loop, zmq_msg_t *message)
{
	const unsigned char *in = zmq_msg_data(message);
	const struct shape *shape = &loop->shape;
	struct head head;

	memcpy(&head, in, sizeof head);
	in += sizeof head;
	loop->outstanding[head.worker] -= head.count;
	for (uint64_t sequence = head.first; sequence < head.first + head.count; sequence++) {
		uint64_t slot = sequence % shape->window;
		uint32_t size;

		memcpy(&size, in, sizeof size);
		if (size != shape->size || loop->done[slot])
			fail("the raw loop lost its way");
		memcpy(loop->ring + slot * size, in + sizeof size, size);
		loop->done[slot] = true;
		in += sizeof size + size;
	}
	while (loop->done[loop->delivered % shape->window]) {
		uint64_t slot = loop->delivered % shape->window;

		loop->done[slot] = false;
		loop->on_result(loop, loop->delivered++, loop->ring + slot * shape->size);
	}
}

void
loop_run(struct loop *loop, const struct shape *shape, uint64_t tasks)
{
	uint64_t end = loop->sent + tasks;
	zmq_msg_t message;

	loop->shape = *shape;
	loop->ring = malloc(shape->window * shape->size);
	loop->done = calloc(shape->window, sizeof *loop->done);
	loop->payload = malloc(shape->size);
	if (!loop->ring || !loop->done || !loop->payload)
		fail("out of memory");
	memset(loop->payload, 'x', shape->size);
	zmq_msg_init(&message);
	while (loop->delivered < end) {
		give_out(loop, end);
		receive(loop->links.results, &message);
		take(loop, &message);
	}
	zmq_msg_close(&message);
	free(loop->ring);
	free(loop->done);
	free(loop->payload);
}

void
loop_turn(void *user, uint64_t tasks)
{
	const struct loop_turn *turn = user;

	loop_run(turn->loop, &turn->shape, tasks);
}

void
loop_destroy(struct loop *loop)
{
	for (unsigned i = 0; i < loop->links.workers; i++)
		send_empty(loop, i, 1);
	links_close(&loop->links);
	close(loop->gate[1]);
	free(loop);
}
