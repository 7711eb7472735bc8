/* A file that is here to be looked at by the scripts. */
#include "core/a.h"
#include <stdio.h>
#include <orderly/task.h>
  #  include "base/b.h"
/* #include "pool/pool.h" */
