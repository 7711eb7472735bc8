/*
 * Both pipes are non-blocking and served in one loop, so neither side can hold
 * up the other by a full pipe.  A program that writes to a pipe through a
 * buffer of its own keeps its last answers until that is full or its input
 * ends.  It is found out when all was read by it, nothing is answered, and it
 * sits in read(2) on our pipe: then its input is closed, which makes it say
 * everything, and the next lines get a new one.  That is right also for a
 * program that is only slow, so it does no harm where we cannot look.
 */
#define _GNU_SOURCE /* pipe2, environ */
#include "coprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lines.h"
#include "waiting.h"

#define READ_BYTES (128 << 10)
#define PIPE_BYTES (256 << 10)
#define LOOK_MS 5        /* of silence before it is looked at */
#define LOOK_MOST_MS 100 /* between looks */
#define CERTAIN_MS 1000  /* of silence if it cannot be seen what it waits for */
#define ANSWERS_MAX (512u << 20)
#define END_MS 2000            /* to end in, when it has closed its output */
#define REST_MOST_NS 100000000 /* to come to rest in behind its last answer */
#define REST_LOOK_NS 50000     /* between the first two looks, then longer */

static uint64_t
now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int
spawn(struct coprocess *coprocess, int in, int out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int failed;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawnattr_init(&attributes);
	/* A group of its own, so that all of a pipeline can be killed. */
	posix_spawnattr_setflags(&attributes,
		POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setpgroup(&attributes, 0);
	failed = posix_spawnp(&coprocess->pid, coprocess->argv[0], &actions, &attributes,
		coprocess->argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

int
coprocess_start(struct coprocess *coprocess)
{
	int in[2], out[2], failed;

	if (pipe2(in, O_CLOEXEC) != 0)
		return errno;
	if (pipe2(out, O_CLOEXEC) != 0) {
		failed = errno;
		close(in[0]);
		close(in[1]);
		return failed;
	}
	fcntl(in[1], F_SETPIPE_SZ, PIPE_BYTES); /* fewer turns; or as it is */
	fcntl(out[1], F_SETPIPE_SZ, PIPE_BYTES);
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	failed = spawn(coprocess, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	coprocess->in = in[1];
	coprocess->out = out[0];
	if (failed != 0) {
		close_fd(&coprocess->in);
		close_fd(&coprocess->out);
		coprocess->pid = 0;
	}
	return failed;
}

/* It has ended, or it is to: what is left of it, and its status. */
static int
reap(struct coprocess *coprocess, int wait_ms)
{
	int pidfd = (int)syscall(SYS_pidfd_open, coprocess->pid, 0), status = 0;
	struct pollfd entry = { .fd = pidfd, .events = POLLIN };

	close_fd(&coprocess->in);
	close_fd(&coprocess->out);
	if (wait_ms == 0 || pidfd < 0 || poll(&entry, 1, wait_ms) <= 0)
		kill(-coprocess->pid, SIGKILL);
	close_fd(&pidfd);
	while (waitpid(coprocess->pid, &status, 0) < 0 && errno == EINTR)
		;
	coprocess->pid = 0;
	return status;
}

void
coprocess_kill(struct coprocess *coprocess)
{
	if (coprocess->pid != 0)
		reap(coprocess, 0);
}

bool
coprocess_talks(const struct coprocess *coprocess)
{
	struct pollfd entry = { .fd = coprocess->out, .events = POLLIN };

	return coprocess->pid != 0 && poll(&entry, 1, 0) > 0;
}

/* One round of an exchange. */
struct exchange {
	struct coprocess *coprocess;
	const char *bytes; /* not written yet */
	size_t left;
	struct text *answers;
	uint64_t count;    /* of answers that came */
	uint64_t moved_ms; /* when something came or went last */
	bool to_end;
	bool closed; /* nobody writes to us any more */
};

/* Writes what fits; false if nothing moved. */
static bool
push(struct exchange *exchange)
{
	ssize_t n;

	if (exchange->left == 0)
		return false;
	n = write(exchange->coprocess->in, exchange->bytes, exchange->left);
	if (n > 0) {
		exchange->bytes += n;
		exchange->left -= (size_t)n;
	} else if (errno == EPIPE) {
		exchange->left = 0; /* what it still says is read */
		close_fd(&exchange->coprocess->in);
	}
	return n > 0;
}

/* Reads what is there; false if nothing moved. */
static bool
pull(struct exchange *exchange)
{
	struct text *answers = exchange->answers;
	ssize_t n;

	if (answers->capacity - answers->size < READ_BYTES) {
		answers->capacity = 2 * answers->capacity + READ_BYTES;
		answers->bytes = text_reallocate(answers->bytes, answers->capacity, 1);
	}
	n = read(exchange->coprocess->out, answers->bytes + answers->size,
		answers->capacity - answers->size);
	if (n > 0) {
		exchange->count += lines_count(answers->bytes + answers->size, (size_t)n);
		answers->size += (size_t)n;
	}
	if (answers->size > ANSWERS_MAX)
		exchange->count = UINT64_MAX; /* a line without end */
	exchange->closed = n == 0;
	return n > 0;
}

/* How long to wait: looks become rarer, so that a slow co-process costs nothing. */
static int
look_in(const struct exchange *exchange, uint64_t silent)
{
	if (exchange->left > 0 || exchange->to_end || silent > LOOK_MOST_MS)
		return LOOK_MOST_MS;
	return silent > LOOK_MS ? (int)silent : LOOK_MS;
}

/* Whether it has read everything, and is silent because it wants more. */
static bool
wants_more(const struct coprocess *coprocess, uint64_t silent)
{
	int queued = 0;

	if (silent < LOOK_MS || ioctl(coprocess->in, FIONREAD, &queued) != 0 || queued != 0)
		return false;
	switch (waiting_on(coprocess->pid, coprocess->in)) {
	case WAITING_NOT: return false;
	case WAITING_INPUT: return true;
	case WAITING_UNKNOWN: return silent >= CERTAIN_MS;
	}
	return false;
}

/* Waits until something can move, or its silence means something. */
static void
pause_for(struct exchange *exchange)
{
	struct coprocess *coprocess = exchange->coprocess;
	struct pollfd fds[2] = { { .fd = coprocess->out, .events = POLLIN },
		{ .fd = exchange->left > 0 ? coprocess->in : -1, .events = POLLOUT } };
	uint64_t silent = now_ms() - exchange->moved_ms;

	if (poll(fds, 2, look_in(exchange, silent)) != 0 || exchange->left != 0 ||
		exchange->to_end || coprocess->in < 0)
		return;
	if (wants_more(coprocess, now_ms() - exchange->moved_ms))
		coprocess->hoards = exchange->to_end = true;
}

static struct trial
conclude(struct exchange *exchange, bool silent)
{
	struct coprocess *coprocess = exchange->coprocess;
	const struct text *answers = exchange->answers;
	struct trial trial = { .answers = exchange->count, .silent = silent };

	trial.ended = silent || exchange->closed;
	if (trial.answers != UINT64_MAX && answers->size > 0 &&
		answers->bytes[answers->size - 1] != '\n') {
		trial.answers++;
		if (trial.ended) /* the last line may have no end */
			text_add_byte(exchange->answers, '\n');
	}
	if (trial.ended)
		trial.status = reap(coprocess, silent ? 0 : END_MS);
	return trial;
}

/* All was read by it, and it wants more, or nobody can see what it wants. */
static bool
is_at_rest(const struct coprocess *coprocess)
{
	int queued = 0;

	return coprocess->in < 0 ||
		(ioctl(coprocess->in, FIONREAD, &queued) == 0 && queued == 0 &&
			waiting_on(coprocess->pid, coprocess->in) != WAITING_NOT);
}

/*
 * There is an answer for each line.  One more would be taken for that of the
 * next line, so it is waited for until the co-process reads on.  That takes no
 * time from it: before it reads it cannot do anything with more lines.
 */
static void
await_rest(struct exchange *exchange, uint64_t lines)
{
	struct coprocess *coprocess = exchange->coprocess;
	struct pollfd out = { .fd = coprocess->out, .events = POLLIN };
	long pause_ns = REST_LOOK_NS, waited_ns = 0;

	while (exchange->count == lines && !exchange->closed && waited_ns < REST_MOST_NS) {
		struct timespec pause = { .tv_nsec = pause_ns };
		bool rests = is_at_rest(coprocess);

		/* What it said before it came to rest is here by now. */
		if (pull(exchange))
			continue;
		if (rests)
			return;
		ppoll(&out, 1, &pause, NULL);
		waited_ns += pause_ns;
		pause_ns += pause_ns / 2;
	}
}

static struct trial
run(struct exchange *exchange, uint64_t lines)
{
	struct coprocess *coprocess = exchange->coprocess;
	bool moved;

	exchange->moved_ms = now_ms();
	for (;;) {
		moved = push(exchange);
		if (exchange->left == 0 && exchange->to_end)
			close_fd(&coprocess->in);
		moved |= pull(exchange);
		if (exchange->count == lines && !exchange->to_end && exchange->left == 0)
			await_rest(exchange, lines);
		if (exchange->closed || exchange->count > lines ||
			(exchange->count == lines && !exchange->to_end))
			return conclude(exchange, false);
		if (moved) {
			exchange->moved_ms = 0;
			continue;
		}
		if (exchange->moved_ms == 0)
			exchange->moved_ms = now_ms();
		pause_for(exchange);
		if (coprocess->silence_ms != 0 &&
			now_ms() - exchange->moved_ms >= coprocess->silence_ms)
			return conclude(exchange, true);
	}
}

struct trial
coprocess_feed(struct coprocess *coprocess, const char *bytes, size_t size, uint64_t lines,
	bool to_end, struct text *answers)
{
	struct exchange exchange = { .coprocess = coprocess,
		.bytes = bytes,
		.left = size,
		.answers = answers,
		.to_end = to_end || coprocess->hoards };
	struct trial trial = run(&exchange, lines);

	/* It cannot have answered what it has not been told. */
	if (exchange.left > 0 && trial.answers <= lines && !trial.ended)
		trial.answers = lines + 1;
	if (!trial.ended && trial.answers != lines) {
		coprocess_kill(coprocess);
		trial.ended = true;
	}
	return trial;
}

struct trial
coprocess_close(struct coprocess *coprocess, struct text *answers)
{
	struct exchange exchange = { .coprocess = coprocess, .answers = answers, .to_end = true };

	struct trial trial = run(&exchange, 0);

	if (!trial.ended)
		coprocess_kill(coprocess);
	return trial;
}
