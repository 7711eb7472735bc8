/*
 * The flow of `orderly map`: read inputs, submit a command for each while the
 * window has room, let the pool move, print what it delivers, wait.  One
 * poll(2) waits for the pool, for the next input and for the reader of stdout
 * to go away, so none of them holds up the others.
 */
#include "map.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "complain.h"
#include "filter.h"
#include "filter_worker.h"
#include "pipe.h"
#include "signals.h"

#define FILTER_GRACE_MS 5000 /* a co-process may need it when its input ends */
#define BURST \
	64 /* tasks submitted before the pool is stepped: the first must not wait for the window */

static uint32_t
window_of(const struct map *map)
{
	uint32_t jobs = map->options->jobs;

	if (map->options->kind == MAP_BLOCKS)
		return pipe_window(map->options);
	if (map->options->kind == MAP_LINES)
		return filter_window(map->options);

	/* Early output lies in memory or in a file of its own here, so less may be early. */
	if (map->holds)
		return 4 * jobs > 64 ? 4 * jobs : 64;
	return 16 * jobs > 1024 ? 16 * jobs : 1024;
}

static enum source_state
command_next(struct map *map)
{
	enum source_state state = inputs_next(&map->inputs);

	if (state == SOURCE_INPUT)
		recipe_make(&map->recipe, map->inputs.values, map->submitted + 1);
	return state;
}

static int
command_submit(struct map *map, uint64_t *sequence)
{
	struct ord_command command = ORD_COMMAND(.argv = map->recipe.argv, .env = map->recipe.env,
		.output = ORD_OUTPUT_CHUNKS);

	return ord_pool_submit_command(map->pool, &command, sequence);
}

static int
inputs_fd(const struct map *map)
{
	return map->inputs.first.fd;
}

static bool
inputs_fill(struct map *map)
{
	return source_fill(&map->inputs.first);
}

static const struct feeder command_feeder = {
	.next = command_next, .submit = command_submit, .fd = inputs_fd, .fill = inputs_fill
};

/* Makes the next task ready; false if there is none now. */
static bool
make_next(struct map *map)
{
	enum source_state state = map->feeder->next(map);

	map->wants_more = state == SOURCE_WAIT;
	if (state == SOURCE_END || state == SOURCE_ERROR) {
		map->exhausted = true;
		map->trouble |= state == SOURCE_ERROR;
		map->total_known = state == SOURCE_END;
		map->total = map->submitted;
	}
	return state == SOURCE_INPUT;
}

static bool
has_room(const struct map *map)
{
	uint64_t running = map->submitted - map->delivered;

	/* Whether --halt lets another task begin is known only when a place is free. */
	if (map->options->halt.when != HALT_NEVER && running >= map->options->jobs)
		return false;
	if (map->holds && !map->options->completion)
		return map->submitted - map->head < map->window;
	return running < map->window;
}

/* Hands the task over; false if the pool does not take it now. */
static bool
submit(struct map *map)
{
	uint64_t sequence;
	int status = map->feeder->submit(map, &sequence);

	map->pending = status == ORD_EAGAIN;
	if (status == 0) {
		map->submitted++;
		results_expect(map, sequence);
	} else if (status == ORD_ECLOSED || status == ORD_EINTERRUPTED) {
		map->stopped = true;
	} else if (status != ORD_EAGAIN) {
		complain("task %llu: %s", (unsigned long long)map->submitted + 1,
			ord_pool_error(map->pool));
		map->trouble = map->stopped = true;
	}
	return status == 0;
}

static void
feed(struct map *map)
{
	int i;

	map->wants_more = false;
	for (i = 0; i < BURST && !map->stopped && has_room(map); i++) {
		if (!map->pending && (map->exhausted || !make_next(map)))
			return;
		if (!submit(map))
			return;
	}
}

static void
show_progress(struct map *map, bool last)
{
	struct ord_statistics statistics = ORD_STATISTICS;
	struct display_numbers numbers = {
		.done = map->delivered,
		.failed = map->tally.failed,
		.total = map->total,
		.total_known = map->total_known,
	};

	if (map->display.style == PROGRESS_NONE)
		return;
	if (map->options->kind == MAP_LINES) {
		numbers.done = map->lines_done;
		numbers.total = map->lines.given;
	}
	if (last) {
		display_finish(&map->display, &numbers);
	} else if (!display_is_due(&map->display)) {
		display_note(&map->display);
	} else if (ord_pool_statistics(map->pool, &statistics) == 0) {
		if (map->options->kind != MAP_LINES)
			numbers.done += statistics.settled;
		numbers.running = statistics.running;
		display_show(&map->display, &numbers);
	}
}

