/*
 * The driver of the fuzz targets where there is no libFuzzer: every file of the corpus directory given as
 * the argument, then inputs from a fixed pseudo-random sequence - fresh bytes, and corpus files with a few
 * bytes changed - so that each run is the same.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 5000, SIZE_MOST = 4096, SEEDS_MOST = 1024 };

struct seed {
	uint8_t *bytes;
	size_t size;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* xorshift64: the same everywhere, unlike rand(). */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* A copy of exactly `size` bytes lets the sanitizers see each read beyond the end. */
static void
run_one(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		abort();
	if (size > 0)
		memcpy(copy, bytes, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

/* Reads a whole file; a file that cannot be read, a directory for one, gives no bytes. */
static struct seed
read_file(const char *folder, const char *name)
{
	struct seed seed = { NULL, 0 };
	char path[4096];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (file == NULL)
		return seed;
	seed.bytes = malloc(1 << 20);
	if (seed.bytes == NULL)
		abort();
	seed.size = fread(seed.bytes, 1, 1 << 20, file);
	fclose(file);
	return seed;
}

/* In the order of the names, for the changed inputs below must be the same everywhere. */
static size_t
read_corpus(const char *folder, struct seed *seeds)
{
	size_t count = 0;
	struct dirent **entries;
	int found = scandir(folder, &entries, NULL, alphasort);

	for (int i = 0; i < found; i++) {
		if (entries[i]->d_name[0] != '.' && count < SEEDS_MOST) {
			seeds[count] = read_file(folder, entries[i]->d_name);
			count += seeds[count].bytes != NULL;
		}
		free(entries[i]);
	}
	if (found >= 0)
		free(entries);
	return count;
}

/* Makes the next input: every other time a changed seed, if there is one. */
static size_t
make_input(uint8_t *input, const struct seed *seeds, size_t count, uint64_t *state)
{
	size_t size = next_random(state) % (next_random(state) % 8 == 0 ? SIZE_MOST : 64);

	if (count == 0 || next_random(state) % 2 == 0) {
		for (size_t i = 0; i < size; i++)
			input[i] = (uint8_t)next_random(state);
		return size;
	}
	const struct seed *seed = &seeds[next_random(state) % count];
	size = seed->size < SIZE_MOST ? seed->size : SIZE_MOST;
	memcpy(input, seed->bytes, size);
	for (uint64_t changes = 1 + next_random(state) % 4; size > 0 && changes > 0; changes--)
		input[next_random(state) % size] = (uint8_t)next_random(state);
	return next_random(state) % 4 == 0 ? next_random(state) % (size + 1) : size;
}

int
main(int argc, char **argv)
{
	static struct seed seeds[SEEDS_MOST];
	uint8_t input[SIZE_MOST];
	uint64_t state = 0x9e3779b97f4a7c15;
	size_t count = argc > 1 ? read_corpus(argv[1], seeds) : 0;

	for (size_t i = 0; i < count; i++)
		run_one(seeds[i].bytes, seeds[i].size);
	for (int i = 0; i < INPUTS; i++)
		run_one(input, make_input(input, seeds, count, &state));
	for (size_t i = 0; i < count; i++)
		free(seeds[i].bytes);
	printf("%zu files and %d made inputs\n", count, INPUTS);
	return 0;
}
