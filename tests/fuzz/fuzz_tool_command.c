/*
 * The command line of orderly map: values of options, placeholders and the
 * command that is made from them, inputs from a file.  What a pattern was
 * taken apart into is all of its bytes, in order.
 */
#define _GNU_SOURCE /* memfd_create */
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "complain.h"
#include "fuzz.h"
#include "placeholder.h"
#include "recipe.h"
#include "source.h"
#include "values.h"

enum { TEXT_MOST = 2000 };

void __wrap_complain(const char *format, ...);
void __wrap_complain_errno(int failed, const char *format, ...);
int __wrap_shell_find_program(const char *name);

void
__wrap_complain(const char *format, ...)
{
	(void)format;
}

void
__wrap_complain_errno(int failed, const char *format, ...)
{
	(void)failed;
	(void)format;
}

int
__wrap_shell_find_program(const char *name)
{
	input_touch(name, strlen(name) + 1);
	return 0;
}

static void
check_values(const char *text)
{
	char delimiter[TEXT_MOST + 1];
	enum progress_style style;
	struct halt_rule rule;
	uint32_t number;
	uint64_t bytes;
	size_t size;

	if (values_jobs(text, 8, 500, &number) == NULL)
		must(number >= 1 && number <= JOBS_MAX, "an odd number of jobs");
	if (values_time(text, &number) == NULL)
		must(number >= 1, "no time at all");
	if (values_delimiter(text, delimiter, &size) == NULL)
		must(size >= 1 && size <= strlen(text), "a delimiter is longer than its text");
	if (values_size(text, &bytes) == NULL)
		must(bytes >= 1, "no size at all");
	if (values_halt(text, &rule) == NULL && rule.when != HALT_NEVER)
		must(rule.count != 0, "halt at once");
	(void)!values_progress(text, &style);
}

static void
check_pattern(const char *text, size_t n_sources, bool in_shell)
{
	struct pattern pattern;
	const char *at = text;

	if (pattern_parse(&pattern, text, n_sources, in_shell)) {
		for (size_t i = 0; i < pattern.n_parts; i++) {
			must(pattern.parts[i].text == at && pattern.parts[i].size != 0, "a part lies elsewhere");
			must(pattern.parts[i].source <= n_sources, "a source that is not there");
			at += pattern.parts[i].size;
		}
		must(*at == '\0', "the end of a pattern is lost");
	}
	pattern_finish(&pattern);
}

static void
check_recipe(char *text, size_t n_sources)
{
	static const char *const values[] = { "a b.c", "/x/y'z.tar.gz", "" };
	char *words[2] = { text, text };
	struct text line = { 0 };
	struct recipe recipe;

	for (size_t n = 1; n <= 2; n++) {
		if (recipe_init(&recipe, words, n, n_sources) == 0) {
			recipe_make(&recipe, values, 7);
			must(recipe.n_argv != 0 && recipe.argv[recipe.n_argv] == NULL, "a command of no words");
			for (size_t i = 0; i < recipe.n_argv; i++)
				input_touch(recipe.argv[i], strlen(recipe.argv[i]) + 1);
			recipe_show(&recipe, &line);
		}
		recipe_finish(&recipe);
	}
	text_finish(&line);
}

static void
check_source(const uint8_t *bytes, size_t size, uint8_t what)
{
	static int fd = -1;
	char path[64];
	struct source_name name = { .path = path };
	struct delimiter delimiter = what & 1 ? (struct delimiter){ "", 1 } : (struct delimiter){ "\r\n", 1u + (what >> 1 & 1) };
	struct source source;
	const char *input;
	size_t total = 0;
	uint64_t all;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	must(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size, "no file");
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (source_open(&source, &name, delimiter)) {
		(void)source_total(&source, &all);
		while (source_next(&source, &input) == SOURCE_INPUT) {
			total += strlen(input);
			input_touch(input, strlen(input) + 1);
		}
		must(total <= size, "more came out than went in");
	}
	source_close(&source);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = { bytes, size };
	uint8_t what = input_byte(&input);
	char text[TEXT_MOST + 1];

	check_source(input.bytes, input.left, what);
	text[input_take(&input, text, TEXT_MOST)] = '\0';
	check_values(text);
	check_pattern(text, what % 4, what & 4);
	check_recipe(text, what % 4);
	return 0;
}
