/* Errors: status and sentence, cut and never lost. */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "base/error.h"

static struct error error;

Test(error, set_and_clear)
{
	cr_assert_eq(error_set(&error, ORD_EINVAL, "window %d of %s", 3, "pool"), ORD_EINVAL);
	cr_assert_eq(error.status, ORD_EINVAL);
	cr_assert_str_eq(error.text, "window 3 of pool");
	error_clear(&error);
	cr_assert_eq(error.status, 0);
	cr_assert_str_eq(error.text, "");
}

Test(error, system_adds_the_reason)
{
	cr_assert_eq(error_system(&error, ENOENT, "cannot open %s", "/nothing"), ORD_ESYSTEM);
	cr_assert_eq(error.status, ORD_ESYSTEM);
	cr_assert_str_eq(error.text, "cannot open /nothing: No such file or directory");
}

Test(error, system_without_a_known_reason)
{
	cr_assert_eq(error_system(&error, 98765, "odd"), ORD_ESYSTEM);
	cr_assert_str_eq(error.text, "odd: error 98765");
}

Test(error, memory)
{
	cr_assert_eq(error_memory(&error), ORD_ENOMEM);
	cr_assert_eq(error.status, ORD_ENOMEM);
	cr_assert(strlen(error.text) > 0);
}

Test(error, long_sentences_are_cut)
{
	char sentence[sizeof error.text * 2];

	memset(sentence, 'x', sizeof sentence - 1);
	sentence[sizeof sentence - 1] = '\0';
	cr_assert_eq(error_set(&error, ORD_EAGAIN, "%s", sentence), ORD_EAGAIN);
	cr_assert_eq(strlen(error.text), sizeof error.text - 1);
	cr_assert_eq(error_system(&error, EPERM, "%s", sentence), ORD_ESYSTEM);
	cr_assert_eq(strlen(error.text), sizeof error.text - 1);
	sentence[sizeof error.text - 4] = '\0';
	cr_assert_eq(error_system(&error, EPERM, "%s", sentence), ORD_ESYSTEM);
	cr_assert_eq(strlen(error.text), sizeof error.text - 1);
	cr_assert_str_eq(error.text + sizeof error.text - 4, ": O");
}
