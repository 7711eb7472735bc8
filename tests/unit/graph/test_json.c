/* What is JSON and what is not. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "graph/json.h"

static const char *const good[] = { "0", "-1", "1.5e+10", "1E5", "0.0", "\"\"", "\"a\\u00Ff\\n\\\"\"", "true", "false", "null",
	" [ ] ", "{}", "[1,2,[3,{\"a\":[]}]]", "{\"a\":1,\"b\":{\"c\":[null]}}", "\t\r\n{ \"a\" : [ 1 , 2 ] }\n", "\"\xc3\xa4\"",
	"[[],{},[{}]]" };
static const char *const bad[] = { "", " ", "01", "1.", ".5", "-", "+1", "1e", "tru", "truee", "nul", "'a'", "\"a", "\"\\x\"",
	"\"\\u12g4\"", "\"\\", "\"\n\"", "[", "]", "[1", "[1,]", "[,1]", "[1 2]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{1:2}",
	"{a:1}", "[1}", "{\"a\":1]", "1 2", "[] []", "{\"a\":1 \"b\":2}", "NaN", "[1]x", "-a" };

Test(json, table)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		cr_assert(json_is(good[i], strlen(good[i])), "%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_assert(!json_is(bad[i], strlen(bad[i])), "%s", bad[i]);
	cr_assert(!json_is("1\0", 2));
}

Test(json, depth)
{
	char text[2 * JSON_DEPTH_MAX + 2];

	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	cr_assert(json_is(text, 2 * JSON_DEPTH_MAX));
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	cr_assert(!json_is(text, 2 * JSON_DEPTH_MAX + 2));
}

/* Every beginning of a value is none, and nothing is read behind the end. */
Test(json, beginnings)
{
	static const char text[] = "{\"a\": [1.5e3, true, null, \"x\\u0041\\n\"], \"b\": {\"c\": []}}";

	for (size_t size = 0; size < sizeof text - 1; size++) {
		char *exact = malloc(size + 1);

		memcpy(exact, text, size);
		exact = realloc(exact, size != 0 ? size : 1);
		cr_assert(!json_is(exact, size), "%zu", size);
		free(exact);
	}
	cr_assert(json_is(text, sizeof text - 1));
}
