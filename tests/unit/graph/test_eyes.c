/* Files that are watched, in real directories: the kernel queues its events before a call returns, so nothing waits here. */
#define _GNU_SOURCE
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "graph/watch/eyes.h"
#include "memory_fault.h"

static char top[64];
static struct eyes *eyes;
static struct error error;
static int watches_left = -1; /* -1: as many as the system allows */

/* In the place of the system's: a limit that a test can set. */
int
inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	if (watches_left == 0) {
		errno = ENOSPC;
		return -1;
	}
	watches_left -= watches_left > 0;
	return (int)syscall(SYS_inotify_add_watch, fd, path, mask);
}

static void
run(const char *command)
{
	char line[1024];

	snprintf(line, sizeof line, "set -e; %s", command);
	cr_assert_eq(system(line), 0, "%s", line);
}

static void
begin(void)
{
	snprintf(top, sizeof top, "%s/ord-eyes-XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	cr_assert_not_null(mkdtemp(top));
	cr_assert_eq(chdir(top), 0);
}

static void
end(void)
{
	char line[128];

	eyes_close(&eyes);
	cr_assert_eq(chdir("/"), 0);
	snprintf(line, sizeof line, "rm -rf '%s'", top);
	cr_assert_eq(system(line), 0);
}

/* What was told: "1:a.c 2:b.c", sorted, each once. */
static struct {
	char *lines[5000];
	size_t n;
	int all;
} told;

static void
hear(void *user, uint32_t who, const char *path)
{
	char line[300];

	(void)user;
	if (who == EYES_ALL) {
		told.all = 1;
		return;
	}
	snprintf(line, sizeof line, "%u:%s", who, path);
	for (size_t i = 0; i < told.n; i++)
		if (strcmp(told.lines[i], line) == 0)
			return;
	cr_assert_lt(told.n, 5000);
	told.lines[told.n++] = strdup(line);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *
take(void)
{
	static char text[8192];
	size_t used = 0;

	for (size_t i = 0; i < told.n; i++)
		free(told.lines[i]);
	told.n = 0;
	told.all = 0;
	cr_assert_eq(eyes_take(eyes, UINT64_MAX - 1, hear, NULL, &error), 0, "%s", error.text);
	qsort(told.lines, told.n, sizeof *told.lines, compare);
	text[0] = '\0';
	for (size_t i = 0; i < told.n && used < sizeof text; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i != 0 ? " " : "", told.lines[i]);
	return text;
}

/* Words separated by blanks become a list. */
static const char *const *
words(const char *text, char *copy, size_t size, const char *list[16])
{
	char *rest = copy;
	size_t n = 0;

	snprintf(copy, size, "%s", text != NULL ? text : "");
	for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
		list[n++] = word;
	list[n] = NULL;
	return list;
}

static int
look(uint32_t who, const char *patterns, const char *ignore)
{
	char first[512], second[512];
	const char *some[16], *others[16];

	words(patterns, first, sizeof first, some);
	words(ignore, second, sizeof second, others);
	if (patterns == NULL || *patterns != '/')
		return eyes_look(eyes, who, some, others, &error);
	/* "/regex": without the slash. */
	for (size_t i = 0; some[i] != NULL; i++)
		some[i]++;
	return eyes_find(eyes, who, some, others, &error);
}

static void
open_eyes(uint32_t poll_ms)
{
	cr_assert_eq(eyes_open(&eyes, poll_ms), 0);
}

TestSuite(eyes, .init = begin, .fini = end, .timeout = 120);

/* What is done in a tree, and what is told of it.  Polled, the same ones must hear something. */
static const struct row {
	const char *name, *before, *patterns, *ignore, *then, *told;
} rows[] = {
	{ "write", "touch a.c b.c", "a.c", NULL, "echo 1 >a.c; echo 1 >b.c", "1:a.c" },
	{ "read", "echo 1 >a.c", "a.c", NULL, "cat a.c >/dev/null", "" },
	{ "touch", "touch -d @1 a.c", "*.c", NULL, "touch a.c", "1:a.c" },
	{ "append", "echo 1 >a.c", "./a.c", NULL, "echo 2 >>a.c", "1:a.c" },
	{ "new for a glob", "", "*.c", NULL, "echo 1 >a.c; echo 1 >a.h", "1:a.c" },
	{ "new for a path", "", "a.c", NULL, "echo 1 >a.c", "1:a.c" },
	{ "deleted", "touch a.c", "*.c", NULL, "rm a.c", "1:a.c" },
	{ "saved by rename", "echo 1 >a.c", "*.c", NULL, "echo 23 >.a.c.swp; mv .a.c.swp a.c", "1:a.c" },
	{ "saved with a backup", "echo 1 >a.c", "a.c", NULL, "mv a.c a.c~; echo 23 >a.c; rm a.c~", "1:a.c" },
	{ "renamed", "echo 1 >a.c", "*.c", NULL, "mv a.c b.c", "1:a.c 1:b.c" },
	{ "hard link", "echo 1 >a.h", "*.c", NULL, "ln a.h b.c", "1:b.c" },
	{ "hidden", "", "*", NULL, "echo 1 >.a.c", "" },
	{ "hidden and meant", "", ".*.c", NULL, "echo 1 >.a.c; echo 1 >b.c", "1:.a.c" },
	{ "a directory is touched", "mkdir src; touch src/a.c", "src/*.c src", NULL, "touch src; chmod 700 src", "" },
	{ "an empty directory", "mkdir src", "src/**", NULL, "mkdir src/new; rmdir src/new", "" },
	{ "below", "mkdir -p src/a/b", "src/**/*.c", NULL, "echo 1 >src/a/b/x.c; echo 1 >src/a/b/x.h", "1:src/a/b/x.c" },
	{ "a new directory", "mkdir src", "src/**/*.c", NULL, "mkdir -p src/a/b; echo 1 >src/a/b/x.c", "1:src/a/b/x.c" },
	{ "a directory that comes full", "mkdir src; mkdir -p other/b; echo 1 >other/b/x.c", "src/**/*.c", NULL, "mv other src/a",
		"1:src/a/b/x.c" },
	{ "a directory that goes full", "mkdir -p src/a/b; echo 1 >src/a/b/x.c", "src/**/*.c", NULL, "mv src/a other",
		"1:src/a" },
	{ "a directory is renamed", "mkdir -p src/a; echo 1 >src/a/x.c", "src/*/*.c", NULL, "mv src/a src/b; echo 2 >src/b/x.c",
		"1:src/a 1:src/b/x.c" },
	{ "removed with all in it", "mkdir -p src/a; echo 1 >src/a/x.c", "src/*/*.c", NULL, "rm -rf src/a", "1:src/a/x.c" },
	{ "the beginning is not there", "", "gen/out/*.c", NULL, "mkdir gen; mkdir gen/out; echo 1 >gen/out/x.c",
		"1:gen/out/x.c" },
	{ "the beginning goes and comes", "mkdir -p gen/out; echo 1 >gen/out/x.c", "gen/out/*.c", NULL,
		"rm -rf gen; mkdir -p gen/out; echo 23 >gen/out/x.c", "1:gen/out/x.c" },
	{ "the beginning is moved", "mkdir -p gen/out; echo 1 >gen/out/x.c", "gen/out/*.c", NULL, "mv gen old", "1:gen" },
	{ "a path that is not there", "", "gen/out/x.c", NULL, "mkdir -p gen/out; echo 1 >gen/out/x.c", "1:gen/out/x.c" },
	{ "a directory as a path", "mkdir -p src/a", "src", NULL, "echo 1 >src/a/x; echo 1 >src/.y", "1:src/.y 1:src/a/x" },
	{ "a path becomes a directory", "", "src", NULL, "mkdir -p src/a; echo 1 >src/a/x", "1:src 1:src/a/x" },
	{ "everything", "mkdir -p src/a", ".", NULL, "echo 1 >src/a/x; echo 1 >y", "1:src/a/x 1:y" },
	{ "ignored files", "mkdir src", "src/*", "src/*.o *.h", "echo 1 >src/a.o; echo 1 >src/a.c", "1:src/a.c" },
	{ "ignored directories", "mkdir -p src/out/b", "src/**/*.c", "src/out/**", "echo 1 >src/out/b/x.c; echo 1 >src/x.c",
		"1:src/x.c" },
	{ "ignored and new", "mkdir src", "src/**/*.c", "**/out/**", "mkdir -p src/out/b; echo 1 >src/out/b/x.c", "" },
	{ "an ignored path", "", "out/x.c", "out/**", "mkdir out; echo 1 >out/x.c", "" },
	{ "braces", "mkdir a b c", "{a,b}/*.{c,h}", NULL, "touch a/x.c b/x.h c/x.c a/x.o", "1:a/x.c 1:b/x.h" },
	{ "a special name", "", "'a\\*b.c'", NULL, "touch \"'a*b.c'\" \"'axb.c'\"", "1:'a*b.c'" },
	{ "a link to a file", "mkdir real; echo 1 >real/x; ln -s real/x x.c", "*.c", NULL, "echo 23 >real/x", "1:real/x" },
	{ "a link to a link", "mkdir real; echo 1 >real/x; ln -s x real/y; ln -s real/y x.c", "x.c", NULL,
		"echo 23 >real/n; mv real/n real/x", "1:real/x" },
	{ "a link to nothing", "ln -s real/x x.c", "x.c", NULL, "mkdir real; echo 1 >real/x", "1:real/x" },
	{ "a link that comes", "mkdir real; echo 1 >real/x", "*.c", NULL, "ln -s real/x x.c", "1:real/x 1:x.c" },
	{ "a link that is turned", "mkdir one two; echo 1 >one/x.c; echo 23 >two/x.c; ln -s one now", "now/*.c", NULL,
		"ln -sfn two now", "1:now 1:now/x.c" },
	{ "a link to a directory, by a star", "mkdir -p real src; ln -s ../real src/l", "src/*/*.c", NULL, "echo 1 >real/x.c",
		"1:src/l/x.c" },
	{ "not by two", "mkdir -p real src; ln -s ../real src/l", "src/**/*.c", NULL, "echo 1 >real/x.c", "" },
	{ "a loop of links", "mkdir src; ln -s . src/l; ln -s b a; ln -s a b", "src/*/*.c a src/**/*.h", NULL,
		"echo 1 >src/x.c; echo 1 >src/x.h", "1:src/l/x.c 1:src/x.h" },
	{ "two ways to one directory", "mkdir one; ln -s one two", "one/*.c two/*.c", NULL, "echo 1 >one/x.c",
		"1:one/x.c 1:two/x.c" },
	{ "regex: a file that matches", "mkdir -p src/a; echo 1 >src/a/x.c", "/src/.*[.]c", NULL, "echo 23 >src/a/x.c", "1:src/a/x.c" },
	{ "regex: one that does not", "mkdir -p src/a; echo 1 >src/a/x.c", "/src/.*[.]c", NULL,
		"echo 1 >src/a/x.h; echo 1 >x.c; echo 1 >src/a/x.cc; mkdir src/b; rmdir src/b", "" },
	{ "regex: new", "mkdir src", "/src/.*[.]c", NULL, "mkdir -p src/b/c; echo 1 >src/b/c/x.c; echo 1 >src/b/c/x.h",
		"1:src/b/c/x.c" },
	{ "regex: hidden", "mkdir src", "/.*", NULL, "echo 1 >src/.x.swp; mkdir .d; echo 1 >.d/x", "" },
	{ "regex: ignored", "mkdir -p src out", "/.*[.]c", "out/**", "echo 1 >out/x.c; echo 1 >src/x.c", "1:src/x.c" },
	{ "regex: the whole path", "mkdir src", "/x[.]c /s.?c/y", NULL, "echo 1 >src/x.c; echo 1 >src/yy; echo 1 >src/y; rm src/yy",
		"1:src/y" },
	{ "regex: deleted", "mkdir src; touch src/a.c", "/src/a[.]c|b", NULL, "rm src/a.c", "1:src/a.c" },
	{ "up", "mkdir -p here", "here/../*.c", NULL, "echo 1 >x.c", "1:here/../x.c" },
};

static void
play(const struct row *row, uint32_t poll_ms)
{
	const char *found;
	char line[600];

	run("cd / && rm -rf \"$OLDPWD\"; mkdir \"$OLDPWD\"");
	cr_assert_eq(chdir(top), 0);
	run(row->before);
	open_eyes(poll_ms);
	cr_assert_eq(look(1, row->patterns, row->ignore), 0, "%s: %s", row->name, error.text);
	cr_assert_eq(look(2, "none/**/*.none", NULL), 0);
	cr_expect_str_eq(take(), "", "%s: nothing has happened", row->name);
	/* A time of its own, so that who polls sees it. */
	snprintf(line, sizeof line, "sleep 0.0%d; %s", poll_ms != 0 ? 2 : 0, row->then);
	run(line);
	found = take();
	if (poll_ms == 0)
		cr_expect_str_eq(found, row->told, "%s: %s\nnot\n%s", row->name, found, row->told);
	else
		cr_expect_eq(*found != '\0', *row->told != '\0', "%s, polled: %s", row->name, found);
	cr_expect(!told.all);
	cr_expect_str_eq(take(), "", "%s: told once", row->name);
	eyes_close(&eyes);
}

Test(eyes, watched)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		play(&rows[i], 0);
}

Test(eyes, polled)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		play(&rows[i], 1000);
}

