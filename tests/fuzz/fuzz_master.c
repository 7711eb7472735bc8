/*
 * A whole master and no process: a pool with three places whose workers are
 * played by the input.  They claim and answer tasks as workers do, and lie
 * wherever they can: in frames, in their outboxes and pages, in claim words,
 * in blocks of the slab, in their words and in packets of the life channel.
 * Whatever they say the ledger stays whole, results come in order and once,
 * and at the end nothing is held.
 */
#define _GNU_SOURCE /* pipe2 */
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <orderly/orderly.h>

#include "base/fd.h"
#include "capture/words.h"
#include "fuzz.h"
#include "pool/pool.h"

enum { PLACES = 3, WINDOW = 8, STREAM_MOST = 4096, STEPS_MOST = 400, SPARE_MOST = 8 };

/* A worker as its master could see it. */
struct played {
	char stream[STREAM_MOST]; /* records that are not said yet */
	size_t size;
	bool kill; /* the master asked for its end */
	uint32_t generation;
	uint32_t marks;
	int words; /* where it prints */
};

struct play {
	struct input input;
	struct ord_pool *pool;
	struct played places[PLACES];
	uint64_t submitted;
	uint64_t results;
	bool keeps;        /* questions are not answered at once */
	struct region spare[SPARE_MOST]; /* making a region takes longer than all the rest */
	unsigned spares;
};

static struct play *now;

/* --- what a process would have done --- */

void __wrap_region_finish(struct region *region);
void __real_region_finish(struct region *region);
int __wrap_launch_worker(struct launch *launch, uint64_t id, uint32_t place, const struct launch_gifts *gifts);
int __wrap_launch_stop(struct launch *launch, uint64_t id, uint64_t run, uint32_t grace_ms, int kill);
int __wrap_channel_send(void *socket, struct channel_message *message);
int __wrap_channel_connect(void *context, const char *directory, uint64_t id, void **tasks, struct error *error);
void __wrap_channel_disconnect(void **tasks);
int __wrap_region_new(struct region *region, int *fd);
int __wrap_fd_headroom(unsigned count);
int __real_region_new(struct region *region, int *fd);

/* Its question costs more than the rest of a run. */
int
__wrap_fd_headroom(unsigned count)
{
	(void)count;
	return 0;
}

/* The memory stays, the descriptor is gone: another one stands for it. */
int
__wrap_region_new(struct region *region, int *fd)
{
	if (now == NULL || now->spares == 0)
		return __real_region_new(region, fd);
	*region = now->spare[--now->spares];
	memset(region->page, 0, REGION_PAGE_SIZE);
	memset(region->ring, 0, REGION_RING_SIZE);
	*fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	return *fd < 0 ? -1 : 0;
}

void
__wrap_region_finish(struct region *region)
{
	if (now == NULL || region->page == NULL || now->spares == SPARE_MOST) {
		__real_region_finish(region);
		return;
	}
	now->spare[now->spares++] = *region;
	memset(region, 0, sizeof *region);
}

int
__wrap_launch_worker(struct launch *launch, uint64_t id, uint32_t place, const struct launch_gifts *gifts)
{
	struct played *played = &now->places[place];
	int kept = played->words;

	(void)launch;
	(void)id;
	if (kept >= 0)
		close(kept);
	*played = (struct played){ .words = gifts->words >= 0 ? fcntl(gifts->words, F_DUPFD_CLOEXEC, 3) : -1 };
	return 0;
}

int
__wrap_launch_stop(struct launch *launch, uint64_t id, uint64_t run, uint32_t grace_ms, int kill)
{
	(void)launch;
	(void)grace_ms;
	if (run == 0 && kill && id != 0 && PLACE_OF(id) < PLACES)
		now->places[PLACE_OF(id)].kill = true;
	return 0;
}

int
__wrap_channel_send(void *socket, struct channel_message *message)
{
	(void)socket;
	input_touch(message->bytes, message->size);
	channel_drop(message);
	return 0;
}

int
__wrap_channel_connect(
	void *context, const char *directory, uint64_t id, void **tasks, struct error *error)
{
	(void)context;
	(void)directory;
	(void)id;
	(void)error;
	*tasks = now;
	return 0;
}

void
__wrap_channel_disconnect(void **tasks)
{
	*tasks = NULL;
}

/* --- what the user sees --- */

static int
function(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	return 0;
}

