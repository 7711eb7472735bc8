/*
 * Where everything is, as text for a person: a head of a few lines about the
 * pool, a line for each place that has a worker or holds tasks, and lines that
 * say who waits for whom.  What stands in a worker's page is its own word.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <orderly/status.h>

#include "base/clock.h"
#include "base/process.h"
#include "pool/pool.h"

/* As snprintf: what has no room is only counted. */
struct page {
	char *text;
	size_t size;
	size_t length;
	uint64_t now_ns;
};

static void __attribute__((format(printf, 2, 3))) put(struct page *page, const char *format, ...)
{
	size_t used = page->length < page->size ? page->length : page->size;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(
		used < page->size ? page->text + used : NULL, page->size - used, format, arguments);
	va_end(arguments);
	page->length += length > 0 ? (size_t)length : 0;
}

static void
put_time(struct page *page, const char *before, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t ms = to_ns > from_ns ? (to_ns - from_ns) / CLOCK_NS_PER_MS : 0;

	put(page, "%s%" PRIu64 ".%03u s", before, ms / 1000, (unsigned)(ms % 1000));
}

static void
put_since(struct page *page, const char *before, uint64_t from_ns)
{
	if (from_ns != 0)
		put_time(page, before, from_ns, page->now_ns);
}

static void
put_until(struct page *page, const char *before, uint64_t to_ns)
{
	if (to_ns > page->now_ns)
		put_time(page, before, page->now_ns, to_ns);
	else
		put(page, "%snow", before);
}

static const char *
state_name(char letter)
{
	static const char *const names[] = { "Rruns", "Ssleeps", "Dwaits in the kernel", "Tstopped",
		"ttraced", "Zended", "-gone" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i][0] == letter)
			return names[i] + 1;
	return "not known";
}

/* --- the pool --- */

static const char *
stage(const struct ord_pool *pool)
{
	if (!pool->started)
		return pool->finished ? "could not start" : "not started";
	if (pool->finished)
		return "finished";
	if (pool->ended)
		return "ended by an error";
	if (pool->core.suspended)
		return "suspended";
	if (pool->core.stopped)
		return "stopping";
	return pool->closed ? "closed" : "open";
}

static void
put_pool(struct page *page, const struct ord_pool *pool)
{
	const struct core *core = &pool->core;

	put(page, "pool: %s, %" PRIu64 " workers ready, %" PRIu64 " starting, %u wanted",
		stage(pool), pool->workers_ready, pool->workers_starting, core->target);
	if (pool->callbacks != 0)
		put(page, ", in a callback");
	if (pool->failure.status != 0)
		put(page, "\nerror: %s", pool->failure.text);
	put_since(page, "\nowner: last step ", core->now_ns);
	put(page, "%s", core->now_ns != 0 ? " ago" : "\nowner: no step yet");
	if (core->suspended)
		put_since(page, ", suspended for ", pool->suspended_ns);
	if (pool->look.still > 1)
		put(page, ", nothing has come for %u looks", pool->look.still);
	put(page,
		"\ntasks: %" PRIu64 " submitted, %" PRIu64
		" delivered, %u wait, %u are with workers, %u are done and not delivered; window %u\n",
		core->next_sequence, core->next_sequence - core->live, core->n_waiting,
		core->n_sent, core->n_settled, pool->options.window);
}

static const char *
why_it_waits(const struct ord_pool *pool)
{
	const struct core *core = &pool->core;

	if (core->suspended)
		return "ord_pool_resume";
	if (launch_blocked(&pool->launch))
		return "the spawner, which does not read";
	if (core->held)
		return "the machine: others need its memory or its processors";
	if (core->n_idle != 0)
		return core->bytes >= core->options.window_bytes
			? "memory: only the first task is given out"
			: "the next step";
	return "a worker to be free";
}

static void
put_head_sent(struct page *page, const struct ord_pool *pool, const struct slot *head)
{
	uint32_t place = core_runner(&pool->core, head);

	if (place == UINT32_MAX)
		put(page, "with worker %u, which has not begun it", head->place);
	else if (head->task.command)
		put(page, "a command, runs at place %u", place);
	else
		put(page, "begun by worker %u%s", place,
			head->asking ? ", waits for an answer: ord_pool_answer" : "");
}

/* What all others wait for. */
static void
put_head(struct page *page, const struct ord_pool *pool)
{
	const struct slot *head = core_head(&pool->core);

	if (head == NULL)
		return;
	put(page, "first not delivered: %" PRIu64 ", attempt %u, ", head->sequence, head->attempt);
	if (head->state == SLOT_WAITING)
		put(page, "waits for %s", why_it_waits(pool));
	else if (head->state == SLOT_SENT)
		put_head_sent(page, pool, head);
	else
		put(page, "done, waits for %s",
			pool->options.on_result != NULL ? "a step" : "ord_pool_next");
	put(page, "%s\n", head->cancel ? ", is to be canceled" : "");
}

