/*
 * The pool from inside.  loop.c is the loop and calls the steps below in the
 * order in which a task goes through them; the other files are those steps.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include <stdatomic.h>
#include <stdbool.h>

#include <orderly/pool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "capture/tail.h"
#include "capture/words.h"
#include "core/core.h"
#include "deliver/message.h"
#include "deliver/spill.h"
#include "pool/slab.h"
#include "shared/region.h"
#include "spawn/launch.h"
#include "wire/channel.h"
#include "wire/record.h"
#include "worker/worker.h"

#define POOL_WORKERS_MAX 4096u
#define RETRIES_MAX 254u
#define PIPE_SIZE_MOST (1u << 20) /* what a pipe may hold whose size the kernel does not tell */
#define PLACE_OF(id) ((uint32_t)((id) & (POOL_WORKERS_MAX - 1)))

/* Who an epoll event is for; with the place above the low 8 bits. */
enum source {
	SOURCE_LIFE = 1,
	SOURCE_WAKE,
	SOURCE_TIMER,
	SOURCE_WORDS,
	SOURCE_FLUSH,
	SOURCE_BELL,
	SOURCE_STDOUT,
	SOURCE_STDERR
};

/* A pipe that the pool reads: it leaves the epoll while nothing may be taken from it. */
struct intake {
	int fd; /* -1: none */
	bool paused;
};

/* What makes no sense of what a worker says. */
enum fault {
	FAULT_NONE = 0,
	FAULT_PAGE,   /* committed: more than there is room for, or less than was taken */
	FAULT_CUT,    /* bytes that are no record */
	FAULT_RECORD, /* a record that is not its turn, or whose parts do not fit */
};

/* A function that tasks bring along. */
struct pool_function {
	ord_task_fn function; /* or */
	char *name;
	char *bytes;   /* how workers are told */
	uint32_t size; /* of bytes */
	uint64_t sent; /* the message in which somebody is told */
};

struct pool_functions {
	struct pool_function *list; /* by number, from 1 to n */
	uint32_t n;
	uint32_t room;     /* of list; half the buckets; a power of two */
	uint16_t *buckets; /* numbers by hash */
	uint32_t last;     /* the number that was asked for last */
	uint64_t sends;    /* messages, counted for sent above */
};

/* One life of a worker's place, as the master sees it. */
struct incarnation {
	struct ord_pool *pool;
	uint64_t id; /* 0: none */
	uint32_t place;
	int32_t pid;
	struct region region;
	int region_fd; /* kept for another life, where workers are replaced again and again; else -1 */
	bool worn;     /* what ended it may have left anything in its region */
	void *tasks;        /* its tasks socket, NULL until it is ready */
	int timer;          /* the shared flush timer */
	int bell;           /* the worker rings it when the answers to a message are there */
	struct intake pipe; /* its words */
	size_t pipe_size;   /* what it can hold */
	struct words words;
	uint64_t ready_by_ns;   /* it must be ready then; 0: it is */
	uint64_t task_position; /* in the stream of tasks */
	uint64_t *told;         /* a bit for each function that it was told; [told_words] */
	uint32_t told_words;
	uint64_t in_sequence; /* that the next CALL would belong to */
	uint32_t in_index;
	bool in_known;
	uint64_t taken;    /* position up to which its records are taken */
	uint64_t owed;     /* position to acknowledge when memory allows; 0: none */
	uint64_t sequence; /* that the next record belongs to */
	uint32_t attempt;
	bool known;                    /* both are */
	bool begun;                    /* it has said something of a task */
	bool leaving;                  /* it has said that it ends */
	bool unfit;                    /* and why, before it was ready */
	uint64_t started_ns, ended_ns; /* of the last RESULT that told */
	uint64_t batch_ns;    /* when the first task of this message started; 0: not told yet */
	uint32_t batch_tasks; /* answered of this message */
	struct buffer parts;  /* of an output that is not whole */
	struct blob block;    /* an output that lies in the slab; parts.size is its size then */
	struct buffer file;   /* where the last LOG stands, with its NUL */
	bool named;           /* it has told one */
	uint64_t asked;       /* questions of its tasks so far, and of these */
	uint64_t ask, resume; /* the last ASK and the last RESUME: their answers name them */
	uint64_t replied;     /* the last of them that was answered */
	bool parts_lost;      /* there was no memory for one */
	bool left;            /* more records are known to lie in its outbox */
	bool spoiled;         /* it is being killed */
	bool repaired; /* because it did not come to its tasks, or its answers did not come */
	uint64_t
		probe; /* position in the stream of tasks at which it was asked whether it hears; 0: it was not */
	uint64_t probe_ns; /* when that was */
	uint64_t doubt_ns; /* when the spawner is asked whether it lives; 0: not yet */
	uint64_t
		leave_by_ns; /* it must have left then, once it was told to; 0: it was not, or not noticed */
	bool distrusted;    /* because its bytes made no sense: no more of them are taken */
	uint8_t fault;      /* enum fault: in which way */
	uint8_t fault_kind; /* of the record that made none */
	uint64_t fault_at;  /* where in its stream */
};

