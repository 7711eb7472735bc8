/*
 * The terminal stays as it is but for passwords, so that there is little to
 * put back: whole lines are read, and editing is the terminal's.  While a
 * question stands there nothing else is drawn.
 */
#include "run_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "columns.h"
#include "run_state.h"
#include "signals.h"

#define ANSWER_MOST 4096 /* a terminal's line is no longer */

static bool
open_terminal(struct run_input *input)
{
	if (input->fd == 0)
		input->fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	return input->fd > 0;
}

/* Who asks from the background is stopped by that, and what runs would not be. */
static bool
is_foreground(const struct run_input *input)
{
	return tcgetpgrp(input->fd) == getpgrp();
}

static void
remove_first(struct run_input *input)
{
	struct question *question = input->first;

	input->first = question->next;
	input->shown = false;
	free(question->text);
	free(question);
}

static void
set_echo(struct run_input *input, bool on)
{
	struct termios silent;

	if (on && input->silent)
		tcsetattr(input->fd, TCSAFLUSH, &input->before);
	input->silent = !on && tcgetattr(input->fd, &input->before) == 0;
	if (!input->silent)
		return;
	silent = input->before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
	tcsetattr(input->fd, TCSAFLUSH, &silent);
}

static void
write_terminal(const struct run_input *input, const char *text)
{
	size_t size = strlen(text);

	while (size > 0) {
		ssize_t n = write(input->fd, text, size);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			text += n;
			size -= (size_t)n;
		}
	}
}

/* What was to be told meanwhile. */
static void
over(struct run *run)
{
	run->moved = true;
	show_held(run);
}

static void
withdraw(struct run *run, uint64_t number)
{
	struct run_input *input = &run->input;
	struct question **at = &input->first, *question;

	while (*at != NULL && (*at)->number != number)
		at = &(*at)->next;
	question = *at;
	if (question == NULL)
		return;
	if (question == input->first) {
		run_input_hide(run);
		remove_first(input);
		return;
	}
	*at = question->next;
	free(question->text);
	free(question);
}

void
run_input_asked(
	const struct ord_proc *proc, uint64_t number, const char *prompt, int password, void *user)
{
	struct run *run = user;
	struct question **at = &run->input.first, *question;
	struct text text = { 0 };

	if (prompt == NULL) {
		withdraw(run, number);
		return;
	}
	if (signals_count() > 0 || !open_terminal(&run->input)) {
		(void)ord_graph_answer(run->graph, number, NULL);
		return;
	}
	text_add_string(&text, ord_proc_name(proc));
	text_add_string(&text, " asks: ");
	columns_cut(&text, prompt, strlen(prompt), SIZE_MAX / 2);
	text_add(&text, " ", 2);
	question = text_allocate(1, sizeof *question);
	*question = (struct question){
		.number = number, .text = text.bytes, .password = password != 0
	};
	while (*at != NULL)
		at = &(*at)->next;
	*at = question;
}

int
run_input_fd(const struct run *run)
{
	return run->input.shown ? run->input.fd : -1;
}

bool
run_input_show(struct run *run)
{
	struct run_input *input = &run->input;

	if (input->first == NULL)
		return false;
	if (input->shown)
		return true;
	if (!is_foreground(input))
		return false;
	screen_wipe(run);
	printer_flush(&run->printer);
	set_echo(input, !input->first->password);
	write_terminal(input, input->first->text);
	input->shown = true;
	return true;
}

void
run_input_hide(struct run *run)
{
	struct run_input *input = &run->input;

	if (!input->shown)
		return;
	set_echo(input, true);
	write_terminal(input, "\n");
	input->shown = false;
	over(run);
}

void
run_input_read(struct run *run)
{
	struct run_input *input = &run->input;
	char line[ANSWER_MOST + 1];
	ssize_t n = read(input->fd, line, ANSWER_MOST);
	uint64_t number = input->first->number;
	bool answered = n > 0; /* the end of input, Ctrl-D, is no answer; an empty line is one */

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (answered && line[n - 1] == '\n')
		n--;
	line[answered ? n : 0] = '\0';
	if (input->silent || !answered)
		write_terminal(input, "\n");
	set_echo(input, true);
	remove_first(input);
	(void)ord_graph_answer(run->graph, number, answered ? line : NULL);
	memset(line, 0, sizeof line);
	over(run);
}

void
run_input_end(struct run *run)
{
	struct run_input *input = &run->input;

	run_input_hide(run);
	while (input->first != NULL) {
		uint64_t number = input->first->number;

		remove_first(input);
		(void)ord_graph_answer(run->graph, number, NULL);
	}
}
