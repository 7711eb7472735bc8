/* What a process and its children wait for, as far as /proc tells. */
#ifndef TOOL_WAITING_H
#define TOOL_WAITING_H

#include <sys/types.h>

enum waiting {
	WAITING_NOT,    /* they do something else */
	WAITING_INPUT,  /* one of them sits in read(2) on the pipe */
	WAITING_UNKNOWN /* it cannot be seen, or they wait for one of several things */
};

/* pipe is the end of the pipe that is written to. */
enum waiting waiting_on(pid_t pid, int pipe);

#endif
