/* A file that is here to be looked at by the scripts. */
int total = 3;
