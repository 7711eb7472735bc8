/* Names with placeholders, as tables: what compiles, what matches with which values, what is filled. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "graph/names/pattern.h"
#include "graph/names/value.h"
#include "memory_fault.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

/* A pattern, a name, and "x=1,y=2" for what it matches with; NULL: it does not. */
struct row {
	const char *pattern;
	const char *name;
	const char *values;
	const char *separator; /* NULL: "::" */
};

static const struct row matches[] = {
	{ "setup", "setup", "", NULL },
	{ "setup", "setups", NULL, NULL },
	{ "setup", "setu", NULL, NULL },
	{ "setup", "", NULL, NULL },
	{ "build::[x]", "build::core", "x=core", NULL },
	{ "build::[x]", "build::", NULL, NULL },
	{ "build::[x]", "build:", NULL, NULL },
	{ "build::[x]", "build", NULL, NULL },
	{ "build::[x]", "rebuild::core", NULL, NULL },
	{ "[x]::build", "core::build", "x=core", NULL },
	{ "[x]::build", "::build", NULL, NULL },
	{ "[x]::build", "a::b::build", "x=a::b", NULL },
	{ "[x]::build", "a::built", NULL, NULL },
	{ "[x]", "anything::at all", "x=anything::at all", NULL },
	{ "[x]", "", NULL, NULL },
	{ "[x]::[y]", "a::b", "x=a,y=b", NULL },
	{ "[x]::[y]", "a", NULL, NULL },
	{ "[x]::[y]", "a::", NULL, NULL },
	{ "[x]::[y]", "::b", NULL, NULL },
	{ "[x]::[y]", "a::b::c", "x=a,y=b::c", NULL },
	{ "[x]::[y]", "a:::b", "x=a,y=:b", NULL },
	{ "[x]::[y]", "a::::b", "x=a,y=::b", NULL },
	{ "t::[x]::[y]", "t::core::asan", "x=core,y=asan", NULL },
	{ "t::[x]::[y]", "t::core", NULL, NULL },
	{ "t::[x]::mid::[y]", "t::a::mid::b", "x=a,y=b", NULL },
	{ "t::[x]::mid::[y]", "t::a::mid::b::mid::c", "x=a,y=b::mid::c", NULL },
	{ "t::[x]::mid::[y]", "t::a::b::mid::c", NULL, NULL },
	{ "t::[x]::mid::[y]", "t::a::mid::", NULL, NULL },
	{ "[x]::mid::[y]::end", "a::mid::b::end", "x=a,y=b", NULL },
	{ "[x]::mid::[y]::end", "a::mid::b::c::end", "x=a,y=b::c", NULL },
	{ "[x]::mid::[y]::end", "a::mid::::end", NULL, NULL },
	{ "[x]::mid::[y]::end", "a::mid::end", NULL, NULL },
	{ "[x]::[x]", "a::a", "x=a", NULL },
	{ "[x]::[x]", "a::b", NULL, NULL },
	{ "[x]::[x]", "a::a::a", NULL, NULL },
	{ "[x]::[y]::[x]", "a::b::a", "x=a,y=b", NULL },
	{ "[x]::[y]::[x]", "a::b::c", NULL, NULL },
	{ "app-[env]", "app-prod", "env=prod", NULL },
	{ "app-[env]", "app-pre-prod", "env=pre-prod", NULL },
	{ "[x].o", "main.o", "x=main", NULL },
	{ "[x].o", "a.o.o", "x=a.o", NULL },
	{ "[x].o", ".o", NULL, NULL },
	{ "my-proc::[the-arg]", "my-proc::a-b", "the-arg=a-b", NULL },
	{ "my proc::[an arg]", "my proc::a b", "an arg=a b", NULL },
	{ "a.c::[x]", "abc::1", NULL, NULL },
	{ "a.c::[x]", "a.c::1", "x=1", NULL },
	{ "a+(b|c)*^$\\::[x]", "a+(b|c)*^$\\::.*", "x=.*", NULL },
	{ "{1,2}::[x]", "{1,2}::{3}", "x={3}", NULL },
	{ "a?::[x]", "ab::1", NULL, NULL },
	{ "build/[x]/[y]", "build/a/b/c", "x=a,y=b/c", "/" },
	{ "build/[x]/[y]", "build/a::b/c", "x=a::b,y=c", "/" },
	{ "build::[x]", "build::a/b", "x=a/b", "/" },
	{ "[a].[b]", "x.y.z", "a=x,b=y.z", "." },
	{ "[a]--[b]", "x-y--z", "a=x-y,b=z", "--" },
	{ "\xc3\xa9::[x]", "\xc3\xa9::\xff", "x=\xff", NULL },
};

