/*
 * What comes back from the pool.  Without --halt and --completion the pool
 * keeps the order and holds what is early, within its bounds, and everything
 * here passes straight through.  With one of them results have to be known
 * when a task is done, so they come in that order and output is held here.
 */
#include "map.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "calls.h"
#include "filter.h"
#include "signals.h"

#define NOTES_MAX 10 /* about single tasks; the rest is counted */

static const struct text nothing = { .bytes = NULL };

void
results_expect(struct map *map, uint64_t sequence)
{
	struct flight *flight;
	size_t i;

	if (!map->remembers)
		return;
	flight = flights_add(&map->flights, sequence);
	for (i = 0; map->options->tag && i < map->inputs.n; i++) {
		if (i > 0)
			text_add_byte(&flight->tag, ' ');
		text_add_string(&flight->tag, map->inputs.values[i]);
	}
	if (map->options->kind == MAP_CALLS) {
		text_add_string(&flight->line, map->options->function);
		text_add_byte(&flight->line, ' ');
		shell_quote(&flight->line, map->input.bytes, map->input.size, SHELL_PLAIN);
	} else {
		recipe_show(&map->recipe, &flight->line);
	}
}

static bool
is_next(const struct map *map, uint64_t sequence)
{
	return !map->holds || (!map->options->completion && sequence == map->head);
}

static void
print_piece(struct map *map, uint64_t sequence, int fd, const char *bytes, size_t size)
{
	struct flight *flight = map->remembers ? flights_find(&map->flights, sequence) : NULL;

	if (flight != NULL && fd == STDOUT_FILENO)
		flight->written += size;
	if (flight == NULL || is_next(map, sequence))
		printer_piece(
			&map->printer, fd, flight != NULL ? &flight->tag : &nothing, bytes, size);
	else if (!held_add(&flight->held, fd, bytes, size) && map->held_error == 0)
		map->held_error = errno;
}

void
results_print(struct map *map, uint64_t sequence, const char *bytes, size_t size)
{
	if (size > 0)
		print_piece(map, sequence, STDOUT_FILENO, bytes, size);
}

void
results_note(struct map *map, const char *sentence)
{
	struct text line = { 0 };

	if (map->notes++ >= NOTES_MAX)
		return;
	text_add_string(&line, "orderly map: ");
	text_add_string(&line, sentence);
	text_add(&line, "\n", 2);
	printer_note(&map->printer, line.bytes);
	text_finish(&line);
}

/* A line about one task, at its place in the output. */
static void
note(struct map *map, const struct flight *flight, uint64_t number, const char *what)
{
	struct text line = { 0 };

	text_add_string(&line, "task ");
	text_add_number(&line, number);
	text_add_string(&line, ": ");
	text_add_string(&line, what);
	if (flight != NULL) {
		text_add_string(&line, ": ");
		text_add(&line, flight->line.bytes, flight->line.size);
	}
	text_add_byte(&line, '\0');
	results_note(map, line.bytes);
	text_finish(&line);
}

/* The rule of --halt is met: no new tasks, and "now" kills what runs. */
static void
halt(struct map *map, const struct flight *flight, uint64_t number)
{
	static const char *const words[] = { "failed", "succeeded", "is done" };
	const struct halt_rule *rule = &map->options->halt;
	char what[96];

	snprintf(what, sizeof what, "%s %s, so %s", number != 0 ? "it" : "a line",
		words[rule->what],
		rule->when == HALT_NOW ? "everything ends now" : "no new task begins");
	map->stopped = true;
	if (number != 0)
		note(map, flight, number, what);
	else
		results_note(map, what);
	ord_pool_interrupt(map->pool);
	if (rule->when == HALT_NOW)
		ord_pool_interrupt(map->pool);
}

/* What a worker of --filter has to say about a line. */
static void
take_record(struct map *map, const struct ord_message *message)
{
	static const struct outcome failure = { .state = ORD_FAILED, .started = true };

	results_note(map, ord_message_text(message, NULL));
	if (ord_message_level(message) >= ORD_ERROR && tally_add(&map->tally, &failure))
		halt(map, NULL, 0);
}

void
results_on_message(const struct ord_message *message, void *user)
{
	struct map *map = user;
	uint64_t sequence = ord_message_sequence(message);
	int source = ord_message_source(message);
	size_t size;
	const char *bytes = ord_message_text(message, &size);

	if (source == ORD_SOURCE_LOG && map->options->kind == MAP_LINES) {
		take_record(map, message);
	} else if (source == ORD_SOURCE_LOG || source == ORD_SOURCE_WORDS) {
		/* Lines of a function or a co-process, which come without their newlines. */
		print_piece(map, sequence, STDERR_FILENO, bytes, size);
		if (!ord_message_partial(message))
			print_piece(map, sequence, STDERR_FILENO, "\n", 1);
	} else if (size > 0) {
		print_piece(map, sequence,
			source == ORD_SOURCE_STDERR ? STDERR_FILENO : STDOUT_FILENO, bytes, size);
	}
}

