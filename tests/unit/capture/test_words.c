/* Scripted streams in every chunking; whose a line is; bounds; ends; memory that fails. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "memory_fault.h"
#include "script.h"

#define NONE UINT64_MAX

static const uint8_t nonce[REGION_NONCE_SIZE] = { 0xf9, 'O', 'R', 'D', 0, '\n', 7, 8, 9, 0xf9, 0xf9,
	'O', 13, 14, 15, 0xf9 };

static struct words words;
static struct recorder got;

static void
begin(const uint8_t *with_nonce, uint32_t line_bytes)
{
	recorder_clear(&got);
	got.stop_at = 0;
	words_init(&words, with_nonce, line_bytes, recorder_on_line, &got);
}

static void
end(void)
{
	words_finish(&words);
	recorder_finish(&got);
}

/* Each take is given a block of its own size, so that a sanitizer sees a look beyond it. */
static int
take(const char *bytes, size_t size, uint64_t running)
{
	char *copy = malloc(size != 0 ? size : 1);
	int status;

	if (copy == NULL)
		abort();
	if (size != 0)
		memcpy(copy, bytes, size);
	status = words_take(&words, copy, size, running);
	memset(copy, 'Z', size);
	free(copy);
	return status;
}

static int
take_text(const char *text, uint64_t running)
{
	return take(text, strlen(text), running);
}

static int
take_mark(uint64_t sequence, uint32_t number)
{
	char mark[WORDS_MARK_SIZE];

	words_mark(mark, nonce, sequence, number);
	return take(mark, sizeof mark, NONE);
}

/* Whether line i is that text of that task. */
static int
is_line(size_t i, uint64_t sequence, const char *text, int partial)
{
	const struct record *record = &got.records[i];

	return i < got.n_records && record->sequence == sequence && record->partial == partial &&
		record->size == strlen(text) &&
		memcmp(got.bytes + record->at, text, record->size) == 0;
}

/* One stream with every trap at least once. */
static void
write_traps(struct script *script)
{
	script_text(script, "one\n\ntwo in mid-line");
	script_mark(script, 1);
	script_data(script, "a\0b\0\n\0", 6);
	script_lookalike(script, 39);
	script_mark(script, 2);
	script_mark(script, 3);
	script_cut_mark(script, 20);
	script_cut_mark(script, 8);
	script_text(script, "\n12345678\n123456789\n1234567890123456\n12345678901234567\n");
	script_data(script, "\371\371\371\371O", 5);
	script_cut_mark(script, 47);
	script_text(script, "x");
	script_cut_mark(script, 1);
	script_mark(script, 4);
	script_text(script, "12345678");
	script_mark(script, 5);
	script_text(script, "\n");
	script_mark(script, 6);
	script_text(script, "last words");
	script_data(script, "\371ORD", 4);
	script_end(script);
}

/* Takes the stream up to `to`; running is the task of its last byte or `none`. */
static void
take_part(const struct script *script, size_t from, size_t to, int certain)
{
	uint64_t owner = to > from ? script->owner[to - 1] : NONE;

	cr_assert_eq(take(script->stream + from, to - from,
			     certain && owner != SCRIPT_MARK ? owner : NONE),
		0);
}

static void
check_cuts(const struct script *script, size_t first, size_t second, int certain)
{
	begin(script->nonce, (uint32_t)script->line_bytes);
	take_part(script, 0, first, certain);
	take_part(script, first, second, certain);
	take_part(script, second, script->size, certain);
	cr_assert_eq(words_end(&words, script->task), 0);
	cr_assert(recorder_same(&got, &script->expected, 1), "cut at %zu and %zu, certain %d",
		first, second, certain);
	cr_assert_eq(words.marks, script->marks);
	words_finish(&words);
}

Test(words, every_two_cuts, .timeout = 240)
{
	struct script script;

	script_init(&script, nonce, 8);
	write_traps(&script);
	for (size_t first = 0; first <= script.size; first++)
		for (size_t second = first; second <= script.size; second += 1 + second % 3)
			check_cuts(&script, first, second, (first + second) % 2 == 0);
	script_finish(&script);
	end();
}

