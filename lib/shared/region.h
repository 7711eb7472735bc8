/*
 * What a worker and its master (and the spawner) map together: one memfd per
 * incarnation with the status page at its start and the outbox ring behind it,
 * and one memfd per pool with the claim words.  Sealed against shrinking and
 * allocated in full, so that neither side can make the other fault.  What the
 * other process wrote is input: copied before it is checked.
 *
 * Every word has one writer, named beside it; words of different writers are
 * on different cache lines.
 */
#ifndef SHARED_REGION_H
#define SHARED_REGION_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define REGION_MAGIC UINT32_C(0x4f524431)
#define REGION_PAGE_SIZE 4096u
#define REGION_RING_SIZE (1u << 18) /* a power of two and a multiple of the page size */
#define REGION_NONCE_SIZE 16u

/*
 * The run word: which attempt of which task the worker is at, and how far.
 * The worker writes it; the spawner may turn RUNNING into DOOMED, and then the
 * worker may not commit that task any more.
 */
enum run_phase { RUN_IDLE = 0, RUN_RUNNING = 1, RUN_COMMITTING = 2, RUN_DOOMED = 3 };
#define RUN_WORD(sequence, attempt, phase) \
	(((uint64_t)(sequence) << 10) | (((uint64_t)(attempt)&0xff) << 2) | (uint64_t)(phase))
#define RUN_PHASE(word) ((enum run_phase)((word)&3))
#define RUN_SEQUENCE(word) ((word) >> 10) /* the low 54 bits of it */
#define RUN_ATTEMPT(word) ((uint32_t)((word) >> 2) & 0xff)

/* The cancel word: 0, or the run word of the task that should end, with a reason for its phase. */
enum cancel_reason { CANCEL_ASKED = 1, CANCEL_TIMEOUT = 2, CANCEL_CPU = 3 };

/* The words word: what the master has read from the worker's pipe. */
#define WORDS_READING UINT64_C(1) /* a read(2) is under way */
#define WORDS_DIRTY UINT64_C(2)   /* bytes have come behind the last mark */
#define WORDS_MARKS_SHIFT 2       /* above: how many marks have come */

/* What the master wants of a worker beside results: bits of wants. */
enum page_wants {
	WANTS_STARTS = 1 << 0,   /* a START when an attempt begins */
	WANTS_PROGRESS = 1 << 1, /* PROGRESS */
	WANTS_STACK = 1 << 2 /* that it waits when it crashes, until its stack has been looked at */
};

/* What a worker was about to do when it ended before it was ready, and the errno of it. */
enum trouble { TROUBLE_NONE = 0, TROUBLE_MEMORY, TROUBLE_ZEROMQ, TROUBLE_SOCKETS, TROUBLE_PEERS };
#define TROUBLE_WORD(what, failed) ((uint32_t)(what) << 16 | ((uint32_t)(failed)&0xffff))
#define TROUBLE_WHAT(word) ((enum trouble)((word) >> 16))
#define TROUBLE_ERRNO(word) ((int)((word)&0xffff))

/* The crash word: a worker that crashes waits, and the spawner lets it go on dying. */
enum crash_state { CRASH_NONE = 0, CRASH_WAITS = 1, CRASH_SEEN = 2 };

struct status_page {
	/* the master writes these before the worker starts */
	uint32_t magic;
	uint32_t place;
	uint64_t id; /* of this incarnation: unique in the pool */
	uint64_t token;
	uint64_t recycle_kib; /* a worker that is larger after a task leaves; 0: never */
	uint8_t nonce[REGION_NONCE_SIZE]; /* makes the marks in the words unforgeable */
	uint32_t wants;                   /* enum page_wants */
	uint32_t stack_ms; /* WANTS_STACK: so long a tracer may look at a worker that has crashed */

	/* the master */
	alignas(64) _Atomic uint64_t
		acknowledged;   /* stream position up to which records are taken */
	_Atomic uint32_t level; /* lowest log level that is sent */
	alignas(64) _Atomic uint64_t words;

	/* the spawner */
	alignas(64) _Atomic uint64_t cancel;

	/* the worker; the spawner may only go RUNNING -> DOOMED */
	alignas(64) _Atomic uint64_t run;
	_Atomic uint64_t deadline_ns; /* CLOCK_MONOTONIC; 0: none */
	_Atomic uint32_t grace_ms;    /* behind the deadline; stands before it */
	_Atomic uint32_t trouble;     /* TROUBLE_WORD: why it cannot start, if it ends now */
	_Atomic uint64_t started_ns;  /* when the task that runs began; stands before run */
	_Atomic uint32_t
		cpu_ms; /* that it may use, 0: any; the three stand before run, and are 0 again behind it */
	_Atomic uint32_t memory_mib; /* that it may have, 0: any */
	_Atomic uint64_t
		cpu_from_ns; /* what its process had used before it, with children that were waited for */

