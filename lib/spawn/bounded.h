/* Has a task used more of the processor or of memory than it may? */
#ifndef SPAWN_BOUNDED_H
#define SPAWN_BOUNDED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bounded {
	uint32_t cpu_ms;      /* 0: any */
	uint32_t memory_mib;  /* 0: any */
	uint64_t cpu_from_ns; /* processor time that its process had used before it */
	uint64_t since_ns;    /* CLOCK_MONOTONIC when it began */
};

/* What the last exact look at memory has shown; zeroed: there was none. */
struct bounded_memory {
	uint64_t part_kib;     /* with its part of each shared page */
	uint64_t resident_kib; /* with each of them whole */
	uint64_t looked_ns;
	uint64_t cost_ns; /* how long that look took */
};

/* What a look has shown. */
struct bounded_look {
	int over_cpu;
	uint64_t over_kib; /* it has so much memory, and that is too much; 0: not */
	uint64_t again_ns; /* when to look again, CLOCK_MONOTONIC; 0: nothing to look for */
	uint64_t rest_ns;  /* and not before, whatever task runs then */
};

/* sharers: so many processes may be looked at in the same way; what looks cost is bounded for all of them. */
void bounded_look(struct bounded_look *look, struct bounded_memory *memory,
	const struct bounded *bounded, pid_t pid, size_t sharers);

#endif
