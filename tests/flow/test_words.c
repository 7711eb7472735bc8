/* What tasks print and log: attributed, whole, in time, and before the result even if the worker dies. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tally.h"

/* Texts of one task, joined; a newline behind each whole line. */
struct said {
	struct tally tally;
	char text[1 << 16];
	size_t size;
	uint64_t sequence;
};

static void
gather(struct tally *tally, const struct ord_message *message)
{
	struct said *said = tally->user;
	size_t size;
	const char *text = ord_message_text(message, &size);

	CHECK_EQ(ord_message_sequence(message), said->sequence);
	CHECK(said->size + size + 1 < sizeof said->text);
	memcpy(said->text + said->size, text, size);
	said->size += size;
	if (!ord_message_partial(message))
		said->text[said->size++] = '\n';
}

enum last { LAST_PRINTF, LAST_WRITE, LAST_LOG, LAST_ALL, LASTS };

static int
say_and_die(struct ord_task *task, void *user)
{
	const char *input = ord_task_input(task, NULL);

	(void)user;
	if (input[0] == LAST_PRINTF || input[0] == LAST_ALL)
		printf("printed\n");
	if (input[0] == LAST_WRITE || input[0] == LAST_ALL)
		CHECK_EQ(write(2, "written", 7), 7);
	if (input[0] == LAST_LOG || input[0] == LAST_ALL)
		ord_log(ORD_ERROR, "logged");
	raise(input[1]);
	return 0;
}

static void
check_last_words(struct tally *tally, const struct ord_result *result)
{
	static const char *const texts[] = { "printed\n", "written\n", "logged\n" };
	struct said *said = tally->user;

	CHECK_EQ(ord_result_state(result), ORD_SIGNALED);
	said->text[said->size] = '\0';
	for (int i = 0; i < LASTS - 1; i++)
		CHECK((strstr(said->text, texts[i]) != NULL) ==
			(said->sequence % LASTS == (uint64_t)i || said->sequence % LASTS == LAST_ALL));
	said->size = 0;
	said->sequence++;
}

SCENE(words, last_words)
{
	static const char signals[] = { SIGABRT, SIGKILL, SIGSEGV };

	for EACH_START (start) {
		struct said said = { .tally = { .on_message = gather, .on_result = check_last_words, .user = &said } };

		tally_open(&said.tally, &TALLY_OPTIONS(&said.tally, .function = say_and_die, .workers = 1, .start = start,
						.max_deaths = 100));
		for (char i = 0; i < 3 * LASTS; i++) {
			char input[2] = { i % LASTS, signals[i / LASTS] };

			CHECK_OK(said.tally.pool, ord_pool_submit(said.tally.pool, input, 2, NULL));
		}
		tally_close(&said.tally, 3 * LASTS);
	}
}

/* One in three prints, one in ten through a child; each text carries the number of its task. */
static int
print_own_number(struct ord_task *task, void *user)
{
	int sequence = (int)ord_task_sequence(task);
	char command[64];

	(void)user;
	if (sequence % 3 == 0)
		printf("%d\n", sequence);
	if (sequence % 100 == 0) {
		snprintf(command, sizeof command, "echo %d; echo %d >&2", sequence, sequence);
		CHECK_EQ(system(command), 0);
	}
	if (sequence % 7 == 0)
		ord_log(ORD_INFO, "%d", sequence);
	if (sequence % 9 == 0)
		fprintf(stderr, "%d", sequence);
	return 0;
}

static void
check_number(struct tally *tally, const struct ord_message *message)
{
	(void)tally;
	CHECK_EQ(strtoull(ord_message_text(message, NULL), NULL, 10), ord_message_sequence(message));
	CHECK_EQ(ord_message_partial(message), 0);
	CHECK(ord_message_source(message) == ORD_SOURCE_LOG || ord_message_source(message) == ORD_SOURCE_WORDS);
	CHECK((ord_message_line(message) != 0) == (ord_message_source(message) == ORD_SOURCE_LOG));
	CHECK(ord_message_time_ns(message) > UINT64_C(1600000000) * 1000000000);
	CHECK(ord_message_worker(message) < 3);
}

static uint64_t
numbers_said(uint64_t tasks)
{
	uint64_t said = 0;

	for (uint64_t i = 0; i < tasks; i++)
		said += (uint64_t)(i % 3 == 0) + (uint64_t)(i % 7 == 0) + (uint64_t)(i % 9 == 0) + 2 * (uint64_t)(i % 100 == 0);
	return said;
}

SCENE(words, silent_and_printing_tasks)
{
	for EACH_START (start) {
		struct tally tally = { .on_message = check_number };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = print_own_number, .workers = 3, .start = start));
		for (int i = 0; i < 10000; i++)
			CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, "x", 1, NULL));
		tally_close(&tally, 10000);
		CHECK_EQ(tally.messages, numbers_said(10000));
	}
}

