/*
 * One life of a worker's place: asked for, ready, fed, ended.  At its end the
 * order of docs/protocol.md holds: outbox, last words, and only then
 * the ledger.
 */
#define _GNU_SOURCE /* getrandom, F_SETPIPE_SZ */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "base/signals.h"
#include "pool/pool.h"
#include "worker/server.h"

#define WORDS_PIPE_SIZE 8192 /* small, so that one worker's flood holds up no other's results */

uint64_t
pool_next_id(struct ord_pool *pool, uint32_t place)
{
	return ++pool->next_id * POOL_WORKERS_MAX + place;
}

struct incarnation *
incarnation_find(struct ord_pool *pool, uint64_t id)
{
	uint32_t place = PLACE_OF(id);

	if (pool->incarnations == NULL || place >= pool->core.n_places || id == 0)
		return NULL;
	return pool->incarnations[place].id == id ? &pool->incarnations[place] : NULL;
}

static void
fill_page(struct incarnation *incarnation)
{
	struct status_page *page = incarnation->region.page;

	page->magic = REGION_MAGIC;
	page->place = incarnation->place;
	page->id = incarnation->id;
	page->recycle_kib = (uint64_t)incarnation->pool->options.recycle_rss_mib * 1024;
	page->wants = pool_wants(incarnation->pool) |
		(incarnation->pool->options.stack_trace != 0 ? WANTS_STACK : 0u);
	page->stack_ms = incarnation->pool->options.stack_trace_ms;
	atomic_store(&page->level, incarnation->pool->options.level);
}

/* The descriptors of one start; those that the worker gets are closed here once they are passed on. */
struct parcel {
	int region;
	int words;
};

/* Making and freeing a region, a ring of zeroed pages, is more than half of what a worker's life costs the master. */
bool
incarnation_keeps_region(const struct ord_pool *pool)
{
	return pool->options.recycle_tasks != 0;
}

static int
get_region(struct ord_pool *pool, struct region *region, int *fd)
{
	if (pool->spare_fd < 0)
		return region_new(region, fd);
	*region = pool->spare;
	*fd = pool->spare_fd;
	pool->spare_fd = -1;
	region_clear(region);
	return 0;
}

static void
put_region(struct incarnation *incarnation)
{
	struct ord_pool *pool = incarnation->pool;

	if (incarnation->region_fd >= 0 && !incarnation->worn && pool->spare_fd < 0) {
		pool->spare = incarnation->region;
		pool->spare_fd = incarnation->region_fd;
		incarnation->region = (struct region){ NULL, NULL };
		incarnation->region_fd = -1;
	}
	region_finish(&incarnation->region);
	fd_close(&incarnation->region_fd);
}

void
incarnation_drop_spare(struct ord_pool *pool)
{
	if (pool->spare_fd >= 0)
		region_finish(&pool->spare);
	fd_close(&pool->spare_fd);
}

static int
watch_outbox(struct incarnation *incarnation)
{
	struct ord_pool *pool = incarnation->pool;

	incarnation->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (incarnation->timer < 0 || fd_lift(&incarnation->timer) != 0)
		return -1;
	incarnation->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (incarnation->bell < 0 || fd_lift(&incarnation->bell) != 0)
		return -1;
	if (pool_watch(pool, incarnation->timer, SOURCE_FLUSH, incarnation->place) != 0)
		return -1;
	return pool_watch(pool, incarnation->bell, SOURCE_BELL, incarnation->place);
}

static int
prepare(struct incarnation *incarnation, struct parcel *parcel)
{
	struct ord_pool *pool = incarnation->pool;
	int reader = -1, size;

	if (get_region(pool, &incarnation->region, &parcel->region) != 0)
		return -1;
	slabs_hand_over(pool, incarnation->place);
	fill_page(incarnation);
	if (getrandom(&incarnation->region.page->token, sizeof(uint64_t), 0) !=
			(ssize_t)sizeof(uint64_t) ||
		getrandom(incarnation->region.page->nonce, REGION_NONCE_SIZE, 0) !=
			REGION_NONCE_SIZE)
		return -1;
	if (watch_outbox(incarnation) != 0)
		return -1;
	if (pool->options.capture == ORD_CAPTURE_OFF)
		return 0;
	if (fd_pipe(&reader, &parcel->words) != 0)
		return -1;
	if (intake_open(pool, &incarnation->pipe, reader, SOURCE_WORDS, incarnation->place) != 0)
		return -1;
	size = fcntl(reader, F_SETPIPE_SZ, WORDS_PIPE_SIZE);
	if (size < 0)
		size = fcntl(reader, F_GETPIPE_SZ);
	incarnation->pipe_size = size > 0 ? (size_t)size : PIPE_SIZE_MOST;
	return fd_nonblocking(reader);
}

