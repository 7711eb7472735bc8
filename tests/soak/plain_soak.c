/*
 * A mixed load with faults for as long as is wished: pools of all kinds, up to three beside each other and one
 * round after the other; functions and commands from nothing to 1 MiB, records, lines, questions, time-outs,
 * cancels, retries, recycling, resizes, suspensions; workers that are killed, crash, exit, stand still; spawners that
 * stand still or are killed; owners that are late. tests/support/load.h says what is compared; after each round
 * there is no process, descriptor or file more than before it.
 *
 *   plain_soak [MINUTES [SEED]]      (tools/dev soak)
 */
#include <stdio.h>
#include <stdlib.h>

#include <orderly/orderly.h>

#include "children.h"
#include "host.h"
#include "load.h"

enum {
	LOADS = 3,
	ROUND_STEPS = 6000,
	GONE_MS = 20000,
	SECOND_MS = 1000,
	TELL_MS = 30000,
	WARM_ROUNDS = 10,
	GROWTH_KIB = 32 << 10
};

static const double otherwise_minutes = 0.1;

/* Resident now; 0 where a sanitizer keeps what is freed. */
static long
resident_kib(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return 0;
#else
	FILE *file = fopen("/proc/self/statm", "re");
	long pages[2] = { 0, 0 };

	if (file != NULL) {
		CHECK(fscanf(file, "%ld %ld", &pages[0], &pages[1]) == 2);
		fclose(file);
	}
	return pages[1] * 4;
#endif
}

static struct load *
open_one(uint64_t *random, int *doomed)
{
	struct load_plan plan = load_plan_random(random);

	/* One of a dozen loses its spawner; what its tasks have left behind would live on, so they leave nothing. */
	*doomed = host_random(random) % 12 == 0;
	if (*doomed)
		plan.ops[LOAD_DAEMON] = 0;
	return load_open(&plan, host_random(random));
}

static void
end_one(struct load *load, int doomed, uint64_t *random, struct load_total *total)
{
	if (doomed) {
		load_strike_spawner(load);
		load_close(load, total);
		return;
	}
	switch (host_random(random) % 12) {
	case 0: load_destroy(load, total); return;
	case 1:
	case 2: load_interrupt(load, 1 + (int)(host_random(random) % 2)); break;
	default: break;
	}
	load_close(load, total);
}

/* Some pools at once; each gets its turns until it ends. */
static void
play(uint64_t seed, struct load_total *total)
{
	uint64_t random = seed | 1, steps;
	struct load *loads[LOADS];
	int doomed[LOADS], n, left;

	for (int i = 0; i < 4; i++)
		host_random(&random);
	n = left = 1 + (int)(host_random(&random) % LOADS);
	for (int i = 0; i < n; i++)
		loads[i] = open_one(&random, &doomed[i]);
	for (steps = 1 + host_random(&random) % ROUND_STEPS; steps > 0; steps--)
		load_act(loads[host_random(&random) % (uint64_t)n]);
	while (left > 0) {
		for (int i = 0; i < 200 * (left - 1); i++)
			load_act(loads[host_random(&random) % (uint64_t)left]);
		left--;
		end_one(loads[left], doomed[left], &random, total);
	}
}

static void
tell(uint64_t began_ms, uint64_t seed, const struct load_total *total)
{
	printf("%llu s, seed %llu: %llu pools, %llu tasks, %llu kills\n",
		(unsigned long long)((host_now_ms() - began_ms) / SECOND_MS),
		(unsigned long long)seed, (unsigned long long)total->pools,
		(unsigned long long)total->tasks, (unsigned long long)total->strikes);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct load_total total = { 0 };
	uint64_t began_ms, told_ms, seed, rounds = 0, length_ms;
	double minutes;
	unsigned fds;
	long warm_kib = 0;

	ord_worker_main(argc, argv);
	minutes = argc > 1 ? strtod(argv[1], NULL) : otherwise_minutes;
	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 20261121;
	length_ms = (uint64_t)(minutes * 60 * SECOND_MS);
	host_begin((unsigned)(minutes * 60) + 300);
	fds = host_count_fds();
	began_ms = told_ms = host_now_ms();
	for (; host_now_ms() - began_ms < length_ms; rounds++) {
		/* The last one that is told is the one that failed: it replays as the first. */
		fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
		play(seed++, &total);
		CHECK(children_gone(GONE_MS));
		CHECK(host_count_fds() == fds);
		if (rounds == WARM_ROUNDS)
			warm_kib = resident_kib();
		if (host_now_ms() - told_ms >= TELL_MS) {
			told_ms = host_now_ms();
			tell(began_ms, seed, &total);
		}
	}
	printf("rounds   %llu\n", (unsigned long long)rounds);
	load_total_print(&total);
	printf("resident %ld KiB after %d rounds, %ld KiB at the end\n", warm_kib, WARM_ROUNDS,
		resident_kib());
	CHECK(rounds <= WARM_ROUNDS || resident_kib() <= warm_kib + GROWTH_KIB);
	CHECK(host_end() == 0);
	printf("verdict  every promise was kept\n");
	return 0;
}