/* What stays watched after directories came and went is still watched. */
Test(eyes, again_and_again)
{
	open_eyes(0);
	cr_assert_eq(look(1, "src/**/*.c", NULL), 0);
	for (int i = 0; i < 50; i++) {
		run("mkdir -p src/a/b; echo 1 >src/a/b/x.c");
		cr_assert_str_eq(take(), "1:src/a/b/x.c");
		run("mv src/a src/c; echo 2 >src/c/b/x.c");
		cr_assert_str_eq(take(), "1:src/a 1:src/c/b/x.c");
		run("rm -rf src");
		cr_assert_str_eq(take(), "1:src/c/b/x.c");
	}
	cr_expect_leq(eyes_count(eyes), 2);
}

/* What is left out is not even watched. */
Test(eyes, ignored_directories_cost_nothing)
{
	uint32_t before;

	run("mkdir -p src/a; i=0; while [ $i -lt 50 ]; do mkdir -p out/$i src/a/out/$i .git/$i; i=$((i + 1)); done");
	open_eyes(0);
	cr_assert_eq(look(1, "src/**/*.c", "out/** **/out/**"), 0);
	before = eyes_count(eyes);
	cr_assert_leq(before, 3);
	cr_assert_eq(look(1, "**", "out/** **/out/**"), 0);
	cr_expect_leq(eyes_count(eyes), before + 1);
	cr_assert_eq(look(1, "/.*[.]c", "out/** **/out/**"), 0);
	cr_expect_leq(eyes_count(eyes), before + 1);
	run("mkdir -p src/out/b; touch src/out/b/x.c");
	cr_expect_str_eq(take(), "");
	cr_expect_leq(eyes_count(eyes), before + 1);
}

