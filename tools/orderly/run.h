/* `orderly run`: run procs of a graph's file and what they depend on. */
#ifndef TOOL_RUN_H
#define TOOL_RUN_H

/* Exit statuses; 128 + signal if it was interrupted. */
#define RUN_FAILED 1  /* a proc did not end well */
#define RUN_USAGE 2   /* arguments, or names of procs */
#define RUN_TROUBLE 3 /* the command itself failed */
#define RUN_FILE 4    /* the graph's file is not there, or something in it is wrong */

int run_main(int argc, char **argv);

#endif
