/* Names of log files: whatever a proc is called, they are names of files, and no two are the same. */
#include <criterion/criterion.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graph/logs/runs.h"
#include "memory_fault.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

enum { RANDOM_NAMES = 4000, NAME_MOST = 300 };

static const char *
file_name(const char *name, uint32_t node, uint32_t number)
{
	static char text[1000];
	struct buffer to = { 0 };

	cr_assert_eq(run_file_name(&to, name, node, number), 0);
	cr_assert(to.size < sizeof text && to.bytes[to.size - 1] == '\0' && strlen(to.bytes) == to.size - 1);
	memcpy(text, to.bytes, to.size);
	buffer_finish(&to);
	return text;
}

Test(runs, names)
{
	static const struct {
		const char *name, *file;
	} rows[] = { { "a", "a.7.log" }, { "build::core", "build::core.7.log" }, { "a/b", "a%2Fb.7.log" }, { "..", "%2E..7.log" },
		{ ".lock", "%2Elock.7.log" }, { "a.b", "a.b.7.log" }, { "100%", "100%25.7.log" }, { "a\nb\177", "a%0Ab%7F.7.log" },
		{ "\303\244 \377", "\303\244 \377.7.log" }, { "a.7.log", "a.7.log.7.log" } };
	char longest[NAME_MOST + 1], wanted[NAME_MOST + 20];

	for (size_t i = 0; i < COUNT(rows); i++)
		cr_expect_str_eq(file_name(rows[i].name, 3, 7), rows[i].file);
	memset(longest, 'x', NAME_MOST);
	longest[240] = '\0';
	snprintf(wanted, sizeof wanted, "%s.7.log", longest);
	cr_expect_str_eq(file_name(longest, 3, 7), wanted);
	longest[240] = 'x';
	longest[NAME_MOST] = '\0';
	snprintf(wanted, sizeof wanted, "%.215s%%~3.7.log", longest);
	cr_expect_str_eq(file_name(longest, 3, 7), wanted);
}

static int
compare(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Names that differ little, around the length from which they are cut. */
Test(runs, random_names)
{
	static const char letters[] = "a./%~2F\1";
	static char *names[RANDOM_NAMES], *files[RANDOM_NAMES];
	uint64_t state = 88172645463325252u;
	size_t n = 0;

	for (size_t i = 0; i < RANDOM_NAMES; i++) {
		char name[NAME_MOST + 1];
		size_t size;

		state = state * 6364136223846793005u + 1442695040888963407u;
		size = (state >> 33) % 3 == 0 ? 1 + (state >> 40) % 4 : 70 + (state >> 40) % (NAME_MOST - 70);
		memset(name, letters[(state >> 50) % 8], size);
		for (int j = 0; j < 3; j++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			name[size - 1 - (state >> 40) % (size < 8 ? size : 8)] = letters[(state >> 50) % 8];
		}
		name[size] = '\0';
		names[i] = strdup(name);
	}
	qsort(names, RANDOM_NAMES, sizeof *names, compare);
	for (size_t i = 0; i < RANDOM_NAMES; i++)
		if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
			files[n++] = strdup(file_name(names[i], (uint32_t)i * 1000000, i % 2 != 0 ? 1 : UINT32_MAX));
	cr_assert_gt(n, RANDOM_NAMES / 4);
	qsort(files, n, sizeof *files, compare);
	for (size_t i = 0; i < n; i++) {
		cr_assert(strlen(files[i]) <= 255 && strchr(files[i], '/') == NULL && files[i][0] != '.', "%s", files[i]);
		cr_assert(i == 0 || strcmp(files[i], files[i - 1]) != 0, "%s", files[i]);
	}
	for (size_t i = 0; i < RANDOM_NAMES; i++)
		free(names[i]);
	for (size_t i = 0; i < n; i++)
		free(files[i]);
}

static unsigned
count_entries(const char *path)
{
	DIR *all = opendir(path);
	unsigned count = 0;

	cr_assert_not_null(all);
	for (const struct dirent *entry; (entry = readdir(all)) != NULL;)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(all);
	return count;
}

Test(runs, pruned)
{
	char directory[] = "/tmp/orderly-runs-XXXXXX", path[100], line[1000];
	struct log_run lives, stays[3], run;
	struct error error;

	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/a//b/", directory);
	cr_assert_eq(run_open(&lives, path, 1, &error), 0, "%s", error.text);
	/* What is not ours stays, as does what lies in one of ours. */
	snprintf(line, sizeof line,
		"cd %s && mkdir 20261122-003112.250 20261122-003112.250-x mine && touch 20261122-003112.250-1 && "
		"mkdir 20201122-003112.250-2 20201122-003112.250-3 20201122-003112.250-3/mine && touch 20201122-003112.250-3/.lock "
		"20201122-003112.250-3/a.1.log && ln -s mine 20201122-003112.250-4",
		path);
	cr_assert_eq(system(line), 0);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(run_open(&stays[i], path, 2, &error), 0, "%s", error.text);
		snprintf(line, sizeof line, "%s/a.1.log", stays[i].path);
		cr_assert_eq(close(open(line, O_CREAT | O_WRONLY, 0666)), 0);
		run_close(&stays[i]);
	}
	/* Two at the end, the one that lives, five that are none of ours, one with a directory in it, latest. */
	cr_assert_eq(count_entries(path), 2 + 1 + 5 + 1 + 1);
	snprintf(line, sizeof line, "%s/20201122-003112.250-3/mine", path);
	cr_assert_eq(access(line, F_OK), 0);
	snprintf(line, sizeof line, "%s/20201122-003112.250-3/a.1.log", path);
	cr_assert_neq(access(line, F_OK), 0);
	cr_assert_eq(access(lives.path, F_OK), 0);
	run_close(&lives);
	cr_assert_eq(run_open(&run, path, 1, &error), 0);
	cr_assert_eq(count_entries(path), 1 + 5 + 1 + 1);
	snprintf(line, sizeof line, "%s/latest/.lock", path);
	cr_assert_eq(access(line, F_OK), 0);
	run_close(&run);
	run_close(&run);
	snprintf(line, sizeof line, "rm -r %s", directory);
	cr_assert_eq(system(line), 0);
}

Test(runs, faults)
{
	char directory[] = "/tmp/orderly-runs-XXXXXX", path[100], line[1000];
	struct log_run run;
	struct error error;
	int status = -1;

	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/file", directory);
	cr_assert_eq(close(open(path, O_CREAT | O_WRONLY, 0666)), 0);
	cr_assert_neq(run_open(&run, path, 1, &error), 0);
	cr_assert(strstr(error.text, path) != NULL && run.path == NULL, "%s", error.text);
	run_close(&run);
	strcat(path, "/below");
	cr_assert_neq(run_open(&run, path, 1, &error), 0);
	cr_assert_neq(run_open(&run, "", 1, &error), 0);
	for (unsigned long n = 1; status != 0; n++) {
		memory_fault_at(n);
		status = run_open(&run, directory, 1, &error);
		cr_assert(status == 0 || memory_fault_came());
		cr_assert(n < 30);
		run_close(&run);
	}
	memory_fault_at(0);
	snprintf(line, sizeof line, "rm -r %s", directory);
	cr_assert_eq(system(line), 0);
}
