/* The values of options: what is taken, what is refused. */
#include <string.h>

#include <criterion/criterion.h>

#include "values.h"

static uint32_t
jobs(const char *text)
{
	uint32_t n = 77777;

	return values_jobs(text, 8, 500, &n) == NULL ? n : 0;
}

Test(values, jobs)
{
	cr_assert_eq(jobs("3"), 3);
	cr_assert_eq(jobs("0"), 500);
	cr_assert_eq(jobs("100%"), 8);
	cr_assert_eq(jobs("50%"), 4);
	cr_assert_eq(jobs("1%"), 1);
	cr_assert_eq(jobs("0%"), 1);
	cr_assert_eq(jobs("+2"), 10);
	cr_assert_eq(jobs("+0"), 8);
	cr_assert_eq(jobs("-2"), 6);
	cr_assert_eq(jobs("-20"), 1);
	cr_assert_eq(jobs("4096"), 4096);
}

Test(values, jobs_refused)
{
	static const char *const wrong[] = { "", "x", "0x", "0x10", "1.5", " 1", "1 ", "--1", "+",
		"%", "+5%", "4097", "999999999999999999999999", "5%%" };

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		cr_assert_eq(jobs(wrong[i]), 0, "%s", wrong[i]);
}

static uint32_t
milliseconds(const char *text)
{
	uint32_t n = 77777;

	return values_time(text, &n) == NULL ? n : 0;
}

Test(values, time)
{
	cr_assert_eq(milliseconds("2"), 2000);
	cr_assert_eq(milliseconds("0.5"), 500);
	cr_assert_eq(milliseconds(".25s"), 250);
	cr_assert_eq(milliseconds("7ms"), 7);
	cr_assert_eq(milliseconds("5m"), 300000);
	cr_assert_eq(milliseconds("2h"), 7200000);
	cr_assert_eq(milliseconds("1d"), 86400000);
	cr_assert_eq(milliseconds(""), 0);
	cr_assert_eq(milliseconds("0"), 0);
	cr_assert_eq(milliseconds("-1"), 0);
	cr_assert_eq(milliseconds("1x"), 0);
	cr_assert_eq(milliseconds("nan"), 0);
	cr_assert_eq(milliseconds("inf"), 0);
	cr_assert_eq(milliseconds("0x10"), 0);
	cr_assert_eq(milliseconds("1000d"), 0);
	cr_assert_eq(milliseconds("200%"), 0);
}

Test(values, delimiter)
{
	char bytes[16];
	size_t size;

	cr_assert_null(values_delimiter("\\0", bytes, &size));
	cr_assert(size == 1 && bytes[0] == 0);
	cr_assert_null(values_delimiter("\\n;\\x2C\\054\\\\", bytes, &size));
	cr_assert(size == 5 && memcmp(bytes, "\n;,,\\", 5) == 0);
	cr_assert_null(values_delimiter("\xc3\xa9", bytes, &size));
	cr_assert_eq(size, 2);
	cr_assert_not_null(values_delimiter("", bytes, &size));
	cr_assert_not_null(values_delimiter("\\", bytes, &size));
	cr_assert_not_null(values_delimiter("\\q", bytes, &size));
	cr_assert_not_null(values_delimiter("\\x", bytes, &size));
	cr_assert_not_null(values_delimiter("\\777", bytes, &size));
}

Test(values, halt)
{
	struct halt_rule rule;

	cr_assert_null(values_halt("never", &rule));
	cr_assert_eq(rule.when, HALT_NEVER);
	cr_assert_null(values_halt("now,fail=1", &rule));
	cr_assert(rule.when == HALT_NOW && rule.what == HALT_FAIL && rule.count == 1);
	cr_assert_null(values_halt("soon,success=20", &rule));
	cr_assert(rule.when == HALT_SOON && rule.what == HALT_SUCCESS && rule.count == 20);
	cr_assert_null(values_halt("soon,done=3", &rule));
	cr_assert(rule.what == HALT_DONE && rule.count == 3);
	cr_assert_not_null(values_halt("", &rule));
	cr_assert_not_null(values_halt("now", &rule));
	cr_assert_not_null(values_halt("now,fail", &rule));
	cr_assert_not_null(values_halt("now,fail=", &rule));
	cr_assert_not_null(values_halt("now,fail=0", &rule));
	cr_assert_not_null(values_halt("now,fail=1x", &rule));
	cr_assert_not_null(values_halt("later,fail=1", &rule));
	cr_assert(strstr(values_halt("now,fail=30%", &rule), "percentage") != NULL);
}

Test(values, progress)
{
	enum progress_style style = PROGRESS_AUTO;

	cr_assert_null(values_progress("json", &style));
	cr_assert_eq(style, PROGRESS_JSON);
	cr_assert_not_null(values_progress("jsn", &style));
}

Test(values, sizes)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = { { "1", 1 }, { "65536", 65536 }, { "1k", 1000 }, { "1K", 1024 },
		{ "0.5M", 524288 }, { "1m", 1000000 }, { "2G", 2147483648u }, { "1.5g", 1500000000 },
		{ "1T", 1099511627776 } };
	static const char *const wrong[] = { "", "0", "-1", "M", "1X", "1MB", "1e3", "0x10", " 1", "1 ",
		"9999T", "0.2", "1.2.3", "nan" };
	uint64_t bytes = 0;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		cr_assert_null(values_size(cases[i].text, &bytes), "%s", cases[i].text);
		cr_assert_eq(bytes, cases[i].bytes, "%s", cases[i].text);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		cr_assert_not_null(values_size(wrong[i], &bytes), "%s", wrong[i]);
}

Test(values, mebibytes)
{
	static const char *const wrong[] = { "", "0", "-1", "x", "1X", "1 M", "1e3" };
	uint32_t n;

	cr_assert(values_mebibytes("1M", &n) == NULL && n == 1);
	cr_assert(values_mebibytes("1.5G", &n) == NULL && n == 1536);
	cr_assert(values_mebibytes("1", &n) == NULL && n == 1);
	cr_assert(values_mebibytes("1048577", &n) == NULL && n == 2);
	cr_assert(values_mebibytes("900T", &n) == NULL && n == 943718400);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		cr_assert_not_null(values_mebibytes(wrong[i], &n), "%s", wrong[i]);
}

Test(values, files)
{
	static const char *const wrong[] = { "", "31", "x", "32x", "-40", "1e3", "99999999999" };
	uint32_t n;

	cr_assert(values_files("32", &n) == NULL && n == 32);
	cr_assert(values_files("4096", &n) == NULL && n == 4096);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		cr_assert_not_null(values_files(wrong[i], &n), "%s", wrong[i]);
}

Test(values, load)
{
	static const char *const wrong[] = { "", "x", "-1", "1x", "1%%", "nan", "99999999" };
	uint32_t n;

	cr_assert(values_load("4", 8, &n) == NULL && n == 400);
	cr_assert(values_load("1.25", 8, &n) == NULL && n == 125);
	cr_assert(values_load("50%", 8, &n) == NULL && n == 400);
	cr_assert(values_load("0", 8, &n) == NULL && n == 1);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		cr_assert_not_null(values_load(wrong[i], 8, &n), "%s", wrong[i]);
}
