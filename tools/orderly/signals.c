/*
 * A handler may only do what is safe at any moment: it counts, calls what
 * interrupts the target, and wakes the loop.  Handlers, not SIG_IGN, also for
 * SIGPIPE: commands begin with the default again.  In the end the process dies
 * of the signal itself, so that a shell script around it stops, too.
 *
 * Commands are in process groups of their own and never see a terminal's
 * Ctrl-Z, so they are stopped before this process is, and go on behind it.
 */
#define _GNU_SOURCE /* pipe2 */
#include "signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const struct signals_target *_Atomic interrupted;
static volatile sig_atomic_t signals_seen;
static volatile sig_atomic_t first_signal;
static volatile sig_atomic_t rung;
static volatile sig_atomic_t typed;
static volatile sig_atomic_t stop_wanted;
static volatile sig_atomic_t woken;
static int wake_pipe[2] = { -1, -1 }; /* says to who polls that a stop is wanted, or something else came */
static int report_fd = -1;

static void
default_action(int number)
{
	struct sigaction action = { 0 };

	sigemptyset(&action.sa_mask);
	action.sa_handler = SIG_DFL;
	sigaction(number, &action, NULL);
}

static void
wake(void)
{
	ssize_t n;

	woken = 1;
	n = write(wake_pipe[1], "", 1);
	(void)n; /* it is full: who polls will wake */
}

/* Whether this signal interrupts the target. */
static bool
climb(const struct signals_target *target, int number)
{
	int before = rung, lowest = number == SIGINT ? SIGNALS_INTERRUPT : SIGNALS_TERMINATE;

	rung = before + 1 > lowest ? before + 1 : lowest;
	if (!target->ladder)
		return signals_seen <= target->most;
	wake();
	return before == 0 || rung == SIGNALS_KILL;
}

static void
on_signal(int number, siginfo_t *info, void *context)
{
	const struct signals_target *target = atomic_load(&interrupted);
	int most = target == NULL ? 2 : target->ladder ? SIGNALS_KILL : target->most;

	(void)context;
	if (signals_seen == 0) {
		first_signal = number;
		typed = info->si_code > 0; /* by the kernel */
	}
	signals_seen++;
	if (target != NULL && climb(target, number))
		target->interrupt(target->what);
	if ((target != NULL && target->ladder ? rung : signals_seen) >= most)
		default_action(number); /* whatever is stuck: the next one ends it */
}

static void
on_stop(int number)
{
	(void)number;
	stop_wanted = 1;
	wake();
}

static void
take_stop(void)
{
	struct sigaction action = { 0 };

	sigemptyset(&action.sa_mask);
	action.sa_handler = on_stop; /* without SA_RESTART, as below */
	sigaction(SIGTSTP, &action, NULL);
}

/* What was written fails with EPIPE or EFBIG. */
static void
on_failed_write(int number)
{
	(void)number;
}

/* Taken from a descriptor: nothing of a dump may be done in a handler. */
void
signals_take_questions(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	report_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (report_fd >= 0)
		pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int
signals_report_fd(void)
{
	return report_fd;
}

bool
signals_asked(void)
{
	struct signalfd_siginfo asked;

	return report_fd >= 0 && read(report_fd, &asked, sizeof asked) > 0;
}

static void
take_failed_write(int number)
{
	struct sigaction action = { 0 };

	sigemptyset(&action.sa_mask);
	action.sa_handler = on_failed_write;
	sigaction(number, &action, NULL);
}

void
signals_take(const struct signals_target *target)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { 0 }, old;
	size_t i;

	atomic_store(&interrupted, target);
	sigemptyset(&action.sa_mask);
	take_failed_write(SIGPIPE);
	if (pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		wake_pipe[0] = wake_pipe[1] = -1;
	action.sa_sigaction = on_signal;
	action.sa_flags = SA_SIGINFO; /* without SA_RESTART: a blocked write has to notice */
	for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
	/* Who started us without job control ignores it for us. */
	if (sigaction(SIGTSTP, NULL, &old) == 0 && old.sa_handler != SIG_IGN && wake_pipe[0] >= 0)
		take_stop();
}

int
signals_fd(void)
{
	return wake_pipe[0];
}

static void
drain(void)
{
	char bytes[16];

	if (!woken)
		return;
	woken = 0;
	while (read(wake_pipe[0], bytes, sizeof bytes) > 0)
		;
}

void
signals_stop_if_wanted(void)
{
	const struct signals_target *target = atomic_load(&interrupted);

	if (!stop_wanted || target == NULL)
		return;
	drain();
	stop_wanted = 0;
	target->suspend(target->what);
	default_action(SIGTSTP);
	raise(SIGTSTP);
	/* Here somebody has said SIGCONT. */
	take_stop();
	target->resume(target->what);
	if (target->ladder)
		wake(); /* it may have been a rung that was drained */
}

bool
signals_stop_is_wanted(void)
{
	return stop_wanted != 0;
}

void
signals_release(void)
{
	atomic_store(&interrupted, NULL);
}

int
signals_count(void)
{
	return (int)signals_seen;
}

int
signals_rung(void)
{
	return (int)rung;
}

int
signals_climbed(void)
{
	drain();
	return (int)rung;
}

bool
signals_typed(void)
{
	return typed != 0;
}

static void
die_of(int number)
{
	sigset_t set;

	default_action(number);
	sigemptyset(&set);
	sigaddset(&set, number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), number);
}

void
signals_die(void)
{
	if (signals_seen != 0)
		die_of((int)first_signal);
}

void
signals_die_of_pipe(void)
{
	die_of(SIGPIPE);
	_exit(128 + SIGPIPE);
}

static void
fill_standard_fds(void)
{
	int fd;

	/* Open for the wrong direction: using one of them is an error, as it should be. */
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return;
}

void
signals_begin(void)
{
	fill_standard_fds();
	take_failed_write(SIGXFSZ);
}

void
signals_wait_writable(int fd)
{
	struct pollfd entry = { .fd = fd, .events = POLLOUT };

	poll(&entry, 1, -1);
}