Test(eyes, who_hears_what)
{
	run("mkdir -p a b; touch a/x.c");
	open_eyes(0);
	cr_assert_eq(look(7, "a/*.c b/*.c", NULL), 0);
	cr_assert_eq(look(3, "a/*.c", NULL), 0);
	cr_assert_eq(look(9, "a/x.c", NULL), 0);
	cr_assert_eq(look(3, "a/*.c", NULL), 0);
	cr_assert_eq(look(4, "a/*.c", "a/x*"), 0);
	run("echo 1 >a/x.c");
	cr_expect_str_eq(take(), "3:a/x.c 7:a/x.c 9:a/x.c");
	run("echo 1 >a/y.c; echo 1 >b/z.c");
	cr_expect_str_eq(take(), "3:a/y.c 4:a/y.c 7:a/y.c 7:b/z.c");
	cr_expect_eq(look(1, "a/[x.c", NULL), ORD_EINVAL);
	cr_expect(strstr(error.text, "bracket") != NULL);
	cr_expect_eq(look(1, "a/*.c", "[b"), ORD_EINVAL);
	cr_expect_eq(look(1, "/(", NULL), ORD_EINVAL);
	cr_expect(strstr(error.text, "regular expression") != NULL);
}

/* Who forgets hears nothing; others do, and who looks again hears again. */
Test(eyes, forgotten)
{
	for (uint32_t poll_ms = 0; poll_ms <= 1000; poll_ms += 1000) {
		run("rm -rf a b l; mkdir a b; ln -s b/z l; echo 1 >a/x.c");
		open_eyes(poll_ms);
		for (uint32_t who = 1; who <= 2; who++) {
			cr_assert_eq(look(who, "a/*.c b l a/p", NULL), 0);
			cr_assert_eq(look(who, "/a/[pq]", NULL), 0);
		}
		eyes_forget(eyes, 1);
		eyes_forget(eyes, 7);
		run("echo 22 >a/x.c; echo 1 >b/y; echo 1 >b/z; echo 1 >a/p; echo 1 >a/q");
		cr_expect(strstr(take(), "1:") == NULL);
		cr_expect(told.n >= 5);
		cr_assert_eq(look(1, "b/*", NULL), 0);
		run("echo 333 >a/x.c; echo 22 >b/y");
		cr_expect_str_eq(take(), "1:b/y 2:a/x.c 2:b/y");
		eyes_close(&eyes);
	}
}

