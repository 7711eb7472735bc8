/* Servers that refuse, lists that are not as they should be, waiting, and connections that are cut. */
#define _GNU_SOURCE /* accept4 */
#include "many.h"

#include <errno.h>
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

enum { LINKS = 24 };

/* --- what is refused --- */

SCENE(postgres, bad_addresses_are_said_without_the_password)
{
	static const char *const bad[] = { "postgresql:", "postgresql:db", "postgresql://u:hush@[::1/db", "postgresql:///db?nonsense=hush",
		"postgresql://u:1/hush@localhost/db", "postgresql://u:hu/hush@localhost/db", "postgresql://u:hu@hush@localhost/db",
		"postgresql://u:hu/hush?@localhost/db", "postgresql://u:hu/hush?hush@localhost/db?list=x" };
	static const char *const no_port[] = { "postgres://u:hush@h:port/db", "postgresql://u:hush/db", "postgresql://h:1,u:hush/db" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		REFUSES(bad[i], NULL, ORD_EINVAL, "libpq");
	for (size_t i = 0; i < sizeof no_port / sizeof *no_port; i++)
		REFUSES(no_port[i], NULL, ORD_EINVAL, "a port that is no number");
	/* A '?' is no end of a password. */
	REFUSES("postgresql://u:hu?list=hush&hush@/db?host=/nowhere/at/all&list=x", NULL, ORD_ESYSTEM, "the list 'x' in the database 'db'");
	REFUSES("postgresql:///db?list=", NULL, ORD_EINVAL, "1 to 50 bytes");
	REFUSES("postgresql:///db?list=a%20b", NULL, ORD_EINVAL, "a to z");
	REFUSES("postgresql:///db?patience=soon", NULL, ORD_EINVAL, "number of seconds");
	REFUSES("postgre://u:hush@h/db", NULL, ORD_EINVAL, "no store for the address 'postgre:");
	REFUSES("postgresql://u:hush@/db?host=/nowhere/at/all&list=x", NULL, ORD_ESYSTEM, "is the server running");
}

SCENE(postgres, servers_that_refuse_are_said_with_the_remedy)
{
	struct list_at at = lists_only("postgresql");
	struct ord_jobs *many[100] = { NULL };
	char address[400];
	int n = 0, status = 0;

	lists_sql(&at, "DROP ROLE IF EXISTS guarded");
	lists_sql(&at, "CREATE ROLE guarded LOGIN PASSWORD 'secret'");
	snprintf(address, sizeof address, "postgresql://guarded:hush@/postgres?host=%s&list=guarded", getenv(SERVER));
	REFUSES(address, NULL, ORD_ESYSTEM, "check the user, and the password");
	snprintf(address, sizeof address, "postgresql://guarded@/postgres?host=%s&list=guarded", getenv(SERVER));
	REFUSES(address, NULL, ORD_ESYSTEM, "~/.pgpass");
	snprintf(address, sizeof address, "postgresql://nobody_such:hush@/postgres?host=%s", getenv(SERVER));
	REFUSES(address, NULL, ORD_ESYSTEM, "check the user");
	snprintf(address, sizeof address, "postgresql://orderly:hush@/nowhere?host=%s", getenv(SERVER));
	REFUSES(address, NULL, ORD_ESYSTEM, "createdb");
	/* It may log in, but not make a list, and then not read that of another. */
	snprintf(address, sizeof address, "postgresql://guarded:secret@/postgres?host=%s&list=guarded", getenv(SERVER));
	REFUSES(address, NULL, ORD_ESYSTEM, "have the owner");
	snprintf(address, sizeof address, "%s", at.address);
	many[0] = OPEN(&at, .taker = NULL);
	snprintf(address, sizeof address, "postgresql://guarded:secret@/postgres?host=%s&list=%s", getenv(SERVER), strstr(at.address, "list=") + 5);
	REFUSES(address, NULL, ORD_ESYSTEM, "grant");
	REFUSES(address, &ORD_JOBS_OPTIONS(.read_only = 1), ORD_ESYSTEM, "grant");
	/* As many connections as that role has. */
	lists_sql(&at, "ALTER ROLE guarded CONNECTION LIMIT 3");
	snprintf(address, sizeof address, "GRANT CREATE ON DATABASE postgres TO guarded");
	lists_sql(&at, address);
	snprintf(address, sizeof address, "postgresql://guarded:secret@/postgres?host=%s&list=guarded%d", getenv(SERVER), (int)getpid());
	for (n = 1; status == 0 && n < 10; n++) {
		CHECK_EQ(ord_jobs_new(&many[n], NULL), 0);
		status = ord_jobs_open(many[n], address);
	}
	CHECK_EQ(n, 5);
	JOBS_SAYS(many[4], ord_jobs_open(many[4], address), ORD_ESYSTEM, "each taker needs one");
	while (n-- > 0)
		ord_jobs_destroy(&many[n]);
	snprintf(address, sizeof address, "DROP OWNED BY guarded CASCADE; DROP ROLE guarded");
	lists_sql(&at, address);
	lists_end(&at);
}

SCENE(postgres, lists_that_are_not_ours_are_refused)
{
	struct list_at at = lists_only("postgresql");
	struct ord_jobs *jobs;
	struct ord_job *job;
	char text[200];

	REFUSES(at.address, &ORD_JOBS_OPTIONS(.must_exist = 1), ORD_EINVAL, "there is no list");
	REFUSES(at.address, &ORD_JOBS_OPTIONS(.read_only = 1), ORD_EINVAL, "there is no list");
	jobs = OPEN(&at, .taker = NULL);
	ADD(jobs, .name = "a");
	job = TAKE(jobs, "a");
	lists_sql(&at, "UPDATE list SET value = 1000 WHERE name = 'version'");
	REFUSES(at.address, NULL, ORD_ENOTSUP, "newer version");
	/* It is gone under the hands of its taker. */
	snprintf(text, sizeof text, "DROP SCHEMA orderly_%s CASCADE", strstr(at.address, "list=") + 5);
	lists_sql(&at, text);
	JOBS_SAYS(jobs, ord_job_done(job), ORD_ESYSTEM, "open it anew");
	ord_jobs_destroy(&jobs);
	snprintf(text, sizeof text, "CREATE SCHEMA orderly_%s; CREATE TABLE theirs (x int)", strstr(at.address, "list=") + 5);
	lists_sql(&at, text);
	REFUSES(at.address, NULL, ORD_EINVAL, "of another program");
	lists_end(&at);
}

SCENE(postgres, several_lists_in_one_database)
{
	struct list_at one = lists_only("postgresql"), two = lists_only("postgresql");
	struct ord_jobs *first = OPEN(&one, .taker = "same"), *second = OPEN(&two, .taker = "same");

	ADD(first, .name = "a");
	ADD(second, .name = "b");
	JOBS_OK(first, ord_job_done(TAKE(first, "a")));
	JOBS_OK(second, ord_job_done(TAKE(second, "b")));
	CHECK_EQ(lists_counts(first).total, 1);
	ord_jobs_destroy(&first);
	ord_jobs_destroy(&second);
	lists_end(&two);
	lists_end(&one);
}

/* Bytes that a database does not take: in reasons they are replaced, names are refused. */
SCENE(postgres, bytes_that_are_no_text)
{
	struct list_at at = lists_only("postgresql");
	struct ord_jobs *jobs = OPEN(&at, .taker = NULL);
	char why[300];

	ADD(jobs, .name = "a");
	JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = "\xff\xfe")), ORD_EINVAL, "UTF-8");
	CHECK_EQ(lists_counts(jobs).total, 1);
	for (int i = 0; i < 255; i++)
		why[i] = (char)(i + 1);
	why[255] = '\0';
	JOBS_OK(jobs, ord_job_fail(TAKE(jobs, "a"), why));
	CHECK_EQ(lists_state(jobs, "a"), ORD_JOB_FAILED);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* --- waiting --- */

