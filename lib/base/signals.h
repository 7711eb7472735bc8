/* Signals as people know them. */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#define SIGNAL_TEXT_MAX 24

/* "SIGSEGV"; "signal 40" for one that has no name.  Returns text. */
const char *signal_text(int number, char text[SIGNAL_TEXT_MAX]);

#endif
