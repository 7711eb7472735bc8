/* Clocks, processes and figures; see measure.h. */
#define _GNU_SOURCE
#include "measure.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

void
fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(1);
}

uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

size_t
rounds(void)
{
	const char *text = getenv("BENCH_PAIRS");
	long n = text ? strtol(text, NULL, 10) : 9;

	if (n < 1 || n > ROUNDS_MAX)
		fail("BENCH_PAIRS must be 1 … %d", ROUNDS_MAX);
	return (size_t)n;
}

void
series_add(struct series *series, double value)
{
	if (series->n == ROUNDS_MAX)
		fail("more than %d rounds", ROUNDS_MAX);
	series->at[series->n++] = value;
}

static int
ascending(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double
median(double *values, size_t n)
{
	qsort(values, n, sizeof *values, ascending);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double
series_median(const struct series *series)
{
	double values[ROUNDS_MAX];

	memcpy(values, series->at, sizeof values);
	return median(values, series->n);
}

double
series_ratio(const struct series *ours, const struct series *theirs)
{
	double ratios[ROUNDS_MAX];

	for (size_t i = 0; i < ours->n; i++)
		ratios[i] = ours->at[i] / theirs->at[i];
	return median(ratios, ours->n);
}

double
series_ratio_at(const struct series *ours, const struct series *theirs, double fraction)
{
	double ratios[ROUNDS_MAX];

	for (size_t i = 0; i < ours->n; i++)
		ratios[i] = ours->at[i] / theirs->at[i];
	qsort(ratios, ours->n, sizeof *ratios, ascending);
	return ratios[(size_t)(fraction * (double)(ours->n - 1) + 0.5)];
}

static void
print_text(const char *key, const char *text)
{
	if (text)
		printf(", \"%s\": \"%s\"", key, text);
	else
		printf(", \"%s\": null", key);
}

void
figure_print(const struct figure *figure, const struct series *ours, const struct series *theirs)
{
	double load;

	printf("{\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\"", figure->name,
		series_median(ours), figure->unit);
	if (theirs)
		printf(", \"reference\": %.6g, \"ratio\": %.4g, \"quartiles\": [%.4g, %.4g]",
			series_median(theirs), series_ratio(ours, theirs),
			series_ratio_at(ours, theirs, 0.25), series_ratio_at(ours, theirs, 0.75));
	else
		printf(", \"reference\": null, \"ratio\": null");
	print_text("against", figure->against);
	print_text("goal", figure->goal);
	print_text("stretch", figure->stretch);
	if (getloadavg(&load, 1) != 1)
		load = 0;
	printf(", \"rounds\": %zu, \"load\": %.1f}\n", ours->n, load);
	fflush(stdout);
}

void
figure_skip(const char *name, const char *against, const char *why)
{
	printf("{\"name\": \"%s\"", name);
	print_text("against", against);
	printf(", \"skipped\": \"%s\"}\n", why);
	fflush(stdout);
}

/* Appends the children of one thread. */
static size_t
append_children(const char *path, pid_t *pids, size_t n)
{
	FILE *file = fopen(path, "re");
	int pid;

	if (!file)
		return n;
	while (n < TREE_MAX && fscanf(file, "%d", &pid) == 1)
		pids[n++] = pid;
	fclose(file);
	return n;
}

/* Calls use(path, user) with the directory of each thread of a process. */
static void
each_thread(pid_t pid, void (*use)(const char *path, void *user), void *user)
{
	char path[320];
	DIR *directory;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	directory = opendir(path);
	if (!directory)
		return;
	for (struct dirent *entry; (entry = readdir(directory));) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/%d/task/%s", (int)pid, entry->d_name);
		use(path, user);
	}
	closedir(directory);
}

struct family {
	pid_t *pids;
	size_t n;
};

static void
add_family(const char *path, void *user)
{
	struct family *family = user;
	char children[340];

	snprintf(children, sizeof children, "%s/children", path);
	family->n = append_children(children, family->pids, family->n);
}

size_t
tree(pid_t root, pid_t pids[TREE_MAX])
{
	struct family family = { pids, 1 };

	pids[0] = root;
	for (size_t i = 0; i < family.n; i++)
		each_thread(pids[i], add_family, &family);
	return family.n;
}

uint64_t
cpu_ns(pid_t pid)
{
	struct timespec time;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
		return 0;
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t
tree_cpu_ns(void)
{
	pid_t pids[TREE_MAX];
	size_t n = tree(getpid(), pids);
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += cpu_ns(pids[i]);
	return sum;
}

static uint64_t
number_in(const char *path, const char *field)
{
	FILE *file = fopen(path, "re");
	size_t length = strlen(field);
	char line[256];
	uint64_t number = 0;

	if (!file)
		return 0;
	while (fgets(line, sizeof line, file))
		if (strncmp(line, field, length) == 0 && line[length] == ':')
			number = strtoull(line + length + 1, NULL, 10);
	fclose(file);
	return number;
}

uint64_t
status_number(pid_t pid, const char *field)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	return number_in(path, field);
}

static void
add_switches(const char *path, void *user)
{
	uint64_t *sum = user;
	char status[340];

	snprintf(status, sizeof status, "%s/status", path);
	*sum += number_in(status, "voluntary_ctxt_switches");
	*sum += number_in(status, "nonvoluntary_ctxt_switches");
}

uint64_t
switches(pid_t pid)
{
	uint64_t sum = 0;

	each_thread(pid, add_switches, &sum);
	return sum;
}

/* In the child: stdin and stdout from and to files, then the program. */
static void
become(const char *const argv[], const char *input, const char *output)
{
	int in = open(input, O_RDONLY | O_CLOEXEC);
	int out = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (in >= 0 && out >= 0 && dup2(in, 0) == 0 && dup2(out, 1) == 1)
		execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

struct cost
run(const char *const argv[], const char *input, const char *output)
{
	uint64_t begin = now_ns();
	struct rusage usage;
	struct cost cost;
	int status;
	pid_t child = fork();

	if (child == 0)
		become(argv, input, output);
	while (wait4(child, &status, 0, &usage) < 0)
		if (errno != EINTR)
			fail("wait: %s", strerror(errno));
	cost.wall_s = (double)(now_ns() - begin) / 1e9;
	cost.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail("%s ended with status %#x", argv[0], (unsigned)status);
	return cost;
}

bool
installed(const char *program)
{
	const char *path = getenv("PATH");
	char file[4096];

	for (const char *part = path ? path : ""; *part;) {
		size_t length = strcspn(part, ":");

		snprintf(file, sizeof file, "%.*s/%s", (int)length, part, program);
		if (access(file, X_OK) == 0)
			return true;
		part += length + (part[length] == ':');
	}
	return false;
}