/* Without knowing who runs, more may be held than one byte and a line: tell it for the small sizes. */
static void
check_chunks(const struct script *script, size_t chunk)
{
	size_t to;

	begin(script->nonce, (uint32_t)script->line_bytes);
	for (size_t at = 0; at < script->size; at = to) {
		to = at + chunk < script->size ? at + chunk : script->size;
		take_part(script, at, to, script->nonce == NULL || chunk < 200);
		cr_assert(words.held.size <= words.line_bytes + words.largest + WORDS_MARK_SIZE);
	}
	cr_assert_eq(words_end(&words, script->task), 0);
	cr_assert(recorder_same(&got, &script->expected, 1), "chunks of %zu, lines of %zu", chunk,
		script->line_bytes);
	words_finish(&words);
}

Test(words, every_chunk_size_and_line_limit, .timeout = 240)
{
	struct script script;

	for (size_t limit = 1; limit <= 50; limit++) {
		script_init(&script, nonce, limit);
		write_traps(&script);
		for (size_t chunk = 1; chunk <= script.size; chunk++)
			check_chunks(&script, chunk);
		script_finish(&script);
	}
	end();
}

Test(words, without_marks_all_is_data)
{
	struct script script;

	script_init(&script, nonce, 16);
	write_traps(&script);
	for (size_t chunk = 1; chunk <= script.size; chunk += 7) {
		struct script plain;

		script_init(&plain, NULL, 16);
		plain.task = 5;
		script_data(&plain, script.stream, script.size);
		script_end(&plain);
		check_chunks(&plain, chunk);
		script_finish(&plain);
	}
	script_finish(&script);
	end();
}

Test(words, without_marks_nothing_waits)
{
	begin(NULL, 100);
	cr_assert_eq(take_text("a\nb", NONE), 0);
	cr_assert_eq(got.n_records, 1);
	cr_assert(is_line(0, NONE, "a", 0));
	cr_assert_eq(words_end(&words, 4), 0);
	cr_assert(is_line(1, 4, "b", 0));
	end();
}

Test(words, without_marks_no_nonce_makes_one)
{
	static const uint8_t zeros[REGION_NONCE_SIZE];
	char mark[WORDS_MARK_SIZE];

	words_mark(mark, zeros, 1, 1);
	begin(NULL, 100);
	cr_assert_eq(take(mark, sizeof mark, 3), 0);
	cr_assert_eq(words_end(&words, 3), 0);
	cr_assert_eq(words.marks, 0);
	cr_assert_eq(got.n_bytes, sizeof mark);
	end();
}

Test(words, one_look_alike_for_each_byte)
{
	struct script script;

	script_init(&script, nonce, 1000);
	for (size_t wrong_at = 0; wrong_at < WORDS_MARK_SIZE; wrong_at++) {
		script_lookalike(&script, wrong_at);
		script_mark(&script, wrong_at);
	}
	script_end(&script);
	for (size_t chunk = 1; chunk <= 100; chunk++)
		check_chunks(&script, chunk);
	script_finish(&script);
	end();
}

Test(words, mark_out_of_turn_is_data)
{
	begin(nonce, 1000);
	cr_assert_eq(take_mark(3, 1), 0);
	cr_assert_eq(words.marks, 1);
	cr_assert_eq(take_mark(3, 1), 0);
	cr_assert_eq(take_mark(3, 3), 0);
	cr_assert_eq(take_mark(3, 0), 0);
	cr_assert_eq(words.marks, 1);
	cr_assert_eq(take_mark(9, 2), 0);
	cr_assert_eq(words.marks, 2);
	cr_assert_eq(words_end(&words, NONE), 0);
	/* The nonce has a newline in it. */
	cr_assert_eq(got.n_records, 4);
	cr_assert_eq(got.n_bytes, 3 * (WORDS_MARK_SIZE - 1));
	cr_assert_eq(got.records[0].sequence, 9);
	end();
}

Test(words, certain_lines_go_out_at_once)
{
	begin(nonce, 100);
	cr_assert_eq(take_text("one\ntwo\nthr", 7), 0);
	cr_assert_eq(got.n_records, 2);
	cr_assert(is_line(0, 7, "one", 0));
	cr_assert(is_line(1, 7, "two", 0));
	cr_assert_eq(take_text("ee\n", 7), 0);
	cr_assert(is_line(2, 7, "three", 0));
	cr_assert_eq(take_text("cut", 7), 0);
	cr_assert_eq(got.n_records, 3);
	cr_assert_eq(take_mark(7, 1), 0);
	cr_assert(is_line(3, 7, "cut", 0));
	end();
}

