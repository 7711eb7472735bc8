/*
 * A whole spawner in this process: spawner_run, whose master, children and
 * clock the input plays.  No process is made: fork gives a number, and kill
 * must be meant for one of these that has not been reaped.  Packets are right,
 * or wrong where the input says so.  Whoever was started is told as ended
 * once; and the spawner leaves only with nobody left, or having killed all.
 */
#define _GNU_SOURCE /* MSG_DONTWAIT, F_ADD_SEALS */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/ticks.h"
#include "fuzz.h"
#include "spawn/processes.h"
#include "spawn/spawner_state.h"
#include "spawn/sweep.h"
#include "spawn/usage.h"
#include "wire/channel.h"

/* Fake processes have numbers that no kernel gives. */
enum { PROCESSES = 24, FIRST_PID = 1 << 23, PARENT = 77, STEPS_MOST = 200, TEXT_MOST = 400 };

struct process {
	enum { UNBORN, LIVES, DEAD, REAPED } state;
	bool killed; /* with its group */
	unsigned looks; /* behind its end, for what is left in its group */
	int status;
};

static struct {
	struct input input;
	jmp_buf end;
	bool runs;
	int code;
	struct spawner *spawner;
	struct process processes[PROCESSES];
	unsigned n_processes;
	unsigned children; /* of these, that are no tracers */
	int life;          /* the master's end; -1: it has closed it */
	bool deaf;         /* it reads nothing */
	uint64_t now_ns;
	uint64_t next_id;
	unsigned steps, ended;
	struct region region;
	int region_fd, shared_fd;
} play;

_Noreturn void __wrap__exit(int code);
pid_t __wrap_fork(void);
pid_t __wrap_vfork(void);
pid_t __wrap_getppid(void);
int __wrap_kill(pid_t pid, int number);
int __wrap_setpgid(pid_t pid, pid_t group);
int __wrap_prctl(int option, ...);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *old);
int __wrap_waitid(idtype_t type, id_t id, siginfo_t *info, int options);
pid_t __wrap_wait4(pid_t pid, int *status, int options, struct rusage *usage);
int __wrap_epoll_wait(int epoll, struct epoll_event *events, int most, int timeout_ms);
int __real_epoll_wait(int epoll, struct epoll_event *events, int most, int timeout_ms);
int __wrap_posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
	const posix_spawnattr_t *attributes, char *const *argv, char *const *env);
uint64_t __wrap_clock_now_ns(void);
uint64_t __real_clock_now_ns(void);
void __wrap_processes_default_signals(void);
unsigned __wrap_processes_other_threads(void);
void __wrap_sweep_descendants(void);
void __wrap_sweep_directory(const char *directory);
void __wrap_channel_unbind(const char *directory, uint64_t id);
void __wrap_channel_warm(void);
int __wrap_group_open(const char *path, struct error *error);
void __wrap_group_end(const char *path);
void __wrap_channel_warm_up(const char *directory);
uint64_t __wrap_ticks_of_half_a_write(void);
void __wrap_oom_open(struct oom *oom, const char *root);
void __wrap_usage_read(struct usage *usage, pid_t pid, uint64_t since_ns);
uint64_t __wrap_usage_part_kib(const struct usage *usage);
int __wrap_function_resolve(
	const struct function_spec *spec, ord_task_fn *function, void **user, struct error *error);
void __wrap_report(struct spawner *spawner, struct life_packet *packet, const char *text);
void __real_report(struct spawner *spawner, struct life_packet *packet, const char *text);

/* --- processes --- */

static pid_t
new_process(void)
{
	if (play.n_processes == PROCESSES) {
		errno = EAGAIN;
		return -1;
	}
	play.processes[play.n_processes] = (struct process){ .state = LIVES };
	return FIRST_PID + (pid_t)play.n_processes++;
}

static struct process *
process_of(pid_t pid)
{
	must(pid >= FIRST_PID && pid < FIRST_PID + (pid_t)play.n_processes, "a process of nobody's");
	return &play.processes[pid - FIRST_PID];
}

