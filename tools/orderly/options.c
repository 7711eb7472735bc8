/*
 * Options end at the first word that is none, so the flags of the command are
 * its own.  What follows the command is cut at ::: and :::: into sources.
 */
#include "options.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "kinds.h"
#include "machine.h"
#include "text.h"

enum long_option {
	OPTION_LINE_BUFFER = 256,
	OPTION_COMPLETION,
	OPTION_TAG,
	OPTION_TIMEOUT,
	OPTION_HALT,
	OPTION_JOBLOG,
	OPTION_DRY_RUN,
	OPTION_PROGRESS,
	OPTION_BAR,
	OPTION_PIPE,
	OPTION_BLOCK,
	OPTION_RECEND,
	OPTION_FILTER,
	OPTION_FN,
	OPTION_CPU_TIME,
	OPTION_MEMORY,
	OPTION_MEMORY_MOST,
	OPTION_LIMIT_AS,
	OPTION_LIMIT_FSIZE,
	OPTION_LIMIT_NOFILE,
	OPTION_MEMFREE,
	OPTION_LOAD
};

static const struct argp_option table[] = {
	{ NULL, 0, NULL, 0, "Inputs (also ::: WORD… and :::: FILE… behind the command):", 1 },
	{ "arg-file", 'a', "FILE", 0, "Read inputs from FILE, one a line; - is standard input", 1 },
	{ "null", '0', NULL, 0, "A NUL ends each input in a file, not a newline", 1 },
	{ "delimiter", 'd', "TEXT", 0, "TEXT ends each input in a file; escapes as in C", 1 },
	{ "pipe", OPTION_PIPE, NULL, 0,
		"Cut the input at line ends into blocks, and give each to a run of the command as its "
		"standard input",
		1 },
	{ "block", OPTION_BLOCK, "SIZE", 0,
		"With --pipe: blocks of about SIZE bytes; k, m, g are 1000s, K, M, G 1024s (default: 1M)",
		1 },
	{ "recend", OPTION_RECEND, "TEXT", 0,
		"With --pipe: cut behind TEXT instead of newlines; escapes as in C; empty: anywhere",
		1 },
	{ "filter", OPTION_FILTER, NULL, 0,
		"Feed the lines of the input to as many lasting runs of the command, which answer each line "
		"with one",
		1 },
	{ "fn", OPTION_FN, "FILE:FUNCTION", 0,
		"No command: call a function of a shared object for each input", 1 },
	{ NULL, 0, NULL, 0, "Running:", 2 },
	{ "jobs", 'j', "N", 0,
		"Run N commands at once; N%, +N and -N refer to the number of processors, 0 is as many as "
		"possible (default: 100%)",
		2 },
	{ "max-procs", 'P', "N", OPTION_ALIAS, NULL, 2 },
	{ "timeout", OPTION_TIMEOUT, "TIME", 0,
		"End a command that runs longer: seconds, or 5m, 1h", 2 },
	{ "halt", OPTION_HALT, "WHEN", 0,
		"Stop early: soon,fail=1 lets what runs end, now,fail=1 kills it; also "
		"success=N and done=N",
		2 },
	{ "dry-run", OPTION_DRY_RUN, NULL, 0, "Print the commands, run none", 2 },
	{ "dryrun", 0, NULL, OPTION_ALIAS | OPTION_HIDDEN, NULL, 2 },
	{ NULL, 0, NULL, 0, "Limits of each task, and of starting one:", 3 },
	{ "cpu-time", OPTION_CPU_TIME, "TIME", 0,
		"End a command that uses more processor time, as --timeout does", 3 },
	{ "memory", OPTION_MEMORY, "SIZE", 0, "Kill a command that has more memory; 500M, 2G", 3 },
	{ "memory-most", OPTION_MEMORY_MOST, "SIZE", 0,
		"With --memory: try again with twice as much, up to SIZE", 3 },
	{ "limit-as", OPTION_LIMIT_AS, "SIZE", 0, "Addresses (ulimit -v)", 3 },
	{ "limit-fsize", OPTION_LIMIT_FSIZE, "SIZE", 0, "Size of a file (ulimit -f)", 3 },
	{ "limit-nofile", OPTION_LIMIT_NOFILE, "N", 0, "Open files (ulimit -n)", 3 },
	{ "memfree", OPTION_MEMFREE, "SIZE", 0,
		"Start none while less memory is free, unless none runs", 3 },
	{ "load", OPTION_LOAD, "N", 0,
		"Start none while the load average is above N, or N% of the processors, unless none runs",
		3 },
	{ NULL, 0, NULL, 0, "Output (by default whole, in the order of the inputs):", 4 },
	{ "line-buffer", OPTION_LINE_BUFFER, NULL, 0,
		"Print only whole lines of what the first unfinished command writes", 4 },
	{ "lb", 0, NULL, OPTION_ALIAS | OPTION_HIDDEN, NULL, 4 },
	{ "completion", OPTION_COMPLETION, NULL, 0,
		"Print each command's output, whole, when it is done", 4 },
	{ "keep-order", 'k', NULL, 0, "In the order of the inputs: the default", 4 },
	{ "tag", OPTION_TAG, NULL, 0, "Put the input and a tab before each line", 4 },
	{ "joblog", OPTION_JOBLOG, "FILE", 0, "Write a table of what ran; +FILE adds to it", 4 },
	{ "progress", OPTION_PROGRESS, "STYLE", 0,
		"Show progress on stderr: auto (a bar on a terminal, the default), "
		"bar, plain, json or none",
		4 },
	{ "bar", OPTION_BAR, NULL, OPTION_HIDDEN, NULL, 4 }, { NULL, 0, NULL, 0, NULL, 0 }
};

