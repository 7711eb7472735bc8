/*
 * A program of the same user that looks into the pool's directory: it connects to every endpoint, speaks
 * garbage, floods, leaves connections half open, and takes endpoints away. Nothing is lost, nobody hangs, and
 * no descriptor stays.
 */
#define _DEFAULT_SOURCE /* DT_DIR and friends */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "tally.h"
#include "worker/worker.h"

enum { TASKS = 2000, CONNECTIONS = 1000, OPEN_AT_ONCE = 200 };

/* Calls a function with the path of each endpoint of the pools of this scene; how many there were. */
static unsigned
each_endpoint(void (*act)(const char *path))
{
	const char *parent = getenv("XDG_RUNTIME_DIR");
	DIR *folders = opendir(parent), *folder;
	struct dirent *entry, *endpoint;
	char path[1024], name[2048];
	unsigned n = 0;

	CHECK(folders != NULL);
	while ((entry = readdir(folders)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", parent, entry->d_name);
		if (entry->d_name[0] == '.' || (folder = opendir(path)) == NULL)
			continue;
		while ((endpoint = readdir(folder)) != NULL) {
			if (endpoint->d_name[0] == '.')
				continue;
			snprintf(name, sizeof name, "%s/%s", path, endpoint->d_name);
			n++;
			if (act != NULL)
				act(name);
		}
		closedir(folder);
	}
	closedir(folders);
	return n;
}

static int
open_connection(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Half of them say garbage, the others nothing. */
static void
connect_often(const char *path)
{
	static const char garbage[] = "\377\0\0\0\0\0\0\0\001\177\003\0NULL garbage garbage";
	int open[OPEN_AT_ONCE];

	for (int i = 0; i < CONNECTIONS; i++) {
		int *fd = &open[i % OPEN_AT_ONCE];

		if (i >= OPEN_AT_ONCE && *fd >= 0)
			close(*fd);
		*fd = open_connection(path);
		if (*fd >= 0 && i % 2 != 0 && send(*fd, garbage, sizeof garbage, MSG_NOSIGNAL) < 0)
			CHECK(errno == EPIPE || errno == ECONNRESET);
	}
	for (int i = 0; i < OPEN_AT_ONCE; i++)
		if (open[i] >= 0)
			close(open[i]);
}

/* Frames with a header of the right size, and of none. */
static void
flood(const char *path)
{
	void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_PUSH);
	int zero = 0, few = 10, soon = 1000;
	char name[2100], frame[48] = { 0 };

	snprintf(name, sizeof name, "ipc://%s", path);
	zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
	zmq_setsockopt(socket, ZMQ_SNDHWM, &few, sizeof few);
	zmq_setsockopt(socket, ZMQ_SNDTIMEO, &soon, sizeof soon);
	CHECK_EQ(zmq_connect(socket, name), 0);
	for (int i = 0; i < 3000; i++)
		if (zmq_send(socket, frame, (size_t)(i % (int)sizeof frame), 0) < 0)
			break;
	zmq_close(socket);
	zmq_ctx_term(context);
}

static void
be_a_stranger(void)
{
	CHECK(each_endpoint(connect_often) > 0);
	CHECK(each_endpoint(flood) > 0);
}

/* How many descriptors this worker has. */
static int
count_fds(struct ord_task *task, void *user)
{
	unsigned n = scene_count_fds();

	(void)user;
	CHECK_EQ(atomic_load(&task->worker->region.page->dropped), 0); /* no frame of a stranger came in */
	return ord_task_return(task, &n, sizeof n);
}

struct seen {
	unsigned fds; /* of a worker, last */
	unsigned most;
	bool workers[2];
};

static void
see(struct tally *tally, const struct ord_result *result)
{
	struct seen *seen = tally->user;

	CHECK_EQ(ord_result_state(result), ORD_DONE);
	seen->fds = OUTPUT_AS(unsigned, result);
	seen->most = seen->fds > seen->most ? seen->fds : seen->most;
	CHECK(ord_result_worker(result) < 2);
	seen->workers[ord_result_worker(result)] = true;
}

static void
run_some(struct tally *tally, int tasks)
{
	for (int i = 0; i < tasks; i++) {
		uint64_t input = (uint64_t)i;

		TALLY_SUBMIT(tally, input);
	}
	CHECK_OK(tally->pool, ord_pool_run(tally->pool));
}

SCENE(strangers, who_connects_is_closed_and_nothing_is_lost)
{
	struct seen seen = { 0 };
	struct tally tally = { .on_result = see, .user = &seen };
	struct ord_statistics statistics = ORD_STATISTICS;
	unsigned fds, before;
	uint64_t results = 0;
	pid_t stranger;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = count_fds, .workers = 2));
	/* From then on there is nothing that this process would still open for one of them. */
	for (; !seen.workers[0] || !seen.workers[1]; results += 10)
		run_some(&tally, 10);
	before = seen.most;
	fds = scene_count_fds();
	stranger = scene_start(be_a_stranger);
	for (int i = 0; i < 10; i++, results += TASKS / 10) {
		run_some(&tally, TASKS / 10);
		scene_pause_ms(10);
	}
	CHECK_EQ(scene_await(stranger), 0);
	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; seen.fds > before && scene_now_ms() < end; results++)
		run_some(&tally, 1);
	CHECK(seen.fds <= before);
	CHECK_EQ(scene_count_fds(), fds);
	CHECK_OK(tally.pool, ord_pool_statistics(tally.pool, &statistics));
	CHECK_EQ(statistics.deaths, 0);
	tally_close(&tally, results);
}

/* --- endpoints that are taken away --- */

static void
take_away(const char *path)
{
	CHECK_EQ(unlink(path), 0);
}

static int
die_or_not(struct ord_task *task, void *user)
{
	(void)user;
	if (INPUT_AS(uint64_t, task) == 77)
		_exit(1);
	return ord_task_return(task, NULL, 0);
}

/* Who is connected stays so, and who comes later binds anew. */
SCENE(strangers, endpoints_may_go_under_a_running_pool)
{
	struct tally tally = { 0 };
	uint64_t kill = 77;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = die_or_not, .workers = 2));
	run_some(&tally, 50);
	each_endpoint(take_away);
	run_some(&tally, 50);
	TALLY_SUBMIT(&tally, kill);
	TALLY_SUBMIT(&tally, kill);
	run_some(&tally, 50);
	tally_close(&tally, 152);
	CHECK_EQ(tally.states[ORD_EXITED], 2);
	CHECK_EQ(tally.states[ORD_DONE], 150);
}
