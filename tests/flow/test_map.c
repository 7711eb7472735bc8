/* ord_map does what mpmq does: each behaviour of it, by name. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "map.h"

static struct map_page *page;

/* --- a list of inputs, a list of results --- */

static int
square(struct ord_task *task, void *user)
{
	uint64_t number = map_number(task), answer = number * number;

	(void)user;
	return ord_task_return(task, &answer, sizeof answer);
}

SCENE(map, results_come_back_as_a_list)
{
	struct ord_results *results = NULL;

	CHECK_EQ(ord_map(square, map_numbers(MAP_MAX), MAP_MAX, &results, NULL), 0);
	CHECK_EQ(ord_results_count(results), MAP_MAX);
	CHECK_EQ(ord_results_failed(results), 0);
	CHECK_EQ(strcmp(ord_results_error(results), ""), 0);
	for (size_t i = 0; i < MAP_MAX; i++)
		map_gave(results, i, i * i);
	CHECK(ord_results_at(results, MAP_MAX) == NULL);
	ord_results_destroy(&results);
	CHECK(results == NULL);
}

SCENE(map, every_start_method)
{
	static const uint32_t starts[] = { ORD_START_EXEC, ORD_START_FORK, ORD_START_INLINE };

	for (size_t i = 0; i < 3; i++) {
		struct ord_results *results;

		CHECK_EQ(ord_map(square, map_numbers(10), 10, &results,
				 &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.start = starts[i]))),
			0);
		CHECK_EQ(map_count(results, ORD_DONE), 10);
		ord_results_destroy(&results);
	}
}

/* mpmq's shared_data. */
static int
add_shared(struct ord_task *task, void *user)
{
	const uint64_t *shared = ord_task_shared(task, NULL);
	uint64_t sum = map_number(task) + *shared;

	(void)user;
	return ord_task_return(task, &sum, sizeof sum);
}

SCENE(map, shared_data_reaches_every_item)
{
	static const uint64_t shared = 1000;
	struct ord_results *results;

	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_FORK; start++) {
		CHECK_EQ(ord_map(add_shared, map_numbers(20), 20, &results,
				 &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.start = start, .shared = &shared,
							  .shared_size = sizeof shared))),
			0);
		for (size_t i = 0; i < 20; i++)
			map_gave(results, i, i + 1000);
		ord_results_destroy(&results);
	}
}

/* --- no more at a time than was asked --- */

static int
count_running(struct ord_task *task, void *user)
{
	unsigned now = atomic_fetch_add(&page->running, 1) + 1, most = atomic_load(&page->most);

	(void)user;
	while (now > most && !atomic_compare_exchange_weak(&page->most, &most, now))
		;
	atomic_fetch_add(&page->runs[map_number(task)], 1);
	scene_pause_ms(2);
	atomic_fetch_sub(&page->running, 1);
	return 0;
}

SCENE(map, at_most_so_many_at_a_time)
{
	struct ord_results *results;

	page = map_page();
	CHECK_EQ(ord_map(count_running, map_numbers(60), 60, &results,
			 &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.start = ORD_START_FORK, .workers = 3))),
		0);
	CHECK(atomic_load(&page->most) <= 3);
	CHECK_EQ(map_count(results, ORD_DONE), 60);
	for (size_t i = 0; i < 60; i++) {
		CHECK_EQ(atomic_load(&page->runs[i]), 1);
		CHECK(ord_result_worker(ord_results_at(results, i)) < 3 + 2); /* two start ahead */
	}
	ord_results_destroy(&results);
}

static int
await_three(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	atomic_fetch_add(&page->running, 1);
	MAP_AWAIT(atomic_load(&page->running) == 3);
	return 0;
}

SCENE(map, all_at_once)
{
	struct ord_results *results;

	page = map_page();
	CHECK_EQ(ord_map(await_three, map_numbers(3), 3, &results,
			 &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.start = ORD_START_FORK, .workers = 100))),
		0);
	ord_results_destroy(&results);
}

/* --- a new process for each --- */

static int
count_in_process(struct ord_task *task, void *user)
{
	static uint64_t items;

	(void)user;
	items++;
	return ord_task_return(task, &items, sizeof items);
}