Test(words, uncertain_lines_wait_for_the_mark)
{
	begin(nonce, 100);
	cr_assert_eq(take_text("one\ntwo\n", NONE), 0);
	cr_assert_eq(take_text("three", NONE), 0);
	cr_assert_eq(got.n_records, 0);
	cr_assert_eq(take_mark(5, 1), 0);
	cr_assert_eq(got.n_records, 3);
	cr_assert(is_line(0, 5, "one", 0));
	cr_assert(is_line(2, 5, "three", 0));
	end();
}

Test(words, uncertain_lines_are_of_the_next_certain_task)
{
	begin(nonce, 100);
	cr_assert_eq(take_text("one\ntw", NONE), 0);
	cr_assert_eq(got.n_records, 0);
	cr_assert_eq(take_text("o\nthree", 8), 0);
	cr_assert_eq(got.n_records, 2);
	cr_assert(is_line(0, 8, "one", 0));
	cr_assert(is_line(1, 8, "two", 0));
	cr_assert_eq(take_text("\nfour\n", NONE), 0);
	cr_assert_eq(got.n_records, 2);
	cr_assert_eq(take(NULL, 0, 8), 0);
	cr_assert_eq(got.n_records, 4);
	cr_assert(is_line(3, 8, "four", 0));
	end();
}

Test(words, a_mark_beats_who_runs)
{
	char bytes[100] = "old\nlines\n";
	size_t size = strlen(bytes);

	begin(nonce, 100);
	words_mark(bytes + size, nonce, 1, 1);
	memcpy(bytes + size + WORDS_MARK_SIZE, "new\n", 4);
	cr_assert_eq(take(bytes, size + WORDS_MARK_SIZE + 4, 2), 0);
	cr_assert_eq(got.n_records, 3);
	cr_assert(is_line(0, 1, "old", 0));
	cr_assert(is_line(1, 1, "lines", 0));
	cr_assert(is_line(2, 2, "new", 0));
	end();
}

Test(words, the_end_is_of_who_died)
{
	begin(nonce, 100);
	cr_assert_eq(take_text("one\nin mid-li\371ORDM", NONE), 0);
	cr_assert_eq(words_end(&words, 6), 0);
	cr_assert_eq(got.n_records, 2);
	cr_assert(is_line(0, 6, "one", 0));
	cr_assert(is_line(1, 6, "in mid-li\371ORDM", 0));
	cr_assert_eq(words_end(&words, 6), 0);
	cr_assert_eq(got.n_records, 2);
	end();
}

Test(words, what_waits_is_bounded)
{
	char line[64];

	begin(nonce, 100);
	memset(line, 'x', sizeof line);
	line[63] = '\n';
	for (int i = 0; i < 1000; i++) {
		cr_assert_eq(take(line, sizeof line, NONE), 0);
		cr_assert(words.held.size <= 100 + 64 + WORDS_MARK_SIZE);
		cr_assert(words.held.capacity <= 512);
	}
	cr_assert(got.n_records >= 997);
	for (size_t i = 0; i < got.n_records; i++)
		cr_assert(got.records[i].sequence == NONE && got.records[i].size == 63);
	end();
}

Test(words, a_long_line_is_held_no_longer_than_the_limit)
{
	char block[1000];

	begin(nonce, 300);
	memset(block, 'y', sizeof block);
	for (int i = 0; i < 1000; i++) {
		cr_assert_eq(take(block, sizeof block, 3), 0);
		cr_assert(words.held.size <= 300);
		cr_assert(words.held.capacity <= 512);
	}
	cr_assert_eq(take_text("\n", 3), 0);
	cr_assert_eq(got.n_bytes, 1000000);
	cr_assert_eq(got.n_records, 3334);
	for (size_t i = 0; i < got.n_records; i++) {
		cr_assert_eq(got.records[i].size, i < 3333 ? 300 : 100);
		cr_assert_eq(got.records[i].partial, i < 3333);
	}
	end();
}

Test(words, a_line_of_the_limit_is_whole)
{
	begin(nonce, 4);
	cr_assert_eq(take_text("abcd", 1), 0);
	cr_assert_eq(got.n_records, 0);
	cr_assert_eq(take_text("\nabcde", 1), 0);
	cr_assert(is_line(0, 1, "abcd", 0));
	cr_assert(is_line(1, 1, "abcd", 1));
	cr_assert_eq(take_mark(1, 1), 0);
	cr_assert(is_line(2, 1, "e", 0));
	cr_assert_eq(got.n_records, 3);
	end();
}

