/*
 * The walk: directories that are still to be read lie on a stack of paths,
 * each is read to its end and closed before the next one is opened, so that
 * neither depth nor width costs descriptors.
 */
#define _GNU_SOURCE /* DT_DIR, O_DIRECTORY */
#include "graph/inputs/inputs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/memory.h"
#include "graph/inputs/ignored.h"

struct walk {
	struct files *files;
	struct file_list *list;
	struct ignored ignored;
	const struct path_glob *glob; /* NULL: everything */
	struct buffer stack;          /* directories, each with a NUL behind it */
	struct buffer path;           /* of the entry that is looked at */
};

static int
no_memory(struct walk *walk)
{
	return error_memory(&walk->files->error);
}

/* 1 if a path is ignored, 0 if not, or a status. */
static int
is_ignored(struct walk *walk, const char *path, size_t size, int directory)
{
	int answer = ignored_match(&walk->ignored, path, size, directory);

	return answer >= 0 ? answer : no_memory(walk);
}

/* The same for a path that was named, or for a directory in which it lies. */
static int
is_ignored_within(struct walk *walk, const char *path)
{
	int answer = ignored_match_within(&walk->ignored, path);

	return answer >= 0 ? answer : no_memory(walk);
}

static int
add_file(struct walk *walk, const char *path)
{
	const struct file *file = files_look(walk->files, path);

	if (file == NULL)
		return walk->files->error.status;
	return file_list_add(walk->list, file) == 0 ? 0 : no_memory(walk);
}

/* What an entry is, a link being what it leads to; FILE_MISSING: nothing, or it is gone. */
static uint32_t
entry_kind(const struct walk *walk, const struct dirent *entry, int *link)
{
	struct stat stat;

	*link = entry->d_type == DT_LNK;
	if (entry->d_type == DT_REG)
		return FILE_REGULAR;
	if (entry->d_type == DT_DIR)
		return FILE_DIRECTORY;
	if (entry->d_type == DT_UNKNOWN &&
		fstatat(walk->files->root, walk->path.bytes, &stat, AT_SYMLINK_NOFOLLOW) == 0)
		*link = S_ISLNK(stat.st_mode);
	if (fstatat(walk->files->root, walk->path.bytes, &stat, 0) != 0)
		return FILE_MISSING;
	return S_ISDIR(stat.st_mode)    ? FILE_DIRECTORY
		: S_ISREG(stat.st_mode) ? FILE_REGULAR
					: FILE_OTHER;
}

static int
visit_directory(struct walk *walk, int link)
{
	const char *path = walk->path.bytes;
	size_t size = walk->path.size - 1;
	int answer;

	if (link && (walk->glob == NULL || walk->glob->deep))
		return 0;
	answer = is_ignored(walk, path, size, 1);
	if (answer != 0)
		return answer > 0 ? 0 : answer;
	if (walk->glob != NULL) {
		answer = path_glob_enters(walk->glob, path, size);
		if (answer != GLOB_BELOW)
			return answer == GLOB_NO_MEMORY ? no_memory(walk) : 0;
	}
	return buffer_append(&walk->stack, path, size + 1) != 0 ? no_memory(walk) : 0;
}

static int
visit_file(struct walk *walk)
{
	const char *path = walk->path.bytes;
	size_t size = walk->path.size - 1;
	int answer = GLOB_YES;

	if (walk->glob != NULL)
		answer = path_glob_match(walk->glob, path, size);
	if (answer == GLOB_NO_MEMORY)
		return no_memory(walk);
	if (answer != GLOB_YES)
		return 0;
	answer = is_ignored(walk, path, size, 0);
	if (answer != 0)
		return answer > 0 ? 0 : answer;
	return add_file(walk, path);
}

/* An entry of a directory, whose path with its slash is the first `prefix` bytes of walk->path. */
static int
visit(struct walk *walk, const struct dirent *entry, size_t prefix)
{
	const char *name = entry->d_name;
	uint32_t kind;
	int link;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (walk->glob != NULL && *name == '.' &&
		(!walk->glob->hidden || !path_glob_hidden(walk->glob, name)))
		return 0;
	walk->path.size = prefix;
	if (buffer_append(&walk->path, name, strlen(name) + 1) != 0)
		return no_memory(walk);
	kind = entry_kind(walk, entry, &link);
	if (kind == FILE_DIRECTORY)
		return visit_directory(walk, link);
	/* A link to nothing is an input that is not there yet. */
	return kind == FILE_REGULAR || (kind == FILE_MISSING && link) ? visit_file(walk) : 0;
}

static int
read_entries(struct walk *walk, DIR *directory, const char *path)
{
	size_t size = strlen(path), prefix;
	int status = 0;

	walk->path.size = 0;
	if (buffer_append(&walk->path, path, size) != 0 ||
		(size != 0 && path[size - 1] != '/' && buffer_append(&walk->path, "/", 1) != 0))
		return no_memory(walk);
	prefix = walk->path.size;
	while (status == 0) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(directory);
		if (entry == NULL)
			return errno == 0 ? 0
					  : error_system(&walk->files->error, errno,
						    "the directory %s cannot be read", path);
		status = visit(walk, entry, prefix);
	}
	return status;
}

