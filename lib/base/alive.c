/* Which process this is, told by the kernel at each fork. */
#define _GNU_SOURCE /* MADV_WIPEONFORK */
#include "base/alive.h"

#include <stddef.h>
#include <sys/mman.h>

char *
alive_new(void)
{
	char *page = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	if (madvise(page, 1, MADV_WIPEONFORK) != 0) {
		alive_destroy(page);
		return NULL;
	}
	*page = 1;
	return page;
}

void
alive_destroy(char *alive)
{
	if (alive != NULL)
		munmap(alive, 1);
}
