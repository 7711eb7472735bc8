/* Characters of UTF-8, as far as drawing a caret below them needs. */
#ifndef GRAPH_CHARACTERS_H
#define GRAPH_CHARACTERS_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at the beginning of text; 0 if it is not valid UTF-8. */
size_t character_size(const char *text, const char *end);

/* The code of a valid character. */
uint32_t character_code(const char *text);

/* How many columns of a terminal a valid character takes: 0, 1 or 2. */
size_t character_columns(const char *text);

/* Whether a valid character is text: no C1 control character, and no half of a pair. */
int character_is_text(const char *text);

#endif
