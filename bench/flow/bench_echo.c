/* Payloads of 1 MiB go out and come back: one and four in flight, against copies through bare libzmq. */
#include <stdlib.h>
#include <string.h>

#include "reference/loop.h"
#include "support/measure.h"
#include "support/ours.h"

enum { MIB = 1 << 20, ECHOES = 64, WORKERS = 2 };

static double
gigabytes_per_s(uint64_t begin_ns)
{
	return (double)ECHOES * MIB / (double)(now_ns() - begin_ns);
}

static void
bench_flight(struct loop *loop, const unsigned char *payload, uint32_t in_flight, const char *name)
{
	struct shape shape = { in_flight, 1, in_flight / WORKERS + in_flight % WORKERS, MIB };
	struct series ours_gbs = { 0 }, raw_gbs = { 0 };
	struct ours ours = { .payload_size = MIB };

	ours.payload = malloc(MIB);
	if (!ours.payload)
		fail("out of memory");
	memcpy(ours.payload, payload, MIB);
	ours_start(&ours, &ORD_POOL_OPTIONS(.workers = WORKERS, .window = in_flight));
	ours_run(&ours, in_flight);
	for (size_t round = 0; round < rounds(); round++) {
		uint64_t begin = now_ns();

		ours_run(&ours, ECHOES);
		series_add(&ours_gbs, gigabytes_per_s(begin));
		begin = now_ns();
		loop_run(loop, &shape, ECHOES);
		series_add(&raw_gbs, gigabytes_per_s(begin));
	}
	figure_print(
		&(struct figure){ .name = name, .unit = "GB/s", .against = "raw loop, copies" },
		&ours_gbs, &raw_gbs);
	ours_stop(&ours);
	free(ours.payload);
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
	bench_flight(loop, payload, 1, "echo of 1 MiB, 1 in flight");
	bench_flight(loop, payload, 4, "echo of 1 MiB, 4 in flight");
	loop_destroy(loop);
	return 0;
}
