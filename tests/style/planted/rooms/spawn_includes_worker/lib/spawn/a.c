/* A file that is here to be looked at by the scripts. */
  # include  "worker/worker.h" /* why not */
