/*
 * A command comes to life by vfork and exec.  Everything that takes memory is
 * made ready before, because the child borrows this process's memory until it
 * has become another program: it only makes system calls, and leaves the
 * errno of what failed where the parent finds it.  Under a tool that makes a
 * fork of it (valgrind, ThreadSanitizer) the parent sees an exit code of 127.
 */
#define _GNU_SOURCE /* vfork, prctl */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/clock.h"
#include "spawn/spawner_state.h"

#define KEPT_BELOW 256         /* descriptors that may be kept for longer than a start */
#define TEXT_FD_MAX (16 << 20) /* more than any kernel takes for argv and environment */

/* What the child was at when it failed, and how the sentence about it begins. */
enum stage { STAGE_RUN, STAGE_GROUP, STAGE_ENTER, STAGE_BOUND, STAGE_OUTPUT, STAGE_TERMINAL };

/* What parent and child share while the parent is halted. */
struct launchpad {
	char *const *argv;
	char *const *env;
	const char *paths; /* NUL-terminated, one behind the other, up to paths_end */
	const char *paths_end;
	size_t guess; /* which path to try first */
	const char *cwd;
	const char *output;   /* the file for what output_to says, or NULL */
	unsigned output_to;   /* of enum spawn_output */
	pid_t terminal_group; /* that has the terminal: to enter instead of one of its own; 0: none */
	int group;            /* to enter, or -1 */
	int fds[3];
	pid_t parent;
	const struct bounds *bounds; /* the kernel's are set by the child */
	/* the child writes these */
	volatile int failed;   /* errno, 0: it runs */
	volatile int stage;    /* an enum stage: what failed */
	volatile size_t found; /* the path that was tried last */
};

static void
try_path(struct launchpad *pad, const char *path, size_t number)
{
	pad->found = number;
	execve(path, pad->argv, pad->env);
}

/* Whether the program may still lie elsewhere, as execvp sees it. */
static int
goes_on(int failed)
{
	return failed == ENOENT || failed == EACCES || failed == ENOTDIR || failed == ESTALE ||
		failed == ENODEV || failed == ETIMEDOUT;
}

/* The path of this number; NULL if there is none. */
static const char *
path_at(const struct launchpad *pad, size_t number)
{
	const char *path = pad->paths;

	while (number-- > 0 && path < pad->paths_end)
		path += strlen(path) + 1;
	return path < pad->paths_end ? path : NULL;
}

/* Returns the errno that tells most. */
static int
try_paths(struct launchpad *pad)
{
	const char *path = path_at(pad, pad->guess);
	int failed = ENOENT;

	if (path != NULL && pad->guess != 0) {
		try_path(pad, path, pad->guess);
		if (!goes_on(errno))
			return errno;
	}
	for (size_t number = 0; (path = path_at(pad, number)) != NULL; number++) {
		try_path(pad, path, number);
		if (!goes_on(errno))
			return errno;
		if (errno == EACCES)
			failed = EACCES;
	}
	return failed;
}

_Noreturn static void
give_up(struct launchpad *pad, enum stage stage)
{
	pad->stage = (int)stage;
	pad->failed = errno;
	_exit(127);
}

/*
 * The file is made as by a shell's >>.  A pipe that nobody reads must not halt
 * the spawner, so opening does not wait; what the command writes does.
 */
static int
open_output(const struct launchpad *pad)
{
	int file = open(pad->output,
		O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0666);

	if (file < 0 || fcntl(file, F_SETFL, O_APPEND) != 0)
		return -1;
	/* As long as anybody has it, which others can ask for; where there is no such lock nobody can. */
	(void)flock(file, LOCK_SH | LOCK_NB);
	if ((pad->output_to & SPAWN_STDOUT) != 0 && dup2(file, STDOUT_FILENO) < 0)
		return -1;
	return (pad->output_to & SPAWN_STDERR) != 0 && dup2(file, STDERR_FILENO) < 0 ? -1 : 0;
}

/* Runs on the spawner's memory: system calls only. */
_Noreturn static void
become(struct launchpad *pad)
{
	sigset_t none;

	if (setpgid(0, pad->terminal_group) != 0 && pad->terminal_group != 0)
		give_up(pad, STAGE_TERMINAL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != pad->parent)
		_exit(127);
	if (pad->group >= 0 && group_enter(pad->group) != 0)
		give_up(pad, STAGE_GROUP);
	for (int fd = 0; fd < 3; fd++)
		if (pad->fds[fd] >= 0)
			dup2(pad->fds[fd], fd);
	if (pad->output != NULL && open_output(pad) != 0)
		give_up(pad, STAGE_OUTPUT);
	if (pad->cwd != NULL && chdir(pad->cwd) != 0)
		give_up(pad, STAGE_ENTER);
	if (bounds_set(pad->bounds, NULL, true) != 0)
		give_up(pad, STAGE_BOUND);
	/* The spawner has default dispositions; it only blocks. */
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	pad->failed = try_paths(pad);
	_exit(127);
}