/* A command that runs. */
struct command {
	struct ord_pool *pool;
	uint64_t id; /* 0: none */
	uint32_t place;
	uint64_t sequence;
	uint32_t output; /* enum ord_output */
	struct intake out, err;
	struct words out_lines, err_lines;
	struct buffer collected;
	uint64_t doubt_ns; /* as a worker's */
};

/* When tasks are held back because others need the machine. */
struct admission {
	bool asked;       /* free_memory_mib or max_load is set */
	uint64_t next_ns; /* no look before */
	const char *root; /* where the files of the kernel lie; "": in / */
};

/* What is known of how a pool moves: looked at once a second while tasks are there. */
struct look {
	uint64_t at_ns;         /* the next look; 0: none is due */
	uint64_t settled;       /* tasks that had their result at the last repair */
	uint64_t repaired;      /* workers that were replaced because a message was lost, in all */
	uint64_t repaired_then; /* at the last look */
	uint32_t in_vain;       /* looks that repaired something since a task had its result */
	uint32_t still;         /* looks in a row before which nothing had happened */
	bool due;               /* the timer has fired for it */
	bool rests; /* the next one comes later than after a second: only commands run */
};

struct ord_pool {
	struct ord_pool_options options; /* with the defaults filled in */
	struct limits limits;            /* of tasks that bring none of their own */
	struct bounds bounds;            /* the same */
	uint32_t start;                  /* the start method that was decided */
	char *program;
	char *function_name;
	char *spill_directory;
	int *keep_fds;
	struct error error;       /* of the last call */
	struct error failure;     /* the first that was kept */
	struct error start_error; /* why a worker could not be started, last */
	struct core core;
	struct pool_functions functions;
	bool started;
	bool open; /* for plain tasks: it has a function, is started and not closed */
	bool closed;
	bool ended;            /* the pool failed: what is left is canceled */
	bool finished;         /* workers are gone */
	bool quiet;            /* the last round of this call moved nothing */
	uint64_t suspended_ns; /* since when, if core.suspended */
	struct launch launch;
	void *context;                       /* of ZeroMQ; NULL: none */
	char directory[SPAWN_DIRECTORY_MAX]; /* "": none */
	char group[GROUP_PATH_MAX];          /* the control group of all that runs; "": none */
	_Atomic uint64_t *claims;
	int claims_fd;
	int shared_fd;           /* of .shared while the spawner is started */
	struct pool_slabs slabs; /* large payloads */
	int epoll;
	_Atomic int wake; /* eventfd of ord_pool_interrupt, -1: not made yet */
	int timer;        /* of the pool's own next deadline */
	uint64_t timer_at;
	struct look look;  /* whether anything moves */
	bool life_writing; /* epoll waits for room in the life channel too */
	_Atomic uint32_t interrupts;
	uint32_t interrupts_taken;
	bool left;           /* some incarnation has records left */
	struct region spare; /* of a worker that left in good order, for the next that starts */
	int spare_fd;        /* -1: none */
	bool stops;          /* tasks were asked to end that may have answered already */
	uint64_t next_id;    /* of an incarnation or command */
	struct incarnation *incarnations; /* one per place; NULL without functions */
	struct command *commands;         /* one per place */
	uint32_t n_commands;              /* of them, those that run */
	struct tail *tails;               /* one per place */
	struct admission admission;       /* of tasks, by what the machine has left */
	uint32_t n_paused;                /* intakes and acknowledgements that wait for memory */
	int callbacks;                    /* depth */
	bool destroy;                     /* asked for in a callback */
	struct spill spill;               /* outputs that wait for their turn */
	uint64_t spill_again_ns;          /* it was full: not before then; 0: it was not */
	struct ord_result current;        /* what ord_pool_next gave out */
	bool has_current;
	char *alive; /* a page that a fork wipes: 1 in the process that made the pool */
	struct worker *inline_worker; /* INLINE */
	uint64_t messages, messages_dropped, dropped, workers_ready, workers_starting;
	struct buffer text;          /* a log record's, with its NUL, while its callback runs */
	struct buffer scratch;       /* of a command that is submitted, perhaps by that callback */
	char reading[64 * 1024 + 1]; /* for one read from a pipe, and a NUL */
};

