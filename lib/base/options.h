/*
 * Structs of options, whose first field is their size: a program may have been
 * built with another version of the header than the library.  Fields are only
 * ever appended and 0 is always the default, so what the program's struct does
 * not have is 0, and what only it has must be 0.
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include <stddef.h>

/* The size of a struct that ends with this field: what options_copy takes as `first`. */
#define OPTIONS_UP_TO(type, field) (offsetof(type, field) + sizeof(((type *)0)->field))

/*
 * Take a caller's struct over into one of this version; the rest of it is
 * zeroed and its size is ours.
 *
 * to       to[size], a struct that begins with a size_t
 * first    what the struct's size was in the first release
 * from     a struct that begins with its size; not NULL
 *
 * Returns 0, or ORD_EINVAL: the size is smaller than first or larger than any
 * version's; ORD_ENOTSUP: a field that this version does not know is set.
 * Unless 0 is returned nothing is written.
 */
int options_copy(void *to, size_t size, size_t first, const void *from);

#endif