/* Returns the pid of the running program, or -1 with errno; pad->failed is not 0 if exec said so. */
static pid_t
launch(struct launchpad *pad)
{
	pid_t pid;

	pad->failed = 0;
	pad->stage = STAGE_RUN;
	pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): a fork would copy page tables */
	if (pid == 0)
		become(pad); /* NOLINT(clang-analyzer-unix.Vfork): it only makes system calls */
	if (pid < 0 || pad->failed == 0)
		return pid;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	errno = pad->failed;
	return -1;
}

/* A file without an interpreter line is a script for the shell, as for execvp. */
static pid_t
launch_by_shell(struct launchpad *pad, struct command_room *room)
{
	static const char shell[] = "/bin/sh";
	const char *path = path_at(pad, pad->found);
	char *first[2] = { (char *)(uintptr_t)shell, (char *)(uintptr_t)path };
	char **argv;

	if (buffer_reserve(&room->argv, sizeof(char *)) != 0) {
		errno = ENOMEM;
		return -1;
	}
	argv = (char **)(void *)room->argv.bytes;
	memmove(argv + 2, argv + 1, room->argv.size - sizeof *argv);
	memcpy(argv, first, sizeof first);
	pad->argv = argv;
	pad->paths = shell;
	pad->paths_end = shell + sizeof shell;
	pad->guess = 0;
	return launch(pad);
}

/* The next of the strings in text; NULL if it has no end. */
static char *
next_string(char **text, const char *end)
{
	char *string = *text,
	     *stop = *text < end ? memchr(string, '\0', (size_t)(end - string)) : NULL;

	if (stop == NULL)
		return NULL;
	*text = stop + 1;
	return string;
}

static int
take_strings(struct buffer *list, uint32_t count, char **text, const char *end)
{
	list->size = 0;
	for (uint32_t i = 0; i < count; i++) {
		char *string = next_string(text, end);

		if (string == NULL)
			return EINVAL;
		if (buffer_append(list, &string, sizeof string) != 0)
			return ENOMEM;
	}
	return 0;
}

static int
take_command(struct command_room *room, char *text, size_t size)
{
	struct spawn_command *head = &room->head;
	const char *end = text + size;
	char *none = NULL;
	int failed;

	if (size < sizeof *head)
		return EINVAL;
	memcpy(head, text, sizeof *head);
	text += sizeof *head;
	if (head->argc == 0 || head->output > (SPAWN_STDOUT | SPAWN_STDERR) ||
		head->stop_signal > SIGRTMAX)
		return EINVAL;
	failed = take_strings(&room->argv, head->argc, &text, end);
	if (failed == 0)
		failed = take_strings(&room->extra, head->envc, &text, end);
	if (failed != 0)
		return failed;
	room->cwd = head->has_cwd ? next_string(&text, end) : NULL;
	if (head->has_cwd && room->cwd == NULL)
		return EINVAL;
	room->output = head->output != 0 ? next_string(&text, end) : NULL;
	if (head->output != 0 && room->output == NULL)
		return EINVAL;
	return buffer_append(&room->argv, &none, sizeof none) == 0 ? 0 : ENOMEM;
}

