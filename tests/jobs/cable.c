#define _GNU_SOURCE /* accept4, memmem */
#include "cable.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINKS = 40 };

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
	if (from == link->client && (how == CUT_LATER || how == CUT_FROM) && atomic_load(&cable->left) != 0)
		meant = atomic_fetch_sub(&cable->left, 1) == 1;
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
	if (how == CUT_ANSWER || (how == CUT_FROM && atomic_load(&cable->left) == 0) || (!link->dumb && link->server < 0))
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

struct cable *
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

void
cable_free(struct cable *cable, pid_t pid)
{
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	munmap(cable, sizeof *cable);
}

void
cable_do(struct cable *cable, int how, const char *word)
{
	unsigned told = atomic_load(&cable->told);

	snprintf(cable->word, sizeof cable->word, "%s", word);
	atomic_store(&cable->how, how);
	while (atomic_load(&cable->told) == told)
		scene_pause_ms(1);
}

void
cable_cut(struct cable *cable, unsigned n)
{
	atomic_store(&cable->left, n);
	if (atomic_load(&cable->how) != CUT_LATER)
		cable_do(cable, CUT_LATER, "");
}

void
cable_cut_from(struct cable *cable, unsigned n)
{
	atomic_store(&cable->left, n);
	cable_do(cable, CUT_FROM, "");
}

struct list_at
cable_to(const struct list_at *at, const struct cable *cable, const char *more)
{
	struct list_at far = *at;

	snprintf(far.address, sizeof far.address, "postgresql://orderly@127.0.0.1:%d/postgres?%s%s", cable->port,
		strstr(at->address, "list="), more);
	return far;
}
