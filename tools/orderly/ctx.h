/* `orderly ctx`: a command that runs in a graph talks to it. */
#ifndef TOOL_CTX_H
#define TOOL_CTX_H

/* Exit status if what is to be printed cannot be. */
#define CTX_TROUBLE 3

/* Returns the exit status. */
int ctx_main(int argc, char **argv);

#endif
