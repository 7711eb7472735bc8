/*
 * What the master says: frames of records, in the order of the stream of
 * tasks.  Frames without our token are not the master's; bytes behind it that
 * make no sense end this process, because then nothing can be relied on.
 */
#include "worker/server.h"

#include <stdio.h>
#include <unistd.h>

#include <orderly/status.h>

#include "base/clock.h"
#include "base/ticks.h"
#include "worker/size.h"

#define LOOK_NS UINT64_C(1000000) /* no more often the size of this process */

static void
take_run(struct server *server, const struct record *record)
{
	if (record->size != RECORD_RUN_SIZE ||
		wire_get64(record->payload + 8) >= server->worker.n_claims)
		_exit(LEAVE_PROTOCOL);
	server->sequence = wire_get64(record->payload);
	server->index = (uint32_t)wire_get64(record->payload + 8);
	server->attempt = record->value;
	server->worker.known_run = false;
}

/* In good order.  What the hook says lies in the outbox, where the master takes it from. */
_Noreturn void
server_leave(struct server *server)
{
	outbox_ring(&server->worker.outbox);
	worker_stop_hook(&server->worker);
	fflush(stdout);
	_exit(LEAVE_ASKED);
}

/* What this process has not started of the message is another's: the master gives it out again at its end. */
static void
look_at_size(struct server *server)
{
	struct worker *worker = &server->worker;
	uint64_t now_ns = clock_now_ns();

	if (now_ns - server->looked_ns < LOOK_NS)
		return;
	server->looked_ns = now_ns;
	if (size_resident_kib(worker->slab.tried_inputs || worker->slab.tried_outputs) <=
		worker->region.page->recycle_kib)
		return;
	emit(worker, &(struct emission){ .kind = RECORD_LEAVING, .last = true });
	server_leave(server);
}

static bool
flags_fit(const struct server *server, const struct record *record)
{
	size_t before = ((record->flags & RECORD_TIMEOUT) != 0 ? 8 : 0) +
		((record->flags & RECORD_BOUNDS) != 0 ? RECORD_BOUNDS_SIZE : 0);

	if ((record->flags & RECORD_SLAB) != 0)
		return server->worker.slab.stretch != 0 && record->size == before + SLAB_INPUT_SIZE;
	return record->size >= before;
}

static void
take_call(struct server *server, const struct record *record, bool last)
{
	if ((record->flags != 0 && !flags_fit(server, record)) ||
		!worker_knows(&server->worker, record->value))
		_exit(LEAVE_PROTOCOL);
	worker_run(&server->worker, server->sequence, server->index, server->attempt, record, last);
	server->sequence++;
	server->index = (server->index + 1) & (server->worker.n_claims - 1);
	server->attempt = 0;
	if (server->worker.region.page->recycle_kib != 0)
		look_at_size(server);
}

/*
 * Is it the answer to the last question?  One to an earlier question comes
 * late: its task did not wait to the end, because it was to end itself.
 */
bool
server_is_answer(const struct server *server, const struct record *record)
{
	if (record->size < 8 || wire_get64(record->payload) > server->asked)
		_exit(LEAVE_PROTOCOL);
	return wire_get64(record->payload) == server->asked;
}

static void
take_function(struct server *server, const struct record *record)
{
	int status = worker_learn(&server->worker, record->value, record->payload, record->size);

	if (status != 0)
		_exit(status == ORD_ENOMEM ? LEAVE_SYSTEM : LEAVE_PROTOCOL);
}

static void
take_record(struct server *server, const struct record *record, bool last)
{
	switch (record->kind) {
	case RECORD_RUN: take_run(server, record); break;
	case RECORD_CALL: take_call(server, record, last); break;
	case RECORD_FUNCTION: take_function(server, record); break;
	case RECORD_BYE: server->leaving = true; break;
	case RECORD_ANSWER:
	case RECORD_GRANT: server_is_answer(server, record); break; /* nobody waits for it */
	default: _exit(LEAVE_PROTOCOL);
	}
}

bool
server_open(struct server *server, const char *bytes, size_t size, struct frame *frame)
{
	struct status_page *page = server->worker.region.page;

	if (frame_decode(frame, bytes, size) != 0 || frame->token != page->token ||
		frame->id != page->id) {
		atomic_fetch_add_explicit(&page->dropped, 1, memory_order_relaxed);
		return false;
	}
	if (frame->position != server->position)
		_exit(LEAVE_PROTOCOL);
	server->position += frame->size;
	return true;
}

static void
run_plain(struct server *server, const char **cursor, const char *end)
{
	uint32_t n;

	if (server->attempt != 0 || server->worker.region.page->recycle_kib != 0)
		return;
	n = worker_run_plain(&server->worker, server->sequence, server->index, cursor, end);
	server->sequence += n;
	server->index = (server->index + n) & (server->worker.n_claims - 1);
}

void
server_run(struct server *server, const struct frame *frame)
{
	const char *cursor = frame->records, *end = frame->records + frame->size;
	struct record record;
	int more;

	server->worker.said_times = false;
	server->worker.now_ns = clock_now_ns();
	server->worker.ticks = server->worker.now_ticks = ticks_now();
	while (run_plain(server, &cursor, end), (more = record_next(&record, &cursor, end)) == 1)
		take_record(server, &record, cursor == end);
	if (more < 0)
		_exit(LEAVE_PROTOCOL);
	outbox_ring(&server->worker.outbox);
}
