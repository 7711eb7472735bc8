/*
 * A file is read in pieces into one buffer, from which inputs are cut without
 * copies; what is left of a piece moves to the front before the next read.
 * Reading is lazy, so an endless stream is welcome, and a pipe is only read
 * when poll said that something is there: the loop must not stand still while
 * the next input is a long time coming.
 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"

#define READ_BYTES 65536
#define COUNT_MAX (256 << 20) /* larger files are not read twice for a progress display */

static const char *
source_label(const struct source *source)
{
	return strcmp(source->name.path, "-") == 0 ? "standard input" : source->name.path;
}

bool
source_open(struct source *source, const struct source_name *name, struct delimiter delimiter)
{
	struct stat status;

	*source = (struct source){ .name = *name, .delimiter = delimiter, .fd = -1 };
	if (name->path == NULL)
		return true;
	source->fd = strcmp(name->path, "-") == 0 ? STDIN_FILENO
						  : open(name->path, O_RDONLY | O_CLOEXEC);
	if (source->fd < 0 || fstat(source->fd, &status) != 0) {
		complain_errno(errno, "cannot read inputs from %s", source_label(source));
		return false;
	}
	source->waits = !S_ISREG(status.st_mode);
	source->capacity = READ_BYTES;
	source->buffer = text_allocate(source->capacity + 1, 1);
	return true;
}

/* Makes room behind end. */
static void
make_room(struct source *source)
{
	if (source->begin > 0) {
		memmove(source->buffer, source->buffer + source->begin,
			source->end - source->begin);
		source->end -= source->begin;
		source->scanned -= source->begin;
		source->begin = 0;
	}
	if (source->capacity - source->end < READ_BYTES / 2) {
		source->capacity += READ_BYTES;
		source->buffer = text_reallocate(source->buffer, source->capacity + 1, 1);
	}
}

bool
source_fill(struct source *source)
{
	ssize_t n;

	make_room(source);
	do
		n = read(source->fd, source->buffer + source->end, source->capacity - source->end);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return true; /* somebody else made it non-blocking */
	if (n < 0) {
		complain_errno(errno, "cannot read inputs from %s", source_label(source));
		return false;
	}
	source->ended = n == 0;
	source->end += (size_t)n;
	return true;
}

/* The first delimiter at or behind from; NULL, and *scanned moved up, if there is none. */
static char *
find_delimiter(const struct delimiter *delimiter, char *buffer, size_t end, size_t *scanned)
{
	char *at;

	while (*scanned < end) {
		at = memchr(buffer + *scanned, delimiter->bytes[0], end - *scanned);
		*scanned = at == NULL ? end : (size_t)(at - buffer);
		if (at == NULL || end - *scanned < delimiter->size)
			return NULL;
		if (memcmp(at, delimiter->bytes, delimiter->size) == 0)
			return at;
		++*scanned;
	}
	return NULL;
}

/* Hands out buffer[begin, stop); the input goes on at next. */
static enum source_state
cut(struct source *source, size_t stop, size_t next, const char **input)
{
	size_t size = stop - source->begin;

	*input = source->buffer + source->begin;
	source->buffer[stop] = '\0';
	source->begin = next;
	source->scanned = next;
	source->taken++;
	if (size > INPUT_MAX) {
		complain(
			"input %llu of %s is longer than an argument of a program can be (%d bytes)",
			(unsigned long long)source->taken, source_label(source), INPUT_MAX);
		return SOURCE_ERROR;
	}
	if (memchr(*input, '\0', size) != NULL) {
		complain(
			"input %llu of %s has a NUL byte, which cannot be in an argument; if NUL ends each input "
			"use -0",
			(unsigned long long)source->taken, source_label(source));
		return SOURCE_ERROR;
	}
	return SOURCE_INPUT;
}

static enum source_state
next_of_file(struct source *source, const char **input)
{
	char *at;

	for (;;) {
		at = find_delimiter(
			&source->delimiter, source->buffer, source->end, &source->scanned);
		if (at != NULL) {
			size_t stop = (size_t)(at - source->buffer);
			return cut(source, stop, stop + source->delimiter.size, input);
		}
		if (source->ended) {
			if (source->begin == source->end)
				return SOURCE_END;
			return cut(source, source->end, source->end, input);
		}
		if (source->end - source->begin > INPUT_MAX + source->delimiter.size)
			return cut(source, source->end, source->end, input);
		if (source->waits)
			return SOURCE_WAIT;
		if (!source_fill(source))
			return SOURCE_ERROR;
	}
}

enum source_state
source_next(struct source *source, const char **input)
{
	if (source->name.path != NULL)
		return next_of_file(source, input);
	if (source->taken == source->name.n_words)
		return SOURCE_END;
	*input = source->name.words[source->taken++];
	return SOURCE_INPUT;
}

/* Counts the inputs between an offset and the end of a regular file; false if it cannot. */
static bool
count_rest(const struct source *source, uint64_t *count)
{
	struct stat status;
	char *buffer;
	off_t offset = lseek(source->fd, 0, SEEK_CUR);
	ssize_t n = 0;
	char last = source->delimiter.bytes[0];

	if (offset < 0 || source->delimiter.size != 1 || fstat(source->fd, &status) != 0 ||
		status.st_size - offset > COUNT_MAX)
		return false;
	if (source->end > source->begin)
		last = source->buffer[source->end - 1];
	buffer = text_allocate(READ_BYTES, 1);
	while ((n = pread(source->fd, buffer, READ_BYTES, offset)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			*count += buffer[i] == source->delimiter.bytes[0];
		last = buffer[n - 1];
		offset += n;
	}
	free(buffer);
	*count += last != source->delimiter.bytes[0];
	return n == 0;
}

bool
source_total(struct source *source, uint64_t *total)
{
	size_t i;

	*total = source->name.n_words;
	if (source->name.path == NULL)
		return true;
	*total = source->taken;
	if (!source->ended && source->waits)
		return false;
	for (i = source->begin; i < source->end; i++)
		*total += source->delimiter.size == 1 &&
			source->buffer[i] == source->delimiter.bytes[0];
	if (source->ended) {
		*total += source->end > source->begin &&
			source->buffer[source->end - 1] != source->delimiter.bytes[0];
		return source->begin == source->end || source->delimiter.size == 1;
	}
	return count_rest(source, total);
}

void
source_close(struct source *source)
{
	if (source->fd > STDIN_FILENO)
		close(source->fd);
	free(source->buffer);
	*source = (struct source){ .fd = -1 };
}