static void
check_processes(uint32_t start)
{
	struct ord_results *results;
	int32_t last = 0;

	CHECK_EQ(ord_map(count_in_process, map_numbers(60), 60, &results,
			 &ORD_MAP_OPTIONS(.process_per_item = 1,
				 .pool = &ORD_POOL_OPTIONS(.start = start, .workers = 3))),
		0);
	for (size_t i = 0; i < 60; i++) {
		map_gave(results, i, 1);
		CHECK(ord_result_pid(ord_results_at(results, i)) != last);
		last = ord_result_pid(ord_results_at(results, i));
		CHECK(ord_result_worker(ord_results_at(results, i)) < 3 + 2); /* two start ahead */
	}
	ord_results_destroy(&results);
}

SCENE(map, each_item_in_a_process_of_its_own)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_FORK; start++)
		check_processes(start);
}

/* One after the other in one place. */
SCENE(map, a_process_per_item_and_one_worker)
{
	struct ord_results *results;

	CHECK_EQ(ord_map(count_in_process, map_numbers(20), 20, &results,
			 &ORD_MAP_OPTIONS(.process_per_item = 1, .pool = &ORD_POOL_OPTIONS(.workers = 1))),
		0);
	for (size_t i = 0; i < 20; i++)
		map_gave(results, i, 1);
	ord_results_destroy(&results);
}

/* Those that crash and those that leave in good order, in places that are used again and again. */
static int
speak_and_crash(struct ord_task *task, void *user)
{
	uint64_t number = map_number(task);

	(void)user;
	ord_log(ORD_INFO, "item %llu", (unsigned long long)number);
	printf("item %llu\n", (unsigned long long)number);
	fflush(stdout);
	if (number % 5 == 3 && ord_task_attempt(task) == 0)
		raise(SIGKILL);
	return ord_task_return(task, &number, sizeof number);
}

static void
hear_twice(const struct ord_message *message, void *user)
{
	unsigned *heard = user;
	uint64_t offset = ord_message_sequence(message);
	char wanted[32];

	snprintf(wanted, sizeof wanted, "item %llu", (unsigned long long)offset);
	CHECK(offset < 100);
	CHECK_EQ(strcmp(ord_message_text(message, NULL), wanted), 0);
	heard[offset]++;
}

SCENE(map, nothing_of_one_process_is_left_for_the_next)
{
	for (uint32_t workers = 1; workers <= 3; workers++) {
		unsigned heard[100] = { 0 };
		struct ord_results *results;

		CHECK_EQ(ord_map(speak_and_crash, map_numbers(100), 100, &results,
				 &ORD_MAP_OPTIONS(.process_per_item = 1,
					 .pool = &ORD_POOL_OPTIONS(.workers = workers, .retries = 1, .max_deaths = 100,
						 .on_message = hear_twice, .on_message_user = heard))),
			0);
		for (size_t i = 0; i < 100; i++) {
			map_gave(results, i, i);
			CHECK_EQ(heard[i], i % 5 == 3 ? 4 : 2);
		}
		ord_results_destroy(&results);
	}
}

/* --- messages --- */

/* Speaks, and does not end before the master has heard it. */
static int
speak_and_wait(struct ord_task *task, void *user)
{
	uint64_t number = map_number(task);

	(void)user;
	ord_log(ORD_INFO, "item %llu", (unsigned long long)number);
	MAP_AWAIT(atomic_load(&page->heard[number]) == 1);
	return 0;
}

static void
hear(const struct ord_message *message, void *user)
{
	unsigned *messages = user;
	uint64_t offset = ord_message_sequence(message);
	char wanted[32];

	snprintf(wanted, sizeof wanted, "item %llu", (unsigned long long)offset);
	CHECK_EQ(strcmp(ord_message_text(message, NULL), wanted), 0);
	atomic_fetch_add(&page->heard[offset], 1);
	(*messages)++;
}

SCENE(map, messages_arrive_while_the_item_runs_with_its_offset)
{
	struct ord_results *results;
	unsigned messages = 0;

	page = map_page();
	CHECK_EQ(ord_map(speak_and_wait, map_numbers(20), 20, &results,
			 &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.start = ORD_START_FORK, .workers = 2,
						  .on_message = hear, .on_message_user = &messages))),
		0);
	CHECK_EQ(messages, 20);
	ord_results_destroy(&results);
}

