/* What mpmq does wrong, and ord_map does not: each of its faults that was seen, by name. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "map.h"

static struct map_page *page;

/* --- results in the wrong order --- */

static int
end_in_turn(struct ord_task *task, void *user)
{
	uint64_t number = map_number(task);

	(void)user;
	MAP_AWAIT(atomic_load(&page->turn) == page->order[number]);
	atomic_fetch_add(&page->turn, 1);
	return ord_task_return(task, &number, sizeof number);
}

/* Of the 24 orders in which four items can end, order number n. */
static void
set_order(unsigned n)
{
	uint32_t left[] = { 0, 1, 2, 3 };

	for (uint32_t i = 0; i < 4; i++) {
		uint32_t choices = 4 - i, choice = n % choices;

		page->order[left[choice]] = i;
		memmove(&left[choice], &left[choice + 1], (choices - choice - 1) * sizeof left[0]);
		n /= choices;
	}
	atomic_store(&page->turn, 0);
}

SCENE(map_faults, results_are_at_their_index_whatever_ends_first)
{
	page = map_page();
	for (unsigned n = 0; n < 24; n++) {
		struct ord_results *results;

		set_order(n);
		CHECK_EQ(ord_map(end_in_turn, map_numbers(4), 4, &results,
				 &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.start = ORD_START_FORK, .workers = 4))),
			0);
		for (size_t i = 0; i < 4; i++)
			map_gave(results, i, i);
		ord_results_destroy(&results);
	}
}

/* --- items that were never started have no entry --- */

static int
fail_third(struct ord_task *task, void *user)
{
	uint64_t number = map_number(task);

	(void)user;
	scene_pause_ms(10);
	return number == 2 ? ord_task_fail(task, "no") : ord_task_return(task, &number, sizeof number);
}

SCENE(map_faults, every_item_has_a_result_after_an_error)
{
	struct ord_results *results;
	size_t done;

	CHECK_EQ(ord_map(fail_third, map_numbers(500), 500, &results,
			 &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.workers = 2))),
		ORD_EFAILED);
	CHECK_EQ(ord_results_count(results), 500);
	done = map_count(results, ORD_DONE);
	/* One that its worker had not begun when the third failed is canceled, too, whatever its index. */
	for (size_t i = 0; i < 500; i++)
		if (ord_result_state(ord_results_at(results, i)) == ORD_DONE)
			map_gave(results, i, i);
	map_at(results, 2, ORD_FAILED);
	map_at(results, 499, ORD_CANCELED);
	CHECK_EQ(map_count(results, ORD_CANCELED), 499 - done);
	ord_results_destroy(&results);
}

/* --- a killed worker, or nothing to do: waits for ever --- */

static int
die_at_one(struct ord_task *task, void *user)
{
	uint64_t number = map_number(task);

	(void)user;
	if (number == 1)
		raise(SIGKILL);
	if (number == 3)
		abort();
	return ord_task_return(task, &number, sizeof number);
}

SCENE(map_faults, a_killed_worker_is_told_at_its_place)
{
	struct ord_results *results;
	int status = ord_map(die_at_one, map_numbers(6), 6, &results,
		&ORD_MAP_OPTIONS(.keep_going = 1, .pool = &ORD_POOL_OPTIONS(.workers = 2)));

	map_said(status, results, ORD_EFAILED, "offset 1, 3 failed");
	CHECK_EQ(ord_result_signal(map_at(results, 1, ORD_SIGNALED)), SIGKILL);
	CHECK_EQ(ord_result_signal(map_at(results, 3, ORD_SIGNALED)), SIGABRT);
	for (size_t i = 0; i < 6; i++)
		if (i != 1 && i != 3)
			map_gave(results, i, i);
	ord_results_destroy(&results);
}

SCENE(map_faults, no_input_returns_at_once)
{
	struct ord_results *results = NULL;
	unsigned fds = scene_count_fds();

	CHECK_EQ(ord_map(die_at_one, NULL, 0, &results, NULL), 0);
	CHECK(results != NULL);
	CHECK_EQ(ord_results_count(results), 0);
	CHECK_EQ(ord_results_failed(results), 0);
	CHECK(ord_results_at(results, 0) == NULL);
	CHECK_EQ(strcmp(ord_results_error(results), ""), 0);
	CHECK_EQ(scene_count_fds(), fds);
	ord_results_destroy(&results);
	CHECK_EQ(ord_map(die_at_one, map_numbers(1), 0, &results, &ORD_MAP_OPTIONS(.process_per_item = 1)), 0);
	ord_results_destroy(&results);
}