/* Exit codes are the commands' own affair; what else ended a task is said. */
static void
note_result(struct map *map, const struct flight *flight, const struct ord_result *result)
{
	int state = ord_result_state(result);

	if (state == ORD_DONE || state == ORD_PASSED || state == ORD_EXITED ||
		state == ORD_CANCELED || map->tally.halted || signals_count() > 1)
		return;
	note(map, flight, ord_result_sequence(result) + 1, ord_result_error(result));
}

static void
log_result(struct map *map, const struct flight *flight, const struct ord_result *result)
{
	int state = ord_result_state(result);
	const struct block *block = ord_result_user(result);
	uint64_t started = ord_result_started_ns(result);
	struct joblog_row row = {
		.number = ord_result_sequence(result) + 1,
		.started_ns = started + map->real_offset_ns,
		.ran_ns = ord_result_ended_ns(result) - started,
		.sent = block != NULL ? block->size : 0,
		.received = flight->written,
		.exit_code = ord_result_exit_code(result),
		.signal = ord_result_signal(result),
		.command = &flight->line,
	};

	if (ord_result_attempts(result) == 0 || started == 0)
		return;
	if (map->options->kind == MAP_CALLS && row.exit_code < 0)
		row.exit_code = state != ORD_DONE; /* a function has none */
	if (row.signal != 0)
		row.exit_code = 0;
	if (state == ORD_TIMED_OUT || state == ORD_CANCELED ||
		(state == ORD_OUT_OF_MEMORY && map->options->limits.memory_mib != 0))
		row.exit_code = -1; /* killed from here */
	joblog_add(&map->joblog, &row);
}

static void
finish_output(struct map *map, struct flight *flight)
{
	if (!held_print(&flight->held, &map->printer, &flight->tag) && map->held_error == 0)
		map->held_error = errno;
	if (flight->done)
		printer_end(&map->printer, &flight->tag);
}

/* Prints what is no longer early. */
static void
release(struct map *map, struct flight *flight)
{
	if (map->options->completion) {
		finish_output(map, flight);
		flights_remove(&map->flights, flight);
		return;
	}
	for (flight = flights_find(&map->flights, map->head); flight != NULL && flight->done;
		flight = flights_find(&map->flights, map->head)) {
		finish_output(map, flight);
		flights_remove(&map->flights, flight);
		map->head++;
	}
	if (flight != NULL)
		finish_output(map, flight); /* from now on it goes straight through */
}

void
results_on_result(const struct ord_result *result, void *user)
{
	struct map *map = user;
	uint64_t sequence = ord_result_sequence(result);
	struct flight *flight = map->remembers ? flights_find(&map->flights, sequence) : NULL;
	struct outcome outcome = {
		.state = ord_result_state(result),
		.exit_code = ord_result_exit_code(result),
		.signal = ord_result_signal(result),
		.started = ord_result_attempts(result) > 0,
	};
	bool halts;

	map->delivered++;
	if (map->options->kind == MAP_LINES) {
		if (filter_take(map, result, &outcome))
			halt(map, NULL, 0);
		halts = false;
	} else {
		note_result(map, flight, result);
		halts = tally_add(&map->tally, &outcome);
	}
	if (map->options->kind == MAP_CALLS)
		calls_take(map, result);
	if (map->display.style != PROGRESS_NONE)
		estimate_task(&map->display.estimate,
			ord_result_ended_ns(result) - ord_result_started_ns(result));
	if (flight == NULL) {
		printer_end(&map->printer, &nothing);
	} else {
		flight->done = true;
		if (map->joblog.fd != 0)
			log_result(map, flight, result);
		if (halts)
			halt(map, flight, sequence + 1);
		release(map, flight);
	}
	if (map->options->kind == MAP_BLOCKS)
		blocks_drop(&map->blocks, ord_result_user(result));
}

void
results_close(struct map *map)
{
	char line[96];

	if (map->notes <= NOTES_MAX)
		return;
	snprintf(line, sizeof line, "orderly map: and %llu more tasks ended like that\n",
		(unsigned long long)(map->notes - NOTES_MAX));
	printer_note(&map->printer, line);
}