/* Who waits asks nothing: the server has heard nothing from it when it is told. */
SCENE(postgres, a_wait_asks_nothing_and_ends_at_once)
{
	struct list_at at = lists_only("postgresql");
	struct ord_jobs *jobs = OPEN(&at, .taker = "adds");
	long long before;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		struct ord_jobs *waits = OPEN(&at, .taker = "waits", .wait = ORD_JOBS_WAIT_FOREVER);

		for (int i = 0; i < 3; i++) {
			struct ord_job *job;

			JOBS_OK(waits, ord_jobs_take(waits, &job));
		}
		ord_jobs_destroy(&waits);
		_exit(0);
	}
	for (int i = 0; i < 3; i++) {
		char name[16];

		while (lists_number(&at, "SELECT count(*) FROM taker WHERE waits AND name = 'waits'") == 0)
			scene_pause_ms(10);
		scene_pause_ms(100);
		before = lists_number(&at, "SELECT step FROM taker WHERE name = 'waits'");
		CHECK_EQ(lists_number(&at, "SELECT count(*) FROM pg_stat_activity, pg_locks l, taker t WHERE t.name = 'waits' AND l.locktype = 'advisory' AND l.objsubid = 2 AND l.classid = 'job'::regclass::oid AND l.objid = t.id AND pg_stat_activity.pid = l.pid AND state_change > clock_timestamp() - interval '80 ms'"), 0);
		CHECK_EQ(lists_number(&at, "SELECT step FROM taker WHERE name = 'waits'"), before);
		snprintf(name, sizeof name, "%d", i);
		ADD(jobs, .name = name);
		while (lists_counts(jobs).waiting != 0)
			scene_pause_ms(2);
	}
	lists_await(1);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* The list says that it does not wait, and the answer that would have told it so was lost. */
