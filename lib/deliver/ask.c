/* What the user's ask callback can ask. */
#include "deliver/ask.h"

uint64_t
ord_ask_sequence(const struct ord_ask *ask)
{
	return ask->sequence;
}

const void *
ord_ask_request(const struct ord_ask *ask, size_t *size)
{
	if (size != NULL)
		*size = ask->size;
	return ask->request;
}

uint32_t
ord_ask_worker(const struct ord_ask *ask)
{
	return ask->worker;
}

void *
ord_ask_user(const struct ord_ask *ask)
{
	return ask->user;
}
