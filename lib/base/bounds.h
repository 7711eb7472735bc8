/*
 * What a process may use of the machine, and the three of these limits that
 * the kernel keeps itself.
 */
#ifndef BASE_BOUNDS_H
#define BASE_BOUNDS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "base/error.h"

#define BOUND_NONE UINT32_MAX
#define BOUNDED_FIRST_NS \
	UINT64_C(5000000)     /* from a task's beginning to the first look at what it uses */
#define BOUND_FILES_LEAST 32u /* a worker has about 20 open for itself */

/* 0: says nothing, BOUND_NONE: no limit. */
struct bounds {
	uint32_t cpu_ms;
	uint32_t memory_mib;
	uint32_t memory_most_mib; /* up to which memory_mib may grow from one attempt to the next */
	uint32_t address_mib;
	uint32_t file_mib;
	uint32_t open_files;
};

/* The kernel's: RLIMIT_AS, RLIMIT_FSIZE, RLIMIT_NOFILE. */
#define BOUNDS_KERNEL 3
struct bounds_kernel {
	struct rlimit limits[BOUNDS_KERNEL];
};

/* Does any of the six, or of the last three, say something? */
bool bounds_any(const struct bounds *bounds);
bool bounds_any_kernel(const struct bounds *bounds);

/* In range? */
bool bounds_valid(const struct bounds *bounds);

/* May this process set the kernel's limits so?  0, or ORD_ESYSTEM with a sentence. */
int bounds_allowed(const struct bounds *bounds, struct error *error);

/* The limits of this process. */
void bounds_read(struct bounds_kernel *now);

/* Set the soft limits that say something as they were before. */
void bounds_restore(const struct bounds *bounds, const struct bounds_kernel *before);

/*
 * Set those that say something; BOUND_NONE: as they were before.  hard: the
 * hard limits too, so that they cannot be raised again.  System calls only;
 * 0 or -1 with errno.
 */
int bounds_set(const struct bounds *bounds, const struct bounds_kernel *before, bool hard);

#endif