/* --- messages that are taken for something else --- */

static const char *const texts[] = { "one line\nand another\n\nand the last", "100 % of 7 are 7: %d %s", "DONE",
	"ERROR", "#DONE", "", "nothing\twrong\x01\xff" };

enum { TEXTS = sizeof texts / sizeof texts[0] };

static int
say_texts(struct ord_task *task, void *user)
{
	(void)user;
	for (size_t i = 0; i < TEXTS; i++)
		ord_log(ORD_INFO, "%s", texts[i]);
	ord_log(ORD_INFO, "%d of %s, %05.1f %%, %c", 7, "nine", 77.7, 'x');
	return ord_task_return(task, "DONE", 5);
}

struct heard {
	size_t messages[4];
};

static void
hear_texts(const struct ord_message *message, void *user)
{
	struct heard *heard = user;
	size_t *at = &heard->messages[ord_message_sequence(message)], size;
	const char *text = ord_message_text(message, &size);
	const char *wanted = *at < TEXTS ? texts[*at] : "7 of nine, 077.7 %, x";

	CHECK_EQ(size, strlen(wanted));
	CHECK_EQ(memcmp(text, wanted, size), 0);
	(*at)++;
}

SCENE(map_faults, messages_are_bytes_and_never_control)
{
	struct heard heard = { { 0 } };
	struct ord_results *results;

	CHECK_EQ(ord_map(say_texts, map_numbers(4), 4, &results,
			 &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(
						  .workers = 2, .on_message = hear_texts, .on_message_user = &heard))),
		0);
	for (size_t i = 0; i < 4; i++) {
		CHECK_EQ(heard.messages[i], TEXTS + 1);
		CHECK_EQ(strcmp(ord_result_output(map_at(results, i, ORD_DONE), NULL), "DONE"), 0);
	}
	ord_results_destroy(&results);
}

/* --- a result that cannot be sent --- */

static int
return_too_much(struct ord_task *task, void *user)
{
	uint64_t number = map_number(task);

	(void)user;
	if (number == 1)
		return ord_task_return(task, &number, ((size_t)1 << 30) + 1);
	return ord_task_return(task, &number, sizeof number);
}

SCENE(map_faults, a_result_that_cannot_be_sent_fails_at_its_place)
{
	struct ord_results *results;
	int status = ord_map(return_too_much, map_numbers(4), 4, &results, &ORD_MAP_OPTIONS(.keep_going = 1));

	map_said(status, results, ORD_EFAILED, "the task at offset 1 failed");
	CHECK(ord_result_error(map_at(results, 1, ORD_FAILED))[0] != '\0');
	map_gave(results, 0, 0);
	map_gave(results, 2, 2);
	map_gave(results, 3, 3);
	ord_results_destroy(&results);
}

/* --- slow: large results, the end, waiting --- */

enum { LARGE = 1 << 20 };

static int
return_large(struct ord_task *task, void *user)
{
	uint64_t number = map_number(task);
	char *bytes = malloc(LARGE);
	int status;

	(void)user;
	CHECK(bytes != NULL);
	memset(bytes, 'a' + (int)number, LARGE);
	status = ord_task_return(task, bytes, LARGE);
	free(bytes);
	return status;
}

SCENE(map_faults, large_results_come_whole)
{
	struct ord_results *results;

	CHECK_EQ(ord_map(return_large, map_numbers(5), 5, &results, NULL), 0);
	for (size_t i = 0; i < 5; i++) {
		size_t size;
		const char *bytes = ord_result_output(map_at(results, i, ORD_DONE), &size);

		CHECK_EQ(size, LARGE);
		for (size_t at = 0; at < size; at++)
			if (bytes[at] != 'a' + (int)i)
				CHECK(0 && "whole");
	}
	ord_results_destroy(&results);
}

/* 40 calls would take two minutes if each ended with a wait of 3 s. */
SCENE(map_faults, no_wait_at_the_end)
{
	uint64_t end_ms = scene_now_ms() + 90000;

	for (int i = 0; i < 40; i++) {
		struct ord_results *results;

		CHECK_EQ(ord_map(return_too_much, map_numbers(1), 1, &results, NULL), 0);
		ord_results_destroy(&results);
		CHECK(scene_now_ms() < end_ms);
	}
}

