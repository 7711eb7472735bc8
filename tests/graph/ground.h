/* A tree of files for tests of graphs: an empty directory of the test's own, in which it stands. */
#ifndef GRAPH_GROUND_H
#define GRAPH_GROUND_H

#include "graphs.h"

/* A fresh directory under $TMPDIR becomes the current one; ground_leave removes it with all in it. */
void ground_enter(void);
void ground_leave(void);

/* A file with this text, with the directories that lead to it. */
void ground_write(const char *path, const char *text);

/* The text of a file; "" if it is not there.  Yours until the next call. */
const char *ground_read(const char *path);

/* How many lines a file has; 0 if it is not there. */
int ground_lines(const char *path);

/* The modification time of a file is so many seconds before now. */
void ground_age(const char *path, int seconds);

/* All of the tree as text: paths, sizes, times, contents.  Yours to free. */
char *ground_picture(void);

#endif
