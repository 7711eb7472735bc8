/*
 * Payloads go out and come back, four in flight and two workers: ours with
 * ord_task_return, against bare libzmq with and without its own copies.
 * All three take turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/measure.h"
#include "support/ours.h"
#include "zmq_echo.h"

enum { WORKERS = 2, IN_FLIGHT = 4, LARGEST = 64 << 20 };

struct row {
	const char *name;
	size_t size;
	unsigned echoes; /* in a round */
	const char *goal;
	struct series here, copy, zero;
};

static double
gb_per_s(const struct row *row, uint64_t begin_ns)
{
	return (double)row->echoes * (double)row->size / (double)(now_ns() - begin_ns);
}

static void
measure_ours(struct ours *ours, struct row *row)
{
	uint64_t begin = now_ns();

	ours_run(ours, row->echoes);
	series_add(&row->here, gb_per_s(row, begin));
}

static void
measure_zmq(struct zmq_echo *echo, struct row *row, unsigned char *payload, int zero_copy)
{
	uint64_t begin;

	payload[0] = zero_copy ? 'z' : 'c';
	begin = now_ns();
	zmq_echo_run(echo, payload, row->size, IN_FLIGHT, row->echoes, zero_copy);
	series_add(zero_copy ? &row->zero : &row->copy, gb_per_s(row, begin));
}

static void
print(const struct row *row)
{
	char name[96];

	snprintf(name, sizeof name, "echo of %s, 4 in flight", row->name);
	figure_print(&(struct figure){ .name = name, .unit = "GB/s", .against = "zmq_send", .goal = row->goal },
		&row->here, &row->copy);
	snprintf(name, sizeof name, "echo of %s, 4 in flight, against no copies", row->name);
	figure_print(&(struct figure){ .name = name, .unit = "GB/s", .against = "libzmq, zero copy" },
		&row->here, &row->zero);
}

/* A pool of its own for each size: one that had others before keeps their pages for a while. */
static void
bench_row(struct row *row, struct zmq_echo *echo, unsigned char *payload)
{
	struct ours ours = { .payload = payload, .payload_size = row->size };

	ours_start(&ours,
		&ORD_POOL_OPTIONS(.workers = WORKERS, .window = IN_FLIGHT, .window_bytes = UINT64_C(1) << 30));
	for (size_t round = 0; round <= rounds(); round++) {
		if (round == 1) /* the one before only warmed up */
			row->here.n = row->copy.n = row->zero.n = 0;
		measure_ours(&ours, row);
		measure_zmq(echo, row, payload, 0);
		measure_zmq(echo, row, payload, 1);
	}
	ours_stop(&ours);
	print(row);
}

int
main(int argc, char **argv)
{
	struct row rows[] = {
		{ .name = "16 KiB", .size = 16 << 10, .echoes = 4000 },
		{ .name = "32 KiB", .size = 32 << 10, .echoes = 4000 },
		{ .name = "64 KiB", .size = 64 << 10, .echoes = 4000 },
		{ .name = "256 KiB", .size = 256 << 10, .echoes = 1000 },
		{ .name = "1 MiB", .size = 1 << 20, .echoes = 300, .goal = ">= 3" },
		{ .name = "64 MiB", .size = LARGEST, .echoes = 8, .goal = ">= 6" },
	};
	unsigned char *payload;
	struct zmq_echo *echo;

	ord_worker_main(argc, argv);
	payload = malloc(LARGEST);
	if (!payload)
		fail("no memory");
	memset(payload, 'x', LARGEST);
	echo = zmq_echo_new(WORKERS);
	zmq_echo_start(echo);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		bench_row(&rows[i], echo, payload);
	zmq_echo_destroy(echo);
	free(payload);
	return 0;
}
