/* A subreaper sees every process that its descendants leave behind. */
#include "children.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

enum { PAUSE_MS = 2 };

void
children_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

int
children_gone(int timeout_ms)
{
	const struct timespec pause = { .tv_sec = 0, .tv_nsec = PAUSE_MS * 1000000L };

	for (int waited = 0; waited <= timeout_ms; waited += PAUSE_MS) {
		pid_t pid;
		do
			pid = waitpid(-1, NULL, WNOHANG);
		while (pid > 0 || (pid < 0 && errno == EINTR));
		if (pid < 0)
			return errno == ECHILD;
		nanosleep(&pause, NULL);
	}
	return 0;
}
