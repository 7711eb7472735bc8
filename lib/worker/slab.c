/*
 * Large payloads in a worker: an input is read where the master has written
 * it, an output lies in a block of this place's stretch from the moment that
 * its size is known.  The blocks are this process's to give out; the master
 * says in the control words which of them it has done with.  Where there is no
 * room an output is memory of this process, and goes in PARTs.
 */
#define _POSIX_C_SOURCE 200809L /* pread */
#include "worker/worker.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <orderly/status.h>

#include "base/memory.h"

#define UNTAKEN_MAX \
	(UINT64_C(4) \
		<< 20) /* bytes of outputs that the master need not have taken, beside one output */

enum output_state { OUTPUT_FREE = 0, OUTPUT_RESERVED, OUTPUT_COMMITTED };

/* A block and its index. */
struct worker_output {
	uint64_t offset;
	uint64_t size;
	uint64_t position;   /* in the stream of results, behind its record */
	uint32_t generation; /* that came last */
	uint32_t state;      /* enum output_state */
};

/* --- inputs --- */

static int
read_input(struct worker *worker, const struct slab_handle *handle)
{
	struct buffer *copy = &worker->slab.copy;

	copy->size = 0;
	if (buffer_reserve(copy, handle->size) != 0)
		return -1;
	while (copy->size < handle->size) {
		ssize_t got = pread(worker->slab.fd, copy->bytes + copy->size,
			handle->size - copy->size, (off_t)(handle->offset + copy->size));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		copy->size += (size_t)got;
	}
	return 0;
}

int
slab_find_input(struct worker *worker, const char *bytes)
{
	struct worker_slab *slab = &worker->slab;
	struct slab_handle handle;

	slab_handle_get(&handle, bytes, SLAB_INPUT_SIZE);
	if (handle.offset > slab->stretch || handle.size > slab->stretch - handle.offset)
		return -1;
	if (!slab->tried_inputs)
		slab->inputs = slab_map(slab->fd, 0, slab->stretch, 0);
	slab->tried_inputs = true;
	worker->task.input_size = handle.size;
	worker->task.input = slab->inputs + handle.offset;
	if (slab->inputs != NULL)
		return 0;
	/* Addresses may be limited (ulimit -v). */
	if (read_input(worker, &handle) != 0)
		return -1;
	worker->task.input = slab->copy.bytes;
	return 0;
}

/* --- blocks for outputs --- */

static struct slab_control *
control_of(const struct worker *worker)
{
	return (struct slab_control *)(void *)worker->slab.outputs.map;
}

/* What predecessors at this place had committed stays until the master gives it back. */
static int
note_held(struct worker *worker)
{
	const struct slab_control *control = control_of(worker);
	struct worker_slab *slab = &worker->slab;

	for (uint32_t i = 0; i < SLAB_BLOCKS; i++) {
		struct slab_held held = control->held[i];
		struct worker_output *output = &slab->list[i];

		output->generation = atomic_load(&control->released[i]);
		if (held.generation == 0)
			continue;
		output->generation = held.generation;
		output->state = OUTPUT_COMMITTED;
		output->offset = held.offset;
		output->size = held.size;
		slab->n_list = i + 1;
		if (arena_note(&slab->outputs.arena, held.offset, held.size) == NULL)
			return -1;
	}
	return 0;
}

static bool
open_outputs(struct worker *worker)
{
	struct worker_slab *slab = &worker->slab;

	if (slab->tried_outputs || slab->stretch == 0)
		return slab->list != NULL;
	slab->tried_outputs = true;
	slab->list = memory_new(SLAB_BLOCKS, sizeof *slab->list);
	if (slab->list == NULL)
		return false;
	if (slab_open(&slab->outputs, slab->fd, slab_place(slab->stretch, worker->place),
		    SLAB_CONTROL_SIZE, slab->stretch, SLAB_BLOCKS) == 0 &&
		note_held(worker) == 0)
		return true;
	slab_close(&slab->outputs);
	memory_free(slab->list);
	slab->list = NULL;
	return false;
}

static void
free_output(struct worker *worker, struct worker_output *output)
{
	arena_give(&worker->slab.outputs.arena, output->offset);
	output->state = OUTPUT_FREE;
}

/* Free what the master has done with; how many bytes it has not yet taken. */
static uint64_t
collect(struct worker *worker)
{
	const struct slab_control *control = control_of(worker);
	struct worker_slab *slab = &worker->slab;
	uint64_t untaken = 0;

	for (uint32_t i = 0; i < slab->n_list; i++) {
		struct worker_output *output = &slab->list[i];

		if (output->state != OUTPUT_COMMITTED)
			continue;
		if (atomic_load(&control->released[i]) == output->generation)
			free_output(worker, output);
		else if (output->position > worker->outbox.seen)
			untaken += output->size;
	}
	while (slab->n_list != 0 && slab->list[slab->n_list - 1].state == OUTPUT_FREE)
		slab->n_list--;
	return untaken;
}

