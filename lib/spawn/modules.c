/*
 * A module is described by its program headers alone: they are mapped with it,
 * survive strip, and are the same for a program, a shared object and one that
 * was loaded later.
 */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "spawn/modules.h"

#include <elf.h>
#include <link.h>
#include <string.h>

int
module_holds(const struct dl_phdr_info *module, uint64_t offset, uint64_t size, int code)
{
	for (size_t i = 0; i < module->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &module->dlpi_phdr[i];

		if (part->p_type == PT_LOAD && (!code || (part->p_flags & PF_X) != 0) &&
			offset >= part->p_vaddr && offset - part->p_vaddr < part->p_memsz &&
			size <= part->p_memsz - (offset - part->p_vaddr))
			return 1;
	}
	return 0;
}

/* The note among those of one segment. */
static size_t
look_in(const char *notes, size_t size, const char *owner, uint32_t type, const uint8_t **text)
{
	size_t owner_size = strlen(owner) + 1, at = 0;

	while (size - at >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const void *)(notes + at);
		size_t name_size = (note->n_namesz + (size_t)3) & ~(size_t)3;
		size_t text_size = (note->n_descsz + (size_t)3) & ~(size_t)3;

		at += sizeof *note;
		if (name_size > size - at || text_size > size - at - name_size)
			return 0;
		if (note->n_type == type && note->n_namesz == owner_size &&
			memcmp(notes + at, owner, owner_size) == 0) {
			*text = (const uint8_t *)notes + at + name_size;
			return note->n_descsz;
		}
		at += name_size + text_size;
	}
	return 0;
}

size_t
module_note(
	const struct dl_phdr_info *module, const char *owner, uint32_t type, const uint8_t **text)
{
	for (size_t i = 0; i < module->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &module->dlpi_phdr[i];
		const char *notes = (const char *)(uintptr_t)(module->dlpi_addr + part->p_vaddr);
		size_t size = part->p_type == PT_NOTE
			? look_in(notes, part->p_memsz, owner, type, text)
			: 0;

		if (size != 0)
			return size;
	}
	return 0;
}
