/* Progress for people (bar, plain) and programs (json), on stderr. */
#ifndef TOOL_DISPLAY_H
#define TOOL_DISPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "estimate.h"
#include "printer.h"
#include "values.h"

/* How far the run is. */
struct display_numbers {
	uint64_t done, running, failed;
	uint64_t total; /* if total_known: without it inputs are still being read */
	bool total_known;
};

struct display {
	enum progress_style style; /* NONE: nothing is shown */
	struct printer *printer;
	struct estimate estimate;
	uint32_t jobs;
	bool color;
	uint64_t begun_ns, drawn_ns; /* when the run began, when something was shown last */
	bool moved;                  /* something may have changed since */
};

/* Settle on a style: auto is a bar on a terminal, else nothing. */
void display_init(
	struct display *display, enum progress_style style, struct printer *printer, uint32_t jobs);

/* How long the loop may wait, in milliseconds; -1 for ever. */
int display_timeout(const struct display *display);

/* Whether it is time to show something. */
bool display_is_due(const struct display *display);

/* Something moved, but it is too early to show it. */
void display_note(struct display *display);

void display_show(struct display *display, const struct display_numbers *numbers);

/* The last word. */
void display_finish(struct display *display, const struct display_numbers *numbers);

/* A duration as 1:02:03 or 2:03. */
void display_time(char *out, size_t size, uint64_t ns);

/* Append the line of a style; columns is the width of the terminal. */
void display_format(const struct display *display, const struct display_numbers *numbers,
	uint64_t now_ns, unsigned columns, struct text *line);

#endif
