/* What the command says to people, on stderr. */
#ifndef TOOL_COMPLAIN_H
#define TOOL_COMPLAIN_H

#include <orderly/export.h>

/* Exit status for wrong arguments and for failures of the command itself, as GNU parallel has it. */
#define STATUS_TROUBLE 255

/* What begins each line, and the exit status if there is no memory; "orderly map" and STATUS_TROUBLE until then. */
void complain_as(const char *title, int trouble);

/* What begins each line, without its colon. */
const char *complain_title(void);

/* Print one line that begins with the command's name. */
void complain(const char *format, ...) ORD_PRINTF(1, 2);

/* As complain, with ": " and the text of an errno behind it. */
void complain_errno(int error, const char *format, ...) ORD_PRINTF(2, 3);

/* Print a text of several lines as it is. */
void complain_lines(const char *text);

/* Say that there is no memory, and exit. */
_Noreturn void complain_memory(void);

#endif
