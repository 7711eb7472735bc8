/*
 * Characters of UTF-8.  wcwidth would ask the locale, which is the host's; the
 * blocks of wide characters are few.
 */
#include "graph/file/characters.h"

struct range {
	uint32_t first, last;
};

/* Two columns: East Asian scripts, full-width forms, emoji. */
static const struct range wide[] = { { 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0x33ff },
	{ 0x3400, 0x4dbf }, { 0x4e00, 0x9fff }, { 0xa000, 0xa4cf }, { 0xac00, 0xd7a3 },
	{ 0xf900, 0xfaff }, { 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 },
	{ 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd } };

/* None: marks on the character before, joiners. */
static const struct range narrow[] = { { 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd },
	{ 0x064b, 0x065f }, { 0x200b, 0x200f }, { 0x202a, 0x202e }, { 0x20d0, 0x20ff },
	{ 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff } };

static size_t
size_by_first(unsigned char byte)
{
	return byte < 0x80    ? 1
		: byte < 0xc2 ? 0
		: byte < 0xe0 ? 2
		: byte < 0xf0 ? 3
		: byte < 0xf5 ? 4
			      : 0;
}

uint32_t
character_code(const char *text)
{
	static const unsigned char first[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	size_t size = size_by_first((unsigned char)text[0]);
	uint32_t code = (unsigned char)text[0] & first[size];

	for (size_t i = 1; i < size; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	return code;
}

size_t
character_size(const char *text, const char *end)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t size = size_by_first((unsigned char)*text);
	uint32_t code;

	if (size == 0 || size > (size_t)(end - text))
		return 0;
	for (size_t i = 1; i < size; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
	code = character_code(text);
	if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return size;
}

static int
is_in(const struct range *ranges, size_t n, uint32_t code)
{
	for (size_t i = 0; i < n; i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return 1;
	return 0;
}

size_t
character_columns(const char *text)
{
	uint32_t code = character_code(text);

	if (code < 0x80)
		return 1;
	if (is_in(narrow, sizeof narrow / sizeof *narrow, code))
		return 0;
	return is_in(wide, sizeof wide / sizeof *wide, code) ? 2 : 1;
}

int
character_is_text(const char *text)
{
	uint32_t code = character_code(text);

	return (code >= ' ' && code < 0x7f) ||
		(code >= 0xa0 && code != 0xfeff && code != 0xfffe && code != 0xffff);
}