pid_t
__wrap_fork(void)
{
	pid_t pid = new_process();

	play.children += pid > 0;
	return pid;
}

pid_t
__wrap_vfork(void)
{
	return __wrap_fork();
}

pid_t
__wrap_getppid(void)
{
	return PARENT;
}

int
__wrap_kill(pid_t pid, int number)
{
	struct process *process = process_of(pid < 0 ? -pid : pid);

	/* A number of a group stays its own as long as somebody is in it: some are left by one look, some by three. */
	if (number == 0 && pid < 0 && process->state == REAPED) {
		if (process->looks++ < (unsigned)-pid % 3)
			return 0;
		errno = ESRCH;
		return -1;
	}
	must(process->state == LIVES || process->state == DEAD, "a process is killed that may be another's by now");
	process->killed |= number == SIGKILL;
	return 0;
}

int
__wrap_setpgid(pid_t pid, pid_t group)
{
	must(pid == group && process_of(pid)->state == LIVES, "another group");
	return 0;
}

int
__wrap_prctl(int option, ...)
{
	(void)option;
	return 0;
}

int
__wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	(void)how;
	(void)set;
	(void)old;
	return 0;
}

int
__wrap_waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	(void)id;
	must(type == P_ALL && (options & WNOWAIT) != 0, "a child is not looked at before it is reaped");
	for (unsigned i = 0; i < play.n_processes; i++)
		if (play.processes[i].state == DEAD) {
			info->si_pid = FIRST_PID + (pid_t)i;
			return 0;
		}
	info->si_pid = 0;
	return 0;
}

pid_t
__wrap_wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
	struct process *process = process_of(pid);

	must(options == 0 && process->state == DEAD, "the spawner waits for a child that lives");
	process->state = REAPED;
	*status = process->status;
	*usage = (struct rusage){ .ru_maxrss = 1 };
	return pid;
}

int
__wrap_posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
	const posix_spawnattr_t *attributes, char *const *argv, char *const *env)
{
	(void)file;
	(void)actions;
	(void)attributes;
	(void)argv;
	(void)env;
	*pid = new_process();
	return *pid > 0 ? 0 : EAGAIN;
}

void
__wrap_usage_read(struct usage *usage, pid_t pid, uint64_t since_ns)
{
	(void)since_ns;
	must(process_of(pid)->state != REAPED, "a process is looked at that is another's by now");
	*usage = (struct usage){ .cpu_ns = input_number(&play.input, 4), .resident_kib = input_number(&play.input, 3),
		.threads = process_of(pid)->state == LIVES, .pids = { pid }, .n_pids = 1 };
}

uint64_t
__wrap_usage_part_kib(const struct usage *usage)
{
	return usage->resident_kib / 2;
}

/* --- the rest of the system --- */

uint64_t
__wrap_clock_now_ns(void)
{
	return play.runs ? ++play.now_ns : __real_clock_now_ns();
}

int
__wrap_mkdir(const char *path, mode_t mode)
{
	must(strlen(path) < SPAWN_DIRECTORY_MAX && mode == 0700, "a directory for everybody");
	return 0;
}

void
__wrap_sweep_directory(const char *directory)
{
	must(strlen(directory) < SPAWN_DIRECTORY_MAX, "a name has no end");
}

void
__wrap_channel_unbind(const char *directory, uint64_t id)
{
	(void)id;
	must(strlen(directory) < SPAWN_DIRECTORY_MAX, "a name has no end");
}

void
__wrap_processes_default_signals(void)
{
}

unsigned
__wrap_processes_other_threads(void)
{
	return 0;
}

void
__wrap_sweep_descendants(void)
{
}

void
__wrap_channel_warm(void)
{
}

int
__wrap_group_open(const char *path, struct error *error)
{
	(void)error;
	must(strlen(path) < GROUP_PATH_MAX, "a name has no end");
	return dup(play.shared_fd);
}

void
__wrap_group_end(const char *path)
{
	must(path[0] != '\0', "a group that nobody made");
}

