/*
 * Inputs are blocks of the master's own.  An output is its worker's block
 * until a BLOCK record has come; then it is held here, under an index that no
 * other block of the place has, until the user has done with it, and the
 * control word of that index tells the worker so.  What is held is known here
 * and not only there: a worker that dies leaves nothing that is freed twice
 * or never, and its successor is told what to leave alone.
 *
 * A result that the user keeps may outlive the pool and be freed by any
 * thread: therefore the stretch of a place counts who refers to it.
 */
#define _GNU_SOURCE /* getpid */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "pool/pool.h"

struct output_index {
	uint64_t offset; /* of the block that is held */
	uint64_t size;
	uint32_t taken; /* generations that have come */
	_Atomic uint32_t released;
};

struct outputs {
	_Atomic uint64_t references; /* the pool's, and one for each block that is held */
	pid_t owner;                 /* a child that it forks gives nothing back */
	const char *map;             /* to be read */
	struct slab_control *control;
	uint64_t stretch;
	uint64_t filled; /* there are pages up to here, whatever the worker does */
	struct output_index indices[SLAB_BLOCKS];
};

void
slabs_start(struct ord_pool *pool)
{
	struct pool_slabs *slabs = &pool->slabs;

	slabs->stretch = slab_stretch(pool->options.window_bytes);
	slabs->fd = slab_file(slabs->stretch, POOL_WORKERS_MAX);
}

static void
drop_reference(struct outputs *outputs)
{
	if (atomic_fetch_sub(&outputs->references, 1) != 1)
		return;
	slab_unmap(outputs->map, outputs->stretch);
	slab_unmap((char *)outputs->control, SLAB_CONTROL_SIZE);
	memory_free(outputs);
}

void
slabs_finish(struct ord_pool *pool)
{
	struct pool_slabs *slabs = &pool->slabs;

	for (uint32_t i = 0; i < slabs->n_outputs; i++)
		if (slabs->outputs[i] != NULL)
			drop_reference(slabs->outputs[i]);
	memory_free(slabs->outputs);
	slab_close(&slabs->inputs);
	fd_close(&slabs->fd);
	*slabs = (struct pool_slabs){ .fd = -1 };
}

/* --- inputs --- */

static void
give_back_input(void *owner, uint64_t handle)
{
	struct slab *inputs = owner;

	arena_give(&inputs->arena, handle);
}

static bool
open_inputs(struct pool_slabs *slabs)
{
	if (!slabs->tried && slabs->fd >= 0 &&
		slab_open(&slabs->inputs, slabs->fd, 0, ARENA_UNIT, slabs->stretch, SLAB_INPUTS) !=
			0)
		slab_close(&slabs->inputs);
	slabs->tried = true;
	return slabs->inputs.map != NULL;
}

int
slabs_put(
	struct ord_pool *pool, struct task *task, struct blob *feed, const void *input, size_t size)
{
	struct slab *inputs = &pool->slabs.inputs;
	struct slab_handle handle = { .size = size };
	struct blob_lease lease = { .give_back = give_back_input, .owner = inputs };
	char bytes[SLAB_INPUT_SIZE];
	const struct arena_block *block;

	if (!open_inputs(&pool->slabs))
		return -1;
	block = slab_take(inputs, size);
	if (block == NULL)
		return -1;
	handle.offset = lease.handle = block->offset;
	memcpy(inputs->map + handle.offset, input, size);
	slab_handle_put(bytes, &handle, sizeof bytes);
	/* The handle is counted too. */
	blob_borrow(feed, inputs->map + handle.offset, size - sizeof bytes, &lease);
	return blob_set(&task->input, bytes, sizeof bytes);
}

/* --- outputs --- */

static void
give_back_output(void *owner, uint64_t handle)
{
	struct outputs *outputs = owner;
	struct output_index *index = &outputs->indices[handle];
	uint32_t generation = index->taken;

	/* Behind the second store the block may come again. */
	if (getpid() == outputs->owner) {
		atomic_store(&index->released, generation);
		atomic_store(&outputs->control->released[handle], generation);
	}
	drop_reference(outputs);
}