static void
on_result(const struct ord_result *result, void *user)
{
	size_t size;
	const char *output = ord_result_output(result, &size);

	(void)user;
	must(ord_result_sequence(result) == now->results, "a result is out of order");
	must(now->results < now->submitted, "a result of a task that was not submitted");
	input_touch(output, size < 65536 ? size : 65536);
	must(output[size] == '\0', "an output has no end");
	input_touch(ord_result_error(result), strlen(ord_result_error(result)) + 1);
	must(strcmp(ord_state_name(ord_result_state(result)), "unknown") != 0, "a state that does not exist");
	now->results++;
}

static void
on_message(const struct ord_message *message, void *user)
{
	size_t size;
	const char *text = ord_message_text(message, &size);

	(void)user;
	input_touch(text, size);
	must(text[size] == '\0', "a text has no end");
	input_touch(ord_message_file(message), strlen(ord_message_file(message)) + 1);
}

static void
on_event(const struct ord_event *event, void *user)
{
	(void)user;
	must(strcmp(ord_event_name(ord_event_kind(event)), "unknown") != 0, "an event that does not exist");
}

static void
on_ask(const struct ord_ask *ask, void *user)
{
	size_t size;
	const char *request = ord_ask_request(ask, &size);

	(void)user;
	input_touch(request, size + 1);
	if (!now->keeps)
		must(ord_pool_answer(now->pool, ord_ask_sequence(ask), "yes", 3) == 0, "a question cannot be answered");
}

/* --- records --- */

static void
say(struct played *played, uint8_t kind, uint8_t flags, uint16_t value, const void *payload, uint32_t size)
{
	char *to;

	if (record_space(size) > sizeof played->stream - played->size)
		return;
	to = record_begin(played->stream + played->size, kind, flags, value, size);
	if (size != 0)
		memcpy(to, payload, size);
	played->size += record_space(size);
}

/* The task that a place must answer next; NULL: none. */
static const struct sent *
due(uint32_t place)
{
	struct slot *slot;

	return core_expected(&now->pool->core, place, &slot);
}

static void
say_run(uint32_t place)
{
	const struct sent *sent = due(place);
	char payload[RECORD_RUN_SIZE];

	if (sent == NULL)
		return;
	wire_put64(payload, sent->sequence);
	wire_put64(payload + 8, sent->index);
	say(&now->places[place], RECORD_RUN, 0, (uint16_t)sent->attempt, payload, sizeof payload);
}

static void
claim(uint32_t place)
{
	const struct place *at = &now->pool->core.places[place];

	for (uint32_t i = 0; i < at->count; i++) {
		const struct sent *sent = &at->sent[(at->first + i) & (at->capacity - 1)];

		if (claim_start(&now->pool->claims[sent->index], sent->sequence, sent->attempt, place))
			return;
	}
}

static void
say_log(struct played *played)
{
	static const char name[] = "file.c";
	char payload[128];
	size_t before = log_encode(payload, 1, 2, name,
		input_byte(&now->input) & 1 ? LOG_FILE_SAME : (uint32_t)sizeof name - 1);
	size_t size = before + input_take(&now->input, payload + before, input_byte(&now->input) & 31);

	payload[size] = '\0';
	payload[8 + (input_byte(&now->input) & 7)] ^= (char)(input_byte(&now->input) & input_byte(&now->input));
	say(played, RECORD_LOG, 0, input_byte(&now->input) & 7, payload, (uint32_t)size + 1);
}

static void
say_block(struct played *played)
{
	struct slab_handle handle = { .offset = SLAB_CONTROL_SIZE + ARENA_UNIT * input_number(&now->input, 1),
		.size = input_number(&now->input, 2),
		.index = input_byte(&now->input),
		.generation = 1 };
	uint8_t lie = input_byte(&now->input);

	if (lie & 1)
		handle.offset = input_number(&now->input, 8);
	if (lie & 2)
		handle.size = input_number(&now->input, 8);
	if (lie & 4)
		handle.index = (uint32_t)input_number(&now->input, 4);
	if (lie & 8)
		handle.generation = (uint32_t)input_number(&now->input, 4);
	else if (lie & 16)
		handle.generation = ++played->generation;
	say(played, RECORD_BLOCK, 0, 0, &handle, SLAB_OUTPUT_SIZE);
}

