/*
 * The table of keys.  A name that is nearly one, or that other tools have for
 * the same thing, leads to the key in a hint.
 */
#include "graph/file/keys.h"

#include <stdlib.h>
#include <string.h>

#include "graph/file/file.h"

#define AT(type, field) .offset = (uint32_t)offsetof(type, field)
#define SECTION(title, rows, type) \
	{ \
		title, rows, (uint32_t)(sizeof(rows) / sizeof *(rows)), (uint32_t)sizeof(type) \
	}
#define MS_MOST \
	INT64_C(4294967294) /* what a uint32_t of the interface can say, and one is "none" */
#define YEARS INT64_C(3153600000000) /* a hundred of them, in ms */
#define MODES "group quiet prefix stream"
#define COLORS "none force"
#define LOGS "snippet full tail:N"
#define FINGERPRINTS "mtime+hash mtime hash"

static const struct key dep_rows[] = {
	{ "dep", "name or pattern of what must have ended well before", .kind = KEY_TEXT,
		.flags = KEY_ONE_OF | KEY_SHORT | KEY_NOT_EMPTY, AT(struct file_dep, dep) },
	{ "command", "a command that prints names, one per line", .kind = KEY_COMMAND,
		.flags = KEY_ONE_OF, AT(struct file_dep, command) },
	{ "special",
		"no_failures: only if nothing has failed; all_done: when all else of the wave has ended",
		.kind = KEY_WORD, .words = "no_failures all_done", .flags = KEY_ONE_OF,
		AT(struct file_dep, special) },
	{ "soft", "order only: its failure does not matter", .kind = KEY_BOOL,
		AT(struct file_dep, soft) },
};
static const struct section dep = SECTION("a dependency", dep_rows, struct file_dep);

static const struct key rdep_rows[] = {
	{ "target", "who matches it and is wanted depends on this proc", .kind = KEY_TEXT,
		.flags = KEY_ONE_OF | KEY_SHORT | KEY_NOT_EMPTY, AT(struct file_rdep, target) },
	{ "when_scheduled", "wanted when this proc is, and runs behind it", .kind = KEY_TEXT,
		.flags = KEY_ONE_OF | KEY_NOT_EMPTY, AT(struct file_rdep, when_scheduled) },
	{ "when_target_scheduled", "if it is wanted so is this proc, in front of it",
		.kind = KEY_TEXT, .flags = KEY_ONE_OF | KEY_NOT_EMPTY,
		AT(struct file_rdep, when_target_scheduled) },
};
static const struct section rdep = SECTION("an rdep", rdep_rows, struct file_rdep);

static const struct key choice_rows[] = {
	{ "values", "the values", .kind = KEY_TEXTS, .flags = KEY_ONE_OF | KEY_SHORT,
		AT(struct file_choice, values) },
	{ "command", "a command that prints values, one per line", .kind = KEY_COMMAND,
		.flags = KEY_ONE_OF, AT(struct file_choice, command) },
};
static const struct section choice = SECTION("choices", choice_rows, struct file_choice);

static const struct key arg_rows[] = {
	{ "default", "the value where the name says none", .kind = KEY_TEXT, .flags = KEY_SHORT,
		AT(struct file_arg, value) },
	{ "type", "what a value must be", .kind = KEY_WORD, .words = "text int float bool",
		AT(struct file_arg, type) },
};
static const struct section arg = SECTION("an arg", arg_rows, struct file_arg);

static const struct key input_rows[] = {
	{ "path", "a file, a directory or a pattern", .kind = KEY_TEXT,
		.flags = KEY_ONE_OF | KEY_SHORT | KEY_NOT_EMPTY, AT(struct file_input, path) },
	{ "regex", "all files whose path matches it", .kind = KEY_TEXT,
		.flags = KEY_ONE_OF | KEY_NOT_EMPTY, AT(struct file_input, regex) },
	{ "command", "a command that prints paths, one per line", .kind = KEY_COMMAND,
		.flags = KEY_ONE_OF, AT(struct file_input, command) },
};
static const struct section input = SECTION("an input", input_rows, struct file_input);

