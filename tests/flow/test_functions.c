/* Functions that tasks bring along, by pointer and by name. */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory_fault.h"
#include "tally.h"

enum { MANY = 3000 };

/* The start methods that have this program's functions. */
#define EACH_PROCESS(start) \
	(uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start += start == ORD_START_FORK ? 2 : 1)

static int
return_number(struct ord_task *task, uint64_t number)
{
	return ord_task_return(task, &number, sizeof number);
}

static int
add_one(struct ord_task *task, void *user)
{
	(void)user;
	return return_number(task, INPUT_AS(uint64_t, task) + 1);
}
ORD_FUNCTION(add_one);

static int
twice(struct ord_task *task, void *user)
{
	(void)user;
	return return_number(task, INPUT_AS(uint64_t, task) * 2);
}
ORD_FUNCTION(twice);

static int
square(struct ord_task *task, void *user)
{
	(void)user;
	return return_number(task, INPUT_AS(uint64_t, task) * INPUT_AS(uint64_t, task));
}

static int
fail(struct ord_task *task, void *user)
{
	(void)user;
	return ord_task_fail(task, "as it should");
}

static int
die(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	raise(SIGKILL);
	return 0;
}
ORD_FUNCTION(die);

static int
who(struct ord_task *task, void *user)
{
	(void)user;
	return ord_task_return(task, "program", 8);
}
ORD_FUNCTION(who);

static uint64_t
wanted(uint64_t sequence)
{
	switch (sequence % 4) {
	case 0: return sequence + 1;
	case 1: return sequence * 2;
	case 2: return sequence * sequence;
	default: return sequence * 3;
	}
}

static void
check_number(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_EQ(OUTPUT_AS(uint64_t, result), wanted(ord_result_sequence(result)));
}

static const char *
module(char *text, size_t size, const char *name)
{
	CHECK(getenv("ORDERLY_BUILD") != NULL);
	snprintf(text, size, "%s/modules/%s", getenv("ORDERLY_BUILD"), name);
	return text;
}

static void
submit_number(struct tally *tally, uint64_t i)
{
	char triple[4200];
	struct ord_task_options task = ORD_TASK(.input = &i, .input_size = sizeof i);

	switch (i % 4) {
	case 0: task.function = add_one; break;
	case 1: task.function_name = "twice"; break;
	case 2: task.function = square; break;
	default: task.function_name = module(triple, sizeof triple, "module_names.so:triple");
	}
	CHECK_OK(tally->pool, ord_pool_submit_task_wait(tally->pool, &task, NULL));
}

SCENE(functions, each_task_its_own)
{
	for EACH_PROCESS(start) {
		struct tally tally = { .on_result = check_number };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .functions_by_task = 1, .workers = 3, .start = start));
		CHECK_FAILS(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL), ORD_EINVAL, "no function");
		for (uint64_t i = 0; i < MANY; i++)
			submit_number(&tally, i);
		tally_close(&tally, MANY);
	}
}

/* The pool's own function is one of them, by pointer, by name and by silence. */
static void
check_mixed(struct tally *tally, const struct ord_result *result)
{
	uint64_t sequence = ord_result_sequence(result);

	(void)tally;
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_EQ(OUTPUT_AS(uint64_t, result), sequence % 3 == 2 ? 2 * sequence : sequence + 1);
}

SCENE(functions, beside_the_pools_own)
{
	for EACH_PROCESS(start) {
		struct tally tally = { .on_result = check_mixed };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function_name = "add_one", .workers = 2, .start = start));
		for (uint64_t i = 0; i < 999; i++) {
			if (i % 3 == 0)
				TALLY_SUBMIT(&tally, i);
			else
				CHECK_OK(tally.pool, ord_pool_submit_task_wait(tally.pool,
							     &ORD_TASK(.input = &i, .input_size = sizeof i,
								     .function_name = i % 3 == 1 ? "add_one" : NULL,
								     .function = i % 3 == 2 ? twice : NULL),
							     NULL));
		}
		tally_close(&tally, 999);
	}
}

