/* How busy the machine is, and how much memory this process could still have. */
#ifndef BASE_MACHINE_H
#define BASE_MACHINE_H

#include <stdint.h>

/*
 * MiB that could be taken without swapping: what the kernel says is available,
 * but no more than the control groups of this process have left, file pages
 * that they can drop not counted.  UINT64_MAX if nobody says.
 *
 * root  where the files of the kernel lie; "": in /
 */
uint64_t machine_free_mib(const char *root);

/* The load average of the last minute in hundredths; 0 if nobody says. */
uint64_t machine_load(const char *root);

#endif
