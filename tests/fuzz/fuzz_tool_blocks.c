/*
 * The cutter of orderly map --pipe --block: whatever the bytes, their
 * delimiter and the size of a block, the blocks are the input in order and cut
 * nowhere else; each ends where a record ends, and is no longer than asked for
 * unless no record ends before.
 */
#define _GNU_SOURCE /* memfd_create, memmem */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "blocks.h"
#include "complain.h"
#include "fuzz.h"

enum { DELIMITER_MOST = 8, KEPT = 16 };

void __wrap_complain_errno(int failed, const char *format, ...);

void
__wrap_complain_errno(int failed, const char *format, ...)
{
	(void)failed;
	must(format == NULL, "a complaint about a file that can be read");
}

struct cutting {
	struct blocks blocks;
	const uint8_t *bytes; /* all of the input */
	size_t size;
	size_t at; /* how much of it was given out */
	struct block *kept[KEPT];
};

static bool
ends_here(const struct cutting *cutting, size_t from, size_t to)
{
	const struct delimiter *end = &cutting->blocks.end;

	return end->size == 0 ||
		(to - from >= end->size && memcmp(cutting->bytes + to - end->size, end->bytes, end->size) == 0);
}

static void
check_block(struct cutting *cutting, const struct block *block)
{
	size_t from = cutting->at, to = from + block->size;
	const uint8_t *bytes;

	must(block->size != 0 && block->size <= cutting->size - from, "a block of bytes that are not there");
	bytes = mmap(NULL, block->size, PROT_READ, MAP_SHARED, block->fd, 0);
	must(bytes != MAP_FAILED && lseek(block->fd, 0, SEEK_END) == (off_t)block->size, "a block is cut");
	must(memcmp(bytes, cutting->bytes + from, block->size) == 0, "a block has other bytes");
	munmap((void *)(uintptr_t)bytes, block->size);
	must(to == cutting->size || ends_here(cutting, from, to), "a block ends in a record");
	if (block->size > cutting->blocks.size)
		for (size_t end = from + 1; end <= from + cutting->blocks.size; end++)
			must(!ends_here(cutting, from, end), "a block is longer than it has to be");
	cutting->at = to;
}

/* Some blocks are given back at once, some later, some never. */
static void
keep(struct cutting *cutting, struct block *block, uint8_t where)
{
	struct block **at = &cutting->kept[where % KEPT];

	if (*at != NULL)
		blocks_drop(&cutting->blocks, *at);
	*at = block;
}

/* The input as a file, or as what lies in a pipe. */
static int
open_input(const uint8_t *bytes, size_t size, bool pipes)
{
	int ends[2], fd;

	if (pipes && size <= 4096) {
		must(pipe(ends) == 0 && write(ends[1], bytes, size) == (ssize_t)size, "no pipe");
		close(ends[1]);
		return ends[0];
	}
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	must(fd >= 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size, "no file");
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = { bytes, size };
	uint8_t what = input_byte(&input), pattern = input_byte(&input);
	uint64_t most = 1 + (what & 4 ? input_number(&input, 2) : what >> 4);
	char delimiter[DELIMITER_MOST], path[64];
	struct delimiter end = { delimiter, input_take(&input, delimiter, what & 3) };
	struct cutting cutting = { .bytes = input.bytes, .size = input.left };
	int fd = open_input(input.bytes, input.left, what & 8);
	struct block *block;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	must(blocks_open(&cutting.blocks, path, most, end), "a file cannot be opened");
	close(fd);
	for (;;) {
		enum source_state state = blocks_next(&cutting.blocks, &block);

		if (state == SOURCE_END)
			break;
		must(state != SOURCE_ERROR, "a block that cannot be had");
		if (state == SOURCE_WAIT)
			continue;
		check_block(&cutting, block);
		keep(&cutting, block, pattern++);
	}
	must(cutting.at == cutting.size, "bytes are missing");
	blocks_close(&cutting.blocks);
	return 0;
}
