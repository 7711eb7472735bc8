/* The graph's side of logs: which attempt has which file, what goes into it, and what of it is worth showing. */
#include "graph/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orderly/log.h>

#include "base/fd.h"
#include "base/memory.h"
#include "graph/graph.h"

#define RUNS_KEPT 10u

/* Only the first: the disk that is full for one log is full for all. */
static void
warn(struct ord_graph *graph, int errno_value, const char *what, const char *path)
{
	struct error error;

	if (graph->logs.warned)
		return;
	graph->logs.warned = 1;
	error_system(&error, errno_value, "%s %s", what, path);
	graph_warn(graph, error.text);
}

/* Whether there is a directory for logs; it is made for the first attempt. */
static int
is_open(struct ord_graph *graph)
{
	const struct ord_graph_options *options = &graph->options;
	uint32_t keep = options->log_runs != 0 ? options->log_runs : RUNS_KEPT;
	struct error error;

	if (graph->logs.state != LOGS_UNASKED)
		return graph->logs.state == LOGS_OPEN;
	graph->logs.state = LOGS_NONE;
	if (graph->log_directory == NULL)
		return 0;
	if (run_open(&graph->logs.run, graph->log_directory, keep, &error) == ORD_OK)
		graph->logs.state = LOGS_OPEN;
	else
		graph_warn(graph, error.text);
	return graph->logs.state == LOGS_OPEN;
}

/* The path of the next log; NULL without memory. */
static char *
next_path(struct ord_graph *graph, struct ord_proc *proc)
{
	const char *directory = graph->logs.run.path;
	struct buffer path = { 0 };

	if (buffer_append(&path, directory, strlen(directory)) == 0 &&
		buffer_append(&path, "/", 1) == 0 &&
		run_file_name(&path, proc->name, proc->node, ++proc->log.number) == 0)
		return path.bytes;
	buffer_finish(&path);
	return NULL;
}

/*
 * An empty file becomes the next one: most commands say nothing, and to make
 * and remove thousands of files in a row is what ext4 is slow at, because it
 * looks at all inodes that were free a short time ago.
 */
static int
use_spare(struct logs *logs, const char *path)
{
	int failed = -1;

	while (failed != 0 && logs->n_spare != 0) {
		char *spare = logs->spare[--logs->n_spare];

		failed = rename(spare, path);
		memory_free(spare);
	}
	return failed;
}

/* A new file, -1 if there is none to be had. */
static int
make_file(struct ord_graph *graph, struct ord_proc *proc)
{
	int flags = O_WRONLY | O_APPEND | O_CLOEXEC;
	char *path;
	int fd;

	if (!is_open(graph))
		return -1;
	path = next_path(graph, proc);
	if (path == NULL)
		return -1;
	if (use_spare(&graph->logs, path) != 0)
		flags |= O_CREAT | O_EXCL;
	fd = open(path, flags, 0666);
	if (fd < 0 || fd_lift(&fd) != 0) {
		warn(graph, errno, "cannot make the log", path);
		memory_free(path);
		return -1;
	}
	proc->log.path = path;
	proc->log.size = 0;
	return fd;
}

const char *
logs_begin(struct ord_graph *graph, struct ord_proc *proc)
{
	int fd;

	logs_forget(proc);
	if (!definition_is_command(proc->definition) || proc->definition->terminal)
		return NULL;
	fd = make_file(graph, proc);
	fd_close(&fd);
	return proc->log.path;
}

void
logs_forget(struct ord_proc *proc)
{
	if (proc->log.fd != 0)
		fd_close(&proc->log.fd);
	proc->log.fd = 0;
	memory_free(proc->log.path);
	proc->log.path = NULL;
}

/* Behind RLIMIT_FSIZE a write would end the host. */
static int
write_all(struct log *log, const char *text, size_t size)
{
	if (fd_may_grow(log->size + size) != 0)
		return -1;
	while (size != 0) {
		ssize_t written = write(log->fd, text, size);

		if (written < 0 && errno != EINTR)
			return -1;
		text += written > 0 ? written : 0;
		size -= written > 0 ? (size_t)written : 0;
		log->size += written > 0 ? (uint64_t)written : 0;
	}
	return 0;
}

static const char *
level_name(const struct ord_message *message)
{
	static const char *const names[] = { [ORD_TRACE] = "trace: ",
		[ORD_DEBUG] = "debug: ",
		[ORD_INFO] = "",
		[ORD_WARNING] = "warning: ",
		[ORD_ERROR] = "error: ",
		[ORD_CRITICAL] = "critical error: " };
	int level = ord_message_level(message);

	if (ord_message_source(message) != ORD_SOURCE_LOG || level < ORD_TRACE ||
		level > ORD_CRITICAL)
		return "";
	return names[level];
}

/* A line at a time, in one call: others may read the file. */
static int
write_message(struct ord_graph *graph, struct log *log, const struct ord_message *message)
{
	const char *level = level_name(message);
	struct buffer *line = &graph->text;
	size_t size;
	const char *text = ord_message_text(message, &size);

	line->size = 0;
	if (buffer_append(line, level, strlen(level)) != 0 ||
		buffer_append(line, text, size) != 0 ||
		(!ord_message_partial(message) && buffer_append(line, "\n", 1) != 0)) {
		errno = ENOMEM;
		return -1;
	}
	return write_all(log, line->bytes, line->size);
}

