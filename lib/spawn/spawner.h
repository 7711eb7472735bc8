/*
 * The spawner: a small process with one thread and no sockets but its end of
 * the life channel.  It forks workers and starts commands as the master asks,
 * enforces deadlines, reports every end, and sees to it that nothing is left:
 * when the master is gone, all that lives is killed and the endpoint directory
 * removed.
 */
#ifndef SPAWN_SPAWNER_H
#define SPAWN_SPAWNER_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/task.h>

#include "base/bounds.h"
#include "spawn/function.h"
#include "spawn/group.h"

#define SPAWN_DIRECTORY_MAX 96 /* of the endpoint directory's path, with its NUL */

/* What LIFE_CONFIG carries. */
struct spawn_config {
	struct function_spec function;
	struct function_spec start_hook; /* what a worker does before its first task */
	struct function_spec stop_hook;  /* and behind its last */
	uint64_t
		shared_address; /* FORK: of the bytes for all tasks; else they come as a descriptor */
	uint64_t shared_size;
	uint64_t slab_stretch; /* shared/slab.h: it comes as a descriptor; 0: there is none */
	char directory[SPAWN_DIRECTORY_MAX]; /* of the endpoints; "" if there are none */
	char group[GROUP_PATH_MAX]; /* the control group of all that is started; "": none */
	struct bounds bounds;       /* of each worker: the kernel's */
	int32_t master_pid;
	uint32_t has_claims; /* the claim words come as a descriptor: there are workers */
	uint32_t many;       /* so many workers will be started that what makes each cheaper pays */
	uint32_t reserved;
};

/* Which of a command's descriptors are its output file. */
enum spawn_output { SPAWN_STDOUT = 1 << 0, SPAWN_STDERR = 1 << 1 };

/*
 * What LIFE_COMMAND's text is: this, then argc + envc NUL-terminated strings,
 * then the cwd's if has_cwd, then the output file's if any output goes there.
 */
struct spawn_command {
	uint32_t argc;
	uint32_t envc; /* NAME=value, set beside the spawner's own environment */
	uint8_t has_cwd;
	uint8_t output;      /* of enum spawn_output */
	uint8_t stop_signal; /* 0: SIGTERM */
	uint8_t terminal;    /* it enters the master's process group */
};

/* What a new worker gets; it owns the descriptors. */
struct worker_setup {
	uint64_t id;
	uint32_t place;
	int32_t master_pid; /* who may connect */
	int life;           /* to send LIFE_READY on, then to be closed */
	int region;         /* memfd of the region */
	int timer;          /* the flush timer, shared with the master */
	int bell;           /* an eventfd that wakes the master */
	int words;          /* pipe for fd 1 and 2, or -1 */
	int deadline; /* timerfd, shared with the spawner: set it to the absolute deadline_ns of the page */
	int claims;          /* memfd of the claim words, or -1 */
	uint64_t half_write; /* measured once for all: ticks of half a write(2) */
	const char *directory;
	const void *shared; /* for all tasks: shared[shared_size] */
	size_t shared_size;
	int slab;             /* memfd of the slab, if slab_stretch is not 0 */
	struct bounds bounds; /* the kernel's limits that it sets itself */
	uint64_t slab_stretch;
	ord_task_fn function; /* NULL: tasks bring their own */
	ord_worker_start_fn start_hook;
	ord_worker_stop_fn stop_hook;
	void *user;
};

/* What a worker does; runs in the forked child and ends it with _exit. */
typedef void (*worker_serve_fn)(const struct worker_setup *setup);

/* Be a spawner on this end of the life channel until the master ends or dies; never returns. */
_Noreturn void spawner_run(int life, worker_serve_fn serve);

#endif