static void
begin(struct ord_pool *pool, uint32_t place)
{
	struct incarnation *incarnation = &pool->incarnations[place];

	memset(incarnation, 0, sizeof *incarnation);
	incarnation->pool = pool;
	incarnation->place = place;
	incarnation->timer = incarnation->bell = incarnation->region_fd = -1;
	incarnation->worn = true;
	incarnation->pipe.fd = -1;
	incarnation->id = pool_next_id(pool, place);
	incarnation->ready_by_ns =
		clock_now_ns() + pool->options.start_timeout_ms * CLOCK_NS_PER_MS;
	pool->workers_starting++;
}

static void
could_not(struct ord_pool *pool, uint32_t place, int errno_value)
{
	error_system(&pool->start_error, errno_value, "cannot start worker %u", place);
	core_spawn_failed(&pool->core, place, clock_now_ns());
}

void
incarnation_spawn(struct ord_pool *pool, uint32_t place)
{
	struct incarnation *incarnation = &pool->incarnations[place];
	struct parcel parcel = { -1, -1 };
	int status = -1, kept;

	core_spawning(&pool->core, place);
	begin(pool, place);
	if (prepare(incarnation, &parcel) == 0) {
		words_init(&incarnation->words, incarnation->region.page->nonce,
			pool->options.line_bytes, words_say, incarnation);
		status = launch_worker(&pool->launch, incarnation->id, place,
			&(struct launch_gifts){ parcel.region, incarnation->timer,
				incarnation->bell, parcel.words });
		errno = launch_errno(status);
	}
	kept = errno;
	if (status == 0 && incarnation_keeps_region(pool)) {
		incarnation->region_fd = parcel.region;
		parcel.region = -1;
	}
	fd_close(&parcel.region);
	fd_close(&parcel.words);
	if (status == 0)
		return;
	incarnation_close(incarnation);
	could_not(pool, place, kept);
}

/* A process that a task left behind may hold it, fired and not read, and epoll would tell of it for ever. */
static void
forget(struct incarnation *incarnation, int *fd)
{
	if (*fd >= 0)
		epoll_ctl(incarnation->pool->epoll, EPOLL_CTL_DEL, *fd, NULL);
	fd_close(fd);
}

void
incarnation_close(struct incarnation *incarnation)
{
	struct ord_pool *pool = incarnation->pool;

	if (incarnation->id == 0)
		return;
	if (incarnation->owed != 0)
		pool->n_paused--;
	incarnation->owed = 0; /* the place may stay empty, and there is no ring to acknowledge */
	if (incarnation->region.page != NULL)
		pool->dropped += atomic_load(&incarnation->region.page->dropped);
	if (incarnation->ready_by_ns != 0)
		pool->workers_starting--;
	if (incarnation->tasks != NULL) {
		channel_disconnect(&incarnation->tasks);
		pool->workers_ready--;
	}
	intake_close(pool, &incarnation->pipe);
	forget(incarnation, &incarnation->timer);
	forget(incarnation, &incarnation->bell);
	words_finish(&incarnation->words);
	buffer_finish(&incarnation->parts);
	blob_finish(&incarnation->block);
	buffer_finish(&incarnation->file);
	memory_free(incarnation->told);
	incarnation->told = NULL;
	incarnation->told_words = 0;
	put_region(incarnation);
	incarnation->id = 0;
}

void
incarnation_ready(struct ord_pool *pool, const struct life_packet *packet)
{
	struct incarnation *incarnation = incarnation_find(pool, packet->id);

	if (incarnation == NULL || incarnation->ready_by_ns == 0)
		return;
	incarnation->pid = packet->pid;
	incarnation->ready_by_ns = 0;
	pool->workers_starting--;
	if (fd_headroom(CHANNEL_FDS_PER_WORKER) != 0) {
		error_system(&pool->start_error, errno, "cannot connect to worker %u",
			incarnation->place);
		incarnation_spoil(incarnation);
		return;
	}
	if (channel_connect(pool->context, pool->directory, incarnation->id, &incarnation->tasks,
		    &pool->start_error) != 0) {
		incarnation_spoil(incarnation);
		return;
	}
	pool->workers_ready++;
	core_ready(&pool->core, incarnation->place);
	pool_announce_worker(pool, ORD_WORKER_STARTED, incarnation->place, incarnation->pid);
}

void
incarnation_spoil(struct incarnation *incarnation)
{
	if (incarnation->spoiled)
		return;
	incarnation->spoiled = true;
	launch_stop(&incarnation->pool->launch, incarnation->id, 0, 0, 1);
}

