/*
 * `orderly ctx`: what ord_context_… is to functions, for commands.  One
 * question, one answer, over the socket of the graph that runs the command;
 * docs/protocol.md has its words.
 */
#define _GNU_SOURCE /* MSG_CMSG_CLOEXEC */
#include "ctx.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <orderly/status.h>

#define VERSION "orderly-1"
#define QUESTION_MAX 65536
#define ANSWER_MAX (65536 + 16)

enum { STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_REFUSED = CTX_TROUBLE, STATUS_GONE = 4 };

enum print { PRINT_NOTHING, PRINT_BYTES, PRINT_LINE };

/* To add one: a row here, and in lib/graph/request.c if it is asked for. */
struct word {
	const char *name, *arguments;
	const char *variable; /* it is there without asking; NULL: ask */
	const char *summary;
	int least, most; /* arguments */
	enum print print;
};

#define MANY QUESTION_MAX

static const struct word words[] = {
	{ "run", "NAME…", NULL, "start procs and wait for them", 1, MANY, PRINT_NOTHING },
	{ "create", "NAME…", NULL, "make procs exist", 1, MANY, PRINT_NOTHING },
	{ "start", "NAME…", NULL, "want procs", 1, MANY, PRINT_NOTHING },
	{ "wait", "NAME…", NULL, "wait for procs; with --lock until nobody has these locks", 1,
		MANY, PRINT_NOTHING },
	{ "result", "NAME", NULL, "the result of another proc, as it is", 1, 1, PRINT_BYTES },
	{ "param", "NAME", NULL, "the value of a param", 1, 1, PRINT_LINE },
	{ "arg", "NAME", NULL, "the value of an arg of this proc", 1, 1, PRINT_LINE },
	{ "name", "", "ORDERLY_PROC", "the name of this proc", 0, 0, PRINT_LINE },
	{ "attempt", "", "ORDERLY_ATTEMPT", "how often it was started before", 0, 0, PRINT_LINE },
	{ "changed-deps", "", NULL, "which deps are new to this proc, one per line", 0, 0,
		PRINT_BYTES },
	{ "fingerprint", "", NULL, "what the inputs were, as 32 digits", 0, 0, PRINT_LINE },
	{ "skip", "", NULL, "there is nothing to do: exit with 0 then", 0, 0, PRINT_NOTHING },
	{ "no-change", "", NULL, "nothing is new: exit with 0 then", 0, 0, PRINT_NOTHING },
	{ "input", "PROMPT", NULL, "ask a person; with --password nothing typed is shown", 1, 1,
		PRINT_LINE },
};

static const size_t n_words = sizeof words / sizeof *words;

ORD_PRINTF(1, 2)
static void
complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("orderly ctx: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

static int
usage(FILE *stream, int status)
{
	fputs("usage: orderly ctx COMMAND [ARGUMENT…]\n\n"
	      "Talk to the graph that runs this command; see orderly-ctx(1).\n\n",
		stream);
	for (size_t i = 0; i < n_words; i++)
		fprintf(stream, "  %-12s %-8s %s\n", words[i].name, words[i].arguments,
			words[i].summary);
	return status;
}

/* --- the question --- */

struct question {
	char bytes[QUESTION_MAX];
	size_t size;
	bool full;
};

static void
append(struct question *question, const char *word)
{
	size_t size = strlen(word) + 1;

	question->full |= size > sizeof question->bytes - question->size;
	if (question->full)
		return;
	memcpy(question->bytes + question->size, word, size);
	question->size += size;
}

/* The word that is asked may be another with an option in front. */
static bool
write_question(struct question *question, const char *name, char **arguments)
{
	const char *token = getenv("ORDERLY_TOKEN");

	question->size = 0;
	question->full = false;
	append(question, VERSION);
	append(question, token != NULL ? token : "");
	append(question, name);
	for (; *arguments != NULL; arguments++)
		append(question, *arguments);
	if (question->full)
		complain("the names are longer than %d bytes in all: ask in parts", QUESTION_MAX);
	return !question->full;
}

/* --- the answer --- */

static bool
print(const char *bytes, size_t size)
{
	return fwrite(bytes, 1, size, stdout) == size;
}

static bool
print_file(int fd)
{
	char bytes[65536];
	ssize_t size;

	do {
		size = read(fd, bytes, sizeof bytes);
		if (size > 0 && !print(bytes, (size_t)size))
			return false;
	} while (size > 0 || (size < 0 && errno == EINTR));
	return size == 0;
}

static int
status_of(int status)
{
	switch (status) {
	case ORD_EFAILED:
	case ORD_EAGAIN: return STATUS_FAILED;
	case ORD_ECLOSED: return STATUS_GONE;
	default: return STATUS_REFUSED;
	}
}

/* bytes[size]: a number, a NUL, and what belongs to it, or fd has that. */
static int
take_answer(const char *bytes, size_t size, int fd, enum print kind)
{
	const char *text = memchr(bytes, '\0', size);
	bool printed = true;
	int status;

	if (text++ == NULL) {
		complain("the graph's answer makes no sense: it is of another version");
		return STATUS_REFUSED;
	}
	size -= (size_t)(text - bytes);
	status = atoi(bytes);
	if (status != ORD_OK) {
		complain("%.*s", (int)size, text);
		return status_of(status);
	}
	if (kind != PRINT_NOTHING)
		printed = fd >= 0 ? print_file(fd) : print(text, size);
	if (kind == PRINT_LINE)
		printed = printed && putchar('\n') != EOF;
	return printed ? 0 : STATUS_REFUSED; /* what cannot be written is said at the end */
}

static int
passed_fd(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
		header->cmsg_len >= CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(header), sizeof fd);
	return fd;
}

