/*
 * Answers have no names: which line one belongs to is known only by counting.
 * So a batch whose answers are fewer or more than its lines is worth nothing;
 * its lines are fed again in smaller parts, each to a co-process of its own
 * whose input is closed behind them, until every part is answered in full or
 * is the one line that is to blame.
 */
#include "filter_worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "coprocess.h"
#include "lines.h"

struct filter {
	struct coprocess coprocess;
	struct text answers;
	uint64_t last;   /* the number of the last line that was fed */
	uint64_t faults; /* lines of this batch that have no answer */
};

/* Some lines of a batch. */
struct part {
	const char *bytes;
	size_t size;
	uint64_t first; /* number of the first one */
	uint64_t count;
};

static uint64_t
now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static unsigned long long
wide(uint64_t number)
{
	return number;
}

/* How it ended, for people. */
static const char *
describe(const struct trial *trial, char text[64])
{
	if (WIFSIGNALED(trial->status))
		snprintf(text, 64, "was ended by signal %d", WTERMSIG(trial->status));
	else
		snprintf(text, 64, "ended with code %d", WEXITSTATUS(trial->status));
	return text;
}

/* The answers are complete; its end may tell that something is wrong all the same. */
static void
check_end(const struct trial *trial, uint64_t last)
{
	char text[64];

	if (trial->ended && !WIFSIGNALED(trial->status) && WEXITSTATUS(trial->status) != 0)
		ord_log(ORD_ERROR, "line %llu: behind it the co-process %s", wide(last),
			describe(trial, text));
}

static void
blame(struct filter *filter, uint64_t line, const struct trial *trial)
{
	char text[64];

	filter->faults++;
	if (trial->silent)
		ord_log(ORD_ERROR, "line %llu: the co-process did not answer in time", wide(line));
	else if (trial->answers > 1)
		ord_log(ORD_ERROR,
			"line %llu: the co-process answered more than one line; it has to answer each line with one",
			wide(line));
	else if (trial->status != 0)
		ord_log(ORD_ERROR, "line %llu: the co-process %s before it answered", wide(line),
			describe(trial, text));
	else
		ord_log(ORD_ERROR,
			"line %llu: the co-process did not answer it; it has to answer each line with one",
			wide(line));
}

/* Takes the first lines off a part. */
static struct part
take(struct part *part, uint64_t count)
{
	struct part head = { .bytes = part->bytes, .first = part->first, .count = count };

	for (; count > 0; count--)
		head.size += (size_t)((const char *)memchr(head.bytes + head.size, '\n',
					      part->size - head.size) -
				     (head.bytes + head.size)) +
			1;
	part->bytes += head.size;
	part->size -= head.size;
	part->first += head.count;
	part->count -= head.count;
	return head;
}

/* Feeds a part to a new co-process, to its end. */
static struct trial
attempt(struct filter *filter, const struct part *part)
{
	size_t before = filter->answers.size;
	struct trial trial = { .status = 0 };
	int failed = coprocess_start(&filter->coprocess);

	if (failed != 0) {
		trial.status = 126 << 8;
		return trial;
	}
	trial = coprocess_feed(
		&filter->coprocess, part->bytes, part->size, part->count, true, &filter->answers);
	if (trial.answers == part->count && !trial.silent)
		check_end(&trial, part->first + part->count - 1);
	else
		filter->answers.size = before;
	return trial;
}

static bool
is_complete(const struct trial *trial, const struct part *part)
{
	return trial->answers == part->count && !trial->silent;
}

/*
 * How many lines to try by themselves next.  One that died, or fell silent, has
 * most likely answered what came before the line that did it.
 */
static uint64_t
guess(const struct trial *trial, const struct part *part)
{
	bool died = trial->silent || trial->status != 0;

	return died && trial->answers > 0 && trial->answers < part->count ? trial->answers
									  : part->count / 2;
}

/* Halves a part until each piece is answered or to blame. */
static void /* NOLINTNEXTLINE(misc-no-recursion): as deep as a part can be halved */
halve(struct filter *filter, struct part part)
{
	struct trial trial;

	while (part.count > 0) {
		trial = attempt(filter, &part);
		if (is_complete(&trial, &part))
			return;
		if (part.count == 1) {
			blame(filter, part.first, &trial);
			return;
		}
		halve(filter, take(&part, part.count / 2));
	}
}

