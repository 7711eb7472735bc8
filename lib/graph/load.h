/*
 * A graph's file on its way into the graph: what the file says becomes options,
 * params, locks, an environment and definitions.  load.c has the steps; nothing
 * of the graph changes before all of the file has been found to be right.
 */
#ifndef GRAPH_LOAD_H
#define GRAPH_LOAD_H

#include <stdint.h>

#include <orderly/graph.h>

#include "graph/file/blocks.h"
#include "graph/file/dotenv.h"
#include "graph/file/file.h"
#include "graph/graph.h"

/* A command that prints names: the user pointer of names_ask. */
struct names {
	struct ord_graph *graph;
	struct loaded *loaded;
	const struct file_proc *proc;
	const struct file_command *command;
	struct names *next;  /* of the same file */
	struct buffer text;  /* what it printed, lines ended by NUL */
	const char **list;   /* the same, NULL-terminated */
	const char *purpose; /* "deps", "choices" */
};

/* What stays of a file: its commands that print names, and the text for sentences about them. */
struct loaded {
	struct graph_file file;
	struct names *names;
	struct loaded *next;
};

/* A file that is being loaded. */
struct load {
	struct ord_graph *graph;
	struct loaded *loaded;
	struct dotenv dotenv;
	struct blocks scratch; /* for one proc */
	struct buffer now;     /* struct file_text: names of procs that are begun at once */
	struct definition *
		*definitions;  /* of the file's procs; NULL where the graph has taken it over */
	const char *separator; /* that the names are read with */
};

/* --- load_proc.c --- */

/* A proc of the file as ord_graph_add takes it, in load->scratch. */
int load_proc(struct load *load, const struct file_proc *proc, struct ord_proc_options *options);

/* What is shown of logs, an enum ord_log_on_failure, and the lines of a tail; neither is changed if the file says nothing. */
void load_log(const struct file_number *from, uint32_t *show, uint32_t *lines);

/* --- load_options.c --- */

/* What is wrong with options, params and locks, and which separator the names are read with. */
int load_check(struct load *load);

/* Make them the graph's, where the caller has not said otherwise. */
int load_settings(struct load *load);

/* The variables that the file and its dotenv files set. */
int load_environment(struct load *load);

/* The enum ord_fingerprint of a value. */
uint32_t load_fingerprint(const struct file_number *number);

/* An enum ord_on_busy; 0: not given. */
uint32_t load_on_busy(const struct file_number *number);

/* --- names.c --- */

/* One for a command of the file; NULL without memory. */
struct names *names_new(struct load *load, const struct file_proc *proc,
	const struct file_command *command, const char *purpose);

#endif
