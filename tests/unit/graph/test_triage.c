/* What of a log is shown: a table, a slow reader of the same rules on random logs, and one that is too long for memory. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <orderly/graph.h>

#include "graph/logs/triage.h"
#include "memory_fault.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

enum { TEXT_MOST = 1 << 20, RULES_MOST = 4, LINES_MOST = 64, RANDOM_LOGS = 20000 };

/* A log in memory that is read in pieces of this size. */
struct log {
	const char *text;
	size_t size;
	size_t piece;
	char shown[TEXT_MOST];
	size_t shown_size;
};

static ssize_t
read_log(void *user, void *to, size_t size, uint64_t offset)
{
	const struct log *log = user;

	if (offset >= log->size)
		return 0;
	size = size < log->piece ? size : log->piece;
	size = size < log->size - offset ? size : log->size - offset;
	memcpy(to, log->text + offset, size);
	return (ssize_t)size;
}

static int
write_log(const char *text, size_t size, void *user)
{
	struct log *log = user;

	cr_assert(log->shown_size + size < TEXT_MOST);
	memcpy(log->shown + log->shown_size, text, size);
	log->shown_size += size;
	log->shown[log->shown_size] = '\0';
	return 0;
}

static int
show(struct log *log, const struct triage_rules *rules)
{
	log->shown_size = 0;
	log->shown[0] = '\0';
	return triage(rules, &(struct triage_ends){ read_log, log, write_log, log });
}

/* --- the table --- */

enum { SNIPPET = ORD_LOG_SNIPPET, FULL = ORD_LOG_FULL, TAIL = ORD_LOG_TAIL, WELL = 0, BADLY = 1 };

struct row {
	const char *what;
	int failed;
	uint32_t show, lines;
	const char *always, *succeeded; /* rules */
	const char *log;
	const char *shown;
};

#define TEN "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"
#define LAST16 "11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n21\n22\n23\n24\n25\n26\n"

