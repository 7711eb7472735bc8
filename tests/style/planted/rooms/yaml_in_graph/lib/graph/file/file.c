/* Reads files by itself. */
#include <yaml.h>
