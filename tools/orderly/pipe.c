/*
 * A block is given to the pool as a descriptor, with the struct block as the
 * user pointer of its task; results.c drops it when its result is delivered.
 * Blocks lie in memory until then, so the window is counted in bytes, too.
 */
#include "pipe.h"

#define AHEAD_BYTES (64u << 20) /* of blocks beside those that commands read */
#define AHEAD_MOST 64

uint32_t
pipe_window(const struct map_options *options)
{
	uint64_t ahead = AHEAD_BYTES / options->block_bytes;

	if (ahead > 3 * (uint64_t)options->jobs)
		ahead = 3 * (uint64_t)options->jobs;
	if (ahead > AHEAD_MOST)
		ahead = AHEAD_MOST;
	return options->jobs + (ahead > 0 ? (uint32_t)ahead : 1);
}

static enum source_state
pipe_next(struct map *map)
{
	enum source_state state = blocks_next(&map->blocks, &map->block);

	if (state == SOURCE_INPUT)
		recipe_make(&map->recipe, NULL, map->submitted + 1);
	return state;
}

static int
pipe_submit(struct map *map, uint64_t *sequence)
{
	struct ord_command command = ORD_COMMAND(.argv = map->recipe.argv, .env = map->recipe.env,
		.output = ORD_OUTPUT_CHUNKS, .input_fd = &map->block->fd, .user = map->block);

	return ord_pool_submit_command(map->pool, &command, sequence);
}

static int
pipe_fd(const struct map *map)
{
	return map->blocks.fd;
}

const struct feeder pipe_feeder = { .next = pipe_next, .submit = pipe_submit, .fd = pipe_fd };