/* The lines of a batch one way or the other; trial is what came of feeding all of them. */
static void
settle(struct filter *filter, struct part part, struct trial trial)
{
	uint64_t head;

	while (part.count > 1) {
		head = guess(&trial, &part);
		halve(filter, take(&part, head));
		if (head == trial.answers && part.count > 0)
			halve(filter, take(&part, 1));
		if (part.count == 0)
			return;
		trial = attempt(filter, &part);
		if (is_complete(&trial, &part))
			return;
	}
	blame(filter, part.first, &trial);
}

/* fresh: the co-process had no other lines before; else its end may have been meant for those. */
static void
settle_batch(struct filter *filter, const struct part *part, const struct trial *trial, bool fresh)
{
	char text[64];

	filter->answers.size = 0;
	filter->faults = 0;
	if (part->count == 1 && (fresh || trial->silent))
		blame(filter, part->first, trial);
	else if (part->count == 1)
		halve(filter, *part);
	else
		settle(filter, *part, *trial);
	if (filter->faults == 0)
		ord_log(ORD_WARNING,
			"the co-process %s within lines %llu to %llu; they were given to others",
			trial->silent ? "fell silent" : describe(trial, text), wide(part->first),
			wide(part->first + part->count - 1));
}

/* It says something though nothing was asked: too much, or that it has ended. */
static void
take_stray(struct filter *filter)
{
	struct trial trial = coprocess_close(&filter->coprocess, &filter->answers);

	if (trial.answers > 0)
		ord_log(ORD_ERROR,
			"line %llu: the co-process has answered more lines than it got; some answers before this line "
			"may be at wrong places",
			wide(filter->last));
	else
		check_end(&trial, filter->last);
}

static int
give_back(struct ord_task *task, struct filter *filter, uint64_t began_ns)
{
	struct filter_trailer trailer = { .took_ns = now_ns() - began_ns };

	text_add(&filter->answers, &trailer, sizeof trailer);
	return ord_task_return(task, filter->answers.bytes, filter->answers.size);
}

int
filter_worker_run(struct ord_task *task, void *user)
{
	struct filter *filter = user;
	struct part part;
	struct trial trial;
	uint64_t began_ns = now_ns();
	bool fresh;
	int failed = 0;

	part.bytes = ord_task_input(task, &part.size);
	memcpy(&part.first, part.bytes, sizeof part.first);
	part.bytes += sizeof part.first;
	part.size -= sizeof part.first;
	part.count = lines_count(part.bytes, part.size);
	text_clear(&filter->answers);
	if (coprocess_talks(&filter->coprocess))
		take_stray(filter);
	text_clear(&filter->answers);
	fresh = filter->coprocess.pid == 0;
	if (fresh)
		failed = coprocess_start(&filter->coprocess);
	if (failed != 0)
		return ord_task_fail_at(task, NULL, 0, "cannot run %s: %s",
			filter->coprocess.argv[0],
			strerror(failed)); /* NOLINT(concurrency-mt-unsafe): one thread */
	trial = coprocess_feed(
		&filter->coprocess, part.bytes, part.size, part.count, false, &filter->answers);
	if (is_complete(&trial, &part))
		check_end(&trial, part.first + part.count - 1);
	else
		settle_batch(filter, &part, &trial, fresh);
	filter->last = part.first + part.count - 1;
	return give_back(task, filter, began_ns);
}

void *
filter_worker_start(struct ord_task *task, void *user)
{
	const char *bytes = ord_task_shared(task, NULL);
	struct filter *filter = text_allocate(1, sizeof *filter);
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct filter_setup setup;
	char slot[16];

	(void)user;
	memcpy(&setup, bytes, sizeof setup);
	bytes += sizeof setup;
	filter->coprocess.silence_ms = setup.silence_ms;
	filter->coprocess.in = filter->coprocess.out = -1;
	filter->coprocess.argv = text_allocate(setup.argc + 1, sizeof(char *));
	for (uint32_t i = 0; i < setup.argc; i++, bytes += strlen(bytes) + 1)
		filter->coprocess.argv[i] = (char *)(uintptr_t)bytes;
	/* A co-process may leave with lines in its pipe. */
	sigaction(SIGPIPE, &ignore, NULL);
	snprintf(slot, sizeof slot, "%u", ord_task_worker(task) + 1);
	setenv("ORDERLY_SLOT", slot, 1); /* NOLINT(concurrency-mt-unsafe): one thread */
	return filter;
}

void
filter_worker_stop(struct ord_task *task, void *user)
{
	struct filter *filter = user;

	(void)task;
	text_clear(&filter->answers);
	if (filter->coprocess.pid != 0)
		take_stray(filter);
	text_finish(&filter->answers);
	free(filter->coprocess.argv);
	free(filter);
}