static const struct key output_rows[] = {
	{ "file", "a file or a pattern; it must be there when the proc has succeeded",
		.kind = KEY_TEXT, .flags = KEY_ONE_OF | KEY_SHORT | KEY_NOT_EMPTY,
		AT(struct file_output, path) },
	{ "command", "a command that prints paths, one per line", .kind = KEY_COMMAND,
		.flags = KEY_ONE_OF, AT(struct file_output, command) },
	{ "max_age", "older than this the proc runs again", .kind = KEY_DURATION, .most = YEARS,
		AT(struct file_output, max_age) },
	{ "enforce_freshness", "the proc must have written it anew", .kind = KEY_BOOL,
		AT(struct file_output, enforce_freshness) },
};
static const struct section output = SECTION("an output", output_rows, struct file_output);

static const struct key ignore_rows[] = {
	{ "match", "lines that match this regular expression are no trouble", .kind = KEY_TEXT,
		.flags = KEY_NEEDED | KEY_SHORT | KEY_NOT_EMPTY,
		AT(struct file_log_ignore, match) },
	{ "when", "always, or only if the proc succeeded", .kind = KEY_WORD,
		.words = "always succeeded", AT(struct file_log_ignore, when) },
};
static const struct section log_ignore =
	SECTION("an entry of log_ignore", ignore_rows, struct file_log_ignore);

static const struct key capacity_rows[] = {
	{ "units", "how many units there are", .kind = KEY_INT, .flags = KEY_SHORT | KEY_NEEDED,
		.most = UINT32_MAX, AT(struct file_lock, units) },
};
static const struct section capacity = SECTION("a lock", capacity_rows, struct file_lock);

static const struct key stop_rows[] = {
	{ "signal", "what ends it, sent to its process group: TERM, INT …", .kind = KEY_SIGNAL,
		.flags = KEY_SHORT, AT(struct file_stop, signal) },
	{ "grace", "between the signal and SIGKILL", .kind = KEY_DURATION, .most = MS_MOST,
		AT(struct file_stop, grace) },
};
static const struct section stop = SECTION("stop", stop_rows, struct file_stop);

static const struct key retries_rows[] = {
	{ "count", "attempts after the first", .kind = KEY_INT, .flags = KEY_SHORT | KEY_NEEDED,
		.most = 1000000, AT(struct file_retries, count) },
	{ "delay", "before the second attempt", .kind = KEY_DURATION, .most = MS_MOST,
		AT(struct file_retries, delay) },
	{ "backoff", "each delay is so many times the one before", .kind = KEY_DECIMAL, .least = 1,
		.most = 100, AT(struct file_retries, backoff) },
	{ "on", "which failures are tried again: timeout, signal, failure, exit N",
		.kind = KEY_TEXTS, AT(struct file_retries, on) },
};
static const struct section retries = SECTION("retries", retries_rows, struct file_retries);

static const struct key result_rows[] = {
	{ "from", "what the result is", .kind = KEY_WORD, .words = "stdout",
		.flags = KEY_NEEDED | KEY_SHORT, AT(struct file_result, from) },
	{ "format", "as it is, or checked to be JSON", .kind = KEY_WORD, .words = "raw json",
		AT(struct file_result, format) },
};
static const struct section result = SECTION("a result", result_rows, struct file_result);

static const struct key watch_rows[] = {
	{ "on_busy", "what a change does while the proc runs", .kind = KEY_WORD, .flags = KEY_SHORT,
		.words = "queue restart ignore signal", AT(struct file_watch, on_busy) },
	{ "signal", "what `on_busy: signal` sends", .kind = KEY_SIGNAL,
		AT(struct file_watch, signal) },
};
static const struct section watch = SECTION("watch", watch_rows, struct file_watch);

