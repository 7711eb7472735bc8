/*
 * An odometer: the last column turns fastest, and when all have turned once
 * the first source is asked for its next input.  So the first source may be an
 * endless stream; the others are read before the first task.
 */
#include "inputs.h"

#include <stdlib.h>
#include <string.h>

/* Reads a source to its end; blocks, because there is nothing else to do yet. */
static bool
read_column(struct column *column, const struct source_name *name, struct delimiter delimiter)
{
	struct source source;
	enum source_state state = SOURCE_ERROR;
	const char *input;

	if (!source_open(&source, name, delimiter))
		return false;
	while ((state = source_next(&source, &input)) == SOURCE_INPUT || state == SOURCE_WAIT) {
		if (state == SOURCE_WAIT) {
			if (!source_fill(&source))
				break;
			continue;
		}
		if ((column->count & (column->count + 1)) == 0)
			column->offsets = text_reallocate(
				column->offsets, 2 * column->count + 2, sizeof *column->offsets);
		column->offsets[column->count++] = column->bytes.size;
		text_add(&column->bytes, input, strlen(input) + 1);
	}
	source_close(&source);
	return state == SOURCE_END;
}

bool
inputs_open(struct inputs *inputs, const struct source_name *names, size_t n,
	struct delimiter delimiter)
{
	size_t i;

	*inputs = (struct inputs){ .n = n };
	inputs->values = text_allocate(n, sizeof *inputs->values);
	inputs->others = text_allocate(n, sizeof *inputs->others);
	for (i = 1; i < n; i++)
		if (!read_column(&inputs->others[i - 1], &names[i], delimiter))
			return false;
	return source_open(&inputs->first, &names[0], delimiter);
}

static void
offer(struct inputs *inputs, size_t i, size_t at)
{
	struct column *column = &inputs->others[i - 1];

	column->offered = at;
	inputs->values[i] = column->bytes.bytes + column->offsets[at];
}

/* Turns the columns by one; false if all have turned once. */
static bool
turn(struct inputs *inputs)
{
	size_t i;

	for (i = inputs->n - 1; i > 0; i--) {
		if (inputs->others[i - 1].offered + 1 < inputs->others[i - 1].count) {
			offer(inputs, i, inputs->others[i - 1].offered + 1);
			return true;
		}
		offer(inputs, i, 0);
	}
	return false;
}

enum source_state
inputs_next(struct inputs *inputs)
{
	enum source_state state;
	size_t i;

	for (i = 1; i < inputs->n; i++)
		if (inputs->others[i - 1].count == 0)
			return SOURCE_END;
	if (inputs->begun && turn(inputs))
		return SOURCE_INPUT;
	inputs->begun = false;
	state = source_next(&inputs->first, &inputs->values[0]);
	if (state != SOURCE_INPUT)
		return state;
	inputs->begun = true;
	for (i = 1; i < inputs->n; i++)
		offer(inputs, i, 0);
	return SOURCE_INPUT;
}

bool
inputs_total(struct inputs *inputs, uint64_t *total)
{
	size_t i;

	if (!source_total(&inputs->first, total))
		return false;
	for (i = 1; i < inputs->n; i++)
		*total *= inputs->others[i - 1].count;
	return true;
}

void
inputs_close(struct inputs *inputs)
{
	size_t i;

	for (i = 1; inputs->others != NULL && i < inputs->n; i++) {
		text_finish(&inputs->others[i - 1].bytes);
		free(inputs->others[i - 1].offsets);
	}
	free(inputs->others);
	free(inputs->values);
	source_close(&inputs->first);
	*inputs = (struct inputs){ 0 };
}
