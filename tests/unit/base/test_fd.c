/* Descriptors: closed once, close-on-exec, above 2, and passed without leaks. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

static int
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int
is_cloexec(int fd)
{
	return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

static int
count_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 512; fd++)
		n += is_open(fd);
	return n;
}

/* Frees descriptor 0 for a while. */
static int
hide_stdin(void)
{
	int kept = fcntl(0, F_DUPFD_CLOEXEC, 20);

	close(0);
	return kept;
}

static void
show_stdin(int kept)
{
	close(0);
	if (kept >= 0) {
		dup2(kept, 0);
		close(kept);
	}
}

Test(fd, close_once)
{
	int reader, writer;

	cr_assert_eq(fd_pipe(&reader, &writer), 0);
	int number = reader;
	fd_close(&reader);
	cr_assert_eq(reader, -1);
	cr_assert_not(is_open(number));
	fd_close(&reader);
	cr_assert(is_open(writer));
	fd_close(&writer);
}

Test(fd, close_keeps_errno)
{
	int bad = 1000;

	errno = ERANGE;
	fd_close(&bad);
	cr_assert_eq(errno, ERANGE);
	cr_assert_eq(bad, -1);
}

Test(fd, pipe_is_cloexec_and_works)
{
	int reader, writer;
	char byte = 0;

	cr_assert_eq(fd_pipe(&reader, &writer), 0);
	cr_assert(is_cloexec(reader));
	cr_assert(is_cloexec(writer));
	cr_assert_eq(write(writer, "x", 1), 1);
	cr_assert_eq(read(reader, &byte, 1), 1);
	cr_assert_eq(byte, 'x');
	fd_close(&writer);
	cr_assert_eq(read(reader, &byte, 1), 0);
	fd_close(&reader);
}

Test(fd, never_where_stdin_was)
{
	int kept = hide_stdin();
	int open_before = count_open();
	int reader, writer, ends[2];
	int made_pipe = fd_pipe(&reader, &writer);
	int made_pair = fd_pair(ends);
	int zero_open = is_open(0);
	int open_after = count_open();

	show_stdin(kept);
	cr_assert_eq(made_pipe, 0);
	cr_assert_eq(made_pair, 0);
	cr_assert_not(zero_open);
	cr_assert_eq(open_after, open_before + 4);
	cr_assert(reader > 2 && writer > 2 && ends[0] > 2 && ends[1] > 2);
	cr_assert(is_cloexec(reader) && is_cloexec(ends[0]) && is_cloexec(ends[1]));
	fd_close(&reader);
	fd_close(&writer);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

Test(fd, lift_leaves_high_ones)
{
	int reader, writer, number;

	cr_assert_eq(fd_pipe(&reader, &writer), 0);
	number = reader;
	cr_assert_eq(fd_lift(&reader), 0);
	cr_assert_eq(reader, number);
	fd_close(&reader);
	fd_close(&writer);
}

Test(fd, no_room_leaks_nothing)
{
	struct rlimit kept, none;
	int open_before, made_pipe, made_pair, reader = 0, writer = 0, ends[2];

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &kept), 0);
	open_before = count_open();
	none = kept;
	none.rlim_cur = 3;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	int stdin_kept = dup(0);
	made_pipe = fd_pipe(&reader, &writer);
	made_pair = fd_pair(ends);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &kept), 0);
	cr_assert_eq(stdin_kept, -1);
	cr_assert_eq(made_pipe, -1);
	cr_assert(reader == -1 && writer == -1);
	/* Under valgrind a socketpair may pass the limit. */
	cr_assert_eq(made_pair == -1, ends[0] == -1 && ends[1] == -1);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	cr_assert_eq(count_open(), open_before);
}

Test(fd, no_room_to_lift)
{
	struct rlimit kept, none;
	int saved = hide_stdin();
	int low = dup(1);
	int lifted, number = low;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &kept), 0);
	none = kept;
	none.rlim_cur = 3;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	lifted = fd_lift(&low);
	int zero_open = is_open(0);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &kept), 0);
	show_stdin(saved);
	cr_assert_eq(number, 0);
	cr_assert_eq(lifted, -1);
	cr_assert_eq(low, -1);
	cr_assert_not(zero_open);
}

Test(fd, nonblocking)
{
	int reader, writer;
	char byte;

	cr_assert_eq(fd_pipe(&reader, &writer), 0);
	cr_assert_eq(fd_nonblocking(reader), 0);
	cr_assert_eq(read(reader, &byte, 1), -1);
	cr_assert_eq(errno, EAGAIN);
	cr_assert_eq(fd_nonblocking(1000), -1);
	cr_assert_eq(errno, EBADF);
	fd_close(&reader);
	fd_close(&writer);
}

