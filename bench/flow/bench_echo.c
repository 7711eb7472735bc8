/* Payloads of 1 MiB go out and come back: one and four in flight, against copies through bare libzmq. */
#include <stdio.h>
#include <string.h>

#include "reference/loop.h"
#include "support/measure.h"
#include "support/ours.h"

enum { MIB = 1 << 20, ECHOES = 64, WORKERS = 2 };

struct measured {
	struct series gb_per_s;
	struct series cpu_us;
};

static void
measure(struct measured *measured, struct ours *ours, struct loop *loop, const struct shape *shape)
{
	uint64_t cpu = tree_cpu_ns(), begin = now_ns();

	if (ours)
		ours_run(ours, ECHOES);
	else
		loop_run(loop, shape, ECHOES);
	series_add(&measured->gb_per_s, (double)ECHOES * MIB / (double)(now_ns() - begin));
	series_add(&measured->cpu_us, (double)(tree_cpu_ns() - cpu) / 1e3 / ECHOES);
}

static void
bench_flight(struct loop *loop, unsigned char *payload, uint32_t in_flight)
{
	struct shape shape = { in_flight, 1, in_flight / WORKERS + in_flight % WORKERS, MIB };
	struct ours ours = { .payload = payload, .payload_size = MIB };
	struct measured here = { 0 }, there = { 0 };
	char rate_name[64], cpu_name[64];

	snprintf(rate_name, sizeof rate_name, "echo of 1 MiB, %u in flight", in_flight);
	snprintf(cpu_name, sizeof cpu_name, "CPU per echo of 1 MiB, %u in flight", in_flight);
	ours_start(&ours, &ORD_POOL_OPTIONS(.workers = WORKERS, .window = in_flight));
	ours_run(&ours, ECHOES);
	loop_run(loop, &shape, ECHOES);
	for (size_t round = 0; round < rounds(); round++) {
		measure(&here, &ours, NULL, NULL);
		measure(&there, NULL, loop, &shape);
	}
	figure_print(
		&(struct figure){
			.name = rate_name, .unit = "GB/s", .against = "raw loop, copies" },
		&here.gb_per_s, &there.gb_per_s);
	figure_print(
		&(struct figure){ .name = cpu_name, .unit = "us", .against = "raw loop, copies" },
		&here.cpu_us, &there.cpu_us);
	ours_stop(&ours);
}

int
main(int argc, char **argv)
{
	static unsigned char payload[MIB];
	struct loop *loop;

	ord_worker_main(argc, argv);
	memset(payload, 'x', sizeof payload);
	loop = loop_new(WORKERS);
	loop_connect(loop);
	bench_flight(loop, payload, 1);
	bench_flight(loop, payload, 4);
	loop_destroy(loop);
	return 0;
}
