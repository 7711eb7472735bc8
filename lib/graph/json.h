/* Whether bytes are one JSON value (RFC 8259). */
#ifndef GRAPH_JSON_H
#define GRAPH_JSON_H

#include <stddef.h>

#define JSON_DEPTH_MAX 1000 /* of arrays and objects in each other */

int json_is(const char *bytes, size_t size);

#endif