/* Item 0 speaks last. */
static int
speak_late(struct ord_task *task, void *user)
{
	uint64_t number = map_number(task);

	(void)user;
	if (number == 0)
		MAP_AWAIT(atomic_load(&page->running) >= 10);
	ord_log(ORD_INFO, "item");
	atomic_fetch_add(&page->running, 1);
	return 0;
}

static void
hear_in_order(const struct ord_message *message, void *user)
{
	uint64_t *next = user;

	CHECK_EQ(ord_message_sequence(message), *next);
	(*next)++;
}

SCENE(map, messages_in_the_order_of_the_items_on_request)
{
	struct ord_results *results;
	uint64_t next = 0;

	page = map_page();
	CHECK_EQ(ord_map(speak_late, map_numbers(50), 50, &results,
			 &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.start = ORD_START_FORK, .workers = 2,
						  .messages = ORD_ORDERED, .on_message = hear_in_order,
						  .on_message_user = &next))),
		0);
	CHECK_EQ(next, 50);
	ord_results_destroy(&results);
}

/* --- hooks: when an item starts and ends, and how many are where --- */

struct seen {
	unsigned started[20], ended[20], workers;
};

static void
see(const struct ord_event *event, void *user)
{
	struct seen *seen = user;
	uint64_t offset = ord_event_sequence(event);

	if (offset == ORD_NO_SEQUENCE) {
		seen->workers += ord_event_kind(event) == ORD_WORKER_STARTED;
		return;
	}
	CHECK(offset < 20);
	CHECK(ord_event_running(event) <= 2);
	CHECK(ord_event_running(event) + ord_event_queued(event) + ord_event_completed(event) <= 20);
	if (ord_event_kind(event) == ORD_TASK_STARTED)
		CHECK_EQ(seen->started[offset]++, 0);
	if (ord_event_kind(event) != ORD_TASK_ENDED)
		return;
	CHECK_EQ(seen->started[offset], 1);
	CHECK_EQ(seen->ended[offset]++, 0);
	CHECK_EQ(ord_event_state(event), offset == 19 ? ORD_FAILED : ORD_DONE);
}

static int
fail_last(struct ord_task *task, void *user)
{
	(void)user;
	return map_number(task) == 19 ? ord_task_fail(task, "the last") : 0;
}

SCENE(map, starts_and_ends_of_items_are_events)
{
	for (uint32_t messages = ORD_LIVE; messages <= ORD_ORDERED; messages++) {
		struct seen seen = { .workers = 0 };
		struct ord_results *results;
		int status = ord_map(fail_last, map_numbers(20), 20, &results,
			&ORD_MAP_OPTIONS(.keep_going = 1,
				.pool = &ORD_POOL_OPTIONS(.workers = 2, .messages = messages, .on_event = see,
					.on_event_user = &seen)));

		map_said(status, results, ORD_EFAILED, "the task at offset 19 failed");
		CHECK(seen.workers >= 1);
		for (size_t i = 0; i < 20; i++) {
			CHECK_EQ(seen.started[i], 1);
			CHECK_EQ(seen.ended[i], 1);
		}
		ord_results_destroy(&results);
	}
}

/* Only what was asked for, though the end of items is watched. */
static void
see_starts(const struct ord_event *event, void *user)
{
	unsigned *starts = user;

	CHECK_EQ(ord_event_kind(event), ORD_TASK_STARTED);
	(*starts)++;
}

SCENE(map, only_the_events_that_were_asked_for)
{
	for (uint32_t messages = ORD_LIVE; messages <= ORD_ORDERED; messages++) {
		struct ord_results *results;
		unsigned starts = 0;

		CHECK_EQ(ord_map(square, map_numbers(20), 20, &results,
				 &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.messages = messages, .on_event = see_starts,
							  .on_event_user = &starts,
							  .events = ORD_EVENT_BIT(ORD_TASK_STARTED)))),
			0);
		CHECK_EQ(starts, 20);
		ord_results_destroy(&results);
	}
}

/* --- hooks: before the first item and behind the last of each worker --- */

