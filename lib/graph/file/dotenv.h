/*
 * Files of KEY=value, and which of all that may set a variable does: a proc's
 * `env`, the call's, the process environment, dotenv files (later ones win),
 * the file's `env`.
 */
#ifndef GRAPH_DOTENV_H
#define GRAPH_DOTENV_H

#include <stdint.h>

#include "base/error.h"
#include "graph/file/blocks.h"
#include "graph/file/file.h"

/*
 * Append the variables of a dotenv file to pairs, in its order.  A line is
 * KEY=value, or "export KEY=value"; '…' is as it stands, "…" knows \n \t \r \\
 * \" \$, either may go over lines; a # behind a blank begins a comment; a $ is
 * a $.  ORD_EINVAL with file, line and column.
 */
int dotenv_parse(const struct source *source, struct blocks *blocks, struct file_pairs *pairs,
	struct error *error);

/* Who says what a variable is, the strongest first. */
enum dotenv_origin {
	DOTENV_PROC,
	DOTENV_CALL,
	DOTENV_PROCESS,
	DOTENV_FILE,  /* a dotenv file */
	DOTENV_GRAPH, /* `env` of the graph */
	DOTENV_NOBODY
};

struct dotenv {
	struct file_pairs dotenv;     /* of all dotenv files; the last of a name counts */
	const struct file_pairs *env; /* of the graph */
	struct blocks blocks;
	struct source *sources; /* n of them, for sentences */
	uint32_t n;
};

/* Read what a graph's file names; a file that is not there is none.  To be finished in either case. */
int dotenv_load(struct dotenv *dotenv, struct graph_file *file);

void dotenv_finish(struct dotenv *dotenv);

/*
 * The value of a variable, or NULL, and who says it.
 *
 * proc     of the proc, may be NULL
 * call     "NAME=value" of the call, NULL-terminated, may be NULL
 * process  the process environment, as environ, may be NULL
 */
const char *dotenv_value(const struct dotenv *dotenv, const char *name,
	const struct file_pairs *proc, const char *const *call, const char *const *process,
	enum dotenv_origin *origin);

#endif
