/*
 * What a file may say: a row for each key, from which the loader, the hints of
 * errors and the JSON Schema for editors are made.
 *
 * To add a key: a field in file.h, a row in keys.c; the rest follows.
 */
#ifndef GRAPH_KEYS_H
#define GRAPH_KEYS_H

#include <stddef.h>
#include <stdint.h>

enum key_kind {
	KEY_TEXT,     /* struct file_text */
	KEY_TEXTS,    /* struct file_texts: a list, or one text */
	KEY_COMMAND,  /* struct file_command: text, or a list of it */
	KEY_BOOL,     /* the numbers are struct file_number */
	KEY_INT,      /* or one of words, which is 0 */
	KEY_DECIMAL,  /* in hundredths */
	KEY_DURATION, /* in milliseconds */
	KEY_WORD,     /* the place among words; "tail:N" takes a number, << 8 */
	KEY_SIGNAL,
	KEY_PAIRS,  /* struct file_pairs: a map of text */
	KEY_STRUCT, /* the struct of section, in place */
	KEY_ITEMS,  /* struct file_items: a list of the section's structs */
	KEY_NAMED,  /* struct file_items: a map of them, the name is the first field */
	KEY_UNITS   /* struct file_items of file_lock: a list of names and of {name: units} */
};

enum key_flags {
	KEY_ONE_OF = 1,    /* of the keys that have it exactly one must be given */
	KEY_SHORT = 2,     /* what stands instead of a map is the value of this key */
	KEY_NEEDED = 4,    /* it must be given */
	KEY_LOSSLESS = 8,  /* a # behind it is an error, not a comment */
	KEY_NOT_EMPTY = 16 /* "" is an error */
};

struct section;

struct key {
	const char *name;
	const char *purpose;
	const struct section *section;
	const char *words; /* "queue restart" */
	int64_t least, most;
	uint32_t offset; /* of its field in the section's struct */
	uint8_t kind;
	uint8_t flags;
};

struct section {
	const char *name; /* with its article: "a proc" */
	const struct key *keys;
	uint32_t n;
	uint32_t size; /* of its struct */
};

extern const struct section keys_file;
extern const struct section keys_proc; /* of one proc */

/* The row of a key, or NULL. */
const struct key *keys_find(const struct section *section, const char *name, size_t size);

/* The key that was probably meant, or NULL. */
const char *keys_nearest(const struct section *section, const char *name, size_t size);

/* The row that a value is for which is no map; NULL: there is none. */
const struct key *keys_short(const struct section *section);

/* The number of a word among words, or -1; *number is what stands behind "word:". */
int keys_word(const char *words, const char *text, int64_t *number);

#endif
