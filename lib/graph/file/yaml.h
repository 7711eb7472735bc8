/*
 * YAML as a tree: maps in their order, lists, and scalars that are text
 * whatever they look like; JSON is YAML.  What is dangerous or means something
 * else than it seems is an error: a key twice, tags, merge keys, a second
 * document, aliases without bound.
 */
#ifndef GRAPH_YAML_H
#define GRAPH_YAML_H

#include <stdint.h>

#include "base/error.h"
#include "graph/file/blocks.h"
#include "graph/file/source.h"

#define TREE_DEPTH_MOST 64
#define TREE_ANCHORS_MOST 1000
#define TREE_ALIASED_MOST 100000         /* values that stand behind aliases */
#define TREE_TEXT_MOST ((size_t)1 << 20) /* bytes of a scalar */

enum tree_kind { TREE_TEXT, TREE_LIST, TREE_MAP };
enum tree_style { TREE_PLAIN, TREE_QUOTED, TREE_BLOCK };

struct tree {
	struct tree *next;  /* behind it in its list or map */
	struct tree *first; /* in this list or map */
	const char *text;   /* text[size] and a NUL; of TREE_TEXT */
	const char *key;    /* key[key_size] and a NUL; in a map */
	uint32_t size;
	uint32_t key_size;
	uint32_t at; /* where it stands in the source */
	uint32_t key_at;
	uint32_t comment_at; /* a # behind plain text on its line; 0: none */
	uint32_t n;          /* in this list or map */
	uint32_t weight;     /* values in it, and itself */
	uint8_t kind;
	uint8_t style;
	uint8_t height; /* of lists and maps in it, and itself */
};

/* Read all of a source.  0 with a tree in blocks, or ORD_EINVAL or ORD_ENOMEM with a sentence. */
int tree_read(const struct source *source, struct blocks *blocks, struct tree **tree,
	struct error *error);

/* What it is, for a sentence: "text", "a list", "a map". */
const char *tree_kind_name(const struct tree *tree);

#endif
