/* sched_getaffinity, not the number of processors in the machine: taskset and containers count. */
#define _GNU_SOURCE
#include "machine.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "values.h"

#define FDS_PER_COMMAND 6 /* pipes, as the pool counts them */
#define FDS_KEPT 96

uint32_t
machine_processors(void)
{
	cpu_set_t set;
	long online;

	if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
		return (uint32_t)CPU_COUNT(&set);
	online = sysconf(_SC_NPROCESSORS_ONLN);
	return online > 0 ? (uint32_t)online : 1;
}

uint32_t
machine_most_jobs(void)
{
	struct rlimit limit;
	uint64_t most = JOBS_MAX;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		most = limit.rlim_cur > FDS_KEPT ? (limit.rlim_cur - FDS_KEPT) / FDS_PER_COMMAND
						 : 1;
	if (most < 1)
		most = 1;
	return most < JOBS_MAX ? (uint32_t)most : JOBS_MAX;
}
