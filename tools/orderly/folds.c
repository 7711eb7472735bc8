/* The marks are those that the services document for what jobs write. */
#include "folds.h"

#include "terminal.h"

enum folds
folds_of_environment(void)
{
	if (terminal_setting("GITHUB_ACTIONS") != NULL)
		return FOLDS_GITHUB;
	return terminal_setting("GITLAB_CI") != NULL ? FOLDS_GITLAB : FOLDS_NONE;
}

static void
add_section(struct text *out, const char *mark, uint64_t number, uint64_t time)
{
	text_add_string(out, "\033[0K");
	text_add_string(out, mark);
	text_add_number(out, time);
	text_add_string(out, ":orderly_");
	text_add_number(out, number);
}

void
folds_begin(struct text *out, enum folds folds, uint64_t number, uint64_t time, const char *title)
{
	if (folds == FOLDS_NONE)
		return;
	if (folds == FOLDS_GITHUB) {
		text_add_string(out, "::group::");
	} else {
		add_section(out, "section_start:", number, time);
		text_add_string(out, "[collapsed=true]\r\033[0K");
	}
	text_add_string(out, title);
	text_add_byte(out, '\n');
}

void
folds_end(struct text *out, enum folds folds, uint64_t number, uint64_t time)
{
	if (folds == FOLDS_NONE)
		return;
	if (folds == FOLDS_GITHUB) {
		text_add_string(out, "::endgroup::\n");
	} else {
		add_section(out, "section_end:", number, time);
		text_add_string(out, "\r\033[0K\n");
	}
}
