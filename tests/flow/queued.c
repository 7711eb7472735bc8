/* See queued.h. */
#include "queued.h"

#include <stdio.h>
#include <string.h>

void
queued_check(struct ord_queue *queue, int status, int wanted, const char *word, const char *what,
	const char *file, int line)
{
	const char *error = queue != NULL ? ord_queue_error(queue) : "";
	char text[2048];

	if (status == wanted && strstr(error, word) != NULL)
		return;
	snprintf(text, sizeof text, "%s: %s, not %s with \"%s\": %s", what, ord_status_name(status),
		ord_status_name(wanted), word, error);
	scene_check(0, text, file, line);
}

struct ord_queue *
queued_open(const struct ord_queue_options *options)
{
	struct ord_queue *queue;

	QUEUE_OK(NULL, ord_queue_new(&queue, options));
	QUEUE_OK(queue, ord_queue_start(queue));
	return queue;
}

uint64_t
queued_close(struct ord_queue **queue)
{
	struct ord_result *result;
	uint64_t n = 0;
	int status;

	QUEUE_OK(*queue, ord_queue_stop(*queue));
	while ((status = ord_queue_get(*queue, SCENE_LONG_MS, &result)) == 0) {
		ord_result_destroy(&result);
		n++;
	}
	QUEUE_SAYS(*queue, status, ORD_ECLOSED);
	QUEUE_OK(*queue, ord_queue_join(*queue, SCENE_LONG_MS));
	ord_queue_destroy(queue);
	CHECK(*queue == NULL);
	return n;
}

void
queued_put(struct ord_queue *queue, uint64_t number)
{
	QUEUE_OK(queue, ord_queue_put(queue, &number, sizeof number, SCENE_LONG_MS, NULL));
}

struct ord_result *
queued_get(struct ord_queue *queue, uint64_t sequence, int state)
{
	struct ord_result *result;

	QUEUE_OK(queue, ord_queue_get(queue, SCENE_LONG_MS, &result));
	CHECK_EQ(ord_result_sequence(result), sequence);
	if (ord_result_state(result) != state)
		fprintf(stderr, "%llu: %s\n", (unsigned long long)sequence,
			ord_result_error(result));
	CHECK_EQ(ord_result_state(result), state);
	return result;
}

void
queued_take(struct ord_queue *queue, uint64_t sequence, int state)
{
	struct ord_result *result = queued_get(queue, sequence, state);

	ord_result_destroy(&result);
	CHECK(result == NULL);
}

uint64_t
queued_number(struct ord_result *result)
{
	size_t size;
	const void *output = ord_result_output(result, &size);
	uint64_t number;

	CHECK_EQ(size, sizeof number);
	memcpy(&number, output, sizeof number);
	ord_result_destroy(&result);
	return number;
}
