/* A file that is here to be looked at by the scripts. */
f("http://x"); // no
