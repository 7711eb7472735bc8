/*
 * Lists that are directories: what lies where, jobs and takers that are not ours, and the faults of
 * dirjobs, each of which is a scene here.
 */
#include "folders.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

SCENE(directory, files_lie_where_dirjobs_has_them)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w1");
	struct ord_job *job;
	char name[256];

	CHECK(is_there(&at, "00_waiting") && is_there(&at, "01_running") && is_there(&at, "02_done") &&
		is_there(&at, "99_failed"));
	ADD(jobs, .name = "a", .payload = "what", .payload_size = 4);
	ADD(jobs, .name = "b.txt");
	CHECK(is_there(&at, "00_waiting/a.txt") && is_there(&at, "00_waiting/b.txt"));
	job = TAKE(jobs, "a");
	CHECK(is_there(&at, "01_running/w1.a.txt") && !is_there(&at, "00_waiting/a.txt"));
	CHECK(strcmp(ord_job_file(job), in(&at, "01_running/w1.a.txt")) == 0);
	JOBS_OK(jobs, ord_job_done(job));
	CHECK(is_there(&at, "02_done/a.txt"));
	JOBS_OK(jobs, ord_job_fail(TAKE(jobs, "b"), "no"));
	CHECK_EQ(count(&at, "99_failed", ".b.txt", name), 1);
	CHECK(strtoul(name, NULL, 10) > 1700000000UL && strcmp(name + 10, ".b.txt") == 0);
	/* Our own affairs only in .orderly. */
	CHECK_EQ(count(&at, ".", "", NULL), 4);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* One that a person has put there is a job like any other. */
SCENE(directory, a_file_is_a_job)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w1", .failed_retries = 1);
	struct ord_job *job;

	put(&at, "00_waiting/j.txt", "{\"n\": 1}");
	put(&at, "00_waiting/j.json", "");
	put(&at, "00_waiting/.txt", "");
	put(&at, "00_waiting/.hidden.txt", "");
	job = TAKE(jobs, "j");
	CHECK(strcmp(ord_job_payload(job, NULL), "{\"n\": 1}") == 0);
	JOBS_OK(jobs, ord_job_fail(job, "once"));
	job = TAKE(jobs, "j");
	CHECK_EQ(ord_job_attempt(job), 2);
	JOBS_OK(jobs, ord_job_done(job));
	JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_EEMPTY, "no job is left");
	CHECK_EQ(lists_counts(jobs).total, 1);
	ord_jobs_destroy(&jobs);
	jobs = OPEN(&at, .taker = "w1", .job_ext = ".json");
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "j")));
	CHECK(is_there(&at, "02_done/j.json"));
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

static void
sequence(struct list_at *at, uint32_t pick, const char *wanted)
{
	struct ord_jobs *jobs = OPEN(at, .pick = pick);
	struct ord_job *job;
	char text[100] = "";

	while (ord_jobs_claim(jobs, &job) == 0) {
		sprintf(text + strlen(text), "%s ", ord_job_name(job));
		if (ord_job_attempt(job) > 3)
			break;
	}
	CHECK(wanted == NULL ? strlen(text) == 16 : strcmp(text, wanted) == 0);
	JOBS_OK(jobs, ord_jobs_requeue(jobs, NULL, NULL, NULL));
	ord_jobs_destroy(&jobs);
}

SCENE(directory, jobs_are_picked_as_asked)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = NULL);

	ADD(jobs, .name = "job2");
	ADD(jobs, .name = "job10");
	ADD(jobs, .name = "job1");
	sequence(&at, ORD_JOBS_PICK_ADDED, "job2 job10 job1 ");
	sequence(&at, ORD_JOBS_PICK_LEXICAL, "job1 job10 job2 ");
	sequence(&at, ORD_JOBS_PICK_RANDOM, NULL);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* Faults of dirjobs: done and failed files were overwritten. */
SCENE(directory, nothing_is_overwritten)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w1");
	char name[256];

	for (int i = 0; i < 3; i++) {
		put(&at, "00_waiting/a.txt", i == 0 ? "0" : i == 1 ? "1" : "2");
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
	}
	CHECK(is_there(&at, "02_done/a.txt") && is_there(&at, "02_done/a.txt.2") && is_there(&at, "02_done/a.txt.3"));
	CHECK_EQ(lists_counts(jobs).done, 1);
	for (int i = 0; i < 3; i++) {
		put(&at, "00_waiting/f.txt", "");
		JOBS_OK(jobs, ord_job_fail(TAKE(jobs, "f"), "no"));
	}
	CHECK_EQ(count(&at, "99_failed", ".f.txt", name), 3);
	CHECK_EQ(lists_counts(jobs).failed, 1);
	JOBS_OK(jobs, ord_jobs_clear(jobs, NULL, 0, NULL));
	CHECK_EQ(count(&at, "99_failed", "", NULL) + count(&at, "02_done", "", NULL), 0);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* Faults of dirjobs: a directory was a job, and a name that ends with another was taken for that. */
