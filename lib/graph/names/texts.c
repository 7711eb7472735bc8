/* Lists of texts whose memory is used again and again. */
#include "graph/names/texts.h"

#include <string.h>

#include "base/memory.h"

int
texts_add(struct texts *texts, const char *text)
{
	if (buffer_append(&texts->text, text, strlen(text) + 1) != 0)
		return -1;
	texts->n++;
	return 0;
}

int
texts_fill(struct texts *texts, const struct text *text, pattern_value_fn value, void *user,
	struct span *missing)
{
	int status = text_fill(text, value, user, &texts->text, missing);

	texts->n += status == 0 ? text->n_words : 0;
	return status;
}

const char *const *
texts_list(struct texts *texts)
{
	size_t at = 0;

	if (texts->n + 1 > texts->capacity) {
		uint32_t capacity = 2 * (texts->n + 4);
		const char **list =
			memory_resize((void *)texts->list, capacity * sizeof *texts->list);

		if (list == NULL)
			return NULL;
		texts->list = list;
		texts->capacity = capacity;
	}
	for (uint32_t i = 0; i < texts->n; i++) {
		texts->list[i] = texts->text.bytes + at;
		at += strlen(texts->list[i]) + 1;
	}
	texts->list[texts->n] = NULL;
	return texts->list;
}

void
texts_change(struct texts *texts, void (*change)(char *text))
{
	size_t from = 0, to = 0;

	for (uint32_t i = 0; i < texts->n; i++) {
		char *text = texts->text.bytes + from;
		size_t size;

		from += strlen(text) + 1;
		change(text);
		size = strlen(text) + 1;
		memmove(texts->text.bytes + to, text, size);
		to += size;
	}
	texts->text.size = to;
}

void
texts_clear(struct texts *texts)
{
	texts->text.size = 0;
	texts->n = 0;
}

void
texts_finish(struct texts *texts)
{
	buffer_finish(&texts->text);
	memory_free((void *)texts->list);
	*texts = (struct texts){ 0 };
}
