/*
 * A job on its way through the pool: the command or the call that it becomes,
 * the files that this needs, and where its words go.
 */
#define _GNU_SOURCE /* mkostemp */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "jobs_work.h"
#include "terminal.h"
#include "text.h"

#define NAME_MOST 255 /* bytes of a file's name */
#define LOG_END ".log"

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

static bool
write_payload(struct shift *shift)
{
	const char *folder = terminal_setting("TMPDIR");
	struct text path = { 0 };
	size_t size;
	const char *payload = ord_job_payload(shift->job, &size);
	bool fine;
	int fd;

	text_add_string(&path, folder != NULL && *folder == '/' ? folder : "/tmp");
	text_add(&path, "/orderly-job-XXXXXX", sizeof "/orderly-job-XXXXXX");
	fd = mkostemp(path.bytes, O_CLOEXEC);
	fine = fd >= 0 && write_all(fd, payload, size);
	if (!fine)
		complain_errno(errno, "cannot write the payload of %s to %s", ord_job_name(shift->job), path.bytes);
	if (fd >= 0) {
		close(fd);
		shift->payload = path.bytes;
	} else {
		text_finish(&path);
	}
	return fine;
}

/* A name that leaves no room for the end is cut, and a number tells it from others that begin so. */
static void
add_log_path(struct text *path, const char *folder, const char *name)
{
	size_t most = NAME_MOST - strlen(LOG_END), size = strlen(name);
	uint32_t hash = 2166136261;
	char number[12] = "";

	if (size > most) {
		for (const char *at = name; *at != '\0'; at++)
			hash = (hash ^ (unsigned char)*at) * 16777619;
		snprintf(number, sizeof number, "~%08x", hash);
		for (size = most - strlen(number); ((unsigned char)name[size] & 0xc0) == 0x80;)
			size--;
	}
	text_add_string(path, folder);
	text_add_byte(path, '/');
	text_add(path, name, size);
	text_add_string(path, number);
	text_add(path, LOG_END, sizeof LOG_END);
}

/* --- commands --- */

static void
add_variable(struct text *env, const char *name, const char *value)
{
	text_add_string(env, name);
	text_add_byte(env, '=');
	text_add_string(env, value);
	text_add_byte(env, '\0');
}

static void
add_environment(struct text *env, const struct work *work, const struct shift *shift)
{
	char attempt[16];

	snprintf(attempt, sizeof attempt, "%u", ord_job_attempt(shift->job));
	add_variable(env, "ORDERLY_JOB", ord_job_name(shift->job));
	add_variable(env, "ORDERLY_JOB_FILE", shift->payload != NULL ? shift->payload : ord_job_file(shift->job));
	add_variable(env, "ORDERLY_ATTEMPT", attempt);
	add_variable(env, "ORDERLY_TAKER", ord_job_taker(shift->job));
	add_variable(env, "ORDERLY_STORE", work->options->store);
	text_add_string(env, work->recipe.env[0]);
	text_add_byte(env, '\0');
}

static int
begin_command(struct work *work, struct shift *shift, const char *log)
{
	const char *name = ord_job_name(shift->job), *variables[8] = { NULL };
	struct text env = { 0 };
	struct ord_command command = ORD_COMMAND(.env = variables, .output_path = log, .user = shift, .output = ORD_OUTPUT_CHUNKS);
	size_t n = 0, size;
	int status;

	ord_job_payload(shift->job, &size);
	if (*ord_job_file(shift->job) == '\0' && size != 0 && !write_payload(shift))
		return ORD_EFAILED;
	recipe_make(&work->recipe, &name, work->started);
	command.argv = work->recipe.argv;
	add_environment(&env, work, shift);
	for (size_t at = 0; at < env.size; at += strlen(env.bytes + at) + 1)
		variables[n++] = env.bytes + at;
	status = ord_pool_submit_command(work->pool, &command, &shift->sequence);
	text_finish(&env);
	return status;
}

/* --- calls --- */

/* Its input is the name of the job; if that has a payload, a NUL and the payload follow. */
static int
begin_call(struct work *work, struct shift *shift, const char *log)
{
	struct text input = { 0 };
	size_t size;
	const char *payload = ord_job_payload(shift->job, &size);
	int status;

	if (log != NULL)
		shift->log = open(log, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_CLOEXEC, 0666);
	if (log != NULL && shift->log < 0) {
		complain_errno(errno, "cannot write the words of %s to %s", ord_job_name(shift->job), log);
		return ORD_EFAILED;
	}
	text_add_string(&input, ord_job_name(shift->job));
	if (size != 0) {
		text_add_byte(&input, '\0');
		text_add(&input, payload, size);
	}
	status = ord_pool_submit_task(work->pool, &ORD_TASK(.input = input.bytes, .input_size = input.size, .user = shift), &shift->sequence);
	text_finish(&input);
	return status;
}

int
shift_begin(struct work *work, struct shift *shift)
{
	struct text log = { 0 };
	int status;

	work->started++;
	if (work->logs != NULL)
		add_log_path(&log, work->logs, ord_job_name(shift->job));
	status = (work->options->function != NULL ? begin_call : begin_command)(work, shift, log.bytes);
	text_finish(&log);
	return status;
}

static void
print(struct work *work, const struct shift *shift, int fd, const char *bytes, size_t size)
{
	if (shift == NULL || shift->log < 0)
		printer_put(&work->printer, fd, bytes, size);
	else if (!write_all(shift->log, bytes, size) && work->printer.error == 0)
		work->printer.error = errno;
}

void
shift_say(struct work *work, const struct ord_message *message)
{
	int source = ord_message_source(message);
	const struct shift *shift = NULL;
	size_t size;
	const char *text = ord_message_text(message, &size);

	for (uint32_t i = 0; shift == NULL && i < work->options->jobs; i++)
		if (work->shifts[i].taken && work->shifts[i].sequence == ord_message_sequence(message))
			shift = &work->shifts[i];
	print(work, shift, source == ORD_SOURCE_STDOUT ? STDOUT_FILENO : STDERR_FILENO, text, size);
	/* Lines of a call come without their newlines. */
	if ((source == ORD_SOURCE_LOG || source == ORD_SOURCE_WORDS) && !ord_message_partial(message))
		print(work, shift, STDERR_FILENO, "\n", 1);
}

void
shift_return(struct work *work, const struct shift *shift, const struct ord_result *result)
{
	size_t size;
	const char *bytes = ord_result_output(result, &size);

	if (work->options->function == NULL || ord_result_state(result) != ORD_DONE || size == 0)
		return;
	print(work, shift, STDOUT_FILENO, bytes, size);
	if (bytes[size - 1] != '\n')
		print(work, shift, STDOUT_FILENO, "\n", 1);
}

void
shift_describe(const struct work *work, const struct shift *shift, const struct ord_result *result, char *why, size_t size)
{
	struct text log = { 0 };
	int n;

	if (ord_result_state(result) == ORD_EXITED && work->options->function == NULL)
		n = snprintf(why, size, "exit status %d", ord_result_exit_code(result));
	else
		n = snprintf(why, size, "%s", ord_result_error(result));
	if (work->logs == NULL || n < 0 || (size_t)n >= size)
		return;
	add_log_path(&log, work->logs, ord_job_name(shift->job));
	snprintf(why + n, size - (size_t)n, ", see %s", log.bytes);
	text_finish(&log);
}

void
shift_end(struct shift *shift)
{
	if (shift->payload != NULL)
		unlink(shift->payload);
	free(shift->payload);
	if (shift->log >= 0)
		close(shift->log);
	*shift = (struct shift){ .log = -1 };
}
