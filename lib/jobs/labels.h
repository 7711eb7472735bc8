/*
 * Lists of labels as one text: each with a newline before it and one behind
 * the last, so that a label is found with its newlines.  "" is no labels.
 */
#ifndef JOBS_LABELS_H
#define JOBS_LABELS_H

#include "base/error.h"

#define LABELS_MAX 4096 /* bytes of a list */

/* Make the text of a list; *text is to be freed.  ORD_EINVAL: a label is empty, or has a byte that it may not have. */
int labels_join(const char *const *labels, char **text, struct error *error);

/* Does a taker with these labels have what is required? */
int labels_meet(const char *labels, const char *required);

/* For people: blanks between, into text[LABELS_MAX]. */
const char *labels_show(const char *labels, char *text);

#endif