void
incarnation_failed(struct ord_pool *pool, const struct life_event *event)
{
	struct incarnation *incarnation = incarnation_find(pool, event->packet.id);

	if (incarnation == NULL || incarnation->ready_by_ns == 0)
		return;
	incarnation_close(incarnation);
	could_not(pool, PLACE_OF(event->packet.id), event->packet.status);
}

struct end
pool_end(const struct life_packet *packet)
{
	return (struct end){
		.wait_status = packet->status,
		.timed_out = (packet->flags & LIFE_TIMED_OUT) != 0,
		.stopped = (packet->flags & LIFE_STOPPED) != 0,
		.out_of_memory = (packet->flags & LIFE_OUT_OF_MEMORY) != 0,
		.over_cpu = (packet->flags & LIFE_OVER_CPU) != 0,
		.unknown = (packet->flags & LIFE_UNKNOWN) != 0,
		.over_kib = packet->over_kib,
		.pid = packet->pid,
		.started_ns = packet->started_ns,
		.ended_ns = packet->ended_ns,
		.user_us = packet->user_us,
		.system_us = packet->system_us,
		.max_rss_kib = packet->max_rss_kib,
	};
}

static void
last_words(struct incarnation *incarnation)
{
	struct slot *running = core_running(&incarnation->pool->core, incarnation->place);

	if (running != NULL) /* an output that never became whole */
		core_charge(&incarnation->pool->core, running, -(ptrdiff_t)incarnation->parts.size);
	words_read_to(incarnation, UINT64_MAX);
	words_end(&incarnation->words, running != NULL ? running->sequence : UINT64_MAX);
	if (running != NULL)
		pool_last_words(incarnation->pool, incarnation->place, running);
}

void
incarnation_take_rest(struct incarnation *incarnation)
{
	uint64_t most = incarnation->taken + REGION_RING_SIZE;

	/* A child of its tasks may have its ring, and still write there: no more is taken than could lie there. */
	do
		receive_outbox(incarnation);
	while (incarnation->left && incarnation->taken < most && !incarnation->pool->destroy);
	last_words(incarnation);
}

/* What it left in its page; false: nothing. */
static bool
tell_trouble(const struct incarnation *incarnation, int status)
{
	struct ord_pool *pool = incarnation->pool;
	uint32_t trouble = atomic_load(&incarnation->region.page->trouble),
		 place = incarnation->place;
	int failed = TROUBLE_ERRNO(trouble);

	switch (TROUBLE_WHAT(trouble)) {
	case TROUBLE_MEMORY:
		error_system(&pool->start_error, failed, "worker %u cannot map the pool's memory",
			place);
		return true;
	case TROUBLE_SOCKETS:
		error_system(&pool->start_error, failed,
			failed == EMFILE
				? "worker %u cannot make its sockets in %s"
				: "worker %u cannot make its sockets in %s (XDG_RUNTIME_DIR may name another place)",
			place, pool->directory);
		return true;
	case TROUBLE_PEERS:
		error_system(&pool->start_error, failed,
			"worker %u has no descriptors left for the master to connect", place);
		return true;
	case TROUBLE_ZEROMQ:
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			return false;
		error_set(&pool->start_error, ORD_ECRASHLOOP,
			"worker %u got no thread or no memory for ZeroMQ, which then aborts: raise the limits "
			"of processes (ulimit -u) and of memory (ulimit -v)",
			place);
		return true;
	default:
		if (!WIFEXITED(status) || WEXITSTATUS(status) != LEAVE_SYSTEM)
			return false;
		error_system(&pool->start_error, ENOMEM, "worker %u cannot start", place);
		return true;
	}
}

/* "SIGSEGV", "exit code 3". */
static const char *
how_it_ended(int status, char text[SIGNAL_TEXT_MAX])
{
	if (WIFSIGNALED(status))
		return signal_text(WTERMSIG(status), text);
	snprintf(text, SIGNAL_TEXT_MAX, "exit code %d", WEXITSTATUS(status));
	return text;
}

/* Is what is known of this end, or was said when it was asked for, better than what its status says? */
static bool
is_explained(const struct incarnation *incarnation, int status)
{
	if (incarnation->ready_by_ns != 0)
		return incarnation->unfit;
	return status == 0 || (incarnation->spoiled && !incarnation->distrusted) ||
		core_running(&incarnation->pool->core, incarnation->place) != NULL;
}

