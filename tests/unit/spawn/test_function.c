/* A function's way into another process, and all that can be wrong with it. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <orderly/function.h>
#include <orderly/task.h>

#include "spawn/function.h"
#include "spawn/names.h"

int visible_work(struct ord_task *task, void *user);

int
visible_work(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	return 1;
}

static int
hidden_work(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	return 2;
}

ORD_FUNCTION(visible_work);
ORD_FUNCTION(hidden_work);

/* Resolves to a status; the sentence has these words. */
static void
fails(const struct function_spec *spec, const char *words)
{
	struct error error = { 0, "" };
	ord_task_fn function;
	void *user;

	cr_assert_eq(function_resolve(spec, &function, &user, &error), ORD_ENOTSUP);
	cr_assert(strstr(error.text, words) != NULL, "%s", error.text);
	cr_assert(function == NULL);
}

static ord_task_fn
found(const struct function_spec *spec)
{
	struct error error = { 0, "" };
	ord_task_fn function;
	void *user;

	cr_assert_eq(function_resolve(spec, &function, &user, &error), 0, "%s", error.text);
	cr_assert(user == NULL);
	return function;
}

Test(function, is_found_by_its_place)
{
	struct function_spec spec;
	struct error error = { 0, "" };

	cr_assert_eq(function_describe(&spec, hidden_work, &error), 0);
	cr_assert_eq(spec.kind, FUNCTION_OFFSET);
	cr_assert(found(&spec) == hidden_work);
	cr_assert_eq(function_describe(&spec, visible_work, &error), 0);
	cr_assert(found(&spec) == visible_work);
}

/* A module that was loaded by dlopen is loaded there too. */
Test(function, is_found_in_other_modules)
{
	void *module = dlopen("libzmq.so.5", RTLD_NOW);
	struct function_spec spec;
	struct error error = { 0, "" };
	ord_task_fn function;

	cr_assert_not_null(module);
	function = (ord_task_fn)(uintptr_t)dlsym(module, "zmq_errno");
	cr_assert_eq(function_describe(&spec, function, &error), 0);
	cr_assert(strstr(spec.name, "libzmq") != NULL);
	cr_assert(found(&spec) == function);
}

Test(function, of_no_module_is_refused)
{
	struct function_spec spec;
	struct error error = { 0, "" };
	int data = 0;

	cr_assert_eq(function_describe(&spec, (ord_task_fn)(uintptr_t)&data, &error), ORD_EINVAL);
	cr_assert_eq(function_describe(&spec, (ord_task_fn)(uintptr_t)8, &error), ORD_EINVAL);
}

Test(function, of_another_build_is_not_found)
{
	struct function_spec spec;
	struct error error = { 0, "" };

	cr_assert_eq(function_describe(&spec, hidden_work, &error), 0);
	spec.build_id[3] ^= 1;
	fails(&spec, "another build");
	spec.build_id[3] ^= 1;
	spec.offset = UINT64_C(1) << 40;
	fails(&spec, "another build");
}

Test(function, is_found_by_name)
{
	struct function_spec spec;
	struct error error = { 0, "" };

	cr_assert_eq(function_describe_name(&spec, "libzmq.so.5:zmq_errno", &error), 0);
	cr_assert_eq(spec.kind, FUNCTION_NAME);
	cr_assert(found(&spec) != NULL);
	cr_assert_eq(function_describe_name(&spec, "libzmq.so.5:no_such_thing", &error), 0);
	fails(&spec, "libzmq.so.5 has no function no_such_thing");
	cr_assert_eq(function_describe_name(&spec, "no-such-file.so:work", &error), 0);
	fails(&spec, "cannot load no-such-file.so");
}

Test(function, needs_a_whole_name)
{
	static const char *const bad[] = { "", ":work", "file.so:", ":" };
	struct function_spec spec;
	struct error error = { 0, "" };
	char *long_name = malloc(FUNCTION_NAME_MAX + 10);

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_assert_eq(function_describe_name(&spec, bad[i], &error), ORD_EINVAL);
	memset(long_name, 'x', FUNCTION_NAME_MAX + 9);
	long_name[FUNCTION_NAME_MAX + 9] = '\0';
	long_name[5] = ':';
	cr_assert_eq(function_describe_name(&spec, long_name, &error), ORD_EINVAL);
	free(long_name);
}

Test(function, descriptions_are_not_trusted)
{
	struct function_spec spec = { .kind = 99 };

	fails(&spec, "unknown way");
	spec.build_id_size = UINT32_MAX;
	fails(&spec, "damaged");
	spec.build_id_size = 0;
	spec.kind = FUNCTION_NAME;
	fails(&spec, "no function ''");
	memset(spec.name, 'x', sizeof spec.name);
	fails(&spec, "damaged");
	memset(&spec, 0, sizeof spec);
	cr_assert(found(&spec) == NULL);
}

/* --- by a name of ORD_FUNCTION --- */

