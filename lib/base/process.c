/* The stat file of a process: its name may hold anything but the last ')' of the line. */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

char
process_state(int32_t pid)
{
	char path[64], text[512];
	const char *behind;
	ssize_t size;
	int fd;

	if (pid <= 0)
		return '-';
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? '-' : '?';
	size = read(fd, text, sizeof text - 1);
	fd_close(&fd);
	if (size <= 0)
		return '-';
	text[size] = '\0';
	behind = strrchr(text, ')');
	return behind != NULL && behind[1] == ' ' && behind[2] != '\0' ? behind[2] : '?';
}
