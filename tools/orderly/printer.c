/*
 * One buffer serves stdout and stderr in turn, so their order is kept where
 * both are one terminal.  It is written when it is full, when the stream
 * changes and before the loop waits.  A status is wiped before anything else
 * goes to the terminal, and drawn only at the beginning of a line.  How many
 * rows it takes is found when it is wiped: the terminal may be narrower by
 * then, and have broken its lines.
 */
#include "printer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "columns.h"
#include "signals.h"
#include "terminal.h"

void
printer_init(struct printer *printer, bool tag, bool whole_lines)
{
	*printer = (struct printer){ .tag = tag, .whole_lines = whole_lines, .fd = STDOUT_FILENO };
	printer->terminal[STDOUT_FILENO] = isatty(STDOUT_FILENO) == 1;
	printer->terminal[STDERR_FILENO] = isatty(STDERR_FILENO) == 1;
	printer->buffer = text_allocate(PRINTER_BYTES, 1);
}

/* A write failed: on stderr nobody can be told but by the exit status, and who closed it does not want to know. */
static void
note_failure(struct printer *printer, int fd, int error)
{
	if (fd != STDOUT_FILENO)
		printer->words_lost |= error != EBADF && error != EPIPE && error != EINTR;
	else if (error == EPIPE)
		printer->broken_pipe = true;
	else if (error == EINTR)
		printer->given_up = true;
	else
		printer->error = error;
}

static void
write_all(struct printer *printer, int fd, const char *bytes, size_t size)
{
	ssize_t n;

	while (size > 0) {
		if (fd == STDOUT_FILENO &&
			(printer->broken_pipe || printer->given_up || printer->error != 0))
			return;
		n = write(fd, bytes, size);
		if (n >= 0) {
			bytes += n;
			size -= (size_t)n;
		} else if (errno == EAGAIN) {
			signals_wait_writable(fd); /* somebody else made it non-blocking */
		} else if (errno != EINTR || signals_count() > 1) {
			note_failure(printer, fd, errno);
			return;
		}
		if (n < 0)
			signals_stop_if_wanted();
	}
}

/* The cursor stands in the last row of the status, and then at the beginning of what was the first. */
static void
wipe(struct printer *printer)
{
	size_t rows = printer->status_shown
		? columns_rows(printer->status.bytes, printer->status.size, terminal_columns(STDERR_FILENO))
		: 1;
	char bytes[32];
	int n;

	if (rows > 1)
		n = snprintf(bytes, sizeof bytes, "\r\033[%zuA\033[J", rows - 1);
	else
		n = snprintf(bytes, sizeof bytes, "\r\033[K");
	printer->status_shown = false;
	write_all(printer, STDERR_FILENO, bytes, (size_t)n);
}

/* Wipes the status before bytes go to a terminal. */
static void
write_out(struct printer *printer, int fd, const char *bytes, size_t size)
{
	if (size == 0)
		return;
	if (printer->status_shown && printer->terminal[fd])
		wipe(printer);
	write_all(printer, fd, bytes, size);
	if (printer->terminal[fd])
		printer->cursor_in_line = bytes[size - 1] != '\n';
}

void
printer_flush(struct printer *printer)
{
	write_out(printer, printer->fd, printer->buffer, printer->used);
	printer->used = 0;
}

static void
put(struct printer *printer, int fd, const char *bytes, size_t size)
{
	if (fd != printer->fd || size > PRINTER_BYTES / 2 || size > PRINTER_BYTES - printer->used)
		printer_flush(printer);
	printer->fd = fd;
	if (size > PRINTER_BYTES / 2) {
		write_out(printer, fd, bytes, size);
		return;
	}
	memcpy(printer->buffer + printer->used, bytes, size);
	printer->used += size;
}

/* Bytes up to and with a newline, or the last ones of a task; the tag goes before the first of a line. */
static void
put_line(struct printer *printer, int fd, const struct text *tag, const char *bytes, size_t size)
{
	if (printer->tag && !printer->in_line[fd]) {
		put(printer, fd, tag->bytes, tag->size);
		put(printer, fd, "\t", 1);
	}
	put(printer, fd, bytes, size);
	printer->in_line[fd] = bytes[size - 1] != '\n';
}

/* Prints what was held back, with more behind it. */
static void
put_rest(struct printer *printer, int fd, const struct text *tag)
{
	if (printer->rest[fd].size > 0)
		put_line(printer, fd, tag, printer->rest[fd].bytes, printer->rest[fd].size);
	text_clear(&printer->rest[fd]);
}

void
printer_piece(
	struct printer *printer, int fd, const struct text *tag, const char *bytes, size_t size)
{
	const char *end = bytes + size, *newline;

	if (!printer->tag && !printer->whole_lines) {
		put(printer, fd, bytes, size);
		return;
	}
	while (bytes < end) {
		newline = memchr(bytes, '\n', (size_t)(end - bytes));
		if (newline == NULL && printer->whole_lines &&
			printer->rest[fd].size < PRINTER_BYTES) {
			text_add(&printer->rest[fd], bytes, (size_t)(end - bytes));
			return;
		}
		put_rest(printer, fd, tag);
		newline = newline != NULL ? newline + 1 : end;
		put_line(printer, fd, tag, bytes, (size_t)(newline - bytes));
		bytes = newline;
	}
}

void
printer_end(struct printer *printer, const struct text *tag)
{
	int fd;

	for (fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		put_rest(printer, fd, tag);
		printer->in_line[fd] = false;
	}
}

void
printer_status(struct printer *printer, const char *lines)
{
	printer_flush(printer);
	if (!printer->terminal[STDERR_FILENO] || printer->cursor_in_line ||
		(lines == NULL && !printer->status_shown))
		return;
	wipe(printer);
	text_clear(&printer->status);
	if (lines == NULL)
		return;
	text_add_string(&printer->status, lines);
	write_all(printer, STDERR_FILENO, printer->status.bytes, printer->status.size);
	printer->status_shown = true;
}

void
printer_put(struct printer *printer, int fd, const char *bytes, size_t size)
{
	if (size > 0)
		put(printer, fd, bytes, size);
}

void
printer_note(struct printer *printer, const char *line)
{
	printer_flush(printer);
	write_out(printer, STDERR_FILENO, line, strlen(line));
}

void
printer_finish(struct printer *printer)
{
	printer_flush(printer);
	text_finish(&printer->rest[STDOUT_FILENO]);
	text_finish(&printer->rest[STDERR_FILENO]);
	text_finish(&printer->status);
	free(printer->buffer);
	printer->buffer = NULL;
}
