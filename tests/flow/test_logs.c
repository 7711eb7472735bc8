/* Log records: every text, name and format comes out as it went in, and one that makes no sense costs its worker only. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <orderly/log.h>

#include "tally.h"
#include "worker/worker.h"

/* What a record says at most; the header promises about 64 KiB. */
enum { TEXT_MOST = LOG_TEXT_MAX, HUGE = 100000 };

/* The compiler would object to formats that are a task's business. */
static int (*const say_any)(int level, const char *file, unsigned line, const char *format, ...) = ord_log_at;

/* One log of each kind, in this order; the callback checks them one by one. */
static int
say_all(struct ord_task *task, void *user)
{
	static char huge[HUGE + 1], name[HUGE + 1];
	const char *volatile none = NULL;
	char own[] = "own.c";

	(void)task;
	(void)user;
	memset(huge, 'h', HUGE);
	memset(name, 'n', HUGE);
	CHECK_EQ(ord_log_at(ORD_INFO, "a.c", 1, "plain"), 0);
	CHECK_EQ(ord_log_at(ORD_INFO, "a.c", 2, "%s", "as an argument, with 100 % and %s"), 0);
	CHECK_EQ(ord_log_at(ORD_INFO, "a.c", 3, "%d and %-5s|%05.1f%%", -7, "ab", 2.25), 0);
	CHECK_EQ(ord_log_at(ORD_WARNING, NULL, 0, "%s", ""), 0);
	CHECK_EQ(ord_log_at(ORD_INFO, NULL, 5, "with%ca NUL%c", 0, 0), 0);
	CHECK_EQ(ord_log_at(ORD_INFO, own, 6, "%s", huge), 0);
	own[0] = 'O'; /* the same address, another name */
	CHECK_EQ(ord_log_at(ORD_INFO, own, 7, "%s!", huge), 0);
	CHECK_EQ(say_any(ORD_INFO, own, 8, huge), 0);
	name[LOG_FILE_MAX] = '\0';
	CHECK_EQ(ord_log_at(ORD_INFO, name, 9, "%.*s", 1023, huge), 0);
	name[LOG_FILE_MAX] = 'n';
	CHECK_EQ(ord_log_at(ORD_INFO, name, 10, "%.*s", 1024, huge), 0);
	CHECK_EQ(ord_log_at(ORD_INFO, name, 11, "%.*s", 1025, huge), 0);
	errno = ENOENT;
	CHECK_EQ(say_any(ORD_CRITICAL, "a.c", 12, "%m"), 0);
	CHECK_EQ(say_any(ORD_INFO, "a.c", 13, "%s", none), 0);
	CHECK_EQ(ord_log_at(ORD_INFO, "", 14, "line one\nline two\n"), 0);
	CHECK_EQ(ord_log_at(ORD_DEBUG, "a.c", 15, "below the level"), 0);
	CHECK_EQ(ord_log_at(0, "a.c", 15, "no level"), ORD_EINVAL);
	CHECK_EQ(ord_log_at(ORD_CRITICAL + 1, "a.c", 15, "no level"), ORD_EINVAL);
	return 0;
}

static void
hear_all(struct tally *tally, const struct ord_message *message)
{
	static const struct {
		const char *file, *text;
		size_t size;
		int level;
	} said[] = {
		{ "a.c", "plain", 5, 0 }, { "a.c", "as an argument, with 100 % and %s", 33, 0 },
		{ "a.c", "-7 and ab   |002.2%", 19, 0 }, { "", "", 0, ORD_WARNING },
		{ "", "with\0a NUL\0", 11, 0 }, { "own.c", NULL, TEXT_MOST, 0 }, { "Own.c", NULL, TEXT_MOST, 0 },
		{ "Own.c", NULL, TEXT_MOST, 0 }, { NULL, NULL, 1023, 0 }, { NULL, NULL, 1024, 0 },
		{ NULL, NULL, 1025, 0 }, { "a.c", "No such file or directory", 25, ORD_CRITICAL },
		{ "a.c", "(null)", 6, 0 }, { "", "line one\nline two\n", 18, 0 },
	};
	size_t at = (size_t)((tally->messages - 1) % (sizeof said / sizeof *said)), size;
	const char *text = ord_message_text(message, &size), *file = ord_message_file(message);

	CHECK_EQ(size, said[at].size);
	CHECK_EQ(text[size], 0);
	if (said[at].text != NULL)
		CHECK(memcmp(text, said[at].text, size) == 0);
	else
		CHECK(strspn(text, "h") == size);
	if (said[at].file != NULL)
		CHECK(strcmp(file, said[at].file) == 0);
	else
		CHECK(strspn(file, "n") == LOG_FILE_MAX && strlen(file) == LOG_FILE_MAX);
	CHECK_EQ(ord_message_level(message), said[at].level != 0 ? said[at].level : ORD_INFO);
	CHECK_EQ(ord_message_line(message), at == 3 ? 0 : (long long)at + 1);
	CHECK_EQ(ord_message_source(message), ORD_SOURCE_LOG);
}