/* The values as "x=1,y=2". */
static void
write_values(const struct pattern *pattern, const struct span *values, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < pattern->n_placeholders; i++) {
		struct span name = pattern_placeholder_name(pattern, i);

		used += (size_t)snprintf(text + used, size - used, "%s%.*s=%.*s", i == 0 ? "" : ",",
			(int)name.size, name.at, (int)values[i].size, values[i].at);
	}
}

static int
matches_as_told(const struct row *row)
{
	const char *separator = row->separator != NULL ? row->separator : "::";
	struct span values[8], name = { row->name, strlen(row->name) };
	struct pattern pattern;
	char text[200] = "(does not match)";
	int fault = pattern_compile(&pattern, row->pattern, separator, PATTERN_NAME), right;

	if (fault != PATTERN_OK) {
		cr_log_error("%s: %s", row->pattern, pattern_fault_text(fault));
		return 0;
	}
	if (pattern_match(&pattern, separator, name, values))
		write_values(&pattern, values, text, sizeof text);
	right = strcmp(text, row->values != NULL ? row->values : "(does not match)") == 0;
	if (!right)
		cr_log_error("%s for %s: %s", row->pattern, row->name, text);
	pattern_finish(&pattern);
	return right;
}

Test(pattern, matches)
{
	int wrong = 0;

	for (size_t i = 0; i < COUNT(matches); i++)
		wrong += !matches_as_told(&matches[i]);
	cr_assert_eq(wrong, 0);
}

static const struct {
	const char *text;
	int fault;
	int reading;
} faults[] = {
	{ "", PATTERN_EMPTY, PATTERN_NAME },
	{ "[", PATTERN_BRACKET, PATTERN_NAME },
	{ "]", PATTERN_BRACKET, PATTERN_NAME },
	{ "[]", PATTERN_BRACKET, PATTERN_NAME },
	{ "a[]b", PATTERN_BRACKET, PATTERN_NAME },
	{ "[a", PATTERN_BRACKET, PATTERN_NAME },
	{ "a]", PATTERN_BRACKET, PATTERN_NAME },
	{ "[[a]]", PATTERN_BRACKET, PATTERN_NAME },
	{ "[a]]", PATTERN_BRACKET, PATTERN_NAME },
	{ "[a][b]", PATTERN_SEPARATION, PATTERN_NAME },
	{ "[a]-[b]", PATTERN_SEPARATION, PATTERN_NAME },
	{ "[a]::x[b]", PATTERN_SEPARATION, PATTERN_NAME },
	{ "[a]x::[b]", PATTERN_SEPARATION, PATTERN_NAME },
	{ "[a]:[b]", PATTERN_SEPARATION, PATTERN_NAME },
	{ "[a]::[b][c]", PATTERN_SEPARATION, PATTERN_NAME },
	{ "x[a]y", PATTERN_OK, PATTERN_NAME },
	{ "x[a]::[b]y", PATTERN_OK, PATTERN_NAME },
	{ "[a]-[b]", PATTERN_OK, PATTERN_TEXT },
	{ "[a][b]", PATTERN_OK, PATTERN_TEXT },
	{ "[a", PATTERN_BRACKET, PATTERN_TEXT },
};

Test(pattern, faults)
{
	for (size_t i = 0; i < COUNT(faults); i++) {
		struct pattern pattern;

		cr_assert_eq(pattern_compile(&pattern, faults[i].text, "::", faults[i].reading),
			faults[i].fault, "%s", faults[i].text);
		cr_assert_gt(strlen(pattern_fault_text(faults[i].fault)), 0);
		pattern_finish(&pattern);
	}
}

static const char *
value_of(void *user, struct span placeholder)
{
	(void)user;
	if (placeholder.size == 1 && *placeholder.at == 'x')
		return "core";
	return placeholder.size == 1 && *placeholder.at == 'e' ? "" : NULL;
}

static const struct {
	const char *pattern;
	const char *filled; /* NULL: something is missing */
} fills[] = {
	{ "build::[x]", "build::core" },
	{ "[x]", "core" },
	{ "[x][x]", "corecore" },
	{ "a[x]b[x]c", "acorebcorec" },
	{ "none", "none" },
	{ "[e]", "" },
	{ "[y]", NULL },
	{ "[x]::[y]", NULL },
};

Test(pattern, fills)
{
	for (size_t i = 0; i < COUNT(fills); i++) {
		struct buffer text = { 0 };
		struct pattern pattern;
		struct span missing = { 0 };
		int status;

		cr_assert_eq(pattern_compile(&pattern, fills[i].pattern, "::", PATTERN_TEXT), PATTERN_OK);
		status = pattern_fill(&pattern, value_of, NULL, &text, &missing);
		cr_assert_eq(status, fills[i].filled == NULL, "%s", fills[i].pattern);
		if (status == 0) {
			cr_assert_eq(text.size, strlen(fills[i].filled));
			cr_assert(text.size == 0 || memcmp(text.bytes, fills[i].filled, text.size) == 0);
		} else {
			cr_assert(missing.size == 1 && *missing.at == 'y');
		}
		buffer_finish(&text);
		pattern_finish(&pattern);
	}
}

