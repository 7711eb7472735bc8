/* Who lives: a process is told from all others, on all hosts and at all times, by host, boot, pid namespace, pid and start. */
#ifndef JOBS_LIFE_H
#define JOBS_LIFE_H

#include <stdint.h>

struct life {
	char host[65];
	char boot[40];  /* the kernel's number of this boot; "": not known */
	uint64_t space; /* inode of the pid namespace */
	uint64_t start; /* of the process, in ticks since the boot */
	int32_t pid;
};

enum life_sign {
	LIFE_LIVES,
	LIFE_ENDED,
	LIFE_UNKNOWN /* it is elsewhere, or may not be looked at */
};

/* Who a process of this namespace is; pid 0: this one.  0 or -1 with errno. */
int life_of(int32_t pid, struct life *life);

int life_is_same(const struct life *one, const struct life *other);

/*
 * Look at a process from another; *fd is -1 or what an earlier look at it left
 * there: a descriptor that can be read when it has ended.
 */
enum life_sign life_look(const struct life *from, const struct life *life, int *fd);

#endif
