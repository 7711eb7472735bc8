/*
 * What the result of a task says of the process that died with it: how it
 * ended, what it used, how often it was tried, and its last words; the same
 * for functions under every start method and for commands.
 */
#define _DEFAULT_SOURCE /* WCOREDUMP */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tally.h"

#define SH(script) ((const char *const[]){ "sh", "-c", (script), NULL })

/* What must come back of one task. */
struct certificate {
	int state;
	int exit_code; /* of one that exited */
	int signal;
	uint32_t attempts; /* 0: one */
	const char *words; /* NULL: none */
	const char *error; /* a piece of it; NULL: whatever it is */
};

struct bench {
	struct tally tally;
	const struct certificate *expected;
	int start;
	uint64_t submitted;
	uint32_t timeout_ms; /* 0: none */
	char mark[40];       /* a file that a task with a time limit makes when it has said its words */
	bool late;           /* its time was up before */
};

static void
check_certificate(struct tally *tally, const struct ord_result *result)
{
	struct bench *bench = tally->user;
	const struct certificate *expected = bench->expected;
	const char *said = expected->words != NULL ? expected->words : "", *why = expected->error != NULL ? expected->error : "";
	size_t size;
	const char *words = ord_result_last_words(result, &size), *error = ord_result_error(result);

	bench->late = bench->timeout_ms != 0 && access(bench->mark, F_OK) != 0;
	if (bench->late)
		return;
	if (strcmp(words, said) != 0 || strstr(error, why) == NULL)
		fprintf(stderr, "start %d: words \"%s\", error \"%s\"\n", bench->start, words, error);
	CHECK_EQ(ord_result_state(result), expected->state);
	if (expected->state != ORD_DONE)
		CHECK_EQ(ord_result_exit_code(result), expected->state == ORD_EXITED ? expected->exit_code : -1);
	CHECK_EQ(ord_result_signal(result), expected->signal);
	CHECK_EQ(ord_result_attempts(result), expected->attempts != 0 ? expected->attempts : 1);
	CHECK(strcmp(words, said) == 0);
	CHECK_EQ(size, strlen(said));
	CHECK(strstr(error, why) != NULL);
	CHECK((expected->state == ORD_DONE) == (error[0] == '\0'));
}

static void
function_name(char *name, size_t size)
{
	CHECK(getenv("ORDERLY_BUILD") != NULL);
	snprintf(name, size, "%s/modules/module_die.so:die", getenv("ORDERLY_BUILD"));
}

/* Nobody has on_message: last words are kept all the same. */
static void
bench_open(struct bench *bench, uint32_t start, uint32_t workers, uint32_t retries)
{
	char name[4200];

	function_name(name, sizeof name);
	*bench = (struct bench){ .start = (int)start };
	bench->tally = (struct tally){ .on_result = check_certificate, .user = bench };
	tally_open(&bench->tally,
		&ORD_POOL_OPTIONS(.on_result = tally_result, .on_result_user = &bench->tally,
			.function_name = name, .start = start,
			.program = start == ORD_START_COMMAND ? getenv("ORDERLY") : NULL,
			.workers = workers, .retries = retries, .max_deaths = 100, .grace_ms = 50));
}

static void
expect(struct bench *bench, const char *input, struct certificate expected)
{
	bench->expected = &expected;
	CHECK_OK(bench->tally.pool, ord_pool_submit(bench->tally.pool, input, strlen(input) + 1, NULL));
	bench->submitted++;
	CHECK_OK(bench->tally.pool, ord_pool_run(bench->tally.pool));
}

/* Begins with a short time; a machine that is too busy for it gets more. */
static uint32_t
more_time(struct bench *bench)
{
	if (bench->timeout_ms != 0)
		unlink(bench->mark);
	if (bench->timeout_ms != 0 && !bench->late)
		return bench->timeout_ms = 0;
	bench->timeout_ms = bench->timeout_ms != 0 ? 20 * bench->timeout_ms : 50;
	CHECK(bench->timeout_ms < SCENE_LONG_MS);
	strcpy(bench->mark, "/tmp/ord-mark-XXXXXX");
	close(mkstemp(bench->mark));
	unlink(bench->mark);
	return bench->timeout_ms;
}

