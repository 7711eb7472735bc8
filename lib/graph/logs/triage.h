/*
 * What of a log is worth showing.  Pure: bytes are read through a callback in
 * pieces, some of them twice, and lines come out; nothing is kept of a log but
 * where some of its lines lie.
 */
#ifndef GRAPH_TRIAGE_H
#define GRAPH_TRIAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "graph/inputs/globs.h"

#define TRIAGE_AROUND 2u          /* lines before and behind one with a keyword */
#define TRIAGE_TAIL 16u           /* lines of a failed proc without keywords */
#define TRIAGE_TAIL_MAX 100000u   /* lines that can be asked for */
#define TRIAGE_SHOWN_MAX 16384u   /* bytes of a line that are shown */
#define TRIAGE_MATCHED_MAX 65536u /* bytes of a line that a regex sees */
#define TRIAGE_GAP "...\n"        /* between lines that do not follow each other */

/* Lines that are no trouble. */
struct triage_ignore {
	struct regex regex;
	uint32_t when; /* an enum ord_log_ignore_when */
};

struct triage_rules {
	const struct triage_ignore *ignore; /* [n_ignore] */
	uint32_t n_ignore;
	uint32_t show;  /* an enum ord_log_on_failure, not 0 */
	uint32_t lines; /* of ORD_LOG_TAIL, up to TRIAGE_TAIL_MAX */
	int failed;
};

/* size bytes at most, from offset on; how many there were, 0: no more, -1 with errno. */
typedef ssize_t (*triage_read_fn)(void *user, void *to, size_t size, uint64_t offset);

/* Takes a line with its newline, or of ORD_LOG_FULL a piece; anything but 0 ends it all. */
typedef int (*triage_write_fn)(const char *text, size_t size, void *user);

struct triage_ends {
	triage_read_fn read;
	void *read_user;
	triage_write_fn write;
	void *write_user;
};

/* 0, -1 with errno (ENOMEM, or what reading said), or what write returned. */
int triage(const struct triage_rules *rules, const struct triage_ends *ends);

#endif
