/*
 * `orderly jobs work`: a command for each job that is taken, through a pool.
 * The list is asked whenever a command may start; between that the pool is
 * stepped, or, if nothing runs, the list is watched.
 */
#define _GNU_SOURCE /* mkostemp */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <orderly/orderly.h>

#include "complain.h"
#include "display.h"
#include "jobs.h"
#include "printer.h"
#include "recipe.h"
#include "signals.h"
#include "text.h"

#define STEP_MS 50 /* how long a job that others free may wait while commands run */
#define RENEW_S 10

/* A job whose command runs. */
struct shift {
	struct ord_job *job;
	char *file; /* with its payload; NULL: none */
	bool taken;
};

struct work {
	const struct jobs_options *options;
	struct ord_jobs *jobs;
	struct ord_pool *pool;
	struct recipe recipe;
	struct printer printer;
	struct display display;
	struct display_numbers numbers; /* of all takers */
	struct shift *shifts; /* shifts[options->jobs] */
	uint32_t running;
	uint64_t started, failed;
	time_t renewed;
	bool over;    /* nothing more is taken */
	bool trouble; /* it was complained about */
	int end;      /* why nothing more came: a status of take */
};

/* What both signals and the pool need: the list is not waited for any more, either. */
struct targets {
	struct ord_pool *pool;
	struct ord_jobs *jobs;
};

static void
interrupt(void *what)
{
	const struct targets *targets = what;

	ord_pool_interrupt(targets->pool);
	ord_jobs_interrupt(targets->jobs);
}

static void
suspend(void *what)
{
	ord_pool_suspend(((const struct targets *)what)->pool);
}

static void
resume(void *what)
{
	ord_pool_resume(((const struct targets *)what)->pool);
}

static bool
write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes += n;
		size -= (size_t)n;
	}
	return true;
}

static void
on_message(const struct ord_message *message, void *user)
{
	struct work *work = user;
	size_t size;
	const char *text = ord_message_text(message, &size);
	int fd = ord_message_source(message) == ORD_SOURCE_STDERR ? STDERR_FILENO : STDOUT_FILENO;

	printer_put(&work->printer, fd, text, size);
}

static void
flush(struct work *work)
{
	printer_flush(&work->printer);
	if ((work->printer.error == 0 && !work->printer.broken_pipe) || work->trouble)
		return;
	complain_errno(work->printer.broken_pipe ? EPIPE : work->printer.error, "cannot write what a job says");
	work->trouble = work->over = true;
}

static void
note_progress(const struct ord_job_counts *counts, void *user)
{
	struct work *work = user;

	work->numbers = (struct display_numbers){ .done = counts->done + counts->failed + counts->killed + counts->canceled,
		.running = counts->running,
		.failed = counts->failed + counts->killed,
		.total = counts->total,
		.total_known = true };
	display_note(&work->display);
}

/* The list says what has changed when it is looked at, at most so often that counting costs nothing. */
static void
show_progress(struct work *work, bool last)
{
	struct ord_job_counts counts = ORD_JOB_COUNTS;

	if (work->display.style == PROGRESS_NONE)
		return;
	if (last) {
		if (ord_jobs_counts(work->jobs, &counts) == 0)
			note_progress(&counts, work);
		display_finish(&work->display, &work->numbers);
	} else if (display_is_due(&work->display)) {
		ord_jobs_watch(work->jobs, 0);
		display_show(&work->display, &work->numbers);
	}
}

static void
shift_free(struct shift *shift)
{
	if (shift->file != NULL)
		unlink(shift->file);
	free(shift->file);
	*shift = (struct shift){ 0 };
}

/* Why a command did not end well, for the list. */
static void
describe(const struct ord_result *result, char *why, size_t size)
{
	const char *error = ord_result_error(result);

	if (ord_result_state(result) == ORD_EXITED)
		snprintf(why, size, "exit status %d", ord_result_exit_code(result));
	else
		snprintf(why, size, "%s", error);
}

static void
on_result(const struct ord_result *result, void *user)
{
	struct work *work = user;
	struct shift *shift = ord_result_user(result);
	int state = ord_result_state(result), status;
	char why[1000];

	work->running--;
	if (shift->job == NULL) {
		status = 0; /* lost meanwhile */
	} else if (state == ORD_DONE) {
		status = ord_job_done(shift->job);
	} else if (state == ORD_CANCELED || signals_count() > 1) {
		status = ord_job_requeue(shift->job);
	} else {
		describe(result, why, sizeof why);
		work->failed++;
		status = ord_job_fail(shift->job, why);
	}
	/* A job that is another's by now is that one's affair. */
	if (status != 0)
		complain("%s", ord_jobs_error(work->jobs));
	if (status != 0 && status != ORD_ELOST)
		work->trouble = work->over = true;
	shift_free(shift);
}