static int
write_input(struct ord_task *task, void *user)
{
	size_t size;
	const char *input = ord_task_input(task, &size);

	(void)user;
	for (ssize_t wrote; size > 0; input += wrote, size -= (size_t)wrote) {
		wrote = write(1, input, size);
		CHECK(wrote > 0);
	}
	return 0;
}

static void
compare(struct tally *tally, const struct ord_result *result)
{
	static const char binary[] = "a\0b\nORDERLY\0\xff\xfe\n\n\r\nno newline\0at the end";
	struct said *said = tally->user;

	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_EQ(said->size, sizeof binary);
	CHECK(memcmp(said->text, binary, sizeof binary - 1) == 0 && said->text[said->size - 1] == '\n');
	said->size = 0;
	said->sequence++;
}

SCENE(words, any_bytes)
{
	static const char binary[] = "a\0b\nORDERLY\0\xff\xfe\n\n\r\nno newline\0at the end";
	struct said said = { .tally = { .on_message = gather, .on_result = compare, .user = &said } };

	tally_open(&said.tally, &TALLY_OPTIONS(&said.tally, .function = write_input, .workers = 1, .messages = ORD_ORDERED));
	for (int i = 0; i < 100; i++)
		CHECK_OK(said.tally.pool, ord_pool_submit(said.tally.pool, binary, sizeof binary - 1, NULL));
	tally_close(&said.tally, 100);
}

enum { LONG_LINE = 10 << 20 };

static int
write_a_long_line(struct ord_task *task, void *user)
{
	static char piece[1 << 20];

	(void)user;
	memset(piece, 'a' + (int)ord_task_sequence(task), sizeof piece);
	for (int i = 0; i < LONG_LINE >> 20; i++)
		CHECK(fwrite(piece, sizeof piece, 1, stdout) == 1);
	printf("\nnext\n");
	return 0;
}

static void
count_parts(struct tally *tally, const struct ord_message *message)
{
	size_t *line = tally->user, size;
	const char *text = ord_message_text(message, &size);

	CHECK(size <= 100000);
	if (strcmp(text, "next") == 0) {
		CHECK_EQ(*line, LONG_LINE);
		*line = 0;
		return;
	}
	*line += size;
	CHECK(size == 0 || text[size - 1] == 'a' + (int)ord_message_sequence(message));
	CHECK_EQ(ord_message_partial(message), *line < LONG_LINE);
}

SCENE(words, a_line_of_ten_megabytes)
{
	size_t line = 0;
	struct tally tally = { .on_message = count_parts, .user = &line };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = write_a_long_line, .workers = 1, .line_bytes = 100000));
	for (int i = 0; i < 3; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	tally_close(&tally, 3);
	CHECK_EQ(tally.messages % 3, 0);
}

static int
say_at_each_level(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	for (int level = ORD_TRACE; level <= ORD_CRITICAL; level++)
		CHECK_EQ(ord_log(level, "level %d", level), 0);
	CHECK_EQ(ord_log(0, "none"), ORD_EINVAL);
	return 0;
}

static void
check_level(struct tally *tally, const struct ord_message *message)
{
	int least = *(const int *)tally->user;

	CHECK(ord_message_level(message) >= least);
	CHECK_EQ(ord_message_text(message, NULL)[6] - '0', ord_message_level(message));
	CHECK(strstr(ord_message_file(message), "test_words.c") != NULL);
}

SCENE(words, levels)
{
	for (int level = 0; level <= ORD_CRITICAL; level++) {
		int least = level == 0 ? ORD_INFO : level;
		struct tally tally = { .on_message = check_level, .user = &least };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = say_at_each_level, .workers = 1, .level = (uint32_t)level));
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
		tally_close(&tally, 1);
		CHECK_EQ(tally.messages, ORD_CRITICAL - least + 1);
	}
}

static int
say_some(struct ord_task *task, void *user)
{
	(void)user;
	for (int i = 0; i < 3; i++) {
		ord_log(ORD_INFO, "a record");
		scene_pause_ms((int)(ord_task_sequence(task) * 7 % 3));
	}
	printf("a line\n");
	return 0;
}

static void
must_be_the_head(struct tally *tally, const struct ord_message *message)
{
	CHECK_EQ(ord_message_sequence(message), tally->results);
}

SCENE(words, ordered)
{
	struct tally tally = { .on_message = must_be_the_head };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = say_some, .workers = 4, .messages = ORD_ORDERED));
	for (int i = 0; i < 500; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	tally_close(&tally, 500);
	CHECK_EQ(tally.messages, 2000);
}

/* The task ends only when its master has heard it. */
static int
log_then_wait(struct ord_task *task, void *user)
{
	(void)user;
	ord_log(ORD_INFO, "heard?");
	printf("heard?\n");
	while (!ord_task_canceled(task))
		scene_pause_ms(1);
	return 0;
}

