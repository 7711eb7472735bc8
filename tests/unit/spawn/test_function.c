/* A function's way into another process, and all that can be wrong with it. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <orderly/task.h>

#include "spawn/function.h"

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
