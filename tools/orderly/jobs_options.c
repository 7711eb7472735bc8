/* The arguments of `orderly jobs`. */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "jobs.h"
#include "machine.h"
#include "values.h"

enum {
	KEY_TAKER = 256,
	KEY_WAIT,
	KEY_NO_WAIT,
	KEY_ONE,
	KEY_STOP_FILE,
	KEY_FILTER,
	KEY_LABEL,
	KEY_REQUIRE,
	KEY_AFTER,
	KEY_PAYLOAD,
	KEY_PAYLOAD_FILE,
	KEY_FINGERPRINT,
	KEY_RANGE,
	KEY_RETRIES,
	KEY_KILLED_RETRIES,
	KEY_WHY,
	KEY_STATE,
	KEY_ATTEMPT,
	KEY_PID,
	KEY_LOG,
	KEY_JSON,
	KEY_STOP,
	KEY_FILTER_COMMAND,
	KEY_SYNC,
	KEY_STALE,
	KEY_EXT,
	KEY_PICK,
	KEY_PROGRESS,
	KEY_MAX_TAKERS,
	KEY_PROGRESS_TABLE,
	KEY_HEARTBEAT,
	KEY_TIMEOUT,
	KEY_FN,
	KEY_FILTER_EVERY,
	KEY_NAMES,
	KEY_TAKERS
};

static const struct argp_option table[] = { { NULL, 0, NULL, 0, "For all:", 1 },
	{ "store", 's', "ADDRESS", 0, "the list: a path that ends with .sqlite, or sqlite:PATH, dir:PATH, or postgresql://…?list=NAME; else $ORDERLY_STORE, else jobs.sqlite", 1 },
	{ "taker", KEY_TAKER, "NAME", 0, "the name of this taker, else $ORDERLY_IDENTIFIER; for requeue: whose jobs", 1 },
	{ "ext", KEY_EXT, "END", 0, "dir: files with this end are jobs, and their names are without it (.txt)", 1 },
	{ "json", KEY_JSON, NULL, 0, "status, take: for programs", 1 },
	{ NULL, 0, NULL, 0, "add NAME…, or add - for names from standard input, one a line:", 2 },
	{ "null", '0', NULL, 0, "they end with NUL, not newline", 2 },
	{ "payload", KEY_PAYLOAD, "TEXT", 0, "what the job is about", 2 },
	{ "payload-file", KEY_PAYLOAD_FILE, "FILE", 0, "the same from a file, - is standard input", 2 },
	{ "fingerprint", KEY_FINGERPRINT, "TEXT", 0, "run again if it is another than the last one", 2 },
	{ "require", KEY_REQUIRE, "LABEL", 0, "what a taker must have; again for more", 2 },
	{ "after", KEY_AFTER, "NAME", 0, "a job that must be done first; again for more", 2 },
	{ "max-takers", KEY_MAX_TAKERS, "N", 0, "so many may hold it at once (1)", 2 },
	{ "range", KEY_RANGE, "N", 0, "the jobs 0 to N - 1, instead of names", 2 },
	{ NULL, 0, NULL, 0, "take, work:", 3 },
	{ "wait", KEY_WAIT, NULL, 0, "wait for ever for jobs that somebody adds", 3 },
	{ "no-wait", KEY_NO_WAIT, NULL, 0, "leave when there is no job now", 3 },
	{ "label", KEY_LABEL, "LABEL", 0, "what this taker has; again for more", 3 },
	{ "filter", KEY_FILTER, "PATTERN", 0, "only jobs whose names match, as in a shell", 3 },
	{ "filter-command", KEY_FILTER_COMMAND, "COMMAND", 0, "only jobs for which this ends with 0; $ORDERLY_JOB is the name, standard input the payload", 3 },
	{ "filter-every", KEY_FILTER_EVERY, "TIME", 0, "ask it again about a job that it declined (after 1s, 2s, 4s … 30s)", 3 },
	{ "retries", KEY_RETRIES, "N", 0, "attempts after one that failed; with add: of these jobs", 3 },
	{ "killed-retries", KEY_KILLED_RETRIES, "N", 0, "attempts after one whose taker died (3); with add: of these jobs", 3 },
	{ "stop-on-failure", KEY_STOP, NULL, 0, "take no more when a job has failed", 3 },
	{ "heartbeat", KEY_HEARTBEAT, "TIME", 0, "how often to say that it lives (30s)", 3 },
	{ "timeout", KEY_TIMEOUT, "TIME", 0, "after which silence others take it for dead (60s)", 3 },
	{ "sync", KEY_SYNC, "TIME", 0, "dir: wait so long behind each claim, where others see it late", 3 },
	{ "pick", KEY_PICK, "ORDER", 0, "dir: which job comes next: added, lexical (job10 before job2), random", 3 },
	{ "stale", KEY_STALE, "TIME", 0, "dir: take away what a taker has held for so long that says nothing of itself; with requeue: only that", 3 },
	{ "progress", KEY_PROGRESS, "STYLE", 0, "work: what all takers have done: auto (a bar on a terminal), bar, plain, json, none", 3 },
	{ "fn", KEY_FN, "FILE:FUNCTION", 0, "work: call this function of a shared object instead of a command", 3 },
	{ "jobs", 'j', "N", 0, "work: so many commands at once (1); +N, -N and N%: of the processors", 3 },
	{ "one", KEY_ONE, NULL, 0, "work: one job, then leave", 3 },
	{ "stop-file", KEY_STOP_FILE, "FILE", 0, "work: take no more when this file is there", 3 },
	{ "log", KEY_LOG, "DIRECTORY", 0, "work: the words of each job into DIRECTORY/NAME.log", 3 },
	{ NULL, 0, NULL, 0, "status, done, fail, requeue, clear, export, import:", 4 },
	{ "names", KEY_NAMES, NULL, 0, "status: only the names of jobs, with --state of those", 4 },
	{ "takers", KEY_TAKERS, NULL, 0, "status: only the names of takers", 4 },
	{ "attempt", KEY_ATTEMPT, "N", 0, "done, fail: only if it is this attempt", 4 },
	{ "why", KEY_WHY, "TEXT", 0, "fail: the reason", 4 },
	{ "pid", KEY_PID, "PID", 0, "take, done, fail: the process that lives as long as the taker (the parent)", 4 },
	{ "progress-table", KEY_PROGRESS_TABLE, "FILE", 0, "export, import: a database of laufband's instead of JSON", 4 },
	{ "state", KEY_STATE, "STATE", 0, "clear, status --names: jobs in this state (clear: those that have ended); again for more, all: every one", 4 },
	{ 0 } };

