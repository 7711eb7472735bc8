/* A file that is here to be looked at by the scripts. */
#include "a.h"
