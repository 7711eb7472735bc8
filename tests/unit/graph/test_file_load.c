/* Files that are no text, too large or no files; includes; dotenv files; no memory; many procs. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "graph/file/dotenv.h"
#include "graph/file/file.h"
#include "memory_fault.h"

static char directory[] = "/tmp/orderly-file-XXXXXX";

static void
enter(void)
{
	cr_assert_not_null(mkdtemp(directory));
	cr_assert_eq(chdir(directory), 0);
}

static void
leave(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -r %s", directory);
	cr_assert_eq(system(command), 0);
}

static void
have(const char *path, const char *text)
{
	FILE *to = fopen(path, "w");

	cr_assert_not_null(to);
	fputs(text, to);
	fclose(to);
}

/* Load it, it must fail with this at the beginning of its sentence. */
static void
refused(const char *path, const char *sentence)
{
	struct graph_file file;

	cr_assert_neq(file_load(&file, path), 0);
	cr_assert_eq(strncmp(file.error.text, sentence, strlen(sentence)), 0, "%s\nexpected %s",
		file.error.text, sentence);
	file_finish(&file);
}

static const char *
refused_bytes(const char *text, size_t size)
{
	static struct graph_file file;
	struct file_memory memory = { "f", text, size };

	file_finish(&file);
	cr_assert_neq(file_load_memory(&file, &memory), 0);
	return file.error.text;
}

#define BYTES(text) text, sizeof(text) - 1

Test(file_load, bytes_that_are_no_text)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *sentence;
	} rows[] = {
		{ BYTES("a: \xff\n"), "f:1:4: the byte 0xff here is not UTF-8" },
		{ BYTES("a: b\xf6\xf3"), "f:1:5: the byte 0xf6 here is not UTF-8" },
		{ BYTES("\xcc"
			"va: x\n"),
			"f:1:1: the byte 0xcc here is not UTF-8" },
		{ BYTES("a: \xc3\n"), "f:1:4: the byte 0xc3 here is not UTF-8" },
		{ BYTES("a: \xc0\x80\n"), "f:1:4: the byte 0xc0 here is not UTF-8" },
		{ BYTES("a: \xed\xa0\x80\n"), "f:1:4: the byte 0xed here is not UTF-8" },
		{ BYTES("a: \xf4\x90\x80\x80\n"), "f:1:4: the byte 0xf4 here is not UTF-8" },
		{ BYTES("a: \xe2\x82"), "f:1:4: the byte 0xe2 here is not UTF-8" },
		{ BYTES("a: x\0y\n"), "f:1:5: U+0000 is a control character" },
		{ BYTES("\xff\xfe"
			"a\0:\0"),
			"f:1:1: the byte 0xff here is not UTF-8" },
		{ BYTES("version: \x7f\n"), "f:1:10: U+007F is a control character" },
		{ BYTES("version: \xef\xbb\xbf\n"), "f:1:10: U+FEFF is a control character" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *said = refused_bytes(rows[i].bytes, rows[i].size);

		cr_assert_eq(strncmp(said, rows[i].sentence, strlen(rows[i].sentence)), 0,
			"%s\nexpected %s", said, rows[i].sentence);
	}
}

Test(file_load, what_is_too_large)
{
	size_t size = (size_t)100 << 20;
	char *text = malloc(size);

	cr_assert_not_null(text);
	memset(text, 'x', size);
	memcpy(text, "procs: ", 7);
	cr_assert_not_null(strstr(refused_bytes(text, size), "larger than 64 MiB"));
	cr_assert_not_null(strstr(refused_bytes(text, size / 20), "longer than 1048576 bytes"));
	memset(text, '[', size);
	cr_assert_not_null(strstr(refused_bytes(text, size / 20), "deeper than 64"));
	memset(text, '\n', size);
	cr_assert_not_null(strstr(refused_bytes(text, size / 20), "is empty"));
	free(text);
}

Test(file_load, no_regular_files, .init = enter, .fini = leave)
{
	int fd;

	refused("nothing.yaml", "cannot open nothing.yaml: ");
	refused(".", ".: is no regular file");
	cr_assert_eq(mkfifo("fifo", 0600), 0);
	refused("fifo", "fifo: is no regular file");
	refused("/dev/zero", "/dev/zero: is no regular file");
	fd = open("sparse", O_WRONLY | O_CREAT, 0600);
	cr_assert_eq(ftruncate(fd, 100 << 20), 0);
	close(fd);
	refused("sparse", "sparse: larger than 64 MiB");
}

Test(file_load, includes, .init = enter, .fini = leave)
{
	struct graph_file file;

	cr_assert_eq(mkdir("sub", 0700), 0);
	have("a.yaml",
		"include: [sub/b.yaml, sub/c.yaml]\nparams: {x: 1}\n"
		"options: {parallel: 2}\nprocs:\n  a: {run: x}\n");
	have("sub/b.yaml",
		"include: c.yaml\ndotenv: b.env\noptions: {load: 2}\nprocs: {b: {run: y}}\n");
	have("sub/c.yaml", "params: {z: 2}\nprocs: {c: {run: y}}\n");
	cr_assert_eq(file_load(&file, "a.yaml"), 0, "%s", file.error.text);
	cr_assert_eq(file.n_sources, 3);
	cr_assert_eq(file.all.procs.n, 3);
	cr_assert_str_eq(FILE_ITEM(struct file_proc, file.all.procs, 0)->name.text, "c");
	cr_assert_str_eq(FILE_ITEM(struct file_proc, file.all.procs, 2)->name.text, "a");
	cr_assert_eq(file.all.params.n, 2);
	cr_assert_eq(file.all.options.parallel.value, 2);
	cr_assert_eq(file.all.options.load.value, 200);
	cr_assert_str_eq(file.all.dotenv.items[0].text, "sub/b.env");
	cr_assert_eq(file_error(&file,
			     FILE_ITEM(struct file_proc, file.all.procs, 1)->run.shell.place, "no"),
		ORD_EINVAL);
	cr_assert_eq(
		strncmp(file.error.text, "sub/b.yaml:4:18: no\n", 20), 0, "%s", file.error.text);
	file_finish(&file);
}

