/*
 * A whole worker in this process: worker_serve, with sockets that the input
 * plays.  Its frames are right, or wrong where the input says so; its claim
 * words and its page change under it.  It may only leave by its documented
 * exits, runs nothing but what it was given and could claim, and what it says
 * is whole records in the order of its stream.
 */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include <errno.h>
#include <setjmp.h>
#include <stdbool.h>
#include <unistd.h>

#include <orderly/orderly.h>

#include "base/alive.h"
#include "base/memory.h"
#include "fuzz.h"
#include "shared/region.h"
#include "shared/slab.h"
#include "spawn/function.h"
#include "wire/log.h"
#include "wire/record.h"
#include "worker/serve.h"
#include "worker/server.h"

enum { CLAIMS = 16, FRAME_MOST = 4096, FRAMES_MOST = 64, PLACE = 3 };

#define TOKEN UINT64_C(0x0123456789abcdef)
#define ID UINT64_C(77)

struct play {
	struct input input;
	jmp_buf end;
	int code;
	struct server *server;
	struct region region;
	int region_fd;
	_Atomic uint64_t *claims;
	int claims_fd;
	int slab_fd;
	uint64_t stretch;
	uint64_t position;      /* of the next honest frame */
	uint64_t said;          /* up to where the worker's stream is known */
	uint64_t sequence;      /* of the RUN that was sent last, honest ones */
	unsigned frames;
	bool running;
	bool lied;  /* the master has said of the outbox what cannot be: then only its memory must stay whole */
	bool slow;  /* the master acknowledges nothing by itself */
	struct channel_message held[2]; /* that the worker has received and not dropped; an exit frees them */
	unsigned n_held;
};

static struct play *now;

/* --- instead of the system --- */

_Noreturn void __wrap__exit(int code);
int __wrap_channel_ends_open(struct channel_ends *ends, const char *directory, uint64_t id, int32_t peer);
void __wrap_channel_drop(struct channel_message *message);
void __real_channel_drop(struct channel_message *message);
int __wrap_channel_wait(void *socket, struct channel_message *message);
int __wrap_channel_wait_for(void *socket, struct channel_message *message, int timeout_ms);
ssize_t __wrap_fd_send(int socket, const void *bytes, size_t size, const int *fds, size_t n_fds, int flags);
void __wrap_outbox_wait(struct outbox *outbox);
int __wrap_pause(void);
int __wrap_function_resolve(
	const struct function_spec *spec, ord_task_fn *function, void **user, struct error *error);

_Noreturn void
__wrap__exit(int code)
{
	now->code = code;
	longjmp(now->end, 1);
}

/* What a doomed worker does: its spawner ends it. */
int
__wrap_pause(void)
{
	now->code = -1;
	longjmp(now->end, 1);
}

int
__wrap_channel_ends_open(struct channel_ends *ends, const char *directory, uint64_t id, int32_t peer)
{
	(void)directory;
	(void)peer;
	must(id == ID, "another worker");
	now->server = (struct server *)(void *)((char *)ends - offsetof(struct server, ends));
	ends->context = ends->tasks = now;
	return 0;
}

ssize_t
__wrap_fd_send(int socket, const void *bytes, size_t size, const int *fds, size_t n_fds, int flags)
{
	(void)socket;
	(void)fds;
	(void)flags;
	must(n_fds == 0, "a worker sends descriptors");
	input_touch(bytes, size);
	return (ssize_t)size;
}

/* All that lies in the ring up to `committed` is whole records of the kinds that a worker says. */
static void
check_said(void)
{
	uint64_t committed = atomic_load(&now->region.page->committed);
	const char *cursor = now->region.ring + (now->said & (REGION_RING_SIZE - 1));
	const char *end = cursor + (committed - now->said);
	struct log_record log;
	struct record record;
	int more;

	if (now->lied) {
		now->said = committed;
		return;
	}
	must(committed - now->said <= REGION_RING_SIZE, "more was said than there is room for");
	while ((more = record_next(&record, &cursor, end)) == 1) {
		must(record.kind != RECORD_CALL && record.kind != RECORD_BYE && record.kind != RECORD_FUNCTION &&
				record.kind != RECORD_ANSWER && record.kind != RECORD_GRANT,
			"a worker says what only a master says");
		must(record.size <= RECORD_PAYLOAD_MAX, "a record is too large");
		if (record.kind == RECORD_LOG)
			must(log_decode(&log, record.payload, record.size) == 0, "a log record makes no sense");
	}
	must(more == 0, "a record is not whole");
	now->said = committed;
}