static const struct key proc_rows[] = {
	{ "desc", "what it is for, shown by `orderly graph list`", .kind = KEY_TEXT,
		.flags = KEY_LOSSLESS, AT(struct file_proc, description) },
	{ "run", "the command: a line for the shell, or a list that needs none",
		.kind = KEY_COMMAND, .flags = KEY_LOSSLESS, AT(struct file_proc, run) },
	{ "deps", "what must have ended well before", .kind = KEY_ITEMS, .section = &dep,
		AT(struct file_proc, deps) },
	{ "rdeps", "who depends on it", .kind = KEY_ITEMS, .section = &rdep,
		AT(struct file_proc, rdeps) },
	{ "choices", "the values that an arg may take", .kind = KEY_NAMED, .section = &choice,
		AT(struct file_proc, choices) },
	{ "args", "types and defaults of args", .kind = KEY_NAMED, .section = &arg,
		AT(struct file_proc, args) },
	{ "inputs", "files that it reads: a change makes it run", .kind = KEY_ITEMS,
		.section = &input, AT(struct file_proc, inputs) },
	{ "inputs_ignore", "patterns of files that are no inputs", .kind = KEY_TEXTS,
		AT(struct file_proc, inputs_ignore) },
	{ "outputs", "files that it writes", .kind = KEY_ITEMS, .section = &output,
		AT(struct file_proc, outputs) },
	{ "outputs_check",
		"content: an output that was changed by others makes it run; exist: only one that is missing",
		.kind = KEY_WORD, .words = "content exist", AT(struct file_proc, outputs_check) },
	{ "depfile", "a file in the form of make that it writes, with more inputs",
		.kind = KEY_TEXT, .flags = KEY_NOT_EMPTY, AT(struct file_proc, depfile) },
	{ "env", "environment of the command", .kind = KEY_PAIRS, AT(struct file_proc, env) },
	{ "cwd", "directory of the command", .kind = KEY_TEXT, .flags = KEY_NOT_EMPTY,
		AT(struct file_proc, cwd) },
	{ "locks", "held while it runs: a name, or {name: units}", .kind = KEY_UNITS,
		AT(struct file_proc, locks) },
	{ "wave", "lower ones first", .kind = KEY_INT, .least = INT32_MIN, .most = INT32_MAX,
		AT(struct file_proc, wave) },
	{ "timeout", "how long an attempt may take", .kind = KEY_DURATION, .least = 1,
		.most = MS_MOST, AT(struct file_proc, timeout) },
	{ "stop", "how it is ended", .kind = KEY_STRUCT, .section = &stop,
		AT(struct file_proc, stop) },
	{ "retries", "what is tried again after a failure", .kind = KEY_STRUCT, .section = &retries,
		AT(struct file_proc, retries) },
	{ "always", "run though what it depends on has failed", .kind = KEY_BOOL,
		AT(struct file_proc, always) },
	{ "no_skip", "run though nothing has changed", .kind = KEY_BOOL,
		AT(struct file_proc, no_skip) },
	{ "now", "wanted as soon as the file is loaded", .kind = KEY_BOOL,
		AT(struct file_proc, now) },
	{ "skip_exit", "this exit code says that there was nothing to do", .kind = KEY_INT,
		.least = 1, .most = 255, AT(struct file_proc, skip_exit) },
	{ "nochange_exit", "this exit code says that it succeeded without news", .kind = KEY_INT,
		.least = 1, .most = 255, AT(struct file_proc, nochange_exit) },
	{ "result", "what others see as its result", .kind = KEY_STRUCT, .section = &result,
		AT(struct file_proc, result) },
	{ "output", "how its output is shown", .kind = KEY_WORD, .words = MODES,
		AT(struct file_proc, output) },
	{ "color", "whether the command is told to write colours", .kind = KEY_WORD,
		.words = COLORS, AT(struct file_proc, color) },
	{ "terminal", "the command has the terminal, one at a time", .kind = KEY_BOOL,
		AT(struct file_proc, terminal) },
	{ "log_ignore", "lines of the log that are no trouble", .kind = KEY_ITEMS,
		.section = &log_ignore, AT(struct file_proc, log_ignore) },
	{ "log_on_failure", "what of the log is shown when it fails", .kind = KEY_WORD,
		.words = LOGS, AT(struct file_proc, log_on_failure) },
	{ "fingerprint", "how a change of an input is found", .kind = KEY_WORD,
		.words = FINGERPRINTS, AT(struct file_proc, fingerprint) },
	{ "expected", "how long it takes, before that has been measured", .kind = KEY_DURATION,
		.most = MS_MOST, AT(struct file_proc, expected) },
	{ "watch", "what happens when something changes", .kind = KEY_STRUCT, .section = &watch,
		AT(struct file_proc, watch) },
};
const struct section keys_proc = SECTION("a proc", proc_rows, struct file_proc);

