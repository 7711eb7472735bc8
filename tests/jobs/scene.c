/* The scenes of tests/flow. */
#include "../flow/scene.c"
