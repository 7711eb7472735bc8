/* What people say of the history: force, touch, forget, full, dry runs; and a history that cannot be used. */
#define _GNU_SOURCE /* unshare */
#include "runs.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void
chain(struct ord_graph *graph)
{
	ADD(graph, .name = "first", .shell = "echo x >> runs; cat in > mid", .inputs = ORD_NAMES("in"),
					  .outputs = ORD_NAMES("mid"));
	ADD(graph, .name = "second", .shell = "echo x >> runs; cat mid > out", .deps = ORD_NAMES("first"),
					   .inputs = ORD_NAMES("mid"), .outputs = ORD_NAMES("out"));
	ADD(graph, .name = "all", .deps = ORD_NAMES("second"));
}

static void
build(void)
{
	ground_enter();
	ground_write("in", "one\n");
	RUN(chain, "all", "first=ran second=ran all=ran");
	RUN(chain, "all", "first=kept second=kept all=kept");
}

SCENE(accept, force)
{
	struct ord_graph *graph;

	build();
	graph = runs_open();
	chain(graph);
	GRAPH_SAYS(graph, ord_graph_force(graph, ""), ORD_EINVAL, "name");
	GRAPH_OK(graph, ord_graph_force(graph, "sec*"));
	RUN_IN(graph, "all", "first=kept second=ran all=kept");
	CHECK(strstr(ord_proc_reason(graphs_proc(graph, "second"), 0), "by force") != NULL);
	ord_graph_destroy(&graph);
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.database = DATABASE, .full = 1));
	chain(graph);
	RUN_IN(graph, "all", "first=ran second=ran all=kept");
	ord_graph_destroy(&graph);
	RUN(chain, "all", "first=kept second=kept all=kept");
	ground_leave();
}

SCENE(accept, forget)
{
	struct ord_graph *graph;

	build();
	graph = runs_open();
	chain(graph);
	GRAPH_SAYS(graph, ord_graph_forget(graph, "none"), ORD_EINVAL, "none: of no proc");
	GRAPH_OK(graph, ord_graph_forget(graph, "f*"));
	GRAPH_SAYS(graph, ord_graph_forget(graph, "first"), ORD_EINVAL, "of no proc");
	/* it gets a version that nobody has consumed */
	RUN_IN(graph, "all", "first=ran second=ran all=kept");
	ord_graph_destroy(&graph);
	ground_leave();
}

SCENE(accept, touch)
{
	struct ord_graph *graph;

	build();
	ground_write("in", "other\n");
	graph = runs_open();
	chain(graph);
	GRAPH_OK(graph, ord_graph_touch(graph, "first"));
	CHECK_EQ(ord_proc_state(graphs_proc(graph, "first")), ORD_PROC_IDLE);
	RUN_IN(graph, "all", "first=kept second=kept all=kept");
	ord_graph_destroy(&graph);
	CHECK_EQ(ground_lines("runs"), 2);
	CHECK(strcmp(ground_read("out"), "one\n") == 0);
	/* an output that somebody else wrote is accepted, and news for who consumes it */
	ground_write("mid", "by hand\n");
	graph = runs_open();
	chain(graph);
	GRAPH_OK(graph, ord_graph_touch(graph, "first"));
	RUN_IN(graph, "all", "first=kept second=ran all=ran");
	CHECK(strcmp(ground_read("out"), "by hand\n") == 0);
	/* what is not there cannot be accepted */
	CHECK_EQ(unlink("mid"), 0);
	GRAPH_SAYS(graph, ord_graph_touch(graph, "first"), ORD_EFAILED, "its output mid is not there");
	GRAPH_SAYS(graph, ord_graph_touch(graph, "none"), ORD_EINVAL, "none");
	RUN_IN(graph, "all", "first=ran second=ran all=ran");
	ord_graph_destroy(&graph);
	graph = graphs_new(NULL);
	GRAPH_SAYS(graph, ord_graph_touch(graph, "x"), ORD_EINVAL, "database");
	GRAPH_SAYS(graph, ord_graph_forget(graph, "x"), ORD_EINVAL, "database");
	ord_graph_destroy(&graph);
	ground_leave();
}

/* --- dry runs --- */

static void
dry(const char *wanted)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.database = DATABASE, .dry_run = 1));
	char *before = ground_picture(), *after;

	chain(graph);
	RUN_IN(graph, "all", wanted);
	GRAPH_SAYS(graph, ord_graph_touch(graph, "all"), ORD_EINVAL, "dry run");
	ord_graph_destroy(&graph);
	after = ground_picture();
	if (strcmp(before, after) != 0)
		fprintf(stderr, "before\n%safter\n%s", before, after);
	CHECK(strcmp(before, after) == 0);
	free(before);
	free(after);
}