SCENE(directory, names_are_whole_and_jobs_are_files)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *one = OPEN(&at, .taker = "w1", .sync_ms = 1, .wait = ORD_JOBS_WAIT_NEVER);
	struct ord_jobs *two = OPEN(&at, .taker = "w2", .sync_ms = 1, .wait = ORD_JOBS_WAIT_NEVER);
	struct ord_job *a, *aa, *job;

	CHECK_EQ(mkdir(in(&at, "00_waiting/x.txt"), 0777), 0);
	CHECK_EQ(symlink("/etc/passwd", in(&at, "00_waiting/l.txt")), 0);
	CHECK_EQ(mkfifo(in(&at, "00_waiting/p.txt"), 0666), 0);
	put(&at, "00_waiting/aa.txt", "");
	aa = TAKE(one, "aa");
	put(&at, "00_waiting/a.txt", "");
	a = TAKE(two, "a");
	put(&at, "00_waiting/w1.txt", "");
	put(&at, "00_waiting/1.aa.txt", "");
	JOBS_OK(one, ord_job_done(aa));
	JOBS_OK(two, ord_job_done(a));
	CHECK_EQ(ord_jobs_claim(one, &job), 0);
	CHECK_EQ(ord_jobs_claim(two, &job), 0);
	JOBS_SAYS(one, ord_jobs_claim(one, &job), ORD_EAGAIN, "");
	CHECK(is_there(&at, "00_waiting/x.txt") && is_there(&at, "02_done/aa.txt"));
	CHECK_EQ(lists_counts(one).total, 4);
	ord_jobs_destroy(&one);
	ord_jobs_destroy(&two);
	lists_end(&at);
}

/* Fault of dirjobs: several takers of one name.  Names of any kind become letters and digits. */
SCENE(directory, takers_have_names_of_letters_and_digits)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *one, *two;
	char name[256], long_name[256];

	CHECK_EQ(ord_jobs_new(&one, &ORD_JOBS_OPTIONS(.taker = "w1\n")), ORD_EINVAL);
	memset(long_name, 'n', 255);
	long_name[255] = '\0';
	one = OPEN(&at, .taker = "node-7.local");
	two = OPEN(&at, .taker = long_name);
	REFUSES(at.address, &ORD_JOBS_OPTIONS(.taker = "node-7.local"), ORD_EINVAL, "called 'node-7.local'");
	ADD(one, .name = "a");
	ADD(one, .name = "b");
	TAKE(one, "a");
	TAKE(two, "b");
	CHECK_EQ(count(&at, "01_running", ".a.txt", name), 1);
	CHECK(strncmp(name, "node7localx", 11) == 0 && strspn(name + 11, "0123456789abcdef") == 8);
	CHECK_EQ(count(&at, "01_running", ".b.txt", name), 1);
	CHECK(strspn(name, "nx0123456789abcdef") == 40);
	JOBS_OK(one, ord_jobs_requeue(one, NULL, "node-7.local", NULL));
	CHECK(is_there(&at, "00_waiting/a.txt"));
	ord_jobs_destroy(&one);
	ord_jobs_destroy(&two);
	lists_end(&at);
}

