/*
 * The ledger of a pool: which tasks there are, where each is, and what should
 * happen next.  No I/O: events and a clock go in, the next thing to do comes
 * out.  The claim words are the only memory that it shares with workers.
 *
 *   submit -> WAITING -> dispatch -> SENT -> result or end -> SETTLED -> deliver
 *                ^---------- retry, take-back -----'
 *
 * pool/loop.c carries out what core_dispatch says and tells what came of it.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/bounds.h"

struct message; /* deliver/message.h: held until its task is the first */

/* What is known of an ended process beside its state; allocated only when there is something. */
struct detail {
	char *error; /* owned; NULL: "" */
	int exit_code;
	int signal;
	int core_dumped;
	uint64_t user_us;
	uint64_t system_us;
	uint64_t max_rss_kib;
	char *last_words; /* owned; the end of what the task had said, NUL-terminated; NULL: nothing */
	size_t last_words_size;
	char *stack; /* owned; of the thread that crashed; NULL: not known */
};

/* What every task that ended has; what stands in a slot before is only sure to have an empty output. */
#define OUTCOME_FIELDS \
	struct blob output; \
	uint64_t started_ns; \
	uint64_t ended_ns; \
	int32_t pid; \
	uint8_t state; /* enum ord_state */ \
	bool kept;     /* what it owns is another's now (ord_result_keep) */ \
	uint16_t attempts;

struct outcome {
	OUTCOME_FIELDS
};

/* What came back: the outcome that stood in the slot, and what the slot knows. */
struct ord_result {
	OUTCOME_FIELDS
	uint64_t sequence;
	void *user;
	struct detail *detail; /* NULL: nothing beside the state */
	uint32_t worker;       /* UINT32_MAX: none */
};

_Static_assert(offsetof(struct ord_result, sequence) == sizeof(struct outcome),
	"a result begins with its outcome");

enum slot_state { SLOT_FREE = 0, SLOT_WAITING, SLOT_SENT, SLOT_SETTLED };

/* What bounds a task. */
struct limits {
	uint32_t timeout_ms;
	uint32_t grace_ms;
	uint16_t retries; /* attempts after the first */
	uint16_t bounded; /* extra.bounds says something: then the task is not plain */
};

/* What is submitted.  The core takes the input over. */
struct task {
	struct blob input; /* bytes for a function, or the text of a command */
	void *user;
	struct limits limits;
	uint16_t function; /* a number of pool/functions.c; 0: the pool's */
	bool command;
	bool plain; /* the core's: a few bytes for the pool's function, no time-out, the first attempt, in order */
};

/* The rest of it, which few have. */
struct extra {
	struct blob
		feed; /* a command's standard input, or the number of its descriptor; or a function's input in the slab, of which the task's input is the handle */
	bool feed_is_fd;      /* feed is an int, its owner's descriptor */
	uint8_t output;       /* of a command: enum ord_output */
	bool pass;            /* not run: the input is the output */
	struct bounds bounds; /* BOUND_NONE only of a function: not even its worker's */
};

/* What a slot knows of few tasks. */
struct rest {
	struct message *messages; /* held, oldest first */
	struct message **messages_tail;
	struct extra extra;
	struct detail *detail; /* NULL: nothing beside the state */
	uint32_t given_up;     /* 1 + the place of an attempt that was given up; 0: none was */
	size_t spill_size;     /* bytes of its output in the spill file */
	uint64_t spill_offset; /* where there */
	struct slot *bulky_next;
	struct slot *bulky_previous;
	struct slot *next_news; /* in the list of what is to be announced */
};

/* Bits of a slot's burdens: what keeps a result from leaving as it is. */
enum burden {
	BURDEN_MESSAGES = 1 << 0, /* they are held for it */
	BURDEN_BULKY = 1 << 1,    /* it is in the list of settled slots with a large output */
	BURDEN_SPILLED = 1 << 2,  /* its output lies in the spill file */
	BURDEN_EXTRA = 1 << 3     /* rest.extra is its own, until it is settled */
};

