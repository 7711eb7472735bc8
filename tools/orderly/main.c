/*
 * `orderly` is a table of subcommands.  To add one: write NAME.c with a
 * function that gets argc and argv, argv[0] being "orderly NAME"; add its row
 * here; write its page docs/man/orderly-NAME.1.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orderly/orderly.h>

#include "complain.h"
#include "map.h"
#ifdef ORD_GRAPH
#include "ctx.h"
#include "graph.h"
#include "run.h"
#endif
#ifdef ORD_JOBS
#include "jobs.h"
#endif
#include "signals.h"
#include "text.h"

#define STATUS_USAGE 2

struct subcommand {
	const char *name, *title; /* title is what its messages begin with */
	int (*run)(int argc, char **argv);
	int trouble; /* its exit status if it fails itself */
	const char *summary;
};

static const struct subcommand subcommands[] = {
	{ "map", "orderly map", map_main, STATUS_TROUBLE,
		"run a command for each input, output in order" },
#ifdef ORD_GRAPH
	{ "run", "orderly run", run_main, RUN_TROUBLE,
		"run procs of orderly.yaml and what they depend on" },
	{ "graph", "orderly graph", graph_main, GRAPH_TROUBLE, "show what is in orderly.yaml" },
	{ "ctx", "orderly ctx", ctx_main, CTX_TROUBLE, "talk to the graph that runs this command" },
#endif
#ifdef ORD_JOBS
	{ "jobs", "orderly jobs", jobs_main, JOBS_TROUBLE,
		"work off a list of jobs that many processes share" },
#endif
};

static const size_t n_subcommands = sizeof subcommands / sizeof subcommands[0];

/* What could be built in and is not. */
static const struct absent {
	const char *name, *option, *packages;
} absents[] = {
#ifndef ORD_GRAPH
#define GRAPH_PACKAGES "libsqlite3-dev, libpcre2-dev, libxxhash-dev and libyaml-dev"
	{ "run", "ORDERLY_WITH_GRAPH", GRAPH_PACKAGES },
	{ "graph", "ORDERLY_WITH_GRAPH", GRAPH_PACKAGES },
	{ "ctx", "ORDERLY_WITH_GRAPH", GRAPH_PACKAGES },
#endif
#ifndef ORD_JOBS
	{ "jobs", "ORDERLY_WITH_JOBS", "libsqlite3-dev" },
#endif
#ifndef ORD_STACK_TRACE
	{ "stack-trace", "ORD_STACK_TRACE", "libdw-dev" },
#endif
	{ NULL, NULL, NULL },
};

/* What the library can do beside the subcommands. */
#ifdef ORD_STACK_TRACE
static const char built_in[] = " stack-trace";
#else
static const char built_in[] = "";
#endif

static void
print_version(FILE *stream, struct argp_state *state)
{
	size_t i;

	(void)state;
	fprintf(stream, "orderly %s (library %s)\nbuilt in:", ORD_VERSION, ord_version());
	for (i = 0; i < n_subcommands; i++)
		fprintf(stream, " %s", subcommands[i].name);
	fprintf(stream, "%s\n", built_in);
	for (i = 0; absents[i].name != NULL; i++)
		fprintf(stream, "%s %s", i == 0 ? "not built in:" : "", absents[i].name);
	if (i > 0)
		fputc('\n', stream);
}

static void
print_help(FILE *stream)
{
	size_t i;

	fprintf(stream,
		"usage: orderly COMMAND [ARGUMENT…]\n\n"
		"Do many things at once and get everything back in order.\n\n");
	for (i = 0; i < n_subcommands; i++)
		fprintf(stream, "  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
	fprintf(stream, "  %-10s %s\n  %-10s %s\n", "help",
		"this text, or that of a command: orderly help map", "--version",
		"the version and what is built in");
}

static const struct subcommand *
find(const char *name)
{
	size_t i;

	for (i = 0; i < n_subcommands; i++)
		if (strcmp(subcommands[i].name, name) == 0)
			return &subcommands[i];
	return NULL;
}

static int
complain_unknown(const char *name)
{
	size_t i;

	for (i = 0; absents[i].name != NULL; i++) {
		if (strcmp(name, absents[i].name) != 0)
			continue;
		fprintf(stderr,
			"orderly: '%s' is not built in: configure with -D%s=ON, which needs %s, and build anew\n",
			name, absents[i].option, absents[i].packages);
		return STATUS_USAGE;
	}
	fprintf(stderr, "orderly: there is no command '%s'", name);
	for (i = 0; i < n_subcommands; i++)
		if (text_is_close(name, subcommands[i].name))
			fprintf(stderr, "; did you mean '%s'?", subcommands[i].name);
	fprintf(stderr, "\nTry 'orderly help'.\n");
	return STATUS_USAGE;
}

static int
run(const struct subcommand *subcommand, int argc, char **argv)
{
	char title[64];

	snprintf(title, sizeof title, "%s", subcommand->title);
	argv[0] = title;
	complain_as(subcommand->title, subcommand->trouble);
	return subcommand->run(argc, argv);
}

static int
help(int argc, char **argv)
{
	char option[] = "--help", *arguments[] = { NULL, option, NULL };
	const struct subcommand *subcommand;

	if (argc < 2) {
		print_help(stdout);
		return 0;
	}
	subcommand = find(argv[1]);
	return subcommand != NULL ? run(subcommand, 2, arguments) : complain_unknown(argv[1]);
}

static int
dispatch(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	const struct subcommand *subcommand = find(name);

	if (subcommand != NULL)
		return run(subcommand, argc - 1, argv + 1);
	if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		return help(argc - 1, argv + 1);
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		print_version(stdout, NULL);
		return 0;
	}
	if (*name != '\0')
		return complain_unknown(name);
	print_help(stderr);
	return STATUS_USAGE;
}

/* argp ends the process itself when it has shown a help text. */
static void
check_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	perror("orderly: cannot write to standard output");
	_exit(STATUS_USAGE + 1);
}

int
main(int argc, char **argv)
{
	ord_worker_main(argc, argv);
	signals_begin();
	atexit(check_output);
	argp_program_version_hook = print_version;
	return dispatch(argc, argv);
}
