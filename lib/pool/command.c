/*
 * Commands as tasks: the spawner starts them, their pipes come straight to the
 * master.  What a command had written is read before its end is told; what its
 * children write later is not waited for.
 */
#define _GNU_SOURCE /* memfd_create */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <orderly/log.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "pool/pool.h"

#define EXIT_NOT_FOUND 127
#define EXIT_NOT_RUNNABLE 126

static int
say_out(const struct words_line *line, void *user)
{
	struct command *command = user;

	pool_say_line(command->pool, line, ORD_SOURCE_STDOUT, command->place);
	return 0;
}

static int
say_err(const struct words_line *line, void *user)
{
	struct command *command = user;

	pool_say_line(command->pool, line, ORD_SOURCE_STDERR, command->place);
	return 0;
}

/* The owner's descriptor, again from its beginning; a pipe has only one way to go. */
static int
open_lent(const struct blob *feed, int *fd)
{
	int lent;

	memcpy(&lent, blob_bytes(feed), sizeof lent);
	*fd = fcntl(lent, F_DUPFD_CLOEXEC, 3);
	if (*fd < 0)
		return -1;
	return lseek(*fd, 0, SEEK_SET) == 0 || errno == ESPIPE ? 0 : -1;
}

static int
write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno != EINTR)
			return -1;
		bytes += written > 0 ? written : 0;
		size -= written > 0 ? (size_t)written : 0;
	}
	return 0;
}

/* Its standard input as a file, so that nobody has to feed a pipe. */
static int
open_feed(const struct extra *extra, int *fd)
{
	const struct blob *feed = &extra->feed;

	if (feed->size == 0)
		return 0;
	if (extra->feed_is_fd)
		return open_lent(feed, fd);
	if (fd_may_grow(feed->size) != 0)
		return -1;
	*fd = memfd_create("orderly-input", MFD_CLOEXEC);
	if (*fd < 0 || fd_lift(fd) != 0)
		return -1;
	if (write_all(*fd, blob_bytes(feed), feed->size) != 0)
		return -1;
	return lseek(*fd, 0, SEEK_SET) == 0 ? 0 : -1;
}

static int
open_pipe(struct ord_pool *pool, struct intake *intake, enum source source, uint32_t place,
	int *writer)
{
	int reader;

	if (fd_pipe(&reader, writer) != 0)
		return -1;
	if (intake_open(pool, intake, reader, source, place) != 0)
		return -1;
	return fd_nonblocking(reader);
}

/* The owner's standard input; if that is closed, the command reads /dev/null. */
static int
take_terminal(int *fd)
{
	*fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return *fd >= 0 || errno == EBADF ? 0 : -1;
}

static int
open_all(struct command *command, const struct slot *slot, int fds[3])
{
	struct ord_pool *pool = command->pool;
	struct spawn_command head;

	if (open_feed(&slot->rest->extra, &fds[0]) != 0)
		return -1;
	memcpy(&head, blob_bytes(&slot->task.input), sizeof head);
	if (head.terminal)
		return take_terminal(&fds[0]);
	if (slot->rest->extra.output == ORD_OUTPUT_INHERIT)
		return 0;
	if ((head.output & SPAWN_STDOUT) == 0 &&
		open_pipe(pool, &command->out, SOURCE_STDOUT, command->place, &fds[1]) != 0)
		return -1;
	if ((head.output & SPAWN_STDERR) != 0)
		return 0;
	return open_pipe(pool, &command->err, SOURCE_STDERR, command->place, &fds[2]);
}

static void
begin(struct ord_pool *pool, uint32_t place, const struct slot *slot)
{
	struct command *command = &pool->commands[place];

	memset(command, 0, sizeof *command);
	command->pool = pool;
	command->place = place;
	command->id = pool_next_id(pool, place);
	pool->n_commands++;
	command->sequence = slot->sequence;
	command->output = slot->rest->extra.output;
	command->out.fd = command->err.fd = -1;
	words_init(&command->out_lines, NULL, pool->options.line_bytes, say_out, command);
	words_init(&command->err_lines, NULL, pool->options.line_bytes, say_err, command);
}

/* What one process, file or page more would need is given back when another task ends. */
static bool
is_crowded(int errno_value)
{
	return errno_value == EAGAIN || errno_value == ENOMEM || errno_value == EMFILE ||
		errno_value == ENFILE;
}

