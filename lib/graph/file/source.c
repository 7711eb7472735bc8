/*
 * Files as text: read once and whole, checked to be UTF-8 without NUL bytes
 * and control characters, so that nobody behind has to ask again.
 */
#define _GNU_SOURCE /* O_CLOEXEC with old feature levels */
#include "graph/file/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "graph/file/characters.h"

#define SHOWN_COLUMNS 96  /* of a line */
#define BEFORE_COLUMNS 64 /* of them at most in front of the caret */

void
source_finish(struct source *source)
{
	memory_free(source->path);
	memory_free(source->memory);
	*source = (struct source){ 0 };
}

void
source_line(const struct source *source, size_t at, uint32_t *line, uint32_t *column)
{
	const char *text = source->text, *end = text + at, *start = text, *next;

	*line = 1;
	while (start < end && (next = memchr(start, '\n', (size_t)(end - start))) != NULL) {
		start = next + 1;
		++*line;
	}
	*column = 1;
	for (; start < end; start++)
		*column += ((unsigned char)*start & 0xc0) != 0x80;
}

struct shown
source_shown(const char *text, size_t size)
{
	struct shown shown = { "" };
	size_t most = sizeof shown.text - sizeof "...", kept = size;

	if (kept > most)
		for (kept = most; kept > 0 && ((unsigned char)text[kept] & 0xc0) == 0x80;)
			kept--;
	for (size_t i = 0; i < kept; i++)
		shown.text[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
	if (kept < size)
		memcpy(shown.text + kept, "...", 4);
	return shown;
}

/* Bytes of a character; of what is none, one. */
static size_t
step(const char *text, const char *end)
{
	size_t size = character_size(text, end);

	return size != 0 ? size : 1;
}

/* Its columns. */
static size_t
width(const char *text, const char *end)
{
	return character_size(text, end) != 0 ? character_columns(text) : 1;
}

/* A line of the file with a caret line below; what is far from the caret is cut off. */
static size_t
draw(const struct source *source, size_t at, char *to, size_t room)
{
	const char *start = source->text + at, *end = source->text + source->size, *text, *caret;
	uint32_t line, column;
	size_t used, columns = 0;

	source_line(source, at, &line, &column);
	caret = start;
	while (start > source->text && start[-1] != '\n' && columns < BEFORE_COLUMNS) {
		do
			start--;
		while (start > source->text && ((unsigned char)*start & 0xc0) == 0x80);
		columns += width(start, end);
	}
	used = (size_t)snprintf(to, room, "\n%5u | ", line);
	for (text = start, columns = 0; text < end && *text != '\n' && *text != '\r';) {
		size_t size = step(text, end);

		columns += width(text, end);
		if (columns > SHOWN_COLUMNS || used + size + 1 >= room)
			break;
		memcpy(to + used, text, size);
		if (character_size(text, end) == 0 || ((unsigned char)*text < ' ' && *text != '\t'))
			to[used] = '?';
		used += size;
		text += size;
	}
	used += (size_t)snprintf(to + used, room - used, "\n      | ");
	for (text = start; text < caret && used + 4 < room; text += step(text, end)) {
		columns = *text == '\t' ? 1 : width(text, end);
		while (columns-- > 0 && used + 4 < room)
			to[used++] = *text == '\t' ? '\t' : ' ';
	}
	to[used++] = '^';
	to[used] = '\0';
	return used;
}

int
source_error(const struct source *source, size_t at, struct error *error, const char *format, ...)
{
	char sentence[512], picture[640], *remedy;
	const char *path = source->path;
	uint32_t line, column;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	remedy = strchr(sentence, '\n');
	if (remedy != NULL)
		*remedy++ = '\0';
	if (at > source->size)
		at = source->size;
	source_line(source, at, &line, &column);
	draw(source, at, picture, sizeof picture);
	if (strlen(path) > 160)
		path += strlen(path) - 160;
	return error_set(error, ORD_EINVAL, "%s:%u:%u: %s%s%s%s", path, line, column, sentence,
		picture, remedy != NULL ? "\n  " : "", remedy != NULL ? remedy : "");
}

/* Bytes that are not text.  The first one that is none is named. */
static int
check(struct source *source, struct error *error)
{
	const char *text = source->text, *end = text + source->size;

	source->ascii = 1;
	while (text < end) {
		unsigned char byte = (unsigned char)*text;
		size_t size = byte < 0x80 ? 1 : character_size(text, end);

		if ((byte >= ' ' && byte < 0x7f) || byte == '\n' || byte == '\t' ||
			(byte == '\r' && text + 1 < end && text[1] == '\n')) {
			text++;
			continue;
		}
		if (size == 0)
			return source_error(source, (size_t)(text - source->text), error,
				"the byte 0x%02x here is not UTF-8\nsave the file as UTF-8", byte);
		if (!character_is_text(text))
			return source_error(source, (size_t)(text - source->text), error,
				"U+%04X is a control character, which text must not have\ntake it out, or write it as an escape in double quotes",
				(unsigned)character_code(text));
		source->ascii = 0;
		text += size;
	}
	return 0;
}

/* A source of memory that is its own from now on. */
static int
adopt(struct source *source, const char *path, struct error *error)
{
	int status;

	source->path = memory_copy(path, strlen(path));
	source->text = source->memory;
	if (source->path == NULL) {
		source_finish(source);
		return error_memory(error);
	}
	if (source->size >= 3 && memcmp(source->text, "\xef\xbb\xbf", 3) == 0) {
		source->text += 3;
		source->size -= 3;
	}
	status = check(source, error);
	if (status != 0)
		source_finish(source);
	return status;
}

int
source_take(
	struct source *source, const char *path, const char *text, size_t size, struct error *error)
{
	*source = (struct source){ .size = size, .number = 1 };
	if (size > SOURCE_MOST)
		return error_set(
			error, ORD_EINVAL, "%s: larger than %zu MiB", path, SOURCE_MOST >> 20);
	source->memory = memory_copy(text, size);
	if (source->memory == NULL)
		return error_memory(error);
	return adopt(source, path, error);
}

/* What the descriptor has, up to one byte more than was there when it was looked at. */
static int
fill(struct source *source, int fd, size_t size, const char *path, struct error *error)
{
	ssize_t got;

	source->memory = memory_resize(NULL, size + 1);
	if (source->memory == NULL)
		return error_memory(error);
	while (source->size < size) {
		got = read(fd, source->memory + source->size, size - source->size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_system(error, errno, "cannot read %s", path);
		if (got == 0)
			break;
		source->size += (size_t)got;
	}
	source->memory[source->size] = '\0';
	return 0;
}

int
source_read(struct source *source, const char *path, struct error *error)
{
	struct stat status;
	int fd, failed;

	*source = (struct source){ .number = 1 };
	/* A pipe without a writer would be waited for. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_system(error, errno, "cannot open %s", path);
	if (fstat(fd, &status) != 0)
		failed = error_system(error, errno, "cannot read %s", path);
	else if (!S_ISREG(status.st_mode))
		failed = error_set(error, ORD_EINVAL, "%s: is no regular file", path);
	else if (status.st_size > (off_t)SOURCE_MOST)
		failed = error_set(error, ORD_EINVAL,
			"%s: larger than %zu MiB: split it, and `include` the parts", path,
			SOURCE_MOST >> 20);
	else
		failed = fill(source, fd, (size_t)status.st_size, path, error);
	fd_close(&fd);
	if (failed != 0) {
		source_finish(source);
		return failed;
	}
	source->device = status.st_dev;
	source->inode = status.st_ino;
	return adopt(source, path, error);
}
