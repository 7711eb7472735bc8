/* $MAKEFLAGS: which jobserver it offers, and the same text with another one. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "graph/jobserver/makeflags.h"
#include "memory_fault.h"

static const struct {
	const char *text;
	const char *what; /* "none", "wrong", "PATH" or "R,W"; then the jobs */
} offers[] = {
	{ NULL, "none 0" },
	{ "", "none 0" },
	{ "k", "none 0" },
	{ " -j8", "none 8" },
	{ " -j8 --jobserver-auth=3,4", "3,4 8" },
	{ " -j --jobserver-auth=3,4", "3,4 0" },
	{ "-j --jobserver-fds=5,6 -j", "5,6 0" },
	{ "-j --jobserver-fds=5,6 --jobserver-auth=7,8", "7,8 0" },
	{ "-j2 --jobserver-auth=7,8 --jobserver-fds=5,6", "5,6 2" },
	{ " -j16 --jobserver-auth=fifo:/tmp/GMfifo12 -- A=b", "/tmp/GMfifo12 16" },
	{ "kn --jobs=12 --jobserver-auth=fifo:/x --no-print-directory", "/x 12" },
	{ "\t--jobs\t--jobserver-auth=fifo:relative", "relative 0" },
	{ " -- A=--jobserver-auth=3,4", "none 0" },
	{ " -j2 -- --jobserver-auth=3,4", "none 2" },
	{ "--jobserver-auth=fifo:/a --jobserver-auth=3,4", "3,4 0" },
	{ "--jobserver-auth=", "wrong 0" },
	{ "--jobserver-auth=fifo:", "wrong 0" },
	{ "--jobserver-auth=3", "wrong 0" },
	{ "--jobserver-auth=3,", "wrong 0" },
	{ "--jobserver-auth=,4", "wrong 0" },
	{ "--jobserver-auth=-2,-2", "wrong 0" },
	{ "--jobserver-auth=3,4,5", "wrong 0" },
	{ "--jobserver-auth=3,4x", "wrong 0" },
	{ "--jobserver-auth=99999999999999999999,4", "wrong 0" },
	{ "--jobserver-auth=gmake_semaphore_12", "wrong 0" },
	{ "--jobserver-auth=3,4 --jobserver-auth=fifo:", "wrong 0" },
	{ "--jobserver=3,4", "none 0" },
	{ "-jx", "none 0" },
	{ "-j0 -j-1", "none 0" },
	{ "-j99999999999999", "none 0" },
};

static void
describe(const struct makeflags *flags, char *text, size_t size)
{
	if (flags->kind == MAKEFLAGS_PIPE)
		snprintf(text, size, "%d,%d %u", flags->reader, flags->writer, flags->jobs);
	else if (flags->kind == MAKEFLAGS_FIFO)
		snprintf(text, size, "%.*s %u", (int)flags->path.size, flags->path.at, flags->jobs);
	else
		snprintf(text, size, "%s %u", flags->kind == MAKEFLAGS_NONE ? "none" : "wrong", flags->jobs);
}

Test(makeflags, the_last_offer_holds)
{
	for (size_t i = 0; i < sizeof offers / sizeof *offers; i++) {
		struct makeflags flags;
		char text[200];

		makeflags_read(offers[i].text, &flags);
		describe(&flags, text, sizeof text);
		cr_expect_str_eq(text, offers[i].what, "%s: %s, not %s", offers[i].text, text, offers[i].what);
	}
}

static const struct {
	const char *old;
	uint32_t jobs;
	const char *text;
} texts[] = {
	{ NULL, 8, " -j8 --jobserver-auth=9,10" },
	{ "", 0, " -j --jobserver-auth=9,10" },
	{ " -j4 --jobserver-auth=3,4", 8, " -j8 --jobserver-auth=9,10" },
	{ "k -j4", 8, "k -j8 --jobserver-auth=9,10" },
	{ " k", 8, " -j8 --jobserver-auth=9,10 k" },
	{ "A=b", 8, " -j8 --jobserver-auth=9,10 A=b" },
	{ "--no-print-directory --jobserver-fds=3,4 -I x", 8,
		" -j8 --jobserver-auth=9,10 --no-print-directory -I x" },
	{ "ks --jobs=3 -- A=-j7 --jobserver-auth=3,4", 2,
		"ks -j2 --jobserver-auth=9,10 -- A=-j7 --jobserver-auth=3,4" },
	{ "-- A=b", 2, " -j2 --jobserver-auth=9,10 -- A=b" },
};

Test(makeflags, one_offer_instead_of_another)
{
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct buffer to = { 0 };
		struct makeflags flags;

		cr_assert_eq(makeflags_write(&to, texts[i].old, texts[i].jobs, "9,10"), 0);
		cr_assert_eq(to.size, strlen(to.bytes) + 1);
		cr_expect_eq(strncmp(to.bytes, "MAKEFLAGS=", 10), 0);
		cr_expect_str_eq(to.bytes + 10, texts[i].text);
		makeflags_read(to.bytes + 10, &flags);
		cr_expect(flags.kind == MAKEFLAGS_PIPE && flags.reader == 9 && flags.jobs == texts[i].jobs);
		buffer_finish(&to);
	}
}

Test(makeflags, without_memory)
{
	unsigned long fail = 0;

	for (int status = -1; status != 0;) {
		struct buffer to = { 0 };

		memory_fault_at(++fail);
		status = makeflags_write(&to, "ks --no-print-directory -- A=b", 2, "9,10");
		memory_fault_at(0);
		buffer_finish(&to);
		cr_assert_lt(fail, 100);
	}
}
