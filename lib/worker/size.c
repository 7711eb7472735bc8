/* Read from /proc, because getrusage tells only the peak, which is inherited from before an exec. */
#include "worker/size.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"

uint64_t
size_resident_kib(bool own)
{
	char text[128], *second, *third;
	uint64_t pages;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t size = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;

	fd_close(&fd);
	if (size <= 0)
		return 0;
	text[size] = '\0';
	strtoull(text, &second, 10);
	pages = strtoull(second, &third, 10);
	if (own)
		pages -= strtoull(third, NULL, 10);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}
