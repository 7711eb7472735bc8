/*
 * A host with threads: each has a pool of its own.  Workers are this program
 * started anew (ord_worker_main), so threads do no harm; a pool belongs to one
 * thread at a time.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include <orderly/orderly.h>

enum { NUMBERS = 1000 };

/* What one thread does with its pool. */
struct job {
	ord_task_fn function;
	uint64_t sum;
	int status;
};

static int
square(struct ord_task *task, void *user)
{
	const uint64_t *number = ord_task_input(task, NULL);
	uint64_t answer = *number * *number;

	(void)user;
	return ord_task_return(task, &answer, sizeof answer);
}

static int
triple(struct ord_task *task, void *user)
{
	const uint64_t *number = ord_task_input(task, NULL);
	uint64_t answer = 3 * *number;

	(void)user;
	return ord_task_return(task, &answer, sizeof answer);
}

static void
add(const struct ord_result *result, void *user) /* on the thread of its pool */
{
	struct job *job = user;

	if (ord_result_state(result) == ORD_DONE)
		job->sum += *(const uint64_t *)ord_result_output(result, NULL);
}

static void *
run(void *user)
{
	struct job *job = user;
	struct ord_pool *pool;

	job->status = ord_pool_new(&pool,
		&ORD_POOL_OPTIONS(.function = job->function, .workers = 2, .on_result = add,
			.on_result_user = job));
	if (job->status == 0)
		job->status = ord_pool_start(pool);
	for (uint64_t i = 0; job->status == 0 && i < NUMBERS; i++)
		job->status = ord_pool_submit_wait(pool, &i, sizeof i, NULL);
	if (job->status == 0)
		job->status = ord_pool_finish(pool);
	if (job->status != 0)
		fprintf(stderr, "host_threads: %s\n", ord_pool_error(pool));
	ord_pool_destroy(&pool);
	return NULL;
}

int
main(int argc, char **argv)
{
	struct job jobs[] = { { .function = square }, { .function = triple } };
	pthread_t threads[2];

	ord_worker_main(argc, argv); /* before there are threads */
	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, run, &jobs[i]) != 0)
			return 1;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("squares: %" PRIu64 "\ntriples: %" PRIu64 "\n", jobs[0].sum, jobs[1].sum);
	return jobs[0].status != 0 || jobs[1].status != 0;
}
