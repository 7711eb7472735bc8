/*
 * For a test file that starts workers by EXEC: main belongs to Criterion, so ord_worker_main is called by a
 * constructor, which glibc gives the arguments of main. Include it once in the program.
 */
#ifndef SUPPORT_WORKER_HOOK_H
#define SUPPORT_WORKER_HOOK_H

#include <orderly/worker.h>

__attribute__((constructor)) static void
worker_hook(int argc, char **argv)
{
	ord_worker_main(argc, argv);
}

#endif