SCENE(postgres, who_waits_says_so_again_on_a_new_connection)
{
	struct list_at at = lists_only("postgresql");
	struct ord_jobs *jobs = OPEN(&at, .taker = "adds");
	pid_t pid = fork();

	if (pid == 0) {
		struct ord_jobs *waits = OPEN(&at, .taker = "waits", .wait = ORD_JOBS_WAIT_FOREVER);

		JOBS_OK(waits, ord_job_done(TAKE(waits, "a")));
		ord_jobs_destroy(&waits);
		_exit(0);
	}
	while (lists_number(&at, "SELECT count(*) FROM taker WHERE waits AND name = 'waits'") == 0)
		scene_pause_ms(10);
	lists_sql(&at, "UPDATE taker SET waits = false, state = 3 WHERE name = 'waits';"
		       "SELECT pg_terminate_backend(l.pid) FROM pg_locks l, taker t WHERE t.name = 'waits' AND"
		       " l.locktype = 'advisory' AND l.objsubid = 2 AND l.classid = 'job'::regclass::oid AND l.objid = t.id");
	for (int i = 0; i < SCENE_LONG_MS / 10 && lists_number(&at, "SELECT count(*) FROM taker WHERE waits AND state = 1 AND name = 'waits'") == 0; i++)
		scene_pause_ms(10);
	CHECK_EQ(lists_number(&at, "SELECT count(*) FROM taker WHERE waits AND state = 1 AND name = 'waits'"), 1);
	ADD(jobs, .name = "a");
	lists_await(1);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* Nobody can look at its process, and it says nothing for many times its time-out: its connection is enough. */
SCENE(postgres, who_is_connected_lives)
{
	struct list_at at = lists_only("postgresql");
	struct ord_jobs *jobs = OPEN(&at, .taker = "near", .wait = ORD_JOBS_WAIT_NEVER);
	struct ord_jobs *far = OPEN(&at, .taker = "far", .heartbeat_ms = 20, .timeout_ms = 40);
	struct ord_job *job, *none;

	ADD(jobs, .name = "a");
	job = TAKE(far, "a");
	lists_sql(&at, "UPDATE taker SET space = 1 WHERE name = 'far'");
	for (int i = 0; i < 10; i++) {
		scene_pause_ms(30);
		JOBS_SAYS(jobs, ord_jobs_claim(jobs, &none), ORD_EAGAIN, "some still run");
	}
	JOBS_OK(far, ord_job_done(job));
	ord_jobs_destroy(&far);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

#define CONNECTIONS_OF(taker) \
	"SELECT count(*) FROM pg_locks l, taker t WHERE t.name = '" taker "' AND l.locktype = 'advisory' AND" \
	" l.objsubid = 2 AND l.classid = 'job'::regclass::oid AND l.objid = t.id"

/* Also where the server ends sessions that say nothing. */
SCENE(postgres, who_works_for_long_stays_connected)
{
	struct list_at at = lists_only("postgresql"), strict = at;
	struct ord_jobs *jobs;

	snprintf(strict.address, sizeof strict.address, "postgresql:///postgres?host=%s&user=orderly&options=-c%%20idle_session_timeout%%3D1500&%s",
		getenv(SERVER), strstr(at.address, "list="));
	jobs = OPEN(&strict, .taker = "far");
	scene_pause_ms(2500);
	CHECK_EQ(lists_number(&at, CONNECTIONS_OF("far")), 1);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* --- a proxy that cuts --- */

struct link {
	int client, server;
	long left;  /* bytes until it is cut */
	int orphan; /* the server's side stays for that many rounds behind that of the client */
};

static int
unix_socket(const char *folder, struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address->sun_path, sizeof address->sun_path, "%s/.s.PGSQL.5432", folder);
	return fd;
}

static void
cut(struct link *link)
{
	if (link->client >= 0)
		close(link->client);
	link->client = -1;
	if (link->orphan > 0)
		return;
	if (link->server >= 0)
		close(link->server);
	link->server = -1;
}

static void
pass(struct link *link, int from, int to, int open)
{
	char bytes[4096];
	ssize_t n = read(from, bytes, sizeof bytes);
	ssize_t some = n < link->left ? n : link->left;

	if (n <= 0) {
		link->orphan = 0;
		cut(link);
		return;
	}
	/* Opening a list is not waited for. */
	if (open)
		link->left -= n;
	if (send(to, bytes, (size_t)some, MSG_NOSIGNAL) != some || link->left <= 0)
		cut(link);
}

/* Each connection is cut behind so many bytes; sometimes the server learns of it later. */
static void
proxy(int listener, struct many *seen)
{
	struct link links[LINKS];
	struct sockaddr_un address;
	uint64_t seed = 99;

	for (int i = 0; i < LINKS; i++)
		links[i] = (struct link){ -1, -1, 0, 0 };
	while (!atomic_load(&seen->stop)) {
		struct pollfd entries[2 * LINKS + 1];
		int open = atomic_load(&seen->opened) == MANY_TAKERS + 2;

		entries[2 * LINKS] = (struct pollfd){ .fd = listener, .events = POLLIN };
		for (int i = 0; i < LINKS; i++) {
			entries[2 * i] = (struct pollfd){ .fd = links[i].client, .events = POLLIN };
			entries[2 * i + 1] = (struct pollfd){ .fd = links[i].client >= 0 ? links[i].server : -1, .events = POLLIN };
		}
		poll(entries, 2 * LINKS + 1, 5);
		for (int i = 0; i < LINKS; i++) {
			if (links[i].client < 0 && links[i].server >= 0 && --links[i].orphan <= 0)
				cut(&links[i]);
			if (links[i].client >= 0 && entries[2 * i].revents != 0)
				pass(&links[i], links[i].client, links[i].server, open);
			if (links[i].client >= 0 && entries[2 * i + 1].revents != 0)
				pass(&links[i], links[i].server, links[i].client, open);
			if (entries[2 * LINKS].revents != 0 && links[i].client < 0 && links[i].server < 0) {
				links[i].client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
				links[i].server = unix_socket(getenv(SERVER), &address);
				CHECK_EQ(connect(links[i].server, (struct sockaddr *)&address, sizeof address), 0);
				links[i].left = 12000 + (long)(scene_random(&seed) % 60000);
				links[i].orphan = scene_random(&seed) % 2 == 0 ? 20 : 0;
				entries[2 * LINKS].revents = 0;
				atomic_fetch_add(&seen->cuts, 1);
			}
		}
	}
	_exit(0);
}

SCENE(postgres, connections_that_are_cut_lose_nothing_and_do_nothing_twice)
{
	struct list_at at = lists_only("postgresql"), through = at;
	struct many *seen = lists_shared(sizeof *seen);
	struct sockaddr_un address;
	char folder[100];
	int listener;

	snprintf(folder, sizeof folder, "%s/proxy-XXXXXX", getenv("XDG_RUNTIME_DIR"));
	CHECK(mkdtemp(folder) != NULL);
	listener = unix_socket(folder, &address);
	CHECK_EQ(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	CHECK_EQ(listen(listener, 20), 0);
	if (fork() == 0)
		proxy(listener, seen);
	close(listener);
	snprintf(through.address, sizeof through.address, "postgresql:///postgres?host=%s&user=orderly&%s", folder, strstr(at.address, "list="));
	for (int i = 0; i < MANY_TAKERS; i++)
		if (fork() == 0)
			many_work(&through, seen, 7 + (unsigned)i, i == 0 ? 1 : 5 * (unsigned)i);
	if (fork() == 0)
		many_add(&through, seen, 0, MANY_JOBS / 2);
	if (fork() == 0)
		many_add(&through, seen, MANY_JOBS / 2, MANY_JOBS);
	lists_await(2);
	many_end(&at, seen);
	atomic_store(&seen->stop, 1);
	lists_await(1);
	CHECK(seen->cuts > 20);
	CHECK_EQ(unlink(address.sun_path), 0);
	CHECK_EQ(rmdir(folder), 0);
	munmap(seen, sizeof *seen);
	lists_end(&at);
}
