/*
 * A proc of the file as the options of ord_graph_add: texts stay where the file
 * has them, lists and what is put together lie in the load's scratch memory,
 * as the definition copies everything.
 */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "graph/load.h"

#define INT_ROOM 24 /* bytes of any number */

static int
no_memory(struct load *load)
{
	return error_memory(&load->loaded->file.error);
}

/* An array for n pointers and the NULL behind them. */
static void *
list_of(struct load *load, uint32_t n)
{
	return blocks_take_many(&load->scratch, (size_t)n + 1, sizeof(void *));
}

/* "name=value", and with a type "name:type=value"; NULL without memory. */
static char *
joined(struct load *load, const char *name, const char *type, const char *value)
{
	size_t size = strlen(name) + (type != NULL ? strlen(type) + 1 : 0) +
		(value != NULL ? strlen(value) + 1 : 0) + 1;
	char *text = blocks_take(&load->scratch, size);

	if (text != NULL)
		snprintf(text, size, "%s%s%s%s%s", name, type != NULL ? ":" : "",
			type != NULL ? type : "", value != NULL ? "=" : "",
			value != NULL ? value : "");
	return text;
}

/* "name:type=value" says what the parts are by these. */
static int
check_arg(struct load *load, const struct file_text *name)
{
	if (strpbrk(name->text, ":=") == NULL)
		return ORD_OK;
	return file_error(
		&load->loaded->file, name->place, "the name of an arg has no `:` and no `=` in it");
}

static int
take_texts(struct load *load, const struct file_texts *from, const char *const **to)
{
	const char **list;

	if (from->place.file == 0)
		return ORD_OK;
	list = list_of(load, from->n);
	if (list == NULL)
		return no_memory(load);
	for (uint32_t i = 0; i < from->n; i++)
		list[i] = from->items[i].text;
	*to = list;
	return ORD_OK;
}

/* --- deps --- */

static int
take_special_dep(struct load *load, const struct file_proc *proc, const struct file_dep *from,
	struct ord_dep *to)
{
	*to = ORD_DEP(.soft = from->soft.value != 0);
	if (from->dep.text != NULL) {
		to->name = from->dep.text;
		return ORD_OK;
	}
	if (from->special.place.file != 0) {
		if (to->soft)
			return file_error(&load->loaded->file, from->soft.place,
				"`soft` says nothing with `special`\ntake it out");
		to->special = from->special.value == FILE_ALL_DONE ? ORD_DEP_ALL_DONE
								   : ORD_DEP_NO_FAILURES;
		return ORD_OK;
	}
	to->names = names_ask;
	to->names_user = names_new(load, proc, &from->command, "deps");
	return to->names_user != NULL ? ORD_OK : no_memory(load);
}

static int
take_deps(struct load *load, const struct file_proc *proc, struct ord_proc_options *options)
{
	uint32_t n = proc->deps.n, n_plain = 0, n_special = 0;
	const char **plain = list_of(load, n);
	const struct ord_dep **special = list_of(load, n);
	struct ord_dep *deps = blocks_take_many(&load->scratch, n, sizeof *deps);
	int status = ORD_OK;

	if (plain == NULL || special == NULL || deps == NULL)
		return no_memory(load);
	for (uint32_t i = 0; status == ORD_OK && i < n; i++) {
		const struct file_dep *from = FILE_ITEM(struct file_dep, proc->deps, i);

		if (from->dep.text != NULL && from->soft.value == 0) {
			plain[n_plain++] = from->dep.text;
			continue;
		}
		status = take_special_dep(load, proc, from, &deps[n_special]);
		special[n_special] = &deps[n_special];
		n_special++;
	}
	options->deps = plain;
	options->special_deps = special;
	return status;
}

static int
take_rdeps(struct load *load, const struct file_proc *proc, struct ord_proc_options *options)
{
	uint32_t n = proc->rdeps.n, counts[3] = { 0 };
	const char **lists[3];

	for (int i = 0; i < 3; i++) {
		lists[i] = list_of(load, n);
		if (lists[i] == NULL)
			return no_memory(load);
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct file_rdep *from = FILE_ITEM(struct file_rdep, proc->rdeps, i);

		if (from->target.text != NULL)
			lists[0][counts[0]++] = from->target.text;
		else if (from->when_scheduled.text != NULL)
			lists[1][counts[1]++] = from->when_scheduled.text;
		else
			lists[2][counts[2]++] = from->when_target_scheduled.text;
	}
	options->rdeps = lists[0];
	options->rdeps_when_scheduled = lists[1];
	options->rdeps_when_target_scheduled = lists[2];
	return ORD_OK;
}

/* --- args, choices, locks, env --- */

static int
take_args(struct load *load, const struct file_proc *proc, struct ord_proc_options *options)
{
	static const char *const types[] = { "text", "int", "float", "bool" };
	const char **list = list_of(load, proc->args.n);

	if (list == NULL)
		return no_memory(load);
	for (uint32_t i = 0; i < proc->args.n; i++) {
		const struct file_arg *from = FILE_ITEM(struct file_arg, proc->args, i);

		if (check_arg(load, &from->name) != ORD_OK)
			return ORD_EINVAL;
		list[i] = joined(
			load, from->name.text, types[from->type.value & 3], from->value.text);
		if (list[i] == NULL)
			return no_memory(load);
	}
	options->args = list;
	return ORD_OK;
}