static uint32_t
read_number(struct argp_state *state, const char *text, uint32_t least, uint32_t most)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || number < least || number > most)
		argp_error(state, "'%s' is no number from %u to %u", text, least, most);
	return (uint32_t)number;
}

static uint32_t
read_time(struct argp_state *state, const char *text)
{
	uint32_t milliseconds = 0;
	const char *wrong = values_time(text, &milliseconds);

	if (wrong != NULL)
		argp_error(state, "%s", wrong);
	return milliseconds;
}

static void
read_progress(struct argp_state *state, const char *text, enum progress_style *style)
{
	const char *wrong = values_progress(text, style);

	if (wrong != NULL)
		argp_error(state, "%s", wrong);
}

static void
read_jobs(struct argp_state *state, const char *text, uint32_t *jobs)
{
	const char *wrong = values_jobs(text, machine_processors(), machine_most_jobs(), jobs);

	if (wrong != NULL)
		argp_error(state, "%s", wrong);
}

static void
append(struct argp_state *state, const char **list, const char *text)
{
	size_t n = 0;

	while (list[n] != NULL)
		n++;
	if (n == JOBS_NAMES_MAX)
		argp_error(state, "more than %d of them", JOBS_NAMES_MAX);
	list[n] = text;
}

static uint32_t
read_state(struct argp_state *state, const char *text)
{
	if (strcmp(text, "all") == 0)
		return UINT32_MAX;
	for (int i = ORD_JOB_WAITING; i <= ORD_JOB_CANCELED; i++)
		if (strcmp(text, ord_job_state_name(i)) == 0)
			return ORD_JOB_IN(i);
	argp_error(state, "there is no state '%s'", text);
	return 0;
}

static uint32_t
read_pick(struct argp_state *state, const char *text)
{
	static const char *const orders[] = { "added", "lexical", "random" };

	for (uint32_t i = 0; i < sizeof orders / sizeof *orders; i++)
		if (strcmp(text, orders[i]) == 0)
			return i;
	argp_error(state, "there is no order '%s': added, lexical or random", text);
	return 0;
}

static uint64_t
read_range(struct argp_state *state, const char *text)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0)
		argp_error(state, "'%s' is no number of jobs", text);
	return number;
}

/* The options that tell what is added, or how something ends. */
static bool
read_of_job(int key, char *value, struct argp_state *state, struct jobs_options *options)
{
	switch (key) {
	case KEY_REQUIRE: append(state, options->requires, value); break;
	case KEY_AFTER: append(state, options->after, value); break;
	case KEY_PAYLOAD: options->payload = value; break;
	case KEY_PAYLOAD_FILE: options->payload_file = value; break;
	case KEY_FINGERPRINT: options->fingerprint = value; break;
	case KEY_MAX_TAKERS: options->max_takers = read_number(state, value, 1, 1000000); break;
	case KEY_PROGRESS_TABLE: options->progress_table = value; break;
	case KEY_RANGE:
		options->range = read_range(state, value);
		options->range_set = true;
		break;
	case KEY_WHY: options->why = value; break;
	case KEY_STATE: options->states |= read_state(state, value); break;
	case KEY_ATTEMPT: options->attempt = read_number(state, value, 1, UINT32_MAX); break;
	case KEY_PID: options->pid = (int)read_number(state, value, 1, INT32_MAX); break;
	default: return false;
	}
	return true;
}