static bool
start_pool(struct work *work)
{
	struct ord_pool_options options = ORD_POOL_OPTIONS(.workers = work->options->jobs,
		.window = work->options->jobs, .order = ORD_COMPLETION, .messages = ORD_ORDERED,
		.on_message = on_message, .on_message_user = work, .on_result = on_result,
		.on_result_user = work);

	if (ord_pool_new(&work->pool, &options) == 0 && ord_pool_start(work->pool) == 0)
		return true;
	complain("cannot start: %s", ord_pool_error(work->pool));
	return false;
}

static bool
write_payload(struct shift *shift)
{
	const char *folder = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): one thread */
	struct text path = { 0 };
	size_t size;
	const char *payload = ord_job_payload(shift->job, &size);
	bool fine;
	int fd;

	text_add_string(&path, folder != NULL && *folder == '/' ? folder : "/tmp");
	text_add_string(&path, "/orderly-job-XXXXXX");
	text_add_byte(&path, '\0');
	shift->file = path.bytes;
	fd = mkostemp(shift->file, O_CLOEXEC);
	fine = fd >= 0 && write_all(fd, payload, size);
	if (!fine)
		complain_errno(errno, "cannot write the payload of %s to %s", ord_job_name(shift->job), shift->file);
	if (fd >= 0)
		close(fd);
	return fine;
}

static void
add_variable(struct text *env, const char *name, const char *value)
{
	text_add_string(env, name);
	text_add_byte(env, '=');
	text_add_string(env, value);
	text_add_byte(env, '\0');
}

static int
submit(struct work *work, struct shift *shift)
{
	const char *name = ord_job_name(shift->job), *file = ord_job_file(shift->job), *variables[8];
	struct text env = { 0 }, log = { 0 };
	char attempt[16];
	struct ord_command command = ORD_COMMAND(.argv = NULL);
	size_t n = 0, size;
	int status;

	ord_job_payload(shift->job, &size);
	if (*file == '\0' && size != 0 && !write_payload(shift))
		return ORD_ESYSTEM;
	recipe_make(&work->recipe, &name, ++work->started);
	snprintf(attempt, sizeof attempt, "%u", ord_job_attempt(shift->job));
	add_variable(&env, "ORDERLY_JOB", name);
	add_variable(&env, "ORDERLY_JOB_FILE", shift->file != NULL ? shift->file : file);
	add_variable(&env, "ORDERLY_ATTEMPT", attempt);
	add_variable(&env, "ORDERLY_TAKER", ord_job_taker(shift->job));
	add_variable(&env, "ORDERLY_STORE", work->options->store);
	for (size_t at = 0; at < env.size; at += strlen(env.bytes + at) + 1)
		variables[n++] = env.bytes + at;
	variables[n++] = work->recipe.env[0];
	variables[n] = NULL;
	if (work->options->log != NULL) {
		text_add_string(&log, work->options->log);
		text_add_byte(&log, '/');
		text_add_string(&log, name);
		text_add(&log, ".log", sizeof ".log");
		command.output_path = log.bytes;
	}
	command.argv = work->recipe.argv;
	command.env = variables;
	command.user = shift;
	command.output = ORD_OUTPUT_CHUNKS;
	status = ord_pool_submit_command(work->pool, &command, NULL);
	text_finish(&env);
	text_finish(&log);
	return status;
}

/* Give the job to the pool; what that does not take goes back. */
static void
start(struct work *work, struct ord_job *job)
{
	struct shift *shift = work->shifts;
	int status;

	while (shift->taken)
		shift++;
	*shift = (struct shift){ .job = job, .taken = true };
	status = submit(work, shift);
	if (status == 0) {
		work->running++;
		return;
	}
	if (status != ORD_ECLOSED && status != ORD_EINTERRUPTED) {
		complain("cannot start the command of %s: %s", ord_job_name(job), ord_pool_error(work->pool));
		work->trouble = true;
	}
	work->over = true;
	ord_job_requeue(job);
	shift_free(shift);
}

static bool
may_take(struct work *work)
{
	if (signals_count() > 0 || (work->options->one && work->started > 0) ||
		(work->options->stop_file != NULL && access(work->options->stop_file, F_OK) == 0))
		work->over = true;
	return !work->over && work->running < work->options->jobs;
}

