/*
 * Functions by name.  ORD_FUNCTION at file scope enters a function into a
 * table of the program or shared object that it is compiled into; pools find
 * it there by name, in whatever process they start.
 */
#ifndef ORDERLY_FUNCTION_H
#define ORDERLY_FUNCTION_H

#include <orderly/task.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An entry of the table; made by ORD_FUNCTION only. */
struct ord_function {
	const char *name;
	ord_task_fn function;
};

/* ORD_FUNCTION and its parts are filled in by the names room. */
#define ORD_FUNCTION(function) extern int ord_function_unused_

#ifdef __cplusplus
}
#endif
#endif