static const struct key all_watch_rows[] = {
	{ "debounce", "how long nothing must change; 0: not at all", .kind = KEY_DURATION,
		.most = MS_MOST, AT(struct file_watch, debounce) },
	{ "max_wait", "after this it is begun though something still changes", .kind = KEY_DURATION,
		.most = MS_MOST, AT(struct file_watch, most) },
	{ "on_busy", "what a change does while a proc runs", .kind = KEY_WORD,
		.words = "queue restart ignore signal", AT(struct file_watch, on_busy) },
	{ "signal", "what `on_busy: signal` sends", .kind = KEY_SIGNAL,
		AT(struct file_watch, signal) },
};
static const struct section all_watch = SECTION("watch", all_watch_rows, struct file_watch);

static const struct key options_rows[] = {
	{ "parallel", "procs at once; auto: a jobserver's, else one per processor", .kind = KEY_INT,
		.words = "auto", .least = 1, .most = 4096, AT(struct file_options, parallel) },
	{ "db", "where history and results are kept", .kind = KEY_TEXT, .flags = KEY_NOT_EMPTY,
		AT(struct file_options, db) },
	{ "separator", "between the parts of a name", .kind = KEY_TEXT, .flags = KEY_NOT_EMPTY,
		AT(struct file_options, separator) },
	{ "keep_going", "after so many failures nothing more is started; 0: never", .kind = KEY_INT,
		.most = UINT32_MAX, AT(struct file_options, keep_going) },
	{ "fail_fast", "what runs at a failure is ended too", .kind = KEY_BOOL,
		AT(struct file_options, fail_fast) },
	{ "load", "nothing more is started while the system's load is higher", .kind = KEY_DECIMAL,
		.most = 1000000, AT(struct file_options, load) },
	{ "fingerprint", "how a change of an input is found", .kind = KEY_WORD,
		.words = FINGERPRINTS, AT(struct file_options, fingerprint) },
	{ "allow_missing_deps", "a dependency of which there is no proc is none", .kind = KEY_BOOL,
		AT(struct file_options, allow_missing_deps) },
	{ "log_on_failure", "what of the log of a failed proc is shown", .kind = KEY_WORD,
		.words = LOGS, AT(struct file_options, log_on_failure) },
	{ "output", "how output is shown", .kind = KEY_WORD, .words = MODES,
		AT(struct file_options, output) },
	{ "color", "whether commands are told to write colours", .kind = KEY_WORD, .words = COLORS,
		AT(struct file_options, color) },
	{ "jobserver", "which one is offered to commands", .kind = KEY_WORD,
		.words = "fifo pipe off", AT(struct file_options, jobserver) },
	{ "watch", "what happens when something changes", .kind = KEY_STRUCT, .section = &all_watch,
		AT(struct file_options, watch) },
	{ "ignore", "patterns of files that are nobody's inputs", .kind = KEY_TEXTS,
		AT(struct file_options, ignore) },
};
static const struct section options = SECTION("options", options_rows, struct file_options);

static const struct key file_rows[] = {
	{ "version", "of this format", .kind = KEY_INT, .least = 1, .most = 1,
		AT(struct file_part, version) },
	{ "include", "other files, relative to this one", .kind = KEY_TEXTS, .flags = KEY_NOT_EMPTY,
		AT(struct file_part, include) },
	{ "options", "how the graph runs", .kind = KEY_STRUCT, .section = &options,
		AT(struct file_part, options) },
	{ "params", "values that all procs see, with their defaults", .kind = KEY_PAIRS,
		AT(struct file_part, params) },
	{ "env", "environment of all commands, where nothing else sets it", .kind = KEY_PAIRS,
		AT(struct file_part, env) },
	{ "dotenv", "files of KEY=value; later ones win", .kind = KEY_TEXTS, .flags = KEY_NOT_EMPTY,
		AT(struct file_part, dotenv) },
	{ "locks", "how many units a lock has; others have one", .kind = KEY_NAMED,
		.section = &capacity, AT(struct file_part, locks) },
	{ "procs", "what is to be done", .kind = KEY_NAMED, .section = &keys_proc,
		AT(struct file_part, procs) },
};
const struct section keys_file = SECTION("the file", file_rows, struct file_part);

