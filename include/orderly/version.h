/* The version of the headers, and of the library that was linked. */
#ifndef ORDERLY_VERSION_H
#define ORDERLY_VERSION_H

#include <orderly/export.h>

#define ORD_VERSION_MAJOR 0
#define ORD_VERSION_MINOR 1
#define ORD_VERSION_PATCH 0
#define ORD_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The version of the library that runs, as "major.minor.patch".
 *
 * Returns a constant string.  Any thread, any callback.
 * Since 0.1.  Source: lib/base/status.c.
 */
ORD_API const char *
ord_version(void);

#ifdef __cplusplus
}
#endif
#endif
