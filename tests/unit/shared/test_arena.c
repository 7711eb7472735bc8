/* Blocks in a stretch, against a model that marks every unit; and every allocation that can fail. */
#define _XOPEN_SOURCE 700 /* lrand48 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "memory_fault.h"
#include "shared/arena.h"

enum { UNITS = 64, FIRST = 3, STEPS = 200000, MOST = 20 };

struct model {
	unsigned char used[UNITS]; /* the number of the block there, 0: free */
	uint32_t begins[UNITS];    /* units of the block that begins there */
	uint32_t blocks;
	uint32_t top;
};

static struct arena
make(void)
{
	return (struct arena){ .begin = FIRST * ARENA_UNIT, .end = UNITS * ARENA_UNIT, .most = MOST };
}

/* Where the first fit is, or 0. */
static uint32_t
first_fit(const struct model *model, uint32_t units)
{
	uint32_t gap = 0;

	for (uint32_t at = FIRST; at < UNITS; at++) {
		gap = model->used[at] ? 0 : gap + 1;
		if (gap == units)
			return at + 1 - units;
	}
	return 0;
}

static void
mark(struct model *model, uint32_t at, uint32_t units, unsigned char with)
{
	memset(model->used + at, with, units);
	model->begins[at] = with ? units : 0;
	model->blocks += with ? 1u : UINT32_MAX;
	if (with && at + units > model->top)
		model->top = at + units;
}

static void
take(struct arena *arena, struct model *model, uint64_t size)
{
	uint32_t units = (uint32_t)((size + ARENA_UNIT - 1) / ARENA_UNIT), at = first_fit(model, units);
	struct arena_block *block = arena_take(arena, size);

	if (at == 0 || model->blocks == MOST) {
		cr_assert_null(block);
		return;
	}
	cr_assert_not_null(block);
	cr_assert_eq(block->offset, at * ARENA_UNIT);
	cr_assert_eq(block->size, units * ARENA_UNIT);
	mark(model, at, units, 1);
}

static void
give(struct arena *arena, struct model *model, uint32_t at)
{
	struct arena_block *block = arena_find(arena, at * ARENA_UNIT);

	cr_assert_eq(block != NULL, model->begins[at] != 0);
	if (block)
		cr_assert_eq(block->size, model->begins[at] * ARENA_UNIT);
	arena_give(arena, at * ARENA_UNIT);
	if (model->begins[at])
		mark(model, at, model->begins[at], 0);
}

static void
note(struct arena *arena, struct model *model, uint32_t at, uint32_t units)
{
	int fits = units != 0 && at >= FIRST && at + units <= UNITS && model->blocks < MOST;

	for (uint32_t i = at; fits && i < at + units; i++)
		fits = !model->used[i];
	cr_assert_eq(arena_note(arena, at * ARENA_UNIT, units * ARENA_UNIT) != NULL, fits);
	if (fits)
		mark(model, at, units, 1);
}

Test(arena, does_as_its_model)
{
	struct arena arena = make();
	struct model model = { .top = FIRST };

	srand48(7);
	for (int i = 0; i < STEPS; i++) {
		switch (lrand48() % 5) {
		case 0:
		case 1: take(&arena, &model, 1 + (uint64_t)lrand48() % (9 * ARENA_UNIT)); break;
		case 2:
		case 3: give(&arena, &model, (uint32_t)lrand48() % UNITS); break;
		case 4: note(&arena, &model, (uint32_t)lrand48() % UNITS, (uint32_t)lrand48() % 5); break;
		}
		cr_assert_eq(arena.n, model.blocks);
	}
	arena_finish(&arena);
	cr_assert_null(arena.blocks);
}

/* What was behind all blocks for two periods. */
Test(arena, tells_what_was_not_used)
{
	struct arena arena = make();
	uint64_t first, second;

	first = arena_take(&arena, 10 * ARENA_UNIT)->offset;
	second = arena_take(&arena, 10 * ARENA_UNIT)->offset;
	cr_assert_eq(arena_period(&arena), second + 10 * ARENA_UNIT);
	arena_give(&arena, second);
	cr_assert_eq(arena_period(&arena), second + 10 * ARENA_UNIT);
	cr_assert_eq(arena_period(&arena), second + 10 * ARENA_UNIT, "it was there when the period began");
	cr_assert_eq(arena_period(&arena), second);
	arena_give(&arena, first);
	arena_period(&arena);
	arena_period(&arena);
	cr_assert_eq(arena_period(&arena), arena.begin);
	arena_finish(&arena);
}

Test(arena, what_does_not_fit)
{
	struct arena arena = make();
	uint64_t room = arena.end - arena.begin;

	cr_assert_null(arena_take(&arena, room + 1));
	cr_assert_null(arena_take(&arena, UINT64_MAX));
	cr_assert_null(arena_note(&arena, 0, ARENA_UNIT));
	cr_assert_null(arena_note(&arena, arena.begin, room + ARENA_UNIT));
	cr_assert_null(arena_note(&arena, arena.begin, UINT64_MAX / ARENA_UNIT * ARENA_UNIT));
	cr_assert_null(arena_note(&arena, UINT64_MAX / ARENA_UNIT * ARENA_UNIT, ARENA_UNIT));
	cr_assert_null(arena_note(&arena, arena.begin, 0));
	cr_assert_null(arena_note(&arena, arena.begin + 1, ARENA_UNIT));
	cr_assert_null(arena_note(&arena, arena.begin, ARENA_UNIT - 1));
	cr_assert_not_null(arena_take(&arena, room));
	cr_assert_null(arena_take(&arena, 1));
	arena_give(&arena, arena.begin + ARENA_UNIT); /* there is none */
	cr_assert_eq(arena.n, 1);
	arena_finish(&arena);
}

Test(arena, without_memory)
{
	struct arena arena = make();

	memory_fault_at(1);
	cr_assert_null(arena_take(&arena, 1));
	cr_assert(memory_fault_came());
	for (int i = 0; i < 16; i++)
		cr_assert_not_null(arena_take(&arena, 1));
	memory_fault_at(1);
	cr_assert_null(arena_take(&arena, 1));
	cr_assert_eq(arena.n, 16);
	cr_assert_not_null(arena_take(&arena, 1));
	arena_finish(&arena);
}
