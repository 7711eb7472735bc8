/*
 * A file and those that it includes: read, checked against the table of keys
 * and joined.  Nothing is run and nothing but the files is looked at.
 */
#include "graph/file/file.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "graph/file/field.h"
#include "graph/file/join.h"
#include "graph/file/yaml.h"

#define FILES_MOST 1000
#define INCLUDES_DEEP 32

/* A file that is being read, and who includes it. */
struct frame {
	const struct frame *includer;
	const struct source *source;
	unsigned depth;
};

struct loading {
	struct graph_file *file;
	struct file_part **parts; /* in the order in which they are joined */
	uint32_t n_parts;
};

int
file_error(struct graph_file *file, struct place place, const char *format, ...)
{
	char sentence[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	return source_error(file->sources[place.file - 1], place.at, &file->error, "%s", sentence);
}

/* A path that a file says, as seen from where the file was named. */
static char *
resolve(struct graph_file *file, const struct source *source, const char *path)
{
	const char *slash = strrchr(source->path, '/');
	size_t before = slash != NULL && path[0] != '/' ? (size_t)(slash - source->path) + 1 : 0;
	char *resolved = blocks_take(&file->blocks, before + strlen(path) + 1);

	if (resolved == NULL) {
		error_memory(&file->error);
		return NULL;
	}
	memcpy(resolved, source->path, before);
	memcpy(resolved + before, path, strlen(path));
	return resolved;
}

/* Enter a source; it is the file's from now on, or finished. */
static int
enter(struct graph_file *file, struct source *source, const struct source **entered)
{
	struct source **sources, *kept = memory_new(1, sizeof *kept);

	sources = kept != NULL
		? memory_resize(file->sources, (file->n_sources + 1) * sizeof *sources)
		: NULL;
	if (sources == NULL) {
		memory_free(kept);
		source_finish(source);
		return error_memory(&file->error);
	}
	file->sources = sources;
	*kept = *source;
	kept->number = file->n_sources + 1;
	sources[file->n_sources++] = kept;
	*entered = kept;
	return 0;
}

/* Who includes whom, from the file that would be included again on. */
static int
cycle(struct graph_file *file, const struct frame *frame, const struct source *again,
	struct place place)
{
	const struct frame *chain[INCLUDES_DEEP + 1];
	char names[360] = "";
	size_t used = 0, n = 0;

	for (; frame != NULL; frame = frame->includer) {
		chain[n++] = frame;
		if (frame->source == again)
			break;
	}
	while (n-- > 0 && used < sizeof names - 1)
		used += (size_t)snprintf(
			names + used, sizeof names - used, "%s -> ", chain[n]->source->path);
	return file_error(file, place, "the file includes itself: %s%.100s\ntake one `include` out",
		names, again->path);
}

static int load_source(
	struct loading *loading, const struct frame *includer, struct source *source);

/* A file that is named by `include`; what is there already is not read again. */
static int
include(struct loading *loading, const struct frame *frame, const struct file_text *name)
{
	struct graph_file *file = loading->file;
	char *path = resolve(file, frame->source, name->text);
	struct source source;
	int status;

	if (path == NULL)
		return ORD_ENOMEM;
	if (file->n_sources == FILES_MOST || frame->depth == INCLUDES_DEEP)
		return file_error(file, name->place, "more than %d files, or %d deep", FILES_MOST,
			INCLUDES_DEEP);
	status = source_read(&source, path, &file->error);
	if (status == ORD_ESYSTEM) {
		struct error failure = file->error;

		return file_error(file, name->place, "%.300s\nthe path is relative to this file",
			failure.text);
	}
	if (status != 0)
		return status;
	for (uint32_t i = 0; i < file->n_sources; i++) {
		const struct source *other = file->sources[i];

		if (other->inode != source.inode || other->device != source.device)
			continue;
		source_finish(&source);
		for (const struct frame *f = frame; f != NULL; f = f->includer)
			if (f->source == other)
				return cycle(file, frame, other, name->place);
		return 0;
	}
	return load_source(loading, frame, &source);
}

/* Paths of a part are as seen from where the first file was named. */
static int
resolve_dotenv(struct graph_file *file, const struct source *source, struct file_part *part)
{
	struct file_text *paths = blocks_take_many(&file->blocks, part->dotenv.n, sizeof *paths);

	if (paths == NULL)
		return error_memory(&file->error);
	for (uint32_t i = 0; i < part->dotenv.n; i++) {
		paths[i] = part->dotenv.items[i];
		paths[i].text = resolve(file, source, paths[i].text);
		if (paths[i].text == NULL)
			return ORD_ENOMEM;
	}
	part->dotenv.items = paths;
	return 0;
}

static int
add_part(struct loading *loading, struct file_part *part)
{
	struct file_part **parts =
		memory_resize(loading->parts, (loading->n_parts + 1) * sizeof *parts);

	if (parts == NULL)
		return error_memory(&loading->file->error);
	loading->parts = parts;
	parts[loading->n_parts++] = part;
	return 0;
}

/* Read a source, then what it includes; it is joined behind them. */
static int
load_source(struct loading *loading, const struct frame *includer, struct source *source)
{
	struct graph_file *file = loading->file;
	struct frame frame = { .includer = includer,
		.depth = includer != NULL ? includer->depth + 1 : 0 };
	struct file_part *part;
	struct tree *tree;
	int status = enter(file, source, &frame.source);

	if (status == 0)
		status = tree_read(frame.source, &file->blocks, &tree, &file->error);
	if (status != 0)
		return status;
	part = blocks_take(&file->blocks, sizeof *part);
	if (part == NULL)
		return error_memory(&file->error);
	status = field_struct(
		&(struct fields){
			.source = frame.source, .blocks = &file->blocks, .error = &file->error },
		&keys_file, tree, part);
	if (status == 0)
		status = resolve_dotenv(file, frame.source, part);
	for (uint32_t i = 0; i < part->include.n && status == 0; i++)
		status = include(loading, &frame, &part->include.items[i]);
	return status == 0 ? add_part(loading, part) : status;
}

static int
load(struct graph_file *file, struct source *source)
{
	struct loading loading = { .file = file };
	int status = load_source(&loading, NULL, source);

	if (status == 0)
		status = join_parts(file, loading.parts, loading.n_parts);
	memory_free(loading.parts);
	return status;
}

int
file_proc(struct graph_file *file, const struct file_unread *unread, struct blocks *blocks,
	struct file_proc *proc)
{
	struct fields fields = { .source = file->sources[unread->name.place.file - 1],
		.blocks = blocks,
		.error = &file->error,
		.proc = unread->tree };

	*proc = (struct file_proc){ .name = unread->name };
	return field_struct(&fields, &keys_proc, unread->tree, proc);
}

/* All of them, instead of what is unread. */
static int
read_procs(struct graph_file *file)
{
	struct file_items *all = &file->all.procs;
	struct file_proc *procs = blocks_take_many(&file->blocks, all->n, sizeof *procs);
	int status = 0;

	if (procs == NULL)
		return error_memory(&file->error);
	for (uint32_t i = 0; status == 0 && i < all->n; i++)
		status = file_proc(
			file, FILE_ITEM(struct file_unread, *all, i), &file->blocks, &procs[i]);
	all->items = procs;
	return status;
}

int
file_open(struct graph_file *file, const char *path)
{
	struct source source;
	int status;

	*file = (struct graph_file){ 0 };
	status = source_read(&source, path, &file->error);
	return status == 0 ? load(file, &source) : status;
}

int
file_load(struct graph_file *file, const char *path)
{
	int status = file_open(file, path);

	return status == 0 ? read_procs(file) : status;
}

int
file_load_memory(struct graph_file *file, const struct file_memory *memory)
{
	struct source source;
	int status;

	*file = (struct graph_file){ 0 };
	status = source_take(&source, memory->path, memory->text, memory->size, &file->error);
	if (status == 0)
		status = load(file, &source);
	return status == 0 ? read_procs(file) : status;
}

void
file_finish(struct graph_file *file)
{
	for (uint32_t i = 0; i < file->n_sources; i++) {
		source_finish(file->sources[i]);
		memory_free(file->sources[i]);
	}
	memory_free(file->sources);
	blocks_finish(&file->blocks);
	file->sources = NULL;
	file->n_sources = 0;
	file->all = (struct file_part){ 0 };
}