static struct worker_output *
free_index(struct worker_slab *slab)
{
	for (uint32_t i = 0; i < slab->n_list; i++)
		if (slab->list[i].state == OUTPUT_FREE)
			return &slab->list[i];
	return slab->n_list < SLAB_BLOCKS ? &slab->list[slab->n_list++] : NULL;
}

/* What a task reserved and did not return. */
static void
drop_reserved(struct worker *worker)
{
	if (worker->slab.reserved == NULL)
		return;
	free_output(worker, worker->slab.reserved);
	worker->slab.reserved = NULL;
}

static char *
bytes_of(const struct worker *worker)
{
	return worker->slab.outputs.map + worker->slab.reserved->offset;
}

/* A block for so many bytes and a NUL; NULL: there is none.  In a child of the task nothing is ours to give out. */
static char *
reserve(struct ord_task *task, size_t size)
{
	struct worker *worker = task->worker;
	struct worker_output *output;
	struct arena_block *block;

	if (*worker->alive == 0 || !open_outputs(worker))
		return NULL;
	drop_reserved(worker);
	collect(worker);
	output = free_index(&worker->slab);
	if (output == NULL)
		return NULL;
	block = slab_take(&worker->slab.outputs, size + 1);
	if (block == NULL)
		return NULL;
	output->offset = block->offset;
	output->size = block->size;
	output->state = OUTPUT_RESERVED;
	worker->slab.reserved = output;
	return bytes_of(worker);
}

/* --- what tasks call --- */

int
ord_task_reserve(struct ord_task *task, size_t size, void **to)
{
	if (to == NULL)
		return task_complain(task, ORD_EINVAL, "ord_task_reserve: to is NULL");
	*to = NULL;
	if (size > RECORD_INPUT_MAX)
		return task_complain(task, ORD_ETOOBIG,
			"ord_task_reserve: more than 1 GiB: return the name of a file instead");
	task->output.size = 0;
	if (size >= SLAB_FROM)
		*to = reserve(task, size);
	task->in_slab = *to != NULL;
	if (*to == NULL) {
		if (buffer_reserve(&task->output, size != 0 ? size : 1) != 0)
			return task_complain(task, ORD_ENOMEM, "ord_task_reserve: out of memory");
		*to = task->output.bytes;
	}
	task->output.size = size;
	return 0;
}

static bool
lies_in(const char *bytes, size_t size, const char *room, size_t room_size)
{
	return room != NULL && (uintptr_t)bytes >= (uintptr_t)room &&
		(uintptr_t)bytes - (uintptr_t)room <= room_size &&
		size <= room_size - ((uintptr_t)bytes - (uintptr_t)room);
}

int
slab_return(struct ord_task *task, const char *output, size_t size)
{
	struct worker *worker = task->worker;
	struct buffer *near = &task->output;
	char *to;

	/* What was reserved is there already, but perhaps not at the beginning. */
	if (*worker->alive != 0 && worker->slab.reserved != NULL && task->in_slab &&
		lies_in(output, size, bytes_of(worker), worker->slab.reserved->size - 1)) {
		memmove(bytes_of(worker), output, size);
		near->size = size;
		return 0;
	}
	if (lies_in(output, size, near->bytes, near->capacity))
		return -1;
	to = reserve(task, size);
	if (to == NULL)
		return -1;
	memcpy(to, output, size);
	task->in_slab = true;
	near->size = size;
	return 0;
}

/* --- at the end of a task --- */

/*
 * A record is small, so the ring would let a worker run far ahead of a master
 * that may not take more: so it waits for room here as it would there.
 */
static void
await_taking(struct worker *worker, uint64_t size)
{
	uint64_t untaken;

	while (outbox_look_for_room(&worker->outbox, 0) != NULL && (untaken = collect(worker)) != 0 &&
		untaken + size > UNTAKEN_MAX)
		worker->drain(worker);
}

static void
commit(struct worker *worker, size_t size)
{
	struct worker_output *output = worker->slab.reserved;
	struct slab_handle handle = { .offset = output->offset,
		.size = size,
		.index = (uint32_t)(output - worker->slab.list),
		.generation = output->generation + 1 };

	bytes_of(worker)[size] = '\0';
	await_taking(worker, output->size);
	emit(worker,
		&(struct emission){ .kind = RECORD_BLOCK,
			.last = true,
			.head = &handle,
			.head_size = SLAB_OUTPUT_SIZE });
	output->generation++;
	output->state = OUTPUT_COMMITTED;
	output->position = worker->outbox.position;
	worker->slab.reserved = NULL;
}

const char *
slab_answer(struct worker *worker, const char *body, size_t *size, size_t rest)
{
	if (worker->task.in_slab) {
		commit(worker, *size);
		*size = 0;
		return "";
	}
	for (size_t piece; *size > rest; *size -= piece, body += piece) {
		size_t pieces = (*size + RECORD_PAYLOAD_MAX - 1) / RECORD_PAYLOAD_MAX;

		piece = *size < RECORD_PAYLOAD_MAX ? *size : RECORD_PAYLOAD_MAX;
		emit(worker,
			&(struct emission){ .kind = RECORD_PART,
				.value = (uint16_t)pieces,
				.body = body,
				.body_size = piece });
	}
	return body;
}