Test(fd, packets_keep_their_ends)
{
	int ends[2], fds[FD_PASS_MAX];
	size_t n_fds = 7;
	char bytes[100];

	cr_assert_eq(fd_pair(ends), 0);
	cr_assert_eq(fd_send(ends[0], "one", 3, NULL, 0, 0), 3);
	cr_assert_eq(fd_send(ends[0], "second", 6, NULL, 0, MSG_DONTWAIT), 6);
	cr_assert_eq(fd_receive(ends[1], bytes, sizeof bytes, fds, &n_fds, 0), 3);
	cr_assert_arr_eq(bytes, "one", 3);
	cr_assert_eq(n_fds, 0);
	cr_assert_eq(fd_receive(ends[1], bytes, 6, fds, &n_fds, 0), 6);
	cr_assert_eq(fd_receive(ends[1], bytes, sizeof bytes, fds, &n_fds, MSG_DONTWAIT), -1);
	cr_assert_eq(errno, EAGAIN);
	fd_close(&ends[0]);
	cr_assert_eq(fd_receive(ends[1], bytes, sizeof bytes, fds, &n_fds, 0), 0);
	fd_close(&ends[1]);
}

/* SIGPIPE would end the test. */
Test(fd, send_to_nobody)
{
	int ends[2];

	cr_assert_eq(fd_pair(ends), 0);
	fd_close(&ends[1]);
	cr_assert_eq(fd_send(ends[0], "x", 1, NULL, 0, 0), -1);
	cr_assert_eq(errno, EPIPE);
	fd_close(&ends[0]);
}

Test(fd, descriptors_are_passed)
{
	int ends[2], sent[FD_PASS_MAX], fds[FD_PASS_MAX];
	size_t n_fds = 0;
	char bytes[4] = "";

	cr_assert_eq(fd_pair(ends), 0);
	for (int i = 0; i < FD_PASS_MAX; i += 2)
		cr_assert_eq(fd_pipe(&sent[i], &sent[i + 1]), 0);
	cr_assert_eq(fd_send(ends[0], "fds", 3, sent, FD_PASS_MAX, 0), 3);
	for (int i = 0; i < FD_PASS_MAX; i++)
		fd_close(&sent[i]);
	cr_assert_eq(fd_receive(ends[1], bytes, sizeof bytes, fds, &n_fds, 0), 3);
	cr_assert_eq(n_fds, FD_PASS_MAX);
	for (int i = 0; i < FD_PASS_MAX; i += 2) {
		char byte = 0;

		cr_assert(is_cloexec(fds[i]) && is_cloexec(fds[i + 1]));
		cr_assert_eq(write(fds[i + 1], "p", 1), 1);
		cr_assert_eq(read(fds[i], &byte, 1), 1);
		cr_assert_eq(byte, 'p');
	}
	for (size_t i = 0; i < n_fds; i++)
		fd_close(&fds[i]);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

Test(fd, a_cut_packet_leaves_no_descriptors)
{
	int ends[2], sent[2], fds[FD_PASS_MAX];
	size_t n_fds = 7;
	char bytes[100] = "";

	cr_assert_eq(fd_pair(ends), 0);
	cr_assert_eq(fd_pipe(&sent[0], &sent[1]), 0);
	int open_before = count_open();
	cr_assert_eq(fd_send(ends[0], bytes, 100, sent, 2, 0), 100);
	cr_assert_eq(fd_receive(ends[1], bytes, 10, fds, &n_fds, 0), -1);
	cr_assert_eq(errno, EMSGSIZE);
	cr_assert_eq(n_fds, 0);
	cr_assert_eq(count_open(), open_before);
	fd_close(&sent[0]);
	fd_close(&sent[1]);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

/* Another process is free to send more descriptors than fd_send would. */
static void
send_many(int socket, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(64 * sizeof(int))];
	} control;
	char byte = 'x';
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr packet = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(n_fds * sizeof(int)) };
	struct cmsghdr *header;

	memset(&control, 0, sizeof control);
	header = CMSG_FIRSTHDR(&packet);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	memcpy(CMSG_DATA(header), fds, n_fds * sizeof(int));
	cr_assert_eq(sendmsg(socket, &packet, MSG_NOSIGNAL), 1);
}

Test(fd, too_many_descriptors_leave_none)
{
	int ends[2], sent[64], fds[FD_PASS_MAX];
	size_t n_fds = 7;
	char byte;

	cr_assert_eq(fd_pair(ends), 0);
	for (int i = 0; i < 64; i++)
		sent[i] = ends[0];
	int open_before = count_open();
	for (size_t n = FD_PASS_MAX + 1; n <= 64; n++) {
		send_many(ends[0], sent, n);
		cr_assert_eq(fd_receive(ends[1], &byte, 1, fds, &n_fds, 0), -1);
		cr_assert_eq(errno, EMSGSIZE);
		cr_assert_eq(n_fds, 0);
		cr_assert_eq(count_open(), open_before);
	}
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}
