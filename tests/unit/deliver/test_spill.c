/* Outputs in a file: what was put there comes back, its space is used again, and no limit is passed. */
#define _GNU_SOURCE /* unshare */
#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deliver/spill.h"

#define MIB (UINT64_C(1) << 20)

enum { MANY = 40 };

struct entry {
	uint64_t offset;
	size_t size;
	unsigned seed;
	int there;
};

static char bytes[3 << 20];

static void
fill(unsigned seed, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)((seed + i) * 2654435761u >> 13);
}

static int
is_filled(unsigned seed, const char *what, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (what[i] != (char)((seed + i) * 2654435761u >> 13))
			return 0;
	return 1;
}

static struct spill
open_spill(uint64_t limit)
{
	struct error error = { 0, "" };
	struct spill spill;

	cr_assert_eq(spill_open(&spill, "/var/tmp", limit, &error), 0, "%s", error.text);
	return spill;
}

static void
put(struct spill *spill, struct entry *entry, unsigned seed, size_t size)
{
	*entry = (struct entry){ .size = size, .seed = seed, .there = 1 };
	fill(seed, size);
	cr_assert_eq(spill_put(spill, bytes, size, &entry->offset), 0);
}

static void
take(struct spill *spill, struct entry *entry)
{
	cr_assert_eq(spill_take(spill, entry->offset, bytes, entry->size), 0);
	cr_assert(is_filled(entry->seed, bytes, entry->size));
	entry->there = 0;
}

static struct stat
state_of(const struct spill *spill)
{
	struct stat status;

	cr_assert_eq(fstat(spill->fd, &status), 0);
	return status;
}

static void
is_empty(const struct spill *spill)
{
	cr_assert_eq(spill->used, 0);
	cr_assert_eq(spill->end, 0);
	cr_assert_eq(state_of(spill).st_size, 0);
}

Test(spill, has_no_name)
{
	struct spill spill = open_spill(MIB);

	cr_assert_eq(state_of(&spill).st_nlink, 0);
	cr_assert_eq(state_of(&spill).st_mode & 0777, 0600);
	cr_assert_neq(fcntl(spill.fd, F_GETFD) & FD_CLOEXEC, 0);
	cr_assert_gt(spill.fd, 2);
	spill_finish(&spill);
	cr_assert_eq(spill.fd, -1);
	spill_finish(&spill);
}

Test(spill, gives_back_what_it_got)
{
	static const size_t sizes[] = { 1, 4095, 4096, 4097, 100000, 1 << 20, 3 << 20 };
	struct spill spill = open_spill(64 * MIB);
	struct entry entries[7];

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 7; i++)
			put(&spill, &entries[i], round * 7 + i, sizes[i]);
		for (unsigned i = 0; i < 7; i++)
			take(&spill, &entries[round == 0 ? i : 6 - i]);
		is_empty(&spill);
	}
	spill_finish(&spill);
}

/* Any order, any mixture; the blocks on the disk follow what is used. */
Test(spill, in_any_order)
{
	struct spill spill = open_spill(1024 * MIB);
	struct entry entries[MANY] = { { 0 } };
	uint64_t random = 88172645463325252u, most = 0;

	for (unsigned i = 0; i < 3000; i++) {
		struct entry *entry;

		random ^= random << 13, random ^= random >> 7, random ^= random << 17;
		entry = &entries[random % MANY];
		if (!entry->there)
			put(&spill, entry, i, 1 + (size_t)(random >> 32) % 60000);
		else if (random >> 60 == 0)
			spill_drop(&spill, entry->offset, entry->size), entry->there = 0;
		else
			take(&spill, entry);
		if (spill.used > most)
			most = spill.used;
		if (!spill.keeps)
			cr_assert_leq((uint64_t)state_of(&spill).st_blocks * 512, spill.used + MIB);
	}
	cr_assert_leq(most, MANY * 65536);
	for (unsigned i = 0; i < MANY; i++)
		if (entries[i].there)
			take(&spill, &entries[i]);
	is_empty(&spill);
	spill_finish(&spill);
}

/* The head of the line is never reached, and yet the file takes no more of the disk than what lies there. */
Test(spill, a_line_that_never_ends)
{
	struct spill spill = open_spill(2 * MIB);
	struct entry entries[8];

	for (unsigned i = 0; i < 500; i++) {
		if (i >= 8)
			take(&spill, &entries[i % 8]);
		put(&spill, &entries[i % 8], i, 200000);
		if (spill.keeps)
			break; /* then the limit is the file's length */
	}
	cr_assert(spill.keeps || spill.end > 50 * MIB);
	spill_finish(&spill);
}

static void
is_full(struct spill *spill, size_t size, int wanted)
{
	uint64_t offset, used = spill->used, end = spill->end;

	cr_assert_eq(spill_put(spill, bytes, size, &offset), -1);
	cr_assert_eq(errno, wanted);
	cr_assert_eq(spill->used, used);
	cr_assert_eq(spill->end, end);
}

