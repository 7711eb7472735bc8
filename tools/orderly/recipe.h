/* How the command of a task is made from its inputs. */
#ifndef TOOL_RECIPE_H
#define TOOL_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "placeholder.h"
#include "text.h"

enum recipe_kind {
	RECIPE_WORDS, /* executed as it is, word by word */
	RECIPE_SHELL, /* one line for sh -c */
	RECIPE_INPUT  /* no command was given: the inputs are command lines */
};

struct recipe {
	enum recipe_kind kind;
	struct pattern *patterns; /* patterns[n_patterns]: the words, or one line */
	size_t n_patterns;
	size_t n_sources;
	char *storage;       /* what the patterns point into, if that is not the command line */
	bool execs;          /* SHELL: words that use {%}, so "exec " was put in front */
	uint32_t slots;      /* not 0: nothing is run, {%} is shown as a number up to this */
	struct text bytes;   /* the arguments of the last command, NUL behind each */
	size_t *offsets;     /* offsets[room] into bytes */
	const char **argv;   /* argv[room + 1]: the last command */
	size_t n_argv, room; /* arguments in argv */
	bool through_shell;  /* the last command is a line for the shell, argv[2] */
	char sequence[40];   /* ORDERLY_SEQ=number of the last command */
	const char *env[2];  /* for struct ord_command */
};

/*
 * Understand a command.
 *
 * words      words[n], must live on; n may be 0
 * n_sources  inputs of a task; 0: it has none, and nothing is added to the command
 *
 * Returns 0, or after a complaint the exit status.
 */
int recipe_init(struct recipe *recipe, char *const *words, size_t n, size_t n_sources);

/* Make the command for values[n_sources] of task number 1, 2, 3 …; it is in argv and env. */
void recipe_make(struct recipe *recipe, const char *const *values, uint64_t number);

/* Append the last command as a line for people, that a shell could run. */
void recipe_show(const struct recipe *recipe, struct text *line);

void recipe_finish(struct recipe *recipe);

#endif