static const struct row rows[] = {
	{ "no trouble", WELL, SNIPPET, 0, NULL, NULL, TEN, "" },
	{ "nothing at all", BADLY, SNIPPET, 0, NULL, NULL, "", "" },
	{ "nothing at all, full", BADLY, FULL, 0, NULL, NULL, "", "" },
	{ "a window", WELL, SNIPPET, 0, NULL, NULL, "1\n2\n3\n4 error: x\n5\n6\n7\n", "2\n3\n4 error: x\n5\n6\n" },
	{ "at the beginning", WELL, SNIPPET, 0, NULL, NULL, "error\n2\n3\n4\n", "error\n2\n3\n" },
	{ "at the end, without a newline", WELL, SNIPPET, 0, NULL, NULL, "1\n2\n3\nerror", "2\n3\nerror\n" },
	{ "windows that overlap", WELL, SNIPPET, 0, NULL, NULL, "1\n2\nerror\n4\nerror\n6\n7\n8\n", "1\n2\nerror\n4\nerror\n6\n7\n" },
	{ "windows that touch", WELL, SNIPPET, 0, NULL, NULL, "error\n2\n3\n4\n5\nerror\n", "error\n2\n3\n4\n5\nerror\n" },
	{ "windows apart", WELL, SNIPPET, 0, NULL, NULL, "error\n2\n3\n4\n5\n6\nerror\n", "error\n2\n3\n...\n5\n6\nerror\n" },
	{ "each keyword", WELL, SNIPPET, 0, NULL, NULL,
		"exception\na\na\na\na\na\nwarning\na\na\na\na\na\nnotice\na\na\na\na\na\ndeprecated\na\na\na\na\na\ndeprecation\n",
		"exception\na\na\n...\na\na\nwarning\na\na\n...\na\na\nnotice\na\na\n...\na\na\ndeprecated\na\na\n...\na\na\ndeprecation\n" },
	{ "any case", WELL, SNIPPET, 0, NULL, NULL, "ERROR\n", "ERROR\n" },
	{ "mixed case", WELL, SNIPPET, 0, NULL, NULL, "a WarNing!\n", "a WarNing!\n" },
	{ "no whole word", WELL, SNIPPET, 0, NULL, NULL,
		"errors\nterror\nerror_count\nmy_error\nerror1\n0error\nwarnings\nerr\nexceptional\ndeprecatedly\nerrorerror\n", "" },
	{ "ends of words", WELL, SNIPPET, 0, NULL, NULL, "[error]x\n", "[error]x\n" },
	{ "a byte beyond ASCII ends a word", WELL, SNIPPET, 0, NULL, NULL, "\342\200\230error\342\200\231\n", "\342\200\230error\342\200\231\n" },
	{ "colours are kept and not seen", WELL, SNIPPET, 0, NULL, NULL, "\033[1;31merror\033[0m: x\n", "\033[1;31merror\033[0m: x\n" },
	{ "a colour inside a word", WELL, SNIPPET, 0, NULL, NULL, "er\033[1mror\n", "er\033[1mror\n" },
	{ "a colour does not end a word", WELL, SNIPPET, 0, NULL, NULL, "error\033[0ms\n", "" },
	{ "a title is not seen", WELL, SNIPPET, 0, NULL, NULL, "\033]0;error\a well\n\033]0;error\033\\well\n", "" },
	{ "an escape sequence ends with its line", WELL, SNIPPET, 0, NULL, NULL, "\033]0;x\nerror\n\033[3\nb\n", "\033]0;x\nerror\n\033[3\nb\n" },
	{ "carriage returns", WELL, SNIPPET, 0, NULL, NULL, "1\r\nerror\r\n", "1\r\nerror\r\n" },
	{ "no UTF-8", WELL, SNIPPET, 0, NULL, NULL, "\377\376 error \377\n", "\377\376 error \377\n" },
	{ "the last of a failed one", BADLY, SNIPPET, 0, NULL, NULL, TEN LAST16, LAST16 },
	{ "all of a short one", BADLY, SNIPPET, 0, NULL, NULL, "1\n2", "1\n2\n" },
	{ "windows of a failed one", BADLY, SNIPPET, 0, NULL, NULL, TEN "error\n" TEN, "9\n10\nerror\n1\n2\n" },
	{ "an ignored keyword", WELL, SNIPPET, 0, "^error: known$", NULL, "1\nerror: known\n3\n", "" },
	{ "ignored lines are not there", WELL, SNIPPET, 0, "noise", NULL, "1\n2\nnoise\nnoise error\nnoise\nerror\nnoise\n4\n5\n6\n",
		"1\n2\nerror\n4\n5\n" },
	{ "ignored without colours", WELL, SNIPPET, 0, "^error: known$", NULL, "\033[31merror\033[0m: known\r\n", "" },
	{ "ignored only if it succeeded", WELL, SNIPPET, 0, NULL, "known", "error known\n", "" },
	{ "and it failed", BADLY, SNIPPET, 0, NULL, "known", "error known\n2\n3\n4\n", "error known\n2\n3\n" },
	{ "the last lines that are not ignored", BADLY, SNIPPET, 0, "noise|error", NULL, "1\nerror\nnoise\n2\n", "1\n2\n" },
	{ "all is ignored", BADLY, SNIPPET, 0, ".*", NULL, TEN LAST16, LAST16 },
	{ "all is ignored, and it succeeded", WELL, SNIPPET, 0, ".*", NULL, "error\n", "" },
	{ "full", BADLY, FULL, 0, "2", NULL, "1\n2\n3", "1\n2\n3\n" },
	{ "full, but it succeeded", WELL, FULL, 0, NULL, NULL, TEN "error\n" TEN, "9\n10\nerror\n1\n2\n" },
	{ "tail", BADLY, TAIL, 3, NULL, NULL, "error\n" TEN, "8\n9\n10\n" },
	{ "tail of one", BADLY, TAIL, 1, NULL, NULL, "error\n" TEN, "10\n" },
	{ "tail of more than there is", BADLY, TAIL, 300, NULL, NULL, TEN, TEN },
	{ "tail, without what is ignored", BADLY, TAIL, 3, "9", NULL, TEN, "7\n8\n10\n" },
	{ "tail, all is ignored", BADLY, TAIL, 2, "^", NULL, TEN, "9\n10\n" },
	{ "tail, but it succeeded", WELL, TAIL, 1, NULL, NULL, "1\n2\n3\nerror\n5\n6\n7\n", "2\n3\nerror\n5\n6\n" },
	{ "a regex of characters", WELL, SNIPPET, 0, "^.{2} error$", NULL, "\303\244\303\244 error\n", "" },
	{ "a regex on what is no UTF-8", WELL, SNIPPET, 0, "known", NULL, "\377 error known\n", "" },
	{ "empty lines", WELL, SNIPPET, 0, NULL, NULL, "\n\n\nerror\n\n\n\n", "\n\nerror\n\n\n" },
};

