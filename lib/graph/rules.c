/* What a definition says of its log, its end and the terminal. */
#include <signal.h>
#include <string.h>

#include "base/memory.h"
#include "base/options.h"
#include "graph/making.h"
#include "graph/rules.h"

#define FIRST_IGNORE OPTIONS_UP_TO(struct ord_log_ignore, reserved)

int
rules_are_valid(uint32_t log_on_failure, uint32_t log_tail)
{
	return log_on_failure <= ORD_LOG_TAIL && log_tail <= TRIAGE_TAIL_MAX;
}

static int
read_ignore(const struct making *making, const struct ord_log_ignore *from)
{
	struct definition *definition = making->definition;
	struct triage_ignore *to = &definition->log_ignore[definition->n_log_ignore];
	struct ord_log_ignore ignore;
	char fault[300];
	int status = making_take(making, &ignore, sizeof ignore, FIRST_IGNORE, from);

	if (status != ORD_OK)
		return status;
	if (ignore.match == NULL || ignore.when > ORD_LOG_IGNORE_SUCCEEDED || ignore.reserved != 0)
		return making_wrong(making, "log_ignore", ignore.match != NULL ? ignore.match : "",
			"it has a match, and when is 0 or ORD_LOG_IGNORE_SUCCEEDED");
	to->when = ignore.when;
	status = regex_compile(&to->regex, ignore.match, fault, sizeof fault);
	if (status < 0)
		return making_no_memory(making);
	if (status > 0)
		return making_wrong(making, "log_ignore", ignore.match, fault);
	definition->n_log_ignore++;
	return ORD_OK;
}

static int
check_numbers(const struct making *making)
{
	const struct ord_proc_options *options = &making->options;

	if (!rules_are_valid(options->log_on_failure, options->log_tail))
		return error_set(making->context->error, ORD_EINVAL,
			"%s: log_on_failure is an enum ord_log_on_failure, and log_tail at most %u",
			options->name, TRIAGE_TAIL_MAX);
	if (options->stop_signal > (uint32_t)SIGRTMAX)
		return error_set(making->context->error, ORD_EINVAL,
			"%s: stop_signal %u is no signal: they go from 1 to %d", options->name,
			options->stop_signal, SIGRTMAX);
	if (options->terminal > 1 ||
		(options->terminal != 0 &&
			(options->stdout_result != 0 ||
				(options->command == NULL && options->shell == NULL))))
		return error_set(making->context->error, ORD_EINVAL,
			"%s: terminal is 0 or 1, and for a command without stdout_result",
			options->name);
	return ORD_OK;
}

int
rules_read(const struct making *making)
{
	const struct ord_proc_options *options = &making->options;
	struct definition *definition = making->definition;
	uint32_t count = making_count(options->log_ignore);
	int status = check_numbers(making);

	definition->log_on_failure = (uint8_t)options->log_on_failure;
	definition->log_tail = options->log_tail;
	definition->stop_signal = (uint8_t)options->stop_signal;
	definition->terminal = (uint8_t)options->terminal;
	if (status != ORD_OK || count == 0)
		return status;
	definition->log_ignore = memory_new(count, sizeof *definition->log_ignore);
	if (definition->log_ignore == NULL)
		return making_no_memory(making);
	for (uint32_t i = 0; status == ORD_OK && i < count; i++)
		status = read_ignore(making, options->log_ignore[i]);
	return status;
}

void
rules_finish(struct definition *definition)
{
	while (definition->n_log_ignore != 0)
		regex_finish(&definition->log_ignore[--definition->n_log_ignore].regex);
	memory_free(definition->log_ignore);
}
