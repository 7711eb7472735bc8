/*
 * The spawner's loop.  It sleeps until the master asks for something, a child
 * has ended, a worker's deadline timer fires, a step of a ladder is due, or
 * the master is gone.  It has one thread and blocks all signals, so nothing
 * happens but at one place; SIGCHLD is read from a descriptor.
 */
#define _GNU_SOURCE /* signalfd, epoll, prctl */
#include "spawn/spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <orderly/version.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/ticks.h"
#include "shared/bytes.h"
#include "spawn/processes.h"
#include "spawn/spawner_state.h"
#include "spawn/sweep.h"
#include "wire/channel.h"

#define BYTES_SIZE (sizeof(struct life_packet) + LIFE_TEXT_MAX)
#define REQUESTS_AT_ONCE 64 /* so that many requests cannot delay ends and deadlines */
#define EVENTS_AT_ONCE 64
#define LOOK_MS 1000 /* how often the master is looked for where there is no pidfd */

/* Nothing is left.  That needs a descriptor or two, and there may be none free. */
static void
clean_up(struct spawner *spawner)
{
	fd_close(&spawner->wake);
	fd_close(&spawner->signals);
	fd_close(&spawner->claims);
	fd_close(&spawner->slab);
	fd_close(&spawner->group);
	oom_close(&spawner->oom);
	if (spawner->grouped)
		group_end(spawner->config.group);
	sweep_descendants();
	sweep_directory(spawner->config.directory);
}

/* The master is gone: nobody is left to report to. */
_Noreturn static void
die(struct spawner *spawner)
{
	for (size_t i = 0; i < spawner->n_children; i++) {
		/* What is leaving was sent that, and its group may be another's soon. */
		if (spawner->children[i].step != STEP_LEAVING)
			kill(spawner->children[i].target, SIGKILL);
		fd_close(&spawner->children[i].deadline);
	}
	clean_up(spawner);
	_exit(0);
}

/* All that was asked to end has ended. */
_Noreturn static void
leave(struct spawner *spawner)
{
	clean_up(spawner);
	report_flush(spawner, 1);
	_exit(0);
}

static void
report_configured(struct spawner *spawner, const struct error *error)
{
	struct life_packet packet = { .type = LIFE_CONFIGURED, .status = error->status };

	report(spawner, &packet, error->text);
}

/* Tell the master why there is no spawner, and end. */
_Noreturn static void
refuse(struct spawner *spawner, const struct error *error)
{
	report_configured(spawner, error);
	_exit(1);
}

_Noreturn static void
refuse_system(struct spawner *spawner, const char *what)
{
	struct error error = { 0, "" };

	error_system(&error, errno, "the spawner cannot start: %s", what);
	refuse(spawner, &error);
}

_Noreturn static void
refuse_memory(struct spawner *spawner)
{
	struct error error = { 0, "" };

	error_memory(&error);
	refuse(spawner, &error);
}

/* Standard input is /dev/null for all that is started here; nothing else may land on 0, 1 or 2. */
static int
set_standard_descriptors(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || fd_lift(&null) != 0)
		return -1;
	dup2(null, STDIN_FILENO);
	for (int fd = 1; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			dup2(null, fd);
	fd_close(&null);
	return 0;
}

static int
watch(struct spawner *spawner, int fd, uint64_t name)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = name };

	return fd < 0 ? -1 : epoll_ctl(spawner->wake, EPOLL_CTL_ADD, fd, &event);
}

