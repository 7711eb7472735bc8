/* The calls of a graph that is watched: its descriptors come and go here. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "graph/inputs/ignored.h"
#include "graph/watch.h"

#define DEBOUNCE_MS 300
#define DEBOUNCE_LONGEST 10 /* times that, unless it is said */

/* --- opening --- */

static void
set_quiet(struct ord_graph *graph)
{
	uint64_t quiet = graph->options.debounce_ms, longest = graph->options.debounce_max_ms;

	if (quiet == 0)
		quiet = DEBOUNCE_MS;
	if (quiet == ORD_NONE)
		quiet = 0;
	if (longest == 0)
		longest = DEBOUNCE_LONGEST * quiet;
	quiet_init(&graph->watch->quiet, quiet * CLOCK_NS_PER_MS, longest * CLOCK_NS_PER_MS);
}

static char *
here(void)
{
	for (size_t size = 256; size <= 1 << 20; size *= 2) {
		char *path = memory_new(1, size);

		if (path == NULL || getcwd(path, size) != NULL)
			return path;
		memory_free(path);
		if (errno != ERANGE)
			break;
	}
	return memory_copy("", 0);
}

/* A path of the graph's own, from the root on; NULL without memory. */
static char *
own_path(const struct watch *watch, const char *path)
{
	struct buffer text = { 0 };
	int status = 0;

	if (*path != '/') {
		status |= buffer_append(&text, watch->here, strlen(watch->here));
		status |= buffer_append(&text, "/", 1);
	}
	status |= buffer_append(&text, path, strlen(path) + 1);
	if (status != 0) {
		buffer_finish(&text);
		return NULL;
	}
	path_glob_normalize(text.bytes);
	return text.bytes;
}

static int
cannot(struct ord_graph *graph)
{
	error_system(&graph->error, errno, "files cannot be watched: no timer");
	return graph->error.status;
}

static int
open_watch(struct ord_graph *graph)
{
	struct watch *watch = graph->watch;
	int status;

	watch->here = here();
	if (watch->here == NULL)
		return error_memory(&graph->error);
	if (graph->database != NULL) {
		watch->own[0] = own_path(watch, graph->database);
		if (watch->own[0] == NULL)
			return error_memory(&graph->error);
	}
	if (graph->log_directory != NULL) {
		watch->own[1] = own_path(watch, graph->log_directory);
		if (watch->own[1] == NULL)
			return error_memory(&graph->error);
	}
	watch->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch->timer.fd < 0)
		return cannot(graph);
	status = poll_add(graph, &watch->timer);
	if (status != ORD_OK) {
		fd_close(&watch->timer.fd);
		return status;
	}
	/* Last, as without a descriptor for it files are polled. */
	if (eyes_open(&watch->eyes, (uint32_t)graph->options.watch_poll_ms) != ORD_OK)
		return error_memory(&graph->error);
	watch_warn(graph);
	if (eyes_fd(watch->eyes) < 0)
		return ORD_OK;
	watch->files.fd = eyes_fd(watch->eyes);
	status = poll_add(graph, &watch->files);
	if (status != ORD_OK)
		watch->files.fd = -1;
	return status;
}

static int
look_at_all(struct ord_graph *graph)
{
	int status = ORD_OK;

	for (uint32_t id = 0; status == ORD_OK && id < graph->schedule.n_nodes; id++)
		if (graph->schedule.nodes[id].state != NODE_IDLE)
			status = watch_look(graph, graph->procs[id]);
	/* Looking may have been the end of the kernel's telling. */
	if (graph->watch->files.fd >= 0 && eyes_fd(graph->watch->eyes) < 0) {
		poll_remove(graph, &graph->watch->files);
		graph->watch->files.fd = -1;
	}
	return status;
}

static int
start(struct ord_graph *graph)
{
	struct watch *watch;
	int status;

	if (watch_is_on(graph))
		return ORD_OK;
	watch = memory_new(1, sizeof *watch);
	if (watch == NULL)
		return error_memory(&graph->error);
	graph->watch = watch;
	watch->files = (struct poll_source){
		.fd = -1, .events = POLLIN, .ready = watch_on_files, .user = watch
	};
	watch->timer = (struct poll_source){
		.fd = -1, .events = POLLIN, .awaited = 1, .ready = watch_on_timer, .user = watch
	};
	watch->timer_ns = UINT64_MAX;
	watch->generation = 1;
	watch->active = 1;
	set_quiet(graph);
	status = open_watch(graph);
	if (status == ORD_OK)
		status = look_at_all(graph);
	if (status != ORD_OK)
		watch_close(graph);
	return status;
}

