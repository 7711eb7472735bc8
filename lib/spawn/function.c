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

/* What a walk over the modules looks for, and what it found. */
struct search {
	struct function_spec *spec; /* describe: filled; resolve: compared */
	uint64_t address;           /* describe: given; resolve: found */
	int found;
};

static int
holds_code(const struct dl_phdr_info *module, uint64_t offset)
{
	for (size_t i = 0; i < module->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &module->dlpi_phdr[i];

		if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0 &&
			offset >= part->p_vaddr && offset - part->p_vaddr < part->p_memsz)
			return 1;
	}
	return 0;
}

/* The build id among the notes of one segment; its size, 0 if there is none. */
static size_t
id_in_notes(const char *notes, size_t size, const uint8_t **id)
{
	size_t at = 0;

	while (size - at >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const void *)(notes + at);
		size_t name_size = (note->n_namesz + 3u) & ~(size_t)3;
		size_t text_size = (note->n_descsz + 3u) & ~(size_t)3;

		at += sizeof *note;
		if (name_size > size - at || text_size > size - at - name_size)
			return 0;
		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
			memcmp(notes + at, "GNU", 4) == 0) {
			*id = (const uint8_t *)notes + at + name_size;
			return note->n_descsz <= FUNCTION_BUILD_ID_MAX ? note->n_descsz : 0;
		}
		at += name_size + text_size;
	}
	return 0;
}

static size_t
build_id(const struct dl_phdr_info *module, const uint8_t **id)
{
	for (size_t i = 0; i < module->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &module->dlpi_phdr[i];
		const char *notes = (const char *)(uintptr_t)(module->dlpi_addr + part->p_vaddr);
		size_t size = part->p_type == PT_NOTE ? id_in_notes(notes, part->p_memsz, id) : 0;

		if (size != 0)
			return size;
	}
	return 0;
}

static int
look_by_address(struct dl_phdr_info *module, size_t info_size, void *user)
{
	struct search *search = user;
	const uint8_t *id;
	size_t size;

	(void)info_size;
	if (search->address < module->dlpi_addr ||
		!holds_code(module, search->address - module->dlpi_addr))
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
		!holds_code(module, search->spec->offset))
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

int
function_describe_name(struct function_spec *spec, const char *name, struct error *error)
{
	const char *colon = strrchr(name, ':');

	memset(spec, 0, sizeof *spec);
	if (colon == NULL || colon == name || colon[1] == '\0')
		return error_set(
			error, ORD_EINVAL, "'%s' names no function: write file.so:function", name);
	if (strlen(name) >= sizeof spec->name)
		return error_set(error, ORD_EINVAL, "a function's name has at most %d bytes",
			FUNCTION_NAME_MAX - 1);
	strncat(spec->name, name, sizeof spec->name - 1);
	spec->kind = FUNCTION_NAME;
	return 0;
}

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

static int
resolve_name(const struct function_spec *spec, ord_task_fn *function, struct error *error)
{
	char file[FUNCTION_NAME_MAX];
	char *name;
	void *module, *symbol;

	memcpy(file, spec->name, sizeof file);
	name = strrchr(file, ':');
	if (name == NULL)
		return error_set(
			error, ORD_ENOTSUP, "'%s' names no function: write file.so:function", file);
	*name++ = '\0';
	module = open_module(file);
	if (module == NULL)
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): a spawner has one thread */
		return error_set(error, ORD_ENOTSUP, "cannot load %s: %s", file, dlerror());
	symbol = dlsym(module, name);
	if (symbol == NULL)
		return error_set(error, ORD_ENOTSUP,
			"%s has no function %s: is it static, or hidden?", file, name);
	*function = (ord_task_fn)(uintptr_t)symbol;
	return 0;
}

int
function_resolve(
	const struct function_spec *spec, ord_task_fn *function, void **user, struct error *error)
{
	*function = NULL;
	*user = NULL;
	if (spec->build_id_size > FUNCTION_BUILD_ID_MAX ||
		memchr(spec->name, '\0', sizeof spec->name) == NULL)
		return error_set(
			error, ORD_ENOTSUP, "the description of the task function is damaged");
	switch (spec->kind) {
	case FUNCTION_NONE: return 0;
	case FUNCTION_ADDRESS:
		*function = (ord_task_fn)(uintptr_t)spec->address;
		*user = (void *)(uintptr_t)spec->user;
		return 0;
	case FUNCTION_OFFSET: return resolve_offset(spec, function, error);
	case FUNCTION_NAME: return resolve_name(spec, function, error);
	default:
		return error_set(error, ORD_ENOTSUP,
			"the task function is described in an unknown way: %u", spec->kind);
	}
}
