/*
 * `true` once per input, two at a time, in the order of the inputs: orderly
 * map against xargs and GNU parallel. BENCH_COMMANDS (10000) is the number of
 * inputs; parallel, which takes longer, gets a twentieth of them.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/measure.h"

struct peer {
	const char *name;
	const char *const *argv;
	const char *cpu_goal, *cpu_stretch, *rate_goal;
};

static void
write_inputs(const char *path, unsigned long inputs)
{
	FILE *file = fopen(path, "we");

	for (unsigned long i = 0; file && i < inputs; i++)
		fprintf(file, "%lu\n", i);
	if (!file || fclose(file) != 0)
		fail("cannot write %s", path);
}

static void
compare(const struct peer *peer, const char *const ours_argv[], const char *input,
	unsigned long inputs)
{
	struct series ours_us = { 0 }, theirs_us = { 0 }, ours_rate = { 0 }, theirs_rate = { 0 };
	char cpu_name[96], rate_name[96];

	snprintf(cpu_name, sizeof cpu_name, "CPU per command, map true x %lu", inputs);
	snprintf(rate_name, sizeof rate_name, "commands a second, map true x %lu", inputs);
	if (!installed(peer->argv[0])) {
		figure_skip(cpu_name, peer->name, "not installed");
		figure_skip(rate_name, peer->name, "not installed");
		return;
	}
	write_inputs(input, inputs);
	for (size_t round = 0; round < rounds(); round++) {
		struct cost ours = run(ours_argv, input, "/dev/null");
		struct cost theirs = run(peer->argv, input, "/dev/null");

		series_add(&ours_us, ours.cpu_s * 1e6 / (double)inputs);
		series_add(&theirs_us, theirs.cpu_s * 1e6 / (double)inputs);
		series_add(&ours_rate, (double)inputs / ours.wall_s);
		series_add(&theirs_rate, (double)inputs / theirs.wall_s);
	}
	figure_print(&(struct figure){ .name = cpu_name,
			     .unit = "us",
			     .against = peer->name,
			     .goal = peer->cpu_goal,
			     .stretch = peer->cpu_stretch },
		&ours_us, &theirs_us);
	figure_print(&(struct figure){ .name = rate_name,
			     .unit = "commands/s",
			     .against = peer->name,
			     .goal = peer->rate_goal },
		&ours_rate, &theirs_rate);
}

int
main(void)
{
	const char *command = getenv("ORDERLY"), *text = getenv("BENCH_COMMANDS");
	const char *const ours[] = { command ? command : "orderly", "map", "-j2", "true", NULL };
	const char *const xargs[] = { "xargs", "-P2", "-n1", "true", NULL };
	const char *const parallel[] = { "parallel", "-j2", "-k", "true", NULL };
	unsigned long inputs = text ? strtoul(text, NULL, 10) : 10000;
	char input[] = "/tmp/bench-inputs-XXXXXX";
	int fd = mkstemp(input);

	if (fd < 0)
		fail("cannot make %s", input);
	close(fd);
	compare(&(struct peer){ "xargs", xargs, "ratio <= 1.15", "ratio <= 1", NULL }, ours, input,
		inputs);
	compare(&(struct peer){ "parallel -k", parallel, NULL, NULL, "ratio >= 5" }, ours, input,
		inputs / 20 + 1);
	unlink(input);
	return 0;
}
