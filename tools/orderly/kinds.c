/* An option that would have no effect is refused: who gave it expected one. */
#include "kinds.h"

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
check_blocks(const struct map_options *options)
{
	size_t i;

	demand(options->n_command > 0,
		"--pipe: there is no command to give blocks to; write one, such as --pipe wc -l");
	for (i = 0; i < options->n_sources; i++)
		demand(options->sources[i].path != NULL,
			"--pipe reads its input from standard input or a file: use -a FILE instead of :::");
	demand(options->n_sources <= 1, "--pipe reads one file: use cat to put several together");
	demand(options->delimiter.bytes == NULL,
		"--pipe: use --recend to say what ends a record, such as --recend '\\0'");
	demand(!options->tag,
		"--pipe: a block has no input to put before its lines; leave out --tag");
	demand(!options->dry_run,
		"--pipe: --dry-run has nothing to show, all blocks get the same command");
}

void
kinds_check(const struct map_options *options)
{
	if (options->kind == MAP_BLOCKS) {
		check_blocks(options);
		return;
	}
	demand(options->block_bytes == 0, "--block is the size of blocks for --pipe: add --pipe");
	demand(options->record_end_bytes == NULL,
		"--recend ends records for --pipe: add --pipe, or use -d for inputs");
}