SCENE(accept, dry_runs_change_nothing)
{
	ground_enter();
	ground_write("in", "one\n");
	dry("first=ran second=ran all=ran");
	CHECK_EQ(access("db", F_OK), -1);
	RUN(chain, "all", "first=ran second=ran all=ran");
	dry("first=kept second=kept all=kept");
	ground_write("in", "two\n");
	dry("first=ran second=ran all=ran");
	dry("first=ran second=ran all=ran");
	RUN(chain, "all", "first=ran second=ran all=ran");
	dry("first=kept second=kept all=kept");
	CHECK_EQ(unlink("out"), 0);
	dry("first=kept second=ran all=ran");
	/* same content: the record's stat would be refreshed, but not by this one */
	RUN(chain, "all", "first=kept second=ran all=kept");
	ground_age("in", AGE);
	dry("first=kept second=kept all=kept");
	ground_leave();
}

/* --- a history that cannot be used --- */

/* Another graph has the database, in this process. */
SCENE(accept, another_runner)
{
	struct ord_graph *graph, *other;

	build();
	graph = runs_open();
	chain(graph);
	RUN_IN(graph, "first", "first=kept second=idle all=idle");
	other = runs_open();
	chain(other);
	GRAPH_SAYS(other, ord_graph_start(other, "all"), ORD_ETIMEDOUT, "db/graph");
	GRAPH_SAYS(other, ord_graph_forget(other, "all"), ORD_ETIMEDOUT, "db/graph");
	ord_graph_destroy(&graph);
	RUN_IN(other, "all", "first=kept second=kept all=kept");
	ord_graph_destroy(&other);
	ground_leave();
}

static void
damage(const char *how, const char *word)
{
	struct ord_graph *graph;

	build();
	if (strcmp(how, "text") == 0)
		ground_write(DATABASE, "this is no database, but long enough to be taken for something by somebody");
	else if (strcmp(how, "cut") == 0)
		CHECK_EQ(truncate(DATABASE, 5000), 0);
	else
		CHECK_EQ(unlink(DATABASE), 0);
	graph = runs_open();
	chain(graph);
	RUN_IN(graph, "all", "first=ran second=ran all=ran");
	CHECK(strstr(ord_graph_warning(graph), word) != NULL);
	ord_graph_destroy(&graph);
	RUN(chain, "all", "first=kept second=kept all=kept");
	ground_leave();
}

SCENE(accept, damaged)
{
	damage("text", "is damaged");
	damage("cut", "");
	damage("deleted", "");
}

SCENE(accept, deleted_while_it_is_open)
{
	struct ord_graph *graph;

	build();
	graph = runs_open();
	chain(graph);
	RUN_IN(graph, "first", "first=kept second=idle all=idle");
	CHECK_EQ(unlink(DATABASE), 0);
	GRAPH_OK(graph, ord_graph_force(graph, "second"));
	RUN_IN(graph, "all", "first=kept second=ran all=kept");
	CHECK(strstr(ord_graph_warning(graph), "deleted") != NULL);
	ord_graph_destroy(&graph);
	/* what was not written is not known */
	RUN(chain, "all", "first=ran second=ran all=ran");
	ground_leave();
}

/* A file system of the test's own under db/, so small that it can be filled; 0: that is not allowed here. */
static int
enter_small_disk(void)
{
	if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return 0;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return 0;
	CHECK_EQ(mkdir("db", 0755), 0);
	return mount("tmpfs", "db", "tmpfs", 0, "size=400k") == 0;
}

/* Nothing is left but what a line of a file that is there may need. */
static void
fill_disk(void)
{
	static const char zeros[4096];
	int fd = open("db/fill", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	while (write(fd, zeros, sizeof zeros) > 0)
		;
	CHECK_EQ(errno, ENOSPC);
	close(fd);
}

/* A history that cannot say that an attempt begins: nothing starts, as a kill would leave a record that lies. */
SCENE(accept, a_full_disk)
{
	struct ord_graph *graph;

	ground_enter();
	if (!enter_small_disk()) {
		fprintf(stderr, "a_full_disk: needs a user namespace\n");
		ground_leave();
		return;
	}
	ground_write("in", "one\n");
	RUN(chain, "all", "first=ran second=ran all=ran");
	/* It is full when the database is opened. */
	fill_disk();
	ground_write("in", "two\n");
	graph = runs_open();
	chain(graph);
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("all")), ORD_ESYSTEM, "make room there");
	CHECK_EQ(ground_lines("runs"), 2);
	ord_graph_destroy(&graph);
	CHECK_EQ(unlink("db/fill"), 0);
	/* It becomes so while the graph runs. */
	graph = runs_open();
	chain(graph);
	ADD(graph, .name = "fills", .shell = "cat /dev/zero >>db/fill; true", .deps = ORD_NAMES("all"));
	ADD(graph, .name = "behind", .shell = "echo x >>behind", .deps = ORD_NAMES("fills"));
	CHECK(ord_graph_run(graph, ORD_NAMES("behind")) != 0);
	CHECK(strstr(ERROR_OF(graph, "behind"), "not started: the database db/graph cannot be written") != NULL);
	CHECK(strstr(ord_graph_warning(graph), "make room there") != NULL);
	CHECK_EQ(ground_lines("behind"), 0);
	CHECK_EQ(ground_lines("runs"), 4);
	ord_graph_destroy(&graph);
	CHECK_EQ(unlink("db/fill"), 0);
	RUN(chain, "all", "first=kept second=kept all=kept");
	CHECK_EQ(umount("db"), 0);
	ground_leave();
}
