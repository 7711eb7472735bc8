/* Lines are made one byte at a time: slow, and too simple to be wrong in the same way as the library. */
#include "script.h"

#include <stdlib.h>
#include <string.h>

static void *
enough(void *block, size_t *room, size_t wanted, size_t size)
{
	if (wanted <= *room)
		return block;
	*room = wanted * 2 + 64;
	block = realloc(block, *room * size);
	if (block == NULL)
		abort();
	return block;
}

void
script_init(struct script *script, const uint8_t *nonce, size_t line_bytes)
{
	*script = (struct script){ .nonce = nonce, .line_bytes = line_bytes };
}

void
script_finish(struct script *script)
{
	free(script->stream);
	free(script->owner);
	free(script->mark_ends);
	recorder_finish(&script->line);
	recorder_finish(&script->expected);
}

static void
put(struct script *script, char byte, uint64_t owner)
{
	script->stream = enough(script->stream, &script->room, script->size + 1, 1);
	script->owner =
		enough(script->owner, &script->owner_room, script->size + 1, sizeof *script->owner);
	script->stream[script->size] = byte;
	script->owner[script->size] = owner;
	script->size++;
}

static void
line_over(struct script *script, int partial)
{
	recorder_add(
		&script->expected, script->task, script->line.bytes, script->line.n_bytes, partial);
	recorder_clear(&script->line);
}

void
script_data(struct script *script, const void *bytes, size_t size)
{
	const char *text = bytes;

	for (size_t i = 0; i < size; i++) {
		put(script, text[i], script->task);
		if (text[i] == '\n') {
			line_over(script, 0);
			continue;
		}
		if (script->line.n_bytes == script->line_bytes)
			line_over(script, 1);
		recorder_add(&script->line, 0, &text[i], 1, 0);
	}
}

void
script_text(struct script *script, const char *text)
{
	script_data(script, text, strlen(text));
}

void
script_end(struct script *script)
{
	if (script->line.n_bytes != 0)
		line_over(script, 0);
}

void
script_mark(struct script *script, uint64_t next)
{
	char mark[WORDS_MARK_SIZE];

	script_end(script);
	words_mark(mark, script->nonce, script->task, script->marks + 1);
	for (size_t i = 0; i < sizeof mark; i++)
		put(script, mark[i], SCRIPT_MARK);
	script->mark_ends = enough(script->mark_ends, &script->ends_room, script->marks + 1,
		sizeof *script->mark_ends);
	script->mark_ends[script->marks++] = script->size;
	script->task = next;
}

void
script_lookalike(struct script *script, size_t wrong_at)
{
	char mark[WORDS_MARK_SIZE];

	words_mark(mark, script->nonce, script->task, script->marks + 1);
	mark[wrong_at] ^= 0x15;
	script_data(script, mark, sizeof mark);
}

void
script_cut_mark(struct script *script, size_t size)
{
	char mark[WORDS_MARK_SIZE];

	words_mark(mark, script->nonce, script->task, script->marks + 1);
	script_data(script, mark, size);
	mark[size] ^= 0x15;
	script_data(script, &mark[size], 1);
}

uint32_t
script_marks_in(const struct script *script, size_t size)
{
	uint32_t n = 0;

	while (n < script->marks && script->mark_ends[n] <= size)
		n++;
	return n;
}
