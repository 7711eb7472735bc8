/* Names from the command line: the default, what is not there and what was meant, the list. */
#include <string.h>
#include <unistd.h>

#include <orderly/definition.h>

#include "complain.h"
#include "run.h"
#include "run_state.h"

#define DEFAULT_NAME "default"
#define NEAREST_MOST 5

static void
add_listed(struct run *run, struct text *out)
{
	const struct ord_definition *definition = NULL;

	while ((definition = ord_graph_next_definition(run->graph, definition)) != NULL) {
		text_add_string(out, ord_definition_name(definition));
		text_add_byte(out, '\n');
	}
}

void
names_list(struct run *run)
{
	struct text out = { 0 };

	add_listed(run, &out);
	printer_put(&run->printer, STDOUT_FILENO, out.bytes, out.size);
	text_finish(&out);
}

/* Whether one may have been meant by the other: a letter is wrong, or it is a part of it. */
static bool
is_near(const char *name, const char *other)
{
	return text_is_close(name, other) || (strlen(name) > 1 && strstr(other, name) != NULL);
}

static void
complain_unknown(struct run *run, const char *name)
{
	const struct ord_definition *definition = NULL;
	struct text near = { 0 };
	int found = 0;

	while (found < NEAREST_MOST &&
		(definition = ord_graph_next_definition(run->graph, definition)) != NULL) {
		if (!is_near(name, ord_definition_name(definition)))
			continue;
		text_add_string(&near, found++ > 0 ? ", " : "");
		text_add_string(&near, ord_definition_name(definition));
	}
	text_add_byte(&near, '\0');
	if (found > 0)
		complain("%s; near to it: %s", ord_graph_error(run->graph), near.bytes);
	else
		complain("%s; --list shows the names", ord_graph_error(run->graph));
	text_finish(&near);
}

static int
start(struct run *run, const char *name)
{
	int status = ord_graph_create(run->graph, name);

	if (status == ORD_EINVAL) {
		complain_unknown(run, name);
		return RUN_USAGE;
	}
	if (status == 0)
		status = ord_graph_start(run->graph, name);
	if (status == 0)
		return 0;
	complain("%s", ord_graph_error(run->graph));
	/* Memory, a database that another runner has, a disk: not what the file says. */
	return status == ORD_EINVAL || status == ORD_EFAILED ? RUN_FILE : RUN_TROUBLE;
}

int
names_start(struct run *run)
{
	const struct run_options *options = run->options;
	struct text list = { 0 };
	int status = 0;
	size_t i;

	if (options->n_names == 0 && ord_graph_proc(run->graph, DEFAULT_NAME) != NULL)
		return start(run, DEFAULT_NAME);
	if (options->n_names == 0) {
		complain("say which procs to run: there is none of the name " DEFAULT_NAME
			 ". There are:");
		add_listed(run, &list);
		text_add_byte(&list, '\0');
		complain_lines(list.bytes);
		text_finish(&list);
		return RUN_USAGE;
	}
	for (i = 0; i < options->n_names && status == 0; i++)
		status = start(run, options->names[i]);
	return status;
}
