/* What outlives its task or command and never stops talking: what the dead had said is told, and nobody waits for the rest. */
#define _XOPEN_SOURCE 700 /* getsid */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tally.h"

/* In a session of its own, so that nobody kills it with its worker's group. */
static void
leave_a_talker(void)
{
	static char lines[32768];
	pid_t child = fork();

	while (child > 0 && getsid(child) != child)
		scene_pause_ms(1);
	if (child != 0)
		return;
	memset(lines, '\n', sizeof lines);
	setsid();
	while (write(STDOUT_FILENO, lines, sizeof lines) > 0)
		;
	_exit(0);
}

enum { DIE = 'd', RETURN = 'r', TALK = 't' };

static int
act(struct ord_task *task, void *user)
{
	(void)user;
	switch (*(const char *)ord_task_input(task, NULL)) {
	case DIE:
		leave_a_talker();
		(void)!write(STDOUT_FILENO, "last words\n", 11);
		raise(SIGKILL);
		break;
	case RETURN: leave_a_talker(); break;
	}
	printf("words\n");
	return 0;
}

/* Slow enough for a talker to fill its pipe again meanwhile, however much was read. */
static void
note(struct tally *tally, const struct ord_message *message)
{
	size_t size;

	ord_message_text(message, &size);
	if (size > 1000 || tally->messages % 500 == 0)
		scene_pause_ms(5);
	if (strcmp(ord_message_text(message, NULL), "last words") == 0 && tally->user != NULL)
		++*(int *)tally->user;
}

SCENE(talkers, one_that_survives_its_worker)
{
	for EACH_START (start) {
		int last_words = 0;
		struct tally tally = { .on_message = note, .user = &last_words };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 1, .start = start));
		for (const char *input = "dtdt"; *input != '\0'; input++)
			CHECK_OK(tally.pool, ord_pool_submit(tally.pool, input, 1, NULL));
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		tally_close(&tally, 4);
		CHECK_EQ(tally.states[ORD_SIGNALED], 2);
		CHECK_EQ(last_words, 2);
	}
}

/* Its worker lives, and other tasks run in it. */
SCENE(talkers, one_that_survives_its_task)
{
	struct tally tally = { .on_message = note };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2));
	for (const char *input = "rttttttt"; *input != '\0'; input++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, input, 1, NULL));
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	tally_close(&tally, 8);
	CHECK_EQ(tally.states[ORD_DONE], 8);
}

SCENE(talkers, one_that_survives_its_command)
{
	static const char *const argv[] = { "sh", "-c", "yes & echo first; sleep 0.1; exit 3", NULL };
	static const uint32_t outputs[] = { ORD_OUTPUT_LINES, ORD_OUTPUT_CHUNKS, ORD_OUTPUT_RESULT };

	for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
		struct tally tally = { .on_message = note };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 2));
		for (int k = 0; k < 2; k++)
			CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = argv, .output = outputs[i]), NULL));
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		tally_close(&tally, 2);
		CHECK_EQ(tally.states[ORD_EXITED], 2);
	}
}
