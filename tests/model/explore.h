/*
 * An explicit-state model checker: breadth first over every state that a model
 * can reach, each kept whole, so a state is never taken for another one and
 * the story of a violation is a shortest one.
 *
 * A model is a struct of bytes that are all below 16 and a function that tries
 * one step of it.  A state in which only chances are left (a death, a cancel:
 * things that need not happen) and that is not finished is stuck.
 */
#ifndef MODEL_EXPLORE_H
#define MODEL_EXPLORE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum step_kind {
	STEP_NONE = 0, /* not possible in this state */
	STEP_CHANCE,   /* possible, but nobody may wait for it */
	STEP_PROGRESS  /* possible, and will happen if nothing else does */
};

struct model {
	size_t size; /* bytes of a state; a state of zeros is the first one */
	unsigned steps;
	enum step_kind (*step)(void *state, unsigned index);
	int (*finished)(const void *state);
	void (*tell)(unsigned index); /* prints what a step is */
};

#define EXPLORE_SIZE_MAX 128
#define EXPLORE_CHUNK 65536u
#define EXPLORE_CHUNKS 512u

struct explore_origin {
	uint32_t state; /* from which this one was reached first */
	uint32_t step;
};

struct explore {
	const struct model *model;
	size_t packed; /* bytes of a state as it is kept: two values in each */
	uint32_t count;
	uint32_t mask;
	uint32_t *table; /* 1 + number of a state; 0: free */
	unsigned char *states[EXPLORE_CHUNKS];
	struct explore_origin *origins[EXPLORE_CHUNKS];
};

/* The first assertion of the model that did not hold; NULL: none. */
static const char *explore_violation;

static void
require(int holds, const char *otherwise)
{
	if (!holds && explore_violation == NULL)
		explore_violation = otherwise;
}

static void *
explore_memory(size_t size)
{
	void *memory = calloc(1, size);

	if (memory == NULL) {
		fprintf(stderr, "out of memory\n");
		exit(2);
	}
	return memory;
}

static unsigned char *
explore_state(const struct explore *explore, uint32_t number)
{
	return explore->states[number / EXPLORE_CHUNK] + (number % EXPLORE_CHUNK) * explore->packed;
}

static void
explore_pack(const struct explore *explore, const unsigned char *state, unsigned char *packed)
{
	size_t size = explore->model->size;
	unsigned all = 0;

	for (size_t i = 0; i < size / 2; i++) {
		all |= state[2 * i] | state[2 * i + 1];
		packed[i] = (unsigned char)(state[2 * i] | state[2 * i + 1] << 4);
	}
	if (size % 2 != 0)
		packed[size / 2] = state[size - 1];
	require(all < 16, "the model itself: a value does not fit");
}

static void
explore_unpack(const struct explore *explore, const unsigned char *packed, unsigned char *state)
{
	for (size_t i = 0; i < explore->model->size; i++)
		state[i] = (packed[i / 2] >> (i % 2 * 4)) & 15;
}

static uint32_t
explore_hash(const struct explore *explore, const unsigned char *packed)
{
	uint64_t hash = 0, word;

	for (size_t i = 0; i < explore->packed; i += sizeof word) {
		memcpy(&word, packed + i, sizeof word);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash >> 16);
}

/* The place in the table of a state that is kept, or the free one where it belongs. */
static uint32_t
explore_slot(const struct explore *explore, const unsigned char *packed)
{
	uint32_t slot = explore_hash(explore, packed) & explore->mask;

	while (explore->table[slot] != 0 &&
		memcmp(explore_state(explore, explore->table[slot] - 1), packed, explore->packed) !=
			0)
		slot = (slot + 1) & explore->mask;
	return slot;
}

static void
explore_grow(struct explore *explore)
{
	free(explore->table);
	explore->mask = explore->mask * 2 + 1;
	explore->table = explore_memory(((size_t)explore->mask + 1) * sizeof *explore->table);
	for (uint32_t i = 0; i < explore->count; i++)
		explore->table[explore_slot(explore, explore_state(explore, i))] = i + 1;
}

