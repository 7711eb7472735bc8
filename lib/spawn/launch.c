/*
 * The master's side of the life channel.  Its start is a conversation of four
 * packets, HELLO, CONFIG, CONFIGURED and nothing more, with one deadline; from
 * then on requests go out and events come in without waiting.
 */
#define _GNU_SOURCE /* memfd_create */
#include "spawn/launch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <orderly/pool.h>
#include <orderly/version.h>

#include "base/clock.h"
#include "base/fd.h"
#include "spawn/start.h"

#define FINISH_MS 2000 /* beyond the grace: then it is told to kill everything and to die */
/* For that; before a machine that is very busy has let it, its SIGKILL would leave descendants behind. */
#define DIE_MS 30000
#define START_MS 30000 /* when the options say 0 */
#define SOCKET_BYTES (2 * (int)LIFE_TEXT_MAX)
#define BAD_PACKETS 64 /* skipped in one call */
#define REMEDY "let it be a program of orderly that calls ord_worker_main first in its main"

int
launch_receive(struct launch *launch, struct life_event *event)
{
	char bytes[sizeof event->packet + sizeof event->text];
	int fds[FD_PASS_MAX];
	size_t n_fds, size;

	for (int i = 0; i < BAD_PACKETS; i++) {
		int got = post_receive(
			launch->life, &event->packet, bytes, sizeof bytes - 1, fds, &n_fds);

		if (got == 0)
			return 0;
		if (got < 0 && errno == EPIPE)
			return ORD_ELOST;
		/* Nobody has a reason to send descriptors here. */
		for (size_t fd = 0; fd < n_fds; fd++)
			fd_close(&fds[fd]);
		if (got < 0)
			continue;
		size = event->packet.text_size;
		memcpy(event->text, bytes + sizeof event->packet, size);
		event->text[size] = '\0';
		return 1;
	}
	return 0;
}

/* The next event before the deadline: 1, 0: it has passed, ORD_ELOST. */
static int
await(struct launch *launch, uint64_t end_ns, struct life_event *event)
{
	struct pollfd life = { .fd = launch->life, .events = POLLIN };
	int got;

	while ((got = launch_receive(launch, event)) == 0) {
		uint64_t now = clock_now_ns();

		if (now >= end_ns)
			return 0;
		poll(&life, 1, clock_left_ms(now, end_ns));
	}
	return got;
}

/* Why it is no spawner, or why it could not be one: in its own words, if it has any. */
static int
refused(const struct life_event *event, const char *name, struct error *error)
{
	if (event->packet.type == LIFE_CONFIGURED && event->packet.status < 0 &&
		event->text[0] != '\0')
		return error_set(error, event->packet.status, "%s", event->text);
	return error_set(error, ORD_EPROGRAM, "%s does not speak as a spawner does: " REMEDY, name);
}

static int
check_hello(const struct life_event *event, const char *name, struct error *error)
{
	if (event->packet.type != LIFE_HELLO)
		return refused(event, name, error);
	if (event->packet.status == (int32_t)LIFE_VERSION &&
		strcmp(event->text, ord_version()) == 0)
		return 0;
	return error_set(error, ORD_EPROGRAM,
		"%s has version %s (protocol %d) of orderly, this is %s (protocol %u): install the same",
		name, event->text, (int)event->packet.status, ord_version(), LIFE_VERSION);
}

static int
hear_hello(struct launch *launch, const char *name, uint64_t end_ns, struct error *error)
{
	struct life_event event;
	int got = await(launch, end_ns, &event);

	if (got == 1)
		return check_hello(&event, name, error);
	if (got == 0)
		return error_set(error, ORD_EPROGRAM,
			"%s was started as a worker program and said nothing: " REMEDY, name);
	return error_set(error, ORD_EPROGRAM,
		"%s ended without a word: " REMEDY
		", or see on standard error why it could not start",
		name);
}

static int
hear_configured(struct launch *launch, const char *name, uint64_t end_ns, struct error *error)
{
	struct life_event event;
	int got = await(launch, end_ns, &event);

	if (got == 0)
		return error_set(error, ORD_ETIMEDOUT, "%s was not ready in time", name);
	if (got < 0)
		return error_set(error, ORD_EPROGRAM, "%s ended while it was configured", name);
	if (event.packet.type != LIFE_CONFIGURED || event.packet.status != 0)
		return refused(&event, name, error);
	return 0;
}

