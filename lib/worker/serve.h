/* The other process: take tasks, call the function, put records into the outbox and send them. */
#ifndef WORKER_SERVE_H
#define WORKER_SERVE_H

#include "spawn/spawner.h"

/* Be a worker until told to leave; ends the process. */
_Noreturn void worker_serve(const struct worker_setup *setup);

#endif
