/* What lies between a taker and the server: a proxy that cuts what it is told to, or swallows everything and says nothing. */
#define _GNU_SOURCE /* accept4, memmem */
#include "many.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

const int lists_server = 2;

/* --- the proxy --- */

enum { LINKS = 40 };

enum how {
	PASS,
	CUT_REQUEST, /* what has the word in it is not passed on, and its connection is cut */
	CUT_ANSWER,  /* it is passed on, and its answer is not; who connects is cut, too */
	CUT_ALL,     /* every connection is cut, and new ones are swallowed */
	SWALLOW,     /* every connection is dumb from now on for ever, and stands */
	SWALLOW_HALF /* the same, and the server notices it */
};

/* Shared with the process of the proxy. */
struct cable {
	_Atomic int how;
	_Atomic unsigned cuts, told; /* told: how often it has seen what it is to do */
	char word[40];
	int port;
};

struct link {
	int client, server;
	int dumb;
};

static void
end(struct link *link)
{
	if (link->client >= 0)
		close(link->client);
	if (link->server >= 0)
		close(link->server);
	*link = (struct link){ -1, -1, 0 };
}

static int
connect_server(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", getenv(SERVER));
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
pass(struct cable *cable, struct link *link, int from, int to)
{
	static char bytes[65536];
	ssize_t n = read(from, bytes, sizeof bytes);
	int how = atomic_load(&cable->how), meant;

	if (n <= 0 && link->dumb && from == link->server) {
		close(link->server);
		link->server = -1;
		return;
	}
	if (n <= 0) {
		end(link);
		return;
	}
	if (link->dumb)
		return;
	meant = from == link->client && (how == CUT_REQUEST || how == CUT_ANSWER) &&
		memmem(bytes, (size_t)n, cable->word, strlen(cable->word)) != NULL;
	if (meant)
		atomic_fetch_add(&cable->cuts, 1);
	if (meant && how == CUT_REQUEST) {
		end(link);
		return;
	}
	for (ssize_t sent = 0, some = 1; sent < n && some > 0; sent += some)
		some = send(to, bytes + sent, (size_t)(n - sent), MSG_NOSIGNAL);
	/* The server goes on for a moment. */
	if (meant) {
		scene_pause_ms(50);
		end(link);
	}
}

static void
take_in(const struct cable *cable, struct link *link, int listener)
{
	int how = atomic_load(&cable->how);

	link->client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	link->dumb = how == SWALLOW || how == SWALLOW_HALF || how == CUT_ALL;
	if (!link->dumb)
		link->server = connect_server();
	if (how == CUT_ANSWER || (!link->dumb && link->server < 0))
		end(link);
}

static void
apply(struct cable *cable, struct link *links, int how)
{
	for (int i = 0; i < LINKS; i++) {
		if (how == CUT_ALL)
			end(&links[i]);
		links[i].dumb |= how == SWALLOW || how == SWALLOW_HALF;
		if (how == SWALLOW_HALF && links[i].server >= 0) {
			close(links[i].server);
			links[i].server = -1;
		}
	}
	atomic_fetch_add(&cable->told, 1);
}

static void
proxy(struct cable *cable, int listener)
{
	struct link links[LINKS];
	int how = PASS;

	for (int i = 0; i < LINKS; i++)
		links[i] = (struct link){ -1, -1, 0 };
	for (;;) {
		struct pollfd entries[2 * LINKS + 1];

		if (atomic_load(&cable->how) != how) {
			how = atomic_load(&cable->how);
			apply(cable, links, how);
		}
		entries[2 * LINKS] = (struct pollfd){ .fd = listener, .events = POLLIN };
		for (int i = 0; i < LINKS; i++) {
			entries[2 * i] = (struct pollfd){ .fd = links[i].client, .events = POLLIN };
			entries[2 * i + 1] = (struct pollfd){ .fd = links[i].server, .events = POLLIN };
		}
		poll(entries, 2 * LINKS + 1, 5);
		for (int i = 0; i < LINKS; i++) {
			if (links[i].client >= 0 && entries[2 * i].revents != 0)
				pass(cable, &links[i], links[i].client, links[i].server);
			if (links[i].server >= 0 && entries[2 * i + 1].revents != 0)
				pass(cable, &links[i], links[i].server, links[i].client);
			if (entries[2 * LINKS].revents != 0 && links[i].client < 0 && links[i].server < 0) {
				take_in(cable, &links[i], listener);
				entries[2 * LINKS].revents = 0;
			}
		}
	}
}

/* A proxy on a port of this host; *pid is its process. */
static struct cable *
cable_new(pid_t *pid)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct cable *cable = lists_shared(sizeof *cable);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof address;

	CHECK_EQ(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	CHECK_EQ(listen(listener, 50), 0);
	CHECK_EQ(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	cable->port = ntohs(address.sin_port);
	*pid = fork();
	if (*pid == 0)
		proxy(cable, listener);
	close(listener);
	return cable;
}

static void
cable_free(struct cable *cable, pid_t pid)
{
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	munmap(cable, sizeof *cable);
}

/* From now on. */
static void
cable_do(struct cable *cable, int how, const char *word)
{
	unsigned told = atomic_load(&cable->told);

	snprintf(cable->word, sizeof cable->word, "%s", word);
	atomic_store(&cable->how, how);
	while (atomic_load(&cable->told) == told)
		scene_pause_ms(1);
}

/* The list at the other end of the cable. */
static struct list_at
through(const struct list_at *at, const struct cable *cable, const char *more)
{
	struct list_at far = *at;

	snprintf(far.address, sizeof far.address, "postgresql://orderly@127.0.0.1:%d/postgres?%s%s", cable->port,
		strstr(at->address, "list="), more);
	return far;
}

/* --- what never gets through --- */

SCENE(cable, what_never_gets_through_is_told)
{
	struct list_at at = lists_only("postgresql"), far;
	struct ord_job_counts counts = ORD_JOB_COUNTS;
	struct ord_jobs *jobs;
	struct ord_job *job;
	pid_t pid;
	struct cable *cable = cable_new(&pid);

	far = through(&at, cable, "");
	jobs = OPEN(&far, .taker = NULL, .wait = ORD_JOBS_WAIT_NEVER);
	ADD(jobs, .name = "a");
	cable_do(cable, CUT_REQUEST, "claim_");
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_ESYSTEM, "20 times at the same step");
	CHECK(cable->cuts >= 20);
	cable_do(cable, PASS, "");
	cable_do(cable, CUT_REQUEST, "SELECT state, count(*)");
	JOBS_SAYS(jobs, ord_jobs_counts(jobs, &counts), ORD_ESYSTEM, "20 times at the same step");
	cable_do(cable, PASS, "");
	CHECK_EQ(lists_counts(jobs).waiting, 1);
	job = TAKE(jobs, "a");
	CHECK_EQ(ord_job_attempt(job), 1);
	JOBS_OK(jobs, ord_job_done(job));
	ord_jobs_destroy(&jobs);
	cable_free(cable, pid);
	lists_end(&at);
}

/* --- half a connection --- */

#define LOCKS_OF_TAKERS \
	"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND classid = 'job'::regclass::oid"

SCENE(cable, half_a_connection_is_none)
{
	struct list_at at = lists_only("postgresql"), far;
	struct ord_jobs *jobs;
	struct ord_job *job;
	pid_t pid;
	struct cable *cable = cable_new(&pid);
	const char *list = strstr(at.address, "list=") + 5;
	char text[200];

	far = through(&at, cable, "&answer=1");
	jobs = OPEN(&far, .taker = NULL, .wait = ORD_JOBS_WAIT_NEVER);
	/* Interrupted while it connects. */
	cable_do(cable, CUT_ALL, "");
	JOBS_OK(jobs, ord_jobs_interrupt(jobs));
	JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = "a")), ORD_EINTERRUPTED, "waiting for the server");
	cable_do(cable, PASS, "");
	ADD(jobs, .name = "a");
	/* Interrupted while it waits for an answer. */
	cable_do(cable, SWALLOW, "");
	JOBS_OK(jobs, ord_jobs_interrupt(jobs));
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EINTERRUPTED, "waiting for the server");
	cable_do(cable, PASS, "");
	/* It is connected, and cannot be who it was. */
	snprintf(text, sizeof text, "ALTER SCHEMA orderly_%s RENAME TO elsewhere", list);
	lists_sql(&at, text);
	cable_do(cable, CUT_ALL, "");
	cable_do(cable, PASS, "");
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_ESYSTEM, "deleted or replaced");
	snprintf(text, sizeof text, "ALTER SCHEMA elsewhere RENAME TO orderly_%s", list);
	lists_sql(&at, text);
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
	CHECK_EQ(lists_number(&at, LOCKS_OF_TAKERS), 1);
	ord_jobs_destroy(&jobs);
	cable_free(cable, pid);
	lists_end(&at);
}

