/*
 * Bytes go through a small buffer, which stays in the processor's cache, into
 * a memfd.  When that holds a block it is searched from its end for the last
 * end of a record; what lies behind becomes the beginning of the next one.  A
 * command reads the memfd itself, so nobody feeds a pipe, a command that does
 * not read its input holds up nothing, and one that is run again finds all of
 * it once more.
 */
#define _GNU_SOURCE /* memfd_create, memrchr, F_SETPIPE_SZ */
#include "blocks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"

#define BUFFER_BYTES (256 << 10)
#define TURN_BYTES (4 << 20) /* read before the caller has a look at the rest of the world */
#define PIPE_BYTES (1 << 20)

static const char *
label(const struct blocks *blocks)
{
	return strcmp(blocks->name, "-") == 0 ? "standard input" : blocks->name;
}

bool
blocks_open(struct blocks *blocks, const char *path, uint64_t size, struct delimiter end)
{
	struct stat status;

	*blocks = (struct blocks){ .name = path, .end = end, .size = size, .target = size };
	blocks->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (blocks->fd < 0 || fstat(blocks->fd, &status) != 0) {
		complain_errno(errno, "cannot read %s", label(blocks));
		return false;
	}
	blocks->waits = !S_ISREG(status.st_mode);
	if (S_ISFIFO(status.st_mode) && fcntl(blocks->fd, F_GETPIPE_SZ) < PIPE_BYTES)
		fcntl(blocks->fd, F_SETPIPE_SZ, PIPE_BYTES); /* fewer, larger reads; or as it is */
	blocks->buffer = text_allocate(BUFFER_BYTES, 1);
	return true;
}

/* An empty block to be filled; false after a complaint. */
static bool
begin(struct blocks *blocks)
{
	struct block *block = text_allocate(1, sizeof *block);

	block->fd = memfd_create("orderly-block", MFD_CLOEXEC);
	if (block->fd < 0) {
		complain_errno(errno,
			"cannot keep a block in memory (raise the limit of open files, ulimit -n, or lower -j)");
		free(block);
		return false;
	}
	blocks->next = block;
	blocks->target = blocks->size;
	blocks->searched = 0;
	return true;
}

/* Adds bytes to the block that is being filled; false after a complaint. */
static bool
add(struct blocks *blocks, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = write(blocks->next->fd, bytes, size);

		if (n < 0 && errno != EINTR) {
			complain_errno(errno,
				"cannot keep a block in memory (a smaller --block needs less)");
			return false;
		}
		bytes += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
		blocks->next->size += n > 0 ? (uint64_t)n : 0;
	}
	return true;
}

static bool
is_readable(int fd)
{
	struct pollfd entry = { .fd = fd, .events = POLLIN };

	return poll(&entry, 1, 0) > 0;
}

/* Reads once; *n is 0 if nothing is there now.  False after a complaint. */
static bool
take(struct blocks *blocks, size_t *n)
{
	uint64_t room = blocks->target - blocks->next->size;
	ssize_t got;

	*n = 0;
	if (blocks->waits && !is_readable(blocks->fd))
		return true;
	do
		got = read(blocks->fd, blocks->buffer, room < BUFFER_BYTES ? room : BUFFER_BYTES);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return true; /* somebody else made it non-blocking */
	if (got < 0) {
		complain_errno(errno, "cannot read %s", label(blocks));
		return false;
	}
	*n = (size_t)got;
	blocks->ended = got == 0;
	return add(blocks, blocks->buffer, *n);
}

/* Where the last record in bytes[size] ends; 0 if none does. */
static size_t
last_end(const char *bytes, size_t size, const struct delimiter *end)
{
	const char *at;
	size_t before = end->size - 1;

	while (size >= end->size) {
		at = memrchr(bytes + before, end->bytes[before], size - before);
		if (at == NULL)
			return 0;
		size = (size_t)(at - bytes) + 1;
		if (memcmp(bytes + size - end->size, end->bytes, end->size) == 0)
			return size;
		size--;
	}
	return 0;
}

/* Ends the block at cut; what lies behind begins the next one.  False after a complaint. */
static bool
split(struct blocks *blocks, const char *bytes, uint64_t cut)
{
	struct block *block = blocks->next;
	uint64_t size = block->size;

	if (cut == size) {
		blocks->next = NULL;
		return true;
	}
	block->size = cut;
	blocks->next = NULL;
	if (!begin(blocks) || !add(blocks, bytes + cut, size - cut)) {
		blocks_drop(blocks, block);
		return false;
	}
	return ftruncate(block->fd, (off_t)cut) == 0;
}

/* The block has reached its size: *block is it, or NULL if no record ends in it.  False after a complaint. */
static bool
cut(struct blocks *blocks, struct block **block)
{
	uint64_t size = blocks->next->size, from = blocks->searched, end = size;
	bool fine = true;
	char *bytes;

	*block = NULL;
	bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, blocks->next->fd, 0);
	if (bytes == MAP_FAILED) {
		complain_errno(errno, "cannot look into a block (a smaller --block needs less)");
		return false;
	}
	if (blocks->end.size > 0) {
		from -= from < blocks->end.size ? from : blocks->end.size - 1;
		end = last_end(bytes + from, size - from, &blocks->end);
		end += end > 0 ? from : 0;
	}
	blocks->searched = size;
	blocks->target = size + blocks->size;
	if (end > 0) {
		*block = blocks->next;
		fine = split(blocks, bytes, end);
	}
	munmap(bytes, size);
	return fine;
}

static enum source_state
give(struct blocks *blocks, struct block *block, struct block **out)
{
	if (block == blocks->next)
		blocks->next = NULL;
	block->next = blocks->given;
	if (block->next != NULL)
		block->next->previous = block;
	blocks->given = block;
	*out = block;
	return SOURCE_INPUT;
}

enum source_state
blocks_next(struct blocks *blocks, struct block **block)
{
	size_t n, turn = 0;

	for (;;) {
		if (blocks->ended && (blocks->next == NULL || blocks->next->size == 0))
			return SOURCE_END;
		if (blocks->ended)
			return give(blocks, blocks->next, block);
		if (blocks->next == NULL && !begin(blocks))
			return SOURCE_ERROR;
		if (blocks->next->size >= blocks->target) {
			if (!cut(blocks, block))
				return SOURCE_ERROR;
			if (*block != NULL)
				return give(blocks, *block, block);
		}
		if (turn >= TURN_BYTES)
			return SOURCE_WAIT;
		if (!take(blocks, &n))
			return SOURCE_ERROR;
		if (n == 0 && !blocks->ended)
			return SOURCE_WAIT;
		turn += n;
	}
}

static void
forget(struct block *block)
{
	close(block->fd);
	free(block);
}

void
blocks_drop(struct blocks *blocks, struct block *block)
{
	if (block->previous != NULL)
		block->previous->next = block->next;
	else if (blocks->given == block)
		blocks->given = block->next;
	if (block->next != NULL)
		block->next->previous = block->previous;
	forget(block);
}

void
blocks_close(struct blocks *blocks)
{
	struct block *block;

	while ((block = blocks->given) != NULL) {
		blocks->given = block->next;
		forget(block);
	}
	if (blocks->next != NULL)
		forget(blocks->next);
	if (blocks->fd > STDIN_FILENO)
		close(blocks->fd);
	free(blocks->buffer);
	*blocks = (struct blocks){ .fd = -1 };
}
