/* ORD_START_COMMAND: workers of the installed command, functions of a shared object by name. */
#include <stdio.h>
#include <stdlib.h>

#include "scene.h"

enum { MANY = 2000 };

/* The build directory: tests run somewhere in it. */
static void
in_build(char *path, size_t size, const char *name)
{
	const char *build = getenv("ORDERLY_BUILD");

	CHECK(build != NULL);
	snprintf(path, size, "%s/%s", build, name);
}

static void
must_be_double(const struct ord_result *result, void *user)
{
	uint64_t *delivered = user;

	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_EQ(*(const uint64_t *)ord_result_output(result, NULL), 2 * *delivered);
	(*delivered)++;
}

SCENE_WITHOUT_WORKER_MAIN(modules, a_function_by_name)
{
	char program[4096], name[4200];
	struct ord_pool *pool;
	uint64_t delivered = 0;

	in_build(program, sizeof program, "orderly");
	in_build(name, sizeof name, "modules/module_double.so:double_it");
	CHECK_EQ(ord_pool_new(&pool,
			 &ORD_POOL_OPTIONS(.start = ORD_START_COMMAND, .program = program,
				 .function_name = name, .workers = 2, .on_result = must_be_double,
				 .on_result_user = &delivered)),
		0);
	CHECK_OK(pool, ord_pool_start(pool));
	for (uint64_t i = 0; i < MANY; i++)
		CHECK_OK(pool, ord_pool_submit_wait(pool, &i, sizeof i, NULL));
	CHECK_OK(pool, ord_pool_finish(pool));
	CHECK_EQ(delivered, MANY);
	ord_pool_destroy(&pool);
}

static void
must_fail(const char *function, const char *word)
{
	char program[4096], name[4200];
	struct ord_pool *pool;

	in_build(program, sizeof program, "orderly");
	in_build(name, sizeof name, function);
	CHECK_EQ(ord_pool_new(&pool,
			 &ORD_POOL_OPTIONS(.start = ORD_START_COMMAND, .program = program,
				 .function_name = name)),
		0);
	CHECK_FAILS(pool, ord_pool_start(pool), ORD_ENOTSUP, word);
	ord_pool_destroy(&pool);
}

SCENE_WITHOUT_WORKER_MAIN(modules, what_cannot_be_found_is_named)
{
	must_fail("modules/module_double.so:triple_it", "triple_it");
	must_fail("modules/none.so:double_it", "none.so");
}

static int
never(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	return 0;
}

SCENE_WITHOUT_WORKER_MAIN(modules, a_pointer_cannot_be_sent)
{
	struct ord_pool *pool;

	CHECK_EQ(ord_pool_new(
			 &pool, &ORD_POOL_OPTIONS(.start = ORD_START_COMMAND, .function = never)),
		0);
	CHECK_FAILS(pool, ord_pool_start(pool), ORD_ENOTSUP, "function_name");
	ord_pool_destroy(&pool);
}
