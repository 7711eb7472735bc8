/*
 * How a function is told to another process: under FORK its address holds;
 * else the build id of the module it lies in and its offset there, or
 * "file.so:function".
 */
#ifndef SPAWN_FUNCTION_H
#define SPAWN_FUNCTION_H

#include <stdint.h>

#include <orderly/task.h>

#include "base/error.h"

#define FUNCTION_NAME_MAX 4096
#define FUNCTION_BUILD_ID_MAX 64

enum function_kind {
	FUNCTION_NONE = 0,
	FUNCTION_ADDRESS = 1, /* FORK: address and user are good as they are */
	FUNCTION_OFFSET = 2,  /* module by build id, offset from its load address */
	FUNCTION_NAME = 3     /* dlopen the file, dlsym the name */
};

struct function_spec {
	uint32_t kind;
	uint32_t build_id_size;
	uint8_t build_id[FUNCTION_BUILD_ID_MAX];
	uint64_t offset;
	uint64_t address;             /* of the function, FUNCTION_ADDRESS */
	uint64_t user;                /* FUNCTION_ADDRESS: the user pointer */
	char name[FUNCTION_NAME_MAX]; /* "file.so:function" */
};

/*
 * Master: describe a function of this process by module and offset.
 * Returns 0; ORD_EINVAL: the address is in no module; ORD_ENOTSUP: its module
 * has no build id (link with -Wl,--build-id).
 */
int function_describe(struct function_spec *spec, ord_task_fn function, struct error *error);

/* Master: describe by name; ORD_EINVAL without ":", or too long. */
int function_describe_name(struct function_spec *spec, const char *name, struct error *error);

/*
 * Spawner: find it in this process.  *function NULL if kind is FUNCTION_NONE.
 * Returns 0 or ORD_ENOTSUP with a sentence that names file, symbol and remedy.
 */
int function_resolve(
	const struct function_spec *spec, ord_task_fn *function, void **user, struct error *error);

#endif
