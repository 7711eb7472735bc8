/* Which escape sequences stay in what procs write, wherever its pieces are cut. */
#include <string.h>

#include <criterion/criterion.h>

#include "ansi.h"

struct row {
	const char *in, *plain, *colored;
};

/* Without colours and with them, both for a terminal: no other control character stays. */
static const struct row rows[] = {
	{ "plain", "plain", "plain" },
	{ "", "", "" },
	{ "a\tb\r\nc\n", "a\tb\r\nc\n", "a\tb\r\nc\n" },
	{ "\033[31mred\033[0m", "red", "\033[31mred\033[0m\033[0m" },
	{ "\033[1;38;5;200mx", "x", "\033[1;38;5;200mx\033[0m" },
	{ "\033[31mred\n", "red\n", "\033[31mred\033[0m\n" },
	{ "a\033[2Jb\033[10;10Hc\033[?1049hd", "abcd", "abcd" },
	{ "\033]0;title\adone", "done", "done" },
	{ "\033]8;;http://x\033\\link\033]8;;\033\\", "link", "link" },
	{ "\033P dcs \033\\a\033_ apc \033\\b\033^ pm \033\\c\033X sos \033\\d", "abcd", "abcd" },
	{ "\033]0;no end\nnext", "\nnext", "\nnext" },
	{ "\033[3\nnext", "\nnext", "\nnext" },
	{ "\033\nnext", "\nnext", "\nnext" },
	{ "\033(Bx\033#8y\033Mz", "xyz", "xyz" },
	{ "bell\a back\b del", "bell back del", "bell back del" },
	{ "gr\xc3\xbc\xc3\x9f \xff", "gr\xc3\xbc\xc3\x9f \xff", "gr\xc3\xbc\xc3\x9f \xff" },
	{ "half \033[3", "half ", "half " },
};

/* In two pieces, cut anywhere. */
static void
check(const char *in, size_t cut, bool colors, const char *wanted)
{
	struct ansi ansi = { .colors = colors };
	struct text out = { 0 };

	ansi_filter(&ansi, in, cut, &out);
	ansi_filter(&ansi, in + cut, strlen(in) - cut, &out);
	ansi_end(&ansi, &out);
	cr_assert_eq(out.size, strlen(wanted), "cut at %zu, %d: %.*s", cut, colors, (int)out.size,
		out.size != 0 ? out.bytes : "");
	cr_assert(out.size == 0 || memcmp(out.bytes, wanted, out.size) == 0, "cut at %zu, %d: %.*s",
		cut, colors, (int)out.size, out.bytes);
	text_finish(&out);
	ansi_finish(&ansi);
}

Test(ansi, sequences)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t cut = 0; cut <= strlen(rows[i].in); cut++) {
			check(rows[i].in, cut, false, rows[i].plain);
			check(rows[i].in, cut, true, rows[i].colored);
		}
}

/* Where it is no terminal, what is no sequence stays: also NUL. */
Test(ansi, control_characters_of_a_file)
{
	static const char in[] = "a\0b\ac\033[31md\033[2Je", wanted[] = "a\0b\acde";

	for (size_t cut = 0; cut < sizeof in; cut++) {
		struct ansi ansi = { .controls = true };
		struct text out = { 0 };

		ansi_filter(&ansi, in, cut, &out);
		ansi_filter(&ansi, in + cut, sizeof in - 1 - cut, &out);
		ansi_end(&ansi, &out);
		cr_assert_eq(out.size, sizeof wanted - 1);
		cr_assert_eq(memcmp(out.bytes, wanted, out.size), 0);
		text_finish(&out);
		ansi_finish(&ansi);
	}
}

/* One that nobody ends takes no memory without bound, and is no colour. */
Test(ansi, a_long_sequence)
{
	struct ansi ansi = { .colors = true };
	struct text out = { 0 };

	ansi_filter(&ansi, "\033[", 2, &out);
	for (int i = 0; i < 100000; i++)
		ansi_filter(&ansi, "1;", 2, &out);
	ansi_filter(&ansi, "mx", 2, &out);
	ansi_end(&ansi, &out);
	cr_assert_eq(out.size, 1);
	cr_assert_eq(out.bytes[0], 'x');
	cr_assert_lt(ansi.pending.capacity, 10000);
	text_finish(&out);
	ansi_finish(&ansi);
}

/* What was unfinished has no part in what comes next. */
Test(ansi, after_an_end)
{
	struct ansi ansi = { .colors = true };
	struct text out = { 0 };

	ansi_filter(&ansi, "\033[31mone\033]0;", 13, &out);
	ansi_end(&ansi, &out);
	ansi_filter(&ansi, "two", 3, &out);
	ansi_end(&ansi, &out);
	text_add_byte(&out, '\0');
	cr_assert_str_eq(out.bytes, "\033[31mone\033[0mtwo");
	text_finish(&out);
	ansi_finish(&ansi);
}
