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

/*
 * Enter a function into the table under its own name:
 *
 *   static int resize(struct ord_task *task, void *user) { … }
 *   ORD_FUNCTION(resize);
 *
 * function  an ord_task_fn, declared before; may be static; an identifier
 *           without namespace or class
 *
 * Then "resize" is a .function_name in every pool whose workers have that
 * program or object loaded, and "file.so:resize" loads the object first.  Of
 * two entries with one name the program's is found before those of objects,
 * and those in the order in which they were loaded.
 * An object that is loaded so needs the library that the program has: link
 * both with liborderly.so, or the program with -rdynamic.
 * Nothing runs before main and nothing is exported; the table survives strip,
 * -Wl,--gc-sections and link-time optimization.  An entry in a static library
 * is there only if something else makes the linker take its object file.
 * C11, C++11 and later; at file scope, in C++ in a namespace too; ELF with 64
 * bits.  Since 0.1.  Source: lib/spawn/names.c.
 */
#define ORD_FUNCTION(function)                                                                    \
	ORD_FUNCTION_NOTE_                                                                        \
	static const struct ord_function ord_function_##function##_ __attribute__((               \
		ORD_FUNCTION_KEEP_ section("orderly_functions"), aligned(sizeof(void *)))) = {    \
		#function, function                                                               \
	}

/*
 * For ORD_FUNCTION: a note that says where the module's table lies, as
 * distances from the note.  The linker makes the two symbols, and gathers
 * notes where the program headers lead to them, so that no module needs a
 * symbol or a constructor to be found.  One note would do for each module.
 */
#define ORD_FUNCTION_NOTE_                                                                        \
	__asm__(".pushsection .note.orderly,\"a\",%note\n\t"                                      \
		".balign 4\n\t"                                                                   \
		".4byte 8, 16, 1\n\t"                                                             \
		".asciz \"Orderly\"\n\t"                                                          \
		".hidden __start_orderly_functions\n\t"                                           \
		".hidden __stop_orderly_functions\n\t"                                            \
		".8byte __start_orderly_functions - .\n\t"                                        \
		".8byte __stop_orderly_functions - .\n\t"                                         \
		".popsection");

/* For ORD_FUNCTION: linkers that drop what nobody names need `retain`, where it is known. */
#define ORD_FUNCTION_KEEP_ used,
#ifdef __has_attribute
#if __has_attribute(retain)
#undef ORD_FUNCTION_KEEP_
#define ORD_FUNCTION_KEEP_ used, retain,
#endif
#endif

#ifdef __cplusplus
}
#endif
#endif