static void
fail_start(struct ord_pool *pool, uint32_t place, int errno_value, int exit_code, const char *text)
{
	pool_command_close(&pool->commands[place]);
	if (is_crowded(errno_value) && core_command_put_back(&pool->core, place, clock_now_ns()))
		return;
	core_command_failed(&pool->core, place, exit_code, text);
}

void
pool_command_start(struct ord_pool *pool, uint32_t place, struct slot *slot)
{
	struct command *command = &pool->commands[place];
	struct launch_limits limits = { .timeout_ms = slot->task.limits.timeout_ms,
		.grace_ms = slot->task.limits.grace_ms,
		.bounds = slot->rest->extra.bounds,
		.tells = pool_wants_processes(pool) };
	int fds[3] = { -1, -1, -1 };
	struct error error;
	/* Before the spawner knows of it: its own times are later. */
	uint64_t now_ns = pool->options.on_event != NULL ? clock_now_ns() : 0;
	int failed = 0;

	begin(pool, place, slot);
	if (open_all(command, slot, fds) != 0) {
		failed = errno;
		error_system(&error, failed, "cannot make the pipes of a command");
	} else {
		int status = launch_command(&pool->launch, command->id, place, &limits,
			blob_bytes(&slot->task.input), slot->task.input.size, fds);

		failed = status != 0 ? launch_errno(status) : 0;
		if (failed != 0)
			error_system(&error, failed, "cannot hand a command to the spawner");
	}
	for (int i = 0; i < 3; i++)
		fd_close(&fds[i]);
	if (failed == 0)
		core_begun(&pool->core, slot, place, now_ns);
	else
		fail_start(pool, place, failed, EXIT_NOT_RUNNABLE, error.text);
}

void
pool_command_close(struct command *command)
{
	if (command->id == 0)
		return;
	intake_close(command->pool, &command->out);
	intake_close(command->pool, &command->err);
	words_finish(&command->out_lines);
	words_finish(&command->err_lines);
	buffer_finish(&command->collected);
	command->id = 0;
	command->pool->n_commands--;
}

static void
take_chunk(struct command *command, const char *bytes, size_t size, int source)
{
	struct words_line chunk = { .sequence = command->sequence, .text = bytes, .size = size };

	pool_say_line(command->pool, &chunk, source, command->place);
}

static void
collect(struct command *command, const char *bytes, size_t size)
{
	struct slot *slot;

	if (core_expected(&command->pool->core, command->place, &slot) == NULL || slot == NULL ||
		buffer_append(&command->collected, bytes, size) != 0) {
		command->pool->dropped++;
		return;
	}
	core_charge(&command->pool->core, slot, (ptrdiff_t)size);
}

static void
take_bytes(struct command *command, const char *bytes, size_t size, bool standard_error)
{
	if (command->output == ORD_OUTPUT_CHUNKS)
		take_chunk(command, bytes, size,
			standard_error ? ORD_SOURCE_STDERR : ORD_SOURCE_STDOUT);
	else if (!standard_error && command->output == ORD_OUTPUT_RESULT)
		collect(command, bytes, size);
	else if (words_take(standard_error ? &command->err_lines : &command->out_lines, bytes, size,
			 command->sequence) != 0)
		command->pool->messages_dropped++;
}

/* How many bytes came; 0: none are there, or it has ended. */
static size_t
read_once(struct command *command, bool standard_error)
{
	struct intake *intake = standard_error ? &command->err : &command->out;
	struct ord_pool *pool = command->pool;
	ssize_t size;

	if (command->id == 0 || intake->fd < 0)
		return 0;
	size = read(intake->fd, pool->reading, sizeof pool->reading - 1);
	if (size == 0)
		intake_close(pool, intake);
	if (size <= 0)
		return 0;
	take_bytes(command, pool->reading, (size_t)size, standard_error);
	if (!core_may_take(&pool->core, command->place))
		intake_pause(pool, intake);
	return (size_t)size;
}

int
pool_command_read(struct command *command, bool standard_error)
{
	return read_once(command, standard_error) != 0;
}

