/* What lies in a list that is a directory. */
#include "folders.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *
in(const struct list_at *at, const char *name)
{
	static char paths[4][700];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", at->address + strlen("dir:"), name);
	return path;
}

int
is_there(const struct list_at *at, const char *name)
{
	return access(in(at, name), F_OK) == 0;
}

void
put(const struct list_at *at, const char *name, const char *text)
{
	int fd = open(in(at, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

int
count(const struct list_at *at, const char *folder, const char *end, char last[256])
{
	DIR *stream = opendir(in(at, folder));
	const struct dirent *entry;
	int n = 0;

	CHECK(stream != NULL);
	while ((entry = readdir(stream)) != NULL)
		if (strlen(entry->d_name) >= strlen(end) && entry->d_name[0] != '.' &&
			strcmp(entry->d_name + strlen(entry->d_name) - strlen(end), end) == 0) {
			n++;
			if (last != NULL)
				snprintf(last, 256, "%s", entry->d_name);
		}
	closedir(stream);
	return n;
}