static void
acknowledge(void)
{
	check_said();
	outbox_acknowledge(&now->region, now->said);
}

void
__wrap_channel_drop(struct channel_message *message)
{
	must(now->n_held != 0, "a message is dropped that was not received");
	now->n_held--;
	__real_channel_drop(message);
}

void
__wrap_outbox_wait(struct outbox *outbox)
{
	(void)outbox;
	acknowledge();
}

/* --- the function --- */

static void
check_task(const struct ord_task *task)
{
	uint64_t word = CLAIM_WORD(ord_task_sequence(task), ord_task_attempt(task), PLACE, CLAIM_STARTED);
	bool claimed = false;

	for (int i = 0; i < CLAIMS; i++)
		claimed |= atomic_load(&now->claims[i]) == word;
	must(claimed, "a task runs that nobody could have started here");
}

static int
function(struct ord_task *task, void *user)
{
	size_t size;
	const char *input = ord_task_input(task, &size);
	uint8_t what = size != 0 ? (uint8_t)input[0] : 0;
	const void *answer;
	void *room;

	(void)user;
	check_task(task);
	must(!now->running, "two tasks run at once");
	now->running = true;
	input_touch(input, size < 65536 ? size : 65536);
	if (what & 1)
		ord_log(ORD_INFO, "task %llu", (unsigned long long)ord_task_sequence(task));
	if (what & 2)
		ord_task_progress(task, what, 255);
	if (what & 4)
		ord_task_yield(task);
	if (what & 8)
		ord_task_ask(task, input, size < 100 ? size : 100, &answer, &size);
	if (what & 4)
		ord_task_resume(task);
	if (what & 16 && ord_task_reserve(task, what & 32 ? 40000 : 10, &room) == 0) {
		memset(room, what, 10);
		ord_task_return(task, room, what & 32 ? 40000 : 10);
	} else if (what & 32) {
		static const char large[200000];

		ord_task_return(task, large, sizeof large);
	} else {
		ord_task_return(task, input, size < 1000 ? size : 1000);
	}
	now->running = false;
	return what & 64 ? ord_task_fail(task, "as told: %u", what) : 0;
}

/* A file of any name is not loaded here. */
int
__wrap_function_resolve(
	const struct function_spec *spec, ord_task_fn *task_function, void **user, struct error *error)
{
	must(memchr(spec->name, '\0', sizeof spec->name) != NULL, "a name has no end");
	*user = NULL;
	*task_function = function;
	return spec->kind == FUNCTION_OFFSET ? 0 : error_set(error, ORD_ENOTSUP, "cannot find %s", spec->name);
}

/* --- frames --- */

static char *
put(char *to, const char *end, uint8_t kind, uint8_t flags, uint16_t value, const void *payload, size_t size)
{
	char *at;

	if ((size_t)(end - to) < record_space(size))
		return to;
	at = record_begin(to, kind, flags, value, (uint32_t)size);
	if (size != 0)
		memcpy(at, payload, size);
	return to + record_space(size);
}

static char *
put_run(char *to, const char *end)
{
	uint8_t what = input_byte(&now->input), index = input_byte(&now->input);
	char payload[RECORD_RUN_SIZE];

	now->sequence = what & 1 ? input_number(&now->input, 8) : (uint64_t)(index % CLAIMS + (what >> 4) * CLAIMS);
	wire_put64(payload, now->sequence);
	wire_put64(payload + 8, what & 2 ? input_number(&now->input, 8) : index % CLAIMS);
	if (what & 4)
		for (uint32_t i = 0; i < 4; i++)
			claim_arm(&now->claims[(index + i) % CLAIMS], now->sequence + i, i == 0 ? what >> 3 & 1 : 0);
	return put(to, end, RECORD_RUN, 0, what >> 3 & 1, payload, sizeof payload);
}