static void
put_bytes(struct page *page, const struct ord_pool *pool)
{
	put(page,
		"bytes: %" PRIu64 " held of %" PRIu64 "%s, %" PRIu64
		" spilled; %u intakes paused%s\n",
		pool->core.bytes, pool->options.window_bytes,
		pool->core.bytes >= pool->options.window_bytes
			? " (only the worker of the first task may go on)"
			: "",
		pool->spill.used, pool->n_paused,
		pool->left ? ", records are left in outboxes" : "");
}

static void
put_times(struct page *page, const struct ord_pool *pool)
{
	uint64_t next_ns =
		pool->core.options.places != 0 ? core_next_time(&pool->core) : UINT64_MAX;

	put(page, "timers:");
	if (pool->timer_at != 0)
		put_until(page, " fires in ", pool->timer_at);
	if (pool->look.at_ns != 0)
		put_until(page, ", look in ", pool->look.at_ns);
	if (next_ns != UINT64_MAX)
		put_until(page, ", dispatch in ", next_ns);
	put(page, "%s; %" PRIu64 " deaths, %u in a row without a task, %" PRIu64 " repaired\n",
		pool->timer_at == 0 ? " none set" : "", pool->core.deaths, pool->core.fruitless,
		pool->look.repaired);
}

static void
put_spawner(struct page *page, const struct ord_pool *pool)
{
	if (pool->inline_worker != NULL)
		put(page, "spawner: none, tasks run in this process\n");
	else if (pool->launch.life < 0)
		put(page, "spawner: none\n");
	else
		put(page, "spawner: pid %d (%s)%s\n", (int)pool->launch.pid,
			state_name(process_state((int32_t)pool->launch.pid)),
			launch_blocked(&pool->launch) ? ", has not read what it is asked for" : "");
}

/* --- places --- */

static const char *
place_name(const struct place *place)
{
	static const char *const names[] = { [PLACE_EMPTY] = "no worker",
		[PLACE_STARTING] = "starting",
		[PLACE_READY] = "ready",
		[PLACE_STOPPED] = "leaving" };

	return names[place->state];
}

static void
put_run(struct page *page, const struct incarnation *incarnation)
{
	static const char *const phases[] = { "idle", "runs", "commits", "is ended in" };
	const struct status_page *status = incarnation->region.page;
	uint64_t run = atomic_load(&status->run);
	uint64_t deadline_ns = atomic_load(&status->deadline_ns);
	uint64_t cancel = atomic_load(&status->cancel);

	put(page, ", %s", phases[RUN_PHASE(run)]);
	if (RUN_PHASE(run) == RUN_IDLE)
		return;
	put(page, " task %" PRIu64 " attempt %u", RUN_SEQUENCE(run), RUN_ATTEMPT(run));
	put_since(page, " for ", atomic_load(&status->started_ns));
	if (deadline_ns != 0)
		put_until(page, ", deadline in ", deadline_ns);
	if ((cancel & 3) != 0 && ((cancel ^ run) & ~UINT64_C(3)) == 0)
		put(page, ", was asked to end");
}

static void
put_flags(struct page *page, const struct ord_pool *pool, uint32_t place)
{
	const struct place *at = &pool->core.places[place];
	const struct incarnation *incarnation = &pool->incarnations[place];
	const struct slot *slot = core_running(&pool->core, place);

	if (slot != NULL && slot->asking)
		put(page, ", waits for an answer (ord_pool_answer)");
	if (at->wish)
		put(page, ", waits for a slot");
	else if (at->yielded)
		put(page, ", has given its slot back");
	if (atomic_load(&incarnation->region.page->waiting) != 0)
		put(page, ", waits until its records are taken%s",
			core_may_take(&pool->core, place) ? " (ord_pool_step)" : " (memory)");
	if (incarnation->pipe.paused)
		put(page, ", its words are paused");
	if (incarnation->spoiled)
		put(page, ", is being killed%s",
			incarnation->repaired ? " (it has lost a message)" : "");
	else if (incarnation->probe != 0)
		put_since(page, ", was asked whether it hears ", incarnation->probe_ns);
}

static void
put_positions(struct page *page, const struct incarnation *incarnation)
{
	const struct status_page *status = incarnation->region.page;

	put(page, "; results committed %" PRIu64 " taken %" PRIu64 " acknowledged %" PRIu64 "%s",
		atomic_load(&status->committed), incarnation->taken,
		atomic_load(&status->acknowledged),
		incarnation->owed != 0 ? " (more is owed)" : "");
	put(page, "; tasks sent %" PRIu64 " done %" PRIu64, incarnation->task_position,
		atomic_load(&status->heard));
}

