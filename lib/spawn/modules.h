/* The modules of this process, as dl_iterate_phdr shows them: where their code lies and what their notes say. */
#ifndef SPAWN_MODULES_H
#define SPAWN_MODULES_H

#include <stddef.h>
#include <stdint.h>

struct dl_phdr_info;

/* 1 if size bytes at this distance from the load address are mapped, and executable if code is set. */
int module_holds(const struct dl_phdr_info *module, uint64_t offset, uint64_t size, int code);

/* The text of the first note of an owner and type; its size, 0 if there is none. */
size_t module_note(
	const struct dl_phdr_info *module, const char *owner, uint32_t type, const uint8_t **text);

#endif
