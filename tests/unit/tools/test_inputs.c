/* Sources and their combinations. */
#define _GNU_SOURCE /* memfd_create */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "file_with.h"
#include "inputs.h"

static size_t
count(const char *bytes, size_t size, const char *delimiter, size_t delimiter_size)
{
	struct source_name name = { .path = file_with(bytes, size) };
	struct source source;
	const char *input;
	uint64_t total, n = 0;

	cr_assert(source_open(&source, &name, (struct delimiter){ delimiter, delimiter_size }));
	cr_assert(source_total(&source, &total) || delimiter_size > 1);
	while (source_next(&source, &input) == SOURCE_INPUT)
		n++;
	if (delimiter_size == 1)
		cr_assert_eq(n, total);
	source_close(&source);
	return n;
}

Test(inputs, files)
{
	cr_assert_eq(count("", 0, "\n", 1), 0);
	cr_assert_eq(count("\n", 1, "\n", 1), 1);
	cr_assert_eq(count("a", 1, "\n", 1), 1);
	cr_assert_eq(count("a\n", 2, "\n", 1), 1);
	cr_assert_eq(count("a\n\nb", 4, "\n", 1), 3);
	cr_assert_eq(count("a\0b\0", 4, "\0", 1), 2);
	cr_assert_eq(count("a--b-c--", 8, "--", 2), 2);
	cr_assert_eq(count("a---", 4, "--", 2), 2);
}

Test(inputs, pieces_of_all_sizes)
{
	static char bytes[1000000];
	struct source_name name;
	struct source source;
	const char *input;
	size_t at = 0, n;

	for (n = 0; at + 50001 < sizeof bytes; n++) {
		size_t size = n * 7919 % 50000 % (n % 10 == 0 ? 50000 : 100);
		memset(bytes + at, 'a' + (int)(n % 26), size);
		at += size;
		bytes[at++] = '\n';
	}
	name = (struct source_name){ .path = file_with(bytes, at) };
	cr_assert(source_open(&source, &name, (struct delimiter){ "\n", 1 }));
	for (size_t i = 0; i < n; i++) {
		size_t size = i * 7919 % 50000 % (i % 10 == 0 ? 50000 : 100);
		cr_assert_eq(source_next(&source, &input), SOURCE_INPUT);
		cr_assert_eq(strlen(input), size);
		cr_assert(size == 0 ||
			(input[0] == 'a' + (int)(i % 26) && input[size - 1] == input[0]));
	}
	cr_assert_eq(source_next(&source, &input), SOURCE_END);
	source_close(&source);
}

Test(inputs, a_pipe_is_only_read_when_asked)
{
	struct source_name name;
	struct source source;
	const char *input;
	char path[64];
	uint64_t total;
	int fds[2];

	cr_assert_eq(pipe(fds), 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fds[0]);
	name = (struct source_name){ .path = path };
	cr_assert(source_open(&source, &name, (struct delimiter){ "\n", 1 }));
	cr_assert_eq(source_next(&source, &input), SOURCE_WAIT);
	cr_assert_eq(write(fds[1], "a\nb", 3), 3);
	cr_assert_eq(source_next(&source, &input), SOURCE_WAIT);
	cr_assert(source_fill(&source));
	cr_assert_eq(source_next(&source, &input), SOURCE_INPUT);
	cr_assert_str_eq(input, "a");
	cr_assert_eq(source_next(&source, &input), SOURCE_WAIT);
	cr_assert_not(source_total(&source, &total));
	close(fds[1]);
	cr_assert(source_fill(&source));
	cr_assert(source_total(&source, &total) && total == 2);
	cr_assert_eq(source_next(&source, &input), SOURCE_INPUT);
	cr_assert_str_eq(input, "b");
	cr_assert_eq(source_next(&source, &input), SOURCE_END);
	source_close(&source);
	close(fds[0]);
}

Test(inputs, combinations)
{
	static char a[] = "a", b[] = "b", c[] = "c";
	static char *words[] = { a, b, c };
	struct source_name names[3] = { { .words = words, .n_words = 2 },
		{ .words = words, .n_words = 3 }, { .words = words, .n_words = 1 } };
	struct inputs inputs;
	char all[64] = "";
	uint64_t total;

	cr_assert(inputs_open(&inputs, names, 3, (struct delimiter){ "\n", 1 }));
	cr_assert(inputs_total(&inputs, &total) && total == 6);
	while (inputs_next(&inputs) == SOURCE_INPUT)
		for (size_t i = 0; i < 3; i++)
			strcat(strcat(all, inputs.values[i]), i == 2 ? " " : "");
	cr_assert_str_eq(all, "aaa aba aca baa bba bca ");
	cr_assert_eq(inputs_next(&inputs), SOURCE_END);
	inputs_close(&inputs);
}

Test(inputs, nothing_times_something)
{
	struct source_name names[2] = { { .path = NULL }, { .path = NULL } };
	static char a[] = "a";
	static char *words[] = { a };
	struct inputs inputs;

	names[0].words = words;
	names[0].n_words = 1;
	cr_assert(inputs_open(&inputs, names, 2, (struct delimiter){ "\n", 1 }));
	cr_assert_eq(inputs_next(&inputs), SOURCE_END);
	inputs_close(&inputs);
}
