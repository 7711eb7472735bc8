/* A header that is here to be looked at by the scripts. */
#ifndef T_H
#define T_H
#include <stdint.h>
struct ord_options {
	uint64_t size;
	uint32_t a, b;
};
int ord_f(const struct ord_options *options);
#endif