static const char usage[] =
	"[COMMAND [WORD…]]\n[COMMAND [WORD…]] ::: INPUT…\n[COMMAND [WORD…]] :::: FILE…";

static const char about[] =
	"Run a command for each input, several at once, and print their output in the order of the inputs.\v"
	"In the command {} is the input, {.} without its extension, {/} without its folder, {//} its folder, {/.} "
	"neither; {#} is the task's number, {%} the place it runs in; {1} {2.} … are inputs of the first, second … "
	"source. Without any, the input goes to the end. Without sources inputs are read from standard input; several "
	"sources give all combinations.\n\n"
	"One argument that only a shell understands goes to /bin/sh, with the inputs quoted; several are executed as "
	"they are.\n\n"
	"  orderly map -j4 gzip -k ::: *.log\n"
	"  find . -name '*.c' -print0 | orderly map -0 'grep -c main {} | head -1'\n"
	"  orderly map --filter sed -u 's/;/,/g' <table\n"
	"  orderly map --pipe --block 10M grep -F timeout <server.log\n"
	"  orderly map convert {1} -resize {2} {1.}-{2}.png ::: *.jpg ::: 100 200\n\n"
	"The exit status is the number of commands that failed, 101 for more than 100, 127 if the program is not "
	"found, 255 for other trouble. More: orderly-map(1).";

static _Noreturn void
refuse(const char *option, const char *value, const char *sentence)
{
	complain("%s %s: %s", option, value, sentence);
	_exit(STATUS_TROUBLE);
}

static void
add_source(struct map_options *options, char *const *words, size_t n_words, const char *path)
{
	struct source_name name = { .words = words, .n_words = n_words, .path = path };
	size_t i;

	for (i = 0; path != NULL && i < options->n_sources; i++)
		if (options->sources[i].path != NULL && strcmp(path, "-") == 0 &&
			strcmp(options->sources[i].path, "-") == 0) {
			complain("standard input (-) can be a source only once");
			_exit(STATUS_TROUBLE);
		}
	options->sources =
		text_reallocate(options->sources, options->n_sources + 1, sizeof *options->sources);
	options->sources[options->n_sources++] = name;
}

/* 3 for :::, 4 for ::::, 0 for other words. */
static int
separator(const char *word)
{
	size_t colons = strspn(word, ":");

	if (colons != 3 && colons != 4)
		return 0;
	if (strcmp(word + colons, "+") == 0) {
		complain("%s: sources cannot be linked yet; leave out the + for all combinations",
			word);
		_exit(STATUS_TROUBLE);
	}
	return word[colons] == '\0' ? (int)colons : 0;
}

/* The command, then sources. */
static void
read_words(struct map_options *options, char **words, size_t n)
{
	size_t i, begin;
	int kind;

	for (i = 0; i < n && separator(words[i]) == 0; i++)
		;
	options->command = words;
	options->n_command = i;
	while (i < n) {
		kind = separator(words[i]);
		begin = ++i;
		while (i < n && separator(words[i]) == 0)
			i++;
		if (kind == 3) {
			add_source(options, words + begin, i - begin, NULL);
			continue;
		}
		if (begin == i) {
			complain(":::: needs the name of a file; - is standard input");
			_exit(STATUS_TROUBLE);
		}
		for (; begin < i; begin++)
			add_source(options, NULL, 0, words[begin]);
	}
}

/* Bytes go to *storage, which *delimiter points to. */
static void
read_delimiter(const char *name, const char *text, char **storage, struct delimiter *delimiter)
{
	const char *wrong;

	free(*storage);
	*storage = text_allocate(strlen(text) + 1, 1);
	wrong = values_delimiter(text, *storage, &delimiter->size);
	if (wrong != NULL)
		refuse(name, text, wrong);
	delimiter->bytes = *storage;
}

static void
choose(struct map_options *options, enum map_kind kind)
{
	options->kinds += options->kind != kind;
	options->kind = kind;
}

static void
read_record_end(struct map_options *options, const char *text)
{
	if (*text != '\0') {
		read_delimiter("--recend", text, &options->record_end_bytes, &options->record_end);
		return;
	}
	free(options->record_end_bytes);
	options->record_end_bytes = text_allocate(1, 1);
	options->record_end = (struct delimiter){ options->record_end_bytes, 0 };
}

