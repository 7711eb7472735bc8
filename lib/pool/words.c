/*
 * Words of workers: read from the pipe, split into lines, each with its task.
 * The page says that a read is under way before it begins, and afterwards what
 * has come, so that a worker knows whether a silent task needs a mark.
 */
#include "capture/words.h"

#include <unistd.h>

#include "pool/pool.h"

int
words_say(const struct words_line *line, void *user)
{
	struct incarnation *incarnation = user;

	pool_say_line(incarnation->pool, line, ORD_SOURCE_WORDS, incarnation->place);
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

int
words_read(struct incarnation *incarnation)
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
	return size > 0;
}

void
words_read_to(struct incarnation *incarnation, uint64_t marks)
{
	while (incarnation->words.marks < marks && words_read(incarnation) != 0)
		;
}
