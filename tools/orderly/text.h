/*
 * Bytes that grow.  A zeroed struct is an empty text; when memory runs out the
 * command says so and exits, so callers check nothing.
 */
#ifndef TOOL_TEXT_H
#define TOOL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *bytes;     /* bytes[size], then room up to capacity */
	size_t size;     /* bytes in use */
	size_t capacity; /* bytes allocated */
};

void text_add(struct text *text, const void *bytes, size_t size);
void text_add_string(struct text *text, const char *string);
void text_add_byte(struct text *text, char byte);
void text_add_number(struct text *text, uint64_t number);

/* Whether one word becomes the other by one letter more, less or different, or two that changed places. */
bool text_is_close(const char *a, const char *b);

/* Empty it, keeping the memory. */
void text_clear(struct text *text);

/* Empty it and free the memory. */
void text_finish(struct text *text);

/* malloc's and realloc's places, for arrays: never NULL. */
void *text_allocate(size_t count, size_t size);
void *text_reallocate(void *old, size_t count, size_t size);

#endif
