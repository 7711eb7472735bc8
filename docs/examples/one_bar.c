/*
 * One bar for all items.  Each says with ord_log how much it has to do, and
 * each step; the bar knows the sum.  If stdout is no terminal there is a line
 * for each quarter.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <orderly/orderly.h>

enum { ITEMS = 6, BAR_MAX = 50, LABEL = 8 };

struct bar {
	int terminal;
	int items; /* that have said how much they have to do */
	int total; /* of these */
	int done;
	int quarters;
};

static int
work(struct ord_task *task, void *user) /* runs in a worker process */
{
	const struct timespec a_while = { .tv_nsec = 5000000 };
	int steps = 10 * (1 + (int)ord_task_sequence(task));

	(void)user;
	ord_log(ORD_INFO, "total %d", steps);
	for (int step = 0; step < steps; step++) {
		nanosleep(&a_while, NULL);
		ord_log(ORD_INFO, "step");
	}
	return 0;
}

/* What an item has not begun to say is taken to be as much as the others said. */
static int
percent(const struct bar *bar)
{
	return bar->items == 0 || bar->total == 0
		? 0
		: 100 * bar->done / (bar->total * ITEMS / bar->items);
}

static void
draw(const struct bar *bar)
{
	struct winsize window;
	int width = BAR_MAX;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 &&
		window.ws_col - LABEL < width)
		width = window.ws_col - LABEL; /* below 0 there is room for the number only */
	printf("\r\033[K%3d %% ", percent(bar));
	for (int i = 0; i < width; i++)
		putchar(i < width * percent(bar) / 100 ? '#' : '.');
	fflush(stdout);
}

static void
on_message(const struct ord_message *message, void *user)
{
	struct bar *bar = user;
	int total;

	if (sscanf(ord_message_text(message, NULL), "total %d", &total) == 1) {
		bar->items++;
		bar->total += total;
	} else {
		bar->done++;
	}
	if (bar->terminal)
		draw(bar);
	else
		for (; bar->quarters < percent(bar) / 25; bar->quarters++)
			printf("%d %%\n", 25 * (bar->quarters + 1));
}

int
main(int argc, char **argv)
{
	const struct ord_bytes inputs[ITEMS] = { { NULL, 0 } };
	struct bar bar = { 0 };
	struct ord_results *results;
	int status;

	ord_worker_main(argc, argv);
	bar.terminal = isatty(STDOUT_FILENO);
	status = ord_map(work, inputs, ITEMS, &results,
		&ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.on_message = on_message,
					 .on_message_user = &bar)));
	if (status != 0)
		fprintf(stderr, "one_bar: %s\n", ord_results_error(results));
	else
		printf("%s%d steps of %zu items done\n", bar.terminal ? "\n" : "", bar.done,
			ord_results_count(results));
	ord_results_destroy(&results);
	return status != 0;
}
