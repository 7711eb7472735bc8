/* See map.h. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "map.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct map_page *
map_page(void)
{
	struct map_page *page =
		mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(page != MAP_FAILED);
	return page;
}

const struct ord_bytes *
map_numbers(size_t n)
{
	static struct ord_bytes inputs[MAP_MAX];
	static uint64_t numbers[MAP_MAX];

	CHECK(n <= MAP_MAX);
	for (size_t i = 0; i < n; i++) {
		numbers[i] = i;
		inputs[i] = (struct ord_bytes){ &numbers[i], sizeof numbers[i] };
	}
	return inputs;
}

uint64_t
map_number(const struct ord_task *task)
{
	size_t size;
	const uint64_t *number = ord_task_input(task, &size);

	CHECK_EQ(size, sizeof *number);
	CHECK_EQ(*number, ord_task_sequence(task));
	return *number;
}

const struct ord_result *
map_at(const struct ord_results *results, size_t index, int state)
{
	const struct ord_result *result = ord_results_at(results, index);

	CHECK(result != NULL);
	CHECK_EQ(ord_result_sequence(result), index);
	CHECK_EQ(ord_result_state(result), state);
	CHECK((ord_result_error(result)[0] == '\0') == (state == ORD_DONE));
	return result;
}

void
map_gave(const struct ord_results *results, size_t index, uint64_t number)
{
	size_t size;
	const uint64_t *output = ord_result_output(map_at(results, index, ORD_DONE), &size);

	CHECK_EQ(size, sizeof *output);
	CHECK_EQ(*output, number);
}

size_t
map_count(const struct ord_results *results, int state)
{
	size_t found = 0;

	for (size_t i = 0; i < ord_results_count(results); i++)
		if (ord_result_state(ord_results_at(results, i)) == state) {
			map_at(results, i, state);
			found++;
		}
	return found;
}

void
map_said(int status, const struct ord_results *results, int wanted, const char *word)
{
	if (status != wanted || strstr(ord_results_error(results), word) == NULL)
		fprintf(stderr, "%s, \"%s\" instead of %s, \"…%s…\"\n", ord_status_name(status),
			ord_results_error(results), ord_status_name(wanted), word);
	CHECK_EQ(status, wanted);
	CHECK(strstr(ord_results_error(results), word) != NULL);
}