/* What a polite task says takes as long as it takes; a deaf one is waited for. */
static void
expect_in_time(struct bench *bench, const char *word, const char *then, struct certificate expected)
{
	char input[200], error[200];

	bench->expected = &expected;
	while (more_time(bench) != 0) {
		snprintf(input, sizeof input, "print=%s;mark=%s;%s", word, bench->mark, then);
		snprintf(error, sizeof error, "its time of %u ms was up; it last said: \"%s\"", bench->timeout_ms, word);
		if (expected.signal != 0)
			expected.error = error;
		CHECK_OK(bench->tally.pool, ord_pool_submit_task(bench->tally.pool,
			&ORD_TASK(.input = input, .input_size = strlen(input) + 1, .timeout_ms = bench->timeout_ms,
				.grace_ms = expected.signal != 0 ? 50 : SCENE_LONG_MS, .retries = ORD_NONE), NULL));
		bench->submitted++;
		CHECK_OK(bench->tally.pool, ord_pool_run(bench->tally.pool));
	}
}

#define CERTIFICATE(...) ((struct certificate){ __VA_ARGS__ })

SCENE(certificate, of_functions)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_COMMAND; start++) {
		struct bench bench;

		bench_open(&bench, start, 1, 0);
		expect(&bench, "print=one;print=two;raise=11",
			CERTIFICATE(.state = ORD_SIGNALED, .signal = SIGSEGV, .words = "one\ntwo",
				.error = "the worker was killed by SIGSEGV; it last said: \"two\""));
		expect(&bench, "log=logged;abort",
			CERTIFICATE(.state = ORD_SIGNALED, .signal = SIGABRT, .words = "logged",
				.error = "SIGABRT"));
		expect(&bench, "print=bye;exit=7",
			CERTIFICATE(.state = ORD_EXITED, .exit_code = 7, .words = "bye",
				.error = "the worker exited with code 7; it last said: \"bye\""));
		/* What the one before it said is not its word. */
		expect(&bench, "print=fine", CERTIFICATE(.state = ORD_DONE));
		expect(&bench, "raise=9",
			CERTIFICATE(.state = ORD_SIGNALED, .signal = SIGKILL,
				.error = "the worker was killed by SIGKILL"));
		expect(&bench, "print=why;fail",
			CERTIFICATE(.state = ORD_FAILED, .words = "why", .error = "as it was told"));
		expect_in_time(&bench, "busy", "hang",
			CERTIFICATE(.state = ORD_TIMED_OUT, .signal = SIGTERM, .words = "busy"));
		expect_in_time(&bench, "polite", "obey",
			CERTIFICATE(.state = ORD_TIMED_OUT, .words = "polite", .error = "its time was up"));
		tally_close(&bench.tally, bench.submitted);
	}
}

/* Of several attempts the last one has the last word. */
SCENE(certificate, of_attempts)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_COMMAND; start++) {
		struct bench bench;

		bench_open(&bench, start, 1, 1);
		expect(&bench, "attempt;raise=8",
			CERTIFICATE(.state = ORD_SIGNALED, .signal = SIGFPE, .attempts = 2,
				.words = "attempt 1", .error = "by SIGFPE in attempt 2 of 2"));
		expect(&bench, "print=only one;exit=0;",
			CERTIFICATE(.state = ORD_EXITED, .exit_code = 0, .attempts = 2,
				.words = "only one", .error = "code 0 in attempt 2 of 2"));
		tally_close(&bench.tally, 2);
		bench_open(&bench, start, 2, 9);
		expect(&bench, "attempt;raise=11",
			CERTIFICATE(.state = ORD_QUARANTINED, .signal = SIGSEGV, .attempts = 3,
				.words = "attempt 2",
				.error = "killed 3 workers and is not tried again: the last ended by SIGSEGV in attempt 3 of 10; it last said: \"attempt 2\""));
		tally_close(&bench.tally, 1);
	}
}

