/*
 * Inputs that a depfile names.  They are known only after the run, so what
 * they were before it is not: one that may have been written meanwhile is
 * recorded without content, and by that the proc runs again.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "graph/history/depfile.h"
#include "graph/increment.h"
#include "graph/inputs/ignored.h"

#define SIZE_MAX_BYTES (64 << 20)
#define GRAIN_NS (20 * (int64_t)CLOCK_NS_PER_MS) /* a clock of files may be so far behind ours */

static int
not_made(struct ord_graph *graph, const char *path, const char *why)
{
	error_set(&graph->error, ORD_EFAILED,
		"outputs not refreshed: it ended well, but its depfile %.300s %.400s", path, why);
	return 1;
}

/* The whole file; 0, 1 with a sentence, or a status. */
static int
read_all(struct ord_graph *graph, const char *path, struct buffer *text)
{
	int fd = openat(graph->files.root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t got = 1;

	if (fd < 0)
		return not_made(
			graph, path, errno == ENOENT ? "was not written" : "cannot be opened");
	while (got > 0 && text->size <= SIZE_MAX_BYTES) {
		if (buffer_reserve(text, 65536) != 0) {
			fd_close(&fd);
			return error_memory(&graph->error);
		}
		got = read(fd, text->bytes + text->size, 65536);
		text->size += got > 0 ? (size_t)got : 0;
	}
	fd_close(&fd);
	if (got < 0)
		return not_made(graph, path, "cannot be read");
	return got > 0 ? not_made(graph, path, "is larger than 64 MiB") : ORD_OK;
}

/* Not before the start, as far as is known. */
static int
may_be_written(const struct file *file, int64_t start_ns)
{
	return file->kind == FILE_REGULAR && file->mtime_ns >= start_ns - GRAIN_NS;
}

static int
add(struct ord_graph *graph, struct increment *now, const char *path, int64_t start_ns)
{
	struct file before = { 0 }, file;
	const struct file *known = files_peek(&graph->files, path);
	const struct file *seen;

	if (known != NULL)
		before = *known;
	seen = files_look(&graph->files, path);
	if (seen == NULL) {
		graph->error = graph->files.error;
		return graph->error.status;
	}
	file = *seen;
	/* What somebody had read before the start tells whether it is the same. */
	if (may_be_written(&file, start_ns) &&
		(!before.hashed || files_hash_of(&graph->files, seen, &file.hash) != 0 ||
			!digest_equal(&before.hash, &file.hash)))
		file.mtime_ns = file.hashed = 0;
	return file_list_add(&now->found, &file) == 0 ? ORD_OK : error_memory(&graph->error);
}

/* Its own outputs, and what is an input anyway, are left out. */
static int
is_news(const struct increment *now, const char *path)
{
	return *path != '\0' && file_list_find(&now->results, path) == NULL &&
		file_list_find(&now->inputs, path) == NULL;
}

/* A path of the command, as one from here. */
static int
rebase(struct texts *paths, const char *cwd, const char *path)
{
	int status = 0;

	if (*path != '/' && *cwd != '\0' &&
		(buffer_append(&paths->text, cwd, strlen(cwd)) != 0 ||
			buffer_append(&paths->text, "/", 1) != 0))
		status = -1;
	return status == 0 ? texts_add(paths, path) : -1;
}

/* The depfile's own path, and the directory in which its command ran. */
struct where {
	struct texts depfile, cwd;
	int64_t start_ns;
};

static int
take(struct ord_graph *graph, struct increment *now, const struct texts *named,
	const struct where *where)
{
	struct texts based = { 0 }, *paths = &based;
	const char *at = named->text.bytes;
	int status = ORD_OK;

	for (uint32_t i = 0; status == ORD_OK && i < named->n; i++) {
		if (rebase(&based, where->cwd.n != 0 ? where->cwd.text.bytes : "", at) != 0)
			status = error_memory(&graph->error);
		at += strlen(at) + 1;
	}
	texts_change(paths, path_glob_normalize);
	now->found.n = 0;
	at = paths->text.bytes;
	for (uint32_t i = 0; status == ORD_OK && i < paths->n; i++) {
		if (is_news(now, at))
			status = add(graph, now, at, where->start_ns);
		at += strlen(at) + 1;
	}
	file_list_sort(&now->found);
	texts_finish(&based);
	return status;
}

/* Where it is and whence its names count. */
static int
find(struct ord_graph *graph, const struct ord_proc *proc, struct where *where)
{
	const struct definition *definition = proc->definition;
	void *user = (void *)(uintptr_t)proc;
	struct span missing;

	where->start_ns = (int64_t)clock_wall_ns();
	if (proc->started_ns != 0)
		where->start_ns -= (int64_t)(clock_now_ns() - proc->started_ns);
	if (texts_fill(&where->depfile, &definition->tracked.depfile, proc_value, user, &missing) !=
			0 ||
		texts_fill(&where->cwd, &definition->command.cwd, proc_value, user, &missing) != 0)
		return error_memory(&graph->error);
	return ORD_OK;
}

int
found_read(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now)
{
	struct where where = { 0 };
	struct texts named = { 0 };
	struct buffer text = { 0 };
	struct error error = { 0 };
	int status = find(graph, proc, &where);

	if (status == ORD_OK)
		status = read_all(graph, where.depfile.text.bytes, &text);
	if (status == ORD_OK) {
		status = depfile_read(text.bytes, text.size, &named, &error);
		if (status == ORD_EINVAL)
			status = not_made(graph, where.depfile.text.bytes, error.text);
		else if (status != ORD_OK)
			graph->error = error;
	}
	if (status == ORD_OK)
		status = take(graph, now, &named, &where);
	texts_finish(&where.depfile);
	texts_finish(&where.cwd);
	texts_finish(&named);
	buffer_finish(&text);
	return status;
}
