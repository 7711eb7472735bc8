/* Where a list lies. */
#ifndef JOBS_PLACE_H
#define JOBS_PLACE_H

/*
 * Is it a file system that other machines may change?  By the magic number of statfs.  There two kernels do
 * not see each other's locks and shared memory, and no events come.
 */
int place_is_network(unsigned long magic);

#endif
