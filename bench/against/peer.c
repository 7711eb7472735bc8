/* Scripts that do the same work; see peer.h. */
#define _GNU_SOURCE
#include "peer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/measure.h"

/* The distribution's interpreter, whatever stands before it in PATH. */
static void
become(const char *interpreter, const char *script)
{
	char path[64];

	snprintf(path, sizeof path, "/usr/bin/%s", interpreter);
	execl(path, interpreter, script, (char *)NULL);
	execlp(interpreter, interpreter, script, (char *)NULL);
	_exit(127);
}

static bool
answers(struct peer *peer, const char *expected)
{
	char line[32];

	return fgets(line, sizeof line, peer->answer) && strcmp(line, expected) == 0;
}

bool
peer_start(struct peer *peer, const char *interpreter, const char *script)
{
	const char *source = getenv("ORDERLY_SOURCE");
	int ask[2], answer[2];
	char path[4096];

	snprintf(path, sizeof path, "%s/bench/against/%s", source ? source : ".", script);
	if (access(path, R_OK) != 0 || pipe2(ask, O_CLOEXEC) != 0 || pipe2(answer, O_CLOEXEC) != 0)
		return false;
	peer->pid = fork();
	if (peer->pid == 0) {
		dup2(ask[0], 0);
		dup2(answer[1], 1);
		become(interpreter, path);
	}
	close(ask[0]);
	close(answer[1]);
	peer->ask = fdopen(ask[1], "we");
	peer->answer = fdopen(answer[0], "re");
	if (peer->pid < 0 || !peer->ask || !peer->answer)
		fail("cannot start %s", interpreter);
	if (answers(peer, "ready\n"))
		return true;
	peer_stop(peer);
	return false;
}

void
peer_turn(void *user, uint64_t tasks)
{
	const struct peer_turn *turn = user;

	fprintf(turn->peer->ask, "%s %llu\n", turn->method, (unsigned long long)tasks);
	fflush(turn->peer->ask);
	if (!answers(turn->peer, "done\n"))
		fail("the peer did not answer to %s", turn->method);
}

void
peer_stop(struct peer *peer)
{
	if (!peer->ask)
		return;
	fclose(peer->ask);
	fclose(peer->answer);
	waitpid(peer->pid, NULL, 0);
	*peer = (struct peer){ 0 };
}