Test(pattern, without_memory)
{
	struct pattern pattern;

	for (unsigned long n = 1; n <= 2; n++) {
		memory_fault_at(n);
		cr_assert_eq(pattern_compile(&pattern, "[a]::[b]", "::", PATTERN_NAME), PATTERN_NO_MEMORY);
		cr_assert_null(pattern.text);
	}
	memory_fault_at(0);
}

/* A glob, a text, whether it matches. */
static const struct {
	const char *glob;
	const char *text;
	int match;
} globs[] = {
	{ "*", "", 1 }, { "*", "core", 1 }, { "**", "core", 1 }, { "?", "", 0 }, { "?", "a", 1 },
	{ "?", "ab", 0 }, { "c*", "core", 1 }, { "c*", "net", 0 }, { "*e", "core", 1 }, { "*e", "cores", 0 },
	{ "c*e", "core", 1 }, { "c*e", "ce", 1 }, { "*o*", "core", 1 }, { "*x*", "core", 0 },
	{ "a*b*c", "a1b2b3c", 1 }, { "a*b*c", "a1b2b3", 0 }, { "a*ab", "aaab", 1 }, { "??", "\xc3\xa9t", 1 },
	{ "?", "\xc3\xa9", 1 }, { "?", "\xff", 1 }, { "[a]", "a", 0 }, { "a.c", "abc", 0 }, { "core", "core", 1 },
	{ "", "", 1 }, { "", "a", 0 }, { "*?", "", 0 }, { "*?", "a", 1 },
	{ "*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0 },
};

Test(glob, matches)
{
	for (size_t i = 0; i < COUNT(globs); i++) {
		struct span glob = { globs[i].glob, strlen(globs[i].glob) };
		struct span text = { globs[i].text, strlen(globs[i].text) };

		cr_assert_eq(glob_match(glob, text), globs[i].match, "%s for %s", glob.at, text.at);
	}
	cr_assert(glob_is("a*", 2) && glob_is("?", 1) && !glob_is("a*", 1) && !glob_is("", 0));
}

/* Texts, and of which of int, float and bool they are a value. */
static const struct {
	const char *text;
	int is_int, is_float, is_bool;
} values[] = {
	{ "0", 1, 1, 1 }, { "1", 1, 1, 1 }, { "-7", 1, 1, 0 }, { "+7", 1, 1, 0 }, { "007", 1, 1, 0 },
	{ "0x1f", 1, 1, 0 }, { "0x", 0, 0, 0 }, { "", 0, 0, 0 }, { " 1", 0, 0, 0 }, { "1 ", 0, 0, 0 },
	{ "1.5", 0, 1, 0 }, { "1,5", 0, 0, 0 }, { "1e3", 0, 1, 0 }, { "nan", 0, 0, 0 }, { "inf", 0, 0, 0 },
	{ "9223372036854775807", 1, 1, 0 }, { "9223372036854775808", 0, 1, 0 }, { "1e999", 0, 0, 0 },
	{ "true", 0, 0, 1 }, { "Yes", 0, 0, 1 }, { "ON", 0, 0, 1 }, { "off", 0, 0, 1 }, { "no", 0, 0, 1 },
	{ "False", 0, 0, 1 }, { "maybe", 0, 0, 0 }, { "2", 1, 1, 0 }, { "--1", 0, 0, 0 }, { "-", 0, 0, 0 },
};

Test(value, kinds)
{
	for (size_t i = 0; i < COUNT(values); i++) {
		const char *text = values[i].text;

		cr_assert_eq(value_is(VALUE_INT, text), values[i].is_int, "%s", text);
		cr_assert_eq(value_is(VALUE_FLOAT, text), values[i].is_float, "%s", text);
		cr_assert_eq(value_is(VALUE_BOOL, text), values[i].is_bool, "%s", text);
		cr_assert(value_is(VALUE_TEXT, text));
	}
	cr_assert_eq(value_kind_of("int", 3), VALUE_INT);
	cr_assert_eq(value_kind_of("integer", 7), -1);
	cr_assert_str_eq(value_kind_name(VALUE_INT), "an int");
}

Test(value, numbers)
{
	int64_t integer;
	double number;
	int truth;

	cr_assert(value_int("-0x10", &integer) == 0 && integer == -16);
	cr_assert(value_int("010", &integer) == 0 && integer == 10);
	cr_assert(value_float("2.5", &number) == 0 && number > 2.4 && number < 2.6);
	cr_assert(value_bool("Yes", &truth) == 0 && truth == 1);
	cr_assert(value_bool("OFF", &truth) == 0 && truth == 0);
}
