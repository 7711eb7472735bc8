/*
 * Looks at what a task uses, in steps: the nearer to its limit, the shorter
 * they are.  What is cheap to know of memory counts shared pages in each
 * process; only if that is too much the exact number is asked for, and not so
 * often that looking at large processes becomes the work.
 */
#include "spawn/bounded.h"

#include "base/clock.h"
#include "spawn/usage.h"

#define STEP_LEAST_NS (5 * CLOCK_NS_PER_MS)
#define STEP_MOST_NS (100 * CLOCK_NS_PER_MS)
#define NS_PER_KIB UINT64_C(500) /* no faster is memory filled: 2 GiB a second */
#define LOOK_SHARE 20 /* of a processor's time at most this part goes into looks of a kind */
#define EXACT_SHARE \
	4 /* of exact looks, which can take tens of milliseconds: one of so many and one */
#define REST_MOST_NS CLOCK_NS_PER_S /* behind them, so that a limit still means something */

static uint64_t
shorter(uint64_t step_ns, uint64_t other_ns)
{
	return step_ns < other_ns ? step_ns : other_ns;
}

/* How long it takes at least until all of its processor time can be used. */
static uint64_t
look_at_cpu(struct bounded_look *look, const struct bounded *bounded, const struct usage *usage)
{
	uint64_t most = bounded->cpu_ms * CLOCK_NS_PER_MS + bounded->cpu_from_ns;

	look->over_cpu = usage->cpu_ns >= most;
	return look->over_cpu ? STEP_MOST_NS : (most - usage->cpu_ns) / usage->threads;
}

static void
look_exactly(struct bounded_memory *memory, const struct usage *usage)
{
	uint64_t began_ns = clock_now_ns();

	memory->part_kib = usage_part_kib(usage);
	memory->resident_kib = usage->resident_kib;
	memory->looked_ns = clock_now_ns();
	memory->cost_ns = memory->looked_ns - began_ns;
}

/* What has come since the last exact look, as if nobody shared it. */
static uint64_t
estimate(const struct bounded_memory *memory, const struct usage *usage)
{
	uint64_t before = memory->resident_kib, now = usage->resident_kib;

	return memory->part_kib + (now > before ? now - before : 0);
}

/* A page that is written to is no longer shared, which only an exact look shows. */
static uint64_t
size_of(struct bounded_memory *memory, const struct usage *usage, uint64_t most)
{
	if (usage->resident_kib <= most)
		return usage->resident_kib;
	if (memory->looked_ns == 0 || estimate(memory, usage) > most ||
		clock_now_ns() - memory->looked_ns >= memory->cost_ns * LOOK_SHARE)
		look_exactly(memory, usage);
	return estimate(memory, usage);
}

static uint64_t
look_at_memory(struct bounded_look *look, struct bounded_memory *memory,
	const struct bounded *bounded, const struct usage *usage)
{
	uint64_t most = (uint64_t)bounded->memory_mib << 10;
	uint64_t size = size_of(memory, usage, most);

	look->over_kib = size > most ? size : 0;
	return size < most ? (most - size) * NS_PER_KIB : 0;
}

/* How long nobody looks at this process, so that all looks together take a bounded part of the time. */
static uint64_t
rest_after(uint64_t cost_ns, size_t sharers)
{
	uint64_t rest_ns = cost_ns * LOOK_SHARE * (sharers != 0 ? sharers : 1);

	if (rest_ns > STEP_MOST_NS)
		return STEP_MOST_NS;
	return rest_ns > STEP_LEAST_NS ? rest_ns : STEP_LEAST_NS;
}

/* The same behind an exact look at memory, which is what could keep the spawner from everything else. */
static uint64_t
rest_after_exact(uint64_t cost_ns, size_t sharers)
{
	uint64_t least_ns = cost_ns * EXACT_SHARE;
	uint64_t rest_ns = least_ns * (sharers != 0 ? sharers : 1);

	rest_ns = rest_ns < REST_MOST_NS ? rest_ns : REST_MOST_NS;
	return rest_ns > least_ns ? rest_ns : least_ns;
}

void
bounded_look(struct bounded_look *look, struct bounded_memory *memory,
	const struct bounded *bounded, pid_t pid, size_t sharers)
{
	uint64_t step_ns = STEP_MOST_NS, rest_ns, began_ns = clock_now_ns(), now_ns;
	struct usage usage;

	*look = (struct bounded_look){ .over_cpu = 0 };
	if (bounded->cpu_ms == 0 && bounded->memory_mib == 0)
		return;
	usage_read(&usage, pid, bounded->since_ns);
	rest_ns = rest_after(clock_now_ns() - began_ns, sharers);
	/* It is over, and its end will be told. */
	if (usage.threads == 0)
		return;
	if (bounded->cpu_ms != 0)
		step_ns = shorter(step_ns, look_at_cpu(look, bounded, &usage));
	if (bounded->memory_mib != 0)
		step_ns = shorter(step_ns, look_at_memory(look, memory, bounded, &usage));
	if (bounded->memory_mib != 0 && memory->looked_ns >= began_ns) {
		uint64_t exact_ns = rest_after_exact(memory->cost_ns, sharers);

		rest_ns = rest_ns > exact_ns ? rest_ns : exact_ns;
	}
	now_ns = clock_now_ns();
	look->rest_ns = now_ns + rest_ns;
	look->again_ns = now_ns + (step_ns > rest_ns ? step_ns : rest_ns);
}