static struct regex
compile(const char *text)
{
	struct regex regex;
	char fault[200];

	cr_assert_eq(regex_compile(&regex, text, fault, sizeof fault), 0, "%s: %s", text, fault);
	return regex;
}

Test(triage, table)
{
	static struct log log;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct triage_ignore ignore[2];
		struct triage_rules rules = { .ignore = ignore, .show = row->show, .lines = row->lines, .failed = row->failed };

		if (row->always != NULL)
			ignore[rules.n_ignore++] = (struct triage_ignore){ compile(row->always), ORD_LOG_IGNORE_ALWAYS };
		if (row->succeeded != NULL)
			ignore[rules.n_ignore++] = (struct triage_ignore){ compile(row->succeeded), ORD_LOG_IGNORE_SUCCEEDED };
		log.text = row->log;
		log.size = strlen(row->log);
		for (log.piece = 1; log.piece < 200; log.piece += 1 + log.piece / 3) {
			cr_assert_eq(show(&log, &rules), 0);
			cr_expect_str_eq(log.shown, row->shown, "%s (pieces of %zu):\n%s---\n%s---", row->what, log.piece, log.shown,
				row->shown);
		}
		while (rules.n_ignore != 0)
			regex_finish(&ignore[--rules.n_ignore].regex);
	}
}

/* --- NUL bytes and long lines --- */

Test(triage, nul_bytes)
{
	static struct log log = { .text = "a\0b\nerror\0\n\0", .size = 12, .piece = 5 };
	struct triage_rules rules = { .show = ORD_LOG_SNIPPET };

	cr_assert_eq(show(&log, &rules), 0);
	cr_assert_eq(log.shown_size, 13);
	cr_assert_arr_eq(log.shown, "a\0b\nerror\0\n\0\n", 13);
}

/* All of a long line counts, and its beginning is shown. */
Test(triage, long_lines)
{
	static char text[300000];
	static struct log log = { .text = text, .size = sizeof text, .piece = 4096 };
	struct triage_rules rules = { .show = ORD_LOG_SNIPPET };
	char wanted[100];

	memset(text, 'x', sizeof text);
	memcpy(text + 200000, " error ", 7);
	text[sizeof text - 1] = '\n';
	cr_assert_eq(show(&log, &rules), 0);
	snprintf(wanted, sizeof wanted, "xxx ... (%zu bytes more)\n", sizeof text - TRIAGE_SHOWN_MAX);
	cr_assert_eq(log.shown_size, TRIAGE_SHOWN_MAX + strlen(wanted) - 3);
	cr_assert_str_eq(log.shown + TRIAGE_SHOWN_MAX - 3, wanted);
	log.size = TRIAGE_SHOWN_MAX;
	rules.failed = 1;
	cr_assert_eq(show(&log, &rules), 0);
	cr_assert_eq(log.shown_size, TRIAGE_SHOWN_MAX + 1);
}

/* --- random logs, and the same rules in a simple way --- */

struct model {
	const char *lines[LINES_MOST];
	int n, failed;
	int ignored[LINES_MOST], keyword[LINES_MOST], marked[LINES_MOST];
	int rows[LINES_MOST], n_rows; /* the lines that are not ignored */
	char shown[10000];
};

static void
model_say(struct model *model, const char *text)
{
	strcat(model->shown, text);
	strcat(model->shown, "\n");
}

static void
model_tail(struct model *model, const int *lines, int n, int most)
{
	for (int i = n > most ? n - most : 0; i < n; i++)
		model_say(model, model->lines[lines[i]]);
}

