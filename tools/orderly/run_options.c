/* Options and names may be mixed; behind -- everything is a name. */
#include "run_options.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <orderly/graph.h>

#include "complain.h"
#include "graph_file.h"
#include "machine.h"
#include "run.h"
#include "run_status.h"
#include "text.h"
#include "values.h"

enum long_option {
	OPTION_FAIL_FAST = 256,
	OPTION_SHUFFLE,
	OPTION_LIST,
	OPTION_OUTPUT,
	OPTION_COLOR,
	OPTION_LINKS,
	OPTION_FOLD,
	OPTION_STATUS,
	OPTION_EVENTS,
	OPTION_EVENTS_LOG,
	OPTION_TRACE,
	OPTION_FULL,
	OPTION_DATABASE,
	OPTION_JOBSERVER
};

static const struct argp_option table[] = { { NULL, 0, NULL, 0, "What is run:", 1 },
	{ "file", 'f', "FILE", 0,
		"The graph's file (default: orderly.yaml, .yml or .json, here or above)", 1 },
	{ "directory", 'C', "DIR", 0, "Begin to look for it in DIR", 1 },
	{ "param", 'p', "NAME=VALUE", 0, "Set a param", 1 },
	{ "env", 'e', "NAME=VALUE", 0, "Set a variable of the environment, for all commands", 1 },
	{ "list", OPTION_LIST, NULL, 0, "Print the names of procs, run none", 1 },
	{ "dry-run", 'n', NULL, 0, "Tell what would run, and run nothing", 1 },
	{ "full", OPTION_FULL, NULL, 0, "Run what is up to date, too", 1 },
	{ "db", OPTION_DATABASE, "FILE", 0,
		"Where it is remembered what was run (default: what the file says, or " GRAPH_DATABASE
		" beside it); none: nowhere",
		1 },
	{ NULL, 0, NULL, 0, "Running:", 2 },
	{ "jobs", 'j', "N", 0,
		"Run N procs at once; N%, +N and -N refer to the number of processors, 0 is as many as "
		"possible (default: what the file says, or 100%)",
		2 },
	{ "keep-going", 'k', "N", 0,
		"After N failures start nothing more; 0: never (the default): all that does not "
		"depend on a failure is run",
		2 },
	{ "load", 'l', "N", 0,
		"Start none beside another while the load average is above N, or N% of the processors",
		2 },
	{ "jobserver", OPTION_JOBSERVER, "KIND", 0,
		"Share tokens with make and others: client takes those of $MAKEFLAGS, if there are any "
		"(the default without -j); fifo and pipe offer N to commands; auto is client or fifo; none",
		2 },
	{ "fail-fast", OPTION_FAIL_FAST, NULL, 0, "After a failure end what runs, too", 2 },
	{ "shuffle", OPTION_SHUFFLE, "SEED", OPTION_ARG_OPTIONAL,
		"Start what may start in a random order, to find dependencies that are missing",
		2 },
	{ "watch", 'w', NULL, 0,
		"Do not end: run again what reads files that have changed, and what depends on it",
		2 },
	{ "exit-code", 'x', NULL, 0, "Exit with the exit code of the command that failed first",
		2 },
	{ NULL, 0, NULL, 0, "Output:", 3 },
	{ "output", OPTION_OUTPUT, "MODE", 0,
		"group: whole, when a proc has ended (the default); quiet: only of failures; prefix: "
		"lines as they come, with the name in front; stream: live, one proc at a time",
		3 },
	{ "color", OPTION_COLOR, "WHEN", 0, "auto (on a terminal, the default), always or never",
		3 },
	{ "links", OPTION_LINKS, "WHEN", 0,
		"Names are links to logs: auto (on a terminal, the default), always or never", 3 },
	{ "fold", OPTION_FOLD, "KIND", 0,
		"Mark the output of each proc for a page that shows it folded: github, gitlab, auto (as "
		"the environment says) or none (the default)",
		3 },
	{ "status", OPTION_STATUS, "FORMAT", 0,
		"What stands in front: %f finished, %t all, %s started, %r running, %u not finished, "
		"%F failed, %p per cent, %o per second, %e seconds, %w the same as m:ss, %E seconds "
		"left, %W the same as m:ss, %% a per cent sign",
		3 },
	{ "events", OPTION_EVENTS, "FD|FILE|ADDRESS", 0,
		"Tell what happens to programs, an object of JSON a line: to a descriptor, into a file, or "
		"as a ZeroMQ publisher to tcp://… or ipc://… (with > in front: connect)",
		3 },
	{ "events-log", OPTION_EVENTS_LOG, NULL, 0, "Tell there also what procs say, line by line",
		3 },
	{ "trace", OPTION_TRACE, "FILE", 0,
		"Write when what ran as a trace of Chrome's format, for Perfetto and others", 3 },
	{ "verbose", 'v', NULL, 0, "Say more: why a proc runs, what was up to date", 3 },
	{ NULL, 0, NULL, 0, NULL, 0 } };

