/* What commands read: bytes of any size, and descriptors that their owner lends. */
#define _GNU_SOURCE /* memfd_create */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tally.h"

#define SH(script) ((const char *const[]){ "sh", "-c", (script), NULL })

static int
file_with(const char *bytes, size_t size)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, bytes, size), (long long)size);
	return fd;
}

static void
must_say(struct tally *tally, const struct ord_result *result)
{
	const char *const *expected = tally->user;

	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK(strcmp(ord_result_output(result, NULL), expected[ord_result_sequence(result)]) == 0);
}

SCENE(command_input, more_than_a_pipe_and_a_packet_hold)
{
	const char *expected[] = { "20000001\n", "" };
	struct tally tally = { .on_result = must_say, .user = expected };
	size_t size = 20000001;
	char *input = malloc(size);

	CHECK(input != NULL);
	memset(input, 'i', size);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 2));
	CHECK_OK(tally.pool,
		ord_pool_submit_command(tally.pool,
			&ORD_COMMAND(.argv = SH("wc -c"), .input = input, .input_size = size),
			NULL));
	CHECK_OK(tally.pool,
		ord_pool_submit_command(tally.pool,
			&ORD_COMMAND(.argv = SH("true"), .input = input, .input_size = size),
			NULL));
	tally_close(&tally, 2);
	free(input);
}

SCENE(command_input, a_lent_descriptor_is_read_from_its_beginning)
{
	const char *expected[] = { "lent\n", "le", "lent\n" };
	struct tally tally = { .on_result = must_say, .user = expected };
	int fds[3] = { file_with("lent\n", 5), file_with("lent\n", 5), file_with("lent\n", 5) };
	const char *const *scripts[3] = { SH("cat"), SH("head -c 2"), SH("sleep 0.1; cat") };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 3));
	for (int i = 0; i < 3; i++)
		CHECK_OK(tally.pool,
			ord_pool_submit_command(tally.pool,
				&ORD_COMMAND(.argv = scripts[i], .input_fd = &fds[i]), NULL));
	tally_close(&tally, 3);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(close(fds[i]), 0); /* it is still ours */
}

/* The first attempt reads some of it and dies. */
SCENE(command_input, every_attempt_reads_all_of_it)
{
	const char *expected[] = { "12\n" };
	struct tally tally = { .on_result = must_say, .user = expected };
	int fd = file_with("once, twice\n", 12);
	char folder[] = "/tmp/orderly-input-XXXXXX", marker[64];

	CHECK(mkdtemp(folder) != NULL);
	snprintf(marker, sizeof marker, "marker=%s/marker", folder);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 1, .retries = 1));
	CHECK_OK(tally.pool,
		ord_pool_submit_command(tally.pool,
			&ORD_COMMAND(.argv = SH(
					     "mkdir $marker && { head -c 5 >/dev/null; kill -9 $$; }; wc -c"),
				.env = (const char *const[]){ marker, NULL }, .input_fd = &fd),
			NULL));
	tally_close(&tally, 1);
	rmdir(strchr(marker, '=') + 1);
	rmdir(folder);
	close(fd);
}

SCENE(command_input, a_pipe_is_read_on)
{
	const char *expected[] = { "first\n", "second\n" };
	struct tally tally = { .on_result = must_say, .user = expected };
	int ends[2];

	CHECK_EQ(pipe(ends), 0);
	CHECK_EQ(write(ends[1], "first\nsecond\n", 13), 13);
	close(ends[1]);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 1));
	for (int i = 0; i < 2; i++)
		CHECK_OK(tally.pool,
			ord_pool_submit_command(tally.pool,
				&ORD_COMMAND(.argv = SH("read line; echo $line"),
					.input_fd = &ends[0]),
				NULL));
	tally_close(&tally, 2);
	close(ends[0]);
}

SCENE(command_input, wrong_descriptors)
{
	struct tally tally = { 0 };
	int fd = 987, null = open("/dev/null", O_RDONLY);

	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 1));
	CHECK_FAILS(tally.pool,
		ord_pool_submit_command(
			tally.pool, &ORD_COMMAND(.argv = SH("true"), .input_fd = &fd), NULL),
		ORD_EINVAL, "input_fd 987 is not an open descriptor");
	CHECK_FAILS(tally.pool,
		ord_pool_submit_command(tally.pool,
			&ORD_COMMAND(.argv = SH("true"), .input = "x", .input_size = 1,
				.input_fd = &null),
			NULL),
		ORD_EINVAL, "not a command");
	tally_close(&tally, 0);
	close(null);
}
