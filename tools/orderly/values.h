/*
 * The values of options: from text to number.  Each function returns NULL, or
 * a sentence that says what is wrong with the text and what would be right.
 */
#ifndef TOOL_VALUES_H
#define TOOL_VALUES_H

#include <stddef.h>
#include <stdint.h>

#define JOBS_MAX 4096 /* as many as a pool takes */

enum halt_when { HALT_NEVER, HALT_SOON, HALT_NOW };
enum halt_what { HALT_FAIL, HALT_SUCCESS, HALT_DONE };

/* After which task everything ends, and how. */
struct halt_rule {
	enum halt_when when;
	enum halt_what what; /* which tasks count */
	uint64_t count;      /* how many of them */
};

enum progress_style { PROGRESS_AUTO, PROGRESS_BAR, PROGRESS_PLAIN, PROGRESS_JSON, PROGRESS_NONE };

/*
 * N, +N, -N, N% or 0.
 *
 * processors  what + - and % refer to
 * most        what 0 means
 */
const char *values_jobs(const char *text, uint32_t processors, uint32_t most, uint32_t *jobs);

/* Seconds, with a fraction and a suffix: 2, 0.5, 10s, 5m, 2h, 1d; out in milliseconds. */
const char *values_time(const char *text, uint32_t *milliseconds);

/* Characters, with the escapes of C; writes delimiter[*size], size at most the text's. */
const char *values_delimiter(const char *text, char *delimiter, size_t *size);

/* never, now or soon,fail=N or success=N or done=N. */
const char *values_halt(const char *text, struct halt_rule *rule);

/* Bytes: a number, with a fraction and a suffix: k, m, g, t are powers of 1000, K, M, G, T of 1024. */
const char *values_size(const char *text, uint64_t *bytes);

/* As values_size, in MiB, rounded up. */
const char *values_mebibytes(const char *text, uint32_t *mebibytes);

/* The same for a limit: 1 MiB or more. */
const char *values_limit(const char *text, uint32_t *mebibytes);

/* Of open files: 32 or more. */
const char *values_files(const char *text, uint32_t *files);

/* A load average, or one in per cent of the processors; out in hundredths, at least 1. */
const char *values_load(const char *text, uint32_t processors, uint32_t *hundredths);

const char *values_progress(const char *text, enum progress_style *style);

#endif
