/* What the kernel says of another process. */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdint.h>

/*
 * The letter of its main thread in /proc: R runs or wants to, S sleeps, D waits
 * in the kernel, T or t is stopped, Z has ended and nobody has taken note; '-':
 * there is no such process, '?': that cannot be told.
 */
char process_state(int32_t pid);

#endif