static void
expect_command(struct bench *bench, const char *script, uint32_t output, struct certificate expected)
{
	bench->expected = &expected;
	CHECK_OK(bench->tally.pool, ord_pool_submit_command(bench->tally.pool,
					    &ORD_COMMAND(.argv = SH(script), .output = output,
						    .timeout_ms = bench->timeout_ms),
					    NULL));
	bench->submitted++;
	CHECK_OK(bench->tally.pool, ord_pool_run(bench->tally.pool));
}

static void
expect_slow_command(struct bench *bench)
{
	char script[200], error[200];

	while (more_time(bench) != 0) {
		snprintf(script, sizeof script, "echo slow >&2; >%s; exec sleep 1000", bench->mark);
		snprintf(error, sizeof error, "the command was stopped: its time of %u ms was up; it last said: \"slow\"",
			bench->timeout_ms);
		expect_command(bench, script, ORD_OUTPUT_RESULT,
			CERTIFICATE(.state = ORD_TIMED_OUT, .signal = SIGTERM, .words = "slow", .error = error));
	}
}

SCENE(certificate, of_commands)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_COMMAND; start++) {
		struct bench bench;

		bench_open(&bench, start, 1, 0);
		expect_command(&bench, "echo out; echo err >&2; kill -SEGV $$", ORD_OUTPUT_RESULT,
			CERTIFICATE(.state = ORD_SIGNALED, .signal = SIGSEGV, .words = "err",
				.error = "the command was killed by SIGSEGV"));
		expect_command(&bench, "echo a >&2; printf b >&2; exit 3", ORD_OUTPUT_RESULT,
			CERTIFICATE(.state = ORD_EXITED, .exit_code = 3, .words = "a\nb",
				.error = "the command exited with code 3; it last said: \"b\""));
		expect_command(&bench, "echo a; echo b; exit 1", ORD_OUTPUT_LINES,
			CERTIFICATE(.state = ORD_EXITED, .exit_code = 1, .words = "a\nb", .error = "\"b\""));
		expect_command(&bench, "printf 'a\\nb\\nc'; exit 1", ORD_OUTPUT_CHUNKS,
			CERTIFICATE(.state = ORD_EXITED, .exit_code = 1, .words = "a\nb\nc", .error = "\"c\""));
		expect_command(&bench, "exit 4", ORD_OUTPUT_INHERIT,
			CERTIFICATE(.state = ORD_EXITED, .exit_code = 4, .error = "exited with code 4"));
		expect_slow_command(&bench);
		expect_command(&bench, "echo warning >&2", ORD_OUTPUT_RESULT,
			CERTIFICATE(.state = ORD_DONE, .exit_code = 0));
		/* A line that would do things to the terminal of who reads the sentence. */
		expect_command(&bench, "printf 'red: \\033[31m' >&2; exit 1", ORD_OUTPUT_RESULT,
			CERTIFICATE(.state = ORD_EXITED, .exit_code = 1, .words = "red: \033[31m",
				.error = "it last said: \"red:  [31m\""));
		tally_close(&bench.tally, bench.submitted);
	}
}

static void
check_size(struct tally *tally, const struct ord_result *result)
{
	size_t size;
	const char *words = ord_result_last_words(result, &size);

	(void)tally;
	CHECK_EQ(ord_result_state(result), ORD_EXITED);
	CHECK(size > 4096 - 8 && size <= 4096);
	CHECK_EQ(strlen(words), size);
	/* seq says all numbers, so whole lines follow each other up to the last. */
	for (long number = strtol(words, NULL, 10); number <= 100000; number++) {
		CHECK_EQ(strtol(words, (char **)(uintptr_t)&words, 10), number);
		words += *words == '\n';
	}
	CHECK(*words == '\0');
	CHECK(strlen(ord_result_error(result)) < 400);
}

