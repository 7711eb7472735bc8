/* The kernel's limits, by name and unit. */
#define _GNU_SOURCE /* __rlimit_resource_t */
#include "base/bounds.h"

#include <stddef.h>
#include <string.h>

#define MIB_SHIFT 20

struct kind {
	__rlimit_resource_t resource;
	unsigned shift; /* from the option's unit to the kernel's */
	size_t offset;  /* in struct bounds */
	const char *option;
	const char *unit;
	const char *remedy;
};

static const struct kind kinds[BOUNDS_KERNEL] = {
	{ RLIMIT_AS, MIB_SHIFT, offsetof(struct bounds, address_mib), "address_mib", " MiB", "-v" },
	{ RLIMIT_FSIZE, MIB_SHIFT, offsetof(struct bounds, file_mib), "file_mib", " MiB", "-f" },
	{ RLIMIT_NOFILE, 0, offsetof(struct bounds, open_files), "open_files", "", "-n" },
};

static uint32_t
value_of(const struct bounds *bounds, const struct kind *kind)
{
	uint32_t value;

	memcpy(&value, (const char *)bounds + kind->offset, sizeof value);
	return value;
}

static bool
says(uint32_t value)
{
	return value != 0 && value != BOUND_NONE;
}

bool
bounds_any_kernel(const struct bounds *bounds)
{
	return (bounds->address_mib | bounds->file_mib | bounds->open_files) != 0;
}

bool
bounds_any(const struct bounds *bounds)
{
	return (bounds->cpu_ms | bounds->memory_mib) != 0 || bounds_any_kernel(bounds);
}

bool
bounds_valid(const struct bounds *bounds)
{
	return bounds->open_files == 0 || bounds->open_files >= BOUND_FILES_LEAST;
}

int
bounds_allowed(const struct bounds *bounds, struct error *error)
{
	struct bounds_kernel now;

	if (!bounds_any_kernel(bounds))
		return 0;
	bounds_read(&now);
	for (size_t i = 0; i < BOUNDS_KERNEL; i++) {
		const struct kind *kind = &kinds[i];
		uint32_t value = value_of(bounds, kind);
		rlim_t most = now.limits[i].rlim_max;

		if (says(value) && most != RLIM_INFINITY && (rlim_t)value << kind->shift > most)
			return error_set(error, ORD_ESYSTEM,
				"%s is %u%s and the hard limit of this process %llu%s: set it lower, or raise "
				"that limit (ulimit -H %s)",
				kind->option, value, kind->unit,
				(unsigned long long)(most >> kind->shift), kind->unit,
				kind->remedy);
	}
	return 0;
}

void
bounds_read(struct bounds_kernel *now)
{
	for (size_t i = 0; i < BOUNDS_KERNEL; i++)
		if (getrlimit(kinds[i].resource, &now->limits[i]) != 0)
			now->limits[i] = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
}

/* What the process has changed meanwhile can make a limit impossible: then it is as high as can be. */
static int
set_soft(size_t i, rlim_t soft)
{
	struct rlimit limit;

	if (getrlimit(kinds[i].resource, &limit) != 0)
		return -1;
	limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
	return setrlimit(kinds[i].resource, &limit);
}

void
bounds_restore(const struct bounds *bounds, const struct bounds_kernel *before)
{
	for (size_t i = 0; i < BOUNDS_KERNEL; i++)
		if (value_of(bounds, &kinds[i]) != 0)
			set_soft(i, before->limits[i].rlim_cur);
}

int
bounds_set(const struct bounds *bounds, const struct bounds_kernel *before, bool hard)
{
	for (size_t i = 0; i < BOUNDS_KERNEL; i++) {
		uint32_t value = value_of(bounds, &kinds[i]);
		rlim_t limit = (rlim_t)value << kinds[i].shift;
		struct rlimit both = { limit, limit };
		int failed = 0;

		if (value == BOUND_NONE)
			failed = set_soft(i, before->limits[i].rlim_cur);
		else if (value != 0)
			failed = hard ? setrlimit(kinds[i].resource, &both) : set_soft(i, limit);
		if (failed != 0)
			return -1;
	}
	return 0;
}
