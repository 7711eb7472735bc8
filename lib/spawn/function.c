/*
 * How a function's address crosses an exec: the kernel puts modules at other
 * addresses in each process, but the distance from a module's load address to
 * its function is the same in every process that has the same build of it, and
 * the build id tells whether it is.  So master and spawner walk their loaded
 * modules: one from an address to (build id, offset), the other back.
 */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "spawn/function.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spawn/modules.h"
#include "spawn/names.h"

/* What a walk over the modules looks for, and what it found. */
struct search {
	struct function_spec *spec; /* describe: filled; resolve: compared */
	uint64_t address;           /* describe: given; resolve: found */
	int found;
};

static size_t
build_id(const struct dl_phdr_info *module, const uint8_t **id)
{
	size_t size = module_note(module, "GNU", NT_GNU_BUILD_ID, id);

	return size <= FUNCTION_BUILD_ID_MAX ? size : 0;
}

static int
look_by_address(struct dl_phdr_info *module, size_t info_size, void *user)
{
	struct search *search = user;
	const uint8_t *id;
	size_t size;

	(void)info_size;
	if (search->address < module->dlpi_addr ||
		!module_holds(module, search->address - module->dlpi_addr, 1, 1))
		return 0;
	size = build_id(module, &id);
	search->spec->offset = search->address - module->dlpi_addr;
	search->spec->build_id_size = (uint32_t)size;
	if (size != 0)
		memcpy(search->spec->build_id, id, size);
	snprintf(search->spec->name, sizeof search->spec->name, "%s", module->dlpi_name);
	search->found = 1;
	return 1;
}

static int
look_by_id(struct dl_phdr_info *module, size_t info_size, void *user)
{
	struct search *search = user;
	const uint8_t *id;
	size_t size = build_id(module, &id);

	(void)info_size;
	if (size == 0 || size != search->spec->build_id_size ||
		memcmp(id, search->spec->build_id, size) != 0 ||
		!module_holds(module, search->spec->offset, 1, 1))
		return 0;
	search->address = module->dlpi_addr + search->spec->offset;
	search->found = 1;
	return 1;
}

int
function_describe(struct function_spec *spec, ord_task_fn function, struct error *error)
{
	struct search search = { .spec = spec, .address = (uint64_t)(uintptr_t)function };

	memset(spec, 0, sizeof *spec);
	dl_iterate_phdr(look_by_address, &search);
	if (!search.found)
		return error_set(error, ORD_EINVAL,
			"the task function at %p lies in no loaded module",
			(void *)(uintptr_t)function);
	if (spec->build_id_size == 0)
		return error_set(error, ORD_ENOTSUP,
			"%s has no build id, so its task function cannot be found in another process: "
			"link it with -Wl,--build-id, or use ORD_START_FORK",
			spec->name[0] != '\0' ? spec->name : "this program");
	spec->kind = FUNCTION_OFFSET;
	return 0;
}

/* In a process that is a copy of this one, and may have loaded other modules since. */
int
function_describe_here(struct function_spec *spec, ord_task_fn function, struct error *error)
{
	int status = function_describe(spec, function, error);

	if (status != ORD_ENOTSUP)
		return status;
	error_clear(error);
	spec->kind = FUNCTION_LOADED;
	spec->address = (uint64_t)(uintptr_t)function;
	return 0;
}

int
function_describe_name(struct function_spec *spec, const char *name, struct error *error)
{
	const char *colon = strrchr(name, ':');

	memset(spec, 0, sizeof *spec);
	if (name[0] == '\0' || (colon != NULL && (colon == name || colon[1] == '\0')))
		return error_set(error, ORD_EINVAL,
			"'%s' names no function: write a name of ORD_FUNCTION, or file.so:function",
			name);
	if (strlen(name) >= sizeof spec->name)
		return error_set(error, ORD_EINVAL, "a function's name has at most %d bytes",
			FUNCTION_NAME_MAX - 1);
	strncat(spec->name, name, sizeof spec->name - 1);
	spec->kind = FUNCTION_NAME;
	return 0;
}

void
function_refuse(struct function_spec *spec, const char *sentence)
{
	memset(spec, 0, sizeof *spec);
	strncat(spec->name, sentence, sizeof spec->name - 1);
	spec->kind = FUNCTION_REFUSED;
}

/* --- as bytes of a record --- */

/* What stands before the build id and the name. */
struct head {
	uint32_t kind;
	uint32_t build_id_size;
	uint64_t offset;
	uint64_t address;
};

_Static_assert(
	sizeof(struct head) + FUNCTION_BUILD_ID_MAX + FUNCTION_NAME_MAX <= FUNCTION_BYTES_MAX,
	"every description has room");

size_t
function_encode(const struct function_spec *spec, char bytes[FUNCTION_BYTES_MAX])
{
	struct head head = { spec->kind, spec->build_id_size, spec->offset, spec->address };
	size_t name_size = strlen(spec->name);

	memcpy(bytes, &head, sizeof head);
	memcpy(bytes + sizeof head, spec->build_id, spec->build_id_size);
	memcpy(bytes + sizeof head + spec->build_id_size, spec->name, name_size);
	return sizeof head + spec->build_id_size + name_size;
}

