/* Sets of places: a row of words for each, as many of them looked at as there are places in use. */
#include "core/sets.h"

#include "base/memory.h"

#define WORD_BITS 64u

static uint64_t *
row(const struct core *core, enum place_set set)
{
	return core->sets + (size_t)set * core->set_words;
}

int
sets_init(struct core *core, uint32_t places)
{
	core->set_words = (places + WORD_BITS - 1) / WORD_BITS;
	core->sets = memory_new((size_t)SETS * core->set_words, sizeof *core->sets);
	return core->sets != NULL ? 0 : -1;
}

void
sets_finish(struct core *core)
{
	memory_free(core->sets);
	core->sets = NULL;
}

void
sets_put(struct core *core, uint32_t place, uint32_t sets)
{
	uint32_t changed = core->places[place].sets ^ sets;
	uint64_t bit = UINT64_C(1) << place % WORD_BITS;

	core->places[place].sets = sets;
	for (; changed != 0; changed &= changed - 1)
		row(core, (enum place_set)__builtin_ctz(changed))[place / WORD_BITS] ^= bit;
}

uint32_t
set_next(const struct core *core, enum place_set set, uint32_t from)
{
	const uint64_t *words = row(core, set);
	uint32_t word = from / WORD_BITS;
	uint64_t bits;

	if (from >= core->n_places)
		return NO_PLACE;
	bits = words[word] & UINT64_MAX << from % WORD_BITS;
	while (bits == 0) {
		if (++word * WORD_BITS >= core->n_places)
			return NO_PLACE;
		bits = words[word];
	}
	return word * WORD_BITS + (uint32_t)__builtin_ctzll(bits);
}

uint32_t
set_last(const struct core *core, enum place_set set)
{
	const uint64_t *words = row(core, set);

	for (uint32_t word = core->set_words; word-- > 0;)
		if (words[word] != 0)
			return word * WORD_BITS + WORD_BITS - 1 -
				(uint32_t)__builtin_clzll(words[word]);
	return NO_PLACE;
}

bool
set_has(const struct core *core, enum place_set set, uint32_t place)
{
	return (core->places[place].sets >> set & 1) != 0;
}