static int
send_config(struct launch *launch, const struct launch_options *options)
{
	struct life_packet packet = { .type = LIFE_CONFIG, .text_size = sizeof options->config };
	int fds[3];
	size_t n_fds = 0;

	if (options->claims >= 0)
		fds[n_fds++] = options->claims;
	if (options->config.slab_stretch != 0)
		fds[n_fds++] = options->slab;
	if (options->config.shared_size != 0 && options->config.shared_address == 0)
		fds[n_fds++] = options->shared;
	return post_send(&launch->post, launch->life, &packet, &options->config, fds, n_fds);
}

static int
handshake(struct launch *launch, const struct launch_options *options, struct error *error)
{
	uint32_t timeout_ms = options->timeout_ms != 0 ? options->timeout_ms : START_MS;
	uint64_t end_ns = clock_now_ns() + timeout_ms * CLOCK_NS_PER_MS;
	char text[4096];
	const char *name = start_name(options, text, sizeof text);
	int status = hear_hello(launch, name, end_ns, error);

	if (status != 0)
		return status;
	if (send_config(launch, options) != 0)
		return errno == ENOMEM ? error_memory(error)
				       : error_system(error, errno, "cannot configure %s", name);
	return hear_configured(launch, name, end_ns, error);
}

/* The default may be too small for one large packet. */
static void
widen(int socket)
{
	int bytes = SOCKET_BYTES;

	setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

static void
forget(struct launch *launch)
{
	fd_close(&launch->life);
	post_finish(&launch->post);
	launch->pid = 0;
}

int
launch_begin(struct launch *launch, const struct launch_options *options, struct error *error)
{
	int ends[2];

	memset(launch, 0, sizeof *launch);
	launch->life = -1;
	if (fd_pair(ends) != 0)
		return error_system(error, errno, "cannot make the life channel");
	launch->life = ends[0];
	widen(ends[0]);
	widen(ends[1]);
	launch->pid = start_spawner(options, ends[1], error);
	fd_close(&ends[1]);
	if (launch->pid > 0)
		return 0;
	forget(launch);
	return error->status;
}

int
launch_meet(struct launch *launch, const struct launch_options *options, struct error *error)
{
	int status = handshake(launch, options, error);

	if (status == 0)
		return 0;
	start_kill(launch->pid);
	forget(launch);
	return status;
}

int
launch_start(struct launch *launch, const struct launch_options *options, struct error *error)
{
	int status = launch_begin(launch, options, error);

	return status == 0 ? launch_meet(launch, options, error) : status;
}

static int
as_status(int sent)
{
	if (sent == 0)
		return 0;
	if (errno == ENOMEM)
		return ORD_ENOMEM;
	return errno == EPIPE ? ORD_ELOST : ORD_ESYSTEM;
}

int
launch_errno(int status)
{
	if (status == ORD_ENOMEM)
		return ENOMEM;
	return status == ORD_ELOST ? EPIPE : errno;
}

int
launch_worker(struct launch *launch, uint64_t id, uint32_t place, const struct launch_gifts *gifts)
{
	struct life_packet packet = { .type = LIFE_SPAWN, .id = id, .place = place };
	int fds[] = { gifts->region, gifts->timer, gifts->bell, gifts->words };

	packet.flags = gifts->words >= 0 ? LIFE_WORDS : 0;
	return as_status(post_send(
		&launch->post, launch->life, &packet, NULL, fds, gifts->words >= 0 ? 4 : 3));
}

static int
write_all(int fd, const char *bytes, size_t size)
{
	while (size != 0) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno != EINTR)
			return -1;
		bytes += written > 0 ? written : 0;
		size -= written > 0 ? (size_t)written : 0;
	}
	return 0;
}

/* A memfd with the text, -1 with errno. */
static int
text_in_memfd(const void *text, size_t size)
{
	int fd = fd_may_grow(size) == 0 ? memfd_create("orderly-command", MFD_CLOEXEC) : -1;

	if (fd >= 0 && write_all(fd, text, size) != 0)
		fd_close(&fd);
	return fd;
}

