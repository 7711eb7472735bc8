/*
 * How a function is told to another process: by the build id of the module it
 * lies in and its offset there, by a name, or, where the process is a copy of
 * this one, by its address.
 */
#ifndef SPAWN_FUNCTION_H
#define SPAWN_FUNCTION_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/task.h>

#include "base/error.h"

#define FUNCTION_NAME_MAX 4096
#define FUNCTION_BUILD_ID_MAX 64
#define FUNCTION_BYTES_MAX (FUNCTION_NAME_MAX + 128)

enum function_kind {
	FUNCTION_NONE = 0,
	FUNCTION_ADDRESS = 1, /* FORK, of the pool: good as it is */
	FUNCTION_OFFSET = 2,  /* module by build id, offset from its load address */
	FUNCTION_NAME =
		3, /* of ORD_FUNCTION; or "file.so:function": dlopen the file, dlsym the name */
	FUNCTION_LOADED = 4, /* FORK, of a task: an address, if its module still lies there */
	FUNCTION_REFUSED = 5 /* it cannot be told: the name is the sentence */
};

struct function_spec {
	uint32_t kind;
	uint32_t build_id_size;
	uint8_t build_id[FUNCTION_BUILD_ID_MAX];
	uint64_t offset;
	uint64_t address;
	uint64_t user;                /* FORK: what the function gets as its user pointer */
	char name[FUNCTION_NAME_MAX]; /* of the function, or of the module's file */
};

/*
 * Master: describe a function of this process by module and offset.
 * Returns 0; ORD_EINVAL: the address is in no module; ORD_ENOTSUP: its module
 * has no build id (link with -Wl,--build-id).
 */
int function_describe(struct function_spec *spec, ord_task_fn function, struct error *error);

/* The same for a process that was forked from this one: 0 also without a build id. */
int function_describe_here(struct function_spec *spec, ord_task_fn function, struct error *error);

/* Master: describe by name; ORD_EINVAL: it cannot be one. */
int function_describe_name(struct function_spec *spec, const char *name, struct error *error);

/* Master: a description that resolves to a sentence; cut. */
void function_refuse(struct function_spec *spec, const char *sentence);

/* A description as bytes, without user; their number. */
size_t function_encode(const struct function_spec *spec, char bytes[FUNCTION_BYTES_MAX]);

/* And back; -1: these bytes are none. */
int function_decode(struct function_spec *spec, const char *bytes, size_t size);

/*
 * Spawner, or worker: find it in this process.  *function NULL if kind is
 * FUNCTION_NONE.  Returns 0 or ORD_ENOTSUP with a sentence that names file,
 * symbol and remedy.
 */
int function_resolve(
	const struct function_spec *spec, ord_task_fn *function, void **user, struct error *error);

#endif
