/* A file that is here to be looked at by the scripts. */
static const char *url = "ipc://here"; /* not // this */
