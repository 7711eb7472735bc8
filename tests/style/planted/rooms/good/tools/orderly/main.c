/* A file that is here to be looked at by the scripts. */
#include "main.h"
#include <czmq.h>