/* --- claims whose answer is lost --- */

SCENE(cable, an_end_does_not_forget_what_was_claimed)
{
	struct list_at at = lists_only("postgresql"), far;
	struct ord_jobs *jobs;
	struct ord_job *a, *b;
	pid_t pid;
	struct cable *cable = cable_new(&pid);

	far = through(&at, cable, "&patience=0");
	jobs = OPEN(&far, .taker = NULL, .wait = ORD_JOBS_WAIT_NEVER);
	ADD(jobs, .name = "a");
	ADD(jobs, .name = "b");
	a = TAKE(jobs, "a");
	cable_do(cable, CUT_ANSWER, "claim_");
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &b), ORD_ESYSTEM, "");
	CHECK_EQ(cable->cuts, 1);
	CHECK_EQ(lists_number(&at, "SELECT count(*) FROM job WHERE state = 2"), 2);
	cable_do(cable, PASS, "");
	/* Ends fail for a reason of their own. */
	lists_sql(&at, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
		       " $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '42501'; END $$;"
		       "CREATE TRIGGER refuse BEFORE UPDATE ON job FOR EACH ROW WHEN (NEW.state = 3) EXECUTE FUNCTION refuse()");
	CHECK_EQ(lists_counts(jobs).running, 2);
	JOBS_SAYS(jobs, ord_job_done(a), ORD_ESYSTEM, "not now");
	lists_sql(&at, "DROP TRIGGER refuse ON job");
	JOBS_OK(jobs, ord_job_done(a));
	b = TAKE(jobs, "b");
	CHECK_EQ(ord_job_attempt(b), 1);
	JOBS_OK(jobs, ord_job_done(b));
	ord_jobs_destroy(&jobs);
	cable_free(cable, pid);
	lists_end(&at);
}