static void
check_unknown(struct tally *tally, const struct ord_result *result)
{
	const char *error = ord_result_error(result);

	(void)tally;
	if (ord_result_sequence(result) % 2 == 0) {
		CHECK_EQ(ord_result_state(result), ORD_DONE);
		return;
	}
	CHECK_EQ(ord_result_state(result), ORD_FAILED);
	CHECK_EQ(ord_result_attempts(result), 1);
	switch (ord_result_sequence(result)) {
	case 1: CHECK(strstr(error, "'no_such'") != NULL && strstr(error, "add_one") != NULL && strstr(error, "twice") != NULL); break;
	case 3: CHECK(strstr(error, "cannot load /nowhere/a.so") != NULL); break;
	case 5: CHECK(strstr(error, "no function no_such") != NULL && strstr(error, "triple") != NULL); break;
	case 7: CHECK(strstr(error, "names no function") != NULL); break;
	case 9: CHECK(strstr(error, "as it should") != NULL); break;
	default: CHECK(strstr(error, "in no loaded module") != NULL || strstr(error, "task function at") != NULL);
	}
}

/* What is not found fails its task, at its place, and no worker. */
SCENE(functions, that_are_not_there)
{
	for EACH_START(start) {
		struct tally tally = { .on_result = check_unknown };
		struct ord_statistics statistics = ORD_STATISTICS;
		char name[4200];
		const char *names[] = { "no_such", "/nowhere/a.so:f", module(name, sizeof name, "module_names.so:no_such"), "a.so:" };
		uint64_t i = 0;

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = add_one, .workers = 1, .start = start));
		for (size_t n = 0; n < 6; n++) {
			struct ord_task_options task = ORD_TASK(.input = &i, .input_size = sizeof i);

			TALLY_SUBMIT(&tally, i);
			if (n < 4)
				task.function_name = names[n];
			else
				task.function = n == 4 ? fail : (ord_task_fn)(uintptr_t)&tally;
			CHECK_OK(tally.pool, ord_pool_submit_task(tally.pool, &task, NULL));
		}
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		CHECK_OK(tally.pool, ord_pool_statistics(tally.pool, &statistics));
		CHECK_EQ(statistics.deaths, 0);
		tally_close(&tally, 12);
	}
}

/* A name that is wrong for all tasks is refused at the start. */
SCENE(functions, of_a_pool_are_looked_for_at_the_start)
{
	for EACH_PROCESS(start) {
		struct ord_pool *pool;

		CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function_name = "no_such", .start = start)));
		CHECK_FAILS(pool, ord_pool_start(pool), ORD_ENOTSUP, "add_one");
		CHECK(strstr(ord_pool_error(pool), "no_such") != NULL);
		ord_pool_destroy(&pool);
	}
}

SCENE(functions, the_programs_before_a_modules)
{
	char name[4200];
	const struct ord_result *result;
	struct ord_pool *pool;

	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.functions_by_task = 1, .workers = 1)));
	CHECK_OK(pool, ord_pool_start(pool));
	CHECK_OK(pool, ord_pool_submit_task(pool, &ORD_TASK(.function_name = module(name, sizeof name, "module_names.so:who")), NULL));
	CHECK_OK(pool, ord_pool_submit_task(pool, &ORD_TASK(.function_name = "who"), NULL));
	CHECK_OK(pool, ord_pool_submit_task(pool, &ORD_TASK(.function_name = "triple", .input = "12345678", .input_size = 8), NULL));
	CHECK_OK(pool, ord_pool_next(pool, &result));
	CHECK(strcmp(ord_result_output(result, NULL), "module") == 0);
	CHECK_OK(pool, ord_pool_next(pool, &result));
	CHECK(strcmp(ord_result_output(result, NULL), "program") == 0);
	CHECK_OK(pool, ord_pool_next(pool, &result)); /* the module is loaded in that worker by now */
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
}

/* A module that the host loads when the workers are there already. */
SCENE(functions, of_a_module_that_was_loaded_later)
{
	for EACH_START(start) {
		char name[4200];
		const struct ord_result *result;
		struct ord_pool *pool;
		void *handle;

		CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.functions_by_task = 1, .workers = 2, .start = start)));
		CHECK_OK(pool, ord_pool_start(pool));
		handle = dlopen(module(name, sizeof name, "module_names.so"), RTLD_NOW);
		CHECK(handle != NULL);
		CHECK_OK(pool, ord_pool_submit_task(pool,
				       &ORD_TASK(.function = (ord_task_fn)(uintptr_t)dlsym(handle, "module_pid")), NULL));
		CHECK_OK(pool, ord_pool_next(pool, &result));
		CHECK(strcmp(ord_result_output(result, NULL), "module_pid") == 0);
		CHECK_OK(pool, ord_pool_finish(pool));
		ord_pool_destroy(&pool);
		dlclose(handle);
	}
}