static void
say_any(struct played *played)
{
	char payload[256];
	uint8_t kind = input_byte(&now->input), flags = input_byte(&now->input);
	uint16_t value = (uint16_t)input_number(&now->input, 2);
	size_t size = input_take(&now->input, payload, input_byte(&now->input));

	say(played, kind, flags, value, payload, (uint32_t)size);
}

static void
say_result(struct played *played)
{
	static const uint16_t states[] = { ORD_DONE, ORD_FAILED, ORD_CANCELED, ORD_TIMED_OUT };
	char payload[64];
	uint8_t what = input_byte(&now->input);
	size_t before = (what & 4 ? 8u : 0u) + (what & 8 ? 16u : 0u);

	memset(payload, 0, sizeof payload);
	payload[0] = (char)(what & 4 ? played->marks : 0);
	before += input_take(&now->input, payload + before, input_byte(&now->input) & 31);
	say(played, RECORD_RESULT, (what & 4 ? RECORD_MARKS : 0) | (what & 8 ? RECORD_TIMES : 0), states[what & 3], payload,
		(uint32_t)before);
}

/* --- what a played worker does --- */

/* From memory of its own size, where the sanitizers see each byte that is read beyond it. */
static void
take_exactly(uint32_t place)
{
	struct incarnation *incarnation = &now->pool->incarnations[place];
	struct played *played = &now->places[place];
	size_t size = played->size - (input_byte(&now->input) & 7) % (played->size + 1);
	char *exact;

	if (size == 0) /* nobody takes nothing: receive_outbox has looked */
		return;
	exact = malloc(size);
	must(exact != NULL, "no memory");
	memcpy(exact, played->stream, size);
	if (incarnation->id != 0 && !incarnation->distrusted && receive_records(incarnation, exact, size) != 0) {
		incarnation->distrusted = true;
		incarnation_spoil(incarnation);
	}
	free(exact);
	played->size = 0;
}

static void
commit(uint32_t place)
{
	struct incarnation *incarnation = &now->pool->incarnations[place];
	struct played *played = &now->places[place];
	struct status_page *page = incarnation->region.page;
	uint8_t lie = input_byte(&now->input);
	uint64_t committed;

	if (incarnation->id == 0)
		return;
	committed = atomic_load(&page->committed);
	memcpy(incarnation->region.ring + (committed & (REGION_RING_SIZE - 1)), played->stream, played->size);
	committed += played->size;
	if (lie & 1)
		committed = input_number(&now->input, 8);
	else if (lie & 2)
		committed += input_number(&now->input, 3);
	atomic_store(&page->committed, committed);
	played->size = 0;
	receive_outbox(incarnation);
}

static void
change_claim(uint32_t place)
{
	const struct core *core = &now->pool->core;
	uint32_t index = input_byte(&now->input) & (core->n_slots - 1);
	uint64_t sequence = core->slots[index].sequence + input_byte(&now->input) % 2;
	uint8_t state = input_byte(&now->input);

	if (state & 128)
		atomic_store(&now->pool->claims[index], input_number(&now->input, 8));
	else
		atomic_store(&now->pool->claims[index],
			CLAIM_WORD(sequence, core->slots[index].attempt, state & 4 ? place : (state >> 3) & 15, state & 3));
}

static void
change_page(uint32_t place)
{
	struct status_page *page = now->pool->incarnations[place].region.page;
	uint64_t word = input_number(&now->input, 8);

	if (now->pool->incarnations[place].id == 0)
		return;
	switch (input_byte(&now->input) % 8) {
	case 0: atomic_store(&page->run, word); break;
	case 1: atomic_store(&page->deadline_ns, word); break;
	case 2: atomic_store(&page->started_ns, word); break;
	case 3: atomic_store(&page->committed, word); break;
	case 4: atomic_store(&page->acknowledged, word); break;
	case 5: atomic_store(&page->words, word); break;
	case 6: page->token = word; break;
	default: atomic_store(&page->waiting, 0); break;
	}
}

static void
print(uint32_t place)
{
	struct incarnation *incarnation = &now->pool->incarnations[place];
	struct played *played = &now->places[place];
	char text[64 + WORDS_MARK_SIZE];
	uint8_t what = input_byte(&now->input);
	size_t size = input_take(&now->input, text, what & 63);
	const struct sent *sent = due(place);

	if (incarnation->id == 0)
		return;
	if (what & 64) {
		words_mark(text + size, incarnation->region.page->nonce,
			what & 128 || sent == NULL ? input_byte(&now->input) : sent->sequence, ++played->marks);
		size += WORDS_MARK_SIZE;
	}
	if (played->words >= 0 && write(played->words, text, size) < 0)
		return; /* full */
	if (what & 128)
		words_read(incarnation);
}

