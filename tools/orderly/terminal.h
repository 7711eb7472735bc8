/* What is known about the terminal that a descriptor may be: stderr as a rule. */
#ifndef TOOL_TERMINAL_H
#define TOOL_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

/* An environment variable that is set and not empty, else NULL. */
const char *terminal_setting(const char *name);

/* Its columns, or $COLUMNS, or 80; at least 1. */
unsigned terminal_columns(int fd);

/* Its rows, 24 if nobody knows. */
unsigned terminal_rows(int fd);

/* Whether lines on it can be drawn again: it is no dumb one. */
bool terminal_can_wipe(int fd);

/* CLOCK_MONOTONIC. */
uint64_t terminal_now_ns(void);

#endif
