/*
 * Messages to the user: live, or held until their task is the first that is
 * not delivered.
 */
#include <orderly/log.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pool/pool.h"

static void
deliver(struct ord_pool *pool, const struct ord_message *message)
{
	pool->messages++;
	if (pool->options.on_message == NULL || pool->destroy)
		return;
	pool->callbacks++;
	pool->options.on_message(message, pool->options.on_message_user);
	pool->callbacks--;
}

/*
 * In the order of completion there is no first task: what a task said comes
 * with its result.  Words may be read before the answers of the tasks that its
 * worker had before it are taken, so it need not be the first one there.
 */
static struct slot *
given_to(const struct ord_pool *pool, uint32_t place, uint64_t sequence)
{
	if (sequence == ORD_NO_SEQUENCE)
		return NULL;
	for (uint32_t back = pool->core.places[place].count; back > 0; back--) {
		struct slot *slot = core_sent(&pool->core, place, back);

		if (slot != NULL && slot->sequence == sequence)
			return slot;
	}
	return NULL;
}

static struct slot *
must_wait(struct ord_pool *pool, const struct ord_message *message)
{
	struct slot *slot;

	if (pool->options.messages != ORD_ORDERED)
		return NULL;
	if (pool->options.order == ORD_SUBMISSION) {
		slot = core_find(&pool->core, message->sequence);
		return slot != core_head(&pool->core) ? slot : NULL;
	}
	return given_to(pool, message->worker, message->sequence);
}

/* Instead of growing further; what was said before stays. */
static bool
must_drop(const struct ord_pool *pool)
{
	return pool->options.overflow == ORD_OVERFLOW_DROP &&
		pool->core.bytes >= pool->options.window_bytes;
}

void
pool_say(struct ord_pool *pool, const struct ord_message *message)
{
	struct slot *slot = must_wait(pool, message);
	struct message *held;
	struct rest *rest;

	if (slot == NULL) {
		deliver(pool, message);
		return;
	}
	held = must_drop(pool) ? NULL : message_hold(message);
	if (held == NULL) {
		pool->messages_dropped++;
		return;
	}
	rest = slot->rest;
	if (rest->messages == NULL)
		rest->messages_tail = &rest->messages;
	*rest->messages_tail = held;
	rest->messages_tail = &held->next;
	slot->burdens |= BURDEN_MESSAGES;
	core_charge(&pool->core, slot, (ptrdiff_t)held->cost);
}

void
pool_last_words(struct ord_pool *pool, uint32_t place, struct slot *slot)
{
	size_t size;
	char *text = tail_take(&pool->tails[place], slot->sequence, &size);

	detail_last_words(&slot->rest->detail, text, size);
}

/* A command's pieces as they came have their newlines in them. */
static bool
is_line(const struct ord_pool *pool, const struct words_line *line, int source, uint32_t place)
{
	return !line->partial &&
		(source == ORD_SOURCE_WORDS || pool->commands[place].output != ORD_OUTPUT_CHUNKS);
}

/* The byte behind a line is its newline or spare room of our own buffer: the NUL stands there for a moment. */
void
pool_say_line(struct ord_pool *pool, const struct words_line *line, int source, uint32_t place)
{
	char *end = (char *)(uintptr_t)line->text + line->size;
	char kept = *end;
	struct ord_message message = {
		.sequence = line->sequence,
		.time_ns = clock_wall_ns(),
		.text = line->text,
		.size = line->size,
		.file = "",
		.worker = place,
		.level = ORD_INFO,
		.source = source,
		.partial = line->partial,
	};

	if (line->sequence != ORD_NO_SEQUENCE)
		tail_add(&pool->tails[place], line->sequence, line->text, line->size,
			is_line(pool, line, source, place));
	*end = '\0';
	pool_say(pool, &message);
	*end = kept;
}

void
pool_say_held(struct ord_pool *pool, struct slot *slot)
{
	struct message *held;

	while ((slot->burdens & BURDEN_MESSAGES) != 0 && !pool->destroy) {
		held = slot->rest->messages;
		slot->rest->messages = held->next;
		if (held->next == NULL)
			slot->burdens &= (uint8_t)~BURDEN_MESSAGES;
		core_charge(&pool->core, slot, -(ptrdiff_t)held->cost);
		deliver(pool, &held->view);
		memory_free(held);
	}
}
