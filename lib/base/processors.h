/* How many processors this process may use: what default numbers of workers go by. */
#ifndef BASE_PROCESSORS_H
#define BASE_PROCESSORS_H

#include <stdint.h>

#define PROCESSORS_MAX 4096u /* a pool takes no more workers */

/*
 * The processors of the affinity mask, but no more than the quota of the
 * control groups that this process is in, rounded up; 1 … PROCESSORS_MAX.
 * What cannot be read, or is not as it should be, limits nothing.
 */
uint32_t processors_usable(void);

/* The same where the files of the kernel lie below root. */
uint32_t processors_usable_by(const char *root);

/* The quota alone, rounded up; UINT32_MAX: none. */
uint32_t processors_quota(const char *root);

#endif
