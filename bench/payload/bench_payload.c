/*
 * Payloads go out and come back through two workers: ours with
 * ord_task_return, against bare libzmq that copies (zmq_send) and that does
 * not (messages that refer to the payload, and are forwarded).  All three
 * take turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/measure.h"
#include "support/ours.h"
#include "zmq_echo.h"

enum { WORKERS = 2, LARGEST = 64 << 20 };

struct side {
	struct series gb_per_s;
	struct series cpu_us;
};

struct row {
	const char *name;
	size_t size;
	unsigned echoes; /* in a round */
	unsigned in_flight;
	const char *goal;
	struct side here, copies, zero;
};

/* echo NULL: ours */
static void
measure(struct side *side, const struct row *row, struct ours *ours, struct zmq_echo *echo,
	int zero_copy)
{
	uint64_t cpu, begin;

	ours->payload[0] = zero_copy ? 'z' : 'c';
	cpu = tree_cpu_ns();
	begin = now_ns();
	if (echo)
		zmq_echo_run(
			echo, ours->payload, row->size, row->in_flight, row->echoes, zero_copy);
	else
		ours_run(ours, row->echoes);
	series_add(&side->gb_per_s,
		(double)row->echoes * (double)row->size / (double)(now_ns() - begin));
	series_add(&side->cpu_us, (double)(tree_cpu_ns() - cpu) / 1e3 / row->echoes);
}

static void
print(const struct row *row, const struct side *there, const char *against, const char *goal)
{
	char name[96];

	snprintf(name, sizeof name, "echo of %s, %u in flight", row->name, row->in_flight);
	figure_print(
		&(struct figure){ .name = name, .unit = "GB/s", .against = against, .goal = goal },
		&row->here.gb_per_s, &there->gb_per_s);
	snprintf(name, sizeof name, "CPU per echo of %s, %u in flight", row->name, row->in_flight);
	figure_print(&(struct figure){ .name = name, .unit = "us", .against = against },
		&row->here.cpu_us, &there->cpu_us);
}

/* A pool of its own for each size: one that had others before keeps their pages for a while. */
static void
bench_row(struct row *row, struct zmq_echo *echo, unsigned char *payload)
{
	struct ours ours = { .payload = payload, .payload_size = row->size };

	ours_start(&ours,
		&ORD_POOL_OPTIONS(.workers = WORKERS, .window = row->in_flight,
			.window_bytes = UINT64_C(1) << 30));
	for (size_t round = 0; round <= rounds(); round++) {
		if (round == 1) /* the one before only warmed up */
			row->here = row->copies = row->zero =
				(struct side){ { { 0 }, 0 }, { { 0 }, 0 } };
		measure(&row->here, row, &ours, NULL, 0);
		measure(&row->copies, row, &ours, echo, 0);
		measure(&row->zero, row, &ours, echo, 1);
	}
	ours_stop(&ours);
	print(row, &row->copies, "zmq_send", row->goal);
	print(row, &row->zero, "libzmq without copies", NULL);
}

int
main(int argc, char **argv)
{
	static struct row rows[] = {
		{ .name = "16 KiB", .size = 16 << 10, .echoes = 2000, .in_flight = 4 },
		{ .name = "64 KiB", .size = 64 << 10, .echoes = 2000, .in_flight = 4 },
		{ .name = "256 KiB", .size = 256 << 10, .echoes = 1000, .in_flight = 4 },
		{ .name = "1 MiB", .size = 1 << 20, .echoes = 100, .in_flight = 1 },
		{ .name = "1 MiB",
			.size = 1 << 20,
			.echoes = 200,
			.in_flight = 4,
			.goal = "ratio >= 3" },
		{ .name = "64 MiB",
			.size = LARGEST,
			.echoes = 4,
			.in_flight = 4,
			.goal = "ratio >= 6" },
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