/* Options that limit a task; ARGP_ERR_UNKNOWN: it is none of them. */
static error_t
read_limit(struct limits *limits, int key, const char *value)
{
	const char *wrong, *name;

	switch (key) {
	case OPTION_CPU_TIME:
		name = "--cpu-time";
		wrong = values_time(value, &limits->cpu_ms);
		break;
	case OPTION_MEMORY:
		name = "--memory";
		wrong = values_limit(value, &limits->memory_mib);
		break;
	case OPTION_MEMORY_MOST:
		name = "--memory-most";
		wrong = values_limit(value, &limits->memory_most_mib);
		break;
	case OPTION_LIMIT_AS:
		name = "--limit-as";
		wrong = values_limit(value, &limits->address_mib);
		break;
	case OPTION_LIMIT_FSIZE:
		name = "--limit-fsize";
		wrong = values_limit(value, &limits->file_mib);
		break;
	case OPTION_LIMIT_NOFILE:
		name = "--limit-nofile";
		wrong = values_files(value, &limits->open_files);
		break;
	case OPTION_MEMFREE:
		name = "--memfree";
		wrong = values_mebibytes(value, &limits->free_mib);
		break;
	case OPTION_LOAD:
		name = "--load";
		wrong = values_load(value, machine_processors(), &limits->load);
		break;
	default: return ARGP_ERR_UNKNOWN;
	}
	if (wrong != NULL)
		refuse(name, value, wrong);
	return 0;
}

/* Options with a value. */
static error_t
read_value(struct map_options *options, int key, const char *value)
{
	const char *wrong = NULL, *name = "";

	if (key == 'j') {
		name = "-j";
		wrong = values_jobs(
			value, machine_processors(), machine_most_jobs(), &options->jobs);
	} else if (key == OPTION_TIMEOUT) {
		name = "--timeout";
		wrong = values_time(value, &options->timeout_ms);
	} else if (key == OPTION_HALT) {
		name = "--halt";
		wrong = values_halt(value, &options->halt);
	} else if (key == OPTION_PROGRESS) {
		name = "--progress";
		wrong = values_progress(value, &options->progress);
	} else if (key == OPTION_BLOCK) {
		name = "--block";
		wrong = values_size(value, &options->block_bytes);
	} else if (key == OPTION_FN) {
		choose(options, MAP_CALLS);
		options->function = value;
	} else if (key == OPTION_JOBLOG) {
		options->joblog = value;
	} else {
		return read_limit(&options->limits, key, value);
	}
	if (wrong != NULL)
		refuse(name, value, wrong);
	return 0;
}

static error_t
read_option(int key, char *value, struct argp_state *state)
{
	struct map_options *options = state->input;

	switch (key) {
	case 'a': add_source(options, NULL, 0, value); break;
	case '0': options->delimiter = (struct delimiter){ "", 1 }; break;
	case 'd':
		read_delimiter("-d", value, &options->delimiter_bytes, &options->delimiter);
		break;
	case OPTION_PIPE: choose(options, MAP_BLOCKS); break;
	case OPTION_FILTER: choose(options, MAP_LINES); break;
	case OPTION_RECEND: read_record_end(options, value); break;
	case 'k': options->completion = false; break;
	case OPTION_LINE_BUFFER: options->line_buffer = true; break;
	case OPTION_COMPLETION: options->completion = true; break;
	case OPTION_TAG: options->tag = true; break;
	case OPTION_DRY_RUN: options->dry_run = true; break;
	case OPTION_BAR: options->progress = PROGRESS_BAR; break;
	case ARGP_KEY_ARG:
		read_words(options, state->argv + state->next - 1,
			(size_t)state->argc + 1 - (size_t)state->next);
		state->next = state->argc;
		break;
	default: return read_value(options, key, value);
	}
	return 0;
}

void
options_read(struct map_options *options, int argc, char **argv)
{
	static const struct argp parser = {
		.options = table, .parser = read_option, .args_doc = usage, .doc = about
	};

	*options = (struct map_options){ .delimiter = { NULL, 0 }, .record_end = { "\n", 1 } };
	argp_err_exit_status = STATUS_TROUBLE;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	if (argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, options) != 0)
		complain_memory();
	if (options->jobs == 0)
		options->jobs = machine_processors();
	kinds_check(options);
	if (options->delimiter.bytes == NULL)
		options->delimiter = (struct delimiter){ "\n", 1 };
	if (options->block_bytes == 0)
		options->block_bytes = BLOCK_BYTES;
	if (options->n_sources > 0)
		return;
	add_source(options, NULL, 0, "-");
	if (isatty(STDIN_FILENO) == 1 &&
		(options->kind == MAP_BLOCKS || options->kind == MAP_LINES))
		complain("reading from the terminal; Ctrl-D ends it");
	else if (isatty(STDIN_FILENO) == 1)
		complain(
			"reading inputs from the terminal, one a line; Ctrl-D ends them. Inputs can also stand behind :::");
}

void
options_finish(struct map_options *options)
{
	free(options->sources);
	free(options->delimiter_bytes);
	free(options->record_end_bytes);
}
