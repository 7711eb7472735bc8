/* How wide text is on a terminal, and where it is cut. */
#include <string.h>

#include <criterion/criterion.h>

#include "columns.h"

#define E_ACUTE "\xc3\xa9"             /* é */
#define COMBINED "e\xcc\x81"           /* e and a combining acute */
#define WIDE "\xe4\xb8\x80"            /* 一 */
#define FACE "\xf0\x9f\x98\x80"        /* a face, wide */
#define WHAT "\xEF\xBF\xBD"            /* U+FFFD */
#define DOTS "\xe2\x80\xa6"            /* … */

Test(columns, width)
{
	static const struct {
		const char *text;
		size_t width;
	} rows[] = { { "", 0 }, { "abc", 3 }, { "a\tb", 3 }, { E_ACUTE, 1 }, { COMBINED, 1 }, { WIDE WIDE, 4 },
		{ FACE, 2 }, { "\xff\xfe", 2 }, { "\xc3", 1 }, { "\xe4\xb8", 2 }, { "\xc0\x80", 2 },
		{ "\xed\xa0\x80", 3 }, { "\033[31mred\033[0m", 3 }, { "\033]8;;http://x\033\\link\033]8;;\033\\", 4 },
		{ "\033]0;title\ax", 1 }, { "a\rb\ac", 3 }, { "\033[31", 0 }, { "\033", 0 }, { "\033]never ends", 0 } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_assert_eq(columns_width(rows[i].text, strlen(rows[i].text)), rows[i].width, "row %zu: %zu", i,
			columns_width(rows[i].text, strlen(rows[i].text)));
	cr_assert_eq(columns_width("\033\0a", 3), 1, "a NUL behind ESC begins no sequence");
}

Test(columns, rows)
{
	static const struct {
		const char *text;
		size_t columns, rows;
	} rows[] = { { "", 80, 1 }, { "abc", 80, 1 }, { "abc", 3, 1 }, { "abcd", 3, 2 }, { "abcdefg", 3, 3 },
		{ "a\nb", 80, 2 }, { "abcd\nabcd", 3, 4 }, { "\n\n", 80, 3 }, { "abc", 1, 3 }, { "abc", 0, 1 },
		{ "\033[31mabc\033[0m", 3, 1 }, { WIDE WIDE, 3, 2 } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_assert_eq(columns_rows(rows[i].text, strlen(rows[i].text), rows[i].columns), rows[i].rows,
			"row %zu: %zu", i, columns_rows(rows[i].text, strlen(rows[i].text), rows[i].columns));
}

Test(columns, cut)
{
	static const struct {
		const char *text;
		size_t most;
		const char *out;
		size_t used;
	} rows[] = { { "abc", 3, "abc", 3 }, { "abcd", 3, "ab" DOTS, 3 }, { "abcd", 1, DOTS, 1 }, { "abcd", 0, "", 0 },
		{ "", 0, "", 0 }, { "", 5, "", 0 }, { WIDE WIDE, 4, WIDE WIDE, 4 }, { WIDE WIDE, 3, WIDE DOTS, 3 },
		{ WIDE WIDE, 2, DOTS, 1 }, { "a" WIDE, 2, "a" DOTS, 2 }, { "a\tb", 3, "a b", 3 },
		{ "\033[31mab\033[0mcd", 4, "abcd", 4 }, { "\033[31mab\033[0mcd", 3, "ab" DOTS, 3 },
		{ "a\rb\ac", 3, "abc", 3 }, { "\xff" "a", 2, WHAT "a", 2 }, { COMBINED "x", 2, COMBINED "x", 2 },
		{ FACE "x", 2, DOTS, 1 } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct text out = { 0 };
		size_t used = columns_cut(&out, rows[i].text, strlen(rows[i].text), rows[i].most);

		cr_assert_eq(out.size, strlen(rows[i].out), "row %zu: %.*s", i, (int)out.size, out.size != 0 ? out.bytes : "");
		cr_assert(out.size == 0 || memcmp(out.bytes, rows[i].out, out.size) == 0, "row %zu: %.*s", i, (int)out.size,
			out.bytes);
		cr_assert_eq(used, rows[i].used, "row %zu: %zu", i, used);
		text_finish(&out);
	}
}

/* Whatever the bytes are: no more columns than there are, and nothing that moves a cursor. */
Test(columns, any_bytes)
{
	unsigned seed = 1;

	for (int round = 0; round < 20000; round++) {
		char bytes[24];
		struct text out = { 0 };
		size_t most = (size_t)round % 12, used;

		for (size_t i = 0; i < sizeof bytes; i++) {
			seed = seed * 1103515245u + 12345u;
			bytes[i] = (char)(seed >> 16);
		}
		used = columns_cut(&out, bytes, sizeof bytes, most);
		cr_assert_leq(used, most);
		cr_assert_eq(used, out.size != 0 ? columns_width(out.bytes, out.size) : 0);
		for (size_t i = 0; i < out.size; i++)
			cr_assert((unsigned char)out.bytes[i] >= 0x20 && out.bytes[i] != 0x7f);
		text_finish(&out);
	}
}
