/* A file that is here to be looked at by the scripts. */
static const char *words[] = { "a" };
const char **f(void) { return words; }
