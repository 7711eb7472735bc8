/*
 * A message on its way to the user: a view while it is live, a copy of its own
 * while it is held for its task's turn.
 */
#ifndef DELIVER_MESSAGE_H
#define DELIVER_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/message.h>

struct ord_message {
	uint64_t sequence;
	uint64_t time_ns;
	const char *text; /* text[size], and a NUL */
	size_t size;
	const char *file;
	uint32_t line;
	uint32_t worker;
	int level;
	int source;
	int partial;
};

/* A held message. */
struct message {
	struct message *next;
	size_t cost;             /* bytes that holding it takes */
	struct ord_message view; /* its pointers lead into bytes */
	char bytes[];
};

/* Copy a view; NULL without memory.  Free with memory_free. */
struct message *message_hold(const struct ord_message *view);

#endif