static char *
put_call(char *to, const char *end)
{
	uint8_t what = input_byte(&now->input);
	uint8_t flags = (what & 1 ? RECORD_TIMEOUT : 0) | (what & 2 ? RECORD_SLAB : 0);
	char payload[300] = { 0 };
	size_t size = what & 1 ? 8 : 0;

	if (what & 2) {
		wire_put64(payload + size, what & 4 ? input_number(&now->input, 8) : input_number(&now->input, 2));
		wire_put64(payload + size + 8, what & 8 ? input_number(&now->input, 8) : input_number(&now->input, 2));
		size += SLAB_INPUT_SIZE - (what >> 7);
	} else {
		size += input_take(&now->input, payload + size, input_byte(&now->input));
	}
	return put(to, end, RECORD_CALL, flags, what >> 4 & 3, payload, size);
}

static char *
put_function(char *to, const char *end)
{
	char payload[FUNCTION_BYTES_MAX] = { 0 };
	uint8_t what = input_byte(&now->input);
	size_t size;

	wire_put64(payload, what & 7 ? what & 7 : FUNCTION_OFFSET);
	payload[4] = (char)(what & 8 ? input_byte(&now->input) : 0);
	size = 24 + input_take(&now->input, payload + 24, what >> 4);
	return put(to, end, RECORD_FUNCTION, 0, input_byte(&now->input) & 3, payload, size);
}

static char *
put_answer(char *to, const char *end)
{
	uint8_t what = input_byte(&now->input);
	char payload[24] = "........answer";

	wire_put64(payload, what & 1 ? input_number(&now->input, 8) : now->server->asked + 1 - (what >> 1 & 1));
	return put(to, end, what & 4 ? RECORD_ANSWER : RECORD_GRANT, 0, what >> 5, payload, what & 8 ? 4 : 14);
}

static char *
put_any(char *to, const char *end)
{
	char payload[256];
	uint8_t kind = input_byte(&now->input), flags = input_byte(&now->input);
	uint16_t value = (uint16_t)input_number(&now->input, 2);
	size_t size = input_take(&now->input, payload, input_byte(&now->input));

	return put(to, end, kind, flags, value, payload, size);
}

/* What others do meanwhile. */
static void
meddle(void)
{
	struct status_page *page = now->region.page;
	uint64_t word = input_number(&now->input, 8);

	switch (input_byte(&now->input) % 8) {
	case 0: atomic_store(&now->claims[word % CLAIMS], input_number(&now->input, 8)); break;
	case 1: atomic_store(&page->cancel, RUN_WORD(now->sequence + word % 4, 0, 1 + word % 2)); break;
	case 2:
		now->lied = true;
		atomic_store(&page->acknowledged, word);
		break;
	case 3: atomic_store(&page->level, (uint32_t)word); break;
	case 4: page->wants = (uint32_t)word & 3; break;
	case 5: page->recycle_kib = word & 1; break;
	case 6: now->slow = word & 1; break;
	default: atomic_store(&page->run, word); break;
	}
}

static char *
put_one(char *to, const char *end)
{
	switch (input_byte(&now->input) & 15) {
	case 0:
	case 1: return put_run(to, end);
	case 2:
	case 3:
	case 4:
	case 5: return put_call(to, end);
	case 6: return put_function(to, end);
	case 7: return put_answer(to, end);
	case 8: return put_any(to, end);
	case 9: return put(to, end, RECORD_BYE, 0, 0, NULL, 0);
	case 10: meddle(); return to;
	case 11: return to + input_take(&now->input, to, (size_t)(end - to) < 64 ? 0 : 64);
	default: return put(to, end, RECORD_CALL, 0, 0, "12345678", 8);
	}
}

/* The next frame; none when the input is at its end. */
static bool
next_frame(struct channel_message *message)
{
	char bytes[FRAME_MOST];
	uint8_t lie = input_byte(&now->input), records = input_byte(&now->input) & 31;
	char *to, *room;

	if (now->input.left == 0 || ++now->frames > FRAMES_MOST)
		return false;
	to = frame_encode(bytes, lie & 1 ? input_number(&now->input, 8) : TOKEN, lie & 2 ? input_number(&now->input, 8) : ID,
		now->position + (lie & 4 ? input_number(&now->input, 8) : 0));
	for (; records != 0 && now->input.left != 0; records--)
		to = put_one(to, bytes + sizeof bytes);
	if (lie & 8)
		to -= input_byte(&now->input) % FRAME_HEADER;
	room = channel_compose(message, (size_t)(to - bytes));
	must(room != NULL, "no memory");
	memcpy(room, bytes, (size_t)(to - bytes));
	must(now->n_held < 2, "received messages are not dropped");
	now->held[now->n_held++] = *message;
	if (!(lie & 7) && to >= bytes + FRAME_HEADER)
		now->position += (uint64_t)(to - bytes) - FRAME_HEADER;
	return true;
}

