/*
 * Whether a proc has to run: what is known of its last success against what
 * is there now, without any I/O.  Everything is compared by equality, nothing
 * is ever "newer".
 *
 * Lists are sorted: parts and deps by name, files by path, as bytes.
 */
#ifndef GRAPH_STALE_H
#define GRAPH_STALE_H

#include <stddef.h>
#include <stdint.h>

#include "graph/history/digest.h"

enum file_kind {
	FILE_MISSING = 0, /* nothing there, or a link to nothing */
	FILE_REGULAR,
	FILE_DIRECTORY,
	FILE_OTHER /* a device, a socket, a fifo: it is there, and never read */
};

/* A file as it was looked at. */
struct file {
	const char *path;
	uint32_t kind;
	uint32_t hashed; /* hash is known */
	uint64_t size;
	uint64_t inode;
	int64_t mtime_ns;
	int64_t looked_ns; /* the wall clock when it was looked at, before that */
	struct digest hash;
};

/* A part of what defines a proc: "command", "cwd", "env CFLAGS", "arg target", "param opt" … and its text. */
struct part {
	const char *name;
	const char *value;
};

/* Versions from here on are of what a dry run did not make: nobody has consumed them. */
#define VERSION_UNREAL (UINT64_C(1) << 63)

/* A dependency and the version of it that was, or would be, consumed. */
struct dep {
	const char *name;
	uint64_t version; /* 0: it has none, it never succeeded */
};

/* How the last attempt to make it ended. */
enum attempt {
	ATTEMPT_ENDED = 0, /* well: the record is of it */
	ATTEMPT_UNFINISHED,
	ATTEMPT_FAILED
};

/* What is known of a proc from its last success. */
struct record {
	struct part *parts;
	struct file *inputs; /* as they were before the start */
	struct file *found;  /* what its depfile named, as before the start */
	struct dep *deps;
	struct file *outputs; /* as they were after the end */
	const char *result;   /* result[result_size]; NULL if that is 0 */
	uint32_t n_parts, n_inputs, n_found, n_deps, n_outputs;
	uint32_t attempts;
	uint64_t result_size;
	struct digest result_hash;
	uint64_t
		version; /* stays when a run changes neither outputs nor result; 0: never succeeded */
	int64_t start_ns, end_ns; /* wall clock */
	uint64_t user_ns, system_ns, memory_bytes;
	uint64_t mean_ns; /* duration that is to be expected, 0: not known */
	double weight;    /* of the durations in the mean */
	uint32_t attempt; /* enum attempt: of the newest one */
};

enum force {
	FORCE_NOT = 0,
	FORCE_ASKED, /* by name */
	FORCE_FULL,
	FORCE_NO_SKIP,
	FORCE_ALWAYS
};

enum fingerprint {
	FINGERPRINT_BOTH = 0, /* the stat; where that differs, the content */
	FINGERPRINT_MTIME,    /* the stat only, but where it proves nothing */
	FINGERPRINT_HASH      /* the content */
};

/*
 * The content of a file as it is now; it is asked for as rarely as can be.
 * Returns 0, or -1 if it cannot be known: then the file counts as changed.
 */
typedef int (*stale_hash_fn)(void *user, const struct file *file, struct digest *hash);

/* What is there now. */
struct now {
	const struct part *parts;
	const struct file *inputs;
	const struct file *found;   /* the record's found, looked at now: one for one */
	const struct file *outputs; /* the record's outputs, looked at now: one for one */
	const struct dep *deps;
	const uint64_t *max_ages_ns; /* of the outputs, one for one, 0: none; or NULL */
	uint32_t n_parts, n_inputs, n_deps;
	uint32_t force;         /* enum force */
	uint32_t fingerprint;   /* enum fingerprint */
	uint32_t outputs_exist; /* that outputs are there is enough */
	int64_t wall_ns;
	uint64_t
		grain_ns; /* times closer to each other than this may be the same one to the file system; 0: 20 ms */
	stale_hash_fn hash;
	void *user;
};

/* In the order in which they are looked for; the first one is the headline. */
enum reason_kind {
	REASON_FORCED = 1,
	REASON_NO_RECORD,
	REASON_ATTEMPT,
	REASON_DEFINITION,
	REASON_NOTHING_TO_COMPARE,
	REASON_INPUT_SET,
	REASON_INPUT,
	REASON_DEP,
	REASON_OUTPUT_MISSING,
	REASON_OUTPUT_CHANGED,
	REASON_OUTPUT_OLD
};

/* What about it. */
enum reason_detail {
	DETAIL_NONE = 0,
	DETAIL_ADDED,
	DETAIL_REMOVED,
	DETAIL_TEXT,    /* old_text, new_text */
	DETAIL_KIND,    /* old_number, new_number: enum file_kind */
	DETAIL_SIZE,    /* old_number, new_number */
	DETAIL_TIME,    /* mtime or inode, the content was not looked at */
	DETAIL_HASH,    /* old_hash, new_hash */
	DETAIL_UNKNOWN, /* the content of one of the two is not known */
	DETAIL_VERSION, /* old_number, new_number */
	DETAIL_AGE      /* old_number: allowed, new_number: ns */
};

/* One reason; its texts are those of the record and of now. */
struct reason {
	uint32_t kind; /* enum reason_kind */
	uint32_t
		detail; /* enum reason_detail; REASON_FORCED: enum force, REASON_ATTEMPT: enum attempt */
	const char *name; /* of the part, the dep or the file; NULL: none */
	const char *old_text, *new_text;
	uint64_t old_number, new_number;
	struct digest old_hash, new_hash;
};

/* A zeroed struct is empty. */
struct reasons {
	struct reason *items;
	uint32_t n, capacity;
	uint32_t
		refreshed; /* files of the record whose stat was brought up to date, as their content is the same */
};

/*
 * Compare.  record may be NULL: there is none.  The stat of a file whose
 * content turns out to be the same is refreshed in the record.
 *
 * Returns 0 with all reasons, none if the proc is up to date; -1 without memory.
 * Cost: linear, plus what hash costs for files whose stat differs or proves nothing.
 */
int stale_judge(struct record *record, const struct now *now, struct reasons *reasons);

void reasons_finish(struct reasons *reasons);

/*
 * Whether the stat of a file alone will not show a later change, because it
 * was written just before it was looked at.  Such a file is hashed when it is
 * recorded, whatever the fingerprint.
 */
int stale_is_racy(const struct file *file, uint64_t grain_ns);

/*
 * Early cutoff: whether a run that ended with these outputs and this result
 * has changed nothing, so that the version stays.  What is not hashed is not equal.
 */
int stale_same_outcome(const struct record *record, const struct file *outputs, uint32_t n_outputs,
	const struct digest *result_hash);

/* The mean with one more duration in it; of the last ten the newer ones weigh more, each 0.8 of the next. */
void stale_add_duration(struct record *record, uint64_t duration_ns);

/* Sort as a record is sorted. */
void stale_sort_parts(struct part *parts, uint32_t n);
void stale_sort_files(struct file *files, uint32_t n);
void stale_sort_deps(struct dep *deps, uint32_t n);

/*
 * A reason as a sentence without a full stop; cut to size, always ends with a NUL.
 * Bytes that are no text are shown as \n or \xff.  Returns the length.
 */
size_t reason_text(const struct reason *reason, char *to, size_t size);

#endif