static int
take_choices(struct load *load, const struct file_proc *proc, struct ord_proc_options *options)
{
	uint32_t n = proc->choices.n;
	const struct ord_choice **list = list_of(load, n);
	struct ord_choice *choices = blocks_take_many(&load->scratch, n, sizeof *choices);

	if (list == NULL || choices == NULL)
		return no_memory(load);
	for (uint32_t i = 0; i < n; i++) {
		const struct file_choice *from = FILE_ITEM(struct file_choice, proc->choices, i);

		choices[i] = ORD_CHOICE(.arg = from->name.text);
		list[i] = &choices[i];
		if (from->values.place.file != 0) {
			if (take_texts(load, &from->values, &choices[i].values) != ORD_OK)
				return ORD_ENOMEM;
			continue;
		}
		choices[i].list = names_ask;
		choices[i].list_user = names_new(load, proc, &from->command, "choices");
		if (choices[i].list_user == NULL)
			return no_memory(load);
	}
	options->choices = list;
	return ORD_OK;
}

static int
take_locks(struct load *load, const struct file_proc *proc, struct ord_proc_options *options)
{
	const char **list = list_of(load, proc->locks.n);

	if (list == NULL)
		return no_memory(load);
	for (uint32_t i = 0; i < proc->locks.n; i++) {
		const struct file_lock *from = FILE_ITEM(struct file_lock, proc->locks, i);
		char units[INT_ROOM];

		snprintf(units, sizeof units, "%lld", (long long)from->units.value);
		list[i] = joined(
			load, from->name.text, NULL, from->units.place.file != 0 ? units : NULL);
		if (list[i] == NULL)
			return no_memory(load);
	}
	options->locks = list;
	return ORD_OK;
}

static int
take_env(struct load *load, const struct file_proc *proc, struct ord_proc_options *options)
{
	const char **list = list_of(load, proc->env.n);

	if (list == NULL)
		return no_memory(load);
	for (uint32_t i = 0; i < proc->env.n; i++) {
		const struct file_pair *from = &proc->env.items[i];

		list[i] = joined(load, from->name.text, NULL, from->value.text);
		if (list[i] == NULL)
			return no_memory(load);
	}
	options->env = list;
	return ORD_OK;
}

/* --- files --- */

static int
take_inputs(struct load *load, const struct file_proc *proc, struct ord_proc_options *options)
{
	uint32_t n = proc->inputs.n, n_plain = 0, n_special = 0;
	const char **plain = list_of(load, n);
	const struct ord_input **special = list_of(load, n);
	struct ord_input *inputs = blocks_take_many(&load->scratch, n, sizeof *inputs);

	if (plain == NULL || special == NULL || inputs == NULL)
		return no_memory(load);
	for (uint32_t i = 0; i < n; i++) {
		const struct file_input *from = FILE_ITEM(struct file_input, proc->inputs, i);
		struct ord_input *to = &inputs[n_special];

		if (from->path.text != NULL) {
			plain[n_plain++] = from->path.text;
			continue;
		}
		*to = ORD_INPUT(.regex = from->regex.text);
		if (from->regex.text == NULL) {
			to->names = names_ask;
			to->names_user = names_new(load, proc, &from->command, "inputs");
			if (to->names_user == NULL)
				return no_memory(load);
		}
		special[n_special++] = to;
	}
	options->inputs = plain;
	options->special_inputs = special;
	return take_texts(load, &proc->inputs_ignore, &options->inputs_ignore);
}

static int
take_outputs(struct load *load, const struct file_proc *proc, struct ord_proc_options *options)
{
	uint32_t n = proc->outputs.n, n_plain = 0, n_special = 0;
	const char **plain = list_of(load, n);
	const struct ord_output_file **special = list_of(load, n);
	struct ord_output_file *outputs = blocks_take_many(&load->scratch, n, sizeof *outputs);

	if (plain == NULL || special == NULL || outputs == NULL)
		return no_memory(load);
	for (uint32_t i = 0; i < n; i++) {
		const struct file_output *from = FILE_ITEM(struct file_output, proc->outputs, i);
		struct ord_output_file *to = &outputs[n_special];

		if (from->path.text != NULL && from->max_age.place.file == 0 &&
			from->enforce_freshness.value == 0) {
			plain[n_plain++] = from->path.text;
			continue;
		}
		*to = ORD_OUTPUT_FILE(.path = from->path.text,
			.max_age_ms = (uint64_t)from->max_age.value,
			.enforce_freshness = from->enforce_freshness.value != 0);
		if (to->max_age_ms == 0 && from->max_age.place.file != 0)
			to->max_age_ms = 1; /* 0 would be for ever */
		if (from->path.text == NULL) {
			to->names = names_ask;
			to->names_user = names_new(load, proc, &from->command, "outputs");
			if (to->names_user == NULL)
				return no_memory(load);
		}
		special[n_special++] = to;
	}
	options->outputs = plain;
	options->special_outputs = special;
	return ORD_OK;
}

