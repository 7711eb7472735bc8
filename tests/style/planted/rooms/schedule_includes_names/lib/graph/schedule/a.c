#include "graph/schedule/schedule.h"
#include "graph/names/pattern.h"