static void
model_windows(struct model *model)
{
	int last = -1;

	for (int i = 0; i < model->n_rows; i++)
		for (int j = 0; j < model->n_rows; j++)
			if (model->keyword[model->rows[j]] && abs(i - j) <= 2)
				model->marked[i] = 1;
	for (int i = 0; i < model->n_rows; i++) {
		if (!model->marked[i])
			continue;
		if (last >= 0 && last != i - 1)
			model_say(model, "...");
		model_say(model, model->lines[model->rows[i]]);
		last = i;
	}
}

static void
model_run(struct model *model, const struct triage_rules *rules)
{
	int all[LINES_MOST], most = rules->show == ORD_LOG_TAIL ? (int)rules->lines : 16, windows;

	model->n_rows = 0;
	for (int i = 0; i < model->n; i++) {
		all[i] = i;
		if (!model->ignored[i])
			model->rows[model->n_rows++] = i;
	}
	windows = !rules->failed || rules->show == ORD_LOG_SNIPPET;
	if (windows)
		model_windows(model);
	if (rules->failed && model->shown[0] == '\0') {
		if (model->n_rows != 0)
			model_tail(model, model->rows, model->n_rows, most);
		else
			model_tail(model, all, model->n, most);
	}
}

static uint64_t
draw(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % below;
}

Test(triage, random_logs)
{
	static const struct {
		const char *text;
		int keyword, noise;
	} kinds[] = { { "plain", 0, 0 }, { "other", 0, 0 }, { "more", 0, 0 }, { "", 0, 0 }, { "an \033[1merror\033[m: x", 1, 0 },
		{ "noise", 0, 1 }, { "noise: warning", 1, 1 } };
	static struct log log;
	static char text[10000];
	struct triage_ignore ignore[2] = { { compile("^noise"), ORD_LOG_IGNORE_ALWAYS },
		{ compile("^noise"), ORD_LOG_IGNORE_SUCCEEDED } };
	uint64_t state = 88172645463325252u;

	for (int round = 0; round < RANDOM_LOGS; round++) {
		struct model model = { .n = (int)draw(&state, LINES_MOST) };
		struct triage_rules rules = { .ignore = &ignore[draw(&state, 2)], .n_ignore = (uint32_t)draw(&state, 2),
			.show = draw(&state, 2) ? ORD_LOG_SNIPPET : ORD_LOG_TAIL, .lines = 1 + (uint32_t)draw(&state, 40),
			.failed = (int)draw(&state, 2) };
		int obeys = rules.n_ignore != 0 && (rules.ignore->when == ORD_LOG_IGNORE_ALWAYS || !rules.failed);
		uint64_t few = 1 + draw(&state, COUNT(kinds));

		text[0] = '\0';
		for (int i = 0; i < model.n; i++) {
			size_t kind = draw(&state, 3) ? draw(&state, few) : draw(&state, COUNT(kinds));

			model.lines[i] = kinds[kind].text;
			model.keyword[i] = kinds[kind].keyword;
			model.ignored[i] = kinds[kind].noise && obeys;
			strcat(strcat(text, kinds[kind].text), "\n");
		}
		log.text = text;
		log.size = strlen(text);
		log.piece = 1 + draw(&state, 100);
		model_run(&model, &rules);
		cr_assert_eq(show(&log, &rules), 0);
		cr_assert_str_eq(log.shown, model.shown, "round %d:\n%s---\n%s---\n%s---", round, text, log.shown, model.shown);
	}
	regex_finish(&ignore[0].regex);
	regex_finish(&ignore[1].regex);
}

/* --- what cannot be --- */

static ssize_t
cannot_read(void *user, void *to, size_t size, uint64_t offset)
{
	(void)to;
	(void)size;
	errno = offset < *(uint64_t *)user ? EINTR : EIO;
	return -1;
}

static int
refuse(const char *text, size_t size, void *user)
{
	(void)text;
	(void)size;
	(void)user;
	return 77;
}

