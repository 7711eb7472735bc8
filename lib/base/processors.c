/*
 * Processors by affinity and by quota.  A container may see all processors of
 * its machine and have the time of two: so many workers as it sees would only
 * wait for each other.
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include "base/processors.h"

#include <sched.h>
#include <unistd.h>

#include "base/groups.h"

#define MASKS 64 /* of 1024 processors: more than any kernel is built for */

static uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* "max 100000", "150000 100000"; "-1" and "100000" in files of their own. */
static uint64_t
quota_at(void *user, const char *directory, bool unified)
{
	char text[64], period_text[64];
	const char *cursor = text, *period_cursor = unified ? text : period_text;
	uint64_t quota, period;

	(void)user;
	if (!groups_read(directory, unified ? "/cpu.max" : "/cpu.cfs_quota_us", text, sizeof text))
		return UINT64_MAX;
	if (!unified &&
		!groups_read(directory, "/cpu.cfs_period_us", period_text, sizeof period_text))
		return UINT64_MAX;
	if (!groups_number(&cursor, &quota))
		return UINT64_MAX;
	if (unified)
		period_cursor = cursor;
	if (!groups_number(&period_cursor, &period) || quota == 0 || period == 0)
		return UINT64_MAX;
	return quota / period + (quota % period != 0);
}

static uint32_t
by_affinity(void)
{
	cpu_set_t masks[MASKS];
	long online;

	if (sched_getaffinity(0, sizeof masks, masks) == 0 && CPU_COUNT_S(sizeof masks, masks) > 0)
		return (uint32_t)CPU_COUNT_S(sizeof masks, masks);
	online = sysconf(_SC_NPROCESSORS_ONLN);
	return online > 0 ? (uint32_t)online : 1;
}

uint32_t
processors_quota(const char *root)
{
	uint64_t quota = groups_least(root, "cpu", quota_at, NULL);

	return quota < UINT32_MAX ? (uint32_t)quota : UINT32_MAX;
}

uint32_t
processors_usable_by(const char *root)
{
	return least(least(by_affinity(), processors_quota(root)), PROCESSORS_MAX);
}

uint32_t
processors_usable(void)
{
	return processors_usable_by("");
}
