/* A file that is here to be looked at by the scripts. */
typedef int (*ord_thing_fn)(void);
ORD_API int ORD_MUST_CHECK
ord_thing_new(struct ord_thing **thing);

/* ord_not_there(x) */
ORD_API void
ord_thing_destroy(struct ord_thing **thing);
