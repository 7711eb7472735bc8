/* Values of args: text with a type that says what the text must be. */
#ifndef GRAPH_VALUE_H
#define GRAPH_VALUE_H

#include <stddef.h>
#include <stdint.h>

enum value_kind { VALUE_TEXT, VALUE_INT, VALUE_FLOAT, VALUE_BOOL };

/* The kind with this name (text, int, float, bool), or -1. */
int value_kind_of(const char *name, size_t size);

/* A kind's name, with its article: "an int". */
const char *value_kind_name(int kind);

/* Whether the text is a value of the kind. */
int value_is(int kind, const char *text);

/* The text as a number; -1 if it is none or does not fit.  Decimal, hexadecimal with 0x; true, yes, on, 1 and false, no, off, 0, in any case. */
int value_int(const char *text, int64_t *value);
int value_float(const char *text, double *value);
int value_bool(const char *text, int *value);

#endif