/* Who joins others, or looks again, is told of what links lead to, too. */
Test(eyes, links_of_what_others_look_at)
{
	static const char *const patterns[] = { "src/*.c", "src/**/*.c", "src", "src/a.c", "/src/.*[.]c" };

	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		run("rm -rf src shared; mkdir src shared; echo 1 >shared/a.c; ln -s b.c shared/l.c; ln -s ../shared/l.c src/a.c");
		open_eyes(0);
		cr_assert_eq(look(1, patterns[i], NULL), 0);
		cr_assert_eq(look(2, patterns[i], NULL), 0);
		run("echo 22 >shared/b.c");
		cr_expect_str_eq(take(), "1:src/../shared/b.c 2:src/../shared/b.c", "%s", patterns[i]);
		eyes_forget(eyes, 1);
		run("echo 1 >shared/b.c");
		cr_expect_str_eq(take(), "2:src/../shared/b.c", "%s", patterns[i]);
		cr_assert_eq(look(1, patterns[i], NULL), 0);
		run("echo 22 >shared/b.c");
		cr_expect_str_eq(take(), "1:src/../shared/b.c 2:src/../shared/b.c", "%s", patterns[i]);
		/* A link that came when somebody looked already. */
		run("ln -sf ../shared/a.c src/a.c");
		take();
		cr_assert_eq(look(3, patterns[i], NULL), 0);
		run("echo 22 >shared/a.c");
		take();
		cr_expect_eq(told.n, 3, "%s: %zu", patterns[i], told.n);
		eyes_close(&eyes);
	}
}

