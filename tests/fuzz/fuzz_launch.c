/*
 * What a master reads of its spawner: the handshake, then events.  The input
 * is what lies in the life channel, whole packets and such as are none, with
 * descriptors beside them where nobody expects any.
 */
#define _GNU_SOURCE /* MSG_DONTWAIT */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <orderly/pool.h>
#include <orderly/version.h>

#include "base/clock.h"
#include "base/fd.h"
#include "fuzz.h"
#include "spawn/launch.h"
#include "spawn/start.h"

enum { SPAWNER = 4242, PACKETS_MOST = 100, TEXT_MOST = 300 };

static struct {
	uint64_t now_ns; /* 0: not in a run */
	unsigned kills;
} play;

uint64_t __wrap_clock_now_ns(void);
uint64_t __real_clock_now_ns(void);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
void __wrap_start_kill(pid_t pid);
void __wrap_start_reap(pid_t pid, uint64_t kill_ns);

uint64_t
__wrap_clock_now_ns(void)
{
	return play.now_ns != 0 ? play.now_ns : __real_clock_now_ns();
}

/* Nobody waits here; what will not come in time has not come. */
int
__wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	if (play.now_ns == 0)
		return __real_poll(fds, n, timeout_ms);
	must(timeout_ms >= 0, "a wait without an end");
	play.now_ns += (uint64_t)timeout_ms * CLOCK_NS_PER_MS + 1;
	return __real_poll(fds, n, 0);
}

void
__wrap_start_kill(pid_t pid)
{
	must(pid == SPAWNER, "a stranger is killed");
	play.kills++;
}

void
__wrap_start_reap(pid_t pid, uint64_t kill_ns)
{
	(void)kill_ns;
	must(pid == SPAWNER, "a stranger is reaped");
	play.kills++;
}

/* One packet into the channel, honest to a degree. */
static void
put_packet(int end, struct input *input, uint32_t type, int32_t status, const char *said)
{
	uint8_t what = input_byte(input);
	struct {
		struct life_packet packet;
		char text[TEXT_MOST];
	} bytes = { .packet = { .magic = LIFE_MAGIC, .type = type, .status = status } };
	size_t text = strlen(said), size;
	int fds[3] = { 0, 1, 2 };

	memcpy(bytes.text, said, text);
	if (what & 1)
		text = input_take(input, bytes.text, input_byte(input));
	bytes.packet.text_size = (uint32_t)text;
	if (what & 2)
		bytes.packet.type = input_byte(input) % (LIFE_CONTINUE + 2);
	if (what & 4)
		bytes.packet.status = (int32_t)input_number(input, 4);
	if (what & 8)
		bytes.packet.id = input_number(input, 8);
	size = sizeof bytes.packet + text;
	if (what & 16)
		((uint8_t *)&bytes)[input_byte(input)] ^= input_byte(input);
	if (what & 32)
		size -= input_byte(input) % size;
	fd_send(end, &bytes, size, fds, what >> 6, MSG_DONTWAIT);
}

static void
put_large(int end, struct input *input)
{
	static char bytes[sizeof(struct life_packet) + 2 * LIFE_STACK_MAX];
	struct life_packet packet = { .magic = LIFE_MAGIC, .type = LIFE_ENDED };
	size_t size = LIFE_STACK_MAX - 8 + input_byte(input) % 16;

	packet.text_size = (uint32_t)size;
	memcpy(bytes, &packet, sizeof packet);
	fd_send(end, bytes, sizeof packet + size, NULL, 0, MSG_DONTWAIT);
}

static void
check_event(const struct life_event *event)
{
	must(event->packet.magic == LIFE_MAGIC, "a packet of somebody else's");
	must(event->packet.text_size <= LIFE_STACK_MAX, "a text is too long");
	must(event->text[event->packet.text_size] == '\0', "a text has no end");
	input_touch(event->text, event->packet.text_size + 1);
}

static void
meet(struct launch *launch)
{
	struct launch_options options = { .start = ORD_START_EXEC, .program = "program", .timeout_ms = 1000, .claims = -1, .shared = -1, .slab = -1 };
	struct error error = { 0, "" };
	int status = launch_meet(launch, &options, &error);

	if (status == 0) {
		must(play.kills == 0 && launch->life >= 0, "a spawner that was met is killed");
		return;
	}
	must(status < 0 && error.text[0] != '\0', "a refusal without a sentence");
	must(memchr(error.text, '\0', sizeof error.text) != NULL, "a sentence has no end");
	must(play.kills == 1 && launch->life == -1, "a spawner that was refused lives");
}

static void
hear(struct launch *launch)
{
	struct life_event event;
	int got = 0;

	for (int i = 0; i < PACKETS_MOST && (got = launch_receive(launch, &event)) == 1; i++)
		check_event(&event);
	must(got == 0 || got == 1 || got == ORD_ELOST, "a status that is none");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = { bytes, size };
	uint8_t what = input_byte(&input);
	struct launch launch = { .pid = SPAWNER };
	int ends[2], probe = dup(0);

	must(probe >= 0 && close(probe) == 0 && fd_pair(ends) == 0, "no channel");
	launch.life = ends[0];
	play.now_ns = CLOCK_NS_PER_S;
	play.kills = 0;
	if (what & 1) {
		put_packet(ends[1], &input, LIFE_HELLO, (int32_t)LIFE_VERSION, ord_version());
		put_packet(ends[1], &input, LIFE_CONFIGURED, 0, "");
	}
	for (int i = 0; i < PACKETS_MOST && input.left != 0; i++) {
		uint8_t kind = input_byte(&input);

		if (kind % 16 == 0)
			put_large(ends[1], &input);
		else
			put_packet(ends[1], &input, kind % (LIFE_READY + 1), 0, kind & 128 ? "why" : "");
	}
	if (what & 2)
		fd_close(&ends[1]);
	if (what & 1)
		meet(&launch);
	if (launch.life >= 0)
		hear(&launch);
	launch_finish(&launch, what);
	must(launch.life == -1 && play.kills == 1, "a spawner is left");
	fd_close(&ends[1]);
	play.now_ns = 0;
	must(dup(0) == probe && close(probe) == 0, "a descriptor is left");
	return 0;
}
