/*
 * Descriptions of functions: any bytes are taken apart without reading beyond
 * them, and what was understood is written again and must be the same.
 */
#include "fuzz.h"
#include "shared/slab.h"
#include "spawn/function.h"

static void
check_resolve(const struct function_spec *spec)
{
	struct error error = { 0, "" };
	ord_task_fn function;
	void *user;

	/* A name would load files, and an address is what the master says. */
	if (spec->kind == FUNCTION_NAME || spec->kind == FUNCTION_REFUSED || spec->kind == FUNCTION_ADDRESS || spec->kind == FUNCTION_NONE ||
		(spec->kind == FUNCTION_OFFSET && spec->name[0] != '\0'))
		return;
	if (function_resolve(spec, &function, &user, &error) == 0)
		must(function != NULL, "a function that is none");
	else
		must(error.text[0] != '\0', "a refusal without a sentence");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct function_spec spec;
	char again[FUNCTION_BYTES_MAX];
	size_t length;

	if (function_decode(&spec, (const char *)bytes, size) != 0)
		return 0;
	must(spec.build_id_size <= FUNCTION_BUILD_ID_MAX, "a build id is too long");
	must(memchr(spec.name, '\0', sizeof spec.name) != NULL, "a name has no end");
	length = function_encode(&spec, again);
	must(length <= size && memcmp(again, bytes, length) == 0, "a description differs");
	must(length == size || bytes[length] == '\0', "a name is cut");
	check_resolve(&spec);
	return 0;
}