static void
say_packet(uint32_t place)
{
	struct life_event event = { .packet = { .magic = LIFE_MAGIC,
					    .id = now->pool->incarnations[place].id,
					    .place = place,
					    .pid = 1000 + (int32_t)place,
					    .status = (int32_t)input_number(&now->input, 2),
					    .flags = input_byte(&now->input) } };
	uint8_t what = input_byte(&now->input);

	if (what & 4)
		event.packet.id = input_number(&now->input, 8);
	if (what & 8)
		event.packet.ended_ns = input_number(&now->input, 8);
	switch (what & 3) {
	case 0: incarnation_ready(now->pool, &event.packet); break;
	case 1:
		incarnation_ended(now->pool, &event.packet, "");
		pool_command_ended(now->pool, &event.packet);
		break;
	case 2:
		incarnation_failed(now->pool, &event);
		pool_command_failed(now->pool, &event);
		break;
	default: break;
	}
}

/* --- what the owner does --- */

static void
submit(void)
{
	uint8_t what = input_byte(&now->input);
	int status = ord_pool_submit_task(now->pool,
		&ORD_TASK(.input = "an input", .input_size = what & 7, .retries = what & 8 ? 2 : 0,
			.timeout_ms = what & 16 ? 1000 : 0),
		NULL);

	if (status == 0)
		now->submitted++;
	else
		must(status == ORD_EAGAIN || now->pool->ended, "a task is refused");
}

static void
carry_on(void)
{
	pool_announce(now->pool);
	if (now->pool->stops)
		pool_take_stops(now->pool);
	if (now->pool->left)
		receive_left(now->pool);
	pool_dispatch(now->pool);
	pool_deliver(now->pool, false);
	if (now->pool->n_paused != 0)
		receive_resume(now->pool);
	pool_announce(now->pool);
}

static void
end_place(uint32_t place, int status)
{
	struct life_packet packet = {
		.id = now->pool->incarnations[place].id, .place = place, .pid = 1000, .status = status
	};

	incarnation_ended(now->pool, &packet, "");
}

static void
get_ready(uint32_t place)
{
	struct life_packet packet = { .id = now->pool->incarnations[place].id, .place = place, .pid = 1000 };

	incarnation_ready(now->pool, &packet);
}

static void
wish(uint32_t place)
{
	static const uint8_t kinds[] = { RECORD_ASK, RECORD_YIELD, RECORD_RESUME, RECORD_LEAVING };
	char payload[16] = { 0 };
	uint8_t what = input_byte(&now->input);

	if (what & 8)
		say(&now->places[place], what & 16 ? RECORD_START : RECORD_PROGRESS, 0, 0, payload, what & 16 ? 8 : 16);
	else
		say(&now->places[place], kinds[what & 3], 0, 0, payload, what >> 4);
}

static void
step(void)
{
	uint8_t what = input_byte(&now->input);
	uint32_t place = (what >> 5) % PLACES;
	struct played *played = &now->places[place];

	if (place >= now->pool->core.n_places)
		return;
	switch (what & 31) {
	case 0: claim(place); break;
	case 1: say_run(place); break;
	case 2: say_result(played); break;
	case 3: say_log(played); break;
	case 4: say_block(played); break;
	case 5: say_any(played); break;
	case 6: wish(place); break;
	case 7: say(played, RECORD_SKIP, 0, 0, NULL, 0); break;
	case 8: say(played, RECORD_PART, 0, input_byte(&now->input), "a part of it", input_byte(&now->input) % 13); break;
	case 9: take_exactly(place); break;
	case 10: commit(place); break;
	case 11: change_claim(place); break;
	case 12: change_page(place); break;
	case 13: print(place); break;
	case 14: say_packet(place); break;
	case 15: submit(); break;
	case 16: ord_pool_cancel(now->pool, now->results + input_byte(&now->input) % WINDOW); break;
	case 17: end_place(place, input_byte(&now->input) & 1 ? 9 : 0); break;
	case 18: get_ready(place); break;
	case 19: now->keeps = !now->keeps; break;
	case 20: /* an honest answer */
		claim(place);
		say_run(place);
		say_result(played);
		take_exactly(place);
		break;
	case 21: played->size += input_take(&now->input, played->stream + played->size,
			 sizeof played->stream - played->size < 64 ? 0 : 64); break;
	case 22: now->pool->core.now_ns += input_number(&now->input, 4); break;
	default: carry_on(); break;
	}
}