static int
open_signals(void)
{
	sigset_t children;

	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	return signalfd(-1, &children, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void
set_up(struct spawner *spawner)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	processes_default_signals();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (fd_lift(&spawner->life) != 0)
		_exit(1);
	fcntl(spawner->life, F_SETFD, FD_CLOEXEC);
	if (set_standard_descriptors() != 0)
		refuse_system(spawner, "it cannot open /dev/null");
	spawner->bytes = memory_new(1, BYTES_SIZE);
	if (spawner->bytes == NULL)
		refuse_memory(spawner);
	spawner->wake = epoll_create1(EPOLL_CLOEXEC);
	spawner->signals = open_signals();
	if (watch(spawner, spawner->life, SPAWNER_WAKE_LIFE) != 0 ||
		watch(spawner, spawner->signals, SPAWNER_WAKE_SIGNALS) != 0)
		refuse_system(spawner, "it cannot wait for its children");
}

static void
say_hello(struct spawner *spawner)
{
	struct life_packet packet = { .type = LIFE_HELLO, .status = (int32_t)LIFE_VERSION };

	report(spawner, &packet, ord_version());
}

/* The life channel tells of the master's end too, but not while a child that the host forked holds it open. */
static void
watch_master(struct spawner *spawner)
{
	spawner->master = (int)syscall(SYS_pidfd_open, spawner->config.master_pid, 0);
	if (spawner->master < 0 && errno == ESRCH)
		die(spawner);
	/* Without pidfds (ENOSYS under some tracers) the parent's pid is looked at. */
	if (spawner->master >= 0 && watch(spawner, spawner->master, SPAWNER_WAKE_MASTER) != 0)
		fd_close(&spawner->master);
}

/* A hook is told like a task's function, and is called as what it is. */
static int
find_hook(
	const struct function_spec *spec, const char *name, ord_task_fn *hook, struct error *error)
{
	struct error found = { 0, "" };
	void *user;

	if (function_resolve(spec, hook, &user, &found) == 0)
		return 0;
	return error_set(error, found.status, "%s: %s", name, found.text);
}

static int
find_functions(struct spawner *spawner, struct error *error)
{
	const struct spawn_config *config = &spawner->config;
	ord_task_fn start = NULL, stop = NULL;
	int status = function_resolve(&config->function, &spawner->function, &spawner->user, error);

	if (status == 0)
		status = find_hook(&config->start_hook, "on_worker_start", &start, error);
	if (status == 0)
		status = find_hook(&config->stop_hook, "on_worker_stop", &stop, error);
	spawner->start_hook = (ord_worker_start_fn)(uintptr_t)start;
	spawner->stop_hook = (ord_worker_stop_fn)(uintptr_t)stop;
	if (status != 0 || (spawner->claims < 0 && spawner->function == NULL) ||
		processes_other_threads() == 0)
		return status;
	return error_set(error, ORD_ENOTSUP,
		"the worker program has threads before its main calls ord_worker_main, so workers cannot be forked "
		"from it: start those threads later");
}

/* Descriptors come in the order of the config's fields. */
static int
take_descriptors(struct spawner *spawner, struct request *request, struct error *error)
{
	const struct spawn_config *config = &spawner->config;
	size_t n = 0;

	spawner->shared = (const void *)(uintptr_t)config->shared_address;
	if (config->has_claims && n < request->n_fds) {
		spawner->claims = request->fds[n];
		request->fds[n++] = -1;
	}
	if (config->slab_stretch != 0 && n < request->n_fds) {
		spawner->slab = request->fds[n];
		request->fds[n++] = -1;
	}
	if (config->shared_size == 0 || config->shared_address != 0)
		return 0;
	if (n < request->n_fds)
		spawner->shared = bytes_map(request->fds[n], config->shared_size);
	if (spawner->shared != NULL)
		return 0;
	return error_system(error, errno, "cannot map the %llu shared bytes",
		(unsigned long long)config->shared_size);
}

/* What every worker would find out anew is found out here, while the master takes in that it can go on. */
static void
warm_up(struct spawner *spawner)
{
	spawner->half_write = ticks_of_half_a_write();
	if (spawner->config.many)
		channel_warm_up(spawner->config.directory);
	else
		channel_warm();
}

/* This process stays outside: it ends the group. */
static void
enter_group(struct spawner *spawner, struct error *error)
{
	if (spawner->config.group[0] == '\0')
		return;
	spawner->group = group_open(spawner->config.group, error);
	spawner->grouped = spawner->group >= 0;
}

static void
configure(struct spawner *spawner, struct request *request)
{
	struct error error = { 0, "" };

	if (spawner->configured || request->packet.text_size != sizeof spawner->config)
		return;
	memcpy(&spawner->config, request->text, sizeof spawner->config);
	spawner->config.directory[sizeof spawner->config.directory - 1] = '\0';
	spawner->config.group[sizeof spawner->config.group - 1] = '\0';
	take_descriptors(spawner, request, &error);
	spawner->configured = 1;
	/* Made here and not by the master, so that whoever dies when, somebody is left to remove it. */
	if (error.status == 0 && spawner->config.directory[0] != '\0' &&
		mkdir(spawner->config.directory, 0700) != 0)
		error_system(&error, errno,
			"cannot make the directory %s for sockets (XDG_RUNTIME_DIR may name another place)",
			spawner->config.directory);
	watch_master(spawner);
	if (error.status == 0)
		find_functions(spawner, &error);
	/* The last that can fail, so that nobody has to remove it but who ends. */
	if (error.status == 0)
		enter_group(spawner, &error);
	report_configured(spawner, &error);
	oom_open(&spawner->oom, "");
	if (spawner->grouped)
		oom_open_group(&spawner->oom, spawner->config.group);
	if (spawner->config.has_claims)
		warm_up(spawner);
}

static void
end(struct spawner *spawner, uint32_t grace_ms)
{
	spawner->ending = 1;
	stop_all(spawner, grace_ms);
}

static void
obey(struct spawner *spawner, struct request *request)
{
	switch (request->packet.type) {
	case LIFE_CONFIG: configure(spawner, request); break;
	case LIFE_SPAWN: worker_start(spawner, request); break;
	case LIFE_COMMAND: command_start(spawner, request); break;
	case LIFE_STOP: stop_child(spawner, &request->packet); break;
	case LIFE_SIGNAL: stop_signal_child(spawner, &request->packet); break;
	case LIFE_END: end(spawner, request->packet.grace_ms); break;
	case LIFE_SUSPEND: suspend_all(spawner); break;
	case LIFE_CONTINUE: suspend_end(spawner); break;
	case LIFE_DOUBT: ended_tell(spawner, &request->packet); break;
	default:
		/* Not ours; the handshake has made sure that both are the same build. */
		break;
	}
	for (size_t i = 0; i < request->n_fds; i++)
		fd_close(&request->fds[i]);
}

/* A packet whose descriptors found no room still says what it was for. */
static void
refuse_request(struct spawner *spawner, const struct request *request)
{
	errno = EMFILE;
	if (request->packet.type == LIFE_CONFIG)
		refuse_system(spawner, "it cannot take the memory of the pool");
	if (request->packet.type == LIFE_SPAWN || request->packet.type == LIFE_COMMAND)
		report_failed(spawner, request, EMFILE, "the spawner has no descriptors left");
}

static void
read_requests(struct spawner *spawner)
{
	struct request request = { .text = spawner->bytes + sizeof request.packet };

	for (int i = 0; i < REQUESTS_AT_ONCE; i++) {
		int got = post_receive(spawner->life, &request.packet, spawner->bytes, BYTES_SIZE,
			request.fds, &request.n_fds);

		if (got == 0)
			return;
		if (got == 1)
			obey(spawner, &request);
		else if (errno == EPIPE)
			die(spawner);
		else if (errno == EMFILE)
			refuse_request(spawner, &request);
	}
}

static void
hear_life(struct spawner *spawner, uint32_t events)
{
	if ((events & EPOLLOUT) != 0)
		report_flush(spawner, 0);
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
		read_requests(spawner);
}

static void
hear_signals(struct spawner *spawner)
{
	struct signalfd_siginfo info;

	(void)!read(spawner->signals, &info, sizeof info);
	ended_reap(spawner);
}

static void
hear_deadline(struct spawner *spawner, uint64_t id)
{
	struct child *worker = children_by_id(spawner, id);

	/* It may have ended in the same turn. */
	if (worker != NULL && worker->is_worker)
		stop_deadline(spawner, worker);
}

static void
hear(struct spawner *spawner, const struct epoll_event *event)
{
	switch (event->data.u64) {
	case SPAWNER_WAKE_LIFE: hear_life(spawner, event->events); break;
	case SPAWNER_WAKE_SIGNALS: hear_signals(spawner); break;
	case SPAWNER_WAKE_MASTER: die(spawner);
	default: hear_deadline(spawner, event->data.u64); break;
	}
}

static int
time_to_sleep(const struct spawner *spawner)
{
	int left = spawner->next_ns != 0 ? clock_left_ms(clock_now_ns(), spawner->next_ns) : -1;

	if (spawner->master < 0 && (left < 0 || left > LOOK_MS))
		return LOOK_MS;
	return left;
}

static void
turn(struct spawner *spawner)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int n = epoll_wait(spawner->wake, events, EVENTS_AT_ONCE, time_to_sleep(spawner));

	for (int i = 0; i < n; i++)
		hear(spawner, &events[i]);
	stop_steps(spawner, clock_now_ns());
	if (master_is_gone(spawner))
		die(spawner);
	if (spawner->ending && spawner->n_children == 0)
		leave(spawner);
}

_Noreturn void
spawner_run(int life, worker_serve_fn serve)
{
	struct spawner spawner = { .life = life,
		.wake = -1,
		.signals = -1,
		.master = -1,
		.claims = -1,
		.slab = -1,
		.group = -1,
		.oom = { .fd = -1 },
		.master_pid = getppid(),
		.serve = serve };

	set_up(&spawner);
	say_hello(&spawner);
	for (;;)
		turn(&spawner);
}
