/* Patterns over real trees, each made for its test and removed behind it. */
#define _GNU_SOURCE
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "graph/inputs/inputs.h"
#include "memory_fault.h"

static char top[64];
static struct files files;

static void
run(const char *command)
{
	char line[512];

	snprintf(line, sizeof line, "cd '%s' && { %s; }", top, command);
	cr_assert_eq(system(line), 0, "%s", line);
}

static void
make_tree(void)
{
	snprintf(top, sizeof top, "%s/ord-inputs-XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	cr_assert_not_null(mkdtemp(top));
	memset(&files, 0, sizeof files);
	files.root = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(files.root, 0);
}

static void
remove_tree(void)
{
	char line[256];

	files_finish(&files);
	close(files.root);
	snprintf(line, sizeof line, "chmod -R u+rwx '%s'; rm -rf '%s'", top, top);
	cr_assert_eq(system(line), 0);
}

static void
write_file(const char *path, const char *text)
{
	int fd = openat(files.root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void
set_time(const char *path, long long seconds)
{
	struct timespec times[2] = { { .tv_sec = seconds, .tv_nsec = 5 }, { .tv_sec = seconds, .tv_nsec = 5 } };

	cr_assert_eq(utimensat(files.root, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

/* A list of words separated by blanks becomes one that ends with NULL. */
static const char *const *
words(const char *text, char *copy, size_t size, const char *list[16])
{
	char *rest = copy;
	size_t n = 0;

	if (text == NULL)
		return NULL;
	snprintf(copy, size, "%s", text);
	for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
		list[n++] = word;
	list[n] = NULL;
	return list;
}

static int
expand(const char *patterns, const char *ignore, struct file_list *list)
{
	char first[512], second[512];
	const char *some[16], *others[16];

	return inputs_expand(&files, words(patterns, first, sizeof first, some), words(ignore, second, sizeof second, others), list);
}

static void
check(const char *patterns, const char *ignore, const char *wanted)
{
	struct file_list list = { 0 };
	char found[2048] = "";
	size_t used = 0;

	cr_assert_eq(expand(patterns, ignore, &list), 0, "%s: %s", patterns, files.error.text);
	for (uint32_t i = 0; i < list.n; i++)
		used += (size_t)snprintf(found + used, sizeof found - used, "%s%s%s", i != 0 ? " " : "", list.items[i].path,
			list.items[i].kind == FILE_MISSING ? "!" : "");
	cr_expect_str_eq(found, wanted, "%s without %s:\n  %s\nnot\n  %s", patterns, ignore != NULL ? ignore : "nothing", found,
		wanted);
	file_list_finish(&list);
}

TestSuite(inputs, .init = make_tree, .fini = remove_tree, .timeout = 120);

Test(inputs, patterns)
{
	run("mkdir -p src/core/deep/er src/net .git/objects build src/.cache; touch a.c b.h src/a.c src/b.h src/core/x.c src/core/x.h"
	    " src/core/deep/y.c src/core/deep/er/z.c src/net/n.c .git/config .git/objects/q.c build/o.c .hidden.c src/.secret.c"
	    " src/.cache/c.c src/core/.#x.c 'src/a{b.c' 'src/a*b.c' src/core/x.c.swp src/net/.n.c.swp");
	/* Plain. */
	check("a.c", NULL, "a.c");
	check("none.c", NULL, "none.c!");
	check("a.c/below", NULL, "a.c/below!");
	check("b.h a.c a.c", NULL, "a.c b.h");
	check("./a.c .//a.c src/../a.c", NULL, "a.c src/../a.c");
	check("src/a{b.c", NULL, "src/a{b.c");
	check("src/a\\*b.c", NULL, "src/a*b.c");
	check("src/a\\{b.c", NULL, "src/a{b.c");
	/* One component. */
	check("*.c", NULL, "a.c");
	check("./*.c", NULL, "a.c");
	check("src/*.c", NULL, "src/a*b.c src/a.c src/a{b.c");
	check("src//?.c", NULL, "src/a.c");
	check("src/[ab].?", NULL, "src/a.c src/b.h");
	check("src/[!a].?", NULL, "src/b.h");
	check("src/*/*.c", NULL, "src/core/x.c src/net/n.c");
	check("*/*.c", NULL, "build/o.c src/a*b.c src/a.c src/a{b.c");
	check("src/a\\**.c", NULL, "src/a*b.c");
	check("none/*.c a.c/*.c", NULL, "");
	/* Any number of components. */
	check("src/**/*.c", NULL,
		"src/a*b.c src/a.c src/a{b.c src/core/deep/er/z.c src/core/deep/y.c src/core/x.c src/net/n.c");
	check("**/z.c", NULL, "src/core/deep/er/z.c");
	check("src/**/deep/**/*.c", NULL, "src/core/deep/er/z.c src/core/deep/y.c");
	check("src/core/**", NULL, "src/core/deep/er/z.c src/core/deep/y.c src/core/x.c src/core/x.c.swp src/core/x.h");
	check("**/*.h", NULL, "b.h src/b.h src/core/x.h");
	/* Braces. */
	check("src/{core,net}/*.c", NULL, "src/core/x.c src/net/n.c");
	check("{a.c,b.{h,x}}", NULL, "a.c b.h b.x!");
	check("src/**/{x,n}.{c,h}", NULL, "src/core/x.c src/core/x.h src/net/n.c");
	check("{a}.c", NULL, "{a}.c!");
	check("a{,.c}", NULL, "a! a.c");
	/* Names with a dot. */
	check(".*.c", NULL, ".hidden.c");
	check("src/.*", NULL, "src/.secret.c");
	check("**/.*.c", NULL, ".hidden.c src/.secret.c src/core/.#x.c");
	check(".git/**", NULL, ".git/config .git/objects/q.c");
	check("src/.cache/*.c", NULL, "src/.cache/c.c");
	/* Directories are all that is in them. */
	check("src/core", NULL,
		"src/core/.#x.c src/core/deep/er/z.c src/core/deep/y.c src/core/x.c src/core/x.c.swp src/core/x.h");
	check("src/net/", NULL, "src/net/.n.c.swp src/net/n.c");
	check("src/n*", NULL, "");
	/* Ignored. */
	check("src/**/*.c", "src/core/**", "src/a*b.c src/a.c src/a{b.c src/net/n.c");
	check("src/core src/net", "**/*.swp **/.#*", "src/core/deep/er/z.c src/core/deep/y.c src/core/x.c src/core/x.h src/net/n.c");
	check(".", "**/.git/** src/** build", ".hidden.c a.c b.h");
	check("a.c b.h", "*.h", "a.c");
	check("src/core/x.c", "src/core", "");
	check("src/core/deep/*.c", "src/core", "");
	check("src/core", "src/core", "");
	check("src/{a,b}.*", "src/{a.c,x}", "src/b.h");
	check("{.,src}/*.h", "b.h", "src/b.h");
}

Test(inputs, absolute_paths)
{
	struct file_list list = { 0 };
	char pattern[128];

	run("mkdir d; touch d/a.c d/b.c");
	snprintf(pattern, sizeof pattern, "%s/d/*.c", top);
	cr_assert_eq(expand(pattern, NULL, &list), 0);
	cr_assert_eq(list.n, 2);
	cr_assert_eq(strncmp(list.items[0].path, top, strlen(top)), 0);
	file_list_finish(&list);
}

Test(inputs, links)
{
	run("mkdir -p real/sub out/dir; touch real/a.c real/sub/b.c out/dir/c.c; ln -s ../real/a.c out/link.c; ln -s none out/gone.c;"
	    " ln -s ../out out/loop; ln -s ../real out/real; ln -s self out/self; ln -s real named");
	check("out/*.c", NULL, "out/gone.c! out/link.c");
	check("out/**/*.c", NULL, "out/dir/c.c out/gone.c! out/link.c");
	check("out/*/*.c", NULL, "out/dir/c.c out/loop/gone.c! out/loop/link.c out/real/a.c");
	check("out", NULL, "out/dir/c.c out/gone.c! out/link.c out/self!");
	check("named", NULL, "named/a.c named/sub/b.c");
	check("named/**/*.c", NULL, "named/a.c named/sub/b.c");
	check("out/self", NULL, "out/self!");
}

Test(inputs, strange_names)
{
	struct file_list list = { 0 };

	write_file("a\nb.c", "x");
	write_file("z\xff\xfe.c", "x");
	write_file("y\xc3\xa9.c", "x");
	write_file(" .c", "x");
	check("*.c", NULL, " .c a\nb.c y\xc3\xa9.c z\xff\xfe.c");
	check("**/*b.c", NULL, "a\nb.c");
	check("y?.c", NULL, "y\xc3\xa9.c");
	check("z??.c", NULL, "z\xff\xfe.c");
	check("?.c", NULL, " .c");
	check("z\xff*", NULL, "z\xff\xfe.c");
	check("z\xff[\xfe].c", NULL, "z\xff\xfe.c");
	check("a\nb.c", NULL, "a\nb.c");
	cr_assert_eq(inputs_expand(&files, (const char *const[]){ " .c", NULL }, NULL, &list), 0);
	cr_assert_eq(list.n, 1);
	cr_assert_eq(list.items[0].kind, FILE_REGULAR);
	file_list_finish(&list);
}

Test(inputs, special_files)
{
	struct file *file;

	run("mkdir d; mkfifo d/fifo; touch d/a");
	check("d d/*", NULL, "d/a");
	check("d/fifo", NULL, "d/fifo");
	file = files_look(&files, "d/fifo");
	cr_assert_eq(file->kind, FILE_OTHER);
	cr_assert_eq(files_hash(&files, file), 1);
	/* A fifo where a file was does not stop the reader. */
	file = files_look(&files, "d/a");
	run("rm d/a; mkfifo d/a");
	cr_assert_eq(files_hash(&files, file), 1);
}

Test(inputs, bad_patterns)
{
	struct file_list list = { 0 };

	cr_assert_eq(expand("src/[a", NULL, &list), ORD_EINVAL);
	cr_assert_not_null(strstr(files.error.text, "'src/[a'"));
	cr_assert_eq(expand("a", "[", &list), ORD_EINVAL);
	cr_assert_eq(inputs_expand(&files, (const char *const[]){ "", NULL }, NULL, &list), ORD_EINVAL);
	cr_assert_eq(expand("{1,2,3,4}{1,2,3,4}{1,2,3,4}{1,2,3,4}{1,2,3,4}{1,2,3,4}{1,2,3,4}{1,2,3,4}{1,2,3,4}", NULL, &list), ORD_EINVAL);
	cr_assert_not_null(strstr(files.error.text, "braces"));
	cr_assert_eq(inputs_expand(&files, NULL, NULL, &list), 0);
	cr_assert_eq(list.n, 0);
	check("{{{{ }}} {a,b a,b} {,}x", NULL, "a,b}! x! {a,b! {{{{! }}}!");
	file_list_finish(&list);
}

/* As somebody whom permissions bind. */
static int
unreadable(void *user)
{
	struct file_list list = { 0 };
	int status;

	(void)user;
	if (geteuid() == 0 && (fchown(files.root, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0))
		return 77;
	if (expand("**/*.c", NULL, &list) != ORD_ESYSTEM || strstr(files.error.text, "secret") == NULL ||
		strstr(files.error.text, "Permission denied") == NULL || list.n != 0)
		return 1;
	if (expand("**/*.c", "secret", &list) != 0 || list.n != 1)
		return 2;
	if (expand("closed/x", NULL, &list) != ORD_ESYSTEM || strstr(files.error.text, "closed/x") == NULL)
		return 3;
	if (expand("alone.h", NULL, &list) != 0)
		return 4;
	status = inputs_hash(&files, &list);
	if (status != ORD_ESYSTEM || strstr(files.error.text, "alone.h") == NULL)
		return 5;
	file_list_finish(&list);
	return 0;
}

Test(inputs, unreadable)
{
	int status;
	pid_t pid;

	run("mkdir secret closed; touch a.c secret/b.c closed/x alone.h; chmod 000 alone.h; chmod 000 secret; chmod 444 closed; chmod 755 .");
	pid = fork();
	if (pid == 0)
		_exit(unreadable(NULL));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77), "%d", status);
}

Test(inputs, many)
{
	struct file_list list = { 0 };
	char path[64];

	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof path, "d%02d", i);
		cr_assert_eq(mkdirat(files.root, path, 0755), 0);
		for (int j = 0; j < 100; j++) {
			snprintf(path, sizeof path, "d%02d/f%02d.%c", i, j, j % 2 == 0 ? 'c' : 'h');
			write_file(path, path);
		}
	}
	cr_assert_eq(expand("**/*.[ch]", NULL, &list), 0);
	cr_assert_eq(list.n, 10000);
	for (uint32_t i = 1; i < list.n; i++)
		cr_assert_lt(strcmp(list.items[i - 1].path, list.items[i].path), 0);
	cr_assert_eq(files.stats, 10000);
	/* The same pass does not look again. */
	cr_assert_eq(expand("**/*.c", NULL, &list), 0);
	cr_assert_eq(list.n, 5000);
	cr_assert_eq(files.stats, 10000);
	cr_assert_eq(inputs_hash(&files, &list), 0);
	cr_assert_eq(inputs_hash(&files, &list), 0);
	cr_assert_eq(files.hashes, 5000);
	files_drop(&files, list.items[7].path);
	cr_assert_eq(expand("**/*.c", NULL, &list), 0);
	cr_assert_eq(files.stats, 10001);
	files_drop_all(&files);
	cr_assert_eq(expand("**/*.c", NULL, &list), 0);
	cr_assert_eq(files.stats, 15001);
	file_list_finish(&list);
}

/* As deep as a path can be, with few descriptors. */
Test(inputs, deep)
{
	struct file_list list = { 0 };
	char path[2048] = "d";

	for (int i = 0; i < 500; i++) {
		cr_assert_eq(mkdirat(files.root, path, 0755), 0);
		strncat(path, "/d", sizeof path - strlen(path) - 1);
	}
	strcpy(path + strlen(path) - 1, "f");
	write_file(path, "x");
	cr_assert_eq(expand("**/f", NULL, &list), 0);
	cr_assert_eq(list.n, 1);
	cr_assert_str_eq(list.items[0].path, path);
	file_list_finish(&list);
}

/* What the judge says of a file before and after something was done to it, with what was known before. */
struct before {
	struct file_list list;
	struct record record;
};

static void
take(struct before *before, const char *pattern)
{
	memset(before, 0, sizeof *before);
	cr_assert_eq(expand(pattern, NULL, &before->list), 0);
	cr_assert_eq(inputs_hash(&files, &before->list), 0);
	before->record = (struct record){ .inputs = before->list.items, .n_inputs = before->list.n, .version = 1 };
}

static void
judge(struct before *before, const char *pattern, const char *sentence, int read)
{
	struct file_list list = { 0 };
	struct reasons reasons = { 0 };
	struct now now = { .hash = files_hash_of, .user = &files };
	char text[256] = "";
	uint64_t hashes;

	files_drop_all(&files);
	hashes = files.hashes;
	cr_assert_eq(expand(pattern, NULL, &list), 0);
	now.inputs = list.items;
	now.n_inputs = list.n;
	cr_assert_eq(stale_judge(&before->record, &now, &reasons), 0);
	if (reasons.n != 0)
		reason_text(&reasons.items[0], text, sizeof text);
	cr_expect(strstr(text, sentence) == text && (*sentence != '\0' || *text == '\0'), "'%s', not '%s'", text, sentence);
	cr_expect_eq(files.hashes - hashes, read, "%s: read %d", text, (int)(files.hashes - hashes));
	reasons_finish(&reasons);
	file_list_finish(&list);
}

Test(inputs, judged)
{
	struct before before;

	write_file("a", "one");
	set_time("a", 1000000);
	take(&before, "a");
	judge(&before, "a", "", 0);
	/* Touched. */
	set_time("a", 1000001);
	judge(&before, "a", "", 1);
	judge(&before, "a", "", 0);
	/* An older time restored, the same content. */
	set_time("a", 999);
	judge(&before, "a", "", 1);
	/* Renamed over with the same timestamp and size. */
	write_file("b", "two");
	set_time("b", 999);
	run("mv b a");
	judge(&before, "a", "input a changed (hash ", 1);
	/* Put back, as another file: the content counts. */
	write_file("b", "one");
	set_time("b", 998);
	run("mv b a");
	judge(&before, "a", "", 1);
	write_file("a", "four");
	judge(&before, "a", "input a changed (size 3 -> 4)", 0);
	run("rm a; mkdir a");
	judge(&before, "a", "it has neither inputs nor deps", 0);
	run("rmdir a; ln -s none a");
	judge(&before, "a", "input a is gone", 0);
	run("rm a");
	judge(&before, "a", "input a is gone", 0);
	file_list_finish(&before.list);
}

/* Written in the same tick in which it was looked at, in place and with the same size: only its content tells. */
Test(inputs, racy)
{
	struct before before;
	struct stat stat;
	struct timespec times[2];

	write_file("a", "one");
	take(&before, "a");
	judge(&before, "a", "", 1);
	cr_assert_eq(fstatat(files.root, "a", &stat, 0), 0);
	times[0] = times[1] = stat.st_mtim;
	write_file("a", "two");
	cr_assert_eq(utimensat(files.root, "a", times, 0), 0);
	judge(&before, "a", "input a changed (hash ", 1);
	file_list_finish(&before.list);
}

Test(inputs, glob_gets_and_loses)
{
	struct before before;

	run("mkdir s; touch s/a.c s/b.c");
	set_time("s/a.c", 5);
	set_time("s/b.c", 5);
	take(&before, "s/*.c");
	judge(&before, "s/*.c", "", 0);
	run("touch s/c.c");
	judge(&before, "s/*.c", "input s/c.c is new", 0);
	run("rm s/c.c s/a.c");
	judge(&before, "s/*.c", "input s/a.c is gone", 0);
	file_list_finish(&before.list);
}

/* A hash is of the content that the stat beside it was of, or there is none. */
Test(inputs, changed_while_it_was_read)
{
	struct file_list list = { 0 };
	struct file *file;

	write_file("a", "one");
	set_time("a", 100);
	file = files_look(&files, "a");
	write_file("a", "two");
	cr_assert_eq(files_hash(&files, file), 1);
	cr_assert_not(file->hashed);
	cr_assert_eq(files_hash_of(&files, file, &file->hash), -1);
	run("rm a");
	cr_assert_eq(files_hash(&files, file), 1);
	run("mkdir a");
	cr_assert_eq(files_hash(&files, file), 1);
	cr_assert_eq(inputs_hash(&files, &list), 0);
	file_list_finish(&list);
}

/* The same however it is read: in one piece, or in many. */
Test(inputs, digests)
{
	static const size_t sizes[] = { 0, 1, 262143, 262144, 262145, 700000 };
	struct digest last = { 0, 0 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *bytes = calloc(1, sizes[i] + 1);
		struct file *file;
		struct digest digest;

		for (size_t j = 0; j < sizes[i]; j++)
			bytes[j] = (char)('a' + j * j % 23);
		write_file("f", bytes);
		files_drop(&files, "f");
		file = files_look(&files, "f");
		cr_assert_eq(file->size, sizes[i]);
		cr_assert_eq(files_hash(&files, file), 0);
		digest = digest_of(bytes, sizes[i]);
		cr_assert(digest_equal(&digest, &file->hash), "%zu", sizes[i]);
		cr_assert_not(digest_equal(&digest, &last));
		last = digest;
		free(bytes);
	}
}

Test(inputs, without_memory)
{
	struct file_list list = { 0 };

	run("mkdir -p s/t; touch s/a.c s/t/b.c s/t/c.h");
	for (unsigned long n = 1;; n++) {
		int status, came;

		files_drop_all(&files);
		memory_fault_at(n);
		status = expand("{s,t}/**/?.c s none", "*.h **/x/**", &list);
		if (status == 0)
			status = inputs_hash(&files, &list);
		came = memory_fault_came();
		memory_fault_at(0);
		cr_assert(status == (came ? ORD_ENOMEM : 0) || (came && status == 0), "%lu: %d", n, status);
		if (!came)
			break;
		cr_assert_lt(n, 1000);
		file_list_finish(&list);
		files_finish(&files);
	}
	cr_assert_eq(list.n, 4);
	file_list_finish(&list);
}
