/* Pieces of JSON. */
#ifndef TOOL_JSON_H
#define TOOL_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/* Append a string with its quotes; what is no UTF-8 becomes U+FFFD. */
void json_bytes(struct text *out, const char *bytes, size_t size);
/* Whether json_bytes would lose nothing of them: UTF-8 without a NUL. */
bool json_is_text(const char *bytes, size_t size);
void json_string(struct text *out, const char *string);

/* Append "name": with a comma in front, unless it is the first of its object. */
void json_name(struct text *out, const char *name);

/* Append a member: a name and a string, or a number. */
void json_text(struct text *out, const char *name, const char *string);
void json_number(struct text *out, const char *name, long long number);

/* Append a member with so many decimals. */
void json_decimal(struct text *out, const char *name, double number, int decimals);

#endif
