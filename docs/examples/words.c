/*
 * Counts the words of files in worker processes.  Usage: words [FILE...]
 *
 * The counts come back in the order of the arguments; what the workers say
 * with ord_log meanwhile comes live.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <orderly/orderly.h>

/* How far the sum is; what the callbacks share. */
struct sum {
	char **paths;        /* the arguments, in the order of submission */
	uint64_t words;      /* in all files so far */
	unsigned bad, files; /* files that could not be counted; all */
};

/* Returns -1 if the file cannot be read. */
static int64_t
words_in(const char *path)
{
	FILE *file = fopen(path, "r");
	bool inside = false, bad;
	int64_t words = 0;
	int c;

	if (file == NULL)
		return -1;
	while ((c = getc(file)) != EOF) {
		words += !inside && !isspace(c);
		inside = !isspace(c);
	}
	bad = ferror(file) != 0;
	fclose(file);
	return bad ? -1 : words;
}

static int
count_words(struct ord_task *task, void *user) /* runs in a worker process */
{
	const char *path = ord_task_input(task, NULL);
	int64_t words;

	(void)user;
	ord_log(ORD_INFO, "counting %s", path); /* reaches show() in the master */
	words = words_in(path);
	if (words < 0)
		return ord_task_fail(task, "cannot read %s", path);
	return ord_task_return(task, &words, sizeof words);
}

static void
show(const struct ord_message *message, void *user)
{
	(void)user;
	fprintf(stderr, "[worker %" PRIu32 "] %s\n", ord_message_worker(message),
		ord_message_text(message, NULL));
}

static void
add(const struct ord_result *result, void *user)
{
	struct sum *sum = user;
	const int64_t *words = ord_result_output(result, NULL);

	sum->files++;
	if (ord_result_state(result) == ORD_DONE) {
		sum->words += (uint64_t)*words;
		printf("%7" PRId64 " %s\n", *words, sum->paths[ord_result_sequence(result)]);
	} else {
		sum->bad++;
		fprintf(stderr, "words: %s\n", ord_result_error(result));
	}
}

static int
complain(const char *sentence)
{
	fprintf(stderr, "words: %s\n", sentence);
	return 1;
}

int
main(int argc, char **argv)
{
	struct sum sum = { .paths = argv + 1 };
	struct ord_pool *pool;
	int status;

	ord_worker_main(argc, argv); /* a worker stays in here; the master passes through */
	if (ord_pool_new(&pool,
		    &ORD_POOL_OPTIONS(.function = count_words, .on_message = show, .on_result = add,
			    .on_result_user = &sum, .retries = 5)) != 0 ||
		ord_pool_start(pool) != 0)
		return complain(ord_pool_error(pool));
	for (int i = 1; i < argc; i++)
		ord_pool_submit_wait(pool, argv[i], strlen(argv[i]) + 1, NULL);
	status = ord_pool_finish(pool); /* every result has been delivered, in the order of argv */
	if (status != 0)
		complain(ord_pool_error(pool));
	ord_pool_destroy(&pool);
	printf("%7" PRIu64 " in %u files\n", sum.words, sum.files - sum.bad);
	return status != 0 || sum.bad != 0;
}