/* What a taker that is none of ours holds is freed by name or by age only. */
SCENE(directory, foreign_takers_keep_what_they_hold)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w1", .wait = ORD_JOBS_WAIT_NEVER), *stale;
	struct ord_job *job, *own;
	uint64_t n;

	put(&at, "01_running/py.a.txt", "");
	put(&at, "01_running/py2.b.txt", "");
	put(&at, "00_waiting/own.txt", "");
	put(&at, "02_done/d.txt", "");
	put(&at, "99_failed/1795241922.f.txt", "");
	own = TAKE(jobs, "own");
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EAGAIN, "some still run");
	CHECK_EQ(lists_counts(jobs).running, 3);
	CHECK_EQ(lists_state(jobs, "d"), ORD_JOB_DONE);
	CHECK_EQ(lists_state(jobs, "f"), ORD_JOB_FAILED);
	CHECK_EQ(lists_attempt(jobs, "f"), 1);
	JOBS_OK(jobs, ord_jobs_requeue(jobs, NULL, "py", &n));
	CHECK_EQ(n, 1);
	job = TAKE(jobs, "a");
	CHECK_EQ(ord_job_attempt(job), 2);
	JOBS_OK(jobs, ord_job_done(job));
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EAGAIN, "some still run");
	/* Their failures are retried like others. */
	JOBS_OK(jobs, ord_jobs_retry(jobs, "f", &n));
	CHECK_EQ(n, 1);
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "f")));
	/* By age: but never one of ours, however long it takes. */
	stale = OPEN(&at, .taker = "w2", .stale_ms = 200);
	job = TAKE(stale, "b");
	CHECK_EQ(ord_job_attempt(job), 2);
	JOBS_OK(stale, ord_job_done(job));
	JOBS_OK(stale, ord_jobs_requeue(stale, NULL, NULL, &n));
	CHECK_EQ(n, 0);
	JOBS_OK(jobs, ord_job_done(own));
	ord_jobs_destroy(&stale);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* A name that is put there again while it runs waits for its end. */
SCENE(directory, one_holder_also_of_what_is_put_there_again)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *one = OPEN(&at, .taker = "w1"), *two = OPEN(&at, .taker = "w2", .wait = ORD_JOBS_WAIT_NEVER);
	struct ord_job *first, *job;

	put(&at, "00_waiting/a.txt", "1");
	first = TAKE(one, "a");
	put(&at, "00_waiting/a.txt", "2");
	JOBS_SAYS(two, ord_jobs_claim(two, &job), ORD_EAGAIN, "");
	/* The older one comes back while the newer waits: it is kept, and failed. */
	JOBS_OK(one, ord_job_requeue(first));
	CHECK_EQ(count(&at, "99_failed", ".a.txt", NULL), 1);
	job = TAKE(two, "a");
	CHECK(strcmp(ord_job_payload(job, NULL), "2") == 0);
	CHECK_EQ(ord_job_attempt(job), 2);
	JOBS_OK(two, ord_job_done(job));
	CHECK_EQ(lists_state(two, "a"), ORD_JOB_DONE);
	ord_jobs_destroy(&one);
	ord_jobs_destroy(&two);
	lists_end(&at);
}

/* Jobs that foreign takers would misunderstand are where they do not look. */
SCENE(directory, labels_and_dependencies_are_hidden)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .labels = (const char *const[]){ "gpu", NULL });

	ADD(jobs, .name = "a");
	ADD(jobs, .name = "b", .after = (const char *const[]){ "a", NULL });
	ADD(jobs, .name = "c", .requires = (const char *const[]){ "gpu", NULL });
	CHECK_EQ(count(&at, "00_waiting", "", NULL), 1);
	JOBS_OK(jobs, ord_jobs_cancel(jobs, "a", NULL));
	CHECK_EQ(count(&at, "00_waiting", "", NULL), 0);
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "c")));
	/* Done by somebody else, and by hand. */
	CHECK_EQ(rename(in(&at, ".orderly/canceled/a.txt"), in(&at, "02_done/a.txt")), 0);
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "b")));
	CHECK_EQ(count(&at, "02_done", "", NULL), 3);
	JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = "m", .max_takers = 2)), ORD_ENOTSUP, "'m'");
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* Synchronised: the lowest name wins, the other goes on; a claim of other content is another submission. */
SCENE(directory, the_lowest_claim_wins)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "m", .sync_ms = 300, .wait = ORD_JOBS_WAIT_NEVER);
	struct ord_job *job;

	put(&at, "00_waiting/a.txt", "same");
	if (fork() == 0) {
		/* Seen late: another machine's claim. */
		while (!is_there(&at, "01_running/m.a.txt"))
			scene_pause_ms(1);
		put(&at, "01_running/b.a.txt", "same");
		_exit(0);
	}
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EAGAIN, "");
	lists_await(1);
	CHECK(!is_there(&at, "01_running/m.a.txt") && is_there(&at, "01_running/b.a.txt"));
	CHECK_EQ(rename(in(&at, "01_running/b.a.txt"), in(&at, "02_done/a.txt")), 0);
	/* A short one, that is done when this one looks. */
	put(&at, "00_waiting/e.txt", "same");
	if (fork() == 0) {
		while (!is_there(&at, "01_running/m.e.txt"))
			scene_pause_ms(1);
		scene_pause_ms(20);
		put(&at, "02_done/e.txt", "same");
		_exit(0);
	}
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EEMPTY, "");
	lists_await(1);
	CHECK(!is_there(&at, "01_running/m.e.txt"));
	put(&at, "00_waiting/c.txt", "same");
	if (fork() == 0) {
		while (!is_there(&at, "01_running/m.c.txt"))
			scene_pause_ms(1);
		put(&at, "01_running/z.c.txt", "same");
		_exit(0);
	}
	job = TAKE(jobs, "c");
	lists_await(1);
	CHECK_EQ(unlink(in(&at, "01_running/z.c.txt")), 0);
	JOBS_OK(jobs, ord_job_done(job));
	/* The wait ends when it is interrupted, and the claim is given back. */
	put(&at, "00_waiting/d.txt", "");
	JOBS_OK(jobs, ord_jobs_interrupt(jobs));
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EINTERRUPTED, "interrupted");
	CHECK(is_there(&at, "00_waiting/d.txt"));
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

