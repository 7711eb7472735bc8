/* A file that is here to be looked at by the scripts. */
static const int table[] = { 1, 2 };
static const char *const words[] = { "a", "b" };
int f(int i) { return table[i] + words[i][0]; }
