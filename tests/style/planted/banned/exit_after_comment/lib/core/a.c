/* A file that is here to be looked at by the scripts. */
int x = f("/*") + /* no */exit(1);