/* Three cache lines, all that a plain task touches; the rest lies elsewhere, in memory that is there where it was written to. */
struct slot {
	alignas(64) uint64_t sequence;
	struct slot *next; /* in the list that it is in: waiting (sorted), free or settled */
	struct slot *previous;
	size_t bytes; /* counted for it in core.bytes */
	struct rest *rest;
	uint32_t index; /* of the slot and of its claim word */
	uint32_t place; /* where it was sent last, or ran */
	uint16_t
		copies; /* places that hold this attempt and have not answered; the claim word decides who runs it */
	uint16_t behind; /* of these, places where a task that has yielded comes before it */
	uint8_t state;   /* enum slot_state */
	uint8_t attempt; /* given out again so often; at most 255 */
	uint8_t kills;   /* workers that died of it */
	uint8_t untold;  /* attempts that were given up and are not announced */
	bool cancel;     /* it was asked to end while it ran */
	bool started; /* an attempt is known to have started (commands, and functions that settled) */
	bool asking; /* its attempt waits for an answer of the owner */
	bool begun;  /* this attempt was said to have begun; result.started_ns is when */
	bool told;   /* a start was announced, and no end of it */
	bool has_news;
	uint8_t burdens; /* enum burden */
	alignas(64) struct task task;
	alignas(64) struct outcome result;
};

_Static_assert(sizeof(struct slot) == 192, "three cache lines");

/* One task that was sent to a place; its worker answers them in this order. */
struct sent {
	uint64_t sequence;
	uint32_t index;
	uint32_t attempt;
};

enum place_state {
	PLACE_EMPTY = 0, /* no worker; one is wanted from not_before_ns on */
	PLACE_STARTING,
	PLACE_READY,
	PLACE_STOPPED /* its worker was told to leave */
};

struct place {
	uint8_t state; /* enum place_state */
	bool command; /* a command runs here, beside the worker if there is one: sent has one entry */
	bool fed;     /* a task was finished here since the worker came up */
	bool parked;   /* no task is given here: there are enough other places */
	bool yielded;  /* its task has given the slot back and waits for something */
	bool retiring; /* its worker has said that it leaves by itself */
	bool wish;     /* that task wants a slot again */
	bool granted;  /* and shall be told that it has one */
	bool withdrawn; /* its tasks are skipped by whoever comes to them: its worker is being replaced */
	uint32_t sets; /* that it is in: a bit for each (sets.h) */
	uint32_t
		fruitless; /* workers in a row that died here without finishing or starting a task */
	uint64_t not_before_ns; /* back-off */
	uint32_t batch;         /* tasks of the message that it works on and has not answered */
	uint32_t prefetched;    /* tasks of the message that lies behind that one */
	uint32_t chunk;         /* tasks in the last message it was sent */
	uint32_t given;         /* tasks that its worker was sent since it came up */
	bool picked;            /* nothing that it holds is left to copy, until it answers */
	uint64_t moved_ns;      /* when it answered last, or was given its first task */
	struct sent *sent;      /* ring of capacity entries */
	uint32_t capacity;      /* a power of two */
	uint32_t first;
	uint32_t count;
};

struct core_options {
	uint32_t window;
	uint64_t window_bytes;
	uint32_t workers; /* tasks at once, to begin with */
	uint32_t
		places; /* at most: workers, and those that run while others' tasks wait; 0: workers */
	uint32_t recycle; /* tasks after which a worker is replaced; 0: never */
	uint32_t max_deaths;
	uint32_t quarantine;
	bool completion; /* deliver in the order of completion */
	size_t bulky_from; /* bytes of an output from which on its settled slot is listed; 0: none is */
	bool functions; /* places need workers */
	bool batches; /* several tasks in one message, and one message ahead; else one task at a time */
	_Atomic uint64_t *claims; /* core_slots(options) words; NULL without functions */
	bool announce;            /* the owner takes announcements, before each release */
};