static int
read_text(struct command_room *room, int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return errno;
	if (status.st_size > TEXT_FD_MAX)
		return E2BIG;
	room->text.size = 0;
	if (buffer_reserve(&room->text, (size_t)status.st_size) != 0)
		return ENOMEM;
	while (room->text.size < (size_t)status.st_size) {
		ssize_t got = pread(fd, room->text.bytes + room->text.size,
			(size_t)status.st_size - room->text.size, (off_t)room->text.size);
		if (got == 0 || (got < 0 && errno != EINTR))
			return got < 0 ? errno : EINVAL;
		room->text.size += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

/* Sort the descriptors by the flags that announce them: fd 0, 1, 2, then the text. */
static int
take_fds(const struct request *request, int fds[4])
{
	static const uint32_t flags[4] = { LIFE_STDIN, LIFE_STDOUT, LIFE_STDERR, LIFE_TEXT_FD };
	size_t taken = 0;

	for (size_t i = 0; i < 4; i++) {
		int here = (request->packet.flags & flags[i]) != 0;

		if (here && taken == request->n_fds)
			return EINVAL;
		fds[i] = here ? request->fds[taken++] : -1;
	}
	return taken == request->n_fds ? 0 : EINVAL;
}

/* Everything that exec needs; 0 or an errno. */
static int
prepare(struct spawner *spawner, struct request *request, struct launchpad *pad)
{
	struct command_room *room = &spawner->command;
	int fds[4], failed = take_fds(request, fds);

	if (failed == 0 && fds[3] >= 0)
		failed = read_text(room, fds[3]);
	if (failed == 0)
		failed = fds[3] >= 0 ? take_command(room, room->text.bytes, room->text.size)
				     : take_command(room, request->text, request->packet.text_size);
	if (failed == 0)
		failed = environment_for(room, request->packet.place);
	if (failed != 0)
		return failed;
	pad->argv = (char *const *)(void *)room->argv.bytes;
	pad->env = (char *const *)(void *)room->env.bytes;
	pad->cwd = room->cwd;
	pad->output = room->output;
	pad->output_to = room->head.output;
	pad->terminal_group = room->head.terminal ? getpgid(spawner->master_pid) : 0;
	if (pad->terminal_group < 0)
		return errno;
	pad->group = spawner->group;
	pad->parent = getpid();
	pad->bounds = &request->packet.bounds;
	memcpy(pad->fds, fds, sizeof pad->fds);
	return children_reserve(spawner) == 0 ? paths_of(room, pad->argv[0]) : ENOMEM;
}

static pid_t
run(struct command_room *room, struct launchpad *pad)
{
	const char *name = pad->argv[0];
	pid_t pid;

	pad->paths = room->paths.bytes;
	pad->paths_end = room->paths.bytes + room->paths.size;
	pad->guess = paths_guess(room, name);
	pid = launch(pad);
	if (pid > 0)
		paths_remember(room, name, pad->found);
	else if (pad->failed == ENOEXEC)
		pid = launch_by_shell(pad, room);
	return pid;
}

static void
report_not_run(struct spawner *spawner, const struct request *request, const struct launchpad *pad,
	int failed)
{
	const char *name = pad->argv != NULL ? pad->argv[0] : "the command";
	char text[1024];

	switch (pad->stage) {
	case STAGE_ENTER:
		snprintf(text, sizeof text, "cannot enter the directory %s", pad->cwd);
		break;
	case STAGE_BOUND:
		snprintf(text, sizeof text, "cannot set address_mib, file_mib or open_files of %s",
			name);
		break;
	case STAGE_OUTPUT:
		snprintf(text, sizeof text, "cannot open the output file %s of %s", pad->output,
			name);
		break;
	case STAGE_TERMINAL:
		snprintf(text, sizeof text, "cannot bring %s to the terminal", name);
		break;
	case STAGE_GROUP:
		snprintf(text, sizeof text, "cannot put %s into the control group", name);
		break;
	default: snprintf(text, sizeof text, LIFE_NOT_RUN "%s", name); break;
	}
	report_failed(spawner, request, failed, text);
}

static struct child *
add_child(struct spawner *spawner, const struct life_packet *packet, pid_t pid, uint64_t started_ns)
{
	const struct spawn_command *head = &spawner->command.head;
	struct child *child =
		children_add(spawner, packet->id, packet->place, pid, head->terminal ? pid : -pid);

	if (head->stop_signal != 0)
		child->stop_signal = head->stop_signal;
	child->started_ns = started_ns;
	child->grace_ms = packet->grace_ms;
	child->bounded = (struct bounded){ .cpu_ms = packet->bounds.cpu_ms,
		.memory_mib = packet->bounds.memory_mib };
	if (child->bounded.cpu_ms != 0 || child->bounded.memory_mib != 0)
		stop_look_at(spawner, child, started_ns + BOUNDED_FIRST_NS);
	if (packet->timeout_ms != 0)
		stop_at(spawner, child, STEP_TIMEOUT,
			started_ns + packet->timeout_ms * CLOCK_NS_PER_MS);
	return child;
}

/* Else the master would hear of each command's end twice: that nobody writes any more, and that it has ended. */
static void
keep_words(struct child *child, struct request *request, const int fds[3])
{
	for (size_t i = 0; i < request->n_fds; i++)
		for (size_t word = 0; word < 2; word++)
			if (request->fds[i] == fds[word + 1] && request->fds[i] >= 0 &&
				request->fds[i] < KEPT_BELOW) {
				child->words[word] = request->fds[i];
				request->fds[i] = -1;
			}
}

void
command_start(struct spawner *spawner, struct request *request)
{
	struct launchpad pad = { .argv = NULL };
	uint64_t started_ns = clock_now_ns();
	int failed;
	pid_t pid;

	if (spawner->ending) {
		report_failed(spawner, request, ESHUTDOWN, "the pool is ending");
		return;
	}
	failed = prepare(spawner, request, &pad);
	pid = failed == 0 ? run(&spawner->command, &pad) : -1;
	if (pid > 0) {
		keep_words(add_child(spawner, &request->packet, pid, started_ns), request, pad.fds);
		if ((request->packet.flags & LIFE_TELL) != 0)
			report_begun(spawner, request, pid);
	} else {
		report_not_run(spawner, request, &pad, failed != 0 ? failed : errno);
	}
}
