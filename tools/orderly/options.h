/* The arguments of `orderly map`. */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source.h"
#include "values.h"

#define BLOCK_BYTES (1 << 20) /* of --block, if it is not given */

/* What a task may use, and what must be left before one starts. */
struct limits {
	uint32_t cpu_ms;
	uint32_t memory_mib, memory_most_mib;
	uint32_t address_mib, file_mib, open_files; /* the kernel's */
	uint32_t free_mib, load;                    /* load in hundredths */
};

/* What a task is. */
enum map_kind {
	MAP_COMMANDS, /* a command for each input */
	MAP_BLOCKS,   /* a command that reads a block of the input */
	MAP_LINES,    /* lines for a co-process to answer */
	MAP_CALLS     /* a function of a shared object for each input */
};

struct map_options {
	enum map_kind kind;
	const char *function; /* of MAP_CALLS */
	uint32_t kinds;       /* how many of the options that choose one were given */
	char **command;       /* command[n_command], before the first source */
	size_t n_command;
	struct source_name *sources; /* sources[n_sources], at least one */
	size_t n_sources;
	char *delimiter_bytes; /* what delimiter points to, if it was given */
	struct delimiter delimiter;
	uint64_t block_bytes;   /* of --block; 0: it was not given */
	char *record_end_bytes; /* what record_end points to; NULL: it was not given */
	struct delimiter record_end;
	uint32_t jobs;       /* tasks at once */
	uint32_t timeout_ms; /* of a task; 0 is none, as for those that follow */
	struct limits limits;
	struct halt_rule halt;
	const char *joblog; /* a file, or NULL */
	enum progress_style progress;
	bool tag, line_buffer, completion, dry_run;
};

/*
 * Read the arguments; the strings must live on.  Wrong ones end the process
 * with STATUS_TROUBLE, --help and --version with 0.
 */
void options_read(struct map_options *options, int argc, char **argv);

void options_finish(struct map_options *options);

#endif