static void
take_both(struct ord_jobs *jobs)
{
	TAKE(jobs, "j");
	TAKE(jobs, "k");
}

/* Fault of dirjobs: the loser crashed, and its claim stayed for ever. */
SCENE(directory, a_loser_that_dies_leaves_no_second_job)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "a", .killed_retries = 5);
	struct ord_job *job;
	pid_t pid;

	put(&at, "00_waiting/j.txt", "same");
	put(&at, "00_waiting/k.txt", "same");
	pid = lists_holder(&at, &ORD_JOBS_OPTIONS(.taker = "b"), take_both);
	/* As another machine saw it: it has the one, and has done the other. */
	put(&at, "01_running/a.j.txt", "same");
	scene_pause_ms(20);
	put(&at, "02_done/k.txt", "same");
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	JOBS_OK(jobs, ord_jobs_held(jobs, "j", 0, &job));
	JOBS_OK(jobs, ord_job_done(job));
	JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_EEMPTY, "");
	CHECK_EQ(lists_counts(jobs).done, 2);
	CHECK(!is_there(&at, "02_done/j.txt.2") && !is_there(&at, "02_done/k.txt.2"));
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

SCENE(directory, bad_lists_are_told)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs;

	REFUSES(at.address, &ORD_JOBS_OPTIONS(.must_exist = 1), ORD_EINVAL, "there is no list");
	REFUSES(at.address, &ORD_JOBS_OPTIONS(.read_only = 1), ORD_EINVAL, "there is no list");
	CHECK_EQ(mkdir(in(&at, ""), 0777), 0);
	REFUSES(at.address, &ORD_JOBS_OPTIONS(.must_exist = 1), ORD_EINVAL, "has no 00_waiting");
	CHECK_EQ(rmdir(in(&at, "")), 0);
	jobs = OPEN(&at, .taker = NULL);
	ord_jobs_destroy(&jobs);
	put(&at, ".orderly/version", "orderly list 1000\n");
	REFUSES(at.address, &ORD_JOBS_OPTIONS(.taker = NULL), ORD_ENOTSUP, "newer version");
	put(&at, ".orderly/version", "nonsense");
	REFUSES(at.address, &ORD_JOBS_OPTIONS(.taker = NULL), ORD_EFAILED, "version is damaged");
	CHECK_EQ(ord_jobs_new(&jobs, NULL), 0);
	JOBS_SAYS(jobs, ord_jobs_open(jobs, "dir:"), ORD_EINVAL, "needs a path");
	JOBS_SAYS(jobs, ord_jobs_open(jobs, "dir:/nowhere/at/all"), ORD_ESYSTEM, "/nowhere/at/all");
	JOBS_SAYS(jobs, ord_jobs_open(jobs, "dir:/etc/passwd"), ORD_ESYSTEM, "/etc/passwd");
	ord_jobs_destroy(&jobs);
	CHECK_EQ(ord_jobs_new(&jobs, &ORD_JOBS_OPTIONS(.job_ext = "a/b")), ORD_EINVAL);
	CHECK_EQ(ord_jobs_new(&jobs, &ORD_JOBS_OPTIONS(.pick = 3)), ORD_EINVAL);
	lists_end(&at);
}

