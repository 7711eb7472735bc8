/*
 * The notes of a module: build ids, and the distances that ORD_FUNCTION
 * leaves.  The input is what stands in a module's note segments, and where the
 * segments begin and end; the table they should lead to is a good one, for
 * its entries are pointers that the dynamic linker has written.
 */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include <elf.h>
#include <link.h>

#include <orderly/function.h>

#include "base/error.h"
#include "fuzz.h"
#include "spawn/function.h"
#include "spawn/modules.h"
#include "spawn/names.h"

enum { ENTRIES = 4, NOTES_MOST = 2, PARTS = NOTES_MOST + 1 };

/* The module: its table, then its notes, and not a byte more. */
struct module {
	char *bytes;
	size_t size;
	ElfW(Phdr) parts[PARTS];
	struct dl_phdr_info info;
};

static struct module *now;

int __wrap_dl_iterate_phdr(int (*callback)(struct dl_phdr_info *, size_t, void *), void *user);
int __real_dl_iterate_phdr(int (*callback)(struct dl_phdr_info *, size_t, void *), void *user);

/* The sanitizers ask too, before and behind a run. */
int
__wrap_dl_iterate_phdr(int (*callback)(struct dl_phdr_info *, size_t, void *), void *user)
{
	if (now == NULL)
		return __real_dl_iterate_phdr(callback, user);
	return callback(&now->info, sizeof now->info, user);
}

/* Each word of the table can be read as a name and called as a function, wherever a note says that it begins. */
static void
fill_table(struct module *module)
{
	static const char name[] = "name";
	const void *word = name;

	for (size_t i = 0; i < ENTRIES * sizeof(struct ord_function); i += sizeof word)
		memcpy(module->bytes + i, &word, sizeof word);
}

/* What a linker does not know before it has placed everything: distances from a note to the table. */
static void
point_to_table(struct module *module, size_t at, uint8_t what)
{
	uint64_t start = 0 - (uint64_t)at, stop = start + sizeof(struct ord_function) * (what & 7);

	stop -= 8;
	if (at + 16 > module->size)
		return;
	memcpy(module->bytes + at, &start, sizeof start);
	memcpy(module->bytes + at + 8, &stop, sizeof stop);
}

static void
make(struct module *module, struct input *input)
{
	size_t table = ENTRIES * sizeof(struct ord_function), size;
	uint8_t what = input_byte(input), n = 1 + (what & 1);
	size_t place = input_byte(input) * 4u, cut = input_byte(input) * 4u;

	size = input->left & ~(size_t)3;
	module->size = table + size;
	module->bytes = malloc(module->size);
	must(module->bytes != NULL, "no memory");
	fill_table(module);
	memcpy(module->bytes + table, input->bytes, size);
	if (what & 2)
		point_to_table(module, table + place, what >> 5);
	cut = cut < size ? cut : size;
	module->parts[0] = (ElfW(Phdr)){ .p_type = PT_LOAD, .p_memsz = table };
	for (uint8_t i = 0; i < n; i++)
		module->parts[1 + i] = (ElfW(Phdr)){ .p_type = PT_NOTE, .p_vaddr = table + (i == 0 ? 0 : cut),
			.p_memsz = i == 0 && n == 2 ? cut : size - (i == 0 ? 0 : cut) };
	module->info = (struct dl_phdr_info){ .dlpi_addr = (uintptr_t)module->bytes, .dlpi_name = "",
		.dlpi_phdr = module->parts, .dlpi_phnum = (ElfW(Half))(1 + n) };
}

static void
check_note(const struct module *module, const char *owner, uint32_t type)
{
	const uint8_t *text = NULL;
	size_t size = module_note(&module->info, owner, type, &text);

	if (size == 0)
		return;
	must((const char *)text >= module->bytes && (const char *)text + size <= module->bytes + module->size,
		"a note lies elsewhere");
	input_touch(text, size);
}

static void
check_functions(const struct module *module)
{
	struct error error = { 0, "" };
	struct function_spec spec = { .kind = FUNCTION_OFFSET, .build_id_size = 4 };
	ord_task_fn function;
	char list[100];
	void *user;

	function = names_find(NULL, "name");
	must(function == NULL || (const void *)(uintptr_t)function == *(void **)(void *)module->bytes, "a function of nobody");
	must(strlen(names_list(NULL, list, sizeof list)) < sizeof list, "a list has no end");
	must(names_find(NULL, "other") == NULL, "a function that is not there");
	if (module->size >= 20 + ENTRIES * sizeof(struct ord_function))
		memcpy(spec.build_id, module->bytes + ENTRIES * sizeof(struct ord_function) + 16, 4);
	/* It holds no code, so whatever its build id, there is no function in it. */
	must(function_resolve(&spec, &function, &user, &error) != 0, "a function in a table");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = { bytes, size };
	struct module module;

	if (size < 3)
		return 0;
	make(&module, &input);
	now = &module;
	check_note(&module, "GNU", NT_GNU_BUILD_ID);
	check_note(&module, "Orderly", 1);
	check_note(&module, "", 0);
	check_functions(&module);
	now = NULL;
	free(module.bytes);
	return 0;
}
