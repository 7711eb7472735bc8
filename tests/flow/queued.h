/* Queues in scenes. */
#ifndef FLOW_QUEUED_H
#define FLOW_QUEUED_H

#include "scene.h"

/* A call on a queue that must return 0; else its sentence is shown. */
#define QUEUE_OK(queue, call) queued_check((queue), (call), 0, "", #call, __FILE__, __LINE__)
/* A call that must return `status`. */
#define QUEUE_SAYS(queue, call, status) \
	queued_check((queue), (call), (status), "", #call, __FILE__, __LINE__)
/* And the queue's sentence then holds `word`. */
#define QUEUE_FAILS(queue, call, status, word) \
	queued_check((queue), (call), (status), (word), #call, __FILE__, __LINE__)

void queued_check(struct ord_queue *queue, int status, int wanted, const char *word,
	const char *what, const char *file, int line);

/* Makes and starts a queue. */
struct ord_queue *queued_open(const struct ord_queue_options *options);

/* Stops, gets until the end, joins, destroys; returns how many results came. */
uint64_t queued_close(struct ord_queue **queue);

/* Puts one number, waiting for room. */
void queued_put(struct ord_queue *queue, uint64_t number);

/* Gets the next result, which must have this sequence and state. */
struct ord_result *queued_get(struct ord_queue *queue, uint64_t sequence, int state);

/* The same, and frees it. */
void queued_take(struct ord_queue *queue, uint64_t sequence, int state);

/* The number in a result, which is freed. */
uint64_t queued_number(struct ord_result *result);

/* Waits until a statistic is what it should be, or more. */
#define QUEUE_AWAIT(queue, field, wanted) QUEUE_AWAITS((queue), field, ==, (wanted))
#define QUEUE_AWAIT_AT_LEAST(queue, field, wanted) QUEUE_AWAITS((queue), field, >=, (wanted))
#define QUEUE_AWAITS(queue, field, comparison, wanted) \
	for (uint64_t end_ = scene_now_ms() + SCENE_LONG_MS;; scene_pause_ms(1)) { \
		struct ord_statistics now_ = ORD_STATISTICS; \
		CHECK_EQ(ord_queue_statistics((queue), &now_), 0); \
		if (now_.field comparison(wanted)) \
			break; \
		CHECK(scene_now_ms() < end_); \
	}

#endif
