/*
 * Keys that a file may have, but whose feature is not there: the user is told
 * of each, once, so that nothing is ignored in silence.  Whoever builds the
 * feature fills the field in load_proc.c or load_options.c and takes the row
 * out here.
 */
#include <stdio.h>
#include <string.h>

#include "graph/load.h"

struct row {
	const char *key;
	size_t place;  /* where in the section's struct its struct place is */
	size_t number; /* the same for its value, of numbers */
	int64_t same;  /* this number is what happens anyway */
};

#define ROW(type, key, field) \
	{ \
		key, offsetof(type, field.place), 0, 0 \
	}
#define NUMBER(type, key, field, same) \
	{ \
		key, offsetof(type, field.place), offsetof(type, field.value), same \
	}

static const struct row options_rows[] = {
	NUMBER(struct file_options, "options.output", output, 0),
};

static const struct row proc_rows[] = {
	NUMBER(struct file_proc, "output", output, 0),
};

static int
warn(struct load *load, const struct row *row, const void *from)
{
	struct place place;
	int64_t number = 0;
	uint32_t line, column;
	const struct source *source;
	char sentence[400];

	memcpy(&place, (const char *)from + row->place, sizeof place);
	if (row->number != 0)
		memcpy(&number, (const char *)from + row->number, sizeof number);
	if (place.file == 0 || (row->number != 0 && number == row->same))
		return 0;
	source = load->loaded->file.sources[place.file - 1];
	source_line(source, place.at, &line, &column);
	snprintf(sentence, sizeof sentence, "%.200s:%u:%u: this version does nothing with `%s`",
		source->path, line, column, row->key);
	graph_warn(load->graph, sentence);
	return 1;
}

void
load_later(struct load *load)
{
	const struct file_part *all = &load->loaded->file.all;

	for (size_t i = 0; i < sizeof options_rows / sizeof *options_rows; i++)
		(void)warn(load, &options_rows[i], &all->options);
	for (size_t i = 0; i < sizeof proc_rows / sizeof *proc_rows; i++)
		for (uint32_t at = 0; at < all->procs.n; at++)
			if (warn(load, &proc_rows[i], FILE_ITEM(struct file_proc, all->procs, at)))
				break;
}
