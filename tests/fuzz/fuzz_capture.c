/*
 * Words: the input is a program of small steps - data, marks, look-alikes,
 * cuts between reads and who runs - and what comes out must be the data that
 * went in: every byte once, in order, with line ends where newlines and marks
 * were.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/words.h"

enum { LARGEST = 1 << 16 }; /* a step adds less than half of it */

struct fuzz {
	const uint8_t *data;
	size_t left;
	uint8_t nonce[REGION_NONCE_SIZE];
	uint32_t line_bytes;
	uint32_t marks;
	char stream[LARGEST]; /* of the read that is being filled */
	size_t stream_size;
	char expected[LARGEST]; /* the lines, each with '\n' behind it */
	uint8_t is_end[LARGEST];
	size_t expected_size;
	size_t checked; /* of expected: has come out */
	int open;       /* expected does not end in a line end */
	struct words words;
};

/* assert() may be compiled out; this is not. */
static void
must(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_capture: %s\n", what);
	abort();
}

static uint8_t
next(struct fuzz *fuzz)
{
	if (fuzz->left == 0)
		return 0;
	fuzz->left--;
	return *fuzz->data++;
}

static int
check_line(const struct words_line *line, void *user)
{
	struct fuzz *fuzz = user;
	volatile char beyond = line->text[line->size];

	(void)beyond;
	must(line->size <= fuzz->line_bytes, "a line is longer than the limit");
	must(!line->partial || line->size == fuzz->line_bytes, "a part is not full");
	must(fuzz->checked + line->size <= fuzz->expected_size, "more came out than went in");
	for (size_t i = 0; i < line->size; i++, fuzz->checked++) {
		must(!fuzz->is_end[fuzz->checked], "a line end was lost");
		must(line->text[i] == fuzz->expected[fuzz->checked], "a byte differs");
	}
	if (line->partial) {
		must(fuzz->checked < fuzz->expected_size && !fuzz->is_end[fuzz->checked],
			"a part ends its line");
		return 0;
	}
	must(fuzz->checked < fuzz->expected_size && fuzz->is_end[fuzz->checked], "a line was cut");
	fuzz->checked++;
	return 0;
}

static void
expect(struct fuzz *fuzz, char byte, int is_end)
{
	fuzz->expected[fuzz->expected_size] = byte;
	fuzz->is_end[fuzz->expected_size++] = (uint8_t)is_end;
	fuzz->open = !is_end;
}

static void
data(struct fuzz *fuzz, const void *bytes, size_t size)
{
	const char *text = bytes;

	memcpy(fuzz->stream + fuzz->stream_size, text, size);
	fuzz->stream_size += size;
	for (size_t i = 0; i < size; i++)
		expect(fuzz, text[i], text[i] == '\n');
}

static void
end_line(struct fuzz *fuzz)
{
	if (fuzz->open)
		expect(fuzz, '\n', 1);
}

static void
mark(struct fuzz *fuzz)
{
	words_mark(fuzz->stream + fuzz->stream_size, fuzz->nonce, next(fuzz), ++fuzz->marks);
	fuzz->stream_size += WORDS_MARK_SIZE;
	end_line(fuzz);
}

/*
 * The beginning of the next mark and one byte that no mark has there.  Behind
 * the sequence there are only bytes that are known, so nothing can follow that
 * makes it a mark.
 */
static void
look_alike(struct fuzz *fuzz)
{
	char bytes[WORDS_MARK_SIZE];
	size_t size = next(fuzz) % WORDS_MARK_SIZE;

	if (size >= 24 && size < 40)
		size = 40;
	words_mark(bytes, fuzz->nonce, UINT64_C(0x0a0b0c0d0e0f), fuzz->marks + 1);
	bytes[size] ^= 1;
	data(fuzz, bytes, size + 1);
}

static void
raw(struct fuzz *fuzz)
{
	size_t size = next(fuzz);

	if (size > fuzz->left)
		size = fuzz->left;
	data(fuzz, fuzz->data, size);
	fuzz->data += size;
	fuzz->left -= size;
}

static void
repeat(struct fuzz *fuzz)
{
	char byte = (char)next(fuzz);

	for (size_t n = next(fuzz); n > 0; n--)
		data(fuzz, &byte, 1);
}

/* Gives what is in the stream, in reads of `chunk` bytes from blocks of their own size. */
static void
take(struct fuzz *fuzz, size_t chunk, uint64_t running)
{
	for (size_t at = 0; at < fuzz->stream_size; at += chunk) {
		size_t left = fuzz->stream_size - at;
		size_t size = chunk < left ? chunk : left;
		char *block = malloc(size);

		must(block != NULL, "no memory");
		memcpy(block, fuzz->stream + at, size);
		must(words_take(&fuzz->words, block, size, running) == 0, "take failed");
		free(block);
		must(fuzz->words.held.size <=
				fuzz->line_bytes + fuzz->words.largest + WORDS_MARK_SIZE,
			"too much is held");
	}
	fuzz->stream_size = 0;
	must(fuzz->words.marks == fuzz->marks, "marks differ");
}

static void
step(struct fuzz *fuzz)
{
	uint8_t what = next(fuzz);
	uint64_t running = (what & 0x80) != 0 ? UINT64_MAX : what >> 4;

	switch (what & 7) {
	case 0: mark(fuzz); break;
	case 1: look_alike(fuzz); break;
	case 2: repeat(fuzz); break;
	case 3: data(fuzz, "\n", 1); break;
	case 4: take(fuzz, (size_t)next(fuzz) + 1, running); break;
	case 5: must(words_take(&fuzz->words, NULL, 0, running) == 0, "take failed"); break;
	default: raw(fuzz); break;
	}
}

/* Made of the whole input, or a fuzzer that watches memcmp would learn to write true marks as data. */
static void
make_nonce(uint8_t nonce[REGION_NONCE_SIZE], const uint8_t *bytes, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	memcpy(nonce, &hash, sizeof hash);
	memcpy(nonce + sizeof hash, "\371\371O\n\0\377 ", REGION_NONCE_SIZE - sizeof hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct fuzz fuzz;

	fuzz.data = bytes;
	fuzz.left = size;
	fuzz.stream_size = fuzz.expected_size = fuzz.checked = 0;
	fuzz.marks = 0;
	fuzz.open = 0;
	make_nonce(fuzz.nonce, bytes, size);
	fuzz.line_bytes = next(&fuzz) + 1u;
	words_init(&fuzz.words, fuzz.nonce, fuzz.line_bytes, check_line, &fuzz);
	while (fuzz.left > 0 && fuzz.expected_size < LARGEST / 2 && fuzz.stream_size < LARGEST / 2)
		step(&fuzz);
	take(&fuzz, 1000, 1);
	end_line(&fuzz);
	must(words_end(&fuzz.words, 2) == 0, "end failed");
	must(fuzz.checked == fuzz.expected_size, "something did not come out");
	words_finish(&fuzz.words);
	return 0;
}
