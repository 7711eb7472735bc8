/* What the user's message callback can ask. */
#include "deliver/message.h"

#include <string.h>

#include "base/memory.h"

struct message *
message_hold(const struct ord_message *view)
{
	size_t file_size = strlen(view->file);
	size_t cost = sizeof(struct message) + view->size + 1 + file_size + 1;
	struct message *held = memory_resize(NULL, cost);

	if (held == NULL)
		return NULL;
	held->next = NULL;
	held->cost = cost;
	held->view = *view;
	held->view.text = held->bytes;
	held->view.file = held->bytes + view->size + 1;
	memcpy(held->bytes, view->text, view->size);
	held->bytes[view->size] = '\0';
	memcpy(held->bytes + view->size + 1, view->file, file_size + 1);
	return held;
}

uint64_t
ord_message_sequence(const struct ord_message *message)
{
	return message->sequence;
}

int
ord_message_level(const struct ord_message *message)
{
	return message->level;
}

const char *
ord_message_text(const struct ord_message *message, size_t *size)
{
	if (size != NULL)
		*size = message->size;
	return message->text;
}

int
ord_message_partial(const struct ord_message *message)
{
	return message->partial;
}

uint32_t
ord_message_worker(const struct ord_message *message)
{
	return message->worker;
}

uint64_t
ord_message_time_ns(const struct ord_message *message)
{
	return message->time_ns;
}

int
ord_message_source(const struct ord_message *message)
{
	return message->source;
}

const char *
ord_message_file(const struct ord_message *message)
{
	return message->file;
}

uint32_t
ord_message_line(const struct ord_message *message)
{
	return message->line;
}