	/* the worker */
	alignas(64) _Atomic uint64_t committed; /* stream position up to which records are whole */
	_Atomic uint64_t dropped;               /* frames of tasks that were not the master's */
	_Atomic uint64_t heard; /* stream position of tasks up to which all is done */
	_Atomic uint64_t
		awaits; /* the question whose answer its task waits for, 1, 2, 3 ...; 0: none */

	/* set by the worker, cleared by the master */
	alignas(64) _Atomic uint32_t
		armed; /* the shared timer will fire for records that no bell was rung for */
	_Atomic uint32_t waiting; /* futex: the worker sleeps until this is 0 */

	/* the worker once, NONE -> WAITS, then the spawner once, -> SEEN; a futex */
	alignas(64) _Atomic uint32_t crash;
};

/* A mapped region.  ring[0 … 2 * REGION_RING_SIZE) shows the ring twice, so that no record wraps. */
struct region {
	struct status_page *page; /* NULL: not mapped */
	char *ring;
};

/* Make a memfd of a region, sized, allocated, sealed and mapped; 0 or -1 with errno.  *fd is close-on-exec. */
int region_new(struct region *region, int *fd);

/* As new again: for another worker, when nobody uses it any more. */
void region_clear(struct region *region);

/* Map the region of a memfd; checks size and seals first (EINVAL); 0 or -1 with errno. */
int region_map(struct region *region, int fd);

/* Map only its status page; ring is NULL. */
int region_map_page(struct region *region, int fd);

/* Unmap; the struct is zeroed. */
void region_finish(struct region *region);

/*
 * A claim word per window slot (sequence modulo the window's ring): who may
 * run a task is decided here.  Only the master arms; only a worker goes ARMED
 * -> STARTED; only the master goes ARMED -> CANCELED.
 */
enum claim_state { CLAIM_FREE = 0, CLAIM_ARMED = 1, CLAIM_STARTED = 2, CLAIM_CANCELED = 3 };
#define CLAIM_WORD(sequence, attempt, place, state) \
	(((uint64_t)(sequence) << 24) | (((uint64_t)(attempt)&0xff) << 16) | \
		((uint64_t)(place) << 2) | (uint64_t)(state))
#define CLAIM_NEXT(word, n) ((word) + ((uint64_t)(n) << 24)) /* the same, so many sequences later */
#define CLAIM_STATE(word) ((enum claim_state)((word)&3))
#define CLAIM_PLACE(word) ((uint32_t)((word) >> 2) & 0x3fff)

/* Make a memfd of count claim words and map it; 0 or -1 with errno. */
int claims_new(_Atomic uint64_t **claims, uint32_t count, int *fd);

/* Map the claim words of a memfd; *count from its size; 0 or -1 with errno. */
int claims_map(_Atomic uint64_t **claims, uint32_t *count, int fd);

/* Unmap. */
void claims_unmap(_Atomic uint64_t *claims, uint32_t count);

/* Arm: the master gives (sequence, attempt) out, or gives it out again. */
static inline void
claim_arm(_Atomic uint64_t *claim, uint64_t sequence, uint32_t attempt)
{
	atomic_store_explicit(
		claim, CLAIM_WORD(sequence, attempt, 0, CLAIM_ARMED), memory_order_release);
}

/* A worker starts the task; 0 if it may not: another has it, or it was canceled. */
static inline int
claim_start(_Atomic uint64_t *claim, uint64_t sequence, uint32_t attempt, uint32_t place)
{
	uint64_t armed = CLAIM_WORD(sequence, attempt, 0, CLAIM_ARMED);

	return atomic_compare_exchange_strong_explicit(claim, &armed,
		CLAIM_WORD(sequence, attempt, place, CLAIM_STARTED), memory_order_acq_rel,
		memory_order_acquire);
}

/* The master cancels or takes back; 0 if a worker has started it. */
static inline int
claim_cancel(_Atomic uint64_t *claim, uint64_t sequence, uint32_t attempt)
{
	uint64_t armed = CLAIM_WORD(sequence, attempt, 0, CLAIM_ARMED);

	return atomic_compare_exchange_strong_explicit(claim, &armed,
		CLAIM_WORD(sequence, attempt, 0, CLAIM_CANCELED), memory_order_acq_rel,
		memory_order_acquire);
}

#endif
