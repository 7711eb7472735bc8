/* A file that is here to be looked at by the scripts. */
#define LEAVE() exit(1)
