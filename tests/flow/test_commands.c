/* Commands as tasks: their output, their ends, their surroundings. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tally.h"

#define SH(script) ((const char *const[]){ "sh", "-c", (script), NULL })

/* What the next result must be; messages are joined with a bar behind each. */
struct expected {
	const char *output;
	const char *messages;
	int state;
	int number; /* exit code, or signal */
};

struct stage {
	struct tally tally;
	struct expected expected;
	char said[1000];
	int began; /* a command has said so */
};

static void
gather(struct tally *tally, const struct ord_message *message)
{
	struct stage *stage = tally->user;

	strncat(stage->said, ord_message_text(message, NULL), sizeof stage->said - strlen(stage->said) - 1);
	strncat(stage->said, "|", sizeof stage->said - strlen(stage->said) - 1);
}

static void
compare(struct tally *tally, const struct ord_result *result)
{
	struct stage *stage = tally->user;
	const struct expected *expected = &stage->expected;

	CHECK_EQ(ord_result_state(result), expected->state);
	if (expected->state == ORD_SIGNALED)
		CHECK_EQ(ord_result_signal(result), expected->number);
	else if (expected->state != ORD_TIMED_OUT)
		CHECK_EQ(ord_result_exit_code(result), expected->number);
	if (expected->output != NULL && strcmp(ord_result_output(result, NULL), expected->output) != 0)
		CHECK(fprintf(stderr, "\"%s\"\n", (const char *)ord_result_output(result, NULL)) < 0);
	if (expected->messages != NULL && strcmp(stage->said, expected->messages) != 0)
		CHECK(fprintf(stderr, "\"%s\"\n", stage->said) < 0);
	stage->said[0] = '\0';
	stage->began = strcmp(ord_result_output(result, NULL), "began\n") == 0;
}

static void
stage_open(struct stage *stage)
{
	stage->tally = (struct tally){ .on_message = gather, .on_result = compare, .user = stage };
	tally_open(&stage->tally, &TALLY_OPTIONS(&stage->tally, .workers = 2, .grace_ms = 100));
}

static void
expect(struct stage *stage, struct expected expected, struct ord_command command)
{
	stage->expected = expected;
	CHECK_OK(stage->tally.pool, ord_pool_submit_command(stage->tally.pool, &command, NULL));
	CHECK_OK(stage->tally.pool, ord_pool_run(stage->tally.pool));
}

#define EXPECT(stage, state, number, output, messages, ...) \
	expect((stage), (struct expected){ (output), (messages), (state), (number) }, ORD_COMMAND(__VA_ARGS__))

SCENE(commands, output)
{
	struct stage stage = { .said = "" };
	const char *const *both = SH("printf 'out\\n'; printf 'err' >&2");

	stage_open(&stage);
	EXPECT(&stage, ORD_DONE, 0, "out\n", "err|", .argv = both);
	EXPECT(&stage, ORD_DONE, 0, "", NULL, .argv = both, .output = ORD_OUTPUT_LINES);
	EXPECT(&stage, ORD_DONE, 0, "", "a|b||c|", .argv = SH("printf 'a\\nb\\n\\nc'"), .output = ORD_OUTPUT_LINES);
	EXPECT(&stage, ORD_DONE, 0, "", "a\nb|", .argv = SH("printf 'a\\nb'"), .output = ORD_OUTPUT_CHUNKS);
	EXPECT(&stage, ORD_DONE, 0, "", "", .argv = SH("exit 0"), .output = ORD_OUTPUT_INHERIT);
	EXPECT(&stage, ORD_EXITED, 3, "kept", "", .argv = SH("printf kept; exit 3"));
	EXPECT(&stage, ORD_SIGNALED, SIGKILL, "kept", "", .argv = SH("printf kept; kill -9 $$"));
	tally_close(&stage.tally, 7);
}

