/* A file that is here to be looked at by the scripts. */
int f(void) { static int count = 3; return count++; }