static int
send_command(struct launch *launch, struct life_packet *packet, const void *text, size_t text_size,
	int *fds, size_t n_fds)
{
	int memfd, sent;

	if (text_size <= LIFE_TEXT_MAX) {
		packet->text_size = (uint32_t)text_size;
		return post_send(&launch->post, launch->life, packet, text, fds, n_fds);
	}
	memfd = text_in_memfd(text, text_size);
	if (memfd < 0)
		return -1;
	packet->flags |= LIFE_TEXT_FD;
	fds[n_fds] = memfd;
	sent = post_send(&launch->post, launch->life, packet, NULL, fds, n_fds + 1);
	fd_close(&memfd);
	return sent;
}

int
launch_command(struct launch *launch, uint64_t id, uint32_t place,
	const struct launch_limits *limits, const void *text, size_t text_size, const int fds[3])
{
	static const uint32_t flags[3] = { LIFE_STDIN, LIFE_STDOUT, LIFE_STDERR };
	struct life_packet packet = { .type = LIFE_COMMAND,
		.id = id,
		.place = place,
		.timeout_ms = limits->timeout_ms,
		.grace_ms = limits->grace_ms,
		.bounds = limits->bounds,
		.flags = limits->tells ? LIFE_TELL : 0 };
	int given[4];
	size_t n = 0;

	for (size_t i = 0; i < 3; i++) {
		if (fds[i] < 0)
			continue;
		packet.flags |= flags[i];
		given[n++] = fds[i];
	}
	return as_status(send_command(launch, &packet, text, text_size, given, n));
}

int
launch_stop(struct launch *launch, uint64_t id, uint64_t run, uint32_t grace_ms, int kill)
{
	struct life_packet packet = {
		.type = LIFE_STOP, .id = id, .run = run, .grace_ms = grace_ms
	};

	packet.flags = kill ? LIFE_KILL : 0;
	return as_status(post_send(&launch->post, launch->life, &packet, NULL, NULL, 0));
}

int
launch_signal(struct launch *launch, uint64_t id, int number)
{
	struct life_packet packet = { .type = LIFE_SIGNAL, .id = id, .status = number };

	return as_status(post_send(&launch->post, launch->life, &packet, NULL, NULL, 0));
}

int
launch_doubt(struct launch *launch, uint64_t id, uint32_t place)
{
	struct life_packet packet = { .type = LIFE_DOUBT, .id = id, .place = place };

	return as_status(post_send(&launch->post, launch->life, &packet, NULL, NULL, 0));
}

int
launch_suspend(struct launch *launch, int on)
{
	struct life_packet packet = { .type = on ? LIFE_SUSPEND : LIFE_CONTINUE };

	return as_status(post_send(&launch->post, launch->life, &packet, NULL, NULL, 0));
}

int
launch_blocked(const struct launch *launch)
{
	return launch->post.first != NULL;
}

int
launch_flush(struct launch *launch)
{
	return as_status(post_flush(&launch->post, launch->life));
}

/* Until the spawner has closed its end, or the time is up. */
static void
await_end(struct launch *launch, uint64_t end_ns)
{
	struct pollfd life = { .fd = launch->life };
	struct life_event event;

	for (;;) {
		uint64_t now = clock_now_ns();

		if (launch_flush(launch) != 0)
			post_finish(&launch->post);
		while (launch_receive(launch, &event) == 1)
			;
		if (launch_receive(launch, &event) == ORD_ELOST)
			return;
		if (now >= end_ns)
			return;
		life.events = launch_blocked(launch) ? POLLIN | POLLOUT : POLLIN;
		poll(&life, 1, clock_left_ms(now, end_ns));
	}
}

void
launch_finish(struct launch *launch, uint32_t grace_ms)
{
	uint64_t end_ns = clock_now_ns() + ((uint64_t)grace_ms + FINISH_MS) * CLOCK_NS_PER_MS;
	struct life_packet packet = { .type = LIFE_END, .grace_ms = grace_ms };

	if (launch->life < 0)
		return;
	/* Without memory to ask, the end of the life channel says it: then there is no grace. */
	if (post_send(&launch->post, launch->life, &packet, NULL, NULL, 0) == 0)
		await_end(launch, end_ns);
	fd_close(&launch->life);
	start_reap(launch->pid, clock_now_ns() + DIE_MS * CLOCK_NS_PER_MS);
	forget(launch);
}

void
launch_abandon(struct launch *launch)
{
	forget(launch);
}
