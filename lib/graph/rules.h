/* What a definition says of its log, its end and the terminal: read, checked, freed. */
#ifndef GRAPH_RULES_H
#define GRAPH_RULES_H

#include <stdint.h>

#define RULES_TERMINAL "(terminal)" /* the lock of those that have it */

struct definition;
struct making;

int rules_read(const struct making *making);
void rules_finish(struct definition *definition);

/* Of a proc or a graph. */
int rules_are_valid(uint32_t log_on_failure, uint32_t log_tail);

#endif
