/* What tests of job lists have in common: a table of the stores that are built in, and calls whose sentence is shown. */
#ifndef JOBS_LISTS_H
#define JOBS_LISTS_H

#include "../flow/scene.h"

#include <orderly/jobs.h>

/* A list in a store, for one scene. */
struct list_at {
	const char *scheme;
	const char *but; /* the store that EACH_STORE_BUT leaves out */
	char address[300];
	struct ord_jobs *first; /* "memory:": the object that others are beside */
	char folder[160];       /* "sqlite:" and "dir:": removed by lists_end */
};

/*
 * A program that defines this has a server of PostgreSQL for its lists, if one is installed and the store is
 * built in; 2: it has no tests without, and is skipped.
 */
extern const int lists_server __attribute__((weak));

#define SERVER "ORD_TEST_SERVER" /* the server's folder, in the environment of all processes of such a program */

/* A list of its own on the server, and its removal. */
void lists_on_server(struct list_at *at);
void lists_off_server(struct list_at *at);

/* Say something to the database of a list, in any store but memory. */
void lists_sql(const struct list_at *at, const char *text);
/* The same for one number. */
long long lists_number(const struct list_at *at, const char *text);

/* Tell the server: stop, crash or start. */
void lists_tell_server(const char *command);

/* Every store that is built in, one after the other: each with a fresh list. */
#define EACH_STORE(at) EACH_STORE_BUT(at, NULL)
/* All but one: "memory" is for one process only, in "dir" a job is at one place only. */
#define EACH_STORE_BUT(at, but) struct list_at at = lists_first(but); at.scheme != NULL; lists_next(&at)

struct list_at lists_first(const char *but);
void lists_next(struct list_at *at);

/* A fresh list in this store, and its end. */
struct list_at lists_only(const char *scheme);
void lists_end(struct list_at *at);

/* A taker of the list; the options' beside is set. */
struct ord_jobs *lists_open(struct list_at *at, const struct ord_jobs_options *options);

#define OPEN(at, ...) lists_open((at), &ORD_JOBS_OPTIONS(__VA_ARGS__))

/* A call that must return `status`, with a sentence that holds `word`. */
#define JOBS_SAYS(jobs, call, status, word) lists_says((jobs), (call), (status), (word), #call, __FILE__, __LINE__)
#define JOBS_OK(jobs, call) JOBS_SAYS(jobs, call, 0, "")

void lists_says(struct ord_jobs *jobs, int status, int wanted, const char *word, const char *what, const char *file,
	int line);

/* An open of the address that must return `status`, with a sentence that holds `word` and not the password "hush". */
#define REFUSES(address, options, status, word) lists_refuse((address), (options), (status), (word), __FILE__, __LINE__)

void lists_refuse(const char *address, const struct ord_jobs_options *options, int status, const char *word,
	const char *file, int line);

/* Add a job that must be right. */
#define ADD(jobs, ...) JOBS_OK(jobs, ord_jobs_add((jobs), &ORD_JOB(__VA_ARGS__)))

/* Take one whose name must be this. */
#define TAKE(jobs, wanted) lists_take((jobs), (wanted), __FILE__, __LINE__)

struct ord_job *lists_take(struct ord_jobs *jobs, const char *name, const char *file, int line);

/* The state of a job; 0: there is none. */
int lists_state(struct ord_jobs *jobs, const char *name);
uint32_t lists_attempt(struct ord_jobs *jobs, const char *name);

struct ord_job_counts lists_counts(struct ord_jobs *jobs);

/* --- several processes --- */

/* Memory that all processes of a scene see, of zeros. */
void *lists_shared(size_t size);

/* So many children end well. */
void lists_await(unsigned n);

/* A process that opens the list, begins something, and then does nothing until it is killed. Returns when it has begun. */
pid_t lists_holder(struct list_at *at, const struct ord_jobs_options *options, void (*begin_with)(struct ord_jobs *jobs));

/* How often: what the environment says, or else the usual. */
unsigned lists_rounds(const char *name, unsigned usual);

#endif
