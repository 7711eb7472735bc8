/* Packets in front of a socket that is full, and bytes that are no packets. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/fd.h"
#include "memory_fault.h"
#include "spawn/post.h"
#include "support.h"

static char bytes[sizeof(struct life_packet) + LIFE_TEXT_MAX];

static int
take(int socket, struct life_packet *packet, int *fds, size_t *n_fds)
{
	return post_receive(socket, packet, bytes, sizeof bytes, fds, n_fds);
}

Test(post, keeps_order_and_descriptors)
{
	enum { MANY = 2000 };
	struct post post = { NULL, NULL };
	struct life_packet packet = { .type = LIFE_SPAWN };
	int ends[2], file[2], fds[FD_PASS_MAX];
	struct stat ours, theirs;
	uint64_t expected = 0;
	unsigned before;
	size_t n;

	cr_assert_eq(fd_pair(ends), 0);
	cr_assert_eq(fd_pipe(&file[0], &file[1]), 0);
	fstat(file[0], &ours);
	before = count_fds();
	for (packet.id = 0; packet.id < MANY; packet.id++) {
		packet.text_size = (uint32_t)(packet.id % 5);
		cr_assert_eq(
			post_send(&post, ends[0], &packet, "text", file, packet.id % 3 == 0), 0);
	}
	cr_assert_not_null(post.first);
	while (expected < MANY) {
		cr_assert_eq(post_flush(&post, ends[0]), 0);
		cr_assert_eq(take(ends[1], &packet, fds, &n), 1);
		cr_assert_eq(packet.id, expected);
		cr_assert_eq(packet.text_size, expected % 5);
		cr_assert_eq(memcmp(bytes + sizeof packet, "text", packet.text_size), 0);
		cr_assert_eq(n, expected % 3 == 0);
		if (n == 1) {
			cr_assert_eq(fstat(fds[0], &theirs), 0);
			cr_assert_eq(ours.st_ino, theirs.st_ino);
			fd_close(&fds[0]);
		}
		expected++;
	}
	cr_assert_null(post.first);
	cr_assert_null(post.last);
	cr_assert_eq(take(ends[1], &packet, fds, &n), 0);
	cr_assert_eq(count_fds(), before);
	fd_close(&ends[1]);
	packet.text_size = 0;
	cr_assert_eq(post_send(&post, ends[0], &packet, NULL, NULL, 0), -1);
	cr_assert_eq(errno, EPIPE);
	fd_close(&ends[0]);
	fd_close(&file[0]);
	fd_close(&file[1]);
}

Test(post, forgets_when_told)
{
	struct post post = { NULL, NULL };
	struct life_packet packet = { .type = LIFE_SPAWN };
	int ends[2];
	unsigned before;

	cr_assert_eq(fd_pair(ends), 0);
	before = count_fds();
	while (post.first == NULL)
		cr_assert_eq(post_send(&post, ends[0], &packet, NULL, ends, 2), 0);
	memory_fault_at(1);
	cr_assert_eq(post_send(&post, ends[0], &packet, NULL, ends, 2), -1);
	cr_assert_eq(errno, ENOMEM);
	cr_assert_eq(count_fds(), before + 2);
	post_finish(&post);
	cr_assert_eq(count_fds(), before);
	cr_assert_null(post.first);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

Test(post, refuses_what_is_none)
{
	struct life_packet packet = { .magic = LIFE_MAGIC, .type = LIFE_STOP };
	int ends[2], fds[FD_PASS_MAX];
	char large[sizeof packet + 64] = { 0 };
	unsigned before;
	size_t n;

	cr_assert_eq(fd_pair(ends), 0);
	before = count_fds();
	cr_assert_eq(fd_send(ends[0], "short", 5, ends, 2, 0), 5);
	cr_assert_eq(take(ends[1], &packet, fds, &n), -1);
	cr_assert_eq(errno, EBADMSG);
	packet = (struct life_packet){ .magic = LIFE_MAGIC, .text_size = 5 };
	cr_assert(fd_send(ends[0], &packet, sizeof packet, ends, 2, 0) > 0);
	cr_assert_eq(take(ends[1], &packet, fds, &n), -1);
	cr_assert_eq(errno, EBADMSG);
	packet = (struct life_packet){ .magic = 1 };
	cr_assert(fd_send(ends[0], &packet, sizeof packet, ends, 2, 0) > 0);
	cr_assert_eq(take(ends[1], &packet, fds, &n), -1);
	cr_assert_eq(errno, EBADMSG);
	/* Larger than what it is read into. */
	packet = (struct life_packet){ .magic = LIFE_MAGIC, .id = 8, .text_size = UINT32_MAX };
	memcpy(large, &packet, sizeof packet);
	cr_assert(fd_send(ends[0], large, sizeof large, ends, 2, 0) > 0);
	cr_assert_eq(post_receive(ends[1], &packet, bytes, sizeof packet + 8, fds, &n), -1);
	cr_assert_eq(errno, EBADMSG);
	cr_assert_eq(n, 0);
	cr_assert_eq(count_fds(), before);
	fd_close(&ends[0]);
	cr_assert_eq(take(ends[1], &packet, fds, &n), -1);
	cr_assert_eq(errno, EPIPE);
	fd_close(&ends[1]);
}