/* Keep a state unless it is known. */
static void
explore_keep(struct explore *explore, const unsigned char *packed, struct explore_origin origin)
{
	uint32_t slot = explore_slot(explore, packed), chunk = explore->count / EXPLORE_CHUNK;

	if (explore->table[slot] != 0)
		return;
	if (chunk == EXPLORE_CHUNKS) {
		fprintf(stderr, "too many states\n");
		exit(2);
	}
	if (explore->states[chunk] == NULL) {
		explore->states[chunk] = explore_memory(EXPLORE_CHUNK * explore->packed);
		explore->origins[chunk] = explore_memory(EXPLORE_CHUNK * sizeof **explore->origins);
	}
	memcpy(explore_state(explore, explore->count), packed, explore->packed);
	explore->origins[chunk][explore->count % EXPLORE_CHUNK] = origin;
	explore->table[slot] = ++explore->count;
	if (explore->count > explore->mask / 2)
		explore_grow(explore);
}

/* The steps that lead to a state, and one more. */
static void
explore_tell(const struct explore *explore, uint32_t number, unsigned step)
{
	struct explore_origin origin;

	if (number != 0) {
		origin = explore->origins[number / EXPLORE_CHUNK][number % EXPLORE_CHUNK];
		explore_tell(explore, origin.state, origin.step);
	}
	if (step < explore->model->steps)
		explore->model->tell(step);
}

/* Try every step of a state; returns the step that broke an assertion, else a number of no step. */
static unsigned
explore_expand(struct explore *explore, uint32_t number)
{
	unsigned char state[EXPLORE_SIZE_MAX], next[EXPLORE_SIZE_MAX],
		packed[EXPLORE_SIZE_MAX] = { 0 };
	const struct model *model = explore->model;
	int progress = 0;

	explore_unpack(explore, explore_state(explore, number), state);
	for (unsigned i = 0; i < model->steps; i++) {
		memcpy(next, state, model->size);
		enum step_kind kind = model->step(next, i);
		/* What changes nothing is waiting. */
		if (kind == STEP_NONE ||
			(explore_violation == NULL && memcmp(next, state, model->size) == 0))
			continue;
		progress |= kind == STEP_PROGRESS;
		explore_pack(explore, next, packed);
		if (explore_violation != NULL)
			return i;
		explore_keep(explore, packed, (struct explore_origin){ number, i });
	}
	require(progress || model->finished(state), "stuck");
	return model->steps;
}

/*
 * Walk through a model until an assertion does not hold or all states are
 * known.  Returns what did not hold, with the way to it if `story`, or NULL;
 * *count: the states seen.
 */
static const char *
explore_run(const struct model *model, int story, uint32_t *count)
{
	struct explore explore = {
		.model = model, .packed = (model->size + 15) / 16 * 8, .mask = 511
	};
	unsigned char packed[EXPLORE_SIZE_MAX] = { 0 };

	explore_violation = NULL;
	explore_grow(&explore);
	explore_keep(&explore, packed, (struct explore_origin){ 0, 0 });
	for (uint32_t i = 0; i < explore.count && explore_violation == NULL; i++) {
		unsigned step = explore_expand(&explore, i);
		if (explore_violation != NULL && story)
			explore_tell(&explore, i, step);
	}
	*count = explore.count;
	free(explore.table);
	for (unsigned i = 0; i < EXPLORE_CHUNKS; i++) {
		free(explore.states[i]);
		free(explore.origins[i]);
	}
	return explore_violation;
}

/*
 * Explore and print a line.  `broken`: the model has a planted bug, which has
 * to be found.  Returns whether it went as it should.
 */
static int
explore_expect(const struct model *model, const char *name, int broken, int story)
{
	uint32_t count;
	const char *violation;

	violation = explore_run(model, story || !broken, &count);
	printf("%9lu states  %-4s %s%s%s\n", (unsigned long)count,
		(violation != NULL) == broken ? "ok" : "FAIL", name, violation != NULL ? ": " : "",
		violation != NULL ? violation : "");
	fflush(stdout);
	return (violation != NULL) == broken;
}

#endif