/* --- silence --- */

#define QUICK "&answer=1&connect_timeout=2"

SCENE(cable, one_that_swallows_loses_nothing_and_does_nothing_twice)
{
	struct list_at at = lists_only("postgresql"), far;
	struct many *seen = lists_shared(sizeof *seen);
	pid_t pid;
	struct cable *cable = cable_new(&pid);

	far = through(&at, cable, QUICK);
	for (unsigned i = 0; i < MANY_TAKERS; i++)
		if (fork() == 0)
			many_work(i == 0 ? &at : &far, seen, 31 + i, i == 0 ? 1 : 5 * i);
	for (unsigned i = 0; i < 2; i++)
		if (fork() == 0)
			many_add(&far, seen, i * MANY_JOBS / 2, (i + 1) * MANY_JOBS / 2);
	while (seen->opened != MANY_TAKERS + 2)
		scene_pause_ms(2);
	for (unsigned n = 0; n < lists_rounds("ORD_JOBS_SWALLOWS", 1); n++) {
		scene_pause_ms(100);
		cable_do(cable, SWALLOW, "");
		scene_pause_ms(500);
		cable_do(cable, PASS, "");
	}
	/* The proxy is a child, too. */
	lists_await(2);
	many_end(&at, seen);
	cable_free(cable, pid);
	munmap(seen, sizeof *seen);
	lists_end(&at);
}

/* The server learns it from its kernel, and gives the taker half of its time-out. */
SCENE(cable, what_is_held_beyond_a_dumb_cable_is_anothers)
{
	struct list_at at = lists_only("postgresql"), far;
	struct ord_jobs *here, *there;
	struct ord_job *job, *again;
	pid_t pid;
	struct cable *cable = cable_new(&pid);

	far = through(&at, cable, QUICK);
	there = OPEN(&far, .taker = "there", .heartbeat_ms = 200, .timeout_ms = 400);
	here = OPEN(&at, .taker = "here");
	ADD(here, .name = "a", .killed_retries = 1);
	job = TAKE(there, "a");
	lists_sql(&at, "UPDATE taker SET space = 1 WHERE name = 'there'");
	cable_do(cable, SWALLOW_HALF, "");
	JOBS_OK(here, ord_jobs_take(here, &again));
	CHECK_EQ(ord_job_attempt(again), 2);
	cable_do(cable, PASS, "");
	JOBS_SAYS(there, ord_job_done(job), ORD_ELOST, "another's now");
	CHECK_EQ(lists_state(here, "a"), ORD_JOB_RUNNING);
	JOBS_OK(here, ord_job_done(again));
	ord_jobs_destroy(&there);
	ord_jobs_destroy(&here);
	cable_free(cable, pid);
	lists_end(&at);
}
