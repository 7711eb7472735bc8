/* Bare libzmq; see zmq_echo.h. */
#include "zmq_echo.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "support/measure.h"

enum { WORKERS_MAX = 8, CHECKED = 64 };

struct zmq_echo {
	unsigned workers;
	char directory[32];
	pid_t pids[WORKERS_MAX];
	void *context;
	void *results;
	void *tasks[WORKERS_MAX];
};

static void
check(int result, const char *what)
{
	if (result < 0)
		fail("%s: %s", what, zmq_strerror(errno));
}

static void *
open_socket(struct zmq_echo *echo, void *context, int type, char name, unsigned number, int bind)
{
	void *socket = zmq_socket(context, type);
	char endpoint[96];
	int none = 0;

	snprintf(endpoint, sizeof endpoint, "ipc://%s/%c%u", echo->directory, name, number);
	check(socket ? 0 : -1, "socket");
	zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
	zmq_setsockopt(socket, ZMQ_SNDHWM, &none, sizeof none);
	zmq_setsockopt(socket, ZMQ_RCVHWM, &none, sizeof none);
	check(bind ? zmq_bind(socket, endpoint) : zmq_connect(socket, endpoint), endpoint);
	return socket;
}

/* The first byte says how it is to be given back. */
static void
serve(struct zmq_echo *echo, unsigned worker)
{
	void *context = zmq_ctx_new(), *tasks, *results;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	tasks = open_socket(echo, context, ZMQ_PULL, 't', worker, 0);
	results = open_socket(echo, context, ZMQ_PUSH, 'r', 0, 0);
	for (;;) {
		zmq_msg_t message;

		zmq_msg_init(&message);
		check(zmq_msg_recv(&message, tasks, 0), "receive");
		if (zmq_msg_size(&message) == 0)
			_exit(0);
		if (*(char *)zmq_msg_data(&message) == 'z') {
			check(zmq_msg_send(&message, results, 0), "forward");
			continue;
		}
		check(zmq_send(results, zmq_msg_data(&message), zmq_msg_size(&message), 0), "send");
		zmq_msg_close(&message);
	}
}

struct zmq_echo *
zmq_echo_new(unsigned workers)
{
	struct zmq_echo *echo = calloc(1, sizeof *echo);

	if (!echo || workers > WORKERS_MAX)
		fail("no such echo");
	echo->workers = workers;
	strcpy(echo->directory, "/tmp/bench-XXXXXX");
	if (!mkdtemp(echo->directory))
		fail("%s: %s", echo->directory, strerror(errno));
	for (unsigned i = 0; i < workers; i++) {
		echo->pids[i] = fork();
		if (echo->pids[i] == 0)
			serve(echo, i);
	}
	return echo;
}

void
zmq_echo_start(struct zmq_echo *echo)
{
	echo->context = zmq_ctx_new();
	echo->results = open_socket(echo, echo->context, ZMQ_PULL, 'r', 0, 1);
	for (unsigned i = 0; i < echo->workers; i++)
		echo->tasks[i] = open_socket(echo, echo->context, ZMQ_PUSH, 't', i, 1);
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
	void *socket = echo->tasks[number % echo->workers];
	zmq_msg_t message;

	if (!zero_copy) {
		check(zmq_send(socket, payload, size, 0), "send");
		return;
	}
	check(zmq_msg_init_data(&message, (void *)(uintptr_t)payload, size, keep, NULL), "message");
	check(zmq_msg_send(&message, socket, 0), "send");
}

static void
receive_one(struct zmq_echo *echo, const unsigned char *payload, size_t size)
{
	const unsigned char *bytes;
	zmq_msg_t message;

	zmq_msg_init(&message);
	check(zmq_msg_recv(&message, echo->results, 0), "receive");
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
	char path[64];

	for (unsigned i = 0; i < echo->workers; i++)
		check(zmq_send(echo->tasks[i], "", 0, 0), "end");
	for (unsigned i = 0; i < echo->workers; i++)
		waitpid(echo->pids[i], NULL, 0);
	for (unsigned i = 0; i < echo->workers; i++)
		zmq_close(echo->tasks[i]);
	zmq_close(echo->results);
	zmq_ctx_term(echo->context);
	for (unsigned i = 0; i < echo->workers; i++) {
		snprintf(path, sizeof path, "%s/t%u", echo->directory, i);
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/r0", echo->directory);
	unlink(path);
	rmdir(echo->directory);
	free(echo);
}
