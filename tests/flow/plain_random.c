/*
 * A driver by chance over whole pools, against a small model of what they promise (tests/support/load.h): submit,
 * cancel, kill, stop, be slow, fail, resize, suspend, recycle, flood, in pools of all kinds, one after the other.
 *
 *   plain_random [STEPS [SEED]]      or ORDERLY_TEST_STEPS, ORDERLY_TEST_SEED
 */
#include <stdio.h>
#include <stdlib.h>

#include <orderly/orderly.h>

#include "host.h"
#include "load.h"

enum { STEPS = 12000, STEPS_OF_A_POOL = 4000, DEADLINE_S = 1400, LONG_DEADLINE_S = 3 * 3600 };

static uint64_t
number(int argc, char **argv, int which, const char *name, uint64_t otherwise)
{
	const char *text = argc > which ? argv[which] : getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* Returns how many steps it took. */
static uint64_t
play(uint64_t seed, uint64_t most, struct load_total *total)
{
	uint64_t random = seed | 1, steps = 0, wanted;
	struct load_plan plan;
	struct load *load;

	for (int i = 0; i < 4; i++)
		host_random(&random);
	plan = load_plan_random(&random);
	wanted = 1 + host_random(&random) % STEPS_OF_A_POOL;
	load = load_open(&plan, host_random(&random));
	while (steps < wanted && steps < most) {
		load_act(load);
		steps++;
	}
	switch (host_random(&random) % 8) {
	case 0: load_destroy(load, total); return steps;
	case 1: load_interrupt(load, 1 + (int)(host_random(&random) % 2)); break;
	default: break;
	}
	load_close(load, total);
	return steps;
}

int
main(int argc, char **argv)
{
	struct load_total total = { 0 };
	uint64_t steps, seed, done = 0;

	ord_worker_main(argc, argv);
	steps = number(argc, argv, 1, "ORDERLY_TEST_STEPS", STEPS);
	seed = number(argc, argv, 2, "ORDERLY_TEST_SEED", 20261121);
	host_begin(steps > STEPS ? LONG_DEADLINE_S : DEADLINE_S);
	while (done < steps) {
		/* The last seed that is printed is the one that failed: it replays as the first. */
		printf("seed %llu\n", (unsigned long long)seed);
		fflush(stdout);
		done += play(seed++, steps - done, &total);
	}
	printf("steps    %llu\n", (unsigned long long)done);
	load_total_print(&total);
	return host_end();
}
