/*
 * A bar for each worker, moved by what its item says with ord_log: "3/20".
 * If stdout is no terminal there is a line for each item that is done.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <orderly/orderly.h>

enum { ITEMS = 8, WORKERS = 3, STEPS = 20, BAR_MAX = 40, LABEL = 24 };

static int
work(struct ord_task *task, void *user) /* runs in a worker process */
{
	const struct timespec a_while = { .tv_nsec = 5000000 };

	(void)task;
	(void)user;
	for (int step = 1; step <= STEPS; step++) {
		nanosleep(&a_while, NULL);
		ord_log(ORD_INFO, "%d/%d", step, STEPS);
	}
	return 0;
}

static int
columns(void)
{
	struct winsize window;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1
		? window.ws_col - 1
		: LABEL + BAR_MAX;
}

/*
 * Up to the worker's line, write it anew, and down again.  It is cut where the
 * window ends: a line that goes on in the next one leads the cursor astray.
 */
static void
draw(uint32_t worker, uint64_t item, int done, int of)
{
	int width = columns(), up = WORKERS - (int)worker;
	int bar = width > LABEL + BAR_MAX ? BAR_MAX : width > LABEL ? width - LABEL : 0;
	char full[BAR_MAX + 1] = "", line[LABEL + BAR_MAX + 1];

	memset(full, '#', (size_t)(bar * done / of));
	snprintf(line, sizeof line, "worker %" PRIu32 " item %2" PRIu64 " [%-*s]", worker, item,
		bar, full);
	printf("\033[%dA\r\033[K%.*s\033[%dB\r", up, width, line, up);
	fflush(stdout);
}

static void
on_message(const struct ord_message *message, void *user)
{
	const int *terminal = user;
	uint64_t item = ord_message_sequence(message);
	int done, of;

	if (sscanf(ord_message_text(message, NULL), "%d/%d", &done, &of) != 2 || of < 1 ||
		done < 0 || done > of)
		return;
	if (*terminal)
		draw(ord_message_worker(message), item, done, of);
	else if (done == of)
		printf("item %" PRIu64 " done\n", item);
}

int
main(int argc, char **argv)
{
	const struct ord_bytes inputs[ITEMS] = { { NULL, 0 } };
	struct ord_results *results;
	int terminal, status;

	ord_worker_main(argc, argv);
	terminal = isatty(STDOUT_FILENO);
	for (int i = 0; terminal && i < WORKERS; i++)
		putchar('\n');
	status = ord_map(work, inputs, ITEMS, &results,
		&ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.workers = WORKERS,
					 .on_message = on_message, .on_message_user = &terminal)));
	if (status != 0)
		fprintf(stderr, "bars: %s\n", ord_results_error(results));
	else
		printf("%zu items done\n", ord_results_count(results));
	ord_results_destroy(&results);
	return status != 0;
}
