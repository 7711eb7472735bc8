/*
 * A line for each item, rewritten in place with the last that it said; at the
 * end it says how long the item took.  If stdout is no terminal each message
 * is a line of its own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <orderly/orderly.h>

static const char *const names[] = { "anchovy", "bass", "cod", "dab", "eel", "flounder" };

enum { ITEMS = sizeof names / sizeof names[0], TEXT_MAX = 200 };

static int
work(struct ord_task *task, void *user) /* runs in a worker process */
{
	static const char *const steps[] = { "caught", "weighed",
		"packed, which needs both hands" };
	const struct timespec a_while = { .tv_nsec = 30000000 };

	(void)user;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		ord_log(ORD_INFO, "%s", steps[i]);
		nanosleep(&a_while, NULL);
	}
	if (ord_task_sequence(task) == 3)
		return ord_task_fail(task, "it escaped");
	return 0;
}

static int
columns(void)
{
	struct winsize window;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1
		? window.ws_col - 1
		: TEXT_MAX - 1;
}

/* Up to the item's line, write it anew, no longer than the window is wide, and down again. */
static void
rewrite(size_t item, const char *text)
{
	int terminal = isatty(STDOUT_FILENO), up = (int)(ITEMS - item), width = columns();
	char line[TEXT_MAX];

	snprintf(line, sizeof line, "%-10s %s", names[item], text);
	if (terminal)
		printf("\033[%dA\r\033[K%.*s\033[%dB\r", up, width, line, up);
	else
		printf("%s\n", line);
	fflush(stdout);
}

static void
on_message(const struct ord_message *message, void *user)
{
	(void)user;
	rewrite((size_t)ord_message_sequence(message), ord_message_text(message, NULL));
}

static void
finish(const struct ord_result *result)
{
	char text[TEXT_MAX];

	if (ord_result_state(result) == ORD_DONE)
		snprintf(text, sizeof text, "done in %.1f s",
			(double)ord_result_duration_ns(result) / 1e9);
	else
		snprintf(text, sizeof text, "%s: %s", ord_state_name(ord_result_state(result)),
			ord_result_error(result));
	rewrite((size_t)ord_result_sequence(result), text);
}

int
main(int argc, char **argv)
{
	const struct ord_bytes inputs[ITEMS] = { { NULL, 0 } };
	struct ord_results *results;
	int status;

	ord_worker_main(argc, argv);
	for (size_t i = 0; isatty(STDOUT_FILENO) && i < ITEMS; i++)
		printf("%-10s\n", names[i]);
	status = ord_map(work, inputs, ITEMS, &results,
		&ORD_MAP_OPTIONS(.keep_going = 1,
			.pool = &ORD_POOL_OPTIONS(.workers = 3, .on_message = on_message)));
	for (size_t i = 0; i < ord_results_count(results); i++)
		finish(ord_results_at(results, i));
	if (status != 0)
		fprintf(stderr, "lines: %s\n", ord_results_error(results));
	ord_results_destroy(&results);
	return status != 0;
}
