/*
 * `orderly jobs work`: a command or a call for each job that is taken, through a
 * pool.  One poll waits for all that can happen: the pool, the list, signals, and
 * the times at which something is due.
 */
#define _GNU_SOURCE /* realpath */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"
#include "jobs_work.h"
#include "signals.h"
#include "terminal.h"
#include "text.h"

#define RENEW_MS 10000    /* at most, between two signs of life while jobs run */
#define STOP_FILE_MS 1000 /* between two looks for it */

void
work_complain(struct work *work, const char *sentence)
{
	printer_status(&work->printer, NULL);
	jobs_say(sentence);
}

/* The list or the pool failed: what runs is finished, if that can be, and then it leaves. */
static void
give_up(struct work *work, const char *sentence)
{
	work_complain(work, sentence);
	work->trouble = work->over = true;
}

/* --- signals --- */

static void
interrupt(void *what)
{
	const struct work *work = what;

	ord_pool_interrupt(work->pool);
	ord_jobs_interrupt(work->jobs);
}

static void
suspend(void *what)
{
	ord_pool_suspend(((const struct work *)what)->pool);
}

static void
resume(void *what)
{
	ord_pool_resume(((const struct work *)what)->pool);
}

/* --- what is shown --- */

static void
on_message(const struct ord_message *message, void *user)
{
	shift_say(user, message);
}

