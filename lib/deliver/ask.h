/* A question of a task on its way to the user: a view. */
#ifndef DELIVER_ASK_H
#define DELIVER_ASK_H

#include <orderly/ask.h>

struct ord_ask {
	uint64_t sequence;
	const char *request; /* request[size], and a NUL */
	size_t size;
	void *user;
	uint32_t worker;
};

#endif