static void
forget_looks(struct ord_graph *graph)
{
	for (uint32_t id = 0; id < graph->schedule.n_nodes; id++) {
		struct ord_proc *proc = graph->procs[id];

		proc->looked = 0; /* the eyes are closed as a whole */
		watch_forget(graph, proc);
		proc->noted_ns = 0;
		proc->asked_in = 0;
	}
}

void
watch_close(struct ord_graph *graph)
{
	struct watch *watch = graph->watch;

	if (watch == NULL)
		return;
	forget_looks(graph);
	if (watch->files.fd >= 0)
		poll_remove(graph, &watch->files);
	if (watch->timer.fd >= 0)
		poll_remove(graph, &watch->timer);
	fd_close(&watch->timer.fd);
	if (watch->eyes != NULL)
		eyes_close(&watch->eyes);
	numbers_finish(&watch->noted);
	numbers_finish(&watch->fresh);
	memory_free(watch->own[0]);
	memory_free(watch->own[1]);
	memory_free(watch->here);
	memory_free(watch);
	graph->watch = NULL;
}

/* --- calls --- */

int
ord_graph_watch_start(struct ord_graph *graph)
{
	int status = graph_enter(graph);

	return status == ORD_OK ? graph_leave(graph, start(graph)) : status;
}

/* Names are wanted with the watch on, so that no change is missed while they run. */
static int
want(struct ord_graph *graph, const char *const *names)
{
	int status = ORD_OK;

	graph->found.count = 0;
	for (; status == ORD_OK && names != NULL && *names != NULL; names++)
		status = registry_find(graph, *names);
	if (status == ORD_OK && graph->found.count != 0)
		status = plan_want(graph, 0);
	graph->found.count = 0;
	return status;
}

int
ord_graph_watch(struct ord_graph *graph, const char *const *names)
{
	int status = graph_enter(graph);

	if (status != ORD_OK)
		return status;
	status = want(graph, names);
	if (status == ORD_OK)
		status = start(graph);
	while (status == ORD_OK && !graph->destroy && atomic_load(&graph->interrupts) == 0)
		status = run_move(graph, -1);
	if (status == ORD_OK && !graph->destroy)
		status = run_to_end(graph);
	return graph_leave(graph, status);
}

static int
find(struct ord_graph *graph, const char *const *names)
{
	int status = ORD_OK;

	for (; status == ORD_OK && names != NULL && *names != NULL; names++)
		status = registry_find(graph, *names);
	return status;
}

int
ord_graph_again(struct ord_graph *graph, const char *const *names)
{
	int status = graph_may_change(graph);
	uint64_t now_ns = clock_now_ns();
	uint32_t from;

	if (status != ORD_OK)
		return status;
	if (!watch_is_on(graph))
		return error_set(&graph->error, ORD_EINVAL,
			"the graph is not watched: call ord_graph_watch_start first");
	from = graph->found.count;
	status = find(graph, names);
	for (uint32_t i = from; status == ORD_OK && i < graph->found.count; i++)
		watch_note(graph, graph->procs[graph->found.at[i]], now_ns);
	graph->found.count = from;
	for (uint32_t id = 0; names == NULL && id < graph->schedule.n_nodes; id++)
		if (graph->procs[id]->looked)
			watch_note(graph, graph->procs[id], now_ns);
	if (status == ORD_OK) {
		quiet_hurry(&graph->watch->quiet, now_ns);
		poll_wake(graph);
	}
	return status;
}

uint32_t
ord_graph_watched(const struct ord_graph *graph)
{
	return graph != NULL && watch_is_on(graph) ? eyes_count(graph->watch->eyes) : 0;
}

uint32_t
ord_graph_generation(const struct ord_graph *graph)
{
	return graph != NULL && watch_is_on(graph) ? graph->watch->generation : 0;
}