static void
flush(struct work *work)
{
	printer_flush(&work->printer);
	if (work->printer.broken_pipe)
		work->over = true;
	if (work->printer.error == 0 || work->trouble)
		return;
	complain_errno(work->printer.error, "cannot write what a job says");
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
show_progress(struct work *work)
{
	if (!display_is_due(&work->display))
		return;
	work->looks |= ord_jobs_watch(work->jobs, 0) == 0;
	/* What was done before is not of this time. */
	if (work->display.drawn_ns == work->display.begun_ns)
		work->display.estimate.n_looks = 0;
	display_show(&work->display, &work->numbers);
}

static void
show_last_progress(struct work *work)
{
	struct ord_job_counts counts = ORD_JOB_COUNTS;

	if (work->display.style != PROGRESS_NONE && ord_jobs_counts(work->jobs, &counts) == 0)
		note_progress(&counts, work);
	display_finish(&work->display, &work->numbers);
}

/* --- jobs --- */

static void
on_result(const struct ord_result *result, void *user)
{
	struct work *work = user;
	struct shift *shift = ord_result_user(result);
	int state = ord_result_state(result), status = 0;
	char why[1000];

	work->running--;
	work->looks = true;
	shift_return(work, shift, result);
	if (shift->job == NULL) {
		/* Lost meanwhile. */
	} else if (state == ORD_DONE) {
		status = ord_job_done(shift->job);
	} else if (state == ORD_CANCELED || signals_count() > 1) {
		status = ord_job_requeue(shift->job);
	} else {
		shift_describe(work, shift, result, why, sizeof why);
		work->failed++;
		status = ord_job_fail(shift->job, why);
	}
	/* A job that is another's by now is that one's affair. */
	if (status == ORD_ELOST)
		work_complain(work, ord_jobs_error(work->jobs));
	else if (status != 0)
		give_up(work, ord_jobs_error(work->jobs));
	shift_end(shift);
}

/* Give the job to the pool; what that does not take goes back. */
static void
begin(struct work *work, struct ord_job *job)
{
	struct shift *shift = work->shifts;
	int status;

	while (shift->taken)
		shift++;
	*shift = (struct shift){ .job = job, .log = -1, .taken = true };
	status = shift_begin(work, shift);
	if (status == 0) {
		work->running++;
		return;
	}
	work->over = true;
	if (status == ORD_EFAILED)
		work->trouble = true;
	else if (status != ORD_ECLOSED && status != ORD_EINTERRUPTED)
		give_up(work, ord_pool_error(work->pool));
	ord_job_requeue(job);
	shift_end(shift);
}

static bool
may_take(struct work *work)
{
	const struct jobs_options *options = work->options;

	if (signals_count() > 0 || (options->one && work->started > 0) ||
		(options->stop_file != NULL && access(options->stop_file, F_OK) == 0))
		work->over = true;
	return !work->over && work->running < options->jobs;
}

/* It leaves although jobs wait, and who did not choose among them should hear why. */
static void
tell_of_others(struct work *work)
{
	const struct jobs_options *options = work->options;
	struct ord_job_counts counts = ORD_JOB_COUNTS;
	char line[96];

	if (options->filter != NULL || options->filter_command != NULL || ord_jobs_counts(work->jobs, &counts) != 0 ||
		counts.waiting == 0)
		return;
	snprintf(line, sizeof line, "%llu jobs wait for labels that this taker does not have: see --label",
		(unsigned long long)counts.waiting);
	work_complain(work, line);
}

/* There is nothing to take: whether that is the end. */
static void
judge(struct work *work, int status)
{
	bool nothing = status == ORD_EEMPTY || status == ORD_ESTALLED;
	uint32_t wait = work->options->wait;

	work->looks = false;
	/* What runs here may free others, or come back. */
	if ((nothing || status == ORD_EAGAIN) && work->running != 0)
		return;
	if ((nothing && wait == ORD_JOBS_WAIT_FOREVER) || (status == ORD_EAGAIN && wait != ORD_JOBS_WAIT_NEVER))
		return;
	work->over = true;
	if (status == ORD_ESTALLED || status == ORD_EFAILED) {
		work->end = status;
		work_complain(work, ord_jobs_error(work->jobs));
	} else if (status == ORD_EEMPTY) {
		tell_of_others(work);
	} else if (status != ORD_EAGAIN) {
		give_up(work, ord_jobs_error(work->jobs));
	}
}

static void
take(struct work *work)
{
	while (work->looks && may_take(work)) {
		struct ord_job *job;
		int status = jobs_filter_claim(&work->filter, work->jobs, &job);

		if (status == 0)
			begin(work, job);
		else if (status != ORD_ELOST && status != ORD_EINTERRUPTED)
			judge(work, status);
	}
}

/* --- waiting --- */

/* The shorter one; -1 is for ever. */
static int
sooner(int one, int other)
{
	return one < 0 || (other >= 0 && other < one) ? other : one;
}

static int
renew_ms(const struct work *work)
{
	uint32_t beat = work->options->heartbeat_ms;
	uint64_t passed = (terminal_now_ns() - work->renewed_ns) / 1000000;
	uint64_t every = beat != 0 && beat < RENEW_MS ? beat : RENEW_MS;

	return passed < every ? (int)(every - passed) : 0;
}

static void
renew(struct work *work)
{
	if (work->running == 0 || renew_ms(work) > 0)
		return;
	work->renewed_ns = terminal_now_ns();
	/* One is enough: it is the taker that says that it lives; what was lost is found at the end. */
	for (uint32_t i = 0; i < work->options->jobs; i++)
		if (work->shifts[i].job != NULL) {
			if (ord_job_renew(work->shifts[i].job) != ORD_ELOST)
				return;
			work->shifts[i].job = NULL;
		}
}

/* How long nothing needs to be done; 0: there is something, or it is over. */
static int
idle_ms(struct work *work, bool takes)
{
	int ms = display_timeout(&work->display);

	if (takes ? work->looks : work->running == 0)
		return 0;
	if (work->running != 0)
		ms = sooner(ms, renew_ms(work));
	if (takes)
		ms = sooner(ms, jobs_filter_pause(&work->filter));
	if (takes && work->options->stop_file != NULL)
		ms = sooner(ms, STOP_FILE_MS);
	return ms;
}

static void
wait_for_something(struct work *work)
{
	bool takes = may_take(work);
	struct pollfd fds[] = {
		{ .fd = ord_pool_fd(work->pool), .events = POLLIN },
		{ .fd = takes ? ord_jobs_fd(work->jobs) : -1, .events = POLLIN },
		{ .fd = signals_fd(), .events = POLLIN },
		{ .fd = work->printer.broken_pipe ? -1 : STDOUT_FILENO }, /* its reader may go away */
	};

	if (poll(fds, sizeof fds / sizeof *fds, idle_ms(work, takes)) < 0)
		return;
	work->looks |= fds[1].revents != 0 || (takes && jobs_filter_pause(&work->filter) == 0);
	work->printer.broken_pipe |= fds[3].revents != 0;
}

static void
loop(struct work *work)
{
	while (!work->over || work->running != 0) {
		int status;

		take(work);
		status = ord_pool_step(work->pool, 0);
		if (status < 0 && status != ORD_EINTERRUPTED) {
			give_up(work, ord_pool_error(work->pool));
			return;
		}
		renew(work);
		flush(work);
		show_progress(work);
		wait_for_something(work);
		if (signals_stop_is_wanted())
			printer_status(&work->printer, NULL);
		signals_stop_if_wanted();
	}
}

/* --- the whole --- */

static bool
start_pool(struct work *work)
{
	const struct jobs_options *options = work->options;
	struct ord_pool_options own = ORD_POOL_OPTIONS(.workers = options->jobs, .window = options->jobs,
		.order = ORD_COMPLETION, .messages = ORD_ORDERED, .on_message = on_message, .on_message_user = work,
		.on_result = on_result, .on_result_user = work, .function_name = options->function);

	if (ord_pool_new(&work->pool, &own) == 0 && ord_pool_start(work->pool) == 0)
		return true;
	complain("cannot start: %s", ord_pool_error(work->pool));
	return false;
}

static bool
make_logs(struct work *work)
{
	const char *folder = work->options->log;
	struct stat is;

	if (folder == NULL)
		return true;
	if (stat(folder, &is) == 0 && !S_ISDIR(is.st_mode))
		errno = ENOTDIR;
	else if (mkdir(folder, 0777) == 0 || errno == EEXIST)
		work->logs = realpath(folder, NULL);
	if (work->logs == NULL)
		complain_errno(errno, "cannot make the directory %s", folder);
	return work->logs != NULL;
}

static bool
open_list(struct work *work)
{
	struct ord_jobs_options own = ORD_JOBS_OPTIONS(.taker = work->options->taker, .wait = ORD_JOBS_WAIT_NEVER,
		.must_exist = work->options->wait != ORD_JOBS_WAIT_FOREVER,
		.on_progress = work->display.style != PROGRESS_NONE ? note_progress : NULL, .on_progress_user = work,
		.progress_ms = 100);

	jobs_filter_set(&work->filter, work->options, &own);
	work->jobs = jobs_open(work->options, &own);
	if (work->jobs == NULL)
		return false;
	if (ord_jobs_fd(work->jobs) < 0)
		jobs_complain(work->jobs);
	return ord_jobs_fd(work->jobs) >= 0;
}

static int
run(struct work *work)
{
	struct signals_target target = {
		.interrupt = interrupt, .suspend = suspend, .resume = resume, .what = work, .most = 2
	};

	if (!make_logs(work) || !open_list(work) || !start_pool(work))
		return JOBS_TROUBLE;
	work->renewed_ns = terminal_now_ns();
	signals_take(&target);
	loop(work);
	signals_release();
	flush(work);
	show_last_progress(work);
	if (work->trouble)
		return JOBS_TROUBLE;
	return work->failed != 0 || work->end != 0 ? JOBS_NOTHING : 0;
}

static int
understand(struct work *work)
{
	const struct jobs_options *options = work->options;

	if (options->function == NULL && options->n == 0)
		complain("work needs a command, or --fn FILE:FUNCTION");
	else if (options->function != NULL && options->n != 0)
		complain("--fn calls a function instead of a command: leave '%s' out", options->arguments[0]);
	else if (options->function != NULL && strchr(options->function, ':') == NULL)
		complain("--fn: give a shared object and a function of it, such as --fn ./words.so:count");
	else if (options->function != NULL)
		return 0;
	else
		return recipe_init(&work->recipe, options->arguments, (size_t)options->n, 1);
	return JOBS_USAGE;
}

int
jobs_work(const struct jobs_options *options)
{
	struct work work = { .options = options, .looks = true };
	int status = understand(&work);

	if (status != 0)
		return status;
	printer_init(&work.printer, false, false);
	display_init(&work.display, options->progress, &work.printer, options->jobs);
	work.shifts = text_allocate(options->jobs, sizeof *work.shifts);
	for (uint32_t i = 0; i < options->jobs; i++)
		work.shifts[i] = (struct shift){ .log = -1 };
	status = run(&work);
	ord_pool_destroy(&work.pool);
	ord_jobs_destroy(&work.jobs);
	jobs_filter_finish(&work.filter);
	free(work.shifts);
	free(work.logs);
	printer_finish(&work.printer);
	recipe_finish(&work.recipe);
	signals_die();
	if (work.printer.broken_pipe)
		signals_die_of_pipe();
	return status;
}
