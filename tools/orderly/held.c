/*
 * Pieces are kept in the order in which they came, each with its stream.  When
 * a task has written more than HELD_BYTES, what is there moves to a file in
 * TMPDIR that has no name, so memory stays bounded however much a task says.
 */
#include "held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

struct held_piece {
	size_t size;
	int fd;
};

/* Returns a descriptor above 2, or -1. */
static int
open_nameless(void)
{
	const char *folder = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): one thread */
	struct text path = { 0 };
	int fd;

	text_add_string(&path, folder != NULL && *folder != '\0' ? folder : "/tmp");
	text_add(&path, "/orderly-XXXXXX", sizeof "/orderly-XXXXXX");
	fd = mkstemp(path.bytes);
	if (fd >= 0) {
		unlink(path.bytes);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	text_finish(&path);
	return fd;
}

static bool
spill(struct held *held)
{
	size_t done = 0;
	ssize_t n;

	if (held->fd == 0) {
		held->fd = open_nameless();
		if (held->fd < 0) {
			held->fd = 0;
			return false;
		}
	}
	while (done < held->pieces.size) {
		n = write(held->fd, held->pieces.bytes + done, held->pieces.size - done);
		if (n < 0 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	text_clear(&held->pieces);
	return true;
}

bool
held_add(struct held *held, int fd, const char *bytes, size_t size)
{
	struct held_piece piece = { .size = size, .fd = fd };

	text_add(&held->pieces, &piece, sizeof piece);
	text_add(&held->pieces, bytes, size);
	return held->pieces.size < HELD_BYTES || spill(held);
}

/* Reads size bytes from the file; false at its end. */
static bool
read_exactly(int fd, void *bytes, size_t size)
{
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		n = read(fd, (char *)bytes + done, size - done);
		if (n == 0)
			errno = EIO;
		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static bool
print_file(struct held *held, struct printer *printer, const struct text *tag)
{
	off_t end = lseek(held->fd, 0, SEEK_CUR), at = 0;
	struct held_piece piece;
	struct text bytes = { 0 };
	bool fine = end >= 0 && lseek(held->fd, 0, SEEK_SET) == 0;

	while (fine && at < end) {
		fine = read_exactly(held->fd, &piece, sizeof piece);
		if (!fine)
			break;
		if (bytes.capacity < piece.size) {
			text_finish(&bytes);
			bytes.bytes = text_allocate(piece.size, 1);
			bytes.capacity = piece.size;
		}
		fine = read_exactly(held->fd, bytes.bytes, piece.size);
		if (fine)
			printer_piece(printer, piece.fd, tag, bytes.bytes, piece.size);
		at += (off_t)(sizeof piece + piece.size);
	}
	text_finish(&bytes);
	return fine;
}

bool
held_print(struct held *held, struct printer *printer, const struct text *tag)
{
	bool fine = held->fd == 0 || print_file(held, printer, tag);
	struct held_piece piece;
	size_t at;

	for (at = 0; at < held->pieces.size; at += piece.size) {
		memcpy(&piece, held->pieces.bytes + at, sizeof piece);
		at += sizeof piece;
		printer_piece(printer, piece.fd, tag, held->pieces.bytes + at, piece.size);
	}
	held_drop(held);
	return fine;
}

void
held_drop(struct held *held)
{
	if (held->fd != 0)
		close(held->fd);
	held->fd = 0;
	text_clear(&held->pieces);
}

void
held_finish(struct held *held)
{
	held_drop(held);
	text_finish(&held->pieces);
}
