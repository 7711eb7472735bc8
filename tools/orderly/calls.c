/* Inputs are handed over as they are, without a NUL; several sources are joined by blanks, as {} is. */
#include "calls.h"

#include "shell.h"

static enum source_state
calls_next(struct map *map)
{
	enum source_state state = inputs_next(&map->inputs);
	size_t i;

	if (state != SOURCE_INPUT)
		return state;
	text_clear(&map->input);
	for (i = 0; i < map->inputs.n; i++) {
		if (i > 0)
			text_add_byte(&map->input, ' ');
		text_add_string(&map->input, map->inputs.values[i]);
	}
	return state;
}

static int
calls_submit(struct map *map, uint64_t *sequence)
{
	return ord_pool_submit(map->pool, map->input.bytes, map->input.size, sequence);
}

static int
calls_fd(const struct map *map)
{
	return map->inputs.first.fd;
}

static bool
calls_fill(struct map *map)
{
	return source_fill(&map->inputs.first);
}

const struct feeder calls_feeder = {
	.next = calls_next, .submit = calls_submit, .fd = calls_fd, .fill = calls_fill
};

void
calls_take(struct map *map, const struct ord_result *result)
{
	size_t size;
	const char *bytes = ord_result_output(result, &size);

	if (ord_result_state(result) != ORD_DONE || size == 0)
		return;
	results_print(map, ord_result_sequence(result), bytes, size);
	if (bytes[size - 1] != '\n')
		results_print(map, ord_result_sequence(result), "\n", 1);
}