Test(spill, has_a_limit)
{
	struct spill spill = open_spill(100000);
	struct entry entries[3];

	is_full(&spill, 100001, ENOSPC);
	put(&spill, &entries[0], 1, 50000);
	is_full(&spill, 50000, ENOSPC); /* whole blocks count */
	put(&spill, &entries[1], 2, 45000);
	is_full(&spill, 1, ENOSPC);
	take(&spill, &entries[0]);
	if (!spill.keeps)
		put(&spill, &entries[2], 3, 45000);
	take(&spill, &entries[1]);
	if (!spill.keeps)
		take(&spill, &entries[2]);
	is_empty(&spill);
	put(&spill, &entries[0], 4, 98304);
	spill_finish(&spill);
}

Test(spill, has_no_limit_that_overflows)
{
	struct spill spill = open_spill(UINT64_MAX);
	struct entry entry;
	uint64_t offset;

	spill.end = INT64_MAX - 4095;
	cr_assert_eq(spill_put(&spill, "x", 1, &offset), -1);
	cr_assert_eq(errno, EFBIG);
	spill.end = 0;
	put(&spill, &entry, 1, 5000);
	take(&spill, &entry);
	spill_finish(&spill);
}

/* ulimit -f would be a deadly signal. */
Test(spill, keeps_within_the_hosts_limits)
{
	struct spill spill = open_spill(64 * MIB);
	struct rlimit before, small;
	struct entry entry, other;

	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	put(&spill, &entry, 1, 100000);
	small = (struct rlimit){ 150000, before.rlim_max };
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	is_full(&spill, 100000, EFBIG);
	put(&spill, &other, 2, 20000);
	take(&spill, &entry);
	take(&spill, &other);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	is_empty(&spill);
	spill_finish(&spill);
}

Test(spill, that_was_cut_says_so)
{
	struct spill spill = open_spill(64 * MIB);
	struct entry entries[3];

	for (unsigned i = 0; i < 3; i++)
		put(&spill, &entries[i], i, 10000);
	cr_assert_eq(ftruncate(spill.fd, 15000), 0);
	take(&spill, &entries[0]);
	for (unsigned i = 1; i < 3; i++) {
		cr_assert_eq(spill_take(&spill, entries[i].offset, bytes, entries[i].size), -1);
		cr_assert_eq(errno, EIO);
	}
	is_empty(&spill);
	spill_finish(&spill);
}

/* The child gives 77 where it may not mount. */
static int
fill_a_disk(const char *directory)
{
	struct error error = { 0, "" };
	struct spill spill;
	uint64_t offset[32];
	int n = 0;

	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount("none", directory, "tmpfs", 0, "size=1m") != 0)
		return 77;
	if (spill_open(&spill, directory, 64 * MIB, &error) != 0)
		return 1;
	for (fill(0, sizeof bytes); n < 32 && spill_put(&spill, bytes, 100000, &offset[n]) == 0; n++)
		;
	if (n < 8 || n > 10 || errno != ENOSPC || spill_put(&spill, bytes, 100000, &offset[n]) == 0)
		return 2;
	/* What was written of the one that found no room is given back. */
	if (spill_put(&spill, bytes, 4096, &offset[n]) != 0 || spill_take(&spill, offset[n], bytes, 4096) != 0)
		return 3;
	for (int i = 0; i < n; i++)
		if (spill_take(&spill, offset[i], bytes, 100000) != 0 || !is_filled(0, bytes, 100000))
			return 4;
	return spill.used != 0 || spill_put(&spill, bytes, 900000, &offset[0]) != 0 ? 5 : 0;
}

Test(spill, finds_the_disk_full)
{
	char directory[] = "/tmp/ord-spill-XXXXXX";
	pid_t pid;
	int status;

	cr_assert_not_null(mkdtemp(directory));
	pid = fork();
	if (pid == 0)
		_exit(fill_a_disk(directory));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	rmdir(directory);
	cr_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		cr_skip_test("mounting is not allowed here");
	cr_assert_eq(WEXITSTATUS(status), 0, "%d", WEXITSTATUS(status));
}

static void
refuses(const char *directory)
{
	struct error error = { 0, "" };
	struct spill spill;

	cr_assert_eq(spill_open(&spill, directory, MIB, &error), ORD_ESYSTEM);
	cr_assert_not_null(strstr(error.text, directory));
	cr_assert_not_null(strstr(error.text, ".spill_directory"));
	cr_assert_eq(spill.fd, -1);
}

Test(spill, needs_a_directory)
{
	char longer[5000];

	refuses("/nowhere/at/all");
	refuses("/etc/passwd");
	refuses("/proc");
	refuses("");
	memset(longer, 'x', sizeof longer - 1);
	longer[0] = '/';
	longer[900] = '\0';
	refuses(longer);
}

Test(spill, finds_a_directory)
{
	unsetenv("TMPDIR");
	cr_assert_str_eq(spill_directory(NULL), "/var/tmp");
	cr_assert_str_eq(spill_directory("here"), "here");
	setenv("TMPDIR", "/tmp/x", 1);
	cr_assert_str_eq(spill_directory(NULL), "/tmp/x");
	cr_assert_str_eq(spill_directory("/there"), "/there");
	setenv("TMPDIR", "x", 1);
	cr_assert_str_eq(spill_directory(NULL), "/var/tmp");
	setenv("TMPDIR", "", 1);
	cr_assert_str_eq(spill_directory(NULL), "/var/tmp");
}