/* --- the play --- */

static void
forget_timers(void)
{
	for (uint32_t i = 0; i < now->pool->core.options.places; i++)
		if (now->places[i].kill && now->pool->incarnations[i].id != 0) {
			now->places[i].kill = false;
			end_place(i, 9);
		}
}

static struct ord_pool *
open_pool(uint8_t what)
{
	struct ord_pool_options options = ORD_POOL_OPTIONS(.function = function, .workers = PLACES - 1, .window = WINDOW,
		.window_bytes = what & 1 ? 256 : 1 << 20, .start = ORD_START_FORK, .max_deaths = 1000000,
		.on_result = on_result, .on_message = on_message, .on_ask = on_ask,
		.messages = what & 2 ? ORD_ORDERED : ORD_LIVE, .line_bytes = 64, .quarantine = what & 64 ? 2 : 0,
		.recycle_tasks = what & 16 ? 3 : 0, .capture = what & 32 ? ORD_CAPTURE_OFF : ORD_CAPTURE_EXACT);
	struct core_options core = { .window = WINDOW, .workers = PLACES - 1, .places = PLACES, .functions = true,
		.batches = true };
	struct ord_pool *pool;

	if (what & 4)
		options.on_event = on_event;
	must(ord_pool_new(&pool, &options) == 0, "no pool");
	must(claims_new(&pool->claims, core_slots(WINDOW), &pool->claims_fd) == 0, "no claim words");
	fd_close(&pool->claims_fd);
	core.window_bytes = pool->options.window_bytes;
	core.max_deaths = pool->options.max_deaths;
	core.quarantine = pool->options.quarantine;
	core.recycle = pool->options.recycle_tasks;
	core.claims = pool->claims;
	core.announce = pool->options.on_event != NULL;
	must(core_init(&pool->core, &core, 0) == 0, "no core");
	pool->incarnations = calloc(PLACES, sizeof *pool->incarnations);
	pool->commands = calloc(PLACES, sizeof *pool->commands);
	pool->tails = calloc(PLACES, sizeof *pool->tails);
	must(pool->incarnations != NULL && pool->commands != NULL && pool->tails != NULL, "no memory");
	if (what & 8)
		slabs_start(pool);
	pool->epoll = epoll_create1(EPOLL_CLOEXEC);
	pool->started = pool->open = true;
	return pool;
}

/* All workers end, until none has anything more. */
static void
close_pool(void)
{
	struct ord_pool *pool = now->pool;

	pool_close(pool);
	core_stop(&pool->core, NULL);
	for (uint32_t i = 0; i < pool->core.n_places; i++)
		end_place(i, 9);
	carry_on();
	carry_on();
	must(core_check(&pool->core) == NULL, "the ledger is broken at the end");
	must(now->results == now->submitted, "a task has no result");
	must(pool->core.bytes == 0 && pool->core.live == 0, "something is held at the end");
	must(slabs_held(pool) == 0, "a block is held at the end");
	for (uint32_t i = 0; i < pool->core.n_places; i++)
		must(pool->incarnations[i].id == 0, "a worker lives at the end");
	must(pool->n_paused == 0 && pool->workers_ready == 0 && pool->workers_starting == 0, "the counts of workers are wrong");
	pool->finished = true;
	ord_pool_destroy(&pool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct play play;
	const char *broken;

	now = &play;
	play.input = (struct input){ bytes, size };
	play.submitted = play.results = 0;
	play.keeps = false;
	for (int i = 0; i < PLACES; i++)
		play.places[i] = (struct played){ .words = -1 };
	play.pool = open_pool(input_byte(&play.input));
	pool_dispatch(play.pool);
	for (uint32_t i = 0; i + 1 < PLACES; i++)
		get_ready(i);
	for (int i = 0; i < STEPS_MOST && play.input.left != 0; i++) {
		step();
		forget_timers();
		broken = core_check(&play.pool->core);
		must(broken == NULL, broken != NULL ? broken : "");
	}
	close_pool();
	for (int i = 0; i < PLACES; i++)
		fd_close(&play.places[i].words);
	return 0;
}