static void
check_deaths(struct tally *tally, const struct ord_result *result)
{
	uint64_t sequence = ord_result_sequence(result);

	(void)tally;
	CHECK_EQ(ord_result_state(result), sequence % 50 == 49 ? ORD_SIGNALED : ORD_DONE);
	if (sequence % 50 != 49)
		CHECK_EQ(OUTPUT_AS(uint64_t, result), sequence % 2 == 0 ? sequence + 1 : sequence * 2);
}

/* A worker that takes the place of a dead one is told anew. */
SCENE(functions, are_told_to_each_worker)
{
	for EACH_START(start) {
		struct tally tally = { .on_result = check_deaths };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .functions_by_task = 1, .workers = 2, .start = start));
		for (uint64_t i = 0; i < 500; i++)
			CHECK_OK(tally.pool, ord_pool_submit_task_wait(tally.pool,
						     &ORD_TASK(.input = &i, .input_size = sizeof i,
							     .function = i % 50 == 49 ? die : i % 2 == 0 ? add_one : twice),
						     NULL));
		tally_close(&tally, 500);
		CHECK_EQ(tally.states[ORD_SIGNALED], 10);
	}
}

static void
check_beyond(struct tally *tally, const struct ord_result *result)
{
	uint64_t sequence = ord_result_sequence(result);
	char name[32];

	(void)tally;
	if (sequence == 70000) {
		CHECK_EQ(ord_result_state(result), ORD_DONE);
		return;
	}
	CHECK_EQ(ord_result_state(result), ORD_FAILED);
	snprintf(name, sizeof name, "'name %llu'", (unsigned long long)sequence);
	CHECK(strstr(ord_result_error(result), sequence < 65534 ? name : "another pool") != NULL);
}

/* 65534 functions have numbers; what comes beyond fails. */
SCENE(functions, more_than_there_are_numbers)
{
	for EACH_PROCESS(start) {
		struct tally tally = { .on_result = check_beyond };
		struct ord_task_options task = ORD_TASK(.input = "12345678", .input_size = 8);
		char name[32];

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = square, .workers = 2, .start = start));
		for (uint64_t i = 0; i <= 70000; i++) {
			snprintf(name, sizeof name, "name %llu", (unsigned long long)i);
			task.function = i == 70000 ? square : NULL;
			task.function_name = i == 70000 ? NULL : name;
			CHECK_OK(tally.pool, ord_pool_submit_task_wait(tally.pool, &task, NULL));
		}
		tally_close(&tally, 70001);
	}
}

SCENE(functions, need_workers_for_them)
{
	struct ord_pool *pool;

	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.workers = 1)));
	CHECK_OK(pool, ord_pool_start(pool));
	CHECK_FAILS(pool, ord_pool_submit_task(pool, &ORD_TASK(.function = add_one), NULL), ORD_EINVAL, "functions_by_task");
	CHECK_FAILS(pool, ord_pool_submit_task(pool, &ORD_TASK(.function_name = "add_one"), NULL), ORD_EINVAL, "functions_by_task");
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
}

static void
check_faults(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK(OUTPUT_AS(uint64_t, result) == 6 || OUTPUT_AS(uint64_t, result) == 10);
}

/* Each allocation of a submit failing: it says so, and the function is still as good as before. */
SCENE(functions, without_memory)
{
	for EACH_PROCESS(start) {
		struct tally tally = { .on_result = check_faults };
		uint64_t number = 5, submitted = 0;
		int came = 1;

		tally_open(&tally, &TALLY_OPTIONS(&tally, .functions_by_task = 1, .workers = 1, .start = start));
		for (int n = 1; came; n++) {
			struct ord_task_options task = ORD_TASK(.input = &number, .input_size = sizeof number);
			int status;

			CHECK(n < 50);
			task.function = n % 2 == 0 ? add_one : NULL;
			task.function_name = n % 2 == 0 ? NULL : "twice";
			memory_fault_at((unsigned long)n);
			status = ord_pool_submit_task(tally.pool, &task, NULL);
			came = memory_fault_came();
			memory_fault_at(0);
			CHECK(status == 0 || (came && status == ORD_ENOMEM));
			submitted += status == 0;
		}
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		tally_close(&tally, submitted);
	}
}

