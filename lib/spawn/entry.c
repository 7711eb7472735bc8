/*
 * The fork in the road at the top of main.  A spawner is told by its first
 * argument and by what lies on descriptor 3: a mark in the environment would
 * be inherited by a program that a task starts, and an argument alone can be
 * typed.
 */
#define _GNU_SOURCE /* SO_DOMAIN */
#include "spawn/entry.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include <orderly/worker.h>

#include "spawn/spawner.h"
#include "worker/serve.h"

/* The one variable of its kind in a master: it is about the process, not about a pool. */
static atomic_int ran;

static int
option_is(int fd, int option, int wanted)
{
	int value = 0;
	socklen_t size = sizeof value;

	return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
}

static int
is_spawner(int argc, char **argv)
{
	return argc > 1 && argv != NULL && strncmp(argv[1], ENTRY_MARK, strlen(ENTRY_MARK)) == 0 &&
		option_is(ENTRY_LIFE, SO_DOMAIN, AF_UNIX) &&
		option_is(ENTRY_LIFE, SO_TYPE, SOCK_SEQPACKET);
}

void
ord_worker_main(int argc, char **argv)
{
	if (is_spawner(argc, argv))
		spawner_run(ENTRY_LIFE, worker_serve);
	atomic_store(&ran, 1);
}

int
entry_ran(void)
{
	return atomic_load(&ran);
}