static int
receive(int graph, enum print kind)
{
	static char bytes[ANSWER_MAX];
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { .iov_base = bytes, .iov_len = sizeof bytes };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control };
	ssize_t size;

	do
		size = recvmsg(graph, &message, MSG_CMSG_CLOEXEC);
	while (size < 0 && errno == EINTR);
	if (size > 0)
		return take_answer(bytes, (size_t)size, passed_fd(&message), kind);
	complain("the graph has ended before it answered");
	return STATUS_GONE;
}

/* The graph's socket, or -1 after a complaint. */
static int
connect_graph(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), status;

	if (strlen(path) >= sizeof name.sun_path || fd < 0) {
		complain("cannot make a socket for %s", path);
		return -1;
	}
	memcpy(name.sun_path, path, strlen(path));
	do
		status = connect(fd, (const struct sockaddr *)&name, sizeof name);
	while (status != 0 && errno == EINTR);
	if (status == 0 || errno == EISCONN)
		return fd;
	complain("the graph that ran this does not listen any more at %s", path);
	close(fd);
	return -1;
}

static int
ask(const struct word *word, const char *name, char **arguments)
{
	static struct question question;
	const char *path = getenv("ORDERLY_SOCKET");
	int graph;

	if (!write_question(&question, name, arguments))
		return STATUS_USAGE;
	graph = connect_graph(path);
	if (graph < 0)
		return STATUS_GONE;
	if (send(graph, question.bytes, question.size, MSG_NOSIGNAL) != (ssize_t)question.size) {
		complain("the graph that ran this does not listen any more");
		return STATUS_GONE;
	}
	return receive(graph, word->print);
}

/* --- what is asked --- */

static const struct word *
find(const char *name)
{
	for (size_t i = 0; i < n_words; i++)
		if (strcmp(words[i].name, name) == 0)
			return &words[i];
	return NULL;
}

static int
run(const struct word *word, char **arguments)
{
	const char *name = word->name, *value;
	int count = 0;

	if (strcmp(name, "wait") == 0 && *arguments != NULL && strcmp(*arguments, "--lock") == 0) {
		name = "wait-locks";
		arguments++;
	} else if (strcmp(name, "input") == 0 && *arguments != NULL &&
		strcmp(*arguments, "--password") == 0) {
		name = "password";
		arguments++;
	}
	if (*arguments != NULL && strcmp(*arguments, "--") == 0)
		arguments++;
	while (arguments[count] != NULL)
		count++;
	if (count < word->least || count > word->most) {
		complain("usage: orderly ctx %s %s", word->name, word->arguments);
		return STATUS_USAGE;
	}
	if (word->variable == NULL)
		return ask(word, name, arguments);
	value = getenv(word->variable);
	return puts(value != NULL ? value : "") != EOF ? 0 : STATUS_REFUSED;
}

int
ctx_main(int argc, char **argv)
{
	const char *path = getenv("ORDERLY_SOCKET");
	const struct word *word;

	if (argc < 2)
		return usage(stderr, STATUS_USAGE);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return usage(stdout, 0);
	word = find(argv[1]);
	if (word == NULL) {
		complain("there is no command '%s'", argv[1]);
		return usage(stderr, STATUS_USAGE);
	}
	if (path == NULL || *path == '\0') {
		complain(
			"this is for commands that a graph runs: ORDERLY_SOCKET is not set; with `orderly run`, or .with_socket in a program, it is");
		return STATUS_USAGE;
	}
	return run(word, argv + 2);
}
