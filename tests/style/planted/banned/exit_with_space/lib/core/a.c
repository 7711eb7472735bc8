/* A file that is here to be looked at by the scripts. */
int x = y ? 1 :exit (1);