SCENE(directory, bad_files_are_told)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w1", .wait = ORD_JOBS_WAIT_NEVER);
	char name[256];
	struct ord_job *job;

	memset(name, 'x', sizeof name);
	name[187] = '\0';
	JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = name)), ORD_ETOOBIG, "187 bytes");
	/* One that somebody put there, and that no claim can be named after. */
	memcpy(name, "00_waiting/", 11);
	memcpy(name + 240, ".txt", 5);
	put(&at, name, "");
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EEMPTY, "");
	CHECK_EQ(unlink(in(&at, name)), 0);
	/* Names with control characters, from a careless script. */
	put(&at, "00_waiting/new\nline.txt", "");
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "new\nline")));
	/* Our own notes, damaged or from the future: the job is named, and what to do. */
	put(&at, "00_waiting/a.txt", "");
	put(&at, ".orderly/jobs/a.txt", "orderly job 7\n");
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_ENOTSUP, ".orderly/jobs/a.txt");
	CHECK(is_there(&at, "00_waiting/a.txt") && !is_there(&at, "01_running/w1.a.txt"));
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_ENOTSUP, ".orderly/jobs/a.txt");
	CHECK(is_there(&at, "00_waiting/a.txt"));
	CHECK_EQ(unlink(in(&at, ".orderly/jobs/a.txt")), 0);
	ord_jobs_destroy(&jobs);
	jobs = OPEN(&at, .taker = "w1");
	put(&at, ".orderly/takers/zz", "nonsense");
	REFUSES(at.address, &ORD_JOBS_OPTIONS(.taker = "zz"), ORD_EFAILED, "takers/zz is damaged");
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* Nothing may be written: whom is told of it, and what others see. */
SCENE(directory, a_read_only_list_can_be_looked_at)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w1"), *reader;
	char command[600];

	put(&at, "00_waiting/a.txt", "");
	put(&at, "00_waiting/secret.txt", "x");
	ord_jobs_destroy(&jobs);
	if (geteuid() == 0) {
		CHECK_EQ(chmod(in(&at, "00_waiting/secret.txt"), 0600), 0);
		snprintf(command, sizeof command, "chmod 755 '%s' '%s'", getenv("XDG_RUNTIME_DIR"), at.folder);
		CHECK_EQ(system(command), 0);
		if (fork() == 0) {
			CHECK_EQ(setuid(65534), 0);
			REFUSES(at.address, &ORD_JOBS_OPTIONS(.taker = NULL), ORD_ESYSTEM, "writable for this user");
			reader = OPEN(&at, .read_only = 1);
			CHECK_EQ(lists_counts(reader).waiting, 2);
			ord_jobs_destroy(&reader);
			_exit(0);
		}
		lists_await(1);
		/* One that only others may read fails for everybody to see. */
		snprintf(command, sizeof command, "chmod -R a+w '%s' && find '%s' -type d -exec chmod 777 {} +", in(&at, ""), in(&at, ""));
		CHECK_EQ(system(command), 0);
		CHECK_EQ(chmod(in(&at, "00_waiting/secret.txt"), 0600), 0);
		if (fork() == 0) {
			struct ord_job *job;

			CHECK_EQ(setuid(65534), 0);
			jobs = OPEN(&at, .taker = "w2");
			JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
			JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_EEMPTY, "");
			CHECK_EQ(lists_state(jobs, "secret"), ORD_JOB_FAILED);
			ord_jobs_destroy(&jobs);
			_exit(0);
		}
		lists_await(1);
		CHECK_EQ(count(&at, "99_failed", ".secret.txt", NULL), 1);
	}
	lists_end(&at);
}

/* No room for a record: nothing has happened, and the end can be told again. */
SCENE(directory, no_room_leaves_a_job_where_it_was)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w1");
	struct rlimit limit, low;
	struct ord_job *job;

	ADD(jobs, .name = "a");
	job = TAKE(jobs, "a");
	CHECK_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
	low = limit;
	low.rlim_cur = 10;
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &low), 0);
	JOBS_SAYS(jobs, ord_job_fail(job, "no"), ORD_ESYSTEM, "a.txt");
	CHECK(is_there(&at, "01_running/w1.a.txt"));
	JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = "b", .payload = "more than ten bytes", .payload_size = 19)),
		ORD_ESYSTEM, "b.txt");
	CHECK_EQ(lists_counts(jobs).total, 1);
	CHECK_EQ(count(&at, ".orderly/fresh", "", NULL), 0);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
	JOBS_OK(jobs, ord_job_fail(job, "no"));
	CHECK_EQ(lists_state(jobs, "a"), ORD_JOB_FAILED);
	CHECK_EQ(lists_attempt(jobs, "a"), 1);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