SCENE(certificate, the_end_of_many_words)
{
	struct tally tally = { .on_result = check_size };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 1));
	CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool,
				     &ORD_COMMAND(.argv = SH("seq 100000 >&2; exit 1")), NULL));
	tally_close(&tally, 1);
}

/* --- usage: the worker says itself what it has used, just before it dies --- */

struct used {
	int pid;
	long long user_us, system_us;
	long rss_kib;
};

static void
check_usage(struct tally *tally, const struct ord_result *result)
{
	struct used *used = tally->user, own = { 0 };

	CHECK_EQ(ord_result_state(result), ORD_SIGNALED);
	CHECK_EQ(sscanf(ord_result_last_words(result, NULL), "%d %lld %lld %ld", &own.pid, &own.user_us,
			 &own.system_us, &own.rss_kib),
		4);
	CHECK_EQ(ord_result_pid(result), own.pid);
	CHECK((long long)ord_result_user_us(result) >= own.user_us);
	CHECK((long long)ord_result_system_us(result) >= own.system_us);
	CHECK((long long)ord_result_user_us(result) <= own.user_us + 100000);
	CHECK((long)ord_result_max_rss_kib(result) >= own.rss_kib);
	CHECK((long)ord_result_max_rss_kib(result) <= own.rss_kib + 8192);
	used[ord_result_sequence(result)] = own;
}

SCENE(certificate, usage_is_that_of_the_process)
{
	static const char *const inputs[] = { "burn;usage;raise=9", "grow;usage;raise=9", "usage;raise=9" };
	char name[4200];

	function_name(name, sizeof name);
	for EACH_START (start) {
		struct used used[3];
		struct tally tally = { .on_result = check_usage, .user = used };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function_name = name, .workers = 3, .start = start));
		for (int i = 0; i < 3; i++)
			CHECK_OK(tally.pool, ord_pool_submit(tally.pool, inputs[i], strlen(inputs[i]) + 1, NULL));
		tally_close(&tally, 3);
		CHECK(used[0].user_us >= 200000);
		CHECK(used[1].rss_kib >= used[2].rss_kib + 40 * 1024);
		CHECK(used[2].user_us < used[0].user_us);
	}
}

static void
check_usage_of_command(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	CHECK_EQ(ord_result_state(result), ord_result_sequence(result) == 2 ? ORD_DONE : ORD_SIGNALED);
	if (ord_result_sequence(result) != 2)
		CHECK_EQ(strtol(ord_result_last_words(result, NULL), NULL, 10), ord_result_pid(result));
	if (ord_result_sequence(result) == 0)
		CHECK(ord_result_max_rss_kib(result) >= 30000000 / 1024);
	if (ord_result_sequence(result) == 1)
		CHECK(ord_result_user_us(result) + ord_result_system_us(result) > 10000);
	if (ord_result_sequence(result) == 2)
		CHECK(ord_result_max_rss_kib(result) < 30000000 / 1024);
}

/* Under ORD_START_EXEC: what starts a command then is small, and no command can show less than that. */
SCENE(certificate, usage_of_commands)
{
	static const char *const scripts[] = {
		"echo $$ >&2; x=$(head -c 30000000 /dev/zero | tr '\\0' x); kill -9 $$",
		"echo $$ >&2; i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; kill -9 $$",
		"true",
	};
	struct tally tally = { .on_result = check_usage_of_command };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 3, .start = ORD_START_EXEC));
	for (int i = 0; i < 3; i++)
		CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = SH(scripts[i])), NULL));
	tally_close(&tally, 3);
}

/* --- pools that end because their workers do --- */

static void *
crash_at_start(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	raise(SIGSEGV);
	return NULL;
}

static int
nothing(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	return 0;
}