void
__wrap_channel_warm_up(const char *directory)
{
	(void)directory;
}

uint64_t
__wrap_ticks_of_half_a_write(void)
{
	return 1;
}

void
__wrap_oom_open(struct oom *oom, const char *root)
{
	(void)root;
	oom->fd = -1;
}

static int
function(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	return 0;
}

/* A file of any name is not loaded here. */
int
__wrap_function_resolve(
	const struct function_spec *spec, ord_task_fn *task_function, void **user, struct error *error)
{
	*user = NULL;
	*task_function = spec->kind == FUNCTION_NONE ? NULL : function;
	return spec->kind <= FUNCTION_REFUSED ? 0 : error_set(error, ORD_ENOTSUP, "cannot find it");
}

/* --- its end --- */

static void
free_spawner(struct spawner *spawner)
{
	struct buffer *buffers[] = { &spawner->command.own_env, &spawner->command.env, &spawner->command.argv,
		&spawner->command.extra, &spawner->command.paths, &spawner->command.text };
	int *fds[] = { &spawner->life, &spawner->wake, &spawner->signals, &spawner->master, &spawner->claims, &spawner->slab, &spawner->group };

	while (spawner->n_children != 0)
		children_remove(spawner, &spawner->children[0]);
	memory_free(spawner->children);
	memory_free(spawner->bytes);
	post_finish(&spawner->post);
	for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
		buffer_finish(buffers[i]);
	for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
		fd_close(fds[i]);
	if (spawner->shared != NULL && spawner->config.shared_address == 0 && spawner->config.shared_size != 0)
		munmap((void *)(uintptr_t)spawner->shared, spawner->config.shared_size);
}

static void
check_nobody_left(const struct spawner *spawner)
{
	for (size_t i = 0; i < spawner->n_children; i++)
		must(process_of(spawner->children[i].pid)->killed, "a child is left alive");
	/* It goes with the master that it was told of, whoever that is. */
	must(play.life < 0 || spawner->n_children == 0 || spawner->config.master_pid != getpid(),
		"a spawner leaves before its children");
}

_Noreturn void
__wrap__exit(int code)
{
	play.code = code;
	must(play.spawner != NULL, "a spawner ends without a word");
	if (code == 0)
		check_nobody_left(play.spawner);
	free_spawner(play.spawner);
	longjmp(play.end, 1);
}

void
__wrap_report(struct spawner *spawner, struct life_packet *packet, const char *text)
{
	play.spawner = spawner;
	must(strlen(text) <= LIFE_STACK_MAX, "a text is too long");
	play.ended += packet->type == LIFE_ENDED && (packet->flags & LIFE_UNKNOWN) == 0;
	__real_report(spawner, packet, text);
}

/* --- the master --- */

static int
sealed(size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	must(fd >= 0 && ftruncate(fd, (off_t)size) == 0, "no memory");
	must(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0, "no seals");
	return fd;
}

/* The packet goes as it is made, or with lies. */
static void
send_packet(struct life_packet *packet, const void *text, const int *fds, size_t n_fds)
{
	uint8_t lie = input_byte(&play.input);
	struct {
		struct life_packet packet;
		char text[sizeof(struct spawn_config) + TEXT_MOST];
	} bytes;
	size_t size = sizeof *packet + packet->text_size;

	if (play.life < 0)
		return;
	packet->magic = LIFE_MAGIC;
	bytes.packet = *packet;
	if (packet->text_size != 0)
		memcpy(bytes.text, text, packet->text_size);
	if (lie % 8 == 1)
		((uint8_t *)&bytes)[input_byte(&play.input) % sizeof *packet] ^= input_byte(&play.input);
	if (lie % 8 == 2 && packet->text_size != 0)
		bytes.text[input_number(&play.input, 2) % packet->text_size] ^= (char)input_byte(&play.input);
	if (lie % 8 == 3)
		size -= input_byte(&play.input) % size;
	if (lie % 8 == 4)
		n_fds -= n_fds != 0;
	if (lie % 8 == 5)
		bytes.packet.type = input_byte(&play.input);
	if (lie % 8 == 6)
		bytes.packet.id = input_byte(&play.input) % 8u;
	fd_send(play.life, &bytes, size, fds, n_fds, MSG_DONTWAIT);
}

