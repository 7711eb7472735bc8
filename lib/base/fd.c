/* The system calls around descriptors that every room needs, with their traps handled once. */
#define _GNU_SOURCE /* pipe2, SCM_RIGHTS helpers, MSG_CMSG_CLOEXEC */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FD_PASS_MAX * sizeof(int))];
};

void
fd_close(int *fd)
{
	int kept = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = kept;
}

int
fd_lift(int *fd)
{
	int lifted;

	if (*fd > 2)
		return 0;
	/* A host may run without stdin, stdout or stderr; what lands there would be taken for them. */
	lifted = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	fd_close(fd);
	*fd = lifted;
	return lifted >= 0 ? 0 : -1;
}

static int
lift_both(int ends[2])
{
	if (fd_lift(&ends[0]) == 0 && fd_lift(&ends[1]) == 0)
		return 0;
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	return -1;
}

int
fd_pipe(int *reader, int *writer)
{
	int ends[2];

	*reader = *writer = -1;
	if (pipe2(ends, O_CLOEXEC) != 0 || lift_both(ends) != 0)
		return -1;
	*reader = ends[0];
	*writer = ends[1];
	return 0;
}

int
fd_pair(int ends[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
		ends[0] = ends[1] = -1;
		return -1;
	}
	return lift_both(ends);
}

int
fd_headroom(unsigned count)
{
	int fds[FD_HEADROOM_MAX], failed = 0;
	unsigned n = 0;

	while (n < count && n < FD_HEADROOM_MAX && failed == 0) {
		fds[n] = eventfd(0, EFD_CLOEXEC); /* the cheapest that takes a file, too */
		failed = fds[n] < 0 ? errno : 0;
		n += failed == 0;
	}
	while (n > 0)
		fd_close(&fds[--n]);
	errno = failed;
	return failed == 0 ? 0 : -1;
}

int
fd_may_grow(uint64_t size)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
		size <= limit.rlim_cur)
		return 0;
	errno = EFBIG;
	return -1;
}

int
fd_nonblocking(int fd)
{
	int on = 1;

	return ioctl(fd, FIONBIO, &on); /* one call, where fcntl needs two */
}

ssize_t
fd_send(int socket, const void *bytes, size_t size, const int *fds, size_t n_fds, int flags)
{
	struct iovec part = { .iov_base = (void *)(size_t)bytes, .iov_len = size };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1 };
	union control control;
	struct cmsghdr *header;
	ssize_t sent;

	if (n_fds > FD_PASS_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (n_fds != 0) {
		memset(&control, 0, sizeof control);
		packet.msg_control = control.bytes;
		packet.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		header = CMSG_FIRSTHDR(&packet);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(header), fds, n_fds * sizeof(int));
	}
	do
		sent = sendmsg(socket, &packet, flags | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent;
}

static size_t
take_fds(struct msghdr *packet, int fds[FD_PASS_MAX])
{
	size_t n = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(packet); header != NULL;
		header = CMSG_NXTHDR(packet, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(header), n * sizeof(int));
	}
	return n;
}

ssize_t
fd_receive(int socket, void *bytes, size_t size, int fds[FD_PASS_MAX], size_t *n_fds, int flags)
{
	struct iovec part = { .iov_base = bytes, .iov_len = size };
	union control control;
	struct msghdr packet = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control };
	ssize_t received;

	*n_fds = 0;
	do
		received = recvmsg(socket, &packet, flags | MSG_CMSG_CLOEXEC);
	while (received < 0 && errno == EINTR);
	if (received < 0)
		return -1;
	*n_fds = take_fds(&packet, fds);
	if ((packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0)
		return received;
	for (size_t i = 0; i < *n_fds; i++)
		fd_close(&fds[i]);
	*n_fds = 0;
	errno = EMSGSIZE;
	return -1;
}