static struct outputs *
new_outputs(const struct pool_slabs *slabs, uint32_t place)
{
	struct outputs *outputs = memory_new(1, sizeof *outputs);
	uint64_t offset = slab_place(slabs->stretch, place);

	if (outputs == NULL)
		return NULL;
	outputs->references = 1;
	outputs->owner = getpid();
	outputs->stretch = slabs->stretch;
	outputs->filled = SLAB_CONTROL_SIZE;
	if (slab_fill(slabs->fd, offset, SLAB_CONTROL_SIZE) == 0) {
		outputs->map = slab_map(slabs->fd, offset, slabs->stretch, 0);
		outputs->control = (struct slab_control *)(void *)slab_map(
			slabs->fd, offset, SLAB_CONTROL_SIZE, 1);
	}
	if (outputs->map == NULL || outputs->control == NULL) {
		drop_reference(outputs);
		return NULL;
	}
	/* Blocks may have been copied from there before. */
	for (uint32_t i = 0; i < SLAB_BLOCKS; i++) {
		outputs->indices[i].taken = atomic_load(&outputs->control->released[i]);
		atomic_store(&outputs->indices[i].released, outputs->indices[i].taken);
	}
	return outputs;
}

static int
make_room(struct pool_slabs *slabs, uint32_t place)
{
	uint32_t n = place + 1;
	struct outputs **list;

	if (place < slabs->n_outputs)
		return 0;
	list = memory_resize(slabs->outputs, n * sizeof(*list));
	if (list == NULL)
		return -1;
	memset(list + slabs->n_outputs, 0, (n - slabs->n_outputs) * sizeof(*list));
	slabs->outputs = list;
	slabs->n_outputs = n;
	return 0;
}

static struct outputs *
outputs_of(struct pool_slabs *slabs, uint32_t place)
{
	if (make_room(slabs, place) != 0)
		return NULL;
	if (slabs->outputs[place] == NULL)
		slabs->outputs[place] = new_outputs(slabs, place);
	return slabs->outputs[place];
}

void
slabs_hand_over(struct ord_pool *pool, uint32_t place)
{
	struct outputs *outputs = place < pool->slabs.n_outputs ? pool->slabs.outputs[place] : NULL;

	for (uint32_t i = 0; outputs != NULL && i < SLAB_BLOCKS; i++) {
		struct output_index *index = &outputs->indices[i];
		uint32_t released = atomic_load(&index->released);
		struct slab_held held = {
			.offset = index->offset, .size = index->size, .generation = index->taken
		};

		if (released == index->taken)
			held = (struct slab_held){ 0 };
		outputs->control->held[i] = held;
		atomic_store(&outputs->control->released[i], released);
	}
}

/* Is there such a place at all?  A NUL may stand behind the bytes. */
static bool
may_lie_there(const struct pool_slabs *slabs, const struct slab_handle *handle)
{
	return handle->index < SLAB_BLOCKS && handle->offset % ARENA_UNIT == 0 &&
		handle->offset >= SLAB_CONTROL_SIZE && handle->offset < slabs->stretch &&
		handle->size != 0 && handle->size <= RECORD_INPUT_MAX &&
		handle->size < slabs->stretch - handle->offset;
}

/* An index is used again only when its block was given back. */
static int
hold(struct outputs *outputs, const struct slab_handle *handle, struct blob *block)
{
	struct output_index *index = &outputs->indices[handle->index];
	struct blob_lease lease = { give_back_output, outputs, handle->index };

	if (atomic_load(&index->released) != index->taken || handle->generation != index->taken + 1)
		return -1;
	index->taken++;
	index->offset = handle->offset;
	index->size = (handle->size + ARENA_UNIT) / ARENA_UNIT * ARENA_UNIT;
	atomic_fetch_add(&outputs->references, 1);
	blob_borrow(block, outputs->map + handle->offset, handle->size, &lease);
	return 0;
}