/* What is told if workers go on ending like this. */
static void
explain_end(const struct incarnation *incarnation, int status)
{
	struct ord_pool *pool = incarnation->pool;
	const char *where =
		pool->options.on_worker_start != NULL ? ", perhaps in on_worker_start" : "";
	char how[SIGNAL_TEXT_MAX], fault[FAULT_TEXT_MAX];

	if (tell_trouble(incarnation, status))
		return;
	how_it_ended(status, how);
	if (incarnation->distrusted)
		error_set(&pool->start_error, ORD_ECRASHLOOP,
			"worker %u said what makes no sense and was killed: %s", incarnation->place,
			fault_sentence(incarnation, fault, sizeof fault));
	else if (incarnation->ready_by_ns == 0)
		error_set(&pool->start_error, ORD_ECRASHLOOP,
			"worker %u ended with %s before it had started a task", incarnation->place,
			how);
	else if (incarnation->ready_by_ns <= clock_now_ns())
		error_set(&pool->start_error, ORD_ECRASHLOOP,
			"worker %u was not ready in %u ms (start_timeout_ms)%s", incarnation->place,
			pool->options.start_timeout_ms, where);
	else
		error_set(&pool->start_error, ORD_ECRASHLOOP,
			"worker %u ended before it was ready, with %s%s", incarnation->place, how,
			where);
}

/* The spawner knows when the process began; its task began later, and said so in the page. */
static void
tell_start_of_task(const struct incarnation *incarnation, struct end *end)
{
	uint64_t started_ns = atomic_load(&incarnation->region.page->started_ns);

	if (core_running(&incarnation->pool->core, incarnation->place) != NULL &&
		started_ns > end->started_ns && started_ns <= end->ended_ns)
		end->started_ns = started_ns;
}

static void
tell_stack(const struct incarnation *incarnation, const char *stack)
{
	struct slot *running = core_running(&incarnation->pool->core, incarnation->place);

	if (running != NULL)
		detail_stack(&running->rest->detail, stack);
}

void
incarnation_ended(struct ord_pool *pool, const struct life_packet *packet, const char *stack)
{
	struct incarnation *incarnation = incarnation_find(pool, packet->id);
	struct end end = pool_end(packet);
	char fault[FAULT_TEXT_MAX];
	bool was_ready;

	if (incarnation == NULL)
		return;
	was_ready = incarnation->tasks != NULL;
	incarnation_take_rest(incarnation);
	tell_start_of_task(incarnation, &end);
	tell_stack(incarnation, stack);
	if (!is_explained(incarnation, packet->status))
		explain_end(incarnation, packet->status);
	incarnation->worn = packet->status != 0 || incarnation->spoiled;
	pool_look_at_end(incarnation, packet->status);
	if (incarnation->distrusted)
		end.fault = fault_sentence(incarnation, fault, sizeof fault);
	else if (incarnation->repaired && atomic_load(&incarnation->region.page->awaits) != 0)
		end.fault = "what its master answered was lost on the way";
	incarnation_close(incarnation);
	core_ended(&pool->core, PLACE_OF(packet->id), &end, clock_now_ns());
	pool_announce(pool);
	if (was_ready)
		pool_announce_worker(pool, ORD_WORKER_ENDED, PLACE_OF(packet->id), end.pid);
}

char *
incarnation_frame(struct incarnation *incarnation, struct channel_message *message, size_t size)
{
	char *to = channel_compose(message, FRAME_HEADER + size);

	if (to == NULL)
		return NULL;
	to = frame_encode(
		to, incarnation->region.page->token, incarnation->id, incarnation->task_position);
	incarnation->task_position += size;
	return to;
}

void
incarnation_post(struct incarnation *incarnation, struct channel_message *message)
{
	if (channel_send(incarnation->tasks, message) != 0)
		incarnation_spoil(incarnation);
}

int
incarnation_reply(struct incarnation *incarnation, uint8_t kind, uint16_t value, const void *bytes,
	size_t size)
{
	uint64_t question = kind == RECORD_ANSWER ? incarnation->ask : incarnation->resume;
	struct channel_message message;
	char *to;

	if (incarnation->id == 0 || incarnation->tasks == NULL || incarnation->spoiled)
		return 0; /* its end settles the task */
	to = incarnation_frame(incarnation, &message, record_space(8 + size));
	if (to == NULL)
		return -1;
	to = record_begin(to, kind, 0, value, (uint32_t)(8 + size));
	wire_put64(to, question);
	if (size != 0)
		memcpy(to + 8, bytes, size);
	incarnation->replied = question;
	incarnation_post(incarnation, &message);
	return 0;
}

void
incarnation_bye(struct ord_pool *pool, uint32_t place)
{
	struct incarnation *incarnation = &pool->incarnations[place];
	struct channel_message message;
	char *to;

	core_leaving(&pool->core, place);
	if (incarnation->id == 0 || incarnation->tasks == NULL || incarnation->spoiled)
		return;
	to = incarnation_frame(incarnation, &message, RECORD_HEADER);
	if (to == NULL) {
		incarnation_spoil(incarnation);
		return;
	}
	record_begin(to, RECORD_BYE, 0, 0, 0);
	incarnation_post(incarnation, &message);
}
