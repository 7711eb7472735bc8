/*
 * A worker comes to life: forked from the spawner, which has one thread and
 * nothing open that matters, so that the fork is cheap and safe.
 */
#define _GNU_SOURCE /* prctl, timerfd */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "spawn/processes.h"
#include "spawn/spawner_state.h"

/* The life channel stays for the worker's READY, the claim words for its tasks. */
static void
close_what_is_the_spawners(struct spawner *spawner)
{
	close(spawner->wake);
	close(spawner->signals);
	fd_close(&spawner->group);
	fd_close(&spawner->master);
	oom_close(&spawner->oom);
	for (size_t i = 0; i < spawner->n_children; i++) {
		fd_close(&spawner->children[i].deadline);
		fd_close(&spawner->children[i].words[0]);
		fd_close(&spawner->children[i].words[1]);
		fd_close(&spawner->children[i].trace);
	}
}

static void
set_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t none;

	sigaction(SIGPIPE, &ignore, NULL);
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void
be_worker(struct spawner *spawner, const struct worker_setup *setup, pid_t parent)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The spawner may have died before it could be named as the one to die with. */
	if (getppid() != parent)
		_exit(0);
	if (spawner->group >= 0 && group_enter(spawner->group) != 0)
		_exit(EX_OSERR); /* as a worker that cannot start */
	close_what_is_the_spawners(spawner);
	if (setup->words >= 0) {
		dup2(setup->words, STDOUT_FILENO);
		dup2(setup->words, STDERR_FILENO);
	}
	set_signals();
	spawner->serve(setup);
	_exit(0);
}

/* Its page as the spawner reads it, not to be taken along by the workers that are forked later. */
static int
map_page(struct region *region, int fd)
{
	if (region_map_page(region, fd) != 0)
		return -1;
	madvise(region->page, REGION_PAGE_SIZE, MADV_DONTFORK);
	return 0;
}

/* A timer that wakes the spawner under the worker's id; -1 with errno. */
static int
deadline_timer(struct spawner *spawner, uint64_t id)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = id };

	if (timer >= 0 && epoll_ctl(spawner->wake, EPOLL_CTL_ADD, timer, &event) != 0)
		fd_close(&timer);
	return timer;
}

static void
forget_timer(struct spawner *spawner, int *timer)
{
	if (*timer >= 0)
		epoll_ctl(spawner->wake, EPOLL_CTL_DEL, *timer, NULL);
	fd_close(timer);
}

static int
fork_worker(
	struct spawner *spawner, const struct request *request, struct region *region, int deadline)
{
	struct worker_setup setup = { .id = request->packet.id,
		.place = request->packet.place,
		.master_pid = spawner->config.master_pid,
		.life = spawner->life,
		.region = request->fds[0],
		.timer = request->fds[1],
		.bell = request->fds[2],
		.words = (request->packet.flags & LIFE_WORDS) != 0 ? request->fds[3] : -1,
		.deadline = deadline,
		.claims = spawner->claims,
		.half_write = spawner->half_write,
		.directory = spawner->config.directory,
		.shared = spawner->shared,
		.shared_size = spawner->config.shared_size,
		.slab = spawner->slab,
		.slab_stretch = spawner->slab >= 0 ? spawner->config.slab_stretch : 0,
		.bounds = spawner->config.bounds,
		.function = spawner->function,
		.start_hook = spawner->start_hook,
		.stop_hook = spawner->stop_hook,
		.user = spawner->user };
	pid_t parent = getpid(), pid = fork();
	struct child *child;

	if (pid < 0)
		return -1;
	if (pid == 0)
		be_worker(spawner, &setup, parent);
	setpgid(pid, pid);
	child = children_add(spawner, setup.id, setup.place, pid, -pid);
	child->is_worker = 1;
	child->region = *region;
	child->deadline = deadline;
	return 0;
}

static int
start(struct spawner *spawner, const struct request *request)
{
	struct region region = { NULL, NULL };
	int deadline = -1, failed;

	if (children_reserve(spawner) != 0)
		return ENOMEM;
	if (map_page(&region, request->fds[0]) == 0) {
		deadline = deadline_timer(spawner, request->packet.id);
		if (deadline >= 0 && fork_worker(spawner, request, &region, deadline) == 0)
			return 0;
	}
	failed = errno;
	forget_timer(spawner, &deadline);
	region_finish(&region);
	return failed;
}

void
worker_start(struct spawner *spawner, struct request *request)
{
	size_t wanted = (request->packet.flags & LIFE_WORDS) != 0 ? 4 : 3;
	int failed;

	if (spawner->ending) {
		report_failed(spawner, request, ESHUTDOWN, "the pool is ending");
	} else if ((spawner->claims < 0 && spawner->function == NULL) || request->n_fds != wanted) {
		report_failed(
			spawner, request, EINVAL, "a worker needs claim words and its descriptors");
	} else {
		failed = start(spawner, request);
		if (failed != 0)
			report_failed(spawner, request, failed, "cannot start a worker");
	}
}
