#include <stdio.h>
/* Too late to say what this file is for. */
