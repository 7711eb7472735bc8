/* How far a proc is and how long the rest takes: the arithmetic of bars and of what is left. */
#include <string.h>

#include <criterion/criterion.h>

#include "estimate.h"
#include "expected.h"
#include "folds.h"
#include "links.h"

#define S UINT64_C(1000000000)

static void
says(struct text *out, const char *wanted)
{
	text_add_byte(out, '\0');
	cr_assert_str_eq(out->bytes, wanted);
	text_finish(out);
}

Test(expected, percent)
{
	cr_assert_eq(expected_percent(0, 10 * S), 0);
	cr_assert_eq(expected_percent(S, 10 * S), 10);
	cr_assert_eq(expected_percent(5 * S, 10 * S), 50);
	cr_assert_eq(expected_percent(98 * S, 100 * S), 98);
	/* It has not ended, however long it runs. */
	cr_assert_eq(expected_percent(99 * S, 100 * S), 99);
	cr_assert_eq(expected_percent(100 * S, 100 * S), 99);
	cr_assert_eq(expected_percent(1000 * S, 100 * S), 99);
	cr_assert_eq(expected_percent(UINT64_MAX, 1), 99);
	cr_assert_eq(expected_percent(S, 0), 99);
	cr_assert_eq(expected_percent(50, 100), 50);
	for (uint64_t ms = 0; ms < 2000; ms++)
		cr_assert_leq(expected_percent(ms, 1000), expected_percent(ms + 1, 1000));
}

static void
bar(uint64_t elapsed, const char *wanted)
{
	struct text out = { 0 };

	expected_bar(&out, elapsed * S, 100 * S);
	says(&out, wanted);
}

Test(expected, bars)
{
	bar(0, "[..........]  0%");
	bar(9, "[..........]  9%");
	bar(10, "[#.........] 10%");
	bar(55, "[#####.....] 55%");
	bar(99, "[#########.] 99%");
	bar(500, "[#########.] 99%");
}

Test(expected, rest)
{
	struct expected one = { 0 };

	cr_assert_eq(expected_rest(&one, 4), 0, "nothing is left");
	expected_add(&one, 0, 0, 0);
	cr_assert_eq(expected_rest(&one, 4), ESTIMATE_UNKNOWN, "nothing is known");

	/* Eight of 10 s share the slots; one that has run for 4 s has 6 left. */
	struct expected eight = { 0 };
	for (int i = 0; i < 8; i++)
		expected_add(&eight, 10 * S, 0, 0);
	cr_assert_eq(expected_rest(&eight, 1), 80 * S);
	cr_assert_eq(expected_rest(&eight, 4), 20 * S);
	cr_assert_eq(expected_rest(&eight, 100), 10 * S, "none is shorter than itself");
	cr_assert_eq(expected_rest(&eight, 0), 80 * S);
	expected_add(&eight, 10 * S, 4 * S, 0);
	cr_assert_eq(expected_rest(&eight, 1), 86 * S);

	/* One that takes longer than it should counts no more. */
	expected_add(&eight, 10 * S, 400 * S, 0);
	cr_assert_eq(expected_rest(&eight, 1), 86 * S);

	/* What is not known takes as long as the others on average. */
	expected_add(&eight, 0, 0, 0);
	cr_assert_eq(expected_rest(&eight, 1), 96 * S);
}

/* A chain takes its whole length, however many could run at once. */
Test(expected, the_longest_way)
{
	struct expected chain = { 0 };

	expected_add(&chain, 10 * S, 3 * S, 50 * S);
	expected_add(&chain, 20 * S, 0, 30 * S);
	expected_add(&chain, 30 * S, 0, 0);
	cr_assert_eq(expected_rest(&chain, 8), 57 * S);
	/* Its first takes longer than it should: the rest is what is behind it. */
	chain = (struct expected){ 0 };
	expected_add(&chain, 10 * S, 30 * S, 50 * S);
	cr_assert_eq(expected_rest(&chain, 8), 50 * S);
}

Test(links, addresses)
{
	struct text out = { 0 };

	links_begin(&out, "host", "/home/a b", "log/x.1.log");
	text_add_string(&out, "name");
	links_end(&out);
	says(&out, "\033]8;;file://host/home/a%20b/log/x.1.log\033\\name\033]8;;\033\\");
	links_begin(&out, "", "/elsewhere", "/tmp/\033\a\\%\xc3\xbc;?#");
	says(&out, "\033]8;;file:///tmp/%1B%07%5C%25%C3%BC%3B%3F%23\033\\");
}

Test(folds, marks)
{
	struct text out = { 0 };

	folds_begin(&out, FOLDS_GITHUB, 3, 17, "title");
	folds_end(&out, FOLDS_GITHUB, 3, 17);
	says(&out, "::group::title\n::endgroup::\n");
	folds_begin(&out, FOLDS_GITLAB, 3, 17, "title");
	folds_end(&out, FOLDS_GITLAB, 3, 18);
	says(&out, "\033[0Ksection_start:17:orderly_3[collapsed=true]\r\033[0Ktitle\n"
		   "\033[0Ksection_end:18:orderly_3\r\033[0K\n");
	folds_begin(&out, FOLDS_NONE, 3, 17, "title");
	folds_end(&out, FOLDS_NONE, 3, 17);
	cr_assert_eq(out.size, 0);
}