SCENE(commands, ends)
{
	struct stage stage = { .said = "" };
	static const char *const missing[] = { "no-such-program-anywhere", NULL };
	static const char *const missing_path[] = { "/nowhere/program", NULL };
	static const char *const closed[] = { "/etc/passwd", NULL };
	static const char *const folder[] = { "/tmp", NULL };

	stage_open(&stage);
	EXPECT(&stage, ORD_EXITED, 1, "", "", .argv = SH("exit 1"));
	EXPECT(&stage, ORD_EXITED, 255, "", "", .argv = SH("exit 255"));
	EXPECT(&stage, ORD_SIGNALED, SIGTERM, "", "", .argv = SH("kill -TERM $$"));
	EXPECT(&stage, ORD_SIGNALED, SIGABRT, "", "", .argv = SH("kill -ABRT $$"));
	EXPECT(&stage, ORD_FAILED, 127, "", "", .argv = missing);
	EXPECT(&stage, ORD_FAILED, 127, "", "", .argv = missing_path);
	EXPECT(&stage, ORD_FAILED, 126, "", "", .argv = closed);
	EXPECT(&stage, ORD_FAILED, 126, "", "", .argv = folder);
	tally_close(&stage.tally, 8);
}

SCENE(commands, surroundings)
{
	struct stage stage = { .said = "" };
	static const char *const env[] = { "ADDED=here", "HOME=/changed", NULL };
	static const char *const other_path[] = { "PATH=/usr/bin:/bin", NULL };

	CHECK(setenv("KEPT", "too", 1) == 0);
	stage_open(&stage);
	EXPECT(&stage, ORD_DONE, 0, "here too /changed", "", .argv = SH("printf \"$ADDED $KEPT $HOME\""), .env = env);
	EXPECT(&stage, ORD_DONE, 0, "/usr\n", "", .argv = SH("pwd"), .cwd = "/usr");
	EXPECT(&stage, ORD_DONE, 0, "", "", .argv = SH("cat"));
	EXPECT(&stage, ORD_DONE, 0, "fed", "", .argv = SH("cat"), .input = "fed", .input_size = 3);
	EXPECT(&stage, ORD_DONE, 0, "fe", "", .argv = SH("head -c 2"), .input = "fed", .input_size = 3);
	EXPECT(&stage, ORD_DONE, 0, "ok", "", .argv = SH("case $ORDERLY_SLOT in 0|1|2) printf ok;; esac"));
	EXPECT(&stage, ORD_DONE, 0, "", "", .argv = SH("ls /proc/self/fd | grep -qvx '[0123]' && exit 1; exit 0"));
	EXPECT(&stage, ORD_DONE, 0, NULL, "", .argv = SH("true"), .env = other_path);
	tally_close(&stage.tally, 8);
}

/* More input than a pipe holds, to one that reads it all and to one that reads nothing. */
SCENE(commands, large_inputs)
{
	struct stage stage = { .said = "" };
	char *input = malloc(1 << 20);

	CHECK(input != NULL);
	memset(input, 'i', 1 << 20);
	stage_open(&stage);
	EXPECT(&stage, ORD_DONE, 0, "1048576\n", "", .argv = SH("wc -c"), .input = input, .input_size = 1 << 20);
	EXPECT(&stage, ORD_DONE, 0, "", "", .argv = SH("true"), .input = input, .input_size = 1 << 20);
	free(input);
	tally_close(&stage.tally, 2);
}

static void
check_size(struct tally *tally, const struct ord_result *result)
{
	size_t size;

	(void)tally;
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	ord_result_output(result, &size);
	CHECK_EQ(size, 8 << 20);
}

SCENE(commands, large_outputs)
{
	struct tally tally = { .on_result = check_size };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 3));
	for (int i = 0; i < 20; i++)
		CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool,
					     &ORD_COMMAND(.argv = SH("head -c 8388608 /dev/zero")), NULL));
	tally_close(&tally, 20);
}