Test(words, limit_of_nothing_is_taken_as_one)
{
	begin(NULL, 0);
	cr_assert_eq(take_text("ab\n\n", 1), 0);
	cr_assert_eq(got.n_records, 3);
	cr_assert(is_line(0, 1, "a", 1));
	cr_assert(is_line(1, 1, "b", 0));
	cr_assert(is_line(2, 1, "", 0));
	end();
}

Test(words, state_tells_marks_and_dirt)
{
	char mark[WORDS_MARK_SIZE];

	begin(nonce, 100);
	cr_assert_eq(words_state(&words), 0);
	cr_assert_eq(take(NULL, 0, NONE), 0);
	cr_assert_eq(words_state(&words), 0);
	cr_assert_eq(take_text("x\n", 1), 0);
	cr_assert_eq(words_state(&words), WORDS_DIRTY);
	cr_assert_eq(take(NULL, 0, NONE), 0);
	cr_assert_eq(words_state(&words), WORDS_DIRTY);
	cr_assert_eq(take_text("y\nz", 1), 0);
	cr_assert_eq(words.since_mark, 5);
	cr_assert_eq(take_mark(1, 1), 0);
	cr_assert_eq(words_state(&words), UINT64_C(1) << WORDS_MARKS_SHIFT);
	words_mark(mark, nonce, 2, 2);
	cr_assert_eq(take(mark, 10, 1), 0);
	cr_assert_eq(words_state(&words), UINT64_C(1) << WORDS_MARKS_SHIFT | WORDS_DIRTY);
	cr_assert_eq(take(mark + 10, WORDS_MARK_SIZE - 10, 1), 0);
	cr_assert_eq(words_state(&words), UINT64_C(2) << WORDS_MARKS_SHIFT);
	words_mark(mark, nonce, 2, 3);
	cr_assert_eq(take(mark, 47, 1), 0);
	cr_assert_eq(take("\xff"
			  "abc",
			     4, 1),
		0);
	cr_assert_eq(words_state(&words), UINT64_C(3) << WORDS_MARKS_SHIFT | WORDS_DIRTY);
	cr_assert_eq(words.since_mark, 3);
	cr_assert_eq(got.n_records, 3);
	end();
}

Test(words, on_line_can_stop)
{
	begin(nonce, 100);
	got.stop_at = 2;
	cr_assert_eq(take_text("a\nb\nc\n", 1), -1);
	cr_assert_eq(got.n_records, 2);
	words_finish(&words);
	begin(nonce, 100);
	got.stop_at = 1;
	cr_assert_eq(take_text("a\nb\n", NONE), 0);
	cr_assert_eq(take_mark(1, 1), -1);
	words_finish(&words);
	begin(nonce, 100);
	got.stop_at = 1;
	cr_assert_eq(take_text("tail", 1), 0);
	cr_assert_eq(words_end(&words, 1), -1);
	end();
}

static int
take_all(const struct script *script, size_t chunk)
{
	for (size_t at = 0; at < script->size; at += chunk) {
		size_t left = script->size - at;

		if (take(script->stream + at, chunk < left ? chunk : left, NONE) != 0)
			return -1;
	}
	return words_end(&words, script->task);
}

Test(words, no_memory_at_any_allocation)
{
	struct script script;
	unsigned long n = 0;
	int status, came;

	script_init(&script, nonce, 300);
	for (int i = 0; i < 200; i++)
		script_text(&script, i % 20 == 19 ? "end\n" : "no newline in here");
	script_mark(&script, 1);
	script_text(&script, "tail");
	script_end(&script);
	do {
		begin(nonce, 300);
		memory_fault_at(++n);
		status = take_all(&script, 10);
		came = memory_fault_came();
		memory_fault_at(0);
		cr_assert_eq(status, came ? -1 : 0);
		words_finish(&words);
	} while (came);
	cr_assert(n > 4, "the stream needs %lu allocations", n - 1);
	end();
	script_finish(&script);
}

Test(words, finish_twice_and_without_use)
{
	begin(nonce, 10);
	words_finish(&words);
	words_finish(&words);
	begin(NULL, 10);
	cr_assert_eq(words_end(&words, NONE), 0);
	cr_assert_eq(got.n_records, 0);
	end();
}