static const char about[] =
	"Run procs of orderly.yaml, and before them what they depend on.\v"
	"Without a NAME the proc `default` is run; if there is none the names are listed. `*` and `?` "
	"in a NAME go over the choices of its args.\n\n"
	"  orderly run\n"
	"  orderly run -j8 'test::*' lint\n"
	"  orderly run -p opt=-O3 build::core\n\n"
	"A variable of a command is, in this order: the proc's env, that of -e, the environment of this "
	"command, the last dotenv file that has it, the file's env.\n\n"
	"The exit status is 0, 1 (a proc failed), 2 (arguments, names), 3 (this command failed), "
	"4 (the file is wrong or not there), 128 + N (interrupted by signal N). More: "
	"orderly-run(1).";

static _Noreturn void
refuse(const char *option, const char *value, const char *sentence)
{
	complain("%s %s: %s", option, value, sentence);
	_exit(RUN_USAGE);
}

/* NAME=VALUE, with a name. */
static void
check_pair(const char *option, const char *text)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL || equals == text)
		refuse(option, text, "say NAME=VALUE");
}

/* Into this process's environment: all that is started here has it from there. */
static void
set_variable(const char *text)
{
	size_t size = strcspn(text, "=");
	char *name = text_allocate(size + 1, 1);

	memcpy(name, text, size);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	if (setenv(name, text + size + 1, 1) != 0)
		complain_memory();
	free(name);
}

static uint64_t
read_number(const char *option, const char *text, uint64_t most)
{
	uint64_t number = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9' && number <= most; p++)
		number = number * 10 + (uint64_t)(*p - '0');
	if (p == text || *p != '\0' || number > most)
		refuse(option, text, "give a number, 0 or more");
	return number;
}

/* 0 is said to mean never: the file may say otherwise, and the one who runs it knows better. */
static void
read_keep_going(struct run_options *options, const char *value)
{
	options->keep_going = (uint32_t)read_number("-k", value, UINT32_MAX);
	if (options->keep_going == 0)
		options->keep_going = UINT32_MAX;
}

static uint64_t
random_seed(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return ((uint64_t)time.tv_nsec ^ (uint64_t)time.tv_sec << 20 ^ (uint64_t)getpid()) %
		1000000 +
		1;
}

