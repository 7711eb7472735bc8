/*
 * `orderly jobs`: one action on a list.  The table below has them; working and
 * looking are in files of their own.  To add one: a row, its function, and its
 * paragraph in docs/man/orderly-jobs.1.
 */
#include "jobs.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "columns.h"
#include "complain.h"
#include "jobs_filter.h"
#include "json.h"
#include "text.h"

#define SENTENCE_MOST 2000 /* columns */

void
jobs_say(const char *sentence)
{
	struct text line = { 0 };

	/* A name may be part of it, and what it has does nothing to a terminal. */
	columns_cut(&line, sentence, strlen(sentence), SENTENCE_MOST);
	complain("%.*s", (int)line.size, line.bytes);
	text_finish(&line);
}

int
jobs_complain(struct ord_jobs *jobs)
{
	jobs_say(ord_jobs_error(jobs));
	return JOBS_TROUBLE;
}

int
jobs_cannot_print(void)
{
	complain_errno(errno, "cannot write the jobs");
	/* It has been said. */
	__fpurge(stdout);
	clearerr(stdout);
	return JOBS_TROUBLE;
}

struct ord_jobs *
jobs_open(const struct jobs_options *options, struct ord_jobs_options *own)
{
	const char *const *label = options->labels;
	bool fills = strcmp(options->action, "add") == 0 || strcmp(options->action, "import") == 0;
	struct ord_jobs *jobs;
	int status;

	if (fills && strncmp(options->store, "memory:", strlen("memory:")) == 0) {
		complain("a list in memory: is gone when this command ends: say sqlite:PATH");
		return NULL;
	}
	own->labels = *label != NULL ? label : NULL;
	own->failed_retries = options->failed_retries;
	own->killed_retries = options->killed_retries;
	own->heartbeat_ms = options->heartbeat_ms;
	own->timeout_ms = options->timeout_ms;
	own->on_failure = options->stop_on_failure ? ORD_JOBS_STOP : ORD_JOBS_CONTINUE;
	own->sync_ms = options->sync_ms;
	own->stale_ms = options->stale_ms;
	own->pick = options->pick;
	own->job_ext = options->job_ext;
	status = ord_jobs_new(&jobs, own);
	if (status == ORD_ENOMEM)
		complain_memory();
	if (status != 0) {
		complain("a label, or the name of the taker, is not valid: no blanks, no '/'");
		return NULL;
	}
	if (ord_jobs_open(jobs, options->store) != 0) {
		jobs_complain(jobs);
		ord_jobs_destroy(&jobs);
	}
	return jobs;
}

/* For what is done at once: a list that must be there. */
static struct ord_jobs *
open_existing(const struct jobs_options *options)
{
	return jobs_open(options, &ORD_JOBS_OPTIONS(.must_exist = 1));
}

/* --- take, done, fail: the taker is the process that calls these, a shell as a rule --- */

static struct ord_jobs *
open_for_parent(const struct jobs_options *options, struct jobs_filter *filter)
{
	struct ord_jobs_options own = ORD_JOBS_OPTIONS(.taker = options->taker, .must_exist = 1, .wait = options->wait,
		.pid = options->pid != 0 ? options->pid : (int32_t)getppid());

	jobs_filter_set(filter, options, &own);
	return jobs_open(options, &own);
}

/* Who does not hear which one it is cannot end it: it goes back. */
static int
print_job(struct ord_job *job, bool json)
{
	struct text line = { 0 };
	bool fine;
	size_t size;
	const char *payload = ord_job_payload(job, &size);

	if (json) {
		text_add_byte(&line, '{');
		json_text(&line, "name", ord_job_name(job));
		json_number(&line, "attempt", ord_job_attempt(job));
		json_text(&line, "taker", ord_job_taker(job));
		json_name(&line, "payload");
		json_bytes(&line, payload, size);
		text_add_byte(&line, '}');
	} else {
		text_add_string(&line, ord_job_name(job));
	}
	text_add_byte(&line, '\n');
	fine = fwrite(line.bytes, 1, line.size, stdout) == line.size && fflush(stdout) == 0;
	text_finish(&line);
	if (fine)
		return 0;
	ord_job_requeue(job);
	return jobs_cannot_print();
}

static struct ord_jobs *_Atomic waiting;

static void
end_wait(int number)
{
	(void)number;
	ord_jobs_interrupt(atomic_load(&waiting));
}

/* As ord_jobs_claim, but a command that filters is asked again while nothing in the list changes. */
static int
claim(const struct jobs_options *options, struct ord_jobs *jobs, struct jobs_filter *filter, struct ord_job **job)
{
	/* Shorter than the pause of a job that was declined, which begins behind the answer. */
	uint32_t every_ms = options->filter_every_ms != 0 ? options->filter_every_ms : 1000, ms = every_ms > 4 ? every_ms / 4 : 1;
	struct itimerval every = { { ms / 1000, (long)(ms % 1000) * 1000 }, { ms / 1000, (long)(ms % 1000) * 1000 } };
	struct sigaction action = { 0 };
	int status;

	atomic_store(&waiting, jobs);
	if (options->filter_command != NULL) {
		sigemptyset(&action.sa_mask);
		action.sa_handler = end_wait;
		sigaction(SIGALRM, &action, NULL);
		setitimer(ITIMER_REAL, &every, NULL);
	}
	do
		status = jobs_filter_claim(filter, jobs, job);
	while (status == ORD_EINTERRUPTED);
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	return status;
}