int
__wrap_channel_wait(void *socket, struct channel_message *message)
{
	must(socket == now, "another socket");
	if (!now->slow)
		acknowledge();
	if (!next_frame(message))
		__wrap__exit(LEAVE_ASKED);
	return 0;
}

int
__wrap_channel_wait_for(void *socket, struct channel_message *message, int timeout_ms)
{
	must(socket == now, "another socket");
	if (timeout_ms >= 0 && input_byte(&now->input) & 1) {
		atomic_store(&now->region.page->cancel, CANCEL_TIMEOUT | (atomic_load(&now->region.page->run) & ~UINT64_C(3)));
		return 0;
	}
	if (!next_frame(message))
		__wrap__exit(LEAVE_ASKED);
	return 1;
}

/* --- the play --- */

/* What the end of a process frees. */
static void
free_worker(struct server *server)
{
	struct worker *worker = &server->worker;
	struct aside *aside;

	while ((aside = server->aside) != NULL) {
		server->aside = aside->next;
		memory_free(aside);
	}
	buffer_finish(&server->aligned);
	buffer_finish(&worker->task.output);
	buffer_finish(&worker->reply.bytes);
	buffer_finish(&worker->slab.copy);
	worker_forget(worker);
	slab_unmap(worker->slab.inputs, worker->slab.stretch);
	if (worker->slab.list != NULL)
		slab_close(&worker->slab.outputs);
	memory_free(worker->slab.list);
	region_finish(&worker->region);
	claims_unmap(worker->claims, worker->n_claims);
	alive_destroy((char *)(uintptr_t)worker->alive);
	log_task_set(NULL);
	memory_free(server);
}

static void
serve(uint8_t what)
{
	struct worker_setup setup = { .id = ID, .place = PLACE, .life = -1, .region = now->region_fd, .timer = -1, .bell = -1,
		.words = -1, .deadline = -1, .claims = now->claims_fd, .half_write = what & 2 ? 1 : UINT64_C(1) << 60,
		.directory = "", .shared = "shared", .shared_size = 6, .slab = now->slab_fd,
		.slab_stretch = what & 1 ? now->stretch : 0, .function = what & 4 ? NULL : function };

	if (setjmp(now->end) == 0)
		worker_serve(&setup);
}

static void
set_up_once(void)
{
	if (now->region.page != NULL)
		return;
	now->stretch = slab_stretch(0);
	now->slab_fd = slab_file(now->stretch, PLACE + 1);
	must(now->slab_fd >= 0 && slab_fill(now->slab_fd, 0, 65536) == 0, "no slab");
	must(region_new(&now->region, &now->region_fd) == 0, "no region");
	must(claims_new(&now->claims, CLAIMS, &now->claims_fd) == 0, "no claim words");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct play play;
	uint8_t what;

	now = &play;
	set_up_once();
	play.input = (struct input){ bytes, size };
	play.position = play.said = play.sequence = 0;
	play.frames = 0;
	play.running = play.slow = play.lied = false;
	what = input_byte(&play.input);
	region_clear(&play.region);
	play.region.page->id = ID;
	play.region.page->token = TOKEN;
	play.region.page->place = PLACE;
	atomic_store(&play.region.page->level, what >> 3 & 7);
	for (uint32_t i = 0; i < CLAIMS; i++)
		claim_arm(&play.claims[i], i, 0);
	serve(what);
	must(play.code == LEAVE_ASKED || play.code == LEAVE_SYSTEM || play.code == LEAVE_PROTOCOL || play.code == -1,
		"an exit that is not documented");
	while (play.n_held != 0)
		__real_channel_drop(&play.held[--play.n_held]);
	free_worker(play.server);
	return 0;
}