struct core {
	struct core_options options;
	struct slot *slots; /* n_slots of them, a power of two */
	void *slots_block;  /* the memory where they lie, aligned */
	struct rest *rests; /* n_slots of them */
	uint32_t n_slots;
	struct place *places; /* options.places of them, of which n_places were ever used */
	uint32_t n_places;
	uint64_t *sets; /* of places: a row of set_words words for each (sets.h) */
	uint32_t set_words;
	uint32_t target;        /* places that may work at once */
	uint64_t next_sequence; /* of the next task */
	uint64_t next_delivery; /* in the order of submission */
	uint32_t live;          /* slots in use */
	uint32_t n_waiting, n_sent, n_settled;
	uint64_t bytes;       /* inputs, outputs and held messages */
	struct slot *waiting; /* sorted by sequence */
	struct slot *waiting_last;
	struct slot *free;    /* completion order only */
	struct slot *settled; /* completion order only, oldest first */
	struct slot *settled_last;
	struct slot *bulky; /* settled slots with a large output, newest first */
	uint32_t
		fruitless; /* deaths in a row, all places, that neither finished nor started a task */
	uint32_t cursor;   /* place to look at first */
	uint32_t n_idle;   /* places that could take a task now */
	uint32_t n_empty;  /* places that want a worker */
	uint32_t n_active; /* neither parked nor yielded */
	uint32_t n_yielded;
	uint32_t n_wishes;
	uint32_t n_granted;
	uint32_t n_worn, n_used_up, n_ahead; /* of these sets of places */
	uint32_t n_spare;  /* parked places with a worker that has nothing to do */
	uint32_t spares;   /* so many of them are kept: as many as tasks have waited at once */
	uint32_t n_hungry; /* places that work on their last message (with batches) */
	uint32_t n_loaded; /* places that hold more than one task */
	uint64_t now_ns;   /* the clock, as the owner told it last */
	uint64_t take_ns;  /* nothing is taken over before; 0: not known */
	uint64_t idle_ns;  /* since when some place has had nothing to do */
	uint32_t
		prefetch_floor; /* while fewer tasks wait nothing is given to a place that works; 0: not known */
	uint64_t mean_ns;    /* how long recent tasks took; 0: not known yet */
	uint64_t late_ns;    /* how late answers were taken recently, at worst */
	uint64_t mean_bytes; /* how large recent outputs were */
	uint64_t
		retry_ns; /* there was no memory to give a task out: try again then; 0: there was */
	uint64_t
		crowded_ns; /* the system had no room for a command: none is given out before; 0: it had */
	bool draining; /* the owner waits for what is there and submits no more meanwhile */
	uint64_t retried;
	uint64_t deaths;
	uint64_t recycled;
	uint64_t failed;
	uint32_t n_withdrawn; /* places */
	bool stopped;         /* no worker is started and no task given out any more */
	bool suspended;       /* nor now, until the owner says otherwise */
	bool held;            /* nor now, unless no place works: the machine has too little left */
	struct slot *news;    /* tasks with something to announce, oldest first */
	struct slot *news_last;
	uint64_t n_told_running; /* tasks whose start was announced and no end */
	uint64_t n_told_ended;   /* tasks whose end was announced */
};

/* Slots, and claim words, that these options need: a power of two. */
uint32_t core_slots(uint32_t window);

/* Returns 0 or -1 without memory. */
int core_init(struct core *core, const struct core_options *options, uint64_t first_sequence);
void core_finish(struct core *core);

/* --- submit.c --- */

/* Room for one more task of so many bytes? */
bool core_has_room(const struct core *core, size_t size);

/* Take a task over, with what else it has (NULL: nothing); the caller has asked core_has_room.  Never fails. */
struct slot *core_submit(struct core *core, const struct task *task, const struct extra *extra);

/* A task that is a value: settle it, as ORD_PASSED. */
void core_pass(struct core *core, struct slot *slot);

/* The slot of a sequence that is not delivered yet; NULL: none. */
struct slot *core_find(const struct core *core, uint64_t sequence);

/* The first task that is not delivered; NULL: none.  O(window) in the order of completion. */
struct slot *core_head(const struct core *core);

/* Where it ran last; UINT32_MAX: nowhere. */
static inline uint32_t
slot_worker(const struct slot *slot)
{
	return slot->started ? slot->place : slot->rest->given_up - 1;
}

/* Count more (or fewer) bytes for a task. */
void core_charge(struct core *core, struct slot *slot, ptrdiff_t bytes);

/* --- roster.c: places --- */

void core_spawning(struct core *core, uint32_t place); /* a worker was asked for */
void core_ready(struct core *core, uint32_t place);    /* it can take tasks */
void core_leaving(struct core *core, uint32_t place);  /* it was told to leave and will end */

/* It said that it leaves by itself, and what it has not started is another's: core_ended follows. */
void core_retiring(struct core *core, uint32_t place);

