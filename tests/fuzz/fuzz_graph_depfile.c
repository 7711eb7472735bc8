/* A depfile of any bytes: names without NULs and no longer than it, or a sentence. */
#include "fuzz.h"
#include "graph/history/depfile.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct texts files = { 0 };
	struct error error = { 0 };
	int status = depfile_read((const char *)bytes, size, &files, &error);

	must(status == 0 || strlen(error.text) > 2, "no sentence");
	must(files.text.size <= size + 1, "more than there was");
	must(files.n <= size, "more names than bytes");
	if (files.text.size != 0)
		must(files.text.bytes[files.text.size - 1] == '\0', "a name without an end");
	texts_finish(&files);
	return 0;
}
