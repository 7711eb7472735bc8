/*
 * Fixed fields, then the lists: numbers as they are in memory, each text with
 * its length in front and a NUL behind, so that a decoded record points into
 * the bytes.  Whatever is read is checked against the end first.
 *
 * To change the format: another MARK, and a migration in database.c that
 * empties the table, if old records cannot be read any more.
 */
#include "graph/history/encoding.h"

#include <string.h>

#include "base/memory.h"

#define MARK UINT32_C(0x4f524401)

/* All of a record that has a fixed size. */
struct head {
	uint32_t mark, attempts;
	uint32_t n_parts, n_inputs, n_found, n_deps, n_outputs, unused;
	uint64_t result_size, version, user_ns, system_ns, memory_bytes, mean_ns;
	int64_t start_ns, end_ns;
	double weight;
	struct digest result_hash;
};

struct fixed_file {
	uint32_t kind, hashed;
	uint64_t size, inode;
	int64_t mtime_ns, looked_ns;
	struct digest hash;
};

/* Appends; what fails once stays failed. */
static void
put(struct buffer *to, int *failed, const void *bytes, size_t size)
{
	if (!*failed && buffer_append(to, bytes, size) != 0)
		*failed = 1;
}

static void
put_text(struct buffer *to, int *failed, const char *text)
{
	uint64_t size = strlen(text);

	put(to, failed, &size, sizeof size);
	put(to, failed, text, (size_t)size + 1);
}

static void
put_files(struct buffer *to, int *failed, const struct file *files, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct file *file = &files[i];
		struct fixed_file fixed = { file->kind, file->hashed, file->size, file->inode,
			file->mtime_ns, file->looked_ns, file->hash };

		put(to, failed, &fixed, sizeof fixed);
		put_text(to, failed, file->path);
	}
}

int
record_encode(const struct record *record, struct buffer *to)
{
	struct head head = { .mark = MARK,
		.attempts = record->attempts,
		.n_parts = record->n_parts,
		.n_inputs = record->n_inputs,
		.n_found = record->n_found,
		.n_deps = record->n_deps,
		.n_outputs = record->n_outputs,
		.result_size = record->result_size,
		.version = record->version,
		.user_ns = record->user_ns,
		.system_ns = record->system_ns,
		.memory_bytes = record->memory_bytes,
		.mean_ns = record->mean_ns,
		.start_ns = record->start_ns,
		.end_ns = record->end_ns,
		.weight = record->weight,
		.result_hash = record->result_hash };
	size_t before = to->size;
	int failed = 0;

	put(to, &failed, &head, sizeof head);
	put(to, &failed, record->result, (size_t)record->result_size);
	for (uint32_t i = 0; i < record->n_parts; i++) {
		put_text(to, &failed, record->parts[i].name);
		put_text(to, &failed, record->parts[i].value);
	}
	for (uint32_t i = 0; i < record->n_deps; i++) {
		put(to, &failed, &record->deps[i].version, sizeof record->deps[i].version);
		put_text(to, &failed, record->deps[i].name);
	}
	put_files(to, &failed, record->inputs, record->n_inputs);
	put_files(to, &failed, record->found, record->n_found);
	put_files(to, &failed, record->outputs, record->n_outputs);
	if (failed)
		to->size = before;
	return failed ? -1 : 0;
}

struct reader {
	const char *at;
	size_t left;
	int bad;
};

/* The next bytes; NULL: there are not so many. */
static const char *
get(struct reader *reader, uint64_t size)
{
	const char *bytes = reader->at;

	if (reader->bad || size > reader->left) {
		reader->bad = 1;
		return NULL;
	}
	reader->at += size;
	reader->left -= (size_t)size;
	return bytes;
}

static void
get_into(struct reader *reader, void *to, size_t size)
{
	const char *bytes = get(reader, size);

	if (bytes != NULL)
		memcpy(to, bytes, size);
	else
		memset(to, 0, size);
}