/* It could not be started; the place is tried again after a while. */
void core_spawn_failed(struct core *core, uint32_t place, uint64_t now_ns);

/* --- balance.c: which places may work --- */

/* So many tasks at once from now on, 1 … options.places. */
void core_resize(struct core *core, uint32_t workers);

/* The task at a place gives its slot back; the task there wants one again and will be GRANTed it. */
void core_yield(struct core *core, uint32_t place);
void core_wish(struct core *core, uint32_t place);

/* It is granted now, whatever runs: the task shall end. */
void core_grant(struct core *core, uint32_t place);

/* --- dispatch.c --- */

enum dispatch_kind {
	DISPATCH_NOTHING = 0,
	DISPATCH_SPAWN, /* start a worker at place; then core_spawning */
	DISPATCH_SEND, /* send the last n entries of place's sent in one message; they are SENT already */
	DISPATCH_GRANT,   /* tell the task that yielded at place that it has a slot again */
	DISPATCH_BYE,     /* tell place's worker to leave; then core_leaving */
	DISPATCH_COMMAND, /* start slot's command at place; it is SENT already */
	DISPATCH_FAIL     /* workers die in a row: end the pool */
};

struct dispatch {
	enum dispatch_kind kind;
	uint32_t place;
	uint32_t n;
	struct slot *slot; /* the first of them */
	/* SEND */
	bool last;          /* the worker shall leave behind them */
	bool functions;     /* some bring a function along */
	bool plain;         /* all are plain and follow each other */
	uint32_t breaks;    /* so many do not follow the one before, in its attempt 0 */
	uint32_t timed;     /* so many have a time-out */
	uint32_t bounded;   /* so many have bounds */
	size_t input_bytes; /* of all, each rounded up to 8 */
};

/* The entry that lies back places from the end of what was sent to a place, and its slot. */
struct slot *core_sent(const struct core *core, uint32_t place, uint32_t back);

/* The next thing to do, if any. */
struct dispatch core_dispatch(struct core *core, uint64_t now_ns);

/* When core_dispatch may have something to do without an event; UINT64_MAX: never. */
uint64_t core_next_time(const struct core *core);

/* Must core_next_time be asked at all? */
bool core_has_time(const struct core *core);

/* May more bytes be taken from this place (acknowledge its outbox, read its pipes)? */
bool core_may_take(const struct core *core, uint32_t place);

/* --- settle.c --- */

/*
 * The task that a place must answer next; NULL: it has none.  *slot is NULL if
 * the entry is stale: canceled or taken back meanwhile.
 */
const struct sent *core_expected(const struct core *core, uint32_t place, struct slot **slot);

/*
 * The place answered its first task, before or after it was settled; it is
 * idle again when all are answered.  Stale entries too.
 */
void core_answered(struct core *core, uint32_t place);

/* A message of n tasks took so long in its worker: the size of the next ones goes by it. */
void core_measured(struct core *core, uint64_t elapsed_ns, uint32_t n);

/* So long after its end the answer of a message is taken: what workers hold must last longer. */
void core_late(struct core *core, uint64_t late_ns);

/* A task has its result (an enum ord_state); output, times and detail are in the slot already. */
void core_settle(struct core *core, struct slot *slot, uint32_t state);

/* As core_settle for the end of an attempt; a task that timed out is given out again if it has retries left. */
void core_attempted(struct core *core, struct slot *slot, uint32_t state);

/*
 * Cancel a task.  Returns true if it runs and somebody must be asked to stop
 * it; then it is marked and its end settles it.
 */
bool core_cancel(struct core *core, struct slot *slot);

/* --- death.c --- */

#define FAULT_TEXT_MAX 128

/* How a worker or command ended. */
struct end {
	int wait_status;
	bool timed_out;
	bool stopped;
	bool out_of_memory; /* the kernel killed it for want of memory */
	bool over_cpu;      /* timed_out: it was processor time */
	bool unknown;       /* how it ended was not told; wait_status is made up */
	uint64_t over_kib;  /* killed because it had so much memory; 0: it was not */
	int32_t pid;
	uint64_t started_ns, ended_ns;
	uint64_t user_us, system_us, max_rss_kib;
	const char *
		fault; /* why its pool had it killed, whose bytes made no sense; NULL: it had not */
};

