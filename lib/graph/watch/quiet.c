/* A deadline that moves with each change, up to a bound that does not. */
#include "graph/watch/quiet.h"

static uint64_t
add(uint64_t a, uint64_t b)
{
	return a < QUIET_NEVER - b ? a + b : QUIET_NEVER - 1;
}

void
quiet_init(struct quiet *quiet, uint64_t quiet_ns, uint64_t longest_ns)
{
	*quiet = (struct quiet){
		.quiet_ns = quiet_ns, .longest_ns = longest_ns, .due_ns = QUIET_NEVER
	};
}

void
quiet_note(struct quiet *quiet, uint64_t now_ns)
{
	uint64_t due_ns = add(now_ns, quiet->quiet_ns);

	if (quiet->due_ns == QUIET_NEVER)
		quiet->latest_ns = add(now_ns, quiet->longest_ns);
	quiet->due_ns = due_ns < quiet->latest_ns ? due_ns : quiet->latest_ns;
}

void
quiet_hurry(struct quiet *quiet, uint64_t now_ns)
{
	quiet->due_ns = quiet->latest_ns = now_ns;
}

int
quiet_take(struct quiet *quiet, uint64_t now_ns)
{
	if (quiet->due_ns > now_ns)
		return 0;
	quiet->due_ns = QUIET_NEVER;
	return 1;
}
