/* What fuzz targets share: the input as a row of choices, and a check that is never compiled out. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static inline void
must(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "must: %s\n", what);
	abort();
}

struct input {
	const uint8_t *bytes;
	size_t left;
};

/* Zeros behind the end. */
static inline uint8_t
input_byte(struct input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->bytes++;
}

static inline uint64_t
input_number(struct input *input, unsigned bytes)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < bytes; i++)
		number |= (uint64_t)input_byte(input) << (8 * i);
	return number;
}

/* Up to `most` bytes of what is left; how many. */
static inline size_t
input_take(struct input *input, void *to, size_t most)
{
	size_t size = most < input->left ? most : input->left;

	if (size != 0)
		memcpy(to, input->bytes, size);
	input->bytes += size;
	input->left -= size;
	return size;
}

/* Reads each byte, so that the sanitizers see a piece that reaches too far. */
static inline void
input_touch(const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		volatile char byte = ((const char *)bytes)[i];

		(void)byte;
	}
}

#endif
