/*
 * Marks: at a task's end the worker tells, inside the words themselves, that
 * what stands before is this task's.  A task that printed nothing costs one
 * question to the pipe and no mark.
 *
 * Silent means: the pipe is empty, and the last thing that the master has read
 * from it is our last mark.  The master says it is reading before it reads, so
 * bytes cannot leave the pipe between the two questions unseen.  A task that
 * was shorter than half a write(2) is not even asked about; what another
 * thread or a child of it wrote meanwhile is found at a later task's end.
 * Where all of the last tasks printed, the next some are taken to have printed
 * too: a question costs half of what a mark costs, and a mark with nothing
 * before it does no harm.
 */
#include "worker/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "capture/words.h"

#define GUESSES_MAX 8

static bool
silent(const struct worker *worker)
{
	uint64_t clean = (uint64_t)worker->marks << WORDS_MARKS_SHIFT;
	int waiting = 0;

	if (ioctl(worker->words, FIONREAD, &waiting) != 0 || waiting != 0)
		return false;
	return atomic_load_explicit(&worker->region.page->words, memory_order_seq_cst) == clean;
}

bool
worker_has_words(const struct worker *worker)
{
	return worker->words >= 0 && __fpending(stdout) != 0;
}

/* Ask, unless so many in a row have printed that this one did too. */
static bool
printed(struct worker *worker)
{
	if (worker->guesses != 0) {
		worker->guesses--;
		return true;
	}
	if (silent(worker)) {
		worker->streak = 0;
		return false;
	}
	worker->streak += worker->streak < GUESSES_MAX;
	worker->guesses = worker->streak;
	return true;
}

uint32_t
worker_mark(struct worker *worker, uint64_t sequence, bool instant)
{
	char mark[WORDS_MARK_SIZE];
	ssize_t written;

	if (worker->words < 0 || (instant && !worker_has_words(worker)))
		return 0;
	fflush(stdout);
	if (!printed(worker))
		return 0;
	words_mark(mark, worker->region.page->nonce, sequence, ++worker->marks);
	do
		written = write(worker->words, mark, sizeof mark);
	while (written < 0 && errno == EINTR);
	return worker->marks;
}
