/* Pieces of JSON: whatever the bytes are, it is JSON in UTF-8. */
#include <string.h>

#include <criterion/criterion.h>

#include "json.h"

#define WHAT "\xEF\xBF\xBD"

static void
says(struct text *out, const char *wanted)
{
	text_add_byte(out, '\0');
	cr_assert_str_eq(out->bytes, wanted);
	text_finish(out);
}

Test(json, strings)
{
	static const struct {
		const char *in, *out;
	} rows[] = { { "", "\"\"" }, { "plain", "\"plain\"" }, { "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "\n\t\r", "\"\\n\\t\\r\"" }, { "\033[0m\b\f\001\x7f", "\"\\u001b[0m\\u0008\\u000c\\u0001\\u007f\"" },
		{ "gr\xc3\xbc\xc3\x9f\xe4\xb8\x80\xf0\x9f\x98\x80", "\"gr\xc3\xbc\xc3\x9f\xe4\xb8\x80\xf0\x9f\x98\x80\"" },
		{ "a\xff" "b", "\"a" WHAT "b\"" }, { "\xc3", "\"" WHAT "\"" }, { "\xc3\"", "\"" WHAT "\\\"\"" },
		{ "\xe4\xb8", "\"" WHAT WHAT "\"" }, { "\xc0\x80", "\"" WHAT WHAT "\"" },
		{ "\xe0\x80\x80", "\"" WHAT WHAT WHAT "\"" }, { "\xed\xa0\x80", "\"" WHAT WHAT WHAT "\"" },
		{ "\xed\x9f\xbf", "\"\xed\x9f\xbf\"" }, { "\xf4\x90\x80\x80", "\"" WHAT WHAT WHAT WHAT "\"" },
		{ "\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\"" }, { "\xf0\x8f\xbf\xbf", "\"" WHAT WHAT WHAT WHAT "\"" },
		{ "\xf5\x80\x80\x80", "\"" WHAT WHAT WHAT WHAT "\"" }, { "\x80", "\"" WHAT "\"" } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct text out = { 0 };

		json_string(&out, rows[i].in);
		says(&out, rows[i].out);
	}
}

Test(json, bytes_with_their_length)
{
	struct text out = { 0 };

	json_bytes(&out, "a\0b", 3);
	says(&out, "\"a\\u0000b\"");
	json_bytes(&out, "\xc3\xbc", 1); /* the rest of it is not ours */
	says(&out, "\"" WHAT "\"");
}

Test(json, members)
{
	struct text out = { 0 };

	text_add_byte(&out, '{');
	json_text(&out, "a", "x");
	json_number(&out, "b\"", -9223372036854775807LL - 1);
	json_name(&out, "c");
	text_add_byte(&out, '{');
	json_decimal(&out, "d", 1.0 / 3, 3);
	json_decimal(&out, "e", 2, 0);
	text_add_string(&out, "}}");
	says(&out, "{\"a\":\"x\",\"b\\\"\":-9223372036854775808,\"c\":{\"d\":0.333,\"e\":2}}");
}