static void
all_come(uint32_t start, uint32_t messages, uint64_t tasks)
{
	struct tally tally = { .on_message = hear_all };

	tally_open(&tally,
		&TALLY_OPTIONS(&tally, .function = say_all, .workers = 1, .start = start, .messages = messages));
	for (uint64_t i = 0; i < tasks; i++)
		TALLY_SUBMIT(&tally, i);
	tally_close(&tally, tasks);
	CHECK_EQ(tally.messages, tasks * 14);
	CHECK_EQ(tally.states[ORD_DONE], tasks);
}

SCENE(logs, of_every_kind)
{
	for EACH_START (start)
		all_come(start, ORD_LIVE, 20);
}

SCENE(logs, of_every_kind_in_order)
{
	all_come(ORD_START_FORK, ORD_ORDERED, 20);
}

SCENE(logs, of_every_kind_inline)
{
	all_come(ORD_START_INLINE, ORD_LIVE, 3);
	all_come(ORD_START_INLINE, ORD_ORDERED, 3);
}

/* --- names are told once: a worker that is replaced tells its own --- */

static int
name_and_die(struct ord_task *task, void *user)
{
	char name[16];

	(void)user;
	snprintf(name, sizeof name, "%d.c", INPUT_AS(int, task) / 3);
	ord_log_at(ORD_INFO, name, 1, "%d", INPUT_AS(int, task));
	ord_log_at(ORD_INFO, name, 1, "%d", INPUT_AS(int, task));
	if (INPUT_AS(int, task) % 10 == 9)
		raise(SIGKILL);
	return 0;
}

static void
hear_name(struct tally *tally, const struct ord_message *message)
{
	char name[16];

	(void)tally;
	snprintf(name, sizeof name, "%d.c", atoi(ord_message_text(message, NULL)) / 3);
	CHECK(strcmp(ord_message_file(message), name) == 0);
}

SCENE(logs, have_their_file_also_after_deaths)
{
	struct tally tally = { .on_message = hear_name };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = name_and_die, .workers = 2));
	for (int i = 0; i < 100; i++)
		TALLY_SUBMIT(&tally, i);
	tally_close(&tally, 100);
	CHECK_EQ(tally.messages, 200);
	CHECK_EQ(tally.states[ORD_SIGNALED], 10);
}

/* --- times --- */

static int
tell_time(struct ord_task *task, void *user)
{
	struct timespec now, pause = { 0, 1000000 };
	uint64_t began, ended;

	(void)task;
	(void)user;
	for (int i = 0; i < 20000; i++) {
		if (i % 1000 == 0)
			nanosleep(&pause, NULL);
		clock_gettime(CLOCK_REALTIME, &now);
		began = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
		ord_log_at(ORD_INFO, NULL, 0, "%llu", (unsigned long long)began);
		clock_gettime(CLOCK_REALTIME, &now);
		ended = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
		ord_log_at(ORD_INFO, NULL, 1, "%llu", (unsigned long long)ended);
	}
	return 0;
}

/*
 * It was said after `clock`, and the one before not later than this clock.  A reading of the clock that was
 * interrupted again and again is wrong by as much, for the records of a tenth of a millisecond; so on a busy
 * machine a few may be off, and never the order.
 */
static void
hear_time(struct tally *tally, const struct ord_message *message)
{
	static uint64_t before;
	uint64_t clock = strtoull(ord_message_text(message, NULL), NULL, 10), slack = 20000;
	uint64_t time = ord_message_time_ns(message), *off = tally->user;

	CHECK(tally->messages == 1 || before <= time);
	*off += time + slack < clock || (ord_message_line(message) != 0 && before > clock + slack);
	before = time;
}

SCENE(logs, tell_when_they_were_said)
{
	uint64_t off = 0;
	struct tally tally = { .on_message = hear_time, .user = &off };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = tell_time, .workers = 1));
	TALLY_SUBMIT(&tally, tally.results);
	tally_close(&tally, 1);
	CHECK_EQ(tally.messages, 40000);
	CHECK(off < 40000 / 20);
}