int
function_decode(struct function_spec *spec, const char *bytes, size_t size)
{
	struct head head;
	size_t name_size;

	memset(spec, 0, sizeof *spec);
	if (size < sizeof head)
		return -1;
	memcpy(&head, bytes, sizeof head);
	if (head.build_id_size > FUNCTION_BUILD_ID_MAX || head.build_id_size > size - sizeof head)
		return -1;
	name_size = size - sizeof head - head.build_id_size;
	if (name_size >= sizeof spec->name)
		return -1;
	spec->kind = head.kind;
	spec->build_id_size = head.build_id_size;
	spec->offset = head.offset;
	spec->address = head.address;
	memcpy(spec->build_id, bytes + sizeof head, head.build_id_size);
	memcpy(spec->name, bytes + sizeof head + head.build_id_size, name_size);
	return 0;
}

/* --- and back --- */

static int
resolve_offset(const struct function_spec *spec, ord_task_fn *function, struct error *error)
{
	struct function_spec wanted = *spec;
	struct search search = { .spec = &wanted };

	dl_iterate_phdr(look_by_id, &search);
	/* A module that the master loaded with dlopen is not here yet. */
	if (!search.found && wanted.name[0] != '\0' &&
		dlopen(wanted.name, RTLD_NOW | RTLD_LOCAL) != NULL)
		dl_iterate_phdr(look_by_id, &search);
	if (!search.found)
		return error_set(error, ORD_ENOTSUP,
			"the worker program does not contain the task function of %s, or another build of it: "
			"let it be the same program, or name the function as file.so:function",
			wanted.name[0] != '\0' ? wanted.name : "the master's program");
	*function = (ord_task_fn)(uintptr_t)search.address;
	return 0;
}

/* The address is good if the module that it belonged to still lies there. */
static int
resolve_loaded(const struct function_spec *spec, ord_task_fn *function, struct error *error)
{
	struct function_spec there = { 0 };
	struct search search = { .spec = &there, .address = spec->address };

	dl_iterate_phdr(look_by_address, &search);
	if (!search.found || there.offset != spec->offset || strcmp(there.name, spec->name) != 0)
		return error_set(error, ORD_ENOTSUP,
			"%s was loaded after the pool was started and has no build id, so its task function cannot be "
			"found in a worker: link it with -Wl,--build-id, or load it before",
			spec->name[0] != '\0' ? spec->name : "the function's module");
	*function = (ord_task_fn)(uintptr_t)spec->address;
	return 0;
}

/* dlopen would look for a name without a slash in the system's directories only. */
static void *
open_module(const char *file)
{
	char here[FUNCTION_NAME_MAX + 2];

	if (strchr(file, '/') != NULL)
		return dlopen(file, RTLD_NOW | RTLD_LOCAL);
	snprintf(here, sizeof here, "./%s", file);
	return dlopen(access(here, F_OK) == 0 ? here : file, RTLD_NOW | RTLD_LOCAL);
}

#define LIST_SIZE 400 /* of the names in a sentence */

static int
resolve_registered(const struct function_spec *spec, ord_task_fn *function, struct error *error)
{
	char list[LIST_SIZE];

	*function = names_find(NULL, spec->name);
	if (*function != NULL)
		return 0;
	return error_set(error, ORD_ENOTSUP,
		"the worker program has no function '%.200s' (registered is: %s): write ORD_FUNCTION(%.200s); there, or name "
		"it as file.so:function",
		spec->name, names_list(NULL, list, sizeof list), spec->name);
}

static int
resolve_name(const struct function_spec *spec, ord_task_fn *function, struct error *error)
{
	char file[FUNCTION_NAME_MAX], list[LIST_SIZE];
	char *name;
	void *module;

	memcpy(file, spec->name, sizeof file);
	name = strrchr(file, ':');
	if (name == NULL)
		return resolve_registered(spec, function, error);
	*name++ = '\0';
	module = open_module(file);
	if (module == NULL)
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): a spawner has one thread */
		return error_set(error, ORD_ENOTSUP, "cannot load %s: %s", file, dlerror());
	*function = (ord_task_fn)(uintptr_t)dlsym(module, name);
	if (*function == NULL)
		*function = names_find(module, name);
	if (*function != NULL)
		return 0;
	return error_set(error, ORD_ENOTSUP,
		"%.300s has no function %.200s: is it static, or hidden? Then write ORD_FUNCTION(%.200s); there (registered is: %s)",
		file, name, name, names_list(module, list, sizeof list));
}

static int
resolve(const struct function_spec *spec, ord_task_fn *function, struct error *error)
{
	switch (spec->kind) {
	case FUNCTION_NONE: return 0;
	case FUNCTION_ADDRESS: *function = (ord_task_fn)(uintptr_t)spec->address; return 0;
	case FUNCTION_OFFSET: return resolve_offset(spec, function, error);
	case FUNCTION_NAME: return resolve_name(spec, function, error);
	case FUNCTION_LOADED: return resolve_loaded(spec, function, error);
	case FUNCTION_REFUSED: return error_set(error, ORD_ENOTSUP, "%s", spec->name);
	default:
		return error_set(error, ORD_ENOTSUP,
			"the task function is described in an unknown way: %u", spec->kind);
	}
}

int
function_resolve(
	const struct function_spec *spec, ord_task_fn *function, void **user, struct error *error)
{
	*function = NULL;
	*user = (void *)(uintptr_t)spec->user;
	if (spec->build_id_size > FUNCTION_BUILD_ID_MAX ||
		memchr(spec->name, '\0', sizeof spec->name) == NULL)
		return error_set(
			error, ORD_ENOTSUP, "the description of the task function is damaged");
	return resolve(spec, function, error);
}
