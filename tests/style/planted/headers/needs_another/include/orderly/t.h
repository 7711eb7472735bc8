/* A header that is here to be looked at by the scripts. */
#ifndef T_H
#define T_H
int ord_f(size_t size);
#endif
