/* What is kept of what a task said: its end, in whole lines, and nobody else's. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "capture/tail.h"
#include "memory_fault.h"

static void
line(struct tail *tail, uint64_t sequence, const char *text)
{
	tail_add(tail, sequence, text, strlen(text), true);
}

static void
expect(struct tail *tail, uint64_t sequence, const char *wanted)
{
	size_t size;
	char *text = tail_take(tail, sequence, &size);

	if (wanted == NULL) {
		cr_assert_null(text);
		cr_assert_eq(size, 0);
		return;
	}
	cr_assert_not_null(text);
	cr_assert_str_eq(text, wanted);
	cr_assert_eq(size, strlen(wanted));
	memory_free(text);
}

Test(tail, lines)
{
	struct tail tail = { 0 };

	expect(&tail, 0, NULL);
	line(&tail, 7, "one");
	line(&tail, 7, "");
	line(&tail, 7, "three");
	expect(&tail, 7, "one\n\nthree");
	expect(&tail, 7, NULL);
	tail_add(&tail, 7, "a ", 2, false);
	tail_add(&tail, 7, "part", 4, false);
	expect(&tail, 7, "a part");
	tail_finish(&tail);
}

Test(tail, of_one_task_only)
{
	struct tail tail = { 0 };

	line(&tail, 1, "mine");
	expect(&tail, 2, NULL);
	line(&tail, 1, "old");
	line(&tail, 2, "new");
	expect(&tail, 2, "new");
	line(&tail, 1, "again");
	expect(&tail, 1, "again");
	tail_finish(&tail);
}

/* As many bytes as fit, from the beginning of a line on, whatever the lines and wherever they are moved. */
Test(tail, whole_lines_that_fit)
{
	for (size_t width = 1; width <= 130; width++) {
		struct tail tail = { 0 };
		char text[160], *words;
		size_t size, n = 3 * 4096 / width + width, from;

		for (size_t i = 0; i < n; i++) {
			snprintf(text, sizeof text, "%0*zu", (int)width, i % 10);
			line(&tail, 0, text);
		}
		words = tail_take(&tail, 0, &size);
		cr_assert_not_null(words);
		/* k lines have k * (width + 1) - 1 bytes. */
		from = n - (TAIL_MAX + 1) / (width + 1);
		cr_assert_eq(size, (n - from) * (width + 1) - 1, "width %zu: %zu", width, size);
		snprintf(text, sizeof text, "%0*zu\n", (int)width, from % 10);
		cr_assert_eq(memcmp(words, text, width + 1), 0, "width %zu", width);
		memory_free(words);
		tail_finish(&tail);
	}
}

Test(tail, a_line_that_does_not_fit)
{
	struct tail tail = { 0 };
	char *text = malloc(100000);
	size_t size;
	char *words;

	cr_assert_not_null(text);
	for (size_t i = 0; i < 100000; i++)
		text[i] = (char)('a' + i % 26);
	line(&tail, 0, "before");
	tail_add(&tail, 0, text, 100000, true);
	words = tail_take(&tail, 0, &size);
	cr_assert_eq(size, TAIL_MAX);
	cr_assert_eq(memcmp(words, text + 100000 - TAIL_MAX, TAIL_MAX), 0);
	memory_free(words);
	/* One behind it fits, and then only that counts. */
	tail_add(&tail, 0, text, 100000, true);
	line(&tail, 0, "short");
	expect(&tail, 0, "short");
	tail_add(&tail, 0, text, TAIL_MAX, true);
	words = tail_take(&tail, 0, &size);
	cr_assert_eq(size, TAIL_MAX);
	memory_free(words);
	tail_finish(&tail);
	free(text);
}

Test(tail, letters_are_whole)
{
	struct tail tail = { 0 };
	char *words;
	size_t size;

	for (int i = 0; i < 5000; i++)
		tail_add(&tail, 0, "\342\202\254", 3, false);
	words = tail_take(&tail, 0, &size);
	cr_assert_eq(size, TAIL_MAX / 3 * 3);
	cr_assert_eq(memcmp(words, "\342\202\254", 3), 0);
	memory_free(words);
	tail_finish(&tail);
}

Test(tail, bytes_of_any_kind)
{
	struct tail tail = { 0 };
	size_t size;
	char *words;

	tail_add(&tail, 0, "a\0b", 3, true);
	words = tail_take(&tail, 0, &size);
	cr_assert_eq(size, 3);
	cr_assert_eq(memcmp(words, "a\0b", 4), 0);
	memory_free(words);
	tail_finish(&tail);
}

Test(tail, without_memory_there_is_none)
{
	struct tail tail = { 0 };

	memory_fault_at(1);
	line(&tail, 0, "lost");
	memory_fault_at(0);
	expect(&tail, 0, NULL);
	line(&tail, 0, "kept");
	memory_fault_at(1);
	expect(&tail, 0, NULL);
	memory_fault_at(0);
	tail_finish(&tail);
}
