/* An option that would have no effect is refused: who gave it expected one. */
#include "kinds.h"

#include <string.h>
#include <unistd.h>

#include "complain.h"

static void
demand(bool fine, const char *sentence)
{
	if (fine)
		return;
	complain("%s", sentence);
	_exit(STATUS_TROUBLE);
}

static void
check_one_file(const struct map_options *options, const char *words, const char *several)
{
	for (size_t i = 0; i < options->n_sources; i++)
		demand(options->sources[i].path != NULL, words);
	demand(options->n_sources <= 1, several);
}

static void
check_blocks(const struct map_options *options)
{
	demand(options->n_command > 0,
		"--pipe: there is no command to give blocks to; write one, such as --pipe wc -l");
	check_one_file(options,
		"--pipe reads its input from standard input or a file: use -a FILE instead of :::",
		"--pipe reads one file: use cat to put several together");
	demand(options->delimiter.bytes == NULL,
		"--pipe: use --recend to say what ends a record, such as --recend '\\0'");
	demand(!options->tag,
		"--pipe: a block has no input to put before its lines; leave out --tag");
	demand(!options->dry_run,
		"--pipe: --dry-run has nothing to show, all blocks get the same command");
}

static void
check_lines(const struct map_options *options)
{
	demand(options->n_command > 0,
		"--filter: there is no command to answer lines; write one, such as --filter sed -u s/a/b/");
	check_one_file(options,
		"--filter reads its input from standard input or a file: use -a FILE instead of :::",
		"--filter reads one file: use cat to put several together");
	demand(options->delimiter.bytes == NULL,
		"--filter: lines end with a newline; leave out -0 and -d, or use --pipe with --recend");
	demand(!options->tag,
		"--filter: leave out --tag; the co-process can put the line before its answer");
	demand(!options->dry_run,
		"--filter: --dry-run has nothing to show, all lines go to the same command");
	demand(options->joblog == NULL,
		"--filter: one command answers many lines, so there is no --joblog of them");
	demand(options->limits.cpu_ms == 0 && options->limits.memory_mib == 0,
		"--filter: a co-process outlives its lines, so --cpu-time and --memory have no task to limit; use --limit-as");
}

static void
check_calls(const struct map_options *options)
{
	demand(options->n_command == 0,
		"--fn calls a function instead of a command: write inputs behind :::, or leave the command out");
	demand(strchr(options->function, ':') != NULL,
		"--fn: give a shared object and a function of it, such as --fn ./words.so:count");
	demand(!options->dry_run, "--fn: --dry-run has no commands to show");
}

void
kinds_check(const struct map_options *options)
{
	demand(options->kinds <= 1,
		"--pipe, --filter and --fn are three ways to use inputs: give one");
	if (options->kind != MAP_BLOCKS) {
		demand(options->block_bytes == 0,
			"--block is the size of blocks for --pipe: add --pipe");
		demand(options->record_end_bytes == NULL,
			"--recend ends records for --pipe: add --pipe, or use -d for inputs");
	}
	demand(options->limits.memory_most_mib == 0 || options->limits.memory_mib != 0,
		"--memory-most says how far --memory may grow: add --memory");
	switch (options->kind) {
	case MAP_COMMANDS: break;
	case MAP_BLOCKS: check_blocks(options); break;
	case MAP_LINES: check_lines(options); break;
	case MAP_CALLS: check_calls(options); break;
	}
}