/* The number of a word in a list, counted from 0. */
static uint32_t
read_word(const char *option, const char *text, const char *const *words, const char *sentence)
{
	uint32_t i;

	for (i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	refuse(option, text, sentence);
}

static void
read_jobserver(struct run_options *options, const char *value)
{
	static const char *const kinds[] = { "none", "auto", "client", "fifo", "pipe", NULL };

	options->jobserver =
		read_word("--jobserver", value, kinds, "say none, auto, client, fifo or pipe");
}

static enum folds
read_folds(const char *value)
{
	static const char *const kinds[] = { "none", "github", "gitlab", "auto", NULL };
	uint32_t kind = read_word("--fold", value, kinds, "say github, gitlab, auto or none");

	return kind == 3 ? folds_of_environment() : (enum folds)kind;
}

static void
read_looks(struct run_options *options, int key, const char *value)
{
	static const char *const modes[] = { "group", "quiet", "prefix", "stream", NULL };
	static const char *const colors[] = { "auto", "always", "never", NULL };
	const char *wrong;

	switch (key) {
	case OPTION_OUTPUT:
		options->output = 1 +
			read_word("--output", value, modes, "say group, quiet, prefix or stream");
		break;
	case OPTION_COLOR:
		options->color = (enum color)read_word(
			"--color", value, colors, "say auto, always or never");
		break;
	case OPTION_LINKS:
		options->links = (enum color)read_word(
			"--links", value, colors, "say auto, always or never");
		break;
	case OPTION_FOLD: options->folds = read_folds(value); break;
	default:
		wrong = run_status_check(value);
		if (wrong != NULL)
			refuse("--status", value, wrong);
		options->status = value;
	}
}

static void
add_param(struct run_options *options, const char *text)
{
	check_pair("-p", text);
	options->params =
		text_reallocate(options->params, options->n_params + 1, sizeof *options->params);
	options->params[options->n_params++] = text;
}

static void
add_name(struct run_options *options, char *name)
{
	options->names =
		text_reallocate(options->names, options->n_names + 1, sizeof *options->names);
	options->names[options->n_names++] = name;
}

static error_t
read_option(int key, char *value, struct argp_state *state)
{
	struct run_options *options = state->input;
	const char *wrong = NULL;

	switch (key) {
	case 'f': options->file = value; break;
	case 'C': options->directory = value; break;
	case 'p': add_param(options, value); break;
	case 'e':
		check_pair("-e", value);
		set_variable(value);
		break;
	case 'j':
		wrong = values_jobs(
			value, machine_processors(), machine_most_jobs(), &options->jobs);
		if (wrong != NULL)
			refuse("-j", value, wrong);
		break;
	case 'k': read_keep_going(options, value); break;
	case 'l':
		wrong = values_load(value, machine_processors(), &options->load);
		if (wrong != NULL)
			refuse("-l", value, wrong);
		break;
	case 'n': options->dry_run = true; break;
	case OPTION_FULL: options->full = true; break;
	case OPTION_DATABASE: options->database = value; break;
	case OPTION_JOBSERVER: read_jobserver(options, value); break;
	case 'x': options->own_code = true; break;
	case 'w': options->watch = true; break;
	case 'v': options->verbose = true; break;
	case OPTION_FAIL_FAST: options->fail_fast = true; break;
	case OPTION_SHUFFLE:
		options->shuffle = value != NULL ? read_number("--shuffle", value, UINT64_MAX / 16)
						 : random_seed();
		break;
	case OPTION_LIST: options->list = true; break;
	case OPTION_OUTPUT:
	case OPTION_COLOR:
	case OPTION_LINKS:
	case OPTION_FOLD:
	case OPTION_STATUS: read_looks(options, key, value); break;
	case OPTION_EVENTS: options->events = value; break;
	case OPTION_EVENTS_LOG: options->events_log = true; break;
	case OPTION_TRACE: options->trace = value; break;
	case ARGP_KEY_ARG: add_name(options, value); break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void
run_options_read(struct run_options *options, int argc, char **argv)
{
	static const struct argp parser = {
		.options = table, .parser = read_option, .args_doc = "[NAME…]", .doc = about
	};

	*options = (struct run_options){ .jobserver = UINT32_MAX };
	argp_err_exit_status = RUN_USAGE;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	if (argp_parse(&parser, argc, argv, 0, NULL, options) != 0)
		complain_memory();
	if (options->fail_fast && options->keep_going == 0)
		options->keep_going = 1;
}

void
run_options_finish(struct run_options *options)
{
	free(options->names);
	free(options->params);
}
