/* Output that the page of a CI service shows folded. */
#ifndef TOOL_FOLDS_H
#define TOOL_FOLDS_H

#include <stdint.h>

#include "text.h"

enum folds { FOLDS_NONE, FOLDS_GITHUB, FOLDS_GITLAB };

/* The service in whose job this runs, by the environment. */
enum folds folds_of_environment(void);

/* Append what stands in front of a part: its title in a line; number is another for each part, time in seconds since 1970. */
void folds_begin(
	struct text *out, enum folds folds, uint64_t number, uint64_t time, const char *title);

void folds_end(struct text *out, enum folds folds, uint64_t number, uint64_t time);

#endif
