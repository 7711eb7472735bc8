/*
 * The worker's loop.  It receives until there is nothing more, runs what came,
 * sends the records of each message when its tasks are done, and sleeps in
 * its tasks socket; while a task runs longer, the shared timer makes the
 * master look into the outbox.  Whatever happens to this process, the master
 * finds what it had committed there.
 */
#define _GNU_SOURCE /* MADV_WIPEONFORK */
#include "worker/serve.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "spawn/life.h"
#include "wire/channel.h"
#include "worker/ticks.h"
#include "worker/worker.h"

enum leave {
	LEAVE_ASKED = 0,
	LEAVE_SYSTEM = 71,  /* no sockets or memory: the master reads it as a failed start */
	LEAVE_PROTOCOL = 76 /* the master's bytes make no sense: it is not ours */
};

struct server {
	struct worker worker;
	struct channel_ends ends;
	struct buffer aligned; /* a copy of a message that lies unaligned */
	uint64_t position;     /* in the stream of tasks */
	uint64_t sequence;     /* that the next CALL belongs to */
	uint32_t index;
	uint32_t attempt;
	bool leaving;
};

static void
flush(struct worker *worker)
{
	const struct server *server = worker->owner;
	const struct status_page *page = worker->region.page;
	struct channel_message message;
	uint64_t position;
	const char *from;
	char *to;
	size_t size = outbox_unsent(&worker->outbox, &from, &position);

	if (size == 0)
		return;
	to = channel_compose(&message, FRAME_HEADER + size);
	if (to == NULL)
		return; /* unsent records stay in the outbox; the timer brings the master there */
	memcpy(frame_encode(to, page->token, page->id, position), from, size);
	if (channel_send(server->ends.results, &message) == 0)
		outbox_sent(&worker->outbox, size);
}

static void
drain(struct worker *worker)
{
	flush(worker);
	outbox_wait(&worker->outbox);
}

static void
take_run(struct server *server, const struct record *record)
{
	if (record->size != RECORD_RUN_SIZE ||
		wire_get64(record->payload + 8) >= server->worker.n_claims)
		_exit(LEAVE_PROTOCOL);
	server->sequence = wire_get64(record->payload);
	server->index = (uint32_t)wire_get64(record->payload + 8);
	server->attempt = record->value;
}

static void
take_call(struct server *server, const struct record *record, bool last)
{
	if ((record->flags & RECORD_TIMEOUT) != 0 && record->size < 8)
		_exit(LEAVE_PROTOCOL);
	worker_run(&server->worker, server->sequence, server->index, server->attempt, record, last);
	server->sequence++;
	server->index = (server->index + 1) & (server->worker.n_claims - 1);
	server->attempt = 0;
}

static void
take_record(struct server *server, const struct record *record, bool last)
{
	switch (record->kind) {
	case RECORD_RUN: take_run(server, record); break;
	case RECORD_CALL: take_call(server, record, last); break;
	case RECORD_BYE: server->leaving = true; break;
	default: _exit(LEAVE_PROTOCOL);
	}
}

/* Inputs are read where they lie, so they must lie aligned; libzmq hands out pieces of its receive buffer. */
static const char *
align(struct server *server, const struct channel_message *message)
{
	if ((uintptr_t)message->bytes % 8 == 0)
		return message->bytes;
	server->aligned.size = 0;
	if (buffer_append(&server->aligned, message->bytes, message->size) != 0)
		_exit(LEAVE_SYSTEM);
	return server->aligned.bytes;
}

static void
take_message(struct server *server, const struct channel_message *message)
{
	const struct status_page *page = server->worker.region.page;
	struct record record;
	struct frame frame;
	const char *cursor;
	int more;

	if (frame_decode(&frame, align(server, message), message->size) != 0 ||
		frame.token != page->token || frame.id != page->id ||
		frame.position != server->position)
		_exit(LEAVE_PROTOCOL);
	server->position += frame.size;
	server->worker.said_times = false;
	server->worker.now_ns = clock_now_ns();
	cursor = frame.records;
	while ((more = record_next(&record, &cursor, frame.records + frame.size)) == 1)
		take_record(server, &record, cursor == frame.records + frame.size);
	if (more < 0)
		_exit(LEAVE_PROTOCOL);
	flush(&server->worker);
}

static void
serve(struct server *server)
{
	struct channel_message message;

	while (!server->leaving) {
		if (channel_wait(server->ends.tasks, &message) != 0)
			_exit(LEAVE_SYSTEM);
		take_message(server, &message);
		channel_drop(&message);
	}
	fflush(stdout);
	_exit(LEAVE_ASKED);
}

static void
say_ready(const struct worker_setup *setup)
{
	struct life_packet ready = { .magic = LIFE_MAGIC,
		.type = LIFE_READY,
		.id = setup->id,
		.place = setup->place,
		.pid = getpid() };
	int life = setup->life;

	if (fd_send(life, &ready, sizeof ready, NULL, 0, 0) < 0)
		_exit(LEAVE_SYSTEM);
	fd_close(&life);
}

/* Children of tasks see a 0 there, and leave the outbox alone. */
static const char *
alive_page(void)
{
	char *page = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || madvise(page, 1, MADV_WIPEONFORK) != 0)
		_exit(LEAVE_SYSTEM);
	*page = 1;
	return page;
}

static void
set_up(struct server *server, const struct worker_setup *setup)
{
	struct worker *worker = &server->worker;

	worker->place = setup->place;
	worker->function = setup->function;
	worker->user = setup->user;
	worker->words = setup->words;
	worker->deadline = setup->deadline;
	worker->flush = flush;
	worker->drain = drain;
	worker->owner = server;
	if (region_map(&worker->region, setup->region) != 0 ||
		claims_map(&worker->claims, &worker->n_claims, setup->claims) != 0)
		_exit(LEAVE_SYSTEM);
	outbox_init(&worker->outbox, &worker->region, setup->timer);
	worker->alive = alive_page();
	worker->half_write = ticks_of_half_a_write();
	if (worker->words >= 0)
		setvbuf(stdout, NULL, _IOLBF, 0);
}

void
worker_serve(const struct worker_setup *setup)
{
	struct server *server = memory_new(1, sizeof *server);

	if (server == NULL)
		_exit(LEAVE_SYSTEM);
	set_up(server, setup);
	if (channel_ends_open(&server->ends, setup->directory, setup->id) != 0)
		_exit(LEAVE_SYSTEM);
	say_ready(setup);
	serve(server);
	_exit(LEAVE_ASKED);
}
