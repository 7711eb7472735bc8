/* Statuses: each has a name and a sentence of its own. */
#include <criterion/criterion.h>

#include <string.h>

#include <orderly/status.h>
#include <orderly/version.h>

struct known {
	const char *name;
	int number;
	const char *sentence;
};

static const struct known known[] = {
#define KNOWN(name, number, sentence) { #name, number, sentence },
	ORD_STATUS_MAP(KNOWN)
#undef KNOWN
};

enum { N_KNOWN = sizeof known / sizeof known[0] };

Test(status, each_has_its_name_and_sentence)
{
	for (int i = 0; i < N_KNOWN; i++) {
		cr_assert_str_eq(ord_status_name(known[i].number), known[i].name);
		cr_assert_str_eq(ord_strerror(known[i].number), known[i].sentence);
		cr_assert(strlen(known[i].sentence) > 0);
		cr_assert(known[i].sentence[strlen(known[i].sentence) - 1] != '.');
	}
}

/* Numbers are for ever, so they count down from 0 without a gap: a new one is added at the end. */
Test(status, numbers_have_no_gap)
{
	for (int i = 0; i < N_KNOWN; i++)
		cr_assert_eq(known[i].number, -i);
	cr_assert_eq(ORD_OK, 0);
	cr_assert_eq(ORD_ENOMEM, -2);
}

Test(status, others_are_unknown)
{
	const int others[] = { 1, -N_KNOWN, -1000, 1 << 30 };

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		cr_assert_str_eq(ord_status_name(others[i]), "ORD_UNKNOWN");
		cr_assert(strlen(ord_strerror(others[i])) > 0);
	}
}

Test(status, version)
{
	cr_assert_str_eq(ord_version(), ORD_VERSION);
}
