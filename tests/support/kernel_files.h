/* Files as the kernel shows them, made up in a directory of the test, for what takes a root where to look. */
#ifndef SUPPORT_KERNEL_FILES_H
#define SUPPORT_KERNEL_FILES_H

#define KERNEL_FILES_ROOT_MAX 64

/* Make the directory, empty; its name is put into root. Ends the process if it cannot be made. */
void kernel_files_make(char root[KERNEL_FILES_ROOT_MAX]);

/* Put text into root/name, which begins with a slash; folders on the way are made. Ends the process if it cannot. */
void kernel_files_put(const char *root, const char *name, const char *text);

/* Remove it with all that is in it. */
void kernel_files_sweep(const char *root);

#endif