Test(triage, faults)
{
	static struct log log = { .text = "error\n", .size = 6, .piece = 100 };
	struct triage_ignore ignore = { compile("x"), ORD_LOG_IGNORE_ALWAYS };
	struct triage_rules rules = { .ignore = &ignore, .n_ignore = 1, .show = ORD_LOG_SNIPPET };
	uint64_t none = 0;
	int status = -1;

	cr_assert_eq(triage(&rules, &(struct triage_ends){ cannot_read, &none, write_log, &log }), -1);
	cr_assert_eq(errno, EIO);
	cr_assert_eq(triage(&rules, &(struct triage_ends){ read_log, &log, refuse, NULL }), 77);
	rules.failed = 1;
	rules.show = ORD_LOG_FULL;
	cr_assert_eq(triage(&rules, &(struct triage_ends){ read_log, &log, refuse, NULL }), 77);
	rules.show = ORD_LOG_SNIPPET;
	for (unsigned long n = 1; status != 0; n++) {
		memory_fault_at(n);
		status = show(&log, &rules);
		cr_assert(status == 0 || (memory_fault_came() && status == -1 && errno == ENOMEM));
		cr_assert(status == 0 || n < 50);
	}
	memory_fault_at(0);
	cr_assert_str_eq(log.shown, "error\n");
	regex_finish(&ignore.regex);
}

Test(triage, regexes)
{
	struct regex regex;
	char fault[200];
	int status = -1;

	cr_assert_eq(regex_compile(&regex, "a(b", fault, sizeof fault), 1);
	cr_assert(strstr(fault, "at byte 3") != NULL, "%s", fault);
	cr_assert_eq(regex_compile(&regex, "\377", fault, sizeof fault), 1);
	regex = compile("(a+)+$"); /* takes for ever */
	cr_assert_eq(regex_match(&regex, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 50), 0);
	cr_assert_eq(regex_match(&regex, "baa", 3), 1);
	regex_finish(&regex);
	for (unsigned long n = 1; status != 0; n++) {
		memory_fault_at(n);
		status = regex_compile(&regex, "[a-c]+x", fault, sizeof fault);
		cr_assert(status == 0 || (status == -1 && memory_fault_came()), "%lu: %s", n, fault);
		cr_assert(n < 100);
	}
	memory_fault_at(0);
	regex_finish(&regex);
}

/* --- a long log --- */

struct endless {
	uint64_t size;
	uint64_t shown;
};

/* Lines of 64 bytes; each 1000th has a keyword. */
static ssize_t
read_endless(void *user, void *to, size_t size, uint64_t offset)
{
	static const char plain[] = "what is said again and again, and is no trouble to anybody ....\n",
			  error[] = "what is said now and then: an error in something ..............\n";
	const struct endless *endless = user;
	uint64_t at = offset;
	char *bytes = to;

	for (; at < endless->size && size != 0; size--, at++)
		*bytes++ = (at / 64 % 1000 == 999 ? error : plain)[at % 64];
	return (ssize_t)(at - offset);
}

static int
count_endless(const char *text, size_t size, void *user)
{
	struct endless *endless = user;

	(void)text;
	endless->shown += size;
	return 0;
}

static long
memory_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

Test(triage, a_long_log_needs_no_memory, .timeout = 200)
{
	const char *most = getenv("ORD_TRIAGE_MIB");
	struct endless endless = { .size = (uint64_t)(most != NULL ? atoi(most) : 32) << 20 };
	struct triage_rules rules = { .show = ORD_LOG_SNIPPET };
	uint64_t errors = endless.size / 64 / 1000;
	long before = memory_kib();

	cr_assert_eq(triage(&rules, &(struct triage_ends){ read_endless, &endless, count_endless, &endless }), 0);
	cr_assert_eq(endless.shown, errors * 5 * 64 + (errors - 1) * 4);
	rules = (struct triage_rules){ .show = ORD_LOG_TAIL, .lines = 1000, .failed = 1 };
	endless.shown = 0;
	cr_assert_eq(triage(&rules, &(struct triage_ends){ read_endless, &endless, count_endless, &endless }), 0);
	cr_assert_eq(endless.shown, 64000);
	cr_assert_lt(memory_kib() - before, 4096);
}