SCENE(commands, timeout_kills_grandchildren)
{
	struct stage stage = { .said = "" };

	stage_open(&stage);
	/* A shell that had not begun when its time was up is given longer. */
	for (uint32_t ms = 100; !stage.began; ms *= 10) {
		CHECK(ms < SCENE_LONG_MS);
		EXPECT(&stage, ORD_TIMED_OUT, 0, NULL, "", .argv = SH("echo began; sleep 1000 & sleep 1000"), .timeout_ms = ms);
	}
	EXPECT(&stage, ORD_TIMED_OUT, 0, NULL, "", .argv = SH("trap '' TERM; sleep 1000; sleep 1000"), .timeout_ms = 100,
		.grace_ms = 50);
	EXPECT(&stage, ORD_DONE, 0, "in time", "", .argv = SH("printf 'in time'"), .timeout_ms = SCENE_LONG_MS);
	tally_close(&stage.tally, stage.tally.results);
}

/* It says its group, when what takes long to die is in there. */
static void
group_is_gone(struct tally *tally, const struct ord_result *result)
{
	int group;

	CHECK_EQ(ord_result_state(result), ORD_TIMED_OUT);
	if (sscanf(ord_result_output(result, NULL), "%d", &group) == 1) {
		CHECK(kill(-group, 0) != 0 && errno == ESRCH);
		*(int *)tally->user = 1;
	}
}

/* Whoever starts the next on the same files is not to meet the last of the former. */
SCENE(commands, the_end_of_a_group_is_told_when_it_is_empty)
{
	static const char large[] = "n=100000000; { { head -c $n /dev/zero; echo $$ >&3; sleep 1000; } | tail -c $n; } 3>&1 & wait";
	int seen = 0;
	struct tally tally = { .on_result = group_is_gone, .user = &seen };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 1, .grace_ms = 1));
	for (uint32_t ms = 1000; !seen; ms *= 4) {
		CHECK(ms < SCENE_LONG_MS);
		CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = SH(large), .timeout_ms = ms), NULL));
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	}
	tally_close(&tally, tally.results);
}

/* It holds the pipe, and the result does not wait for it; it goes with the pool. */
SCENE(commands, a_background_child_delays_nothing)
{
	struct stage stage = { .said = "" };

	stage_open(&stage);
	EXPECT(&stage, ORD_DONE, 0, "done", "", .argv = SH("printf done; sleep 1000 &"));
	EXPECT(&stage, ORD_DONE, 0, "done", "", .argv = SH("printf done; setsid sleep 1000 & sleep 0.05"));
	tally_close(&stage.tally, 2);
}

SCENE(commands, five_thousand)
{
	static const char *const argv[] = { "true", NULL };
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 4, .window = 5000));
	for (int i = 0; i < 5000; i++)
		CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = argv), NULL));
	tally_close(&tally, 5000);
	CHECK_EQ(tally.states[ORD_DONE], 5000);
}

static int
say_sequence(struct ord_task *task, void *user)
{
	char text[32];
	int size = snprintf(text, sizeof text, "%d\n", (int)ord_task_sequence(task));

	(void)user;
	if (ord_task_sequence(task) % 50 == 49)
		raise(SIGKILL);
	return ord_task_return(task, text, (size_t)size);
}

static void
check_mixed(struct tally *tally, const struct ord_result *result)
{
	uint64_t sequence = ord_result_sequence(result);

	(void)tally;
	if (ord_result_state(result) == ORD_SIGNALED)
		CHECK(sequence % 50 == 49);
	else
		CHECK_EQ(strtoull(ord_result_output(result, NULL), NULL, 10), sequence);
	CHECK((ord_result_user(result) != NULL) == (sequence % 2 == 0));
}

SCENE(commands, mixed_with_functions)
{
	for EACH_START (start) {
		struct tally tally = { .on_result = check_mixed };
		char script[32];

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = say_sequence, .workers = 3, .start = start));
		for (int i = 0; i < 400; i++) {
			snprintf(script, sizeof script, "echo %d", i);
			if (i % 2 == 0)
				CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool,
							     &ORD_COMMAND(.argv = SH(script), .user = &tally), NULL));
			else
				CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
		}
		tally_close(&tally, 400);
		CHECK_EQ(tally.states[ORD_SIGNALED], 8);
	}
}