static error_t
read_option(int key, char *value, struct argp_state *state)
{
	struct jobs_options *options = state->input;

	if (read_of_job(key, value, state, options))
		return 0;
	switch (key) {
	case 's': options->store = value; break;
	case 'j': read_jobs(state, value, &options->jobs); break;
	case KEY_TAKER: options->taker = value; break;
	case KEY_WAIT: options->wait = ORD_JOBS_WAIT_FOREVER; break;
	case KEY_NO_WAIT: options->wait = ORD_JOBS_WAIT_NEVER; break;
	case KEY_ONE: options->one = true; break;
	case KEY_STOP_FILE: options->stop_file = value; break;
	case KEY_FILTER: options->filter = value; break;
	case KEY_LABEL: append(state, options->labels, value); break;
	case KEY_RETRIES: options->failed_retries = read_number(state, value, 0, 1000000); break;
	case KEY_KILLED_RETRIES:
		options->killed_retries = read_number(state, value, 0, 1000000);
		options->killed_set = true;
		break;
	case KEY_FILTER_COMMAND: options->filter_command = value; break;
	case KEY_SYNC: options->sync_ms = read_time(state, value); break;
	case KEY_STALE: options->stale_ms = read_time(state, value); break;
	case KEY_EXT: options->job_ext = value; break;
	case KEY_PICK: options->pick = read_pick(state, value); break;
	case KEY_PROGRESS: read_progress(state, value, &options->progress); break;
	case KEY_FN: options->function = value; break;
	case KEY_FILTER_EVERY: options->filter_every_ms = read_time(state, value); break;
	case KEY_LOG: options->log = value; break;
	case '0': options->null = true; break;
	case KEY_NAMES: options->names = true; break;
	case KEY_TAKERS: options->takers = true; break;
	case KEY_JSON: options->json = true; break;
	case KEY_STOP: options->stop_on_failure = true; break;
	case KEY_HEARTBEAT: options->heartbeat_ms = read_time(state, value); break;
	case KEY_TIMEOUT: options->timeout_ms = read_time(state, value); break;
	case ARGP_KEY_ARG:
		/* All that follows: for work it is a command with options of its own. */
		options->arguments = state->argv + state->next - 1;
		options->n = state->argc - state->next + 1;
		if (strcmp(options->action, "work") != 0) {
			state->quoted = 0;
			options->n = 0;
			return ARGP_ERR_UNKNOWN;
		}
		state->next = state->argc;
		break;
	case ARGP_KEY_ARGS:
		options->arguments = state->argv + state->next;
		options->n = state->argc - state->next;
		break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* Whether the word after this one is its value: --store ADDRESS, -s ADDRESS. */
static bool
takes_next(const char *word)
{
	size_t size = strlen(word);

	for (const struct argp_option *option = table; option->name != NULL || option->doc != NULL; option++) {
		if (option->name == NULL || option->arg == NULL)
			continue;
		if (word[1] == '-' && strncmp(option->name, word + 2, size - 2) == 0 && size > 2)
			return true;
		if (word[1] != '-' && size == 2 && option->key == word[1])
			return true;
	}
	return false;
}

/* The action, which options may stand in front of, becomes the first word. */
static const char *
take_action(int argc, char **argv)
{
	int at = 1;
	char *action;

	while (at < argc && argv[at][0] == '-' && strcmp(argv[at], "--") != 0)
		at += takes_next(argv[at]) ? 2 : 1;
	if (at >= argc || argv[at][0] == '-')
		return NULL;
	action = argv[at];
	memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof *argv);
	argv[1] = action;
	return action;
}

void
jobs_options_read(struct jobs_options *options, int argc, char **argv)
{
	static const struct argp parser = { .options = table,
		.parser = read_option,
		.args_doc = "add NAME…\nadd -\ntake\nwork COMMAND [ARGUMENT…]\ndone NAME\nfail NAME\nstatus\nwatch\nretry [PATTERN]\nrequeue [PATTERN]\ncancel PATTERN\nclear [PATTERN]\nexport\nimport [FILE]",
		.doc = "Jobs that takers share which are started apart, come and go. See orderly-jobs(1)." };
	const char *store = getenv("ORDERLY_STORE"); /* NOLINT(concurrency-mt-unsafe): one thread */
	const char *identifier = getenv("ORDERLY_IDENTIFIER"); /* NOLINT(concurrency-mt-unsafe): one thread */
	const char *action;

	*options = (struct jobs_options){ .action = "", .jobs = 1, .killed_retries = 3 };
	options->store = store != NULL && *store != '\0' ? store : "jobs.sqlite";
	argp_err_exit_status = JOBS_USAGE;
	action = take_action(argc, argv);
	if (action != NULL) {
		options->action = action;
		argv[1] = argv[0];
		argc--;
		argv++;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	if (argp_parse(&parser, argc, argv, strcmp(options->action, "work") == 0 ? ARGP_IN_ORDER : 0, NULL, options) != 0)
		complain_memory();
	/* Whose jobs are taken away must be said. */
	if (options->taker == NULL && identifier != NULL && *identifier != '\0' && strcmp(options->action, "requeue") != 0)
		options->taker = identifier;
}
