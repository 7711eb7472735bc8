/*
 * The worker's loop.  It receives until there is nothing more, runs what came,
 * rings the bell when the tasks of a message are done, and sleeps in its tasks
 * socket; while a task runs longer, the shared timer makes the master look
 * into the outbox.  Whatever happens to this process, the master
 * finds what it had committed there.
 */
#include "worker/serve.h"

#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <sys/socket.h>
#include <unistd.h>

#include <orderly/status.h>

#include "base/alive.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "spawn/life.h"
#include "worker/crash.h"
#include "worker/server.h"

#define STALE_INSTANTS 128 /* halves of the shortest write: some 30 us */
#define LOOK_MS 10 /* how often a task that waits looks whether its time is up, once it should be */

static void
drain(struct worker *worker)
{
	outbox_ring(&worker->outbox);
	outbox_wait(&worker->outbox);
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

/* --- asking: an answer is awaited in the middle of a task, and what comes before it is for later --- */

static void
put_aside(struct server *server, const struct frame *frame)
{
	struct aside *aside = memory_resize(NULL, sizeof *aside + frame->size);

	if (aside == NULL)
		_exit(LEAVE_SYSTEM);
	aside->next = NULL;
	aside->size = frame->size;
	memcpy(aside->records, frame->records, frame->size);
	*server->aside_last = aside;
	server->aside_last = &aside->next;
}

static bool
run_aside(struct server *server)
{
	struct aside *aside = server->aside;
	struct frame frame;

	if (aside == NULL)
		return false;
	frame = (struct frame){ .records = aside->records, .size = aside->size };
	server_run(server, &frame);
	/* What was put aside meanwhile stands behind it. */
	server->aside = aside->next;
	if (aside->next == NULL)
		server->aside_last = &server->aside;
	memory_free(aside);
	return true;
}

static int
take_reply(struct reply *reply, const struct record *record)
{
	reply->bytes.size = 0;
	if (buffer_append(&reply->bytes, record->payload + 8, record->size - 8) != 0)
		return ORD_ENOMEM;
	return -(int)record->value;
}

/* 1: here is the answer, with its status. */
static int
look_for_reply(struct server *server, const struct channel_message *message, int *status)
{
	const char *cursor;
	struct record record;
	struct frame frame;

	if (!server_open(server, message->bytes, message->size, &frame))
		return 0;
	cursor = frame.records;
	if (record_next(&record, &cursor, frame.records + frame.size) != 1 ||
		(record.kind != RECORD_ANSWER && record.kind != RECORD_GRANT)) {
		put_aside(server, &frame);
		return 0;
	}
	if (!server_is_answer(server, &record))
		return 0;
	*status = take_reply(&server->worker.reply, &record);
	return 1;
}

/* The master answers when the task is canceled; of a deadline only the spawner knows, and this process. */
static int
time_to_wait(const struct worker *worker)
{
	uint64_t deadline_ns = atomic_load(&worker->region.page->deadline_ns);
	int left;

	if (deadline_ns == 0)
		return -1;
	left = clock_left_ms(clock_now_ns(), deadline_ns);
	return left > LOOK_MS ? left : LOOK_MS;
}

static int
await_reply(struct server *server)
{
	struct worker *worker = &server->worker;
	struct channel_message message;
	int there, replied = 0, status = ORD_OK;

	while (replied == 0) {
		there = channel_wait_for(server->ends.tasks, &message, time_to_wait(worker));
		if (there < 0)
			_exit(LEAVE_SYSTEM);
		if (there == 1) {
			replied = look_for_reply(server, &message, &status);
			channel_drop(&message);
		} else if (ord_task_canceled(&worker->task)) {
			return ORD_EINTERRUPTED;
		}
	}
	return status;
}

static int
await(struct worker *worker)
{
	struct server *server = worker->owner;
	_Atomic uint64_t *awaits = &worker->region.page->awaits;
	int status;

	atomic_store_explicit(awaits, ++server->asked, memory_order_release);
	status = await_reply(server);
	atomic_store_explicit(awaits, 0, memory_order_release);
	return status;
}

/* --- the loop --- */

/* The master asks for it when this process has ended. */
static void
note_trouble(struct server *server, enum trouble what, int failed)
{
	atomic_store(&server->worker.region.page->trouble, TROUBLE_WORD(what, failed));
}

static void
take_message(struct server *server)
{
	struct channel_message message;
	struct frame frame;

	/* Nothing is put aside, and the records of all that was done are committed. */
	atomic_store_explicit(
		&server->worker.region.page->heard, server->position, memory_order_release);
	if (channel_wait(server->ends.tasks, &message) != 0)
		_exit(LEAVE_SYSTEM);
	if (server->position == 0)
		note_trouble(server, TROUBLE_NONE, 0); /* the master is connected */
	if (server_open(server, align(server, &message), message.size, &frame))
		server_run(server, &frame);
	channel_drop(&message);
}

_Noreturn static void
serve(struct server *server)
{
	while (!server->leaving)
		if (!run_aside(server))
			take_message(server);
	server_leave(server);
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

/*
 * A buffer that a forked host has used whole keeps its end as the place where
 * putc looks for room, so a line's end would not be seen: it gets another.
 */
static void
buffer_lines(void)
{
	size_t size = __fbufsize(stdout);
	char *room = size != 0 ? memory_new(1, size) : NULL;

	setvbuf(stdout, room, _IOLBF, room != NULL ? size : 0);
}

_Noreturn static void
leave_for(struct server *server, enum trouble what)
{
	note_trouble(server, what, errno);
	_exit(LEAVE_SYSTEM);
}

static void
set_up(struct server *server, const struct worker_setup *setup)
{
	struct worker *worker = &server->worker;

	worker->place = setup->place;
	worker->shared = setup->shared;
	worker->shared_size = setup->shared_size;
	worker->slab.fd = setup->slab;
	worker->slab.stretch = setup->slab_stretch;
	worker->function = setup->function;
	worker->start_hook = setup->start_hook;
	worker->stop_hook = setup->stop_hook;
	worker->user = setup->user;
	worker->words = setup->words;
	worker->deadline = setup->deadline;
	worker->task.worker = worker;
	worker->drain = drain;
	worker->await = await;
	worker->owner = server;
	server->aside_last = &server->aside;
	if (region_map(&worker->region, setup->region) != 0)
		_exit(LEAVE_SYSTEM);
	if (claims_map(&worker->claims, &worker->n_claims, setup->claims) != 0)
		leave_for(server, TROUBLE_MEMORY);
	outbox_init(&worker->outbox, &worker->region, setup->timer, setup->bell);
	/* Children of tasks see a 0 there, and leave the outbox alone. */
	worker->alive = alive_new();
	if (worker->alive == NULL)
		leave_for(server, TROUBLE_MEMORY);
	worker->instant = setup->half_write;
	if (worker->words < 0)
		worker->instant *=
			4; /* nothing to tell but the time, which needs no clock for so little */
	worker->stale = STALE_INSTANTS * setup->half_write;
	log_task_set(&worker->task); /* no code of the user runs here outside of a task or a hook */
	if ((worker->region.page->wants & WANTS_STACK) != 0 && worker->deadline >= 0)
		crash_watch(worker);
	if (worker->words >= 0)
		buffer_lines();
}

/* libzmq ends this process if it gets no thread or memory, here or when the master connects: then the page says at what. */
static void
open_sockets(struct server *server, const struct worker_setup *setup)
{
	note_trouble(server, TROUBLE_ZEROMQ, 0);
	if (channel_ends_open(&server->ends, setup->directory, setup->id, setup->master_pid) != 0)
		leave_for(server, TROUBLE_SOCKETS);
	note_trouble(server, TROUBLE_NONE, 0);
}

/* The hook may have left too few descriptors for the master to connect. */
static void
check_peers(struct server *server)
{
	if (channel_ends_check() != 0)
		leave_for(server, TROUBLE_PEERS);
	note_trouble(server, TROUBLE_ZEROMQ, 0);
}

void
worker_serve(const struct worker_setup *setup)
{
	struct server *server = memory_new(1, sizeof *server);

	if (server == NULL)
		_exit(LEAVE_SYSTEM);
	set_up(server, setup);
	open_sockets(server, setup);
	if (worker_start_hook(&server->worker, &setup->bounds) != 0) {
		fflush(stdout);
		_exit(LEAVE_UNFIT);
	}
	check_peers(server);
	say_ready(setup);
	serve(server);
}
