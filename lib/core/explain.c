/* What a dead process leaves in the result of its task: the figures, and the sentence. */
#define _GNU_SOURCE /* WCOREDUMP, memrchr */
#include "core/core.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <orderly/result.h>

#include "base/signals.h"

#define QUOTED_MAX 160 /* bytes of the last line */

void
core_certify(struct slot *slot, const struct end *end)
{
	struct detail *detail = detail_get(&slot->rest->detail);

	slot->result.pid = end->pid;
	/* The worker that died may be much older than its task. */
	if (!slot->begun || slot->task.command)
		slot->result.started_ns = end->started_ns != 0 ? end->started_ns : end->ended_ns;
	slot->result.ended_ns = end->ended_ns;
	if (detail == NULL)
		return;
	detail->exit_code = WIFEXITED(end->wait_status) ? WEXITSTATUS(end->wait_status) : -1;
	detail->signal = WIFSIGNALED(end->wait_status) ? WTERMSIG(end->wait_status) : 0;
	detail->core_dumped = WIFSIGNALED(end->wait_status) && WCOREDUMP(end->wait_status);
	detail->user_us = end->user_us;
	detail->system_us = end->system_us;
	detail->max_rss_kib = end->max_rss_kib;
}

/* How it was for the process: "by SIGSEGV (core dumped)", "with exit code 3". */
static const char *
how(int status, char *text, size_t size)
{
	char name[SIGNAL_TEXT_MAX];

	if (WIFSIGNALED(status))
		snprintf(text, size, "by %s%s", signal_text(WTERMSIG(status), name),
			WCOREDUMP(status) ? " (core dumped)" : "");
	else
		snprintf(text, size, "with exit code %d", WEXITSTATUS(status));
	return text;
}

/* Which attempt this was, where there could be several. */
static const char *
attempt(const struct slot *slot, char *text, size_t size)
{
	text[0] = '\0';
	if (slot->task.limits.retries != 0)
		snprintf(text, size, " in attempt %u of %u", slot->attempt + 1u,
			slot->task.limits.retries + 1u);
	return text;
}

/* A sentence has one line, and is no way to the reader's terminal for whatever a task prints. */
static void
copy_printable(char *to, const char *from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (unsigned char)from[i] < ' ' || from[i] == 0x7f ? ' ' : from[i];
	to[size] = '\0';
}

/* The last line that says anything; it is cut behind a whole letter of UTF-8. */
static const char *
quote(const struct detail *detail, char text[QUOTED_MAX + 64])
{
	const char *words = detail != NULL ? detail->last_words : NULL, *line;
	size_t end = words != NULL ? detail->last_words_size : 0, size;
	char shown[QUOTED_MAX + 1];

	text[0] = '\0';
	while (end != 0 && strchr("\n\r\t ", words[end - 1]) != NULL)
		end--;
	if (end == 0)
		return text;
	line = memrchr(words, '\n', end);
	line = line != NULL ? line + 1 : words;
	size = (size_t)(words + end - line);
	if (size > QUOTED_MAX)
		for (size = QUOTED_MAX; size != 0 && ((unsigned char)line[size] & 0xc0) == 0x80;)
			size--;
	copy_printable(shown, line, size);
	snprintf(text, QUOTED_MAX + 64, "; it last said: \"%s%s\"", shown,
		line + size < words + end ? "..." : "");
	return text;
}

/* What ended because of a limit that it has itself; false: it did not. */
static bool
explain_bounds(struct slot *slot, const char *who, uint32_t state, const struct end *end)
{
	const struct bounds *bounds = &slot->rest->extra.bounds;
	struct detail **detail = &slot->rest->detail;
	char words[QUOTED_MAX + 64];

	quote(*detail, words);
	if (state == ORD_OUT_OF_MEMORY && end->over_kib != 0)
		detail_error(detail,
			"%s was killed: it had %llu MiB of memory, and its limit is %u MiB (memory_mib)%s",
			who, (unsigned long long)end->over_kib >> 10, bounds->memory_mib, words);
	else if (state == ORD_TIMED_OUT && end->over_cpu)
		detail_error(detail,
			"%s was stopped: its %u ms of processor time were used up (cpu_ms)%s", who,
			bounds->cpu_ms, words);
	else if (state == ORD_SIGNALED && WTERMSIG(end->wait_status) == SIGXFSZ)
		detail_error(detail,
			"%s was killed by SIGXFSZ: a file would have become larger than it may (file_mib, ulimit -f)%s",
			who, words);
	else
		return false;
	return true;
}

void
core_explain(struct slot *slot, uint32_t state, const struct end *end)
{
	const char *who = slot->task.command ? "the command" : "the worker";
	char ended[FAULT_TEXT_MAX + 16], tries[48], words[QUOTED_MAX + 64];
	struct detail **detail = &slot->rest->detail;

	if (explain_bounds(slot, who, state, end))
		return;
	how(end->wait_status, ended, sizeof ended);
	if (end->unknown)
		snprintf(ended, sizeof ended, "in a way that nobody has told");
	else if (end->fault != NULL)
		snprintf(ended, sizeof ended, "by the pool: %s", end->fault);
	attempt(slot, tries, sizeof tries);
	quote(*detail, words);
	switch (state) {
	case ORD_TIMED_OUT:
		detail_error(detail, "%s was stopped%s: its time of %u ms was up%s", who, tries,
			slot->task.limits.timeout_ms, words);
		break;
	case ORD_CANCELED: detail_error(detail, "canceled while it ran"); break;
	case ORD_QUARANTINED:
		detail_error(detail,
			"killed %u workers and is not tried again: the last ended %s%s%s",
			slot->kills, ended, tries, words);
		break;
	case ORD_OUT_OF_MEMORY:
		detail_error(detail,
			"%s ended %s%s: the memory of its control group, or of the machine, was used up%s",
			who, ended, tries, words);
		break;
	case ORD_SIGNALED:
		detail_error(detail, "%s was killed %s%s%s", who, ended, tries, words);
		break;
	case ORD_EXITED:
		detail_error(detail, "%s exited with code %d%s%s%s%s", who,
			WEXITSTATUS(end->wait_status), end->fault != NULL ? ": " : "",
			end->fault != NULL ? end->fault : "", tries, words);
		break;
	default: break;
	}
}
