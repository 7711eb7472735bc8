/*
 * Words of workers: read from the pipe, split into lines, each with its task.
 * The page says that a read is under way before it begins, and afterwards what
 * has come, so that a worker knows whether a silent task needs a mark.
 */
#include "capture/words.h"

#include <unistd.h>

#include "pool/pool.h"

/* Marks and run words are input: a task whose result is delivered, or that is to come, says nothing. */
static bool
may_speak(const struct core *core, uint64_t sequence)
{
	return core->options.completion ||
		sequence - core->next_delivery < core->next_sequence - core->next_delivery;
}

int
words_say(const struct words_line *line, void *user)
{
	struct incarnation *incarnation = user;
	struct words_line said = *line;

	if (!may_speak(&incarnation->pool->core, said.sequence))
		said.sequence = ORD_NO_SEQUENCE;
	pool_say_line(incarnation->pool, &said, ORD_SOURCE_WORDS, incarnation->place);
	return 0;
}

/*
 * The task that runs, or none: only a run word that is the same before and
 * after a read names the task of its last bytes.  And only if the read took
 * all there was: else the mark of a task that has ended may still lie in the
 * pipe.  Hence pipes that are no larger than one read.
 */
static uint64_t
running_task(uint64_t before, uint64_t after)
{
	return before == after && RUN_PHASE(before) != RUN_IDLE ? RUN_SEQUENCE(before) : UINT64_MAX;
}

/* How many bytes came; 0: none are there, or it has ended. */
static size_t
read_once(struct incarnation *incarnation)
{
	struct status_page *page = incarnation->region.page;
	char *bytes = incarnation->pool->reading;
	size_t room = sizeof incarnation->pool->reading - 1;
	uint64_t before, after;
	ssize_t size;

	if (incarnation->pipe.fd < 0)
		return 0;
	atomic_store(&page->words, words_state(&incarnation->words) | WORDS_READING);
	before = atomic_load(&page->run);
	size = read(incarnation->pipe.fd, bytes, room);
	after = atomic_load(&page->run);
	if (size > 0 &&
		words_take(&incarnation->words, bytes, (size_t)size,
			(size_t)size < room || incarnation->pipe_size <= room
				? running_task(before, after)
				: UINT64_MAX) != 0)
		incarnation->pool->messages_dropped++;
	atomic_store(&page->words, words_state(&incarnation->words));
	if (size == 0)
		intake_close(incarnation->pool, &incarnation->pipe);
	return size > 0 ? (size_t)size : 0;
}

int
words_read(struct incarnation *incarnation)
{
	return read_once(incarnation) != 0;
}

/* No more than the pipe can have held at the call: what a child goes on to write must not keep the master here. */
void
words_read_to(struct incarnation *incarnation, uint64_t marks)
{
	size_t left = incarnation->pipe_size, got;

	while (incarnation->words.marks < marks && left != 0 && (got = read_once(incarnation)) != 0)
		left -= got < left ? got : left;
}
