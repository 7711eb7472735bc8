/* Where a graph's file is: `orderly run` and `orderly graph` look for it in the same way. */
#ifndef TOOL_GRAPH_FILE_H
#define TOOL_GRAPH_FILE_H

/* Where successes are remembered if nobody says where, and what procs said; as seen from the file. */
#define GRAPH_DATABASE ".orderly/graph.db"
#define GRAPH_LOGS ".orderly/log"

/*
 * Find a graph's file and change into its directory, so that all paths in it
 * are as seen from there; $PWD follows.
 *
 * directory  of -C: where to begin; NULL: here
 * file       of -f, as seen from there; NULL: orderly.yaml, .yml or .json, there or in the
 *            nearest directory above that has one
 *
 * Returns its name as seen from its directory, a part of file or constant;
 * NULL: it has been said why not.
 */
const char *graph_file_enter(const char *directory, const char *file);

#endif
