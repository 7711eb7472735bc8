/*
 * The ladder: once, nothing more is begun and what runs gets SIGINT; twice, it
 * is ended by its stop signal; three times it is killed.  SIGTERM and SIGHUP
 * begin with the second rung: who sends them waits for nobody.  The handler has
 * interrupted the graph by then, so that nothing starts in between.
 */
#include <signal.h>

#include "complain.h"
#include "run_state.h"
#include "signals.h"
#include "terminal.h"

/* --- what a handler or signals_stop_if_wanted calls --- */

static void
interrupt(void *what)
{
	struct run *run = what;

	ord_graph_interrupt(run->graph);
}

static void
suspend(void *what)
{
	struct run *run = what;

	run->halted_ns = terminal_now_ns();
	if (ord_graph_suspend(run->graph) != 0)
		complain("%s", ord_graph_error(run->graph));
}

/* As if the time had not passed. */
static void
resume(void *what)
{
	struct run *run = what;
	uint64_t passed = terminal_now_ns() - run->halted_ns;
	struct item *item;

	for (item = run->items.oldest; item != NULL; item = item->behind)
		item->begun_ns += passed;
	run->told_ns += run->told_ns != 0 ? passed : 0;
	if (ord_graph_resume(run->graph) != 0)
		complain("%s", ord_graph_error(run->graph));
}

void
run_signals_target(struct run *run, struct signals_target *target)
{
	*target = (struct signals_target){
		.interrupt = interrupt, .suspend = suspend, .resume = resume, .what = run, .ladder = true
	};
}

/* --- the loop's part --- */

bool
run_signals_explain(int cause)
{
	return signals_rung() > 0 && (cause == ORD_CAUSE_SIGNAL || cause == ORD_CAUSE_EXIT_CODE);
}

/* Who has the terminal has what was typed there; a signal that was sent is passed on. */
static void
send_interrupt(struct run *run)
{
	const struct item *item;

	(void)ord_graph_signal(run->graph, NULL, SIGINT);
	for (item = run->items.oldest; item != NULL && !signals_typed(); item = item->behind)
		if (ord_proc_has_terminal(item->proc))
			(void)ord_graph_signal(run->graph, item->proc, SIGINT);
}

static void
say(struct run *run, int before)
{
	struct text line = { 0 };

	if (run->items.n_running == 0)
		return;
	if (before == 0) {
		text_add_string(&line, "interrupted: nothing more is begun, waiting for ");
		text_add_number(&line, run->items.n_running);
		text_add_string(&line, run->rung == SIGNALS_INTERRUPT ? "; once more ends them"
								      : "; once more kills them");
	} else if (run->rung < SIGNALS_KILL) {
		text_add_string(&line, "interrupted again: what runs is ended; once more kills it");
	} else {
		text_add_string(&line, "interrupted again: what runs is killed");
	}
	show_line(run, NULL, &line);
	text_finish(&line);
}

static void
climb(struct run *run, int rung)
{
	int before = run->rung;

	run->rung = rung < SIGNALS_KILL ? rung : SIGNALS_KILL;
	if (run->rung == before)
		return;
	if (run->rung == SIGNALS_INTERRUPT)
		send_interrupt(run);
	else if (before < SIGNALS_TERMINATE)
		(void)ord_graph_cancel(run->graph, NULL);
	say(run, before);
}

void
run_signals_heed(struct run *run)
{
	if (signals_stop_is_wanted()) { /* the terminal as we found it */
		run_input_hide(run);
		screen_wipe(run);
		printer_flush(&run->printer);
	}
	signals_stop_if_wanted();
	climb(run, signals_climbed());
	if (run->rung > 0)
		run_input_end(run);
}
