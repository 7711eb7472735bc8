/*
 * A status with its sentence, kept on the object that it belongs to.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <orderly/export.h>
#include <orderly/status.h>

struct error {
	int status;      /* 0 or a negative enum ord_status */
	char text[1024]; /* names the thing and the remedy; "" if status is 0 */
};

/* Store a status and its sentence; returns the status. */
int error_set(struct error *error, int status, const char *format, ...) ORD_PRINTF(3, 4);

/* As error_set with ORD_ESYSTEM and ": " + the text of errno_value behind the sentence, and where a limit or a full disk is the reason, its remedy. */
int error_system(struct error *error, int errno_value, const char *format, ...) ORD_PRINTF(3, 4);

/* Store ORD_ENOMEM with its standard sentence; returns it. */
int error_memory(struct error *error);

/* No error any more. */
void error_clear(struct error *error);

#endif
