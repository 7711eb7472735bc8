/*
 * One line of /proc for each process, and the list of its children.  The clock
 * of the first process is exact, the times of the others go by the kernel's
 * ticks of 10 ms.
 */
#define _GNU_SOURCE /* CLOCK_BOOTTIME, clock_getcpuclockid */
#include "spawn/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

/* Of /proc/PID/stat, counted from the state behind the name. */
enum stat_field {
	STAT_USER = 11,
	STAT_SYSTEM,
	STAT_CHILDREN_USER,
	STAT_CHILDREN_SYSTEM,
	STAT_THREADS = 17,
	STAT_START = 19,
	STAT_RESIDENT = 21,
	STAT_FIELDS
};

struct line {
	char state;
	uint64_t fields[STAT_FIELDS];
};

/* Bytes read, with a NUL behind them; 0: it cannot be read. */
__attribute__((format(printf, 3, 4))) static size_t
read_file(char *text, size_t size, const char *format, ...)
{
	char path[96];
	va_list arguments;
	ssize_t got;
	int fd;

	va_start(arguments, format);
	vsnprintf(path, sizeof path, format, arguments);
	va_end(arguments);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd >= 0 ? read(fd, text, size - 1) : -1;
	fd_close(&fd);
	text[got > 0 ? got : 0] = '\0';
	return got > 0 ? (size_t)got : 0;
}

/* The name in it may hold anything but its last ')'. */
static bool
read_line(struct line *line, pid_t pid)
{
	char text[1024], *at;

	if (read_file(text, sizeof text, "/proc/%d/stat", (int)pid) == 0)
		return false;
	at = strrchr(text, ')');
	if (at == NULL || strlen(at) < 4)
		return false;
	line->state = at[2];
	at += 3;
	for (size_t i = 1; i < STAT_FIELDS; i++)
		line->fields[i] = strtoull(at, &at, 10);
	return true;
}

static uint64_t
ticks_to_ns(uint64_t ticks)
{
	return ticks * (CLOCK_NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
}

static uint64_t
to_ns(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * CLOCK_NS_PER_S + (uint64_t)time->tv_nsec;
}

/* Its own time, exactly; 0: the kernel does not tell. */
static uint64_t
exact_ns(pid_t pid)
{
	struct timespec time;
	clockid_t clock;

	return clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &time) == 0
		? to_ns(&time)
		: 0;
}

/* Add the process; what it used in all is that of an earlier task too if it is the first. */
static void
add(struct usage *usage, pid_t pid, const struct line *line)
{
	const uint64_t *field = line->fields;
	uint64_t own = usage->n_pids == 0 ? exact_ns(pid) : 0;

	if (own == 0)
		own = ticks_to_ns(field[STAT_USER] + field[STAT_SYSTEM]);
	usage->cpu_ns += own + ticks_to_ns(field[STAT_CHILDREN_USER] + field[STAT_CHILDREN_SYSTEM]);
	usage->resident_kib += field[STAT_RESIDENT] * ((uint64_t)sysconf(_SC_PAGESIZE) / 1024);
	if (line->state != 'Z' && line->state != 'X')
		usage->threads += (uint32_t)field[STAT_THREADS];
	usage->pids[usage->n_pids++] = pid;
}

/* CLOCK_MONOTONIC when a process began: the kernel says so in ticks of the time since it was booted. */
static uint64_t
began_ns(const struct line *line, uint64_t asleep_ns)
{
	return ticks_to_ns(line->fields[STAT_START] + 1) - asleep_ns;
}

/* How far CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC. */
static uint64_t
time_asleep(void)
{
	struct timespec boot;

	if (clock_gettime(CLOCK_BOOTTIME, &boot) != 0)
		return 0;
	return to_ns(&boot) - clock_now_ns();
}

static void
add_children(struct usage *usage, char *list, uint64_t since_ns, uint64_t asleep_ns)
{
	struct line line;
	char *at = list, *stop;

	for (;; at = stop) {
		pid_t pid = (pid_t)strtol(at, &stop, 10);

		if (stop == at || usage->n_pids == FAMILY_MAX)
			return;
		if (read_line(&line, pid) && began_ns(&line, asleep_ns) >= since_ns)
			add(usage, pid, &line);
	}
}

/* Each thread has children of its own. */
static void
find_children(struct usage *usage, pid_t pid, uint64_t since_ns, uint64_t asleep_ns)
{
	char path[64], list[4096];
	struct dirent *thread;
	DIR *threads;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	threads = opendir(path);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this directory stream */
	while (threads != NULL && (thread = readdir(threads)) != NULL)
		if (thread->d_name[0] != '.' &&
			read_file(list, sizeof list, "/proc/%d/task/%.20s/children", (int)pid,
				thread->d_name) != 0)
			add_children(usage, list, since_ns, asleep_ns);
	if (threads != NULL)
		closedir(threads);
}

void
usage_read(struct usage *usage, pid_t pid, uint64_t since_ns)
{
	uint64_t asleep_ns = time_asleep();
	struct line line;

	usage->cpu_ns = usage->resident_kib = usage->threads = 0;
	usage->n_pids = 0;
	if (!read_line(&line, pid)) {
		usage->cpu_ns = exact_ns(pid);
		usage->threads = usage->cpu_ns != 0; /* who is gone has no clock */
		return;
	}
	if (line.state == 'Z' || line.state == 'X')
		return;
	add(usage, pid, &line);
	for (size_t i = 0; i < usage->n_pids; i++)
		find_children(usage, usage->pids[i], since_ns, asleep_ns);
}

uint64_t
usage_part_kib(const struct usage *usage)
{
	char text[2048];
	uint64_t sum = 0;

	for (size_t i = 0; i < usage->n_pids; i++) {
		const char *part = NULL;

		if (read_file(text, sizeof text, "/proc/%d/smaps_rollup", (int)usage->pids[i]) != 0)
			part = strstr(text, "\nPss:");
		if (part == NULL)
			return usage->resident_kib;
		sum += strtoull(part + strlen("\nPss:"), NULL, 10);
	}
	return sum;
}