static const char *
get_text(struct reader *reader)
{
	const char *text;
	uint64_t size;

	get_into(reader, &size, sizeof size);
	text = size < UINT64_MAX ? get(reader, size + 1) : NULL;
	if (text == NULL || memchr(text, '\0', (size_t)size + 1) != text + size) {
		reader->bad = 1;
		return "";
	}
	return text;
}

static void
get_files(struct reader *reader, struct file *files, uint32_t n)
{
	for (uint32_t i = 0; i < n && !reader->bad; i++) {
		struct fixed_file fixed;

		get_into(reader, &fixed, sizeof fixed);
		files[i] = (struct file){ .kind = fixed.kind,
			.hashed = fixed.hashed,
			.size = fixed.size,
			.inode = fixed.inode,
			.mtime_ns = fixed.mtime_ns,
			.looked_ns = fixed.looked_ns,
			.hash = fixed.hash };
		files[i].path = get_text(reader);
	}
}

/* Room for all lists in one block, that begins with the inputs. */
static int
make_lists(struct record *record, const struct head *head)
{
	size_t n_files = (size_t)head->n_inputs + head->n_found + head->n_outputs;
	size_t size = n_files * sizeof *record->inputs + head->n_parts * sizeof *record->parts +
		head->n_deps * sizeof *record->deps;

	record->inputs = memory_new(1, size);
	if (record->inputs == NULL)
		return -1;
	record->found = record->inputs + head->n_inputs;
	record->outputs = record->found + head->n_found;
	record->parts = (struct part *)(void *)(record->outputs + head->n_outputs);
	record->deps = (struct dep *)(void *)(record->parts + head->n_parts);
	return 0;
}

static void
set_numbers(struct record *record, const struct head *head)
{
	record->n_parts = head->n_parts;
	record->n_inputs = head->n_inputs;
	record->n_found = head->n_found;
	record->n_deps = head->n_deps;
	record->n_outputs = head->n_outputs;
	record->attempts = head->attempts;
	record->result_size = head->result_size;
	record->result_hash = head->result_hash;
	record->version = head->version;
	record->start_ns = head->start_ns;
	record->end_ns = head->end_ns;
	record->user_ns = head->user_ns;
	record->system_ns = head->system_ns;
	record->memory_bytes = head->memory_bytes;
	record->mean_ns = head->mean_ns;
	record->weight = head->weight;
}

/* Every thing in a list takes more bytes than this: so what does not fit is known before there is room for it. */
static int
is_possible(const struct head *head, size_t left)
{
	uint64_t things = (uint64_t)head->n_parts + head->n_inputs + head->n_found + head->n_deps +
		head->n_outputs;

	return things <= left / sizeof(uint64_t);
}

int
record_decode(struct record *record, const char *bytes, size_t size)
{
	struct reader reader = { bytes, size, 0 };
	struct head head;

	*record = (struct record){ 0 };
	get_into(&reader, &head, sizeof head);
	if (reader.bad || head.mark != MARK || !is_possible(&head, reader.left))
		return 1;
	if (make_lists(record, &head) != 0)
		return -1;
	set_numbers(record, &head);
	record->result = head.result_size != 0 ? get(&reader, head.result_size) : NULL;
	for (uint32_t i = 0; i < head.n_parts; i++) {
		record->parts[i].name = get_text(&reader);
		record->parts[i].value = get_text(&reader);
	}
	for (uint32_t i = 0; i < head.n_deps; i++) {
		get_into(&reader, &record->deps[i].version, sizeof record->deps[i].version);
		record->deps[i].name = get_text(&reader);
	}
	get_files(&reader, record->inputs, head.n_inputs);
	get_files(&reader, record->found, head.n_found);
	get_files(&reader, record->outputs, head.n_outputs);
	if (reader.bad || reader.left != 0) {
		record_finish(record);
		return 1;
	}
	return 0;
}

uint64_t
record_mean_ns(const char *bytes, size_t size)
{
	struct reader reader = { bytes, size, 0 };
	struct head head;

	get_into(&reader, &head, sizeof head);
	return reader.bad || head.mark != MARK ? 0 : head.mean_ns;
}

void
record_finish(struct record *record)
{
	memory_free(record->inputs);
	*record = (struct record){ 0 };
}