/*
 * A worker ended, with its records taken.  Its tasks are settled, retried or
 * given back; the place wants a new worker.
 */
void core_ended(struct core *core, uint32_t place, const struct end *end, uint64_t now_ns);

/* The place that started a task and has no result for it yet; UINT32_MAX: none. */
uint32_t core_runner(const struct core *core, const struct slot *slot);

/* The task that had started at a place and has no result; NULL: none.  Before core_ended. */
struct slot *core_running(const struct core *core, uint32_t place);

/* A command ended, or could not be started; retried or settled.  exit_code and text for one that could not. */
void core_command_ended(struct core *core, uint32_t place, const struct end *end);
void core_command_failed(struct core *core, uint32_t place, int exit_code, const char *text);

/*
 * A command could not be started for want of what others will give back when
 * they end: it takes its old place among the waiting, and no attempt is
 * counted.  false: nothing else runs, or it is to be canceled: it has failed.
 */
bool core_command_put_back(struct core *core, uint32_t place, uint64_t now_ns);

/* Give nothing out any more; cancel what has not started. text: why, or NULL. */
void core_stop(struct core *core, const char *text);

/* All that is SENT is lost with the spawner: settle it. */
void core_lost(struct core *core, const char *text);

/* --- explain.c --- */

/* What is known of the process that a task died with, into its result. */
void core_certify(struct slot *slot, const struct end *end);

/* Why it ended so (an enum ord_state), as the sentence of its result. */
void core_explain(struct slot *slot, uint32_t state, const struct end *end);

/* --- withdraw.c: a worker is replaced that has not come to its tasks --- */

/* Nobody starts what a place was sent, until core_restore; false: it has started one, and all is as before. */
bool core_withdraw(struct core *core, uint32_t place);

/* Its worker has ended; before core_ended.  Nothing happens if nothing was withdrawn. */
void core_restore(struct core *core, uint32_t place);

/* May somebody skip this task though nobody has started it? */
bool core_is_withdrawn(const struct core *core, const struct slot *slot);

/* --- announce.c: what happens to tasks, kept until the owner takes it (options.announce) --- */

enum announcement_kind {
	ANNOUNCE_NOTHING = 0,
	ANNOUNCE_STARTED,
	ANNOUNCE_RETRIED, /* an attempt ended, and there will be another */
	ANNOUNCE_ENDED    /* the task is settled */
};

struct announcement {
	enum announcement_kind kind;
	uint32_t attempt;
	struct slot *slot;
};

/* A worker says that it began a task, or a command was given to the spawner; once per attempt. */
void core_begun(struct core *core, struct slot *slot, uint32_t place, uint64_t begun_ns);

/* Take the next announcement.  Those of one task come in order; each of its attempts has a start and an end. */
struct announcement core_announcement(struct core *core);

/* --- reorder.c --- */

/* The next slot to deliver; NULL: not there yet. */
struct slot *core_deliverable(const struct core *core);

/* Its output has left the memory for the spill file, to that offset there. */
void core_spilled(struct core *core, struct slot *slot, uint64_t offset);

/* Move its result out (the caller frees it with result_finish) and free the slot.  Its messages must be gone. */
void core_release(struct core *core, struct slot *slot, struct ord_result *result);

/* Free what a result owns. */
void result_free(struct ord_result *result);
static inline void
result_finish(struct ord_result *result)
{
	if (result->detail != NULL || result->output.block != NULL || result->kept)
		result_free(result);
	else
		result->output.size = 0;
}

/* A detail, made if there is none at *detail; NULL without memory. */
struct detail *detail_get(struct detail **detail);

/* *detail is NULL then. */
void detail_free(struct detail **detail);

/* Give a task that does not end well its last words, text[size] and a NUL; takes text over. */
void detail_last_words(struct detail **detail, char *text, size_t size);

/* Its stack trace, copied; "" and a lack of memory leave it unknown. */
void detail_stack(struct detail **detail, const char *text);

/* Set the error text (cut at 4 KiB); without memory it stays "". */
void detail_error(struct detail **detail, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* --- invariants.c, for tests: a broken invariant as a sentence, NULL if all hold --- */
const char *core_check(const struct core *core);

#endif
