/*
 * SIGKILL of workers in the middle of streams, at random instants: tasks that log, print, take and return large
 * bytes, are taken over by others and are tried again. tests/support/load.h says what is compared: no committed
 * result is lost or computed twice, no record or line of a task is lost or out of order, each task has one result.
 *
 *   plain_slaughter [KILLS [SEED]]      or ORDERLY_TEST_KILLS, ORDERLY_TEST_SEED
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orderly/orderly.h>

#include "host.h"
#include "load.h"

enum { KILLS = 300, KILLS_OF_A_POOL = 120, DEADLINE_S = 1400, LONG_DEADLINE_S = 3 * 3600 };

static const uint32_t ops[LOAD_OPS] = { [LOAD_RETURN] = 1000,
	[LOAD_FAIL] = 20,
	[LOAD_ASK] = 10,
	[LOAD_YIELD] = 10,
	[LOAD_FLOOD] = 5,
	[LOAD_PASS] = 10 };
static const uint32_t actions[LOAD_ACTIONS] = { [LOAD_SUBMIT] = 1000,
	[LOAD_STEP] = 200,
	[LOAD_STRIKE] = 10,
	[LOAD_ANSWER] = 20,
	[LOAD_LOOK] = 5 };

static uint64_t
number(int argc, char **argv, int which, const char *name, uint64_t otherwise)
{
	const char *text = argc > which ? argv[which] : getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* Half of the pools have tasks so long that others take over what lies behind them. */
static uint64_t
play(uint64_t seed, uint64_t most, struct load_total *total)
{
	uint64_t random = seed | 1, strikes;
	struct load_plan plan;
	struct load *load;

	for (int i = 0; i < 4; i++)
		host_random(&random);
	plan = load_plan_random(&random);
	plan.workers = 2 + (uint32_t)(seed % 3);
	plan.window += 64;
	plan.start = seed % 2 == 0 ? ORD_START_EXEC : ORD_START_FORK;
	plan.pause_us = seed / 2 % 2 == 0 ? 20000 : 500;
	plan.only_sigkill = 1;
	memcpy(plan.ops, ops, sizeof plan.ops);
	memcpy(plan.actions, actions, sizeof plan.actions);
	load = load_open(&plan, host_random(&random));
	while (load_strikes(load) < most && load_strikes(load) < KILLS_OF_A_POOL)
		load_act(load);
	strikes = load_strikes(load);
	load_close(load, total);
	return strikes;
}

int
main(int argc, char **argv)
{
	struct load_total total = { 0 };
	uint64_t kills, seed;

	ord_worker_main(argc, argv);
	kills = number(argc, argv, 1, "ORDERLY_TEST_KILLS", KILLS);
	seed = number(argc, argv, 2, "ORDERLY_TEST_SEED", 20261121);
	host_begin(kills > KILLS ? LONG_DEADLINE_S : DEADLINE_S);
	for (uint64_t done = 0; done < kills;) {
		/* The last seed that is printed is the one that failed: it replays as the first. */
		printf("seed %llu\n", (unsigned long long)seed);
		fflush(stdout);
		done += play(seed++, kills - done, &total);
	}
	load_total_print(&total);
	return host_end();
}
