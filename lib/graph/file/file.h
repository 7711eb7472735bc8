/*
 * A graph as a file says it: plain structs, each value with its place, so that
 * whoever uses them can still complain with file, line and column.
 */
#ifndef GRAPH_FILE_H
#define GRAPH_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "graph/file/blocks.h"
#include "graph/file/source.h"

struct tree;

/* A value is given if its place.file is not 0. */
struct file_text {
	const char *text; /* NULL: not given */
	struct place place;
};

struct file_texts {
	const struct file_text *items; /* n of them */
	uint32_t n;
	struct place place;
};

struct file_number { /* a bool, an int, a word's number, milliseconds, hundredths */
	int64_t value;
	struct place place;
};

/* A command: a line for the shell, or a list without one. */
struct file_command {
	struct file_text shell;
	struct file_texts list;
};

struct file_pair {
	struct file_text name;
	struct file_text value;
};

struct file_pairs {
	const struct file_pair *items;
	uint32_t n;
	struct place place;
};

/* A list of structs of one kind, or a map of them by name: see the key's table for which. */
struct file_items {
	const void *items;
	uint32_t n;
	struct place place;
};

#define FILE_ITEM(type, list, i) (&((const type *)(list).items)[i])

/* Numbers of words, in the order of the key's table. */
enum file_special { FILE_NO_FAILURES, FILE_ALL_DONE };
enum file_when { FILE_ALWAYS, FILE_SUCCEEDED };
enum file_busy { FILE_QUEUE, FILE_RESTART, FILE_IGNORE, FILE_SIGNAL };
enum file_fingerprint { FILE_MTIME_HASH, FILE_MTIME, FILE_HASH };
enum file_log { FILE_SNIPPET, FILE_FULL, FILE_TAIL };
enum file_output_mode { FILE_GROUP, FILE_QUIET, FILE_PREFIX, FILE_STREAM };
enum file_color { FILE_NO_COLOR, FILE_FORCE_COLOR };
enum file_format { FILE_RAW, FILE_JSON };
enum file_type { FILE_AS_TEXT, FILE_INT, FILE_FLOAT, FILE_BOOL };
enum file_check { FILE_CONTENT, FILE_EXIST };

struct file_dep { /* one of the first three is given */
	struct file_text dep;
	struct file_command command; /* prints names, one per line */
	struct file_number special;
	struct file_number soft;
};

struct file_rdep { /* one is given */
	struct file_text target;
	struct file_text when_scheduled;
	struct file_text when_target_scheduled;
};

struct file_choice {
	struct file_text name; /* of the arg */
	struct file_texts values;
	struct file_command command; /* prints values, one per line */
};

struct file_arg {
	struct file_text name;
	struct file_text value;
	struct file_number type;
};

struct file_input { /* one is given */
	struct file_text path;
	struct file_text regex;
	struct file_command command; /* prints paths, one per line */
};

struct file_output {
	struct file_text path; /* this, or the command */
	struct file_command command;
	struct file_number max_age; /* ms */
	struct file_number enforce_freshness;
};

struct file_log_ignore {
	struct file_text match;
	struct file_number when;
};

struct file_lock {
	struct file_text name;
	struct file_number units; /* not given: 1 */
};

struct file_stop {
	struct file_number signal; /* of the system */
	struct file_number grace;  /* ms */
};

struct file_retries {
	struct file_number count;
	struct file_number delay;   /* ms */
	struct file_number backoff; /* hundredths */
	struct file_texts on;
};

struct file_result {
	struct file_number from;
	struct file_number format;
};

struct file_watch {
	struct file_number debounce; /* ms */
	struct file_number most;     /* ms */
	struct file_number on_busy;
	struct file_number signal;
};

struct file_proc {
	struct file_text name;
	struct file_text description;
	struct file_command run;
	struct file_items deps, rdeps, choices, args, inputs, outputs, locks, log_ignore;
	struct file_texts inputs_ignore;
	struct file_pairs env;
	struct file_text depfile, cwd;
	struct file_number wave, timeout, expected, always, no_skip, now;
	struct file_number skip_exit, nochange_exit;
	struct file_number fingerprint, outputs_check, log_on_failure, output, color, terminal;
	struct file_stop stop;
	struct file_retries retries;
	struct file_result result;
	struct file_watch watch;
};

struct file_options {
	struct file_number parallel; /* 0: auto */
	struct file_text db, separator;
	struct file_number keep_going, fail_fast, load, fingerprint, allow_missing_deps;
	struct file_number log_on_failure; /* enum file_log, | lines << 8 */
	struct file_number output, color, jobserver;
	struct file_watch watch;
	struct file_texts ignore;
};

/* A proc whose keys have not been read yet. */
struct file_unread {
	struct file_text name;
	const struct tree *tree;
};

/* One file, before those that it includes are joined to it. */
struct file_part {
	struct file_number version;
	struct file_texts include;
	struct file_options options;
	struct file_pairs params, env;
	struct file_texts dotenv;
	struct file_items locks; /* struct file_lock: units is the capacity */
	struct file_items procs; /* struct file_proc; after file_open struct file_unread */
};

struct graph_file {
	struct file_part
		all; /* of all files, in the order of the files: included ones stand before their includer */
	struct source **sources; /* n of them; place.file - 1 */
	uint32_t n_sources;
	struct blocks blocks;
	struct error error; /* the last failure, "" if there is none */
};

/* A file that is read from memory instead: for tests and generators. */
struct file_memory {
	const char *path;
	const char *text;
	size_t size;
};

/*
 * Read a file and those that it includes.  The graph_file is to be finished in
 * either case.  Returns 0, ORD_EINVAL, ORD_ESYSTEM or ORD_ENOMEM; the sentence
 * is in file->error.
 */
int file_load(struct graph_file *file, const char *path);
int file_load_memory(struct graph_file *file, const struct file_memory *memory);

/*
 * The same, but what is said of each proc is only read, and checked, by
 * file_proc, into memory that is the caller's: of many procs there need not be
 * more than one at a time.
 */
int file_open(struct graph_file *file, const char *path);
int file_proc(struct graph_file *file, const struct file_unread *unread, struct blocks *blocks,
	struct file_proc *proc);

void file_finish(struct graph_file *file);

/* As source_error, for a place in one of the files; sets file->error. */
int file_error(struct graph_file *file, struct place place, const char *format, ...)
	ORD_PRINTF(3, 4);

#endif
