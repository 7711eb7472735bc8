/*
 * Whether the kernel killed a process for want of memory.  A SIGKILL does not
 * say who sent it, but control groups count the processes of theirs that the
 * kernel has killed so: the count is read before a process starts, and again
 * when it has ended by SIGKILL.
 */
#ifndef SPAWN_OOM_H
#define SPAWN_OOM_H

#include <stdbool.h>
#include <stdint.h>

struct oom {
	int fd; /* of the file that has the count; -1: it is not known */
	uint64_t
		told; /* the count when it was opened, and one for each end that was put down to it */
};

/*
 * Find the count of this process's own group, in version 2 or 1 of control
 * groups; what it starts is in the same one.  root: where the files of the
 * kernel lie; "": in /.
 */
void oom_open(struct oom *oom, const char *root);

/* The same for what lives in a group that is not this process's own, where that is counted. */
void oom_open_group(struct oom *oom, const char *group);
void oom_close(struct oom *oom);

/* So many have been killed in the group; 0 if that is not known. */
uint64_t oom_count(const struct oom *oom);

/*
 * One that was killed had been started when the count was `before`: was it the
 * kernel, for want of memory?  Each count answers for one.
 */
bool oom_did_it(struct oom *oom, uint64_t before);

#endif