SCENE(directory, a_list_that_is_deleted_is_an_error)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .wait = ORD_JOBS_WAIT_FOREVER);
	struct ord_job *job;

	if (fork() == 0) {
		scene_pause_ms(50);
		lists_end(&at);
		_exit(0);
	}
	JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_ESYSTEM, "deleted while it was open");
	lists_await(1);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* Nobody tells that a claim has become too old: the descriptor's own time does, and it ends a wait. */
SCENE(directory, what_becomes_stale_is_heard)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *looping = OPEN(&at, .taker = "w1", .wait = ORD_JOBS_WAIT_NEVER, .stale_ms = 400,
		.heartbeat_ms = 1000000, .timeout_ms = 3000000);
	struct ord_jobs *waiting = OPEN(&at, .taker = "w2", .stale_ms = 400, .heartbeat_ms = 1000000, .timeout_ms = 3000000);
	struct ord_job *job;
	int status;

	put(&at, "01_running/py.a.txt", "");
	do {
		struct pollfd entry = { .fd = ord_jobs_fd(looping), .events = POLLIN };

		CHECK_EQ(poll(&entry, 1, SCENE_LONG_MS), 1);
		status = ord_jobs_claim(looping, &job);
	} while (status == ORD_EAGAIN);
	JOBS_OK(looping, status);
	JOBS_OK(looping, ord_job_done(job));
	put(&at, "01_running/py.b.txt", "");
	JOBS_OK(waiting, ord_job_done(TAKE(waiting, "b")));
	ord_jobs_destroy(&waiting);
	ord_jobs_destroy(&looping);
	lists_end(&at);
}

static void
move(const struct list_at *at, const char *from, const char *to)
{
	CHECK_EQ(rename(in(at, from), in(at, to)), 0);
}

/* What a person may do with a file manager while takers work. */
SCENE(directory, a_person_may_move_files)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w1", .wait = ORD_JOBS_WAIT_NEVER);
	struct ord_jobs *other = OPEN(&at, .taker = "w2", .wait = ORD_JOBS_WAIT_NEVER);
	struct ord_job *job;
	char name[256], path[300];

	/* Once more: what is done, and what has failed. */
	put(&at, "00_waiting/a.txt", "a");
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
	move(&at, "02_done/a.txt", "00_waiting/a.txt");
	JOBS_OK(jobs, ord_job_fail(TAKE(jobs, "a"), "no"));
	CHECK_EQ(count(&at, "99_failed", ".a.txt", name), 1);
	snprintf(path, sizeof path, "99_failed/%s", name);
	move(&at, path, "00_waiting/a.txt");
	CHECK_EQ(lists_state(jobs, "a"), ORD_JOB_WAITING);
	/* Taken away from who has it: that one is told, and another may have it. */
	job = TAKE(jobs, "a");
	move(&at, "01_running/w1.a.txt", "00_waiting/a.txt");
	JOBS_SAYS(jobs, ord_job_renew(job), ORD_ELOST, "is another's now");
	job = TAKE(other, "a");
	JOBS_OK(other, ord_job_done(job));
	/* Declared done, and deleted. */
	put(&at, "00_waiting/b.txt", "");
	job = TAKE(jobs, "b");
	move(&at, "01_running/w1.b.txt", "02_done/b.txt");
	JOBS_SAYS(jobs, ord_job_fail(job, "no"), ORD_ELOST, "is another's now");
	CHECK_EQ(lists_state(jobs, "b"), ORD_JOB_DONE);
	put(&at, "00_waiting/c.txt", "");
	job = TAKE(jobs, "c");
	CHECK_EQ(unlink(in(&at, "01_running/w1.c.txt")), 0);
	JOBS_SAYS(jobs, ord_job_done(job), ORD_ELOST, "is another's now");
	put(&at, "00_waiting/d.txt", "");
	CHECK_EQ(unlink(in(&at, "00_waiting/d.txt")), 0);
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EEMPTY, "");
	CHECK_EQ(lists_counts(jobs).total, 2);
	CHECK_EQ(lists_counts(jobs).done, 2);
	ord_jobs_destroy(&jobs);
	ord_jobs_destroy(&other);
	lists_end(&at);
}
