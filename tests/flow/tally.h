/* What the callbacks of a pool have seen, checked as it comes. */
#ifndef FLOW_TALLY_H
#define FLOW_TALLY_H

#include "scene.h"

enum { TALLY_STATES = 11 };

struct tally {
	struct ord_pool *pool;
	uint64_t results;
	uint64_t messages;
	uint64_t states[TALLY_STATES];
	int completion;                                     /* results come in any order */
	void (*on_result)(struct tally *, const struct ord_result *); /* optional */
	void (*on_message)(struct tally *, const struct ord_message *);
	void *user;
};

/* The two callbacks; user is the tally. */
void tally_result(const struct ord_result *result, void *user);
void tally_message(const struct ord_message *message, void *user);

/* The start methods that have workers, for tests that are run under both. */
#define EACH_START(start) (uint32_t start = ORD_START_EXEC; start <= ORD_START_FORK; start++)

/* Options with the callbacks of a tally. */
#define TALLY_OPTIONS(tally, ...)                                                              \
	ORD_POOL_OPTIONS(.on_result = tally_result, .on_result_user = (tally), .on_message = tally_message, \
		.on_message_user = (tally), __VA_ARGS__)

/* Makes and starts a pool with these options. */
void tally_open(struct tally *tally, const struct ord_pool_options *options);

/* Finishes without error, destroys, and checks the number of results. */
void tally_close(struct tally *tally, uint64_t results);

/* A task's function: its input is its output. */
int tally_echo(struct ord_task *task, void *user);

/* A task with a copy of a struct as input. */
#define TALLY_SUBMIT(tally, value) \
	CHECK_OK((tally)->pool, ord_pool_submit_wait((tally)->pool, &(value), sizeof(value), NULL))

/* The input or the output as a struct. */
#define INPUT_AS(type, task) (*(const type *)ord_task_input((task), NULL))
#define OUTPUT_AS(type, result) (*(const type *)ord_result_output((result), NULL))

#endif