/* Whether stdout is something whose reader can go away. */
static bool
is_pipe(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

/* Somebody asks how things stand (SIGUSR1). */
static void
report(const struct map *map)
{
	int length = ord_pool_dump(map->pool, NULL, 0);
	char *text;

	if (length < 0)
		return;
	text = text_allocate((size_t)length + 1, 1);
	ord_pool_dump(map->pool, text, (size_t)length + 1);
	complain("%llu tasks given out, %llu done; below they are numbered from 0",
		(unsigned long long)map->submitted, (unsigned long long)map->delivered);
	complain_lines(text);
	free(text);
}

static void
wait_for_something(struct map *map, int stdout_fd)
{
	struct pollfd fds[5] = {
		{ .fd = ord_pool_fd(map->pool), .events = POLLIN },
		{ .fd = map->wants_more && !map->stopped ? map->feeder->fd(map) : -1,
			.events = POLLIN },
		{ .fd = stdout_fd },
		{ .fd = signals_fd(), .events = POLLIN },
		{ .fd = signals_report_fd(), .events = POLLIN },
	};
	bool room = !map->stopped && !map->exhausted && !map->wants_more && !map->pending &&
		has_room(map);

	printer_flush(&map->printer);
	if (map->joblog.fd != 0)
		joblog_flush(&map->joblog);
	if (poll(fds, 5, room ? 0 : display_timeout(&map->display)) <= 0)
		return;
	if (fds[1].revents != 0 && map->feeder->fill != NULL && !map->feeder->fill(map))
		map->trouble = map->exhausted = true;
	if ((fds[2].revents & POLLERR) != 0)
		map->printer.broken_pipe = true;
	if (fds[4].revents != 0 && signals_asked())
		report(map);
}

static bool
is_over(const struct map *map)
{
	if (map->printer.broken_pipe || map->printer.error != 0 || map->held_error != 0)
		return true;
	return map->delivered == map->submitted &&
		(map->stopped || (map->exhausted && !map->pending));
}

/* Moves everything until nothing is left or nothing makes sense any more. */
static void
loop(struct map *map)
{
	int status, stdout_fd = is_pipe(STDOUT_FILENO) ? STDOUT_FILENO : -1;

	for (;;) {
		signals_stop_if_wanted();
		map->stopped |= signals_count() > 0;
		feed(map);
		status = ord_pool_step(map->pool, 0);
		if (status < 0 && status != ORD_EINTERRUPTED) {
			complain("%s", ord_pool_error(map->pool));
			map->trouble = true;
			return;
		}
		if (is_over(map))
			return;
		show_progress(map, false);
		wait_for_something(map, stdout_fd);
	}
}

static uint64_t
clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* What workers do; false after a complaint. */
static bool
set_function(struct map *map, struct ord_pool_options *pool_options, struct text *setup)
{
	if (map->options->kind == MAP_CALLS)
		pool_options->function_name = map->options->function;
	if (map->options->kind != MAP_LINES)
		return true;
	if (filter_init(map, setup) != 0)
		return false;
	pool_options->function = filter_worker_run;
	pool_options->on_worker_start = filter_worker_start;
	pool_options->on_worker_stop = filter_worker_stop;
	pool_options->shared = setup->bytes;
	pool_options->shared_size = setup->size;
	pool_options->timeout_ms = 0; /* of a line, not of a batch: the workers see to it */
	pool_options->grace_ms = FILTER_GRACE_MS;
	pool_options->retries = 1; /* a worker is none of the user's business */
	return true;
}

static bool
start_pool(struct map *map)
{
	const struct map_options *options = map->options;
	const struct limits *limits = &options->limits;
	struct text setup = { 0 };
	bool fine;
	struct ord_pool_options pool_options = ORD_POOL_OPTIONS(.on_message = results_on_message,
		.on_message_user = map, .on_result = results_on_result, .on_result_user = map,
		.workers = options->jobs, .window = map->window, .timeout_ms = options->timeout_ms,
		.order = map->holds ? ORD_COMPLETION : ORD_SUBMISSION,
		.messages = map->holds ? ORD_LIVE : ORD_ORDERED, .cpu_ms = limits->cpu_ms,
		.memory_mib = limits->memory_mib, .memory_most_mib = limits->memory_most_mib,
		.address_mib = limits->address_mib, .file_mib = limits->file_mib,
		.open_files = limits->open_files, .free_memory_mib = limits->free_mib,
		.max_load = limits->load);

	fine = set_function(map, &pool_options, &setup);
	if (fine &&
		(ord_pool_new(&map->pool, &pool_options) != 0 || ord_pool_start(map->pool) != 0)) {
		complain("cannot start: %s", ord_pool_error(map->pool));
		fine = false;
	}
	text_finish(&setup);
	return fine;
}

/* The pool is at an end; what is left of it is told in the exit status. */
static int
conclude(struct map *map)
{
	bool finished =
		map->delivered == map->submitted && !map->trouble && !map->printer.broken_pipe;

	/* After the second signal nobody waits for what workers would do at their end. */
	if (finished && signals_count() < 2 && ord_pool_finish(map->pool) < 0 && !map->stopped &&
		signals_count() == 0) {
		complain("%s", ord_pool_error(map->pool));
		map->trouble = true;
	}
	signals_release();
	results_close(map);
	show_progress(map, true);
	ord_pool_destroy(&map->pool);
	printer_finish(&map->printer);
	if (!joblog_close(&map->joblog))
		map->trouble = true;
	if (map->printer.broken_pipe)
		signals_die_of_pipe();
	if (map->printer.error != 0)
		complain_errno(map->printer.error, "cannot write to standard output");
	else if (map->held_error != 0)
		complain_errno(map->held_error,
			"cannot keep the output of commands in a file (TMPDIR says where)");
	signals_die();
	if (map->trouble || map->printer.error != 0 || map->printer.words_lost ||
		map->held_error != 0)
		return STATUS_TROUBLE;
	return tally_status(&map->tally);
}

static void
interrupt(void *pool)
{
	ord_pool_interrupt(pool);
}

static void
suspend(void *pool)
{
	ord_pool_suspend(pool);
}

static void
resume(void *pool)
{
	ord_pool_resume(pool);
}

static int
run(struct map *map)
{
	const struct map_options *options = map->options;
	struct signals_target target = {
		.interrupt = interrupt, .suspend = suspend, .resume = resume, .most = 2
	};

	map->holds = options->completion || options->halt.when != HALT_NEVER;
	map->remembers = map->holds || options->tag || options->joblog != NULL;
	map->window = window_of(map);
	map->tally.halt = options->halt;
	map->real_offset_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	if (options->joblog != NULL && !joblog_open(&map->joblog, options->joblog))
		return STATUS_TROUBLE;
	printer_init(&map->printer, options->tag, options->line_buffer);
	display_init(&map->display, options->progress, &map->printer, options->jobs);
	if (map->display.style != PROGRESS_NONE && map->feeder->fill != NULL)
		map->total_known = inputs_total(&map->inputs, &map->total);
	if (!start_pool(map)) {
		ord_pool_destroy(&map->pool);
		printer_finish(&map->printer);
		joblog_close(&map->joblog);
		return STATUS_TROUBLE;
	}
	target.what = map->pool;
	signals_take(&target);
	signals_take_questions();
	loop(map);
	return conclude(map);
}

/* Prints the commands; nothing is started. */
static int
dry_run(struct map *map)
{
	struct text line = { 0 }, tag = { 0 };
	enum source_state state;
	size_t i;

	printer_init(&map->printer, map->options->tag, false);
	map->recipe.slots = map->options->jobs;
	while ((state = inputs_next(&map->inputs)) == SOURCE_INPUT || state == SOURCE_WAIT) {
		if (state == SOURCE_WAIT) {
			printer_flush(&map->printer);
			if (!source_fill(&map->inputs.first))
				break;
			continue;
		}
		recipe_make(&map->recipe, map->inputs.values, ++map->submitted);
		text_clear(&line);
		text_clear(&tag);
		recipe_show(&map->recipe, &line);
		text_add_byte(&line, '\n');
		for (i = 0; i < map->inputs.n; i++) {
			text_add(&tag, " ", i > 0);
			text_add_string(&tag, map->inputs.values[i]);
		}
		printer_piece(&map->printer, STDOUT_FILENO, &tag, line.bytes, line.size);
		printer_end(&map->printer, &tag);
	}
	printer_finish(&map->printer);
	text_finish(&line);
	text_finish(&tag);
	if (map->printer.error != 0)
		complain_errno(map->printer.error, "cannot write to standard output");
	return state == SOURCE_END && map->printer.error == 0 ? 0 : STATUS_TROUBLE;
}

/* Understands the command and opens what it is run for; 0 or the exit status. */
static int
open_inputs(struct map *map)
{
	static const struct feeder *const feeders[] = { &command_feeder, &pipe_feeder,
		&filter_feeder, &calls_feeder };
	const struct map_options *options = map->options;
	bool stream = options->kind == MAP_BLOCKS || options->kind == MAP_LINES, fine;
	int status = 0;

	map->feeder = feeders[options->kind];
	if (options->kind != MAP_CALLS)
		status = recipe_init(&map->recipe, options->command, options->n_command,
			stream ? 0 : options->n_sources);
	if (status != 0)
		return status;
	if (options->kind == MAP_BLOCKS)
		fine = blocks_open(&map->blocks, options->sources[0].path, options->block_bytes,
			options->record_end);
	else if (options->kind == MAP_LINES)
		fine = lines_open(&map->lines, options->sources[0].path);
	else
		fine = inputs_open(
			&map->inputs, options->sources, options->n_sources, options->delimiter);
	return fine ? 0 : STATUS_TROUBLE;
}

static void
close_inputs(struct map *map)
{
	flights_finish(&map->flights);
	filter_finish(map);
	inputs_close(&map->inputs);
	blocks_close(&map->blocks);
	lines_close(&map->lines);
	text_finish(&map->input);
	recipe_finish(&map->recipe);
}

int
map_main(int argc, char **argv)
{
	struct map_options options;
	struct map map = { .options = &options };
	int status;

	options_read(&options, argc, argv);
	status = open_inputs(&map);
	if (status == 0)
		status = options.dry_run ? dry_run(&map) : run(&map);
	close_inputs(&map);
	options_finish(&options);
	return status;
}