static void *
begin_worker(struct ord_task *task, void *user)
{
	uint64_t *items = calloc(1, sizeof *items);

	(void)user;
	CHECK(items != NULL);
	ord_log(ORD_INFO, "worker %u begins", ord_task_worker(task));
	return items;
}

static void
end_worker(struct ord_task *task, void *user)
{
	(void)task;
	ord_log(ORD_INFO, "worker ends");
	free(user);
}

static int
count_items(struct ord_task *task, void *user)
{
	uint64_t *items = user;

	(*items)++;
	return ord_task_return(task, items, sizeof *items);
}

struct hooks {
	unsigned begun, ended;
};

static void
hear_hooks(const struct ord_message *message, void *user)
{
	struct hooks *hooks = user;

	CHECK(ord_message_sequence(message) == ORD_NO_SEQUENCE);
	if (strcmp(ord_message_text(message, NULL), "worker ends") == 0)
		hooks->ended++;
	else
		hooks->begun++;
}

SCENE(map, a_worker_begins_and_ends_with_the_hooks)
{
	for (uint32_t each = 0; each < 2; each++) {
		struct hooks hooks = { 0, 0 };
		struct ord_results *results;

		CHECK_EQ(ord_map(count_items, map_numbers(10), 10, &results,
				 &ORD_MAP_OPTIONS(.process_per_item = each,
					 .pool = &ORD_POOL_OPTIONS(.workers = 1, .on_worker_start = begin_worker,
						 .on_worker_stop = end_worker, .on_message = hear_hooks,
						 .on_message_user = &hooks))),
			0);
		for (size_t i = 0; each == 1 && i < 10; i++)
			map_gave(results, i, 1);
		CHECK(hooks.begun >= (each == 1 ? 10 : 1) && hooks.begun <= 11);
		CHECK(hooks.ended >= (each == 1 ? 10 : 1));
		ord_results_destroy(&results);
	}
}

/* --- the first failure --- */

enum { STOP_ITEMS = 100 };

/* Item 0 fails while another runs; the others take a while, so that most of them are not begun. */
static int
fail_first(struct ord_task *task, void *user)
{
	uint64_t number = map_number(task);

	(void)user;
	atomic_fetch_add(&page->runs[number], 1);
	if (number == 0) {
		MAP_AWAIT(atomic_load(&page->running) != 0);
		atomic_store(&page->failed, 1);
		return ord_task_fail(task, "cannot do %llu", (unsigned long long)number);
	}
	if (atomic_fetch_add(&page->running, 1) == 0)
		MAP_AWAIT(atomic_load(&page->failed) == 1);
	scene_pause_ms(50);
	return ord_task_canceled(task) ? ord_task_fail(task, "asked to end") : 0;
}

static void
check_stopped(const struct ord_results *results)
{
	map_at(results, 0, ORD_FAILED);
	CHECK_EQ(ord_results_failed(results), 1);
	CHECK(map_count(results, ORD_DONE) >= 1);
	CHECK_EQ(map_count(results, ORD_DONE) + map_count(results, ORD_CANCELED) + 1, STOP_ITEMS);
	for (size_t i = 1; i < STOP_ITEMS; i++) {
		const struct ord_result *result = ord_results_at(results, i);

		CHECK_EQ(atomic_load(&page->runs[i]), ord_result_attempts(result));
		if (ord_result_state(result) == ORD_DONE)
			continue;
		CHECK_EQ(strcmp(ord_result_error(result), "canceled: the task at offset 0 failed first"), 0);
		CHECK_EQ(ord_result_attempts(result), 0);
		CHECK_EQ(ord_result_pid(result), 0);
		CHECK_EQ(ord_result_worker(result), UINT32_MAX);
		CHECK_EQ(ord_result_duration_ns(result), 0);
	}
	/* Which ones a worker already held is not said. */
	CHECK(map_count(results, ORD_CANCELED) > STOP_ITEMS / 2);
}

/* With the small window most items are never even submitted. */
SCENE(map, an_error_cancels_what_has_not_started_and_lets_end_what_runs)
{
	static const uint32_t windows[] = { 0, 8 };

	for (size_t i = 0; i < 2; i++) {
		struct ord_results *results;
		int status;

		page = map_page();
		status = ord_map(fail_first, map_numbers(STOP_ITEMS), STOP_ITEMS, &results,
			&ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(
						 .start = ORD_START_FORK, .workers = 2, .window = windows[i])));
		map_said(status, results, ORD_EFAILED, "the task at offset 0 failed");
		check_stopped(results);
		ord_results_destroy(&results);
	}
}

