/* Tables: many keys, keys of any bytes, growth, no memory. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "base/table.h"
#include "memory_fault.h"

enum { MANY = 20000 };

Test(table, zeroed_is_empty)
{
	struct table table = { 0 };

	cr_assert_null(table_find(&table, "a", 1));
	cr_assert_null(table_find(&table, "", 0));
	table_finish(&table);
}

Test(table, many_keys)
{
	static char keys[MANY][20];
	struct table table = { 0 };

	for (int i = 0; i < MANY; i++) {
		snprintf(keys[i], sizeof keys[i], "%d::key", i);
		cr_assert_eq(table_put(&table, keys[i], strlen(keys[i]), keys[i]), 0);
	}
	cr_assert_eq(table.used, MANY);
	for (int i = 0; i < MANY; i++) {
		cr_assert_eq(table_find(&table, keys[i], strlen(keys[i])), keys[i]);
		cr_assert_null(table_find(&table, keys[i], strlen(keys[i]) - 1));
	}
	table_finish(&table);
}

/* Sizes around a step of the hash, NUL bytes, keys that are the beginning of others. */
/* Names as procs and files have them, which differ in their last bytes only: how far from their places they lie. */
Test(table, names_in_a_row)
{
	static const char *const forms[] = { "p::", "in/", "", "build::", "src/a/file", "0123456" };
	static char names[10000][32];

	for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
		struct table table = { 0 };
		size_t far = 0;

		for (int i = 0; i < 10000; i++) {
			snprintf(names[i], sizeof names[i], "%s%d", forms[form], i);
			cr_assert_eq(table_put(&table, names[i], strlen(names[i]), names[i]), 0);
		}
		for (size_t at = 0; at < table.capacity; at++)
			if (table.entries[at].key != NULL)
				far += (at - table.entries[at].hash) & (table.capacity - 1);
		cr_assert_lt(far, 2 * 10000, "%s: %zu", forms[form], far);
		table_finish(&table);
	}
}

Test(table, keys_of_any_bytes)
{
	static const char zeros[32];
	struct table table = { 0 };

	for (size_t size = 0; size <= sizeof zeros; size++)
		cr_assert_eq(table_put(&table, zeros, size, (void *)(uintptr_t)(size + 1)), 0);
	for (size_t size = 0; size <= sizeof zeros; size++)
		cr_assert_eq((size_t)(uintptr_t)table_find(&table, zeros, size), size + 1);
	table_finish(&table);
}

Test(table, without_memory_nothing_changes)
{
	struct table table = { 0 };

	memory_fault_at(1);
	cr_assert_eq(table_put(&table, "a", 1, &table), -1);
	cr_assert_eq(table.used, 0);
	cr_assert_eq(table_reserve(&table, 100), 0);
	memory_fault_at(1);
	for (size_t i = 0; i < 100; i++)
		cr_assert_eq(table_put(&table, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
					       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
				     i, &table), 0);
	cr_assert(!memory_fault_came());
	memory_fault_at(0);
	cr_assert_not_null(table_find(&table, "aaa", 3));
	table_finish(&table);
}
