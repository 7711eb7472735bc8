/* See links.h. */
#define _GNU_SOURCE
#include "links.h"

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

void
links_check(int result, const char *what)
{
	if (result < 0)
		fail("%s: %s", what, zmq_strerror(errno));
}

static void *
open_socket(
	const struct links *links, void *context, int type, char name, unsigned number, bool bind)
{
	void *socket = zmq_socket(context, type);
	char endpoint[96];
	int none = 0;

	snprintf(endpoint, sizeof endpoint, "ipc://%s/%c%u", links->directory, name, number);
	links_check(socket ? 0 : -1, "socket");
	zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
	zmq_setsockopt(socket, ZMQ_SNDHWM, &none, sizeof none);
	zmq_setsockopt(socket, ZMQ_RCVHWM, &none, sizeof none);
	links_check(bind ? zmq_bind(socket, endpoint) : zmq_connect(socket, endpoint), endpoint);
	return socket;
}

void
links_fork(struct links *links, unsigned workers, void (*serve)(void *user, unsigned worker),
	void *user)
{
	if (workers > LINKS_MAX)
		fail("at most %d workers", LINKS_MAX);
	links->workers = workers;
	strcpy(links->directory, "/tmp/bench-XXXXXX");
	if (!mkdtemp(links->directory))
		fail("%s: %s", links->directory, strerror(errno));
	for (unsigned i = 0; i < workers; i++) {
		links->pids[i] = fork();
		if (links->pids[i] < 0)
			fail("fork: %s", strerror(errno));
		if (links->pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(user, i);
			_exit(1);
		}
	}
}

void
links_bind(struct links *links)
{
	links->context = zmq_ctx_new();
	links->results = open_socket(links, links->context, ZMQ_PULL, 'r', 0, true);
	for (unsigned i = 0; i < links->workers; i++)
		links->tasks[i] = open_socket(links, links->context, ZMQ_PUSH, 't', i, true);
}

void
links_connect(const struct links *links, unsigned worker, void **tasks, void **results)
{
	void *context = zmq_ctx_new();

	*tasks = open_socket(links, context, ZMQ_PULL, 't', worker, false);
	*results = open_socket(links, context, ZMQ_PUSH, 'r', 0, false);
}

void
links_close(struct links *links)
{
	char path[64];

	for (unsigned i = 0; i < links->workers; i++)
		waitpid(links->pids[i], NULL, 0);
	for (unsigned i = 0; i < links->workers; i++)
		zmq_close(links->tasks[i]);
	zmq_close(links->results);
	zmq_ctx_term(links->context);
	for (unsigned i = 0; i < links->workers; i++) {
		snprintf(path, sizeof path, "%s/t%u", links->directory, i);
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/r0", links->directory);
	unlink(path);
	rmdir(links->directory);
}
