/*
 * What a plain driver begins and ends with: a process with a deadline and a fresh $XDG_RUNTIME_DIR, in which at
 * the end nothing may be left of any pool: no child or descendant, no descriptor, no endpoint, no shared memory.
 * Nothing of Criterion is in here, so it runs under ThreadSanitizer too, and its checks may stand in any thread.
 */
#ifndef SUPPORT_HOST_H
#define SUPPORT_HOST_H

#include <stdint.h>

struct ord_pool;

/* Call it after ord_worker_main. After the seconds SIGALRM ends the process. */
void host_begin(unsigned seconds);

/* Checks that nothing is left; returns 0 for main. */
int host_end(void);

uint64_t host_now_ms(void);
void host_pause_us(uint64_t us);

/* The next of a row of numbers; *state is any number but 0. */
uint64_t host_random(uint64_t *state);

/* Descriptors of this process. */
unsigned host_count_fds(void);

void host_check(int holds, const char *what, const char *file, int line);
void host_check_status(struct ord_pool *pool, int status, int wanted, const char *what,
	const char *file, int line);

#define CHECK(condition) host_check((condition) != 0, #condition, __FILE__, __LINE__)
#define CHECK_STATUS(pool, call, wanted) \
	host_check_status((pool), (call), (wanted), #call, __FILE__, __LINE__)
#define CHECK_OK(pool, call) CHECK_STATUS(pool, call, 0)

#endif