static int
pause_long(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	scene_pause_ms(1000);
	return 0;
}

static uint64_t
cpu_ms(void)
{
	struct timespec used;

	CHECK_EQ(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
	return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

/* One that spins uses the second that the items take. */
SCENE(map_faults, the_master_does_not_spin)
{
	uint64_t before_ms = cpu_ms();
	struct ord_results *results;

	CHECK_EQ(ord_map(pause_long, map_numbers(2), 2, &results,
			 &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.workers = 2))),
		0);
	CHECK(cpu_ms() - before_ms < 500);
	ord_results_destroy(&results);
}

/* --- durations that wrap at midnight --- */

SCENE(map_faults, durations_are_of_a_clock_that_no_day_ends)
{
	struct ord_results *results;
	struct timespec now;

	CHECK_EQ(ord_map(pause_long, map_numbers(1), 1, &results, NULL), 0);
	CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	CHECK(ord_result_duration_ns(ord_results_at(results, 0)) >= 1000000000);
	CHECK(ord_result_duration_ns(ord_results_at(results, 0)) < 1000000ull * SCENE_LONG_MS);
	CHECK(ord_result_ended_ns(ord_results_at(results, 0)) <=
		(uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
	ord_results_destroy(&results);
}

/* --- exit(3) looks like None --- */

static int
leave(struct ord_task *task, void *user)
{
	uint64_t number = map_number(task);

	(void)user;
	if (number == 0)
		_exit(3);
	if (number == 1)
		_exit(0);
	return 0;
}

SCENE(map_faults, an_exit_is_told_with_its_code)
{
	struct ord_results *results;

	CHECK_EQ(ord_map(leave, map_numbers(3), 3, &results, &ORD_MAP_OPTIONS(.keep_going = 1)), ORD_EFAILED);
	CHECK_EQ(ord_result_exit_code(map_at(results, 0, ORD_EXITED)), 3);
	CHECK_EQ(ord_result_exit_code(map_at(results, 1, ORD_EXITED)), 0);
	map_at(results, 2, ORD_DONE);
	ord_results_destroy(&results);
}

/* --- bookkeeping among the messages; what is printed is lost; the level is text --- */

static int
speak(struct ord_task *task, void *user)
{
	(void)user;
	(void)task;
	ord_log(ORD_DEBUG, "low");
	ord_log(ORD_WARNING, "high");
	printf("printed\n");
	fflush(stdout);
	fprintf(stderr, "complained\n");
	return 0;
}

struct told {
	unsigned low, high, printed, complained, others;
	uint32_t workers;
};

static void
hear_all(const struct ord_message *message, void *user)
{
	struct timespec now;
	struct told *told = user;
	const char *text = ord_message_text(message, NULL);
	int log = ord_message_source(message) == ORD_SOURCE_LOG, level = ord_message_level(message);

	CHECK_EQ(clock_gettime(CLOCK_REALTIME, &now), 0);
	CHECK(ord_message_time_ns(message) <= (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
	CHECK(ord_message_time_ns(message) / 1000000000 + SCENE_LONG_MS / 1000 >= (uint64_t)now.tv_sec);
	CHECK(ord_message_sequence(message) < 10);
	CHECK(ord_message_worker(message) < told->workers);
	CHECK_EQ(ord_message_line(message) != 0, log);
	CHECK_EQ(strstr(ord_message_file(message), "test_map_faults.c") != NULL, log);
	if (log && level == ORD_DEBUG && strcmp(text, "low") == 0)
		told->low++;
	else if (log && level == ORD_WARNING && strcmp(text, "high") == 0)
		told->high++;
	else if (!log && strcmp(text, "printed") == 0)
		told->printed++;
	else if (!log && strcmp(text, "complained") == 0)
		told->complained++;
	else
		told->others++;
}

SCENE(map_faults, messages_are_the_users_and_say_level_offset_worker_and_time)
{
	struct told told = { .workers = 2 };
	struct ord_results *results;

	CHECK_EQ(ord_map(speak, map_numbers(10), 10, &results,
			 &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.workers = 2, .level = ORD_DEBUG,
						  .on_message = hear_all, .on_message_user = &told))),
		0);
	CHECK_EQ(told.low, 10);
	CHECK_EQ(told.high, 10);
	CHECK_EQ(told.printed, 10);
	CHECK_EQ(told.complained, 10);
	CHECK_EQ(told.others, 0);
	ord_results_destroy(&results);
}