/* --- pool.c --- */

/* Any call: the pool is there and belongs to this process. */
int pool_check(struct ord_pool *pool);

/* It takes no new tasks from now on. */
void pool_close(struct ord_pool *pool);

/* The first error that a loop of calls met is told at its end. */
int pool_keep(struct ord_pool *pool, int status);

/* What every call that moves the pool begins and ends with: a status if it may not; the deferred destroy. */
int pool_enter(struct ord_pool *pool);
int pool_leave(struct ord_pool *pool, int status);

/* --- functions.c: functions that tasks bring along --- */

/* The number by which workers know a function: one of the two is set. */
int pool_function(struct ord_pool *pool, ord_task_fn function, const char *name, uint32_t *number);
void pool_functions_finish(struct pool_functions *functions);

/* Add to *size what must be told before the last n tasks that were sent to a place; -1 without memory. */
int functions_bytes(struct incarnation *incarnation, uint32_t n, size_t *size);

/* Tell it; returns the byte behind it. */
char *functions_put(struct incarnation *incarnation, char *to, uint32_t n);

/* --- admission.c --- */

/* Look at the machine if it is time to and tasks wait, before one is given out. */
void admission_look(struct ord_pool *pool);

/* When the next look is due; UINT64_MAX: nobody waits for one. */
uint64_t admission_next(const struct ord_pool *pool);

/* --- options.c --- */
int pool_options(struct ord_pool *pool, const struct ord_pool_options *options);

/* --- loop.c --- */

/* One round: carry tasks on, and wait up to timeout_ms if there is nothing to do.  *moved: something happened. */
int pool_round(struct ord_pool *pool, int timeout_ms, bool *moved);

/* Make the next wait return at once.  Any thread, any signal handler. */
void pool_wake(struct ord_pool *pool);

/* Give out what can be given out. */
void pool_dispatch(struct ord_pool *pool);

/* Deliver what can be delivered; with once, at most one result into pool->current. */
bool pool_deliver(struct ord_pool *pool, bool once);

/* --- start.c --- */
/* May this process have descriptors enough for so many workers?  0 or ORD_ESYSTEM. */
int pool_check_descriptors(struct ord_pool *pool, uint32_t workers);
int pool_start(struct ord_pool *pool);
/* 0 or -1 with errno: a descriptor that is not watched would be slept over. */
int pool_watch(struct ord_pool *pool, int fd, enum source source, uint32_t place);

/* --- incarnation.c --- */

/* Start a worker at a place; says how it went to the core. */
void incarnation_spawn(struct ord_pool *pool, uint32_t place);
void incarnation_ready(struct ord_pool *pool, const struct life_packet *packet);
void incarnation_failed(struct ord_pool *pool, const struct life_event *event);
void incarnation_ended(struct ord_pool *pool, const struct life_packet *packet, const char *stack);
/* A frame for so many bytes of records; where they go, or NULL without memory. */
char *incarnation_frame(
	struct incarnation *incarnation, struct channel_message *message, size_t size);
/* Send it; one that cannot be sent costs the worker, and its tasks come back. */
void incarnation_post(struct incarnation *incarnation, struct channel_message *message);
/* Send one record that answers a question of the task at a place; value: 0, or a status made positive.  0 or -1 without memory. */
int incarnation_reply(struct incarnation *incarnation, uint8_t kind, uint16_t value,
	const void *bytes, size_t size);
