/*
 * The files of a definition, as it names them: what its procs read and make,
 * and how that is compared.  Part of a definition.
 */
#ifndef GRAPH_TRACKED_H
#define GRAPH_TRACKED_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/graph.h>

#include "graph/names/shell.h"

struct making;

/* Names that a callback says. */
struct asked {
	ord_names_fn names;
	void *user;
};

/* An output of which there is more to say: the word of .outputs at `word`, or what a callback says. */
struct special_output {
	struct asked asked; /* names NULL: a word */
	uint64_t max_age_ns;
	uint32_t word;
	uint32_t fresh; /* a run must write it */
	uint32_t optional;
};

struct tracked {
	struct text inputs;  /* paths and globs */
	struct text regexes; /* of inputs */
	struct text ignore;
	struct text outputs;            /* with those of special outputs behind the others */
	struct text depfile;            /* one word, or none */
	struct asked *asked;            /* for inputs, n_asked */
	struct special_output *special; /* n_special */
	char *version;
	uint32_t n_asked, n_special;
	uint8_t fingerprint; /* enum ord_fingerprint; 0: the graph's */
	uint8_t outputs_exist, no_skip, all_params;
};

/* Fill definition->tracked; a status with the sentence. */
int tracked_read(const struct making *making);

void tracked_finish(struct tracked *tracked);

/* Whether it names an output. */
int tracked_makes(const struct tracked *tracked);

#endif
