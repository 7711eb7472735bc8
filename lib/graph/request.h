/*
 * A question as it comes over the socket (docs/protocol.md): words, each with
 * its NUL: the version, the token of an attempt, what is asked, and names.
 */
#ifndef GRAPH_REQUEST_H
#define GRAPH_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#define REQUEST_VERSION "orderly-1"
#define REQUEST_MAX 65536    /* bytes of one */
#define REQUEST_TOKEN_MAX 28 /* bytes of a token as text, with its NUL */

struct request {
	uint32_t node;   /* of the proc */
	uint64_t secret; /* of its attempt */
	uint32_t kind;   /* an enum context_ask */
	const char *at;  /* names: at … end, each with its NUL */
	const char *end;
};

/* 0, or -1: it makes no sense. */
int request_parse(const char *bytes, size_t size, struct request *request);

/* A token as text. */
void request_token(char text[REQUEST_TOKEN_MAX], uint32_t node, uint64_t secret);

#endif