void incarnation_bye(struct ord_pool *pool, uint32_t place);
/* What an ended one has said and nobody has taken. */
void incarnation_take_rest(struct incarnation *incarnation);
void incarnation_close(struct incarnation *incarnation);
/* Are workers replaced so often that their regions are used again? */
bool incarnation_keeps_region(const struct ord_pool *pool);
/* Free what is kept for the next life. */
void incarnation_drop_spare(struct ord_pool *pool);
/* A packet's ENDED as the core wants it. */
struct end pool_end(const struct life_packet *packet);
/* Kill one: its bytes make no sense, it is late, or there was no memory to tell it something. */
void incarnation_spoil(struct incarnation *incarnation);
/* The living one with this id; NULL: none. */
struct incarnation *incarnation_find(struct ord_pool *pool, uint64_t id);
/* The next id: its low bits are the place. */
uint64_t pool_next_id(struct ord_pool *pool, uint32_t place);

/* --- batch.c --- */

/* The tasks that the core gave to a place, as one message; -1 without memory. */
int batch_compose(struct incarnation *incarnation, const struct dispatch *dispatch,
	struct channel_message *message);

/* Send them. */
void batch_send(struct ord_pool *pool, const struct dispatch *dispatch);

/* --- plain.c --- */

/* Take the plain results at *cursor; *cursor is behind them. */
void plain_take(struct incarnation *incarnation, const char **cursor, const char *end);

/* --- receive.c --- */

/* Take what lies in an outbox: all of it, or until it has said many messages; then it is left. */
void receive_outbox(struct incarnation *incarnation);

/* Take what was left in outboxes because of its number. */
void receive_left(struct ord_pool *pool);

/* Take the records that follow those that were taken; -1: they make no sense. */
int receive_records(struct incarnation *incarnation, const char *records, size_t size);

/* Acknowledge and read on where memory allows it again. */
void receive_resume(struct ord_pool *pool);

/* --- announce.c: events --- */

/* What workers must be asked for: enum page_wants. */
uint32_t pool_wants(const struct ord_pool *pool);

/* Whether the spawner is to say when a command's process is there. */
bool pool_wants_processes(const struct ord_pool *pool);

/* Tell what the core has to announce. */
void pool_announce_news(struct ord_pool *pool);
static inline void
pool_announce(struct ord_pool *pool)
{
	if (pool->core.news != NULL)
		pool_announce_news(pool);
}

/* Tell of a worker. */
void pool_announce_process(struct ord_pool *pool, const struct slot *slot, int32_t pid);
void pool_announce_worker(
	struct ord_pool *pool, enum ord_event_kind kind, uint32_t place, int32_t pid);

/* The pool's workers are gone: tell of those that were ready. */
void pool_announce_gone(struct ord_pool *pool);

/* Take a START or PROGRESS of a task that runs at a place (slot NULL: stale); -1: it makes no sense. */
int pool_take_start(
	struct incarnation *incarnation, const struct record *record, struct slot *slot);
int pool_take_progress(
	struct incarnation *incarnation, const struct record *record, struct slot *slot);

/* --- log.c --- */

/* Take a LOG: say it, or drop it if its task is not known any more; -1: it makes no sense. */
int pool_take_log(struct incarnation *incarnation, const struct record *record, bool stale);

/* --- fault.c --- */

/* Note what makes no sense, and where; -1. */
int fault_note(struct incarnation *incarnation, enum fault fault, uint8_t kind, uint64_t at);

/* A sentence about it, whose subject is the worker; "": there is nothing. */
const char *fault_sentence(const struct incarnation *incarnation, char *text, size_t size);

/* --- words.c --- */

/* Read once from a worker's pipe; 1: there may be more, 0: empty or ended. */
int words_read(struct incarnation *incarnation);

/* Read until the worker's mark has come, or all that is there (marks UINT64_MAX). */
void words_read_to(struct incarnation *incarnation, uint64_t marks);

int words_say(const struct words_line *line, void *user);

/* --- say.c --- */

/* Bring a line to the callback; its text is in memory of ours and gets its NUL there. */
void pool_say_line(
	struct ord_pool *pool, const struct words_line *line, int source, uint32_t place);

/* What it had said last into the result of a task that does not end well at a place, or will be tried again there. */
void pool_last_words(struct ord_pool *pool, uint32_t place, struct slot *slot);

/* Bring a message to the callback, now or when its task's turn comes. */
void pool_say(struct ord_pool *pool, const struct ord_message *message);

/* Deliver what is held for the first task. */
void pool_say_held(struct ord_pool *pool, struct slot *slot);

/* --- intake.c --- */
/* Takes fd over, also if it cannot be watched: -1 with errno. */
int intake_open(
	struct ord_pool *pool, struct intake *intake, int fd, enum source source, uint32_t place);
