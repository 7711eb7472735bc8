/*
 * From nothing to the first result, to all workers ready, and back to nothing:
 * by EXEC and by FORK, with 2 and 64 workers, against forked workers on bare
 * libzmq.
 */
#include <stdio.h>
#include <sys/resource.h>

#include "reference/loop.h"
#include "support/measure.h"
#include "support/ours.h"

enum side { EXEC, FORK, RAW, SIDES };

struct times {
	struct series first_ms;
	struct series ready_ms;
	struct series close_ms;
	struct series total_ms;
	struct series cpu_ms; /* of all processes, from start to close */
};

static double
ms_since(uint64_t begin_ns)
{
	return (double)(now_ns() - begin_ns) / 1e6;
}

/* User and system time of this process and of all that it has waited for. */
static double
cpu_ms(void)
{
	static const int whose[] = { RUSAGE_SELF, RUSAGE_CHILDREN };
	struct rusage usage;
	double ms = 0;

	for (int i = 0; i < 2; i++) {
		getrusage(whose[i], &usage);
		ms += (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3;
		ms += (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
	}
	return ms;
}

static void
start_raw(struct times *times, unsigned workers)
{
	uint64_t begin = now_ns(), ready;
	double cpu = cpu_ms();
	struct loop *loop = loop_new(workers);

	series_add(&times->first_ms, (double)(loop_connect(loop) - begin) / 1e6);
	series_add(&times->ready_ms, ms_since(begin));
	ready = now_ns();
	loop_destroy(loop);
	series_add(&times->close_ms, ms_since(ready));
	series_add(&times->total_ms, ms_since(begin));
	series_add(&times->cpu_ms, cpu_ms() - cpu);
}

static void
start_ours(struct times *times, uint32_t workers, uint32_t start)
{
	uint64_t begin = now_ns(), ready;
	double cpu = cpu_ms();
	struct ours ours = { 0 };

	ours_start(&ours, &ORD_POOL_OPTIONS(.workers = workers, .start = start));
	ours_run(&ours, 1);
	series_add(&times->first_ms, ms_since(begin));
	ours_wait_ready(&ours, workers);
	series_add(&times->ready_ms, ms_since(begin));
	ready = now_ns();
	ours_stop(&ours);
	series_add(&times->close_ms, ms_since(ready));
	series_add(&times->total_ms, ms_since(begin));
	series_add(&times->cpu_ms, cpu_ms() - cpu);
}

static void
print(const char *what, const char *method, uint32_t workers, const char *goal,
	const struct series *ours, const struct series *raw)
{
	char name[96];

	snprintf(name, sizeof name, "%s, %u workers, %s", what, workers, method);
	figure_print(
		&(struct figure){
			.name = name, .unit = "ms", .against = "forked raw workers", .goal = goal },
		ours, raw);
}

static void
bench_workers(uint32_t workers, const char *first_goal, const char *ready_goal)
{
	static const char *const methods[] = { "EXEC", "FORK" };
	struct times times[SIDES] = { 0 };

	for (size_t round = 0; round < rounds(); round++) {
		start_ours(&times[EXEC], workers, ORD_START_EXEC);
		start_ours(&times[FORK], workers, ORD_START_FORK);
		start_raw(&times[RAW], workers);
	}
	for (enum side side = EXEC; side <= FORK; side++) {
		const struct times *ours = &times[side], *raw = &times[RAW];

		print("start to first result", methods[side], workers, first_goal, &ours->first_ms,
			&raw->first_ms);
		print("start to all ready", methods[side], workers, ready_goal, &ours->ready_ms,
			&raw->ready_ms);
		print("close", methods[side], workers, NULL, &ours->close_ms, &raw->close_ms);
		print("start, all ready, close", methods[side], workers, NULL, &ours->total_ms,
			&raw->total_ms);
		print("CPU of start, all ready, close", methods[side], workers, NULL, &ours->cpu_ms,
			&raw->cpu_ms);
	}
}

int
main(int argc, char **argv)
{
	ord_worker_main(argc, argv);
	bench_workers(2, "<= 6", NULL);
	bench_workers(64, NULL, "<= 100");
	return 0;
}
