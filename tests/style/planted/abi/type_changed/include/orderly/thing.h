#include <stddef.h>
#include <stdint.h>
#define ORD_VERSION "0.2.0"
#define ORD_API __attribute__((visibility("default")))
#define ORD_ALL UINT32_MAX
enum ord_kind {
	ORD_ONE = 1,
	ORD_TWO = 2,
};
typedef int (*ord_thing_fn)(int number, void *user);
struct ord_options {
	size_t size;
	ord_thing_fn function;
	uint32_t level;
	uint32_t workers;
};
struct ord_pair {
	int32_t first;
	uint32_t second;
};
ORD_API int
ord_thing(const struct ord_options *options, struct ord_pair *pair);
ORD_API void ord_other(void);