static void
send_config(void)
{
	uint8_t what = input_byte(&play.input);
	struct spawn_config config = { .master_pid = getpid(), .has_claims = !(what & 1), .many = what & 2,
		.directory = "/some/where", .shared_size = what & 4 ? 4096 : 0, .shared_address = what & 8 ? 4096 : 0,
		.slab_stretch = what & 16 ? 4096 : 0 };
	struct life_packet packet = { .type = LIFE_CONFIG, .text_size = sizeof config };
	int fds[3];
	size_t n = 0;

	if (what & 64)
		strcpy(config.group, "/some/group");
	config.function.kind = what & 32 ? FUNCTION_OFFSET : FUNCTION_NONE;
	if (config.has_claims)
		fds[n++] = play.region_fd;
	if (config.slab_stretch != 0)
		fds[n++] = play.region_fd;
	if (config.shared_size != 0 && config.shared_address == 0)
		fds[n++] = play.shared_fd;
	send_packet(&packet, &config, fds, n);
}

static void
send_spawn(void)
{
	struct life_packet packet = { .type = LIFE_SPAWN, .id = ++play.next_id, .place = input_byte(&play.input),
		.flags = LIFE_WORDS };
	int fds[4] = { play.region_fd, play.shared_fd, play.shared_fd, play.shared_fd };

	send_packet(&packet, NULL, fds, 4);
}

static void
send_command(void)
{
	struct {
		struct spawn_command head;
		char text[TEXT_MOST];
	} bytes = { .head = { .argc = 1, .envc = 1, .has_cwd = 1 }, .text = "true\0X=y\0/" };
	uint8_t what = input_byte(&play.input);
	struct life_packet packet = { .type = LIFE_COMMAND, .id = ++play.next_id, .timeout_ms = what >> 4,
		.grace_ms = what & 3, .text_size = sizeof bytes.head + 11, .flags = LIFE_STDIN };

	packet.bounds.cpu_ms = what & 4;
	packet.bounds.memory_mib = what & 8;
	send_packet(&packet, &bytes, &play.shared_fd, 1);
}

static void
send_stop(void)
{
	uint8_t what = input_byte(&play.input);
	struct life_packet packet = { .type = LIFE_STOP, .id = what % 16, .grace_ms = what >> 6,
		.flags = what & 16 ? LIFE_KILL : 0 };

	packet.run = what & 32 ? atomic_load(&play.region.page->run) & ~UINT64_C(3) : 0;
	send_packet(&packet, NULL, NULL, 0);
}

static void
send_plain(uint32_t type)
{
	struct life_packet packet = { .type = type, .grace_ms = input_byte(&play.input) };

	send_packet(&packet, NULL, NULL, 0);
}

static void
read_reports(void)
{
	char bytes[sizeof(struct life_packet) + LIFE_STACK_MAX];
	struct life_packet packet;
	int fds[FD_PASS_MAX];
	size_t n_fds;

	if (play.life < 0 || play.deaf)
		return;
	while (post_receive(play.life, &packet, bytes, sizeof bytes, fds, &n_fds) == 1) {
		must(n_fds == 0, "a spawner sends descriptors");
		must((packet.type >= LIFE_HELLO && packet.type <= LIFE_ENDED) || packet.type == LIFE_BEGUN,
			"a spawner says what only a master says");
	}
}

/* --- what happens --- */

static void
end_one(void)
{
	uint8_t which = input_byte(&play.input);
	struct process *process = play.n_processes != 0 ? &play.processes[which % play.n_processes] : NULL;

	if (process == NULL || process->state != LIVES)
		return;
	process->state = DEAD;
	process->status = process->killed ? SIGKILL : (int)input_number(&play.input, 2);
}

