/* Bare libzmq; see zmq_echo.h. */
#include "zmq_echo.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "reference/links.h"
#include "support/measure.h"

enum { CHECKED = 64 };

struct zmq_echo {
	struct links links;
};

/* The first byte says how it is to be given back. */
static void
serve(void *user, unsigned worker)
{
	struct zmq_echo *echo = user;
	void *tasks, *results;

	links_connect(&echo->links, worker, &tasks, &results);
	for (;;) {
		zmq_msg_t message;

		zmq_msg_init(&message);
		links_check(zmq_msg_recv(&message, tasks, 0), "receive");
		if (zmq_msg_size(&message) == 0)
			_exit(0);
		if (*(char *)zmq_msg_data(&message) == 'z') {
			links_check(zmq_msg_send(&message, results, 0), "forward");
			continue;
		}
		links_check(zmq_send(results, zmq_msg_data(&message), zmq_msg_size(&message), 0),
			"send");
		zmq_msg_close(&message);
	}
}

struct zmq_echo *
zmq_echo_new(unsigned workers)
{
	struct zmq_echo *echo = calloc(1, sizeof *echo);

	if (!echo)
		fail("out of memory");
	links_fork(&echo->links, workers, serve, echo);
	return echo;
}

void
zmq_echo_start(struct zmq_echo *echo)
{
	links_bind(&echo->links);
}

/* The payload outlives every message. */
static void
keep(void *data, void *hint)
{
	(void)data;
	(void)hint;
}

static void
send_one(struct zmq_echo *echo, const unsigned char *payload, size_t size, unsigned number,
	int zero_copy)
{
	void *socket = echo->links.tasks[number % echo->links.workers];
	zmq_msg_t message;

	if (!zero_copy) {
		links_check(zmq_send(socket, payload, size, 0), "send");
		return;
	}
	links_check(zmq_msg_init_data(&message, (void *)(uintptr_t)payload, size, keep, NULL),
		"message");
	links_check(zmq_msg_send(&message, socket, 0), "send");
}

static void
receive_one(struct zmq_echo *echo, const unsigned char *payload, size_t size)
{
	const unsigned char *bytes;
	zmq_msg_t message;

	zmq_msg_init(&message);
	links_check(zmq_msg_recv(&message, echo->links.results, 0), "receive");
	bytes = zmq_msg_data(&message);
	if (zmq_msg_size(&message) != size || memcmp(bytes, payload, CHECKED) != 0 ||
		memcmp(bytes + size - CHECKED, payload + size - CHECKED, CHECKED) != 0)
		fail("an echo of libzmq is not what was sent");
	zmq_msg_close(&message);
}

void
zmq_echo_run(struct zmq_echo *echo, const unsigned char *payload, size_t size, unsigned in_flight,
	unsigned n, int zero_copy)
{
	unsigned sent = 0;

	for (unsigned received = 0; received < n; received++) {
		for (; sent < n && sent - received < in_flight; sent++)
			send_one(echo, payload, size, sent, zero_copy);
		receive_one(echo, payload, size);
	}
}

void
zmq_echo_destroy(struct zmq_echo *echo)
{
	for (unsigned i = 0; i < echo->links.workers; i++)
		links_check(zmq_send(echo->links.tasks[i], "", 0, 0), "end");
	links_close(&echo->links);
	free(echo);
}