/* The head waits until the failure behind it has stopped all others: it is not waited for. */
static int
fail_behind(struct ord_task *task, void *user)
{
	uint64_t number = map_number(task);

	(void)user;
	if (number == 9) {
		atomic_store(&page->failed, 1);
		return ord_task_fail(task, "no");
	}
	if (number == 0) {
		MAP_AWAIT(atomic_load(&page->failed) == 1);
		scene_pause_ms(100);
	}
	scene_pause_ms(20);
	return 0;
}

SCENE(map, an_error_stops_also_behind_a_slow_first_item)
{
	for (uint32_t messages = ORD_LIVE; messages <= ORD_ORDERED; messages++) {
		struct ord_results *results;
		int status;

		page = map_page();
		status = ord_map(fail_behind, map_numbers(STOP_ITEMS), STOP_ITEMS, &results,
			&ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(
						 .start = ORD_START_FORK, .workers = 2, .messages = messages)));
		map_said(status, results, ORD_EFAILED, "the task at offset 9 failed");
		map_at(results, 0, ORD_DONE);
		CHECK(map_count(results, ORD_CANCELED) > STOP_ITEMS / 2);
		ord_results_destroy(&results);
	}
}

static int
fail_odd(struct ord_task *task, void *user)
{
	uint64_t number = map_number(task);

	(void)user;
	if (number % 2 == 1)
		return ord_task_fail(task, "odd");
	return ord_task_return(task, &number, sizeof number);
}

SCENE(map, the_error_names_all_failed_offsets)
{
	struct ord_results *results;
	int status = ord_map(fail_odd, map_numbers(5), 5, &results, &ORD_MAP_OPTIONS(.keep_going = 1));

	CHECK_EQ(status, ORD_EFAILED);
	CHECK_EQ(strcmp(ord_results_error(results), "the tasks at offset 1, 3 failed"), 0);
	CHECK_EQ(ord_results_failed(results), 2);
	for (size_t i = 0; i < 5; i += 2)
		map_gave(results, i, i);
	CHECK(strstr(ord_result_error(map_at(results, 3, ORD_FAILED)), "odd") != NULL);
	ord_results_destroy(&results);
}

SCENE(map, very_many_failed_offsets_are_counted)
{
	struct ord_results *results;
	size_t named = 0, length, more;
	const char *text;

	CHECK_EQ(ord_map(fail_odd, map_numbers(MAP_MAX), MAP_MAX, &results, &ORD_MAP_OPTIONS(.keep_going = 1)), ORD_EFAILED);
	CHECK_EQ(ord_results_failed(results), MAP_MAX / 2);
	text = ord_results_error(results);
	length = strlen(text);
	CHECK(length > 850 && length < 1000);
	CHECK_EQ(strncmp(text, "the tasks at offset 1, 3, 5, ", 29), 0);
	for (const char *at = text; *at != '\0'; at++)
		named += *at == ',';
	CHECK_EQ(sscanf(strstr(text, "… and "), "… and %zu more failed", &more), 1);
	CHECK_EQ(named + 1 + more, MAP_MAX / 2);
	CHECK_EQ(strcmp(text + length - 12, " more failed"), 0);
	ord_results_destroy(&results);
}

SCENE(map, keep_going_runs_all)
{
	struct ord_results *results;

	CHECK_EQ(ord_map(fail_odd, map_numbers(100), 100, &results,
			 &ORD_MAP_OPTIONS(.keep_going = 1, .pool = &ORD_POOL_OPTIONS(.window = 3))),
		ORD_EFAILED);
	CHECK_EQ(map_count(results, ORD_FAILED), 50);
	CHECK_EQ(map_count(results, ORD_DONE), 50);
	ord_results_destroy(&results);
}

/* --- Ctrl-C --- */

static const char *
note_path(void)
{
	return getenv("ORDERLY_TEST_NOTE");
}

static off_t
note_size(void)
{
	struct stat note;

	return stat(note_path(), &note) == 0 ? note.st_size : 0;
}

