/*
 * Memory for payloads that are too large to be copied through sockets.  One
 * memfd per pool: a stretch for inputs, which the master writes and workers
 * read, and behind it one for the outputs of each place, which its worker
 * writes and the master reads.  The file is as long as all of them could
 * become; pages are there only for what was used, allocated before they are
 * touched, and then they stay, because a page fault costs more than a copy.
 *
 *   page 0 | inputs … | outputs of place 0: control, blocks … | of place 1 …
 */
#ifndef SHARED_SLAB_H
#define SHARED_SLAB_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/arena.h"

#define SLAB_FROM 16384u  /* bytes of a payload that goes this way */
#define SLAB_BLOCKS 1024u /* outputs of one place that are there at the same time */
#define SLAB_INPUTS 4096u /* inputs of a pool */
#define SLAB_PERIOD_NS \
	UINT64_C(1000000000) /* pages that were not needed for two of them are given back */
#define SLAB_CONTROL_SIZE 32768u
#define SLAB_INPUT_SIZE 16u  /* on the wire, of an input: offset (8), size (8) */
#define SLAB_OUTPUT_SIZE 24u /* of an output: index (4) and generation (4) behind them */

/* An output that was there when the worker of a place began. */
struct slab_held {
	uint64_t offset; /* in the place's stretch */
	uint64_t size;
	uint32_t generation; /* 0: none */
	uint32_t reserved;
};

/* At the beginning of a place's stretch.  The master writes it; the worker reads it. */
struct slab_control {
	_Atomic uint32_t
		released[SLAB_BLOCKS]; /* the generation of each index that was given back last */
	struct slab_held held[SLAB_BLOCKS]; /* written before the worker starts */
};

/* Where a payload lies.  From another process it is input. */
struct slab_handle {
	uint64_t offset; /* in the stretch */
	uint64_t size;
	uint32_t index;      /* outputs: of its control word */
	uint32_t generation; /* outputs: how often that index was used, from 1 */
};

/* The bytes of a handle; of an input only the first 16. */
void slab_handle_put(char *to, const struct slab_handle *handle, size_t size);
void slab_handle_get(struct slab_handle *handle, const char *from, size_t size);

/* How long a stretch is, for a pool that holds so many bytes: only addresses, not memory. */
uint64_t slab_stretch(uint64_t window_bytes);

/* Make the memfd for inputs and so many places, sealed against any other size; -1 with errno. */
int slab_file(uint64_t stretch, uint32_t places);

/* Where a place's stretch begins in the file. */
static inline uint64_t
slab_place(uint64_t stretch, uint32_t place)
{
	return stretch * (1 + (uint64_t)place);
}

/*
 * Map a stretch: nothing of it goes into a core file, and a readable zero
 * stands behind it; NULL with errno.
 */
char *slab_map(int fd, uint64_t offset, uint64_t size, int writable);
void slab_unmap(const char *map, uint64_t size);

/* Have pages for a part of the file; what they hold stays.  0 or -1 with errno. */
int slab_fill(int fd, uint64_t offset, uint64_t size);

/* One process's own blocks in a stretch that it writes. */
struct slab {
	int fd;
	uint64_t offset;    /* of the stretch in the file */
	char *map;          /* NULL: there is none */
	uint64_t filled;    /* pages are there up to this */
	uint64_t looked_ns; /* when it was looked last whether all of them are needed */
	struct arena arena;
};

/* Map a stretch for writing; blocks lie from begin on.  0 or -1 with errno or without memory. */
int slab_open(
	struct slab *slab, int fd, uint64_t offset, uint64_t begin, uint64_t size, uint32_t most);

/* A block whose pages are there; NULL: no room, or no memory.  Valid until the next call on the arena. */
struct arena_block *slab_take(struct slab *slab, uint64_t size);

/* Unmap and forget; fine on a zeroed struct. */
void slab_close(struct slab *slab);

#endif