static int
take_tracking(struct load *load, const struct file_proc *proc, struct ord_proc_options *options)
{
	int status = take_inputs(load, proc, options);

	if (status == ORD_OK)
		status = take_outputs(load, proc, options);
	options->depfile = proc->depfile.text;
	options->no_skip = proc->no_skip.value != 0;
	options->outputs_exist = proc->outputs_check.value == FILE_EXIST;
	if (proc->fingerprint.place.file != 0)
		options->fingerprint = load_fingerprint(&proc->fingerprint);
	return status;
}

/* --- what it does and how --- */

static int
take_command(struct load *load, const struct file_proc *proc, struct ord_proc_options *options)
{
	options->shell = proc->run.shell.text;
	options->cwd = proc->cwd.text;
	return take_texts(load, &proc->run.list, &options->command);
}

static int
take_retries(struct load *load, const struct file_proc *proc, struct ord_proc_options *options)
{
	const struct file_retries *from = &proc->retries;

	options->retries = (uint32_t)from->count.value;
	options->retry_delay_ms = (uint32_t)from->delay.value;
	options->retry_backoff = (uint32_t)from->backoff.value;
	return take_texts(load, &from->on, &options->retry_on);
}

void
load_log(const struct file_number *from, uint32_t *show, uint32_t *lines)
{
	static const uint32_t shows[] = { ORD_LOG_SNIPPET, ORD_LOG_FULL, ORD_LOG_TAIL };

	if (from->place.file == 0)
		return;
	*show = shows[(from->value & 0xff) % 3];
	*lines = (uint32_t)(from->value >> 8);
}

static int
take_log(struct load *load, const struct file_proc *proc, struct ord_proc_options *options)
{
	uint32_t n = proc->log_ignore.n;
	const struct ord_log_ignore **list = list_of(load, n);
	struct ord_log_ignore *ignores = blocks_take_many(&load->scratch, n, sizeof *ignores);

	if (list == NULL || ignores == NULL)
		return no_memory(load);
	for (uint32_t i = 0; i < n; i++) {
		const struct file_log_ignore *from =
			FILE_ITEM(struct file_log_ignore, proc->log_ignore, i);

		ignores[i] = ORD_LOG_IGNORE(.match = from->match.text,
			.when = from->when.value != 0 ? ORD_LOG_IGNORE_SUCCEEDED
						      : ORD_LOG_IGNORE_ALWAYS);
		list[i] = &ignores[i];
	}
	options->log_ignore = list;
	load_log(&proc->log_on_failure, &options->log_on_failure, &options->log_tail);
	return ORD_OK;
}

static int
take_numbers(struct load *load, const struct file_proc *proc, struct ord_proc_options *options)
{
	(void)load;
	options->description = proc->description.text;
	options->wave = (int32_t)proc->wave.value;
	options->timeout_ms = (uint32_t)proc->timeout.value;
	options->grace_ms = (uint32_t)proc->stop.grace.value;
	if (options->grace_ms == 0 && proc->stop.grace.place.file != 0)
		options->grace_ms = 1; /* 0 would be the pool's */
	options->stop_signal = (uint32_t)proc->stop.signal.value;
	options->always = proc->always.value != 0;
	options->now = proc->now.value != 0; /* checked there, begun when all procs are known */
	options->stdout_result = proc->result.from.place.file != 0;
	if (proc->result.format.value == FILE_JSON)
		options->stdout_result = STDOUT_JSON;
	options->skip_exit = (uint32_t)proc->skip_exit.value;
	options->no_change_exit = (uint32_t)proc->nochange_exit.value;
	options->expected_ms = (uint32_t)proc->expected.value;
	if (proc->output.place.file != 0)
		options->output_mode = (uint32_t)proc->output.value + ORD_MODE_GROUP;
	if (proc->color.place.file != 0)
		options->color = (uint32_t)proc->color.value + ORD_COLOR_NONE;
	options->terminal = proc->terminal.value != 0;
	options->on_busy = load_on_busy(&proc->watch.on_busy);
	options->busy_signal = (uint32_t)proc->watch.signal.value;
	return ORD_OK;
}

/* To load a new field: fill it in one of these. */
int
load_proc(struct load *load, const struct file_proc *proc, struct ord_proc_options *options)
{
	static int (*const takers[])(struct load *, const struct file_proc *,
		struct ord_proc_options *) = { take_command, take_deps, take_rdeps, take_args,
		take_choices, take_locks, take_env, take_tracking, take_retries, take_log,
		take_numbers };
	int status = ORD_OK;

	*options = ORD_PROC(.name = proc->name.text);
	for (size_t i = 0; status == ORD_OK && i < sizeof takers / sizeof *takers; i++)
		status = takers[i](load, proc, options);
	return status;
}
