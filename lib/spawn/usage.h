/*
 * What a process and its descendants use, read from /proc.  A descendant that
 * has lost its parent is not found, nor are those behind FAMILY_MAX.
 */
#ifndef SPAWN_USAGE_H
#define SPAWN_USAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FAMILY_MAX 512

struct usage {
	uint64_t cpu_ns; /* user and system, also of children that were waited for */
	uint64_t resident_kib;
	uint32_t threads; /* that could run at once; 0: the process has ended */
	pid_t pids[FAMILY_MAX];
	size_t n_pids;
};

/*
 * Of descendants only those count that began at since_ns (CLOCK_MONOTONIC)
 * or later.  Where /proc cannot be read (there may be no descriptor free) the
 * time of the process alone is known, and no size.
 */
void usage_read(struct usage *usage, pid_t pid, uint64_t since_ns);

/* The resident size of those whose pids were read, with its part of each page that is shared; resident_kib if the kernel does not tell. */
uint64_t usage_part_kib(const struct usage *usage);

#endif