static void
write_files(int n)
{
	for (int i = 0; i < n; i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof path, "src/%d.c", i);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		cr_assert_geq(fd, 0);
		cr_assert_eq(write(fd, "x", 1), 1);
		close(fd);
	}
}

Test(eyes, a_thousand_files)
{
	run("mkdir src");
	open_eyes(0);
	cr_assert_eq(look(1, "src/*.c", NULL), 0);
	for (uint32_t who = 10; who < 1010; who++) {
		char path[32];

		snprintf(path, sizeof path, "src/%u.c", who - 10);
		cr_assert_eq(look(who, path, NULL), 0);
	}
	write_files(1000);
	take();
	cr_expect_eq(told.n, 2000);
	cr_expect(!told.all);
}

/* More events than the kernel keeps. */
Test(eyes, too_many_events)
{
	FILE *limit = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	int most = 0;

	cr_assert(limit != NULL && fscanf(limit, "%d", &most) == 1);
	fclose(limit);
	if (most > 100000)
		return;
	run("mkdir -p src/a");
	open_eyes(0);
	cr_assert_eq(look(1, "src/**/*.c", NULL), 0);
	write_files(2);
	/* One and the same event twice would be one. */
	for (int i = 0; i < most + 10; i++)
		cr_assert_eq(chmod(i % 2 == 0 ? "src/0.c" : "src/1.c", 0600), 0);
	run("mkdir -p src/b/c"); /* nobody heard of it */
	take();
	cr_expect(told.all);
	run("echo 1 >src/b/c/x.c");
	cr_expect_str_eq(take(), "1:src/b/c/x.c");
	cr_expect(!told.all);
}

