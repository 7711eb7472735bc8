/* The tables of libc's C.UTF-8 say how wide a character is, whatever the locale of the user. */
#define _XOPEN_SOURCE 700 /* wcwidth */
#include "columns.h"

#include <locale.h>
#include <stdbool.h>
#include <string.h>
#include <wchar.h>

#define REPLACEMENT "\xEF\xBF\xBD"

/* The bytes of an escape sequence at its ESC, or of a control character, 1. */
static size_t
sequence_size(const char *bytes, size_t size)
{
	size_t i = 2;

	if (bytes[0] != '\033' || size < 2)
		return 1;
	if (bytes[1] == '[') {
		while (i < size && (bytes[i] < 0x40 || bytes[i] > 0x7e))
			i++;
		return i < size ? i + 1 : size;
	}
	if (bytes[1] != '\0' && strchr("]P_^X", bytes[1]) != NULL) {
		while (i < size && bytes[i] != '\a' && bytes[i] != '\033')
			i++;
		if (i + 1 < size && bytes[i] == '\033')
			i++;
		return i < size ? i + 1 : size;
	}
	return 2;
}

static bool
is_control(char byte)
{
	return ((unsigned char)byte < 0x20 && byte != '\t') || byte == 0x7f;
}

static int
width_of(wchar_t character)
{
	static locale_t locale; /* once, for ever */
	locale_t before;
	int width;

	if (character < 0x300)
		return 1;
	if (locale == (locale_t)0)
		locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (locale == (locale_t)0)
		return 1;
	before = uselocale(locale);
	width = wcwidth(character);
	uselocale(before);
	return width < 0 ? 1 : width;
}

/* One character that is no control: its bytes, or 0 if they are no UTF-8. */
static size_t
decode(const char *bytes, size_t size, wchar_t *character)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)bytes[0];
	size_t i,
		n = first < 0x80 ? 1
		: first < 0xc0   ? 0
		: first < 0xe0   ? 2
		: first < 0xf0   ? 3
		: first < 0xf8   ? 4
				 : 0;
	unsigned code = n == 1 ? first : first & (0x7fu >> n);

	if (n == 0 || n > size)
		return 0;
	for (i = 1; i < n; i++) {
		if (((unsigned char)bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | ((unsigned char)bytes[i] & 0x3f);
	}
	if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ||
		(code >= 0x80 && code < 0xa0))
		return 0;
	*character = (wchar_t)code;
	return n;
}

/* The bytes of what stands there and its columns. */
static size_t
step(const char *bytes, size_t size, size_t *columns)
{
	wchar_t character;
	size_t n;

	*columns = 0;
	if (is_control(bytes[0]))
		return sequence_size(bytes, size);
	*columns = 1;
	n = decode(bytes, size, &character);
	if (n == 0)
		return 1;
	if (n > 1)
		*columns = (size_t)width_of(character);
	return n;
}

size_t
columns_width(const char *bytes, size_t size)
{
	size_t at, columns, sum = 0;

	for (at = 0; at < size; sum += columns)
		at += step(bytes + at, size - at, &columns);
	return sum;
}

size_t
columns_rows(const char *bytes, size_t size, size_t columns)
{
	const char *end = bytes + size, *newline;
	size_t rows = 0, width;

	do {
		newline = memchr(bytes, '\n', (size_t)(end - bytes));
		if (newline == NULL)
			newline = end;
		width = columns_width(bytes, (size_t)(newline - bytes));
		rows += columns != 0 && width > columns ? (width + columns - 1) / columns : 1;
		bytes = newline + 1;
	} while (newline < end);
	return rows;
}

/* One character, made harmless. */
static void
add_character(struct text *out, const char *bytes, size_t size)
{
	wchar_t character;

	if (*bytes == '\t')
		text_add_byte(out, ' ');
	else if (decode(bytes, size, &character) == 0)
		text_add_string(out, REPLACEMENT);
	else
		text_add(out, bytes, size);
}

size_t
columns_cut(struct text *out, const char *bytes, size_t size, size_t most)
{
	size_t at = 0, n, columns, used = 0;
	bool cut = columns_width(bytes, size) > most;

	if (cut && most == 0)
		return 0;
	for (; at < size; at += n) {
		n = step(bytes + at, size - at, &columns);
		if (is_control(bytes[at]))
			continue;
		if (used + columns > most - cut)
			break;
		add_character(out, bytes + at, n);
		used += columns;
	}
	if (cut) {
		text_add_string(out, "…");
		used++;
	}
	return used;
}
