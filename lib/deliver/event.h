/* An event on its way to the user: made for one call of the callback. */
#ifndef DELIVER_EVENT_H
#define DELIVER_EVENT_H

#include <stdint.h>

#include <orderly/event.h>

struct ord_event {
	uint64_t sequence;
	uint64_t time_ns;
	uint64_t done;
	uint64_t total;
	uint64_t running;
	uint64_t queued;
	uint64_t completed;
	void *user;
	uint32_t attempt;
	uint32_t worker;
	int32_t pid;
	int kind;
	int state;
};

#endif
