/* The page tells who was forked. */
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/alive.h"

Test(alive, a_child_sees_a_zero_and_its_parent_does_not)
{
	char *alive = alive_new();
	int status;
	pid_t pid;

	cr_assert_not_null(alive);
	cr_assert_eq(*alive, 1);
	pid = fork();
	if (pid == 0) {
		int wiped = *alive == 0;

		alive_destroy(alive);
		_exit(wiped ? 0 : 1);
	}
	cr_assert(pid > 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
	cr_assert_eq(*alive, 1);
	alive_destroy(alive);
	alive_destroy(NULL);
}