/* What other tools call it. */
static const char *const others[][2] = { { "cmd", "run" }, { "cmds", "run" }, { "command", "run" },
	{ "commands", "run" }, { "script", "run" }, { "steps", "run" }, { "needs", "deps" },
	{ "depends", "deps" }, { "depends_on", "deps" }, { "dependencies", "deps" },
	{ "requires", "deps" }, { "sources", "inputs" }, { "file_dep", "inputs" },
	{ "generates", "outputs" }, { "targets", "outputs" }, { "artifacts", "outputs" },
	{ "description", "desc" }, { "summary", "desc" }, { "dir", "cwd" },
	{ "working_directory", "cwd" }, { "environment", "env" }, { "tasks", "procs" },
	{ "jobs", "procs" }, { "rules", "procs" }, { "vars", "params" }, { "variables", "params" },
	{ "includes", "include" }, { "import", "include" }, { "retry", "retries" },
	{ "cmd", "command" }, { "lambda", "command" }, { "database", "db" } };

const struct key *
keys_find(const struct section *section, const char *name, size_t size)
{
	for (uint32_t i = 0; i < section->n; i++)
		if (strlen(section->keys[i].name) == size &&
			memcmp(section->keys[i].name, name, size) == 0)
			return &section->keys[i];
	return NULL;
}

const struct key *
keys_short(const struct section *section)
{
	for (uint32_t i = 0; i < section->n; i++)
		if (section->keys[i].flags & KEY_SHORT)
			return &section->keys[i];
	return NULL;
}

#define NAME_MOST 32

/* How many letters must be put in, taken out, changed or swapped with their neighbour; both at most NAME_MOST long. */
static unsigned
distance(const char *one, size_t n, const char *other, size_t m)
{
	unsigned rows[NAME_MOST + 1][NAME_MOST + 1];

	for (size_t i = 0; i <= n; i++) {
		for (size_t j = 0; j <= m; j++) {
			unsigned best;

			if (i == 0 || j == 0) {
				rows[i][j] = (unsigned)(i + j);
				continue;
			}
			best = rows[i - 1][j - 1] + (one[i - 1] != other[j - 1]);
			if (rows[i - 1][j] + 1 < best)
				best = rows[i - 1][j] + 1;
			if (rows[i][j - 1] + 1 < best)
				best = rows[i][j - 1] + 1;
			if (i > 1 && j > 1 && one[i - 1] == other[j - 2] &&
				one[i - 2] == other[j - 1] && rows[i - 2][j - 2] + 1 < best)
				best = rows[i - 2][j - 2] + 1;
			rows[i][j] = best;
		}
	}
	return rows[n][m];
}

const char *
keys_nearest(const struct section *section, const char *name, size_t size)
{
	const char *nearest = NULL;
	unsigned best = size < 4 ? 2 : 3; /* less than this is near */

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (strlen(others[i][0]) == size && memcmp(others[i][0], name, size) == 0 &&
			keys_find(section, others[i][1], strlen(others[i][1])) != NULL)
			return others[i][1];
	if (size > NAME_MOST)
		return NULL;
	for (uint32_t i = 0; i < section->n; i++) {
		const char *key = section->keys[i].name;
		unsigned steps = distance(name, size, key, strlen(key));

		if (steps < best) {
			best = steps;
			nearest = key;
		}
	}
	return nearest;
}

int
keys_word(const char *words, const char *text, int64_t *number)
{
	const char *word = words;
	char *end;

	for (int i = 0;; i++) {
		size_t size = strcspn(word, " ");

		*number = 0;
		if (strlen(text) == size && strncmp(word, text, size) == 0 &&
			memchr(word, ':', size) == NULL)
			return i;
		if (size > 2 && memcmp(word + size - 2, ":N", 2) == 0 &&
			strncmp(word, text, size - 1) == 0) {
			*number = strtol(text + size - 1, &end, 10);
			if (text[size - 1] >= '0' && text[size - 1] <= '9' && *end == '\0' &&
				*number > 0 && *number <= 1000000)
				return i;
		}
		if (word[size] == '\0')
			return -1;
		word += size + 1;
	}
}