static int
run_for_ever(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	ord_log(ORD_INFO, "runs");
	while (pause() != 0)
		;
	return 0;
}

static void
take_note(const struct ord_message *message, void *user)
{
	FILE *note = fopen(note_path(), "a");

	(void)message;
	(void)user;
	CHECK(note != NULL);
	fputc('x', note);
	fclose(note);
}

static void
map_for_ever(void)
{
	struct ord_results *results;

	signal(SIGINT, SIG_DFL);
	CHECK_EQ(ord_map(run_for_ever, map_numbers(10), 10, &results,
			 &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.workers = 2, .on_message = take_note))),
		-1);
}

SCENE(map, ctrl_c_ends_all_workers)
{
	char path[] = "/tmp/ord-map-XXXXXX";
	int fd = mkstemp(path), status;
	pid_t pid;

	CHECK(fd >= 0 && close(fd) == 0);
	CHECK_EQ(setenv("ORDERLY_TEST_NOTE", path, 1), 0);
	pid = scene_start(map_for_ever);
	MAP_AWAIT(note_size() == 2);
	CHECK_EQ(kill(pid, SIGINT), 0);
	status = scene_await(pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	scene_await_alone();
	MAP_AWAIT(scene_count_endpoints() == 0);
	CHECK_EQ(unlink(path), 0);
}

/* --- times --- */

static int
take_a_while(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	scene_pause_ms(20);
	return 0;
}

SCENE(map, times_of_each_item_are_kept)
{
	uint64_t began_ns = scene_now_ms() * 1000000, ended_ns;
	struct ord_results *results;

	CHECK_EQ(ord_map(take_a_while, map_numbers(4), 4, &results, NULL), 0);
	ended_ns = (scene_now_ms() + 1) * 1000000;
	for (size_t i = 0; i < 4; i++) {
		const struct ord_result *result = map_at(results, i, ORD_DONE);

		CHECK(ord_result_started_ns(result) >= began_ns);
		CHECK(ord_result_ended_ns(result) <= ended_ns);
		CHECK_EQ(ord_result_duration_ns(result), ord_result_ended_ns(result) - ord_result_started_ns(result));
		CHECK(ord_result_duration_ns(result) >= 20000000);
	}
	ord_results_destroy(&results);
}

/* --- what is ours beside it --- */

static int
crash_at_first(struct ord_task *task, void *user)
{
	(void)user;
	if (ord_task_attempt(task) == 0 && map_number(task) % 4 == 0)
		raise(SIGKILL);
	return 0;
}

SCENE(map, the_pools_options_hold)
{
	struct ord_results *results;

	CHECK_EQ(ord_map(crash_at_first, map_numbers(12), 12, &results,
			 &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.workers = 2, .retries = 1, .order = ORD_COMPLETION))),
		0);
	for (size_t i = 0; i < 12; i++)
		CHECK_EQ(ord_result_attempts(map_at(results, i, ORD_DONE)), i % 4 == 0 ? 2 : 1);
	ord_results_destroy(&results);
}

static void *
map_squares(void *user)
{
	for (int i = 0; i < 5; i++) {
		struct ord_results *results;

		CHECK_EQ(ord_map(square, user, 100, &results, &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.workers = 2))), 0);
		for (size_t at = 0; at < 100; at++)
			map_gave(results, at, at * at);
		ord_results_destroy(&results);
	}
	return NULL;
}

SCENE(map, on_two_threads_at_once)
{
	void *inputs = (void *)(uintptr_t)map_numbers(100);
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, map_squares, inputs), 0);
	map_squares(inputs);
	CHECK_EQ(pthread_join(thread, NULL), 0);
}

/* A kept result outlives the list that it was in. */
SCENE(map, a_result_can_be_kept)
{
	struct ord_results *results;
	struct ord_result *kept;

	CHECK_EQ(ord_map(square, map_numbers(3), 3, &results, NULL), 0);
	CHECK_EQ(ord_result_keep(ord_results_at(results, 2), &kept), 0);
	ord_results_destroy(&results);
	CHECK_EQ(*(const uint64_t *)ord_result_output(kept, NULL), 4);
	ord_result_destroy(&kept);
}