static void
put_worker(struct page *page, const struct ord_pool *pool, uint32_t place)
{
	const struct incarnation *incarnation = &pool->incarnations[place];
	const struct place *at = &pool->core.places[place];

	put(page, "worker %u: %s%s", place, place_name(at), at->parked ? ", parked" : "");
	if (incarnation->id == 0)
		return;
	put(page, ", life %" PRIu64, incarnation->id / POOL_WORKERS_MAX);
	if (incarnation->ready_by_ns != 0)
		put_until(page, ", must be ready in ", incarnation->ready_by_ns);
	if (incarnation->pid != 0)
		put(page, ", pid %d (%s)", (int)incarnation->pid,
			state_name(process_state(incarnation->pid)));
	put_run(page, incarnation);
	if (at->count != 0 && !at->command)
		put_since(page, ", last answer or task ", at->moved_ns);
	if (incarnation->leave_by_ns != 0)
		put_until(page, ", must have left in ", incarnation->leave_by_ns);
	put_flags(page, pool, place);
	put_positions(page, incarnation);
}

static void
put_holds(struct page *page, const struct ord_pool *pool, uint32_t place)
{
	const struct place *at = &pool->core.places[place];
	struct slot *slot;
	const struct sent *first = core_expected(&pool->core, place, &slot);

	if (first == NULL)
		return;
	put(page, "; holds %u, the first %" PRIu64 "%s%s", at->count, first->sequence,
		at->command ? ", a command that runs" : "",
		slot == NULL ? " (not its own any more)" : "");
	if (at->command && slot != NULL && slot->begun)
		put_since(page, " for ", slot->result.started_ns);
}

static bool
is_worth_a_line(const struct ord_pool *pool, uint32_t place)
{
	const struct place *at = &pool->core.places[place];

	return at->count != 0 || !at->parked ||
		(pool->incarnations != NULL && pool->incarnations[place].id != 0);
}

static void
put_places(struct page *page, const struct ord_pool *pool)
{
	uint32_t empty = 0;

	for (uint32_t i = 0; i < pool->core.n_places; i++) {
		const struct place *at = &pool->core.places[i];

		if (!is_worth_a_line(pool, i)) {
			empty++;
			continue;
		}
		if (pool->incarnations != NULL)
			put_worker(page, pool, i);
		else
			put(page, "place %u: %s", i, at->count == 0 ? "idle" : "busy");
		if (at->state == PLACE_EMPTY && at->not_before_ns > page->now_ns)
			put_until(page, ", the next may start in ", at->not_before_ns);
		put_holds(page, pool, i);
		put(page, "\n");
	}
	if (empty != 0)
		put(page, "and %u parked places without a worker\n", empty);
}

static size_t
dump(const struct ord_pool *pool, char *text, size_t size)
{
	struct page page = { .text = text, .size = size, .now_ns = clock_now_ns() };

	put_pool(&page, pool);
	put_head(&page, pool);
	put_bytes(&page, pool);
	put_times(&page, pool);
	put_spawner(&page, pool);
	put_places(&page, pool);
	return page.length;
}

int
ord_pool_dump(const struct ord_pool *pool, char *text, size_t size)
{
	if (size != 0 && text != NULL)
		text[0] = '\0';
	if (pool == NULL || (text == NULL && size != 0))
		return ORD_EINVAL;
	if (*pool->alive == 0)
		return ORD_EFORKED;
	return (int)dump(pool, text, size);
}

/* --- the sentence --- */

static uint32_t
tasks_that_ask(const struct core *core)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < core->n_slots; i++)
		n += core->slots[i].state == SLOT_SENT && core->slots[i].asking;
	return n;
}

void
pool_explain_stall(const struct ord_pool *pool, struct error *error)
{
	const struct core *core = &pool->core;
	uint32_t asking = tasks_that_ask(core);
	size_t used;

	if (core->suspended) {
		error_set(error, ORD_ESTALLED,
			"the pool is suspended: nothing moves until ord_pool_resume is called (%u "
			"tasks wait, %u are with workers that are stopped, %u are done and not delivered)",
			core->n_waiting, core->n_sent, core->n_settled);
		return;
	}
	if (asking != 0)
		error_set(error, ORD_ESTALLED,
			"nothing can move any more: %u tasks wait for an answer, and nothing else runs: "
			"answer them (ord_pool_answer) or end them (ord_pool_cancel_all)\n",
			asking);
	else
		error_set(error, ORD_ESTALLED,
			"nothing can move any more, though %u tasks wait and %u are with workers: end "
			"them (ord_pool_cancel_all) or the pool, and tell us what ord_pool_dump says\n",
			core->n_waiting, core->n_sent);
	used = strlen(error->text);
	dump(pool, error->text + used, sizeof error->text - used);
}