SCENE(certificate, crash_loop_in_the_hook)
{
	for EACH_START (start) {
		struct tally tally = { 0 };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = nothing, .on_worker_start = crash_at_start,
					   .workers = 2, .max_deaths = 3, .start = start));
		for (int i = 0; i < 10; i++)
			CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "", 1, NULL));
		CHECK_FAILS(tally.pool, ord_pool_run(tally.pool), ORD_ECRASHLOOP,
			"ended before it was ready, with SIGSEGV, perhaps in on_worker_start; the first task that waits is 0");
		CHECK_FAILS(tally.pool, ord_pool_finish(tally.pool), ORD_ECRASHLOOP, "SIGSEGV");
		ord_pool_destroy(&tally.pool);
		CHECK_EQ(tally.states[ORD_CANCELED], 10);
	}
}

/* Its end comes when it has nothing to do, if only it is ready soon enough; if not, that is said. */
static void *
die_soon(struct ord_task *task, void *user)
{
	struct itimerval soon = { .it_value = { 0, 50000 } };

	(void)task;
	setitimer(ITIMER_REAL, &soon, NULL);
	return user;
}

SCENE(certificate, crash_loop_of_idle_workers)
{
	struct tally tally = { 0 };
	int status = 0;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = nothing, .on_worker_start = die_soon, .workers = 1,
				   .max_deaths = 2));
	while (status == 0 || status == ORD_EAGAIN || status == ORD_ETIMEDOUT)
		status = ord_pool_step(tally.pool, SCENE_LONG_MS);
	CHECK_FAILS(tally.pool, status, ORD_ECRASHLOOP, "SIGALRM");
	CHECK_FAILS(tally.pool, ord_pool_finish(tally.pool), ORD_ECRASHLOOP, "2 workers in a row");
	ord_pool_destroy(&tally.pool);
}

/* --- a real core --- */

/* Whether a process that aborts leaves a core here at all; the pattern may be a pipe, the wait status says it all the same. */
static int
cores_are_left(void)
{
	struct rlimit limit;
	int status;
	pid_t pid;

#ifdef __SANITIZE_ADDRESS__
	return 0; /* its runtime forbids cores in each program that is started */
#endif
	if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_max == 0)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_CORE, &limit) != 0)
		return 0;
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		abort();
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WCOREDUMP(status);
}

static void
remove_all(const char *folder)
{
	DIR *stream = opendir(folder);
	struct dirent *entry;

	while (stream != NULL && (entry = readdir(stream)) != NULL)
		if (entry->d_name[0] != '.')
			unlink(entry->d_name);
	closedir(stream);
	CHECK_EQ(chdir("/"), 0);
	CHECK_EQ(rmdir(folder), 0);
}

static void
check_core(struct tally *tally, const struct ord_result *result)
{
	int dumps = ord_result_sequence(result) != 1;

	(void)tally;
	CHECK_EQ(ord_result_state(result), ORD_SIGNALED);
	CHECK_EQ(ord_result_core_dumped(result), dumps);
	CHECK((strstr(ord_result_error(result), "(core dumped)") != NULL) == dumps);
}

SCENE(certificate, core)
{
	char folder[] = "/tmp/orderly-core-XXXXXX", name[4200];

	CHECK(mkdtemp(folder) != NULL);
	CHECK_EQ(chdir(folder), 0);
	function_name(name, sizeof name);
	if (!cores_are_left()) {
		fprintf(stderr, "skipped: no process leaves a core here (RLIMIT_CORE, core_pattern or a sanitizer)\n");
		remove_all(folder);
		return;
	}
	for EACH_START (start) {
		struct tally tally = { .on_result = check_core };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function_name = name, .workers = 1, .start = start));
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "abort", 6, NULL));
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "raise=9", 8, NULL));
		CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool,
					     &ORD_COMMAND(.argv = SH("kill -ABRT $$")), NULL));
		tally_close(&tally, 3);
	}
	remove_all(folder);
}