/* Take what there is. */
static void
fill(struct work *work)
{
	while (may_take(work)) {
		struct ord_job *job;
		int status = ord_jobs_claim(work->jobs, &job);

		if (status == 0) {
			start(work, job);
			continue;
		}
		if (status == ORD_ELOST || status == ORD_EINTERRUPTED)
			continue;
		/* While commands run something may come back from them. */
		if (status == ORD_EAGAIN || (work->running != 0 && (status == ORD_EEMPTY || status == ORD_ESTALLED)))
			return;
		if (work->options->wait == ORD_JOBS_WAIT_FOREVER && (status == ORD_EEMPTY || status == ORD_ESTALLED))
			return;
		work->over = true;
		work->end = status;
		if (status != ORD_EEMPTY)
			complain("%s", ord_jobs_error(work->jobs));
		return;
	}
}

/* Nothing runs here: until the list changes, or it is time to look for signals and the stop file. */
static void
wait_for_jobs(struct work *work)
{
	int status;

	if (work->options->wait == ORD_JOBS_WAIT_NEVER) {
		work->over = true;
		return;
	}
	status = ord_jobs_watch(work->jobs, 200);
	if (status != 0 && status != ORD_ETIMEDOUT && status != ORD_EINTERRUPTED) {
		complain("%s", ord_jobs_error(work->jobs));
		work->trouble = work->over = true;
	}
}

static void
renew(struct work *work)
{
	time_t now = time(NULL);

	if (now - work->renewed < RENEW_S)
		return;
	work->renewed = now;
	/* One is enough: it is the taker that says that it lives; what was lost is found at the end. */
	for (uint32_t i = 0; i < work->options->jobs; i++)
		if (work->shifts[i].job != NULL) {
			if (ord_job_renew(work->shifts[i].job) != ORD_ELOST)
				return;
			work->shifts[i].job = NULL;
		}
}

static void
loop(struct work *work)
{
	while (!work->over || work->running != 0) {
		int status = 0;

		fill(work);
		if (work->running != 0)
			status = ord_pool_step(work->pool, STEP_MS);
		else if (!work->over)
			wait_for_jobs(work);
		if (status != 0 && status != ORD_EAGAIN && status != ORD_ETIMEDOUT && status != ORD_EINTERRUPTED) {
			complain("%s", ord_pool_error(work->pool));
			work->trouble = true;
			break;
		}
		flush(work);
		show_progress(work, false);
		signals_stop_if_wanted();
		renew(work);
	}
	flush(work);
	show_progress(work, true);
}

static int
run(struct work *work)
{
	struct targets targets;
	struct signals_target target = {
		.interrupt = interrupt, .suspend = suspend, .resume = resume, .what = &targets, .most = 2
	};

	if (work->options->log != NULL && mkdir(work->options->log, 0777) != 0 && errno != EEXIST) {
		complain_errno(errno, "cannot make the directory %s", work->options->log);
		return JOBS_TROUBLE;
	}
	if (!start_pool(work))
		return JOBS_TROUBLE;
	targets = (struct targets){ work->pool, work->jobs };
	signals_take(&target);
	loop(work);
	signals_release();
	ord_pool_destroy(&work->pool);
	return work->trouble ? JOBS_TROUBLE : work->failed != 0 || (work->end != 0 && work->end != ORD_EEMPTY) ? JOBS_NOTHING : 0;
}

int
jobs_work(const struct jobs_options *options)
{
	struct work work = { .options = options, .renewed = time(NULL) };
	int status;

	if (options->n == 0) {
		complain("work needs a command");
		return JOBS_USAGE;
	}
	status = recipe_init(&work.recipe, options->arguments, (size_t)options->n, 1);
	if (status != 0)
		return JOBS_USAGE;
	printer_init(&work.printer, false, false);
	display_init(&work.display, options->progress, &work.printer, options->jobs);
	work.jobs = jobs_open(options,
		&ORD_JOBS_OPTIONS(.taker = options->taker, .wait = ORD_JOBS_WAIT_NEVER,
			.on_progress = work.display.style != PROGRESS_NONE ? note_progress : NULL,
			.on_progress_user = &work, .progress_ms = 100));
	work.shifts = text_allocate(options->jobs, sizeof *work.shifts);
	memset(work.shifts, 0, options->jobs * sizeof *work.shifts);
	status = work.jobs != NULL ? run(&work) : JOBS_TROUBLE;
	ord_pool_destroy(&work.pool);
	ord_jobs_destroy(&work.jobs);
	free(work.shifts);
	printer_finish(&work.printer);
	recipe_finish(&work.recipe);
	signals_die();
	return status;
}