static void
cancel_when_heard(struct tally *tally, const struct ord_message *message)
{
	CHECK_EQ(tally->results, 0);
	if (tally->messages == 2)
		CHECK_OK(tally->pool, ord_pool_cancel(tally->pool, ord_message_sequence(message)));
}

SCENE(words, come_while_their_task_runs)
{
	struct tally tally = { .on_message = cancel_when_heard };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = log_then_wait, .workers = 1));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	tally_close(&tally, 1);
	CHECK_EQ(tally.messages, 2);
}

enum { FLOOD = 1000000, FLOOD_LEAD = 1000 };

static int
flood_or_answer(struct ord_task *task, void *user)
{
	char how = INPUT_AS(char, task);

	(void)user;
	for (int i = 0; how == 'f' && i < FLOOD; i++)
		ord_log(ORD_INFO, "%d", i);
	return 0;
}

/* Each answer submits the next, as long as the flood lasts. */
static void
answer(struct tally *tally, const struct ord_result *result)
{
	int *over = tally->user;

	if (ord_result_sequence(result) == 0)
		*over = 1;
	else if (!*over)
		CHECK_OK(tally->pool, ord_pool_submit(tally->pool, "a", 1, NULL));
}

SCENE(words, a_flood_delays_nobody)
{
	int over = 0;
	struct tally tally = { .completion = 1, .on_result = answer, .user = &over };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = flood_or_answer, .workers = 2, .order = ORD_COMPLETION));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "f", 1, NULL));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "a", 1, NULL));
	CHECK_OK(tally.pool, ord_pool_finish(tally.pool));
	ord_pool_destroy(&tally.pool);
	CHECK_EQ(tally.messages, FLOOD);
	CHECK(tally.results > FLOOD / FLOOD_LEAD / 10);
}

SCENE(words, not_captured)
{
	struct tally tally = { 0 };
	int kept = dup(1), ends[2];
	char line[16] = "";

	CHECK(pipe(ends) == 0 && dup2(ends[1], 1) == 1);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = write_input, .workers = 1, .capture = ORD_CAPTURE_OFF));
	CHECK(dup2(kept, 1) == 1);
	close(kept);
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "line\n", 5, NULL));
	tally_close(&tally, 1);
	CHECK_EQ(tally.messages, 0);
	close(ends[1]);
	CHECK_EQ(read(ends[0], line, sizeof line), 5);
	CHECK(strcmp(line, "line\n") == 0);
	close(ends[0]);
}

static int
say_two_and_die(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	puts("one");
	CHECK_EQ(write(STDOUT_FILENO, "two\n", 4), 4);
	puts("three");
	raise(SIGKILL);
	return 0;
}

static void
count_up(struct tally *tally, const struct ord_message *message)
{
	static const char *const texts[] = { "", "one", "two", "three" };

	CHECK(tally->messages <= 3);
	CHECK(strcmp(ord_message_text(message, NULL), texts[tally->messages]) == 0);
}

/* A host that is forked has filled whole buffers of its standard output; its workers write lines all the same. */
SCENE(words, of_a_host_that_printed_before)
{
	struct tally tally = { .on_message = count_up };
	int kept = dup(1), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	CHECK(kept >= 0 && null >= 0 && dup2(null, 1) == 1 && setvbuf(stdout, NULL, _IOFBF, 4096) == 0);
	printf("before\n");
	CHECK_EQ(fflush(stdout), 0);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = say_two_and_die, .workers = 1, .start = ORD_START_FORK));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	tally_close(&tally, 1);
	CHECK_EQ(tally.messages, 3);
	CHECK(dup2(kept, 1) == 1 && close(kept) == 0 && close(null) == 0);
}

/* Of many short tasks some print and go on for a while: their answers are not there yet when their lines are. */
static int
print_and_go_on(struct ord_task *task, void *user)
{
	(void)user;
	if (ord_task_sequence(task) % 500 == 499) {
		puts("line");
		scene_pause_ms(20);
	}
	return 0;
}

static void
remember_who(struct tally *tally, const struct ord_message *message)
{
	*(uint64_t *)tally->user = ord_message_sequence(message);
}

static void
must_be_who_spoke(struct tally *tally, const struct ord_result *result)
{
	uint64_t *speaker = tally->user;

	CHECK_EQ(*speaker, ord_result_sequence(result) % 500 == 499 ? ord_result_sequence(result) : ORD_NO_SEQUENCE);
	*speaker = ORD_NO_SEQUENCE;
}

SCENE(words, come_with_their_result_in_the_order_of_completion)
{
	uint64_t speaker = ORD_NO_SEQUENCE;
	struct tally tally = { .completion = 1, .on_result = must_be_who_spoke, .on_message = remember_who,
		.user = &speaker };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = print_and_go_on, .workers = 2, .order = ORD_COMPLETION,
				   .messages = ORD_ORDERED));
	for (int i = 0; i < 5000; i++)
		CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, NULL, 0, NULL));
	tally_close(&tally, 5000);
	CHECK_EQ(tally.messages, 10);
}
