/* A file that is here to be looked at by the scripts; ORD_NOT_THERE. */
#ifndef ORDERLY_THING_H
typedef int (*ord_thing_fn)(void);
#define ORD_LEVEL_MAP(X) X(ORD_LEVEL_HIGH, 1)
struct ord_thing_options {
	uint32_t level; /* a field */
};
ORD_API int ORD_MUST_CHECK
ord_thing_new(struct ord_thing **thing);

/* ord_not_there(x) */
ORD_API void
ord_thing_destroy(struct ord_thing **thing);
#endif
