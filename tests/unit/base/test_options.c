/* Structs of options of this version, of an older and of a newer one. */
#include <criterion/criterion.h>

#include <stdint.h>
#include <string.h>

#include <orderly/status.h>

#include "base/options.h"

/* The first release had what comes before the last field; a later one has four more. */
struct known {
	size_t size;
	const char *name;
	uint32_t first;
	uint32_t second;
	uint64_t last;
};

struct later {
	struct known known;
	uint64_t more[4];
};

#define FIRST OPTIONS_UP_TO(struct known, second)

static struct known
garbage(void)
{
	struct known known;

	memset(&known, 0xa5, sizeof known);
	return known;
}

static int
copies(struct known *to, const void *from)
{
	*to = garbage();
	return options_copy(to, sizeof *to, FIRST, from);
}

Test(options, sizes_of_the_test)
{
	cr_assert_eq(FIRST, offsetof(struct known, last));
	cr_assert_eq(OPTIONS_UP_TO(struct known, last), sizeof(struct known));
}

Test(options, same_version)
{
	struct known from = { .size = sizeof from,
		.name = "x",
		.first = 1,
		.second = 2,
		.last = 3 },
		     to;

	cr_assert_eq(copies(&to, &from), ORD_OK);
	cr_assert_eq(memcmp(&to, &from, sizeof to), 0);
}

/* What an older program does not have is 0, even if there is something behind its struct. */
Test(options, older_program)
{
	struct known from = { .size = FIRST, .name = "x", .first = 1, .second = 2, .last = 3 }, to;

	cr_assert_eq(copies(&to, &from), ORD_OK);
	cr_assert_eq(to.size, sizeof to);
	cr_assert_str_eq(to.name, "x");
	cr_assert_eq(to.second, 2);
	cr_assert_eq(to.last, 0);
}

/* A struct between two versions, as one with half of a field would be, is still copied no further than it says. */
Test(options, half_a_field)
{
	struct known from = { .size = FIRST + 4, .last = UINT64_MAX }, to;

	cr_assert_eq(copies(&to, &from), ORD_OK);
	cr_assert_eq(to.last != 0 && to.last != UINT64_MAX, 1);
}

Test(options, newer_program)
{
	struct later from = { .known = { .size = sizeof from, .last = 3 } };
	struct known to;

	cr_assert_eq(copies(&to, &from), ORD_OK);
	cr_assert_eq(to.size, sizeof to);
	cr_assert_eq(to.last, 3);
}

/* One byte anywhere in the unknown tail is refused, and nothing is written; behind the tail nothing is read. */
Test(options, newer_program_with_a_new_option)
{
	for (size_t i = 0; i < sizeof(uint64_t[4]); i++) {
		struct later from = { .known = { .size = sizeof from } };
		struct known to, before = garbage();

		((unsigned char *)from.more)[i] = 1;
		cr_assert_eq(copies(&to, &from), ORD_ENOTSUP);
		cr_assert_eq(memcmp(&to, &before, sizeof to), 0);
		from.known.size = sizeof(struct known) + i;
		cr_assert_eq(copies(&to, &from), ORD_OK);
	}
}

Test(options, no_size_of_ours)
{
	static const size_t sizes[] = { 0, 1, sizeof(size_t), FIRST - 1, 65537, SIZE_MAX };

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct known from = { .size = sizes[i] }, to, before = garbage();

		cr_assert_eq(copies(&to, &from), ORD_EINVAL);
		cr_assert_eq(memcmp(&to, &before, sizeof to), 0);
	}
}
