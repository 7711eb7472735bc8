/*
 * The text of a command, as the spawner takes it apart: any bytes, in the
 * packet or in a memfd.  What would be run is compared with what a slow reader
 * of the same bytes makes of them; what the master writes is read back.
 */
#define _GNU_SOURCE /* memfd_create, environ */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <orderly/pool.h>

#include "base/memory.h"
#include "fuzz.h"
#include "pool/pool.h"
#include "spawn/spawner_state.h"

enum { TEXT_MOST = 4096, STRINGS_MOST = 64 };

/* What the text says. */
struct meaning {
	bool whole;
	struct spawn_command head;
	const char *strings[STRINGS_MOST]; /* argv, then the environment, then the directory, then the output file */
	size_t n;
};

static struct {
	struct spawner spawner;
	struct meaning meaning;
	unsigned run, failed;
	int reason;
} play;

pid_t __wrap_vfork(void);
void __wrap_report_failed(
	struct spawner *spawner, const struct request *request, int failed_errno, const char *text);

static void
check_list(const struct buffer *list, const char *const *wanted, size_t n, bool ended)
{
	char *const *strings = (char *const *)(const void *)list->bytes;

	must(list->size == (n + ended) * sizeof *strings, "a list has another length");
	for (size_t i = 0; i < n; i++)
		must(strcmp(strings[i], wanted[i]) == 0, "another string");
	must(!ended || strings[n] == NULL, "a list has no end");
}

/* All is ready for exec. */
pid_t
__wrap_vfork(void)
{
	const struct command_room *room = &play.spawner.command;
	const struct meaning *meaning = &play.meaning;
	char *const *env = (char *const *)(const void *)room->env.bytes;
	size_t argc = meaning->head.argc, envc = meaning->head.envc;

	must(meaning->whole, "a command is run that is not whole");
	check_list(&room->argv, meaning->strings, argc, true);
	check_list(&room->extra, meaning->strings + argc, envc, false);
	must((room->cwd != NULL) == (meaning->head.has_cwd != 0), "another directory");
	if (room->cwd != NULL)
		must(strcmp(room->cwd, meaning->strings[argc + envc]) == 0, "another directory");
	must((room->output != NULL) == (meaning->head.output != 0), "another output file");
	if (room->output != NULL)
		must(strcmp(room->output, meaning->strings[meaning->n - 1]) == 0, "another output file");
	for (size_t i = 0; env[i] != NULL; i++)
		input_touch(env[i], strlen(env[i]) + 1);
	play.run++;
	errno = EAGAIN;
	return -1;
}

void
__wrap_report_failed(
	struct spawner *spawner, const struct request *request, int failed_errno, const char *text)
{
	(void)spawner;
	(void)request;
	must(failed_errno > 0 && text[0] != '\0', "a failure without a reason");
	play.failed++;
	play.reason = failed_errno;
}

static bool
take_strings(struct meaning *meaning, size_t n, const char *text, size_t size, size_t *at)
{
	for (; n != 0; n--) {
		const char *end = memchr(text + *at, '\0', size - *at);

		if (end == NULL)
			return false;
		if (meaning->n < STRINGS_MOST)
			meaning->strings[meaning->n] = text + *at;
		meaning->n++;
		*at = (size_t)(end - text) + 1;
	}
	return true;
}

static void
understand(struct meaning *meaning, const char *text, size_t size)
{
	size_t at = sizeof meaning->head;

	memset(meaning, 0, sizeof *meaning);
	if (size < at)
		return;
	memcpy(&meaning->head, text, at);
	meaning->whole = meaning->head.argc != 0 && meaning->head.output <= 3 && meaning->head.stop_signal <= 64 &&
		take_strings(meaning, meaning->head.argc, text, size, &at) &&
		take_strings(meaning, meaning->head.envc, text, size, &at) &&
		take_strings(meaning, meaning->head.has_cwd != 0, text, size, &at) &&
		take_strings(meaning, meaning->head.output != 0, text, size, &at);
}

static void
start(char *text, size_t size, uint32_t flags)
{
	struct request request = { .packet = { .type = LIFE_COMMAND, .id = 1, .flags = flags }, .text = text };

	understand(&play.meaning, text, size);
	if (play.meaning.n > STRINGS_MOST)
		return;
	play.run = play.failed = 0;
	if ((flags & LIFE_TEXT_FD) != 0) {
		request.fds[request.n_fds++] = memfd_create("fuzz", MFD_CLOEXEC);
		must(pwrite(request.fds[0], text, size, 0) == (ssize_t)size, "no file");
	} else {
		request.packet.text_size = (uint32_t)size;
	}
	command_start(&play.spawner, &request);
	must(play.failed == 1, "a command that cannot be started is not reported");
	must(play.run <= 1 && (play.run == 1 || play.reason == EINVAL || play.reason == ENOENT), "a command is lost");
	must(play.run == 0 || play.reason == EAGAIN, "another reason");
	must(!play.meaning.whole || play.run == 1 || play.meaning.strings[0][0] == '\0', "a whole command is not run");
	for (size_t i = 0; i < request.n_fds; i++)
		fd_close(&request.fds[i]);
}

/* What the input has as strings goes through the master's writer. */
static void
write_and_read(char *strings, size_t size)
{
	static char directory[] = "/some/where", file[] = "/some/file";
	const char *argv[STRINGS_MOST / 2 + 1] = { NULL }, *env[STRINGS_MOST / 4 + 1] = { NULL };
	struct ord_command command = ORD_COMMAND(.argv = argv, .env = env, .cwd = size % 2 != 0 ? directory : NULL,
		.output_path = size % 3 != 0 ? file : NULL, .stop_signal = size % 5 != 0 ? 15 : 0);
	struct buffer text = { 0 };
	size_t n = 0, at = 0;
	char *copy;

	for (; at < size && n < STRINGS_MOST / 2 + STRINGS_MOST / 4; at += strlen(strings + at) + 1, n++)
		*(n % 3 == 2 ? &env[n / 3] : &argv[n - n / 3]) = strings + at;
	if (argv[0] == NULL || argv[0][0] == '\0')
		return;
	must(pool_command_text(&text, &command) == 0, "no memory");
	copy = memory_copy(text.bytes, text.size);
	must(copy != NULL, "no memory");
	start(copy, text.size, 0);
	must(play.run == 1, "what the master writes cannot be read");
	memory_free(copy);
	buffer_finish(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static char *no_environment[] = { (char *)(uintptr_t) "PATH=/a:/b", (char *)(uintptr_t) "HOME=/", NULL };
	struct input input = { bytes, size };
	uint8_t what = input_byte(&input);
	size_t length = input.left < TEXT_MOST ? input.left : TEXT_MOST;
	char *text = malloc(length + 1), **was = environ;

	must(text != NULL, "no memory");
	length = input_take(&input, text, TEXT_MOST);
	text[length] = '\0';
	environ = no_environment;
	if (what & 1) {
		write_and_read(text, length);
	} else {
		if (length >= sizeof(struct spawn_command)) {
			/* Of few strings more is to be seen. */
			struct spawn_command head = { .argc = (uint8_t)text[0], .envc = (uint8_t)text[4], .has_cwd = text[8] & 1,
				.output = (uint8_t)text[9] & 3, .stop_signal = (uint8_t)text[10] & 127 };

			if (what & 2)
				memcpy(text, &head, sizeof head);
		}
		start(text, length, what & 4 ? LIFE_TEXT_FD : 0);
	}
	environ = was;
	free(text);
	return 0;
}
