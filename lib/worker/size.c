/* Read from /proc, because getrusage tells only the peak, which is inherited from before an exec. */
#include "worker/size.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"

/* Pages that are mapped, resident, and of these shared; 0 if the system does not say. */
static void
read_pages(uint64_t pages[3])
{
	char text[128], *at = text;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t size = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;

	fd_close(&fd);
	text[size > 0 ? size : 0] = '\0';
	for (int i = 0; i < 3; i++)
		pages[i] = strtoull(at, &at, 10);
}

static uint64_t
kib(uint64_t pages)
{
	return pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

uint64_t
size_resident_kib(bool own)
{
	uint64_t pages[3];

	read_pages(pages);
	return kib(own ? pages[1] - pages[2] : pages[1]);
}

uint64_t
size_mapped_kib(void)
{
	uint64_t pages[3];

	read_pages(pages);
	return kib(pages[0]);
}
