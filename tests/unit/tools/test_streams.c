/* Input cut into blocks of records and into batches of lines. */
#define _GNU_SOURCE /* memfd_create */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "blocks.h"
#include "file_with.h"
#include "lines.h"

/* Whether bytes[at, at + end.size) is an end. */
static bool
ends(const char *bytes, size_t at, const struct delimiter *end)
{
	return memcmp(bytes + at, end->bytes, end->size) == 0;
}

/*
 * The blocks are the input; each but the last ends with a record, has at most
 * size bytes unless it had to be longer, and as many records as fit.
 */
static void
check_blocks(const char *bytes, size_t size, uint64_t block_bytes, struct delimiter end)
{
	struct blocks blocks;
	struct block *block;
	enum source_state state;
	size_t at = 0;
	char *found = malloc(size + 1);

	cr_assert(blocks_open(&blocks, file_with(bytes, size), block_bytes, end));
	while ((state = blocks_next(&blocks, &block)) == SOURCE_INPUT || state == SOURCE_WAIT) {
		if (state == SOURCE_WAIT)
			continue;
		cr_assert(block->size > 0 && at + block->size <= size);
		cr_assert_eq(pread(block->fd, found, size + 1, 0), (ssize_t)block->size);
		cr_assert_eq(memcmp(found, bytes + at, block->size), 0);
		at += block->size;
		if (at < size && end.size > 0)
			cr_assert(block->size >= end.size && ends(bytes, at - end.size, &end));
		if (block->size > block_bytes && end.size > 0)
			for (size_t i = 0; i + end.size <= block_bytes; i++)
				cr_assert(!ends(found, i, &end), "a block of %llu, not of %llu",
					(unsigned long long)block->size,
					(unsigned long long)block_bytes);
		if (at % 2 == 0)
			blocks_drop(&blocks, block);
	}
	cr_assert_eq(state, SOURCE_END);
	cr_assert_eq(at, size);
	blocks_close(&blocks);
	free(found);
}

Test(streams, blocks_of_records)
{
	static const struct delimiter delimiters[] = { { "\n", 1 }, { "ab", 2 }, { "aab", 3 },
		{ "", 0 }, { "aa", 2 } };
	char bytes[3000];

	srand(7);
	for (int round = 0; round < 400; round++) {
		size_t size = (size_t)rand() % sizeof bytes;
		int rare = 1 + rand() % 40;

		for (size_t i = 0; i < size; i++)
			bytes[i] = "ab\nx"[rand() % rare == 0 ? rand() % 3 : 3];
		check_blocks(bytes, size, 1 + (uint64_t)rand() % 300, delimiters[round % 5]);
	}
}

Test(streams, blocks_larger_than_what_is_read_at_once)
{
	size_t size = 9 << 20;
	char *bytes = malloc(size);

	memset(bytes, 'x', size);
	bytes[4000000] = bytes[4000001] = '\n';
	check_blocks(bytes, size, 5 << 20, (struct delimiter){ "\n", 1 });
	check_blocks(bytes, size, 100, (struct delimiter){ "\n", 1 });
	check_blocks(bytes, size, 262145, (struct delimiter){ "\n\n", 2 });
	check_blocks(bytes, size, UINT64_C(1) << 40, (struct delimiter){ "\n", 1 });
	free(bytes);
}

static void
check_lines(const char *bytes, size_t size, uint64_t most)
{
	struct lines lines;
	struct batch batch;
	enum source_state state;
	size_t at = 0;
	uint64_t count = 0;

	cr_assert(lines_open(&lines, file_with(bytes, size)));
	while ((state = lines_next(&lines, most, &batch)) == SOURCE_INPUT) {
		cr_assert_eq(batch.first, count + 1);
		cr_assert(batch.count > 0 && batch.count <= most);
		cr_assert(batch.size <= BATCH_BYTES || batch.count == 1);
		cr_assert_eq(batch.bytes[batch.size - 1], '\n');
		memset(batch.bytes - BATCH_HEAD, 'h', BATCH_HEAD);
		cr_assert(at + batch.size <= size + 1);
		cr_assert_eq(memcmp(batch.bytes, bytes + at,
				     at + batch.size <= size ? batch.size : size - at),
			0);
		at += batch.size;
		count += batch.count;
	}
	cr_assert_eq(state, SOURCE_END);
	cr_assert_eq(at, size + (size > 0 && bytes[size - 1] != '\n'));
	cr_assert_eq(count, lines_count(bytes, size) + (size > 0 && bytes[size - 1] != '\n'));
	lines_close(&lines);
}

Test(streams, batches_of_lines)
{
	size_t size = 1 << 20;
	char *bytes = malloc(size);

	srand(8);
	for (int round = 0; round < 60; round++) {
		int rare = round < 5 ? 1000000 : 1 + rand() % 5000;
		size_t length = round % 7 == 0 ? size : (size_t)rand() % size;

		for (size_t i = 0; i < length; i++)
			bytes[i] = rand() % rare == 0 ? '\n' : 'x';
		check_lines(bytes, length, 1 + (uint64_t)rand() % 300);
		check_lines(bytes, length, UINT64_MAX);
		check_lines(bytes, length > 100 ? 100 : length, 1);
	}
	free(bytes);
}

Test(streams, a_slow_input_is_given_out_at_once)
{
	struct lines lines;
	struct batch batch;
	char path[64];
	int fds[2];

	cr_assert_eq(pipe(fds), 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fds[0]);
	cr_assert(lines_open(&lines, path));
	cr_assert_eq(lines_next(&lines, 100, &batch), SOURCE_WAIT);
	cr_assert_eq(write(fds[1], "one\ntwo", 7), 7);
	cr_assert_eq(lines_next(&lines, 100, &batch), SOURCE_INPUT);
	cr_assert_eq(batch.size, 4);
	cr_assert_eq(lines_next(&lines, 100, &batch), SOURCE_WAIT);
	close(fds[1]);
	cr_assert_eq(lines_next(&lines, 100, &batch), SOURCE_INPUT);
	cr_assert_eq(batch.size, 4);
	cr_assert_eq(batch.first, 2);
	cr_assert_eq(lines_next(&lines, 100, &batch), SOURCE_END);
	lines_close(&lines);
}

Test(streams, newlines_are_counted)
{
	char bytes[200];

	srand(9);
	for (int round = 0; round < 2000; round++) {
		uint64_t expected = 0;
		size_t size = (size_t)rand() % sizeof bytes, from = (size_t)rand() % 9;

		for (size_t i = 0; i < size; i++)
			bytes[i] = round % 2 == 0 ? (char)rand() : "\n\v\t\x8a"[rand() % 4];
		for (size_t i = from; i < size; i++)
			expected += bytes[i] == '\n';
		cr_assert_eq(lines_count(bytes + from, size > from ? size - from : 0), expected);
	}
}
