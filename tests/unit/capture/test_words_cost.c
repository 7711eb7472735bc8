/*
 * How much is done per byte, by counting and not by time: words.c is compiled
 * into this file with its searches and copies counted.
 */
#include <criterion/criterion.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

static uint64_t searched, compared, moved, lines;

static const void *
counted_memchr(const void *text, int byte, size_t size)
{
	const char *hit = memchr(text, byte, size);

	searched += hit != NULL ? (size_t)(hit - (const char *)text) + 1 : size;
	return hit;
}

static int
counted_memcmp(const void *one, const void *other, size_t size)
{
	compared += size;
	return memcmp(one, other, size);
}

static int
counted_append(struct buffer *buffer, const void *bytes, size_t size)
{
	moved += size;
	return buffer_append(buffer, bytes, size);
}

static void
counted_drop(struct buffer *buffer, size_t size)
{
	moved += size != 0 ? buffer->size - size : 0;
	buffer_drop(buffer, size);
}

#define memchr counted_memchr
#define memcmp counted_memcmp
#define buffer_append counted_append
#define buffer_drop counted_drop
#define words_init counted_init
#define words_finish counted_finish
#define words_take counted_take
#define words_end counted_end
#define words_state counted_state
#define words_mark counted_mark
#include "capture/words.c"

static const uint8_t nonce[REGION_NONCE_SIZE] = { 1, 2, 3 };

static int
count_line(const struct words_line *line, void *user)
{
	(void)line;
	(void)user;
	lines++;
	return 0;
}

/* Feeds `size` bytes of the pattern again and again, `chunk` at a time. */
static void
feed(const char *pattern, size_t length, size_t size, size_t chunk, uint32_t limit,
	uint64_t running)
{
	char *block = malloc(chunk);
	struct words words;
	size_t at = 0;

	if (block == NULL)
		abort();
	searched = compared = moved = lines = 0;
	words_init(&words, nonce, limit, count_line, NULL);
	for (size_t done = 0; done < size; done += chunk) {
		for (size_t i = 0; i < chunk; i++, at++)
			block[i] = pattern[at % length];
		/* 2: certain every other time */
		cr_assert_eq(words_take(&words, block, chunk,
				     running == 2 && done / chunk % 2 == 0 ? UINT64_MAX : running),
			0);
	}
	cr_assert_eq(words_end(&words, 1), 0);
	words_finish(&words);
	free(block);
}

enum { MB = 1 << 20, TEN_MB = 10 * MB };

Test(words_cost, lines_of_a_large_read_are_not_copied)
{
	feed("twenty bytes a line\n", 20, TEN_MB, 1 << 16, 1 << 16, 1);
	cr_assert_eq(lines, (TEN_MB + 19) / 20);
	cr_assert(searched <= 2 * (uint64_t)TEN_MB + TEN_MB / 1000);
	cr_assert(moved <= TEN_MB / (1 << 16) * 40);
}

Test(words_cost, a_long_line)
{
	for (size_t chunk = 1; chunk <= 1 << 16; chunk = chunk * 4 + 1) {
		feed("x", 1, MB, chunk, 1 << 16, 1);
		cr_assert(searched <= 3 * (uint64_t)MB, "chunk %zu: %llu", chunk,
			(unsigned long long)searched);
		cr_assert(moved <= 2 * (uint64_t)MB);
	}
}

Test(words_cost, a_long_line_in_one_read)
{
	feed("x", 1, TEN_MB, TEN_MB, 100, 1);
	cr_assert_eq(lines, (TEN_MB + 99) / 100);
	cr_assert(searched <= 3 * (uint64_t)TEN_MB);
	cr_assert(moved <= 100);
}

Test(words_cost, a_million_lines)
{
	feed("12345\n", 6, 6000000, 1000, 1000, 1);
	cr_assert_eq(lines, 1000000);
	cr_assert(searched <= 3 * (uint64_t)6000000);
	cr_assert(moved <= 6000000 / 1000 * 10);
}

Test(words_cost, lines_byte_by_byte)
{
	feed("12345\n", 6, 600000, 1, 1000, 1);
	cr_assert_eq(lines, 100000);
	cr_assert(searched <= 3 * (uint64_t)600000);
	cr_assert(moved <= 2 * (uint64_t)600000);
}

Test(words_cost, uncertain_reads)
{
	for (size_t chunk = 1; chunk <= 100000; chunk = chunk * 7) {
		feed("x", 1, MB, chunk, 1 << 16, UINT64_MAX);
		cr_assert(searched + moved <= 5 * (uint64_t)MB);
		feed("x", 1, MB, chunk, 1 << 16, 2);
		cr_assert(searched + moved <= 5 * (uint64_t)MB);
		feed("123456789\n", 10, MB, chunk, 1 << 16, 2);
		cr_assert(searched + moved <= 5 * (uint64_t)MB);
	}
}

/* The first bytes of a mark, over and over, at the worst distance. */
Test(words_cost, look_alikes)
{
	char mark[WORDS_MARK_SIZE];

	words_mark(mark, nonce, 1, 1);
	for (size_t chunk = 1; chunk <= 100000; chunk = chunk * 7) {
		for (size_t length = 1; length < WORDS_MARK_SIZE; length += 3) {
			feed(mark, length, 1 << 15, chunk, 100, 1);
			cr_assert(searched + moved + compared <=
				(uint64_t)(1 << 15) * (8 + 2 * WORDS_MARK_SIZE));
		}
	}
}