int
logs_wants_messages(const struct ord_graph *graph)
{
	return graph->options.on_message != NULL || graph->log_directory != NULL;
}

void
logs_take(struct ord_graph *graph, struct ord_proc *proc, const struct ord_message *message)
{
	struct log *log = &proc->log;

	if (graph->log_directory == NULL || proc == NULL ||
		!definition_is_function(proc->definition))
		return;
	if (log->fd == 0)
		log->fd = make_file(graph, proc);
	if (log->fd > 0 && write_message(graph, log, message) != 0)
		warn(graph, errno, "something that was said is not in the log", log->path);
}

/* Nobody has it open any more who could still write: a command's children hold the lock that it took (spawn/command.c). */
static int
is_left(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int left = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;

	fd_close(&fd);
	return left;
}

/* An empty log is one more file to look into. */
void
logs_end(struct ord_graph *graph, struct ord_proc *proc)
{
	struct logs *logs = &graph->logs;
	struct log *log = &proc->log;
	struct stat status;

	if (log->fd != 0)
		fd_close(&log->fd);
	log->fd = 0;
	if (log->path == NULL || graph->options.log_empty)
		return;
	if (stat(log->path, &status) != 0 || status.st_size != 0 || !is_left(log->path))
		return;
	if (logs->n_spare == LOGS_SPARE) {
		(void)unlink(log->path);
		logs_forget(proc);
		return;
	}
	logs->spare[logs->n_spare++] = log->path;
	log->path = NULL;
}

void
logs_finish(struct ord_graph *graph)
{
	struct logs *logs = &graph->logs;

	while (logs->n_spare != 0) {
		char *spare = logs->spare[--logs->n_spare];

		(void)unlink(spare);
		memory_free(spare);
	}
	run_close(&logs->run);
	memory_free(graph->log_directory);
}

/* --- looking --- */

const char *
ord_proc_log(const struct ord_proc *proc)
{
	return proc->log.path;
}

struct reading {
	int fd;
	uint64_t size; /* what is written meanwhile is not shown */
	ord_snippet_fn write;
	void *user;
	int answer; /* anything but 0 ends it */
};

static ssize_t
read_log(void *user, void *to, size_t size, uint64_t offset)
{
	const struct reading *reading = user;

	if (offset >= reading->size)
		return 0;
	if (size > reading->size - offset)
		size = (size_t)(reading->size - offset);
	return pread(reading->fd, to, size, (off_t)offset);
}

static int
write_snippet(const char *text, size_t size, void *user)
{
	struct reading *reading = user;

	reading->answer = reading->write(text, size, reading->user);
	return reading->answer;
}

/* Its last attempt, if there may be another, too. */
static int
has_failed(const struct ord_proc *proc)
{
	return ord_proc_state(proc) != ORD_PROC_RUNNING && proc->cause != ORD_CAUSE_NONE &&
		proc->cause != ORD_CAUSE_SKIPPED && proc->cause != ORD_CAUSE_NO_CHANGE;
}

/* What the proc does not say is the graph's to say. */
static struct triage_rules
rules_of(const struct ord_proc *proc)
{
	const struct definition *definition = proc->definition;
	const struct ord_graph_options *options = &proc->graph->options;
	struct triage_rules rules = { .ignore = definition->log_ignore,
		.n_ignore = definition->n_log_ignore,
		.show = definition->log_on_failure,
		.lines = definition->log_tail,
		.failed = has_failed(proc) };

	if (rules.show == 0)
		rules.show =
			options->log_on_failure != 0 ? options->log_on_failure : ORD_LOG_SNIPPET;
	if (rules.lines == 0)
		rules.lines = options->log_tail != 0 ? options->log_tail : TRIAGE_TAIL;
	return rules;
}

int
ord_proc_snippet(const struct ord_proc *proc, ord_snippet_fn write, void *user)
{
	struct reading reading = { .write = write, .user = user };
	struct triage_ends ends = { read_log, &reading, write_snippet, &reading };
	struct triage_rules rules;
	struct stat status;
	int result;

	if (proc == NULL || write == NULL)
		return ORD_EINVAL;
	if (proc->log.path == NULL)
		return ORD_OK;
	rules = rules_of(proc);
	reading.fd = open(proc->log.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (reading.fd < 0 || fstat(reading.fd, &status) != 0) {
		error_system(&proc->graph->error, errno, "cannot read the log %s", proc->log.path);
		fd_close(&reading.fd);
		return ORD_ESYSTEM;
	}
	reading.size = (uint64_t)status.st_size;
	result = triage(&rules, &ends);
	if (result != 0 && reading.answer == 0)
		result = errno == ENOMEM ? error_memory(&proc->graph->error)
					 : error_system(&proc->graph->error, errno,
						   "cannot read the log %s", proc->log.path);
	fd_close(&reading.fd);
	return result;
}