/* --- records that make no sense --- */

enum { LIE_NONE, LIE_NO_NAME_YET, LIE_EMPTY, LIE_SHORT, LIE_NO_TEXT_END, LIE_NO_NAME_END, LIE_LONG_NAME, LIE_NAME_BEYOND,
	LIE_LEVEL, LIES };

static void
say(struct worker *worker, uint16_t level, uint32_t file_size, const char *rest, size_t size)
{
	char head[LOG_HEAD];

	wire_put64(head, 1);
	wire_put64(head + 8, (uint64_t)file_size << 32);
	emit(worker, &(struct emission){ .kind = RECORD_LOG, .value = level, .head = head, .head_size = sizeof head,
			.body = rest, .body_size = size });
}

static int
lie(struct ord_task *task, void *user)
{
	static char bytes[LOG_FILE_MAX + 8];
	struct worker *worker = task->worker;

	(void)user;
	switch (INPUT_AS(char, task)) {
	case LIE_NONE: say(worker, ORD_INFO, 1, "f\0text", 7); return 0;
	case LIE_NO_NAME_YET: say(worker, ORD_INFO, LOG_FILE_SAME, "text", 5); break;
	case LIE_EMPTY: emit(worker, &(struct emission){ .kind = RECORD_LOG, .value = ORD_INFO }); break;
	case LIE_SHORT: say(worker, ORD_INFO, 0, "", 1); break;
	case LIE_NO_TEXT_END: say(worker, ORD_INFO, 1, "f\0text", 6); break;
	case LIE_NO_NAME_END: say(worker, ORD_INFO, 1, "fftext", 7); break;
	case LIE_LONG_NAME: say(worker, ORD_INFO, LOG_FILE_MAX + 1, bytes, sizeof bytes); break;
	case LIE_NAME_BEYOND: say(worker, ORD_INFO, 6, "f\0text", 7); break;
	case LIE_LEVEL: say(worker, ORD_CRITICAL + 1, 0, "\0text", 6); break;
	}
	for (;;)
		pause();
}

SCENE(logs, that_make_no_sense)
{
	for (char verb = LIE_NONE + 1; verb < LIES; verb++) {
		struct ord_statistics statistics = ORD_STATISTICS;
		struct tally tally = { 0 };
		char honest = LIE_NONE;

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = lie, .workers = 1, .messages = ORD_ORDERED));
		for (int i = 0; i < 3; i++)
			CHECK_OK(tally.pool, ord_pool_submit(tally.pool,
				(i == 0) == (verb == LIE_NO_NAME_YET) && i < 2 ? &verb : &honest, 1, NULL));
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		CHECK_OK(tally.pool, ord_pool_statistics(tally.pool, &statistics));
		CHECK_EQ(statistics.deaths, 1);
		CHECK_EQ(tally.states[ORD_SIGNALED], 1);
		CHECK_EQ(tally.messages, 2);
		tally_close(&tally, 3);
	}
}

/* A worker that takes away the end of a text while the master shows it: from its outbox, as it sends nothing. */
static int
take_the_end_away(struct ord_task *task, void *user)
{
	struct outbox *outbox = &task->worker->outbox;
	uint64_t began;
	char *end;

	(void)user;
	for (int i = 0; i < 5; i++) {
		say(task->worker, ORD_INFO, 0, "\0text", 6);
		end = outbox->region->ring + ((outbox->position - 3) & (REGION_RING_SIZE - 1));
		CHECK(end[0] == '\0' && end[-1] == 't');
		began = outbox->position;
		while (atomic_load(&outbox->region->page->acknowledged) < began) {
			*(volatile char *)end = 'x';
			*(volatile char *)end = '\0';
		}
	}
	return 0;
}

static void
hear_the_end(struct tally *tally, const struct ord_message *message)
{
	size_t size;

	(void)tally;
	for (int i = 0; i < 1000; i++)
		CHECK(strlen(ord_message_text(message, &size)) == 4);
	CHECK_EQ(size, 4);
}

SCENE(logs, whose_bytes_change)
{
	struct tally tally = { .on_message = hear_the_end };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = take_the_end_away, .workers = 1));
	for (uint64_t i = 0; i < 8; i++)
		TALLY_SUBMIT(&tally, i);
	tally_close(&tally, 8);
	CHECK_EQ(tally.states[ORD_DONE] + tally.states[ORD_SIGNALED], 8);
}