Test(function, is_found_by_its_registered_name)
{
	struct function_spec spec;
	struct error error = { 0, "" };
	void *zmq = dlopen("libzmq.so.5", RTLD_NOW), *self = dlopen(NULL, RTLD_NOW);

	cr_assert_eq(function_describe_name(&spec, "hidden_work", &error), 0);
	cr_assert(found(&spec) == hidden_work);
	cr_assert_eq(function_describe_name(&spec, "visible_work", &error), 0);
	cr_assert(found(&spec) == visible_work);
	cr_assert(names_find(self, "hidden_work") == hidden_work);
	cr_assert(names_find(zmq, "hidden_work") == NULL);
	cr_assert_eq(function_describe_name(&spec, "hidden_wor", &error), 0);
	fails(&spec, "no function 'hidden_wor'");
	fails(&spec, "hidden_work");
	fails(&spec, "ORD_FUNCTION(hidden_wor);");
	memset(spec.name, 'x', sizeof spec.name - 1);
	fails(&spec, "no function 'xxx");
}

/* A list that finds no room says how many it leaves out. */
Test(function, names_are_listed_as_far_as_there_is_room)
{
	char text[200];
	void *zmq = dlopen("libzmq.so.5", RTLD_NOW);

	cr_assert_str_eq(names_list(zmq, text, sizeof text), "nothing");
	names_list(NULL, text, sizeof text);
	cr_assert(strstr(text, "hidden_work") != NULL && strstr(text, "visible_work") != NULL, "%s", text);
	for (size_t size = 64; size < sizeof text; size++) {
		char *room = malloc(size);

		names_list(NULL, room, size);
		cr_assert(strlen(room) < size);
		cr_assert((strstr(room, "hidden_work") == NULL || strstr(room, "visible_work") == NULL) ==
				(strstr(room, " more") != NULL || strstr(room, "long names") != NULL),
			"%s", room);
		free(room);
	}
}

/* --- in a copy of this process --- */

Test(function, of_a_module_that_still_lies_there)
{
	struct function_spec spec;
	struct error error = { 0, "" };

	cr_assert_eq(function_describe_here(&spec, hidden_work, &error), 0);
	cr_assert(found(&spec) == hidden_work);
	/* As if this program had no build id. */
	spec.kind = FUNCTION_LOADED;
	spec.build_id_size = 0;
	spec.address = (uint64_t)(uintptr_t)hidden_work;
	cr_assert(found(&spec) == hidden_work);
	spec.offset++;
	fails(&spec, "loaded after the pool was started");
	spec.offset--;
	spec.address = 8;
	fails(&spec, "loaded after the pool was started");
	spec.address = (uint64_t)(uintptr_t)hidden_work;
	strcpy(spec.name, "/other/module.so");
	fails(&spec, "/other/module.so was loaded after");
}

/* --- as bytes --- */

static void
goes_and_comes_back(const struct function_spec *spec)
{
	struct function_spec back;
	char bytes[FUNCTION_BYTES_MAX];
	size_t size = function_encode(spec, bytes);

	for (size_t cut = 0; cut <= size; cut++) {
		char *copy = malloc(cut + 1); /* for AddressSanitizer */

		memcpy(copy, bytes, cut);
		if (function_decode(&back, copy, cut) == 0 && cut == size)
			cr_assert_eq(memcmp(&back, spec, sizeof back), 0);
		else
			cr_assert_neq(cut, size);
		free(copy);
	}
}

Test(function, crosses_as_bytes)
{
	struct function_spec spec;
	struct error error = { 0, "" };
	char bytes[FUNCTION_BYTES_MAX + 1] = { 0 };

	cr_assert_eq(function_describe(&spec, hidden_work, &error), 0);
	cr_assert_lt(function_encode(&spec, bytes), 200);
	goes_and_comes_back(&spec);
	cr_assert_eq(function_describe_name(&spec, "a/file.so:work", &error), 0);
	goes_and_comes_back(&spec);
	function_refuse(&spec, "it cannot be: for a reason");
	goes_and_comes_back(&spec);
	fails(&spec, "it cannot be: for a reason");
	memset(bytes, 'x', sizeof bytes - 1);
	function_refuse(&spec, bytes);
	goes_and_comes_back(&spec);
	memset(spec.name, 'y', FUNCTION_NAME_MAX - 1);
	spec.kind = FUNCTION_NAME;
	goes_and_comes_back(&spec);
}

Test(function, bytes_are_not_trusted)
{
	struct function_spec spec;
	char bytes[FUNCTION_BYTES_MAX] = { 0 };
	uint32_t size = FUNCTION_BUILD_ID_MAX + 1;

	memcpy(bytes + 4, &size, sizeof size);
	cr_assert_eq(function_decode(&spec, bytes, sizeof bytes), -1);
	size = UINT32_MAX;
	memcpy(bytes + 4, &size, sizeof size);
	cr_assert_eq(function_decode(&spec, bytes, sizeof bytes), -1);
	memset(bytes, 'x', sizeof bytes);
	memset(bytes, 0, 24);
	cr_assert_eq(function_decode(&spec, bytes, 24 + FUNCTION_NAME_MAX), -1);
	cr_assert_eq(function_decode(&spec, bytes, 24 + FUNCTION_NAME_MAX - 1), 0);
}
