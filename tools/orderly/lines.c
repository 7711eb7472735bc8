/*
 * One buffer, from which batches are cut without copies.  What can be read at
 * once is read before a batch is given out that is not full, but nobody waits
 * for lines that are not there yet: an answer should come soon also where
 * input comes slowly.
 */
#define _GNU_SOURCE /* memrchr */
#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"

#define FIRST_BYTES (256 << 10)
#define LINE_MAX_BYTES (64u << 20) /* a line has to fit into memory, several times */

static const char *
label(const struct lines *lines)
{
	return strcmp(lines->name, "-") == 0 ? "standard input" : lines->name;
}

bool
lines_open(struct lines *lines, const char *path)
{
	struct stat status;

	*lines = (struct lines){ .name = path, .capacity = FIRST_BYTES };
	lines->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (lines->fd < 0 || fstat(lines->fd, &status) != 0) {
		complain_errno(errno, "cannot read %s", label(lines));
		return false;
	}
	lines->waits = !S_ISREG(status.st_mode);
	lines->buffer = (char *)text_allocate(lines->capacity + BATCH_HEAD + 1, 1) + BATCH_HEAD;
	return true;
}

uint64_t
lines_count(const char *bytes, size_t size)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), low = ones * 0x7f;
	uint64_t count = 0, word;
	size_t at = 0;

	/* Eight bytes at once: those that equal a newline leave a bit each. */
	for (; at + sizeof word <= size; at += sizeof word) {
		memcpy(&word, bytes + at, sizeof word);
		word ^= ones * '\n';
		word = ~(((word & low) + low) | word | low);
		count += ((word >> 7) * ones) >> 56;
	}
	for (; at < size; at++)
		count += bytes[at] == '\n';
	return count;
}

/* Bytes up to and with the last line that belongs to the batch; 0 if there is no whole line. */
static size_t
measure(const char *bytes, size_t size, uint64_t most, bool *full)
{
	size_t room = size < BATCH_BYTES ? size : BATCH_BYTES, at = 0;
	const char *end;

	*full = size >= BATCH_BYTES;
	if (most >= BATCH_BYTES) {
		end = memrchr(bytes, '\n', room);
		at = end != NULL ? (size_t)(end - bytes) + 1 : 0;
	} else {
		for (; most > 0; most--, at = (size_t)(end - bytes) + 1)
			if (at == room || (end = memchr(bytes + at, '\n', room - at)) == NULL)
				break;
		*full |= most == 0;
	}
	if (at > 0 || size < BATCH_BYTES)
		return at;
	end = memchr(bytes + room, '\n', size - room);
	*full = end != NULL;
	return end != NULL ? (size_t)(end - bytes) + 1 : 0;
}

static bool
is_readable(const struct lines *lines)
{
	struct pollfd entry = { .fd = lines->fd, .events = POLLIN };

	return !lines->waits || poll(&entry, 1, 0) > 0;
}

/* Reads once; false after a complaint. */
static bool
fill(struct lines *lines)
{
	size_t size = lines->end - lines->begin;
	ssize_t n;

	if (size > LINE_MAX_BYTES) {
		complain("line %llu of %s is longer than 64 MiB: use --pipe for records like that",
			(unsigned long long)lines->given + 1, label(lines));
		return false;
	}
	if (lines->begin > 0 && lines->capacity - lines->end < BATCH_BYTES) {
		memmove(lines->buffer, lines->buffer + lines->begin, size);
		lines->begin = 0;
		lines->end = size;
	}
	if (lines->capacity - lines->end < BATCH_BYTES) {
		lines->capacity *= 2;
		lines->buffer = (char *)text_reallocate(lines->buffer - BATCH_HEAD,
					lines->capacity + BATCH_HEAD + 1, 1) +
			BATCH_HEAD;
	}
	n = read(lines->fd, lines->buffer + lines->end, lines->capacity - lines->end);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n < 0) {
		complain_errno(errno, "cannot read %s", label(lines));
		return false;
	}
	lines->ended = n == 0;
	lines->end += (size_t)n;
	return true;
}

static enum source_state
give(struct lines *lines, size_t size, struct batch *batch)
{
	batch->bytes = lines->buffer + lines->begin;
	batch->size = size;
	batch->first = lines->given + 1;
	batch->count = lines_count(batch->bytes, size);
	lines->begin += size;
	lines->given += batch->count;
	return SOURCE_INPUT;
}

enum source_state
lines_next(struct lines *lines, uint64_t most, struct batch *batch)
{
	size_t size;
	bool full;

	for (;;) {
		size = measure(
			lines->buffer + lines->begin, lines->end - lines->begin, most, &full);
		if (full || (size > 0 && (lines->ended || !is_readable(lines))))
			return give(lines, size, batch);
		if (lines->ended && lines->begin == lines->end)
			return SOURCE_END;
		if (lines->ended) /* the last line has no end */
			lines->buffer[lines->end++] = '\n';
		else if (!is_readable(lines))
			return SOURCE_WAIT;
		else if (!fill(lines))
			return SOURCE_ERROR;
	}
}

void
lines_close(struct lines *lines)
{
	if (lines->fd > STDIN_FILENO)
		close(lines->fd);
	if (lines->buffer != NULL)
		free(lines->buffer - BATCH_HEAD);
	*lines = (struct lines){ .fd = -1 };
}
