/* When changes are acted upon: rows of a clock. */
#include <criterion/criterion.h>

#include "graph/watch/quiet.h"

enum { TAKE, NOTE, HURRY, END };

struct step {
	int what;
	uint64_t at;
	int due; /* of TAKE: 1 if it is time */
};

static void
play(const char *name, uint64_t quiet_ns, uint64_t longest_ns, const struct step *steps)
{
	struct quiet quiet;

	quiet_init(&quiet, quiet_ns, longest_ns);
	for (size_t i = 0; steps[i].what != END; i++) {
		if (steps[i].what == NOTE)
			quiet_note(&quiet, steps[i].at);
		else if (steps[i].what == HURRY)
			quiet_hurry(&quiet, steps[i].at);
		else
			cr_expect_eq(quiet_take(&quiet, steps[i].at), steps[i].due, "%s, step %zu", name, i);
	}
}

#define PLAY(name, quiet_ns, longest_ns, ...) play(name, quiet_ns, longest_ns, (const struct step[]){ __VA_ARGS__, { END, 0, 0 } })

Test(quiet, rows)
{
	PLAY("nothing", 300, 3000, { TAKE, 0, 0 }, { TAKE, 100000, 0 }, { TAKE, UINT64_MAX - 1, 0 });
	PLAY("one", 300, 3000, { NOTE, 1000, 0 }, { TAKE, 1000, 0 }, { TAKE, 1299, 0 }, { TAKE, 1300, 1 }, { TAKE, 5000, 0 });
	PLAY("a burst is one", 300, 3000, { NOTE, 0, 0 }, { NOTE, 200, 0 }, { TAKE, 300, 0 }, { NOTE, 400, 0 }, { TAKE, 699, 0 },
		{ TAKE, 700, 1 }, { TAKE, 701, 0 });
	PLAY("always something", 300, 1000, { NOTE, 0, 0 }, { NOTE, 250, 0 }, { NOTE, 500, 0 }, { NOTE, 750, 0 }, { TAKE, 999, 0 },
		{ NOTE, 999, 0 }, { TAKE, 1000, 1 }, { NOTE, 1001, 0 }, { TAKE, 1300, 0 }, { TAKE, 1301, 1 });
	PLAY("off", 0, 0, { NOTE, 50, 0 }, { TAKE, 50, 1 }, { TAKE, 51, 0 });
	PLAY("the longest is shorter", 300, 100, { NOTE, 0, 0 }, { TAKE, 99, 0 }, { TAKE, 100, 1 });
	PLAY("hurry", 300, 3000, { HURRY, 10, 0 }, { TAKE, 10, 1 }, { NOTE, 20, 0 }, { HURRY, 30, 0 }, { NOTE, 31, 0 }, { TAKE, 31, 1 });
	PLAY("no end of time", UINT64_MAX, UINT64_MAX, { NOTE, 5, 0 }, { TAKE, UINT64_MAX - 2, 0 }, { NOTE, 6, 0 },
		{ TAKE, UINT64_MAX - 1, 1 });
}
