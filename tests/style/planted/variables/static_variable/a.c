/* A file that is here to be looked at by the scripts. */
static int count;
int f(void) { return count++; }