Test(file_load, includes_that_are_wrong, .init = enter, .fini = leave)
{
	have("a.yaml", "procs: {}\ninclude:\n  - b.yaml\n");
	refused("a.yaml", "a.yaml:3:5: cannot open b.yaml: ");
	have("b.yaml", "include: ./c.yaml\n");
	have("c.yaml", "include: a.yaml\n");
	refused("a.yaml",
		"./c.yaml:1:10: the file includes itself: a.yaml -> b.yaml -> ./c.yaml -> a.yaml\n");
	have("c.yaml", "include: c.yaml\n");
	refused("a.yaml", "./c.yaml:1:10: the file includes itself: ./c.yaml -> ./c.yaml\n");
	have("c.yaml", "procs:\n  x: {run: y}\n");
	have("a.yaml", "include: [b.yaml]\nprocs:\n  y: {run: x}\n  x: {run: x}\n");
	refused("a.yaml", "a.yaml:4:3: the proc `x` is there already, in ./c.yaml:2:3\n");
	have("c.yaml", "options: {watch: {debounce: 3s}}\n");
	have("a.yaml", "include: [b.yaml]\noptions: {watch: {debounce: 4s}}\n");
	refused("a.yaml",
		"a.yaml:2:29: the option `debounce` is there already, in ./c.yaml:1:29\n");
	have("c.yaml", "params: {p: 1}\n");
	have("a.yaml", "include: [b.yaml]\nparams: {p: 1}\n");
	refused("a.yaml", "a.yaml:2:10: the param `p` is there already, in ./c.yaml:1:10\n");
	have("c.yaml", "procs: [\n");
	refused("a.yaml", "./c.yaml:2:1: here a value or a closing bracket is missing\n");
	have("c.yaml", "");
	refused("a.yaml", "./c.yaml: is empty");
	have("a.yaml", "include: [/dev/null]\n");
	refused("a.yaml", "/dev/null: is no regular file");
}

/* Each file includes the next one. */
Test(file_load, includes_without_end, .init = enter, .fini = leave)
{
	for (int i = 0; i < 40; i++) {
		char name[32], text[64];

		snprintf(name, sizeof name, "%d.yaml", i);
		snprintf(text, sizeof text, "include: %d.yaml\n", i + 1);
		have(name, text);
	}
	refused("0.yaml", "32.yaml:1:10: more than 1000 files, or 32 deep");
}

Test(file_load, without_memory, .init = enter, .fini = leave)
{
	unsigned long n = 0;
	int status;

	have("b.yaml", "params: {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i: 9, j: 10}\n");
	have("a.yaml",
		"include: b.yaml\ndotenv: .env\nprocs:\n  x::[y]: &a\n    run: [a, b]\n"
		"    deps: [c]\n    choices: {y: [1]}\n    env: {A: b}\n    locks: [c]\n  z: *a\n");
	have(".env", "A=1\nB='2'\n");
	do {
		struct graph_file file;
		struct dotenv dotenv = { 0 };

		memory_fault_at(++n);
		status = file_load(&file, "a.yaml");
		if (status == 0)
			status = dotenv_load(&dotenv, &file);
		cr_assert(status == 0 || status == ORD_ENOMEM, "%lu: %s", n, file.error.text);
		dotenv_finish(&dotenv);
		file_finish(&file);
	} while (memory_fault_came());
	memory_fault_at(0);
	cr_assert_eq(status, 0);
	cr_assert_gt(n, 10);
}

static uint64_t
cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Memory per proc does not grow with their number, and time does not by the square. */
Test(file_load, many_procs, .init = enter, .fini = leave)
{
	enum { MANY = 100000 };
	FILE *to = fopen("many.yaml", "w");
	struct graph_file file;
	struct rusage usage;
	uint64_t before;

	fputs("procs:\n", to);
	for (int i = 0; i < MANY; i++)
		fprintf(to,
			"  compile::%06d:\n    deps: [generate::%06d]\n    inputs: [src/%d.c, \"inc/**/*.h\"]\n"
			"    outputs: [build/%d.o]\n    run: cc -c -o build/%d.o src/%d.c\n",
			i, i, i, i, i, i);
	fclose(to);
	before = cpu_ms();
	cr_assert_eq(file_load(&file, "many.yaml"), 0, "%s", file.error.text);
	cr_assert_eq(file.all.procs.n, MANY);
	getrusage(RUSAGE_SELF, &usage);
	fprintf(stderr, "%d procs: %llu ms, %zu MiB in blocks, %ld MiB in all\n", MANY,
		(unsigned long long)(cpu_ms() - before), file.blocks.total >> 20,
		usage.ru_maxrss >> 10);
	cr_assert_lt(file.blocks.total, (size_t)512 << 20);
	file_finish(&file);
}