Test(eyes, more_directories_than_allowed)
{
	run("mkdir -p src/a src/b src/c; touch src/a/x.c");
	open_eyes(0);
	watches_left = 3;
	cr_assert_eq(look(1, "src/**/*.c", NULL), 0, "%s", error.text);
	cr_expect(strstr(eyes_warning(eyes), "fs.inotify.max_user_watches") != NULL);
	cr_expect(strstr(eyes_warning(eyes), "1000 ms") != NULL);
	cr_expect_eq(eyes_fd(eyes), -1);
	cr_expect_neq(eyes_due_ns(eyes), UINT64_MAX);
	cr_expect_str_eq(take(), "");
	cr_expect(!told.all);
	run("echo 1 >src/c/x.c; echo 12 >src/a/x.c");
	cr_expect_str_eq(take(), "1:src/a/x.c 1:src/c/x.c");
}

/* The limit is met later: what happened meanwhile may be lost. */
Test(eyes, more_directories_later)
{
	run("mkdir -p src/a");
	open_eyes(0);
	cr_assert_eq(look(1, "src/**/*.c", NULL), 0);
	cr_expect_str_eq(take(), "");
	watches_left = 1;
	run("mkdir -p src/b/c; echo 1 >src/b/c/x.c");
	take();
	cr_expect(told.all);
	cr_expect_eq(eyes_fd(eyes), -1);
	take();
	cr_expect(!told.all);
	run("echo 12 >src/b/c/x.c");
	cr_expect_str_eq(take(), "1:src/b/c/x.c");
}

Test(eyes, no_descriptors)
{
	struct rlimit limit = { 3, 3 }, old;

	getrlimit(RLIMIT_NOFILE, &old);
	for (int fd = dup(2); fd >= 0 && fd < 3; fd = dup(2))
		continue;
	for (int fd = 3; fd < 64; fd++)
		limit.rlim_cur = fcntl(fd, F_GETFD) >= 0 ? (rlim_t)fd + 1 : limit.rlim_cur;
	for (int fd = 3; fd < (int)limit.rlim_cur; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			cr_assert_eq(dup2(2, fd), fd);
	limit.rlim_max = old.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	open_eyes(0);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	cr_expect_eq(eyes_fd(eyes), -1);
	cr_expect(strstr(eyes_warning(eyes), "max_user_instances") != NULL);
	cr_assert_eq(look(1, "*.c", NULL), 0);
	run("echo 1 >a.c");
	cr_expect_str_eq(take(), "1:a.c");
}

/* Without memory a call says so, and nothing is left behind. */
Test(eyes, no_memory)
{
	int came = 1;

	run("mkdir -p src/a; touch src/a/x.c; ln -s a/x.c src/l.c");
	for (unsigned long n = 1; came; n++) {
		int status;

		cr_assert_lt(n, 1000);
		memory_fault_at(n);
		status = eyes_open(&eyes, 0);
		if (status == 0)
			status = look(1, "src/**/*.c src/*.c src/a src/a/x.c", "**/*.o");
		if (status == 0)
			status = look(1, "/src/.*[.]c", "**/*.o");
		came = memory_fault_came();
		memory_fault_at(0);
		cr_assert(status == (came ? ORD_ENOMEM : 0), "%lu: %d", n, status);
		eyes_close(&eyes);
	}
}
