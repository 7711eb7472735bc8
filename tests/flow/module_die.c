/* A task that ends as its input says: words, each of which does something. */
#define _DEFAULT_SOURCE /* strsep, usleep */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <orderly/orderly.h>

int die(struct ord_task *task, void *user);

static void
wait_for_ever(void)
{
	for (;;)
		pause();
}

/* What the kernel says of this process, as a test can compare it with the result. */
static void
say_usage(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	printf("%d %lld %lld %ld\n", (int)getpid(),
		usage.ru_utime.tv_sec * 1000000LL + usage.ru_utime.tv_usec,
		usage.ru_stime.tv_sec * 1000000LL + usage.ru_stime.tv_usec, usage.ru_maxrss);
}

static void
burn(void)
{
	struct rusage usage;
	volatile uint64_t sum = 0;

	do {
		for (int i = 0; i < 1000000; i++)
			sum += (uint64_t)i;
		getrusage(RUSAGE_SELF, &usage);
	} while (usage.ru_utime.tv_sec == 0 && usage.ru_utime.tv_usec < 200000);
}

/* Touched in a way that no compiler can leave out. */
static void
grow(void)
{
	size_t size = 48 << 20;
	volatile char *bytes = malloc(size);

	if (bytes == NULL)
		abort();
	for (size_t i = 0; i < size; i += 1024)
		bytes[i] = 1;
}

/* A sanitizer would end it in its own way. */
static __attribute__((noinline, no_sanitize("undefined"))) void
crash_here(volatile int *where)
{
	*where = 1;
}

static __attribute__((noinline)) int
recurse(volatile int *depth)
{
	volatile int next = *depth + 1;

	return next < 0 ? 0 : recurse(&next) + next;
}

/* A child of the task's own that crashes. */
static int
fork_one(struct ord_task *task)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		crash_here(NULL);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
		return ord_task_fail(task, "the child did not crash");
	return 0;
}

/* Until nothing is left that this process may have. */
static void
swell(void)
{
	for (int i = 0; i < 40; i++)
		grow();
}

static int
obey(struct ord_task *task, const char *word)
{
	if (strncmp(word, "print=", 6) == 0)
		printf("%s\n", word + 6);
	else if (strncmp(word, "log=", 4) == 0)
		ord_log(ORD_ERROR, "%s", word + 4);
	else if (strncmp(word, "mark=", 5) == 0)
		close(creat(word + 5, 0600));
	else if (strcmp(word, "attempt") == 0)
		printf("attempt %u\n", ord_task_attempt(task));
	else if (strncmp(word, "raise=", 6) == 0)
		raise(atoi(word + 6));
	else if (strncmp(word, "exit=", 5) == 0)
		exit(atoi(word + 5));
	else if (strcmp(word, "abort") == 0)
		abort();
	else if (strcmp(word, "hang") == 0)
		wait_for_ever();
	else if (strcmp(word, "obey") == 0)
		while (!ord_task_canceled(task))
			usleep(1000);
	else if (strcmp(word, "burn") == 0)
		burn();
	else if (strcmp(word, "grow") == 0)
		grow();
	else if (strcmp(word, "swell") == 0)
		swell();
	else if (strcmp(word, "usage") == 0)
		say_usage();
	else if (strcmp(word, "crash") == 0)
		crash_here(NULL);
	else if (strcmp(word, "recurse") == 0)
		return recurse(&(volatile int){ 0 });
	else if (strcmp(word, "fork") == 0)
		return fork_one(task);
	else if (strcmp(word, "fail") == 0)
		return ord_task_fail(task, "as it was told");
	return 0;
}

int
die(struct ord_task *task, void *user)
{
	char words[512], *rest = words, *word;
	int status = 0;

	(void)user;
	snprintf(words, sizeof words, "%s", (const char *)ord_task_input(task, NULL));
	while (status == 0 && (word = strsep(&rest, ";")) != NULL)
		status = obey(task, word);
	return status;
}
