/*
 * What commands say goes straight to their logs; it is read from there: at
 * their end, and while they run if it is to be shown at once.  inotify says
 * when there is more, so that nobody looks while nothing is written.
 */
#define _GNU_SOURCE /* inotify_init1 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run_state.h"

#define PIECE 65536

/* Once per run: all logs of it lie in one directory. */
static void
watch_directory(struct run *run, const char *log)
{
	const char *slash = strrchr(log, '/');
	struct text directory = { 0 };

	if (run->logs_fd != 0 || slash == NULL)
		return;
	run->logs_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	text_add(&directory, log, (size_t)(slash - log));
	text_add_byte(&directory, '\0');
	if (run->logs_fd > 0)
		(void)inotify_add_watch(run->logs_fd, directory.bytes, IN_MODIFY);
	text_finish(&directory);
}

/*
 * Takes a piece of what is new in a log, or all that is there now: who writes
 * faster than it is read does not keep us.  Whether there may be more.
 */
static bool
read_log(struct run *run, struct item *item, bool all)
{
	const char *log = ord_proc_log(item->proc);
	static char piece[PIECE];
	struct stat now;
	ssize_t n;
	int fd;

	if (log == NULL)
		return false;
	watch_directory(run, log);
	fd = open(log, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return false;
	if (fstat(fd, &now) != 0)
		now.st_size = 0;
	do {
		n = pread(fd, piece, sizeof piece, (off_t)item->log_read);
		if (n <= 0)
			continue;
		item->log_read += (uint64_t)n;
		show_bytes(run, item, piece, (size_t)n);
	} while ((n < 0 && errno == EINTR) ||
		(all && n > 0 && item->log_read < (uint64_t)now.st_size));
	close(fd);
	show_logged(run, item);
	return n == PIECE;
}

void
run_logs_begin(struct run *run, struct item *item)
{
	if (run->logs_fd == 0)
		run->logs_behind |= read_log(run, item, false);
}

void
run_logs_read(struct run *run, struct item *item)
{
	(void)read_log(run, item, true);
}

void
run_logs_each(struct run *run, struct item *item,
	void (*take)(struct run *run, struct item *item, const char *bytes, size_t size))
{
	const char *log = ord_proc_log(item->proc);
	static char piece[PIECE];
	int fd = -1;

	if (log != NULL && item->log_shown < item->log_read)
		fd = open(log, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	while (fd >= 0 && item->log_shown < item->log_read) {
		uint64_t left = item->log_read - item->log_shown;
		ssize_t n = pread(fd, piece, left < PIECE ? (size_t)left : PIECE,
			(off_t)item->log_shown);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		item->log_shown += (uint64_t)n;
		take(run, item, piece, (size_t)n);
	}
	if (fd >= 0)
		close(fd);
	item->log_shown = item->log_read;
}

/* Whether something is to be shown of what runs. */
static bool
is_wanted(const struct run *run)
{
	return run->screen || run->options->events_log || run->items.n_running == 1 || run->console != NULL || run->follows;
}

int
run_logs_fd(const struct run *run)
{
	return run->logs_fd > 0 && is_wanted(run) ? run->logs_fd : -1;
}

void
run_logs_step(struct run *run)
{
	char events[4096];
	struct item *item, *behind;

	while (run->logs_fd > 0 && read(run->logs_fd, events, sizeof events) > 0)
		;
	run->logs_behind = false;
	if (!is_wanted(run))
		return;
	for (item = run->items.oldest; item != NULL; item = behind) {
		behind = item->behind;
		run->logs_behind |= read_log(run, item, false);
	}
}