/* The worker has asked for its pages; if it has not, a hole is no reason to be killed by one. */
static int
fill(const struct pool_slabs *slabs, uint64_t offset, struct outputs *outputs, uint64_t end)
{
	if (end <= outputs->filled)
		return 0;
	if (slab_fill(slabs->fd, offset + outputs->filled, end - outputs->filled) != 0)
		return -1;
	outputs->filled = end;
	return 0;
}

static int
read_at(int fd, char *to, uint64_t size, uint64_t offset)
{
	while (size != 0) {
		ssize_t got = pread(fd, to, size, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		to += got;
		offset += (uint64_t)got;
		size -= (uint64_t)got;
	}
	return 0;
}

static int
copy_out(const struct pool_slabs *slabs, uint64_t offset, const struct slab_handle *handle,
	struct blob *block)
{
	char *bytes = memory_resize(NULL, handle->size + 1);

	if (bytes == NULL ||
		read_at(slabs->fd, bytes, handle->size, offset + handle->offset) != 0) {
		memory_free(bytes);
		return -1;
	}
	bytes[handle->size] = '\0';
	blob_own(block, bytes, handle->size);
	return 0;
}

/* The control word of one that was never held; if it cannot be written its index is used up. */
static void
release(const struct pool_slabs *slabs, uint64_t offset, const struct slab_handle *handle)
{
	offset += offsetof(struct slab_control, released) + handle->index * sizeof(uint32_t);
	(void)!pwrite(slabs->fd, &handle->generation, sizeof handle->generation, (off_t)offset);
}

/* Without addresses or pages for it the block is copied and given back at once; without memory for that the task fails, and its worker is not to blame. */
static int
take_block(struct incarnation *incarnation, const struct slab_handle *handle)
{
	struct pool_slabs *slabs = &incarnation->pool->slabs;
	struct outputs *outputs = outputs_of(slabs, incarnation->place);
	uint64_t offset = slab_place(slabs->stretch, incarnation->place);
	struct blob held = { 0 };

	if (outputs != NULL && hold(outputs, handle, &held) != 0)
		return -1;
	if (outputs != NULL &&
		fill(slabs, offset, outputs, handle->offset + handle->size + 1) == 0) {
		incarnation->block = held;
		return 0;
	}
	incarnation->parts_lost |= copy_out(slabs, offset, handle, &incarnation->block) != 0;
	if (outputs == NULL)
		release(slabs, offset, handle);
	blob_finish(&held);
	return 0;
}

int
slabs_take(struct incarnation *incarnation, const struct record *record, struct slot *slot)
{
	const struct pool_slabs *slabs = &incarnation->pool->slabs;
	struct slab_handle handle;

	if (slabs->fd < 0 || record->size != SLAB_OUTPUT_SIZE || incarnation->parts.size != 0 ||
		incarnation->parts_lost)
		return -1;
	blob_finish(&incarnation->block); /* of a task that was settled before its RESULT came */
	slab_handle_get(&handle, record->payload, SLAB_OUTPUT_SIZE);
	if (!may_lie_there(slabs, &handle) || take_block(incarnation, &handle) != 0)
		return -1;
	if (slot == NULL) {
		blob_finish(&incarnation->block);
		incarnation->parts_lost = false;
	} else if (!incarnation->parts_lost) {
		incarnation->parts.size = handle.size;
		core_charge(&incarnation->pool->core, slot, (ptrdiff_t)handle.size);
	}
	return 0;
}

uint64_t
slabs_held(const struct ord_pool *pool)
{
	const struct pool_slabs *slabs = &pool->slabs;
	uint64_t held = slabs->inputs.arena.n;

	for (uint32_t i = 0; i < slabs->n_outputs; i++)
		if (slabs->outputs[i] != NULL)
			held += atomic_load(&slabs->outputs[i]->references) - 1;
	return held;
}
