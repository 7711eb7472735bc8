/* Tasks that never started count as nothing; neither do those that end after a halt "now", which kills them. */
#include "tally.h"

#include <orderly/orderly.h>

#define FAILED_MOST 101

static int
capped(uint64_t failed)
{
	return failed < FAILED_MOST ? (int)failed : FAILED_MOST;
}

int
tally_exit_status(const struct outcome *outcome)
{
	if (outcome->state == ORD_DONE || outcome->state == ORD_PASSED)
		return 0;
	if (outcome->signal > 0)
		return 128 + outcome->signal;
	return outcome->exit_code > 0 ? outcome->exit_code : 1;
}

bool
tally_add(struct tally *tally, const struct outcome *outcome)
{
	bool fine = outcome->state == ORD_DONE || outcome->state == ORD_PASSED;
	uint64_t reached;

	if (!fine && outcome->state == ORD_CANCELED && !outcome->started)
		return false;
	if (tally->halted && tally->halt.when == HALT_NOW)
		return false;
	tally->failed += !fine;
	tally->succeeded += fine;
	if (tally->halt.when == HALT_NEVER || tally->halted)
		return false;
	reached = tally->failed + tally->succeeded;
	if (tally->halt.what == HALT_FAIL)
		reached = tally->failed;
	else if (tally->halt.what == HALT_SUCCESS)
		reached = tally->succeeded;
	tally->halted = reached >= tally->halt.count;
	if (tally->halt.what == HALT_SUCCESS)
		tally->halt_status = 0;
	else if (tally->halt.count == 1)
		tally->halt_status = tally_exit_status(outcome);
	else
		tally->halt_status = -1; /* counted at the end */
	return tally->halted;
}

int
tally_status(const struct tally *tally)
{
	if (tally->halted && tally->halt_status >= 0)
		return tally->halt_status;
	return capped(tally->failed);
}
