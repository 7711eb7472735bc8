/*
 * `orderly map --pipe cat` and `--filter cat` on lines of seq(1): the first
 * against GNU parallel --pipe -k, the second against the raw loop, a line
 * against a task. BENCH_LINES (10000000) is the number of lines.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reference/loop.h"
#include "support/measure.h"

enum { WORKERS = 2, LOOP_TASKS = 4000000 };

static void
write_lines(const char *path, unsigned long lines)
{
	FILE *file = fopen(path, "we");

	for (unsigned long i = 1; file && i <= lines; i++)
		fprintf(file, "%lu\n", i);
	if (!file || fclose(file) != 0)
		fail("cannot write %s", path);
}

/* "parallel" alone may be another program of that name. */
static bool
is_gnu_parallel(void)
{
	char line[64] = "";
	FILE *output = popen("parallel --version 2>/dev/null </dev/null", "re");

	if (output) {
		if (!fgets(line, sizeof line, output))
			line[0] = '\0';
		pclose(output);
	}
	return strncmp(line, "GNU parallel", strlen("GNU parallel")) == 0;
}

static void
bench_blocks(const char *command, const char *input, unsigned long lines)
{
	const char *const ours_argv[] = { command, "map", "-j2", "--pipe", "cat", NULL };
	const char *const theirs_argv[] = { "parallel", "-j2", "--pipe", "-k", "cat", NULL };
	struct series ours = { 0 }, theirs = { 0 }, ours_cpu = { 0 }, theirs_cpu = { 0 };
	char name[96], cpu_name[96];

	snprintf(name, sizeof name, "lines a second, map --pipe cat x %lu", lines);
	snprintf(cpu_name, sizeof cpu_name, "CPU per 1000 lines, map --pipe cat x %lu", lines);
	if (!is_gnu_parallel()) {
		figure_skip(name, "parallel --pipe -k", "GNU parallel is not installed");
		figure_skip(cpu_name, "parallel --pipe -k", "GNU parallel is not installed");
		return;
	}
	for (size_t round = 0; round < rounds(); round++) {
		struct cost mine = run(ours_argv, input, "/dev/null");
		struct cost other = run(theirs_argv, input, "/dev/null");

		series_add(&ours, (double)lines / mine.wall_s);
		series_add(&theirs, (double)lines / other.wall_s);
		series_add(&ours_cpu, mine.cpu_s * 1e9 / (double)lines);
		series_add(&theirs_cpu, other.cpu_s * 1e9 / (double)lines);
	}
	figure_print(&(struct figure){ .name = name,
			     .unit = "lines/s",
			     .against = "parallel --pipe -k",
			     .goal = "ratio >= 3" },
		&ours, &theirs);
	figure_print(
		&(struct figure){ .name = cpu_name, .unit = "us", .against = "parallel --pipe -k" },
		&ours_cpu, &theirs_cpu);
}

static void
bench_filter(const char *command, const char *input, unsigned long lines)
{
	const char *const argv[] = { command, "map", "-j2", "--filter", "cat", NULL };
	const struct shape shape = { 4096, 1024, 4096 / WORKERS, 8 };
	struct loop *loop = loop_new(WORKERS);
	struct series ours = { 0 }, raw = { 0 };
	char name[96];

	snprintf(name, sizeof name, "lines a second, map --filter cat x %lu", lines);
	loop_connect(loop);
	for (size_t round = 0; round < rounds(); round++) {
		struct cost mine = run(argv, input, "/dev/null");
		uint64_t begin = now_ns();

		loop_run(loop, &shape, LOOP_TASKS);
		series_add(&raw, LOOP_TASKS * 1e9 / (double)(now_ns() - begin));
		series_add(&ours, (double)lines / mine.wall_s);
	}
	loop_destroy(loop);
	figure_print(&(struct figure){ .name = name,
			     .unit = "lines/s",
			     .against = "raw loop, tasks/s",
			     .goal = "ratio >= 0.1" },
		&ours, &raw);
}

int
main(void)
{
	const char *command = getenv("ORDERLY"), *text = getenv("BENCH_LINES");
	unsigned long lines = text ? strtoul(text, NULL, 10) : 10000000;
	char input[] = "/tmp/bench-lines-XXXXXX";
	int fd = mkstemp(input);

	if (fd < 0)
		fail("cannot make %s", input);
	close(fd);
	command = command ? command : "orderly";
	write_lines(input, lines);
	bench_filter(command, input, lines);
	bench_blocks(command, input, lines);
	unlink(input);
	return 0;
}
