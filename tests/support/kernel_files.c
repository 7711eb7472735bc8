#define _XOPEN_SOURCE 700 /* mkdtemp, nftw */
#include "kernel_files.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

_Noreturn static void
cannot(const char *what, const char *path)
{
	fprintf(stderr, "cannot %s %s: %s\n", what, path, strerror(errno));
	abort();
}

void
kernel_files_make(char root[KERNEL_FILES_ROOT_MAX])
{
	strcpy(root, "/tmp/ord-kernel-files-XXXXXX");
	if (mkdtemp(root) == NULL)
		cannot("make", root);
}

void
kernel_files_put(const char *root, const char *name, const char *text)
{
	char path[8192];
	FILE *file;

	snprintf(path, sizeof path, "%s%s", root, name);
	for (char *slash = path + strlen(root); (slash = strchr(slash + 1, '/')) != NULL; *slash = '/') {
		*slash = '\0';
		mkdir(path, 0777);
	}
	file = fopen(path, "w");
	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		cannot("write", path);
}

static int
remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status, (void)kind, (void)where;
	return remove(path);
}

void
kernel_files_sweep(const char *root)
{
	if (nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		cannot("remove", root);
}