static void
hand_over(struct command *command, struct slot *slot)
{
	struct buffer *collected = &command->collected;

	if (collected->size == 0 || buffer_reserve(collected, 1) != 0)
		return;
	collected->bytes[collected->size] = '\0';
	blob_own(&slot->result.output, collected->bytes, collected->size);
	*collected = (struct buffer){ 0 };
}

/* No more than the pipe can have held at the command's end: what a child goes on to write must not keep the master here. */
static void
read_rest(struct command *command, bool standard_error)
{
	int size = fcntl(standard_error ? command->err.fd : command->out.fd, F_GETPIPE_SZ);
	size_t left = size > 0 ? (size_t)size : PIPE_SIZE_MOST, got;

	while (left != 0 && (got = read_once(command, standard_error)) != 0)
		left -= got < left ? got : left;
}

static void
take_rest(struct command *command, bool ended_well)
{
	struct slot *slot;

	read_rest(command, false);
	read_rest(command, true);
	words_end(&command->out_lines, command->sequence);
	words_end(&command->err_lines, command->sequence);
	if (core_expected(&command->pool->core, command->place, &slot) == NULL || slot == NULL)
		return;
	hand_over(command, slot);
	if (!ended_well)
		pool_last_words(command->pool, command->place, slot);
}

static struct command *
find(struct ord_pool *pool, uint64_t id)
{
	uint32_t place = PLACE_OF(id);

	if (place >= pool->core.n_places || id == 0 || pool->commands[place].id != id)
		return NULL;
	return &pool->commands[place];
}

void
pool_command_begun(struct ord_pool *pool, const struct life_packet *packet)
{
	struct command *command = find(pool, packet->id);
	struct slot *slot;

	if (command == NULL)
		return;
	if (core_expected(&pool->core, command->place, &slot) != NULL && slot != NULL)
		pool_announce_process(pool, slot, packet->pid);
}

void
pool_command_ended(struct ord_pool *pool, const struct life_packet *packet)
{
	struct command *command = find(pool, packet->id);
	struct end end = pool_end(packet);

	if (command == NULL)
		return;
	take_rest(command, packet->status == 0 && packet->flags == 0);
	pool_command_close(command);
	core_command_ended(&pool->core, PLACE_OF(packet->id), &end);
}

void
pool_command_failed(struct ord_pool *pool, const struct life_event *event)
{
	int errno_value = event->packet.status;
	bool tried;
	struct command *command = find(pool, event->packet.id);
	struct error error;

	if (command == NULL)
		return;
	error_system(&error, errno_value, "%s", event->text);
	tried = strncmp(event->text, LIFE_NOT_RUN, strlen(LIFE_NOT_RUN)) == 0;
	fail_start(pool, PLACE_OF(event->packet.id), errno_value,
		tried && errno_value == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE, error.text);
}

/* --- what ord_pool_submit_command turns into: one text for the spawner --- */

static size_t
count(const char *const *strings)
{
	size_t n = 0;

	while (strings != NULL && strings[n] != NULL)
		n++;
	return n;
}

static int
append_all(struct buffer *text, const char *const *strings)
{
	for (; strings != NULL && *strings != NULL; strings++)
		if (buffer_append(text, *strings, strlen(*strings) + 1) != 0)
			return -1;
	return 0;
}

/* What goes into the output file, of enum spawn_output. */
static uint8_t
to_file(const struct ord_command *command)
{
	if (command->output_path == NULL)
		return 0;
	return command->output == ORD_OUTPUT_RESULT ? SPAWN_STDERR : SPAWN_STDOUT | SPAWN_STDERR;
}

int
pool_command_text(struct buffer *text, const struct ord_command *command)
{
	const char *const last[] = { command->cwd != NULL ? command->cwd : command->output_path,
		command->cwd != NULL ? command->output_path : NULL, NULL };
	struct spawn_command head = {
		.argc = (uint32_t)count(command->argv),
		.envc = (uint32_t)count(command->env),
		.has_cwd = command->cwd != NULL,
		.output = to_file(command),
		.stop_signal = (uint8_t)command->stop_signal,
		.terminal = command->terminal != 0,
	};

	if (buffer_append(text, &head, sizeof head) != 0 || append_all(text, command->argv) != 0 ||
		append_all(text, command->env) != 0 || append_all(text, last) != 0)
		return ORD_ENOMEM;
	return ORD_OK;
}