static int
take(const struct jobs_options *options)
{
	struct jobs_filter filter = { 0 };
	struct ord_jobs *jobs = open_for_parent(options, &filter);
	struct ord_job *job;
	int status;

	if (jobs == NULL)
		return JOBS_TROUBLE;
	status = claim(options, jobs, &filter, &job);
	if (status == 0) {
		status = print_job(job, options->json);
	} else {
		jobs_complain(jobs);
		status = status == ORD_ESYSTEM || status == ORD_ENOMEM ? JOBS_TROUBLE : JOBS_NOTHING;
	}
	ord_jobs_destroy(&jobs);
	jobs_filter_finish(&filter);
	return status;
}

static int
end(const struct jobs_options *options)
{
	bool fails = strcmp(options->action, "fail") == 0;
	struct jobs_filter none = { 0 };
	struct ord_jobs *jobs;
	struct ord_job *job;
	int status = 0;

	if (options->n == 0) {
		complain("%s needs the name of a job", options->action);
		return JOBS_USAGE;
	}
	jobs = open_for_parent(options, &none);
	if (jobs == NULL)
		return JOBS_TROUBLE;
	for (int i = 0; status == 0 && i < options->n; i++) {
		status = ord_jobs_held(jobs, options->arguments[i], options->attempt, &job);
		if (status == 0)
			status = fails ? ord_job_fail(job, options->why) : ord_job_done(job);
	}
	if (status != 0)
		jobs_complain(jobs);
	ord_jobs_destroy(&jobs);
	return status == 0 ? 0 : status == ORD_ELOST ? JOBS_NOTHING : JOBS_TROUBLE;
}

/* --- many at once --- */

static int
change_one(struct ord_jobs *jobs, const struct jobs_options *options, const char *pattern, uint64_t *count)
{
	if (strcmp(options->action, "retry") == 0)
		return ord_jobs_retry(jobs, pattern, count);
	if (strcmp(options->action, "requeue") == 0)
		return ord_jobs_requeue(jobs, pattern, options->taker, count);
	if (strcmp(options->action, "cancel") == 0)
		return ord_jobs_cancel(jobs, pattern, count);
	return ord_jobs_clear(jobs, pattern, options->states, count);
}

static int
change(const struct jobs_options *options)
{
	struct ord_jobs *jobs;
	uint64_t all = 0;
	int status = 0;

	if (strcmp(options->action, "cancel") == 0 && options->n == 0) {
		complain("cancel needs a pattern of names; '*' cancels all");
		return JOBS_USAGE;
	}
	jobs = open_existing(options);
	if (jobs == NULL)
		return JOBS_TROUBLE;
	for (int i = 0; status == 0 && i < (options->n != 0 ? options->n : 1); i++) {
		uint64_t count = 0;

		status = change_one(jobs, options, options->n != 0 ? options->arguments[i] : NULL, &count);
		all += count;
	}
	if (status != 0)
		status = jobs_complain(jobs);
	else
		printf("%llu\n", (unsigned long long)all);
	ord_jobs_destroy(&jobs);
	return status;
}

struct action {
	const char *name;
	int (*run)(const struct jobs_options *options);
	bool words; /* it may have arguments */
};

static const struct action actions[] = {
	{ "add", jobs_add, true },
	{ "take", take, false },
	{ "work", jobs_work, true },
	{ "done", end, true },
	{ "fail", end, true },
	{ "status", jobs_status, false },
	{ "watch", jobs_watch, false },
	{ "retry", change, true },
	{ "requeue", change, true },
	{ "cancel", change, true },
	{ "clear", change, true },
	{ "export", jobs_export, false },
#ifdef ORD_JOBS_SQLITE
	{ "import", jobs_import, true },
#endif
};

int
jobs_main(int argc, char **argv)
{
	struct jobs_options options;

	complain_as("orderly jobs", JOBS_TROUBLE);
	jobs_options_read(&options, argc, argv);
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
		if (strcmp(actions[i].name, options.action) != 0)
			continue;
		if (!actions[i].words && options.n != 0) {
			complain("%s takes no arguments: '%s'", options.action, options.arguments[0]);
			return JOBS_USAGE;
		}
		return actions[i].run(&options);
	}
	if (*options.action == '\0')
		complain("say what to do: orderly help jobs");
	else
		complain("there is no action '%s': orderly help jobs", options.action);
	return JOBS_USAGE;
}
