/* A file that is here to be looked at by the scripts. */
#include "wire/memory.h"
