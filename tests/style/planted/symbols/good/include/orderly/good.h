/* A file that is here to be looked at by the scripts. */
ORD_API int ord_good(void);