static pid_t
spawner_of_this(void)
{
	FILE *children = fopen("/proc/thread-self/children", "r");
	int pid = 0;

	CHECK(children != NULL && fscanf(children, "%d", &pid) == 1);
	fclose(children);
	return pid;
}

/*
 * A worker that could not be told a function is replaced; what it did until it
 * was killed, late because its spawner was asleep, counts.
 */
SCENE(functions, without_memory_to_tell_them)
{
	for EACH_START (start)
		for (unsigned long n = 1; n < 12; n++) {
			struct tally tally = { 0 };
			uint64_t number = 5;
			pid_t spawner;

			tally_open(&tally, &TALLY_OPTIONS(&tally, .function = add_one, .workers = 1, .start = start));
			spawner = spawner_of_this();
			for (int i = 0; i < 300; i++)
				TALLY_SUBMIT(&tally, number);
			CHECK_OK(tally.pool, ord_pool_run(tally.pool));
			CHECK_EQ(kill(spawner, SIGSTOP), 0);
			for (int i = 0; i < 2000; i++) {
				struct ord_task_options task = ORD_TASK(.input = &number, .input_size = sizeof number,
					.function_name = i == 0 ? "twice" : NULL);

				memory_fault_at(i == 0 ? n : 0);
				if (ord_pool_submit_task(tally.pool, &task, NULL) != 0) {
					memory_fault_at(0);
					CHECK_OK(tally.pool, ord_pool_submit_task(tally.pool, &task, NULL));
				}
				memory_fault_at(0);
			}
			for (int i = 0; i < 20; i++)
				CHECK_OK(tally.pool, ord_pool_step(tally.pool, 1));
			CHECK_EQ(kill(spawner, SIGCONT), 0);
			CHECK_OK(tally.pool, ord_pool_run(tally.pool));
			tally_close(&tally, 2300);
			CHECK_EQ(tally.states[ORD_DONE] + tally.states[ORD_SIGNALED], 2300);
		}
}

/* --- COMMAND --- */

static void
check_command(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	if (ord_result_sequence(result) == 0) {
		CHECK_EQ(ord_result_state(result), ORD_FAILED);
		CHECK(strstr(ord_result_error(result), "function_name") != NULL);
	} else if (ord_result_sequence(result) == 1) {
		CHECK_EQ(ord_result_state(result), ORD_FAILED);
		CHECK(strstr(ord_result_error(result), "registered is: nothing") != NULL);
	} else {
		CHECK_EQ(ord_result_state(result), ORD_DONE);
		CHECK_EQ(OUTPUT_AS(uint64_t, result), 33);
	}
}

SCENE_WITHOUT_WORKER_MAIN(functions, of_the_installed_command)
{
	struct tally tally = { .on_result = check_command };
	char program[4200], name[4200];
	uint64_t number = 11;
	struct ord_task_options task = ORD_TASK(.input = &number, .input_size = sizeof number, .function = add_one);

	snprintf(program, sizeof program, "%s/orderly", getenv("ORDERLY_BUILD"));
	tally_open(&tally, &TALLY_OPTIONS(&tally, .functions_by_task = 1, .program = program, .start = ORD_START_COMMAND, .workers = 1));
	CHECK_OK(tally.pool, ord_pool_submit_task(tally.pool, &task, NULL));
	task.function = NULL;
	task.function_name = "add_one";
	CHECK_OK(tally.pool, ord_pool_submit_task(tally.pool, &task, NULL));
	task.function_name = module(name, sizeof name, "module_names.so:triple");
	for (int i = 0; i < 100; i++)
		CHECK_OK(tally.pool, ord_pool_submit_task(tally.pool, &task, NULL));
	tally_close(&tally, 102);
}
