/* Files for tests of graphs: ground.h. */
#define _GNU_SOURCE /* nftw, asprintf */
#include "ground.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char root[200];

static int
remove_one(const char *path, const struct stat *stat, int flag, struct FTW *where)
{
	(void)stat, (void)flag, (void)where;
	return remove(path);
}

void
ground_enter(void)
{
	const char *directory = getenv("TMPDIR");

	snprintf(root, sizeof root, "%s/orderly-ground-XXXXXX", directory != NULL ? directory : "/tmp");
	CHECK(mkdtemp(root) != NULL);
	CHECK_EQ(chdir(root), 0);
}

void
ground_leave(void)
{
	CHECK_EQ(chdir("/"), 0);
	CHECK_EQ(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void
ground_write(const char *path, const char *text)
{
	char directory[300];
	FILE *file;

	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		snprintf(directory, sizeof directory, "%.*s", (int)(slash - path), path);
		(void)mkdir(directory, 0777);
	}
	file = fopen(path, "w");
	CHECK(file != NULL);
	CHECK(fputs(text, file) >= 0);
	CHECK_EQ(fclose(file), 0);
}

const char *
ground_read(const char *path)
{
	static char text[65536];
	FILE *file = fopen(path, "r");
	size_t size = 0;

	if (file != NULL) {
		size = fread(text, 1, sizeof text - 1, file);
		fclose(file);
	}
	text[size] = '\0';
	return text;
}

int
ground_lines(const char *path)
{
	int lines = 0;

	for (const char *at = ground_read(path); *at != '\0'; at++)
		lines += *at == '\n';
	return lines;
}

void
ground_age(const char *path, int seconds)
{
	struct timespec times[2];

	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= seconds;
	times[0].tv_nsec = 123456789;
	times[1] = times[0];
	CHECK_EQ(utimensat(AT_FDCWD, path, times, 0), 0);
}

static char *picture;

static int
draw(const char *path, const struct stat *stat, int flag, struct FTW *where)
{
	char *more;

	(void)where;
	CHECK(asprintf(&more, "%s%s %d %lld %lld.%09ld %llu\n", picture, path, flag, (long long)stat->st_size,
		      flag == FTW_F ? (long long)stat->st_mtim.tv_sec : 0LL, flag == FTW_F ? stat->st_mtim.tv_nsec : 0L,
		      (unsigned long long)stat->st_ino) >= 0);
	free(picture);
	picture = more;
	return 0;
}

char *
ground_picture(void)
{
	picture = calloc(1, 1);
	CHECK_EQ(nftw(".", draw, 16, FTW_PHYS), 0);
	return picture;
}