static int
read_directory(struct walk *walk, const char *path)
{
	int fd = openat(
		walk->files->root, *path != '\0' ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory;
	int status;

	/* Gone meanwhile, or never there. */
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0)
		return error_system(
			&walk->files->error, errno, "the directory %s cannot be opened", path);
	directory = fdopendir(fd);
	if (directory == NULL) {
		fd_close(&fd);
		return no_memory(walk);
	}
	status = read_entries(walk, directory, path);
	closedir(directory);
	return status;
}

/* All below a directory, "" for the root. */
static int
descend(struct walk *walk, const char *from)
{
	int status = buffer_append(&walk->stack, from, strlen(from) + 1) != 0 ? no_memory(walk) : 0;

	while (status == 0 && walk->stack.size != 0) {
		size_t start = walk->stack.size - 1;
		char *path;

		while (start != 0 && walk->stack.bytes[start - 1] != '\0')
			start--;
		path = memory_copy(walk->stack.bytes + start, walk->stack.size - 1 - start);
		walk->stack.size = start;
		status = path != NULL ? read_directory(walk, path) : no_memory(walk);
		memory_free(path);
	}
	walk->stack.size = 0;
	return status;
}

static int
expand_plain(struct walk *walk, const char *path)
{
	const struct file *file;
	int answer = is_ignored_within(walk, path);

	if (answer != 0)
		return answer > 0 ? 0 : answer;
	file = files_look(walk->files, *path != '\0' ? path : ".");
	if (file == NULL)
		return walk->files->error.status;
	if (file->kind != FILE_DIRECTORY)
		return add_file(walk, path);
	answer = *path != '\0' ? is_ignored(walk, path, strlen(path), 1) : 0;
	if (answer != 0)
		return answer > 0 ? 0 : answer;
	walk->glob = NULL;
	return descend(walk, path);
}

static int
expand_glob(struct walk *walk, const char *text)
{
	struct path_glob glob;
	int status = path_glob_read(&glob, text, &walk->files->error);
	char *from;

	if (status != 0)
		return status;
	from = memory_copy(text, glob.fixed);
	if (from == NULL) {
		status = no_memory(walk);
	} else {
		status = *from != '\0' ? is_ignored_within(walk, from) : 0;
		if (status == 0 && *from != '\0')
			status = is_ignored(walk, from, strlen(from), 1);
		walk->glob = &glob;
		if (status == 0)
			status = descend(walk, from);
		else if (status > 0)
			status = 0;
		walk->glob = NULL;
	}
	memory_free(from);
	path_glob_finish(&glob);
	return status;
}

static int
expand(struct walk *walk, const char *pattern)
{
	struct buffer texts = { 0 };
	int status = path_glob_texts(pattern, &texts, &walk->files->error);

	for (size_t at = 0; status == 0 && at < texts.size;) {
		char *text = texts.bytes + at;

		at += strlen(text) + 1;
		if (path_glob_is(text)) {
			status = expand_glob(walk, text);
		} else {
			path_glob_plain(text);
			status = expand_plain(walk, text);
		}
	}
	buffer_finish(&texts);
	return status;
}

static int
find(struct walk *walk, const char *regex)
{
	struct path_glob glob;
	int status = path_regex_compile(&glob, regex);

	if (status != 0)
		return status < 0
			? no_memory(walk)
			: error_set(&walk->files->error, ORD_EINVAL,
				  "the pattern '%s' is no regular expression of PCRE2", regex);
	walk->glob = &glob;
	status = descend(walk, "");
	walk->glob = NULL;
	path_glob_finish(&glob);
	return status;
}

static int
go(struct walk *walk, const char *const *patterns, const char *const *ignore,
	int (*each)(struct walk *walk, const char *pattern))
{
	int status = ignored_add(&walk->ignored, ignore, &walk->files->error);

	for (; status == 0 && patterns != NULL && *patterns != NULL; patterns++)
		status = each(walk, *patterns);
	if (status == 0)
		file_list_sort(walk->list);
	else
		walk->list->n = 0;
	ignored_finish(&walk->ignored);
	buffer_finish(&walk->stack);
	buffer_finish(&walk->path);
	return status;
}

int
inputs_expand(struct files *files, const char *const *patterns, const char *const *ignore,
	struct file_list *list)
{
	struct walk walk = { .files = files, .list = list };

	list->n = 0;
	return go(&walk, patterns, ignore, expand);
}

int
inputs_find(struct files *files, const char *const *regexes, const char *const *ignore,
	struct file_list *list)
{
	struct walk walk = { .files = files, .list = list };

	return go(&walk, regexes, ignore, find);
}

static int
hash(struct files *files, struct file *file)
{
	struct file *known = files_look(files, file->path);
	int status = known != NULL ? files_hash(files, known) : files->error.status;

	/* Looked at anew meanwhile, it may be another one. */
	if (status == 0 && known->mtime_ns == file->mtime_ns && known->inode == file->inode &&
		known->size == file->size) {
		file->hash = known->hash;
		file->hashed = 1;
	}
	return status < 0 ? status : 0;
}

static int
hash_some(struct files *files, struct file_list *list, int racy)
{
	int status = 0;

	for (uint32_t i = 0; status == 0 && i < list->n; i++)
		if (!list->items[i].hashed && list->items[i].kind == FILE_REGULAR &&
			(!racy || stale_is_racy(&list->items[i], 0)))
			status = hash(files, &list->items[i]);
	return status;
}

int
inputs_hash(struct files *files, struct file_list *list)
{
	return hash_some(files, list, 0);
}

int
inputs_hash_racy(struct files *files, struct file_list *list)
{
	return hash_some(files, list, 1);
}
