/*
 * A batch has one line to begin with, and twice as many while that makes lines
 * cheaper: a slow co-process gets few lines at a time, so that all workers
 * have some, a fast one as many as fit into a batch.
 */
#include "filter.h"

#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "filter_worker.h"

#define BATCHES_PER_JOB 8
#define TOO_LONG_NS 40000000u
#define AIM_NS 10000000u /* a batch should take no longer, unless more lines at once are cheaper */

/* What is remembered of a batch on its way. */
struct filter_batch {
	struct filter_batch *next, *previous;
	uint64_t first, count; /* its lines */
};

uint32_t
filter_window(const struct map_options *options)
{
	return BATCHES_PER_JOB * options->jobs;
}

static bool
has_number(const struct recipe *recipe)
{
	size_t i, j;

	for (i = 0; i < recipe->n_patterns; i++)
		for (j = 0; j < recipe->patterns[i].n_parts; j++)
			if (recipe->patterns[i].parts[j].kind == PART_SEQUENCE)
				return true;
	return false;
}

int
filter_init(struct map *map, struct text *setup)
{
	struct filter_setup head = { .silence_ms = map->options->timeout_ms };
	size_t i;

	if (has_number(&map->recipe)) {
		complain(
			"{#}: a co-process answers many lines and has no number; {%%} is its place");
		return STATUS_TROUBLE;
	}
	map->batch_lines = 1;
	recipe_make(&map->recipe, NULL, 0);
	head.argc = (uint32_t)map->recipe.n_argv;
	text_add(setup, &head, sizeof head);
	for (i = 0; i < map->recipe.n_argv; i++)
		text_add(setup, map->recipe.argv[i], strlen(map->recipe.argv[i]) + 1);
	return 0;
}

static enum source_state
filter_next(struct map *map)
{
	return lines_next(&map->lines, map->batch_lines, &map->batch);
}

static int
filter_submit(struct map *map, uint64_t *sequence)
{
	struct batch *batch = &map->batch;
	struct filter_batch *entry = text_allocate(1, sizeof *entry);
	int status;

	memcpy(batch->bytes - BATCH_HEAD, &batch->first, BATCH_HEAD);
	status = ord_pool_submit_task(map->pool,
		&ORD_TASK(.input = batch->bytes - BATCH_HEAD,
			.input_size = batch->size + BATCH_HEAD, .user = entry),
		sequence);
	if (status != 0) {
		free(entry);
		return status;
	}
	entry->first = batch->first;
	entry->count = batch->count;
	entry->next = map->batches;
	if (entry->next != NULL)
		entry->next->previous = entry;
	map->batches = entry;
	return 0;
}

static int
filter_fd(const struct map *map)
{
	return map->lines.fd;
}

const struct feeder filter_feeder = {
	.next = filter_next, .submit = filter_submit, .fd = filter_fd
};

static void
forget(struct map *map, struct filter_batch *batch)
{
	if (batch->previous != NULL)
		batch->previous->next = batch->next;
	else
		map->batches = batch->next;
	if (batch->next != NULL)
		batch->next->previous = batch->previous;
	free(batch);
}

void
filter_finish(struct map *map)
{
	struct filter_batch *batch;

	while ((batch = map->batches) != NULL) {
		map->batches = batch->next;
		free(batch);
	}
}

/* How many lines the next batches get; lines took so long together. */
static void
adapt(struct map *map, uint64_t lines, uint64_t took_ns)
{
	double cost = (double)took_ns / (double)lines;
	bool cheaper = map->line_cost == 0 || cost < 0.75 * map->line_cost;

	if (lines < map->batch_lines)
		return;
	if ((took_ns < AIM_NS || cheaper) && map->batch_lines < BATCH_BYTES)
		map->batch_lines *= 2;
	else if (took_ns > TOO_LONG_NS && !cheaper && map->batch_lines > 1)
		map->batch_lines /= 2;
	map->line_cost = cost;
}

/* Counts lines that ended alike; true if one of them meets the rule of --halt. */
static bool
count(struct map *map, const struct outcome *outcome, uint64_t lines)
{
	bool halts = false;

	if (map->options->halt.when == HALT_NEVER && outcome->state == ORD_DONE) {
		map->tally.succeeded += lines;
		return false;
	}
	for (; lines > 0; lines--)
		halts |= tally_add(&map->tally, outcome);
	return halts;
}

static bool
take_answers(struct map *map, const struct ord_result *result, const struct filter_batch *batch,
	const struct outcome *outcome)
{
	struct filter_trailer trailer;
	size_t size;
	const char *bytes = ord_result_output(result, &size);

	if (size < sizeof trailer)
		return false;
	size -= sizeof trailer;
	memcpy(&trailer, bytes + size, sizeof trailer);
	adapt(map, batch->count, trailer.took_ns);
	results_print(map, ord_result_sequence(result), bytes, size);
	return count(map, outcome,
		map->options->halt.when == HALT_NEVER ? batch->count : lines_count(bytes, size));
}

static void
tell(struct map *map, const struct filter_batch *batch, const char *error)
{
	struct text line = { 0 };

	text_add_string(&line, "lines ");
	text_add_number(&line, batch->first);
	text_add_string(&line, " to ");
	text_add_number(&line, batch->first + batch->count - 1);
	text_add_string(&line, ": ");
	text_add_string(&line, error);
	text_add_byte(&line, '\0');
	results_note(map, line.bytes);
	text_finish(&line);
}

bool
filter_take(struct map *map, const struct ord_result *result, const struct outcome *outcome)
{
	struct filter_batch *batch = ord_result_user(result);
	bool halts = false;

	map->lines_done += batch->count;
	if (outcome->state == ORD_DONE) {
		halts = take_answers(map, result, batch, outcome);
	} else if (outcome->state != ORD_CANCELED || outcome->started) {
		if (outcome->state != ORD_CANCELED)
			tell(map, batch, ord_result_error(result));
		halts = count(map, outcome, batch->count);
	}
	forget(map, batch);
	return halts;
}
