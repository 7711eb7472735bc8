/* A file that is here to be looked at by the scripts. */
static _Thread_local int mine;
int f(void) { return mine++; }
