/* One task in flight: how long until its result is there, against a ping-pong on bare libzmq. */
#include <stdlib.h>

#include "reference/loop.h"
#include "support/measure.h"
#include "support/ours.h"

enum { TRIPS = 1000 };

enum side { OFF, EXACT, RAW, SIDES };

struct bench {
	struct ours pools[2];
	struct loop *loop;
	struct series p50[SIDES];
	struct series p99[SIDES];
	struct series cpu_us[SIDES];
};

static void
trip(struct bench *bench, enum side side)
{
	if (side == RAW)
		loop_run(bench->loop, &(struct shape){ 1, 1, 1, 8 }, 1);
	else
		ours_run(&bench->pools[side], 1);
}

static void
measure(struct bench *bench, enum side side)
{
	static double us[TRIPS];
	uint64_t cpu;

	for (int i = 0; i < TRIPS / 10; i++)
		trip(bench, side);
	cpu = tree_cpu_ns();
	for (int i = 0; i < TRIPS; i++) {
		uint64_t begin = now_ns();

		trip(bench, side);
		us[i] = (double)(now_ns() - begin) / 1e3;
	}
	series_add(&bench->cpu_us[side], (double)(tree_cpu_ns() - cpu) / 1e3 / TRIPS);
	series_add(&bench->p50[side], median(us, TRIPS));
	series_add(&bench->p99[side], us[TRIPS * 99 / 100]);
}

static void
compare(const struct bench *bench, enum side side, const char *const names[3], const char *goal)
{
	const struct series *const series[3] = { bench->p50, bench->p99, bench->cpu_us };

	for (int i = 0; i < 3; i++)
		figure_print(&(struct figure){ .name = names[i],
				     .unit = "us",
				     .against = "raw ping-pong",
				     .goal = i == 0 ? goal : NULL },
			&series[i][side], &series[i][RAW]);
}

int
main(int argc, char **argv)
{
	static struct bench bench;

	ord_worker_main(argc, argv);
	bench.loop = loop_new(1);
	loop_connect(bench.loop);
	for (enum side side = OFF; side <= EXACT; side++)
		ours_start(&bench.pools[side],
			&ORD_POOL_OPTIONS(.workers = 1,
				.capture = side == OFF ? ORD_CAPTURE_OFF : ORD_CAPTURE_EXACT));
	for (size_t round = 0; round < rounds(); round++)
		for (enum side side = OFF; side < SIDES; side++)
			measure(&bench, side);
	compare(&bench, OFF,
		(const char *const[]){ "round trip p50, capture off", "round trip p99, capture off",
			"CPU per round trip, capture off" },
		"ratio <= 1.15");
	compare(&bench, EXACT,
		(const char *const[]){ "round trip p50, exact capture",
			"round trip p99, exact capture", "CPU per round trip, exact capture" },
		"ratio <= 1.15");
	for (enum side side = OFF; side <= EXACT; side++)
		ours_stop(&bench.pools[side]);
	loop_destroy(bench.loop);
	return 0;
}
