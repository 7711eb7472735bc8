/*
 * What a call can say.  Every fallible function returns 0 or one of these
 * negative codes; the sentence that belongs to it is on the object
 * (ord_pool_error).  A task's failure is not an error of the library: it is a
 * result with a state (result.h).
 */
#ifndef ORDERLY_STATUS_H
#define ORDERLY_STATUS_H

#include <orderly/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* code, number, sentence */
#define ORD_STATUS_MAP(X)                                                            \
	X(ORD_OK, 0, "success")                                                          \
	X(ORD_EINVAL, -1, "an argument or an option is not valid")                       \
	X(ORD_ENOMEM, -2, "out of memory")                                               \
	X(ORD_EAGAIN, -3, "full, or nothing there yet: deliver something and try again") \
	X(ORD_ECLOSED, -4, "closed: no new task is accepted")                            \
	X(ORD_EBUSY, -5, "not allowed here: called from a callback of the same object")  \
	X(ORD_ENOTSUP, -6, "not supported by this start method or this build")           \
	X(ORD_ESYSTEM, -7, "a system call failed")                                       \
	X(ORD_ETIMEDOUT, -8, "the time is up")                                           \
	X(ORD_EPROGRAM, -9, "the worker program is missing or of another version")       \
	X(ORD_ECRASHLOOP, -10, "workers end again and again without having started a task")   \
	X(ORD_EFORKED, -11, "the object belongs to the process that made it")            \
	X(ORD_EINTERRUPTED, -12, "interrupted: ord_pool_interrupt was called")           \
	X(ORD_ETOOBIG, -13, "larger than the stated limit")                              \
	X(ORD_ESTALLED, -14, "nothing can move any more")                                \
	X(ORD_ELOST, -15, "what was held is lost: the spawner with its workers, or a job to another taker") \
	X(ORD_EFAILED, -16, "a task failed: its result says why") \
	X(ORD_EFULL, -17, "the queue is full: get something, or wait longer") \
	X(ORD_EEMPTY, -18, "nothing is there: no result yet, or no job any more")

enum ord_status {
#define ORD_STATUS_ENUM(name, number, sentence) name = number,
	ORD_STATUS_MAP(ORD_STATUS_ENUM)
#undef ORD_STATUS_ENUM
};

/*
 * The name of a status, such as "ORD_EAGAIN".
 *
 * status  0 or a negative enum ord_status
 *
 * Returns a constant string; "ORD_UNKNOWN" for other numbers.
 * Any thread, any callback.  Since 0.1.  Source: lib/base/status.c.
 */
ORD_API const char *
ord_status_name(int status);

/*
 * What a status means, as a sentence without a full stop.
 *
 * status  0 or a negative enum ord_status
 *
 * Returns a constant string; never NULL.
 * Any thread, any callback.  Since 0.1.  Source: lib/base/status.c.
 */
ORD_API const char *
ord_strerror(int status);

#ifdef __cplusplus
}
#endif
#endif
