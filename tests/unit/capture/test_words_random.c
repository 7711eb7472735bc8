/*
 * Streams made by chance: tasks, marks, look-alikes, long lines, cuts and
 * uncertain reads; what comes out is compared with the script.  CAPTURE_SEED
 * in the environment runs one seed only.
 */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "script.h"

static uint64_t state;

/* splitmix64: each seed gives another sequence, 0 too. */
static uint64_t
chance(uint64_t below)
{
	uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % below;
}

static void
write_random(struct script *script, size_t size, uint64_t letters)
{
	while (size-- > 0) {
		char byte = (char)(letters == 256 ? chance(256) : 'a' + chance(letters));

		script_data(script, chance(30) == 0 ? "\n" : &byte, 1);
	}
}

static void
write_long_line(struct script *script)
{
	for (size_t left = chance(4 * script->line_bytes + 1); left > 0; left--)
		script_text(script, "l");
}

static void
write_something(struct script *script)
{
	switch (chance(9)) {
	case 0: script_mark(script, chance(10) == 0 ? UINT64_MAX : chance(1000)); break;
	case 1: script_lookalike(script, chance(WORDS_MARK_SIZE)); break;
	case 2: script_cut_mark(script, 1 + chance(WORDS_MARK_SIZE - 1)); break;
	case 3: write_long_line(script); break;
	case 4: write_random(script, chance(100), 256); break;
	case 5: script_text(script, "\n\n"); break;
	case 6: script_text(script, "\371\371"); break;
	default: write_random(script, chance(80), 20); break;
	}
}

/* What the struct words has not given out yet must be a tail of a line and the start of a mark. */
static size_t
position(const struct script *script, const struct recorder *got)
{
	size_t at = 0;

	for (size_t i = 0; i < got->n_records; i++) {
		while (at < script->size && script->owner[at] == SCRIPT_MARK)
			at++;
		at += got->records[i].size;
		if (!got->records[i].partial && at < script->size && script->stream[at] == '\n' &&
			script->owner[at] != SCRIPT_MARK)
			at++;
	}
	while (at < script->size && script->owner[at] == SCRIPT_MARK)
		at++;
	return at;
}

static int
only_a_tail_is_left(const struct script *script, size_t from, size_t to)
{
	size_t left = to > from ? to - from : 0;

	if (left > script->line_bytes + WORDS_MARK_SIZE - 1)
		return 0;
	return left < WORDS_MARK_SIZE ||
		memchr(script->stream + from, '\n', left - (WORDS_MARK_SIZE - 1)) == NULL;
}

/* The task that the status page shows when the stream has been read up to `to`. */
static uint64_t
runs_at(const struct script *script, size_t to)
{
	while (to < script->size && script->owner[to] == SCRIPT_MARK)
		to--;
	return to < script->size ? script->owner[to] : script->task;
}

static void
read_all(
	const struct script *script, struct words *words, const struct recorder *got, uint64_t most)
{
	size_t to, largest = 0;

	for (size_t from = 0; from < script->size; from = to) {
		size_t size = 1 + chance(most);
		uint64_t running = UINT64_MAX;

		to = from + size < script->size ? from + size : script->size;
		largest = to - from > largest ? to - from : largest;
		if (chance(2) == 0 || to - position(script, got) > script->line_bytes + largest)
			running = runs_at(script, to);
		cr_assert_eq(words_take(words, script->stream + from, to - from, running), 0);
		cr_assert(words->held.size <= script->line_bytes + largest + WORDS_MARK_SIZE);
		cr_assert_eq(words->marks, script_marks_in(script, to));
		cr_assert(running == UINT64_MAX ||
			only_a_tail_is_left(script, position(script, got), to));
	}
}

static void
check_seed(uint64_t seed)
{
	uint8_t nonce[REGION_NONCE_SIZE];
	struct recorder got = { 0 };
	struct script script;
	struct words words;

	state = seed;
	for (size_t i = 0; i < sizeof nonce; i++)
		nonce[i] = (uint8_t)chance(256);
	script_init(&script, nonce, 1 + chance(chance(2) == 0 ? 8 : 200));
	script.task = chance(1000);
	for (uint64_t left = chance(60); left > 0; left--)
		write_something(&script);
	script_end(&script);
	words_init(&words, nonce, (uint32_t)script.line_bytes, recorder_on_line, &got);
	read_all(&script, &words, &got, chance(3) == 0 ? 3 : 1 + chance(600));
	cr_assert_eq(words_end(&words, script.task), 0);
	cr_assert(recorder_same(&got, &script.expected, 1), "CAPTURE_SEED=%llu",
		(unsigned long long)seed);
	words_finish(&words);
	recorder_finish(&got);
	script_finish(&script);
}

Test(words_random, streams, .timeout = 240)
{
	const char *one = getenv("CAPTURE_SEED");

	if (one != NULL)
		check_seed(strtoull(one, NULL, 10));
	for (uint64_t seed = 0; one == NULL && seed < 5000; seed++)
		check_seed(seed);
}
