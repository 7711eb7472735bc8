/* Procs that ask a person: at the terminal, one question at a time. */
#ifndef TOOL_RUN_INPUT_H
#define TOOL_RUN_INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

struct run;
struct ord_proc;

struct question {
	uint64_t number;
	char *text; /* the proc and what it asks */
	bool password;
	struct question *next;
};

struct run_input {
	int fd;      /* of the terminal, 0: not opened; -1: there is none */
	bool silent; /* what is typed is not shown; before is how it was */
	struct termios before;
	bool shown; /* the first question stands on the terminal */
	struct question *first;
};

/* An ord_graph_input_fn; user is the run. */
void run_input_asked(const struct ord_proc *proc, uint64_t question, const char *prompt,
	int password, void *user);

/* Readable when a line was typed; -1: nobody asks. */
int run_input_fd(const struct run *run);

/* Show the first question if it does not stand there; true while one does. */
bool run_input_show(struct run *run);

/* A line was typed. */
void run_input_read(struct run *run);

/* The terminal is somebody else's for a while, or for ever: as it was. */
void run_input_hide(struct run *run);

/* Nobody is asked any more: who waits is told so. */
void run_input_end(struct run *run);

#endif
