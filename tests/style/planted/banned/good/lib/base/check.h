/* A file that is here to be looked at by the scripts. */
#define CHECK(x) assert(x)
