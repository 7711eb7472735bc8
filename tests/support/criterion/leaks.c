/*
 * Criterion's runner leaks a little of its own. LeakSanitizer asks this function, when a process ends,
 * whether it shall look: in the runner it shall not, in the processes of the tests it shall.
 */
#define _GNU_SOURCE /* program_invocation_name */
#include <errno.h>
#include <string.h>

__attribute__((visibility("default"))) int __lsan_is_turned_off(void);

int
__lsan_is_turned_off(void)
{
	return strcmp(program_invocation_name, "boxfort-worker") != 0;
}