void intake_pause(struct ord_pool *pool, struct intake *intake);
void intake_resume(
	struct ord_pool *pool, struct intake *intake, enum source source, uint32_t place);
void intake_close(struct ord_pool *pool, struct intake *intake);

/* --- command.c --- */
void pool_command_start(struct ord_pool *pool, uint32_t place, struct slot *slot);
void pool_command_failed(struct ord_pool *pool, const struct life_event *event);
void pool_command_begun(struct ord_pool *pool, const struct life_packet *packet);
void pool_command_ended(struct ord_pool *pool, const struct life_packet *packet);
void pool_command_close(struct command *command);
/* The spawner's text of a command; 0 or ORD_ENOMEM. */
int pool_command_text(struct buffer *text, const struct ord_command *command);
/* Read once; 1: there may be more. */
int pool_command_read(struct command *command, bool standard_error);

/* --- ask.c --- */

/* A task asks: say so, or answer that nobody is there to answer; -1: it asks already. */
int pool_take_ask(struct incarnation *incarnation, struct slot *slot, const struct record *record);

/* A task that is to end does not wait for an answer or a slot. */
void pool_stop_asking(struct ord_pool *pool, struct slot *slot);

/* The task that yielded at a place has a slot again. */
void pool_grant(struct ord_pool *pool, uint32_t place);

/* --- spill.c --- */

/* Make the file, if the options want one. */
int spill_start(struct ord_pool *pool);

/* Move outputs into it while too much is held; and back, for one that is about to be delivered. */
void pool_spill(struct ord_pool *pool);
void pool_unspill(struct ord_pool *pool, struct slot *slot);

/* --- suspend.c --- */

/* Suspended, and tasks that were asked to end have ended: then nothing comes by itself. */
bool pool_halted(const struct ord_pool *pool);

/* Let workers and commands go on; 0 or ORD_ENOMEM, ORD_ELOST with a sentence. */
int pool_go_on(struct ord_pool *pool);

/* --- inline.c --- */
int inline_start(struct ord_pool *pool);
void inline_run(struct ord_pool *pool, struct slot *slot);
/* on_worker_stop; what it says is delivered, or with quiet dropped. */
void inline_stop(struct ord_pool *pool, bool quiet);
void inline_finish(struct ord_pool *pool);
/* What ord_pool_answer does there. */
int inline_answer(struct ord_pool *pool, const void *bytes, size_t size);

/* --- stop.c --- */

/* End the pool with an error: what waits is canceled, what runs is killed. */
void pool_fail(struct ord_pool *pool, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same because workers end again and again before they have done anything. */
void pool_fail_crash_loop(struct ord_pool *pool);

/* Ask the spawner to end a running task. */
void pool_stop_task(struct ord_pool *pool, struct slot *slot, bool kill);

/* Send a signal to the group of a command, if it runs. */
void pool_signal_command(struct ord_pool *pool, const struct slot *slot, int number);

/* Ask for the ends that waited until answers were looked at. */
void pool_take_stops(struct ord_pool *pool);

/* Notice calls of ord_pool_interrupt. */
void pool_take_interrupts(struct ord_pool *pool);

/* The spawner is gone. */
void pool_lost(struct ord_pool *pool);

/* Stop workers in good order and the spawner, close everything that start opened. */
void pool_shut_down(struct ord_pool *pool, bool orderly);

/* Free the pool. */
void pool_free(struct ord_pool *pool);

/* --- look.c: does anything move? --- */

/* When the next look is due; UINT64_MAX: never. */
uint64_t pool_look_time(struct ord_pool *pool);

/* Look: take what lies unnoticed, ask workers that are silent, replace those that have lost a message. */
void pool_look(struct ord_pool *pool);

/* An event came that was not the look's timer. */
static inline void
pool_moved(struct ord_pool *pool)
{
	pool->look.still = 0;
}

/* A worker has ended: was that a repair, or what came of it?  Before core_ended. */
void pool_look_at_end(struct incarnation *incarnation, int wait_status);

/*
 * Tasks are left, and no event can come that would move them.  forever: the
 * caller would wait until one does, and could do nothing itself meanwhile.
 */
bool pool_stalled(const struct ord_pool *pool, bool forever);

/* --- dump.c --- */

/* A sentence about why nothing moves, and as much of the dump as it has room for. */
void pool_explain_stall(const struct ord_pool *pool, struct error *error);

#endif