/* What workers, who share one page here, may write there. */
static void
meddle(void)
{
	struct status_page *page = play.region.page;
	uint8_t what = input_byte(&play.input);

	switch (what % 8) {
	case 0: atomic_store(&page->run, RUN_WORD(what >> 3, 0, RUN_RUNNING)); break;
	case 1: atomic_store(&page->run, input_number(&play.input, 8)); break;
	case 2: atomic_store(&page->deadline_ns, play.now_ns + input_number(&play.input, 3)); break;
	case 3: atomic_store(&page->deadline_ns, input_number(&play.input, 8)); break;
	case 4: atomic_store(&page->cpu_ms, (uint32_t)input_number(&play.input, 4)); break;
	case 5: atomic_store(&page->memory_mib, (uint32_t)input_number(&play.input, 4)); break;
	case 6: atomic_store(&page->crash, what >> 3); break;
	default: atomic_store(&page->grace_ms, (uint32_t)input_number(&play.input, 4)); break;
	}
}

/* 1: an event that the kernel would not tell of here. */
static int
step(struct epoll_event *event)
{
	uint8_t what = input_byte(&play.input);

	event->events = EPOLLIN;
	event->data.u64 = SPAWNER_WAKE_SIGNALS;
	switch (what % 16) {
	case 0: send_config(); return 0;
	case 1: case 2: send_spawn(); return 0;
	case 3: send_command(); return 0;
	case 4: send_stop(); return 0;
	case 5: send_plain(what & 16 ? LIFE_SUSPEND : LIFE_CONTINUE); return 0;
	case 6: send_plain(what >= 240 ? LIFE_END : input_byte(&play.input)); return 0;
	case 7: case 8: end_one(); return 1;
	case 9: play.now_ns += input_number(&play.input, 2) << 14; return 0;
	case 10: play.now_ns += (uint64_t)what << 30; return 0;
	case 11: case 12: meddle(); return 0;
	case 13: event->data.u64 = input_byte(&play.input) % 16; return 1;
	case 14: play.deaf = what & 16; return 0;
	case 15: send_plain(LIFE_DOUBT); return 0;
	default: return 0;
	}
}

/* When there is no more input the master is gone. */
int
__wrap_epoll_wait(int epoll, struct epoll_event *events, int most, int timeout_ms)
{
	int n;

	if (!play.runs)
		return __real_epoll_wait(epoll, events, most, timeout_ms);
	must(most > 1, "no room for events");
	if (play.input.left == 0 || ++play.steps > STEPS_MOST)
		fd_close(&play.life);
	n = play.life >= 0 ? step(events) : 0;
	read_reports();
	n += __real_epoll_wait(epoll, events + n, most - n, 0);
	return n;
}

/* --- the play --- */

static void
set_up_once(void)
{
	if (play.region.page != NULL)
		return;
	must(region_new(&play.region, &play.region_fd) == 0, "no region");
	play.shared_fd = sealed(4096);
}

static void
serve(const struct worker_setup *setup)
{
	(void)setup;
	must(0, "a worker in the spawner's process");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	int ends[2], probe;

	set_up_once();
	probe = dup(0);
	must(probe >= 0 && close(probe) == 0 && fd_pair(ends) == 0, "no channel");
	memset(play.region.page, 0, sizeof *play.region.page);
	play.input = (struct input){ bytes, size };
	play.n_processes = play.children = 0;
	play.life = ends[0];
	play.deaf = false;
	play.now_ns = CLOCK_NS_PER_S;
	play.next_id = 0;
	play.steps = play.ended = 0;
	play.spawner = NULL;
	play.runs = true;
	if (setjmp(play.end) == 0)
		spawner_run(ends[1], serve);
	play.runs = false;
	fd_close(&play.life);
	must(play.ended <= play.children, "more children ended than there were");
	must(play.code == 0 || play.code == 1, "an exit that is not documented");
	must(dup(0) == probe && close(probe) == 0, "a descriptor is left");
	return 0;
}
