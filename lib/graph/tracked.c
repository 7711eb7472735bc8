/* What ord_graph_add is told of files: checked and copied. */
#include "graph/tracked.h"

#include <string.h>

#include "base/memory.h"
#include "base/options.h"
#include "graph/making.h"

#define FIRST_INPUT OPTIONS_UP_TO(struct ord_input, names_user)
#define FIRST_OUTPUT OPTIONS_UP_TO(struct ord_output_file, optional)
#define AGE_MAX_MS (UINT64_MAX / 1000000)

static int
read_word(const struct making *making, struct text *text, const char *word, const char *what)
{
	if (*word == '\0')
		return making_wrong(making, what, word, "it is empty");
	return text_add_word(text, word, arg_is_known, making->definition) == 0
		? ORD_OK
		: making_no_memory(making);
}

static int
read_list(
	const struct making *making, struct text *text, const char *const *words, const char *what)
{
	int status = ORD_OK;

	for (; status == ORD_OK && words != NULL && *words != NULL; words++)
		status = read_word(making, text, *words, what);
	return status;
}

static int
read_special_input(const struct making *making, const struct ord_input *from)
{
	struct tracked *tracked = &making->definition->tracked;
	struct ord_input input;
	int status = making_take(making, &input, sizeof input, FIRST_INPUT, from);

	if (status != ORD_OK)
		return status;
	if ((input.path != NULL) + (input.regex != NULL) + (input.names != NULL) != 1)
		return making_wrong(making, "a special input", input.path != NULL ? input.path : "",
			"one of path, regex and names is set");
	if (input.path != NULL)
		return read_word(making, &tracked->inputs, input.path, "the input");
	if (input.regex != NULL)
		return read_word(making, &tracked->regexes, input.regex, "the regex");
	tracked->asked[tracked->n_asked++] = (struct asked){ input.names, input.names_user };
	return ORD_OK;
}

static int
read_inputs(const struct making *making)
{
	const struct ord_proc_options *options = &making->options;
	struct tracked *tracked = &making->definition->tracked;
	uint32_t count = making_count(options->special_inputs);
	int status = read_list(making, &tracked->inputs, options->inputs, "the input");

	if (count != 0)
		tracked->asked = memory_new(count, sizeof *tracked->asked);
	if (count != 0 && tracked->asked == NULL)
		return making_no_memory(making);
	for (uint32_t i = 0; status == ORD_OK && i < count; i++)
		status = read_special_input(making, options->special_inputs[i]);
	if (status != ORD_OK)
		return status;
	return read_list(making, &tracked->ignore, options->inputs_ignore, "the ignored input");
}

static int
read_special_output(const struct making *making, const struct ord_output_file *from)
{
	struct tracked *tracked = &making->definition->tracked;
	struct ord_output_file output;
	int status = making_take(making, &output, sizeof output, FIRST_OUTPUT, from);

	if (status != ORD_OK)
		return status;
	if ((output.path != NULL) + (output.names != NULL) != 1 || output.enforce_freshness > 1 ||
		output.optional > 1 || output.max_age_ms > AGE_MAX_MS)
		return making_wrong(making, "a special output",
			output.path != NULL ? output.path : "",
			"one of path and names is set, and enforce_freshness and optional are 0 or 1");
	tracked->special[tracked->n_special++] =
		(struct special_output){ .asked = { output.names, output.names_user },
			.max_age_ns = output.max_age_ms * 1000000,
			.word = tracked->outputs.n_words,
			.fresh = output.enforce_freshness,
			.optional = output.optional };
	return output.path != NULL ? read_word(making, &tracked->outputs, output.path, "the output")
				   : ORD_OK;
}

static int
read_outputs(const struct making *making)
{
	const struct ord_proc_options *options = &making->options;
	struct tracked *tracked = &making->definition->tracked;
	uint32_t count = making_count(options->special_outputs);
	int status = read_list(making, &tracked->outputs, options->outputs, "the output");

	if (count != 0)
		tracked->special = memory_new(count, sizeof *tracked->special);
	if (count != 0 && tracked->special == NULL)
		return making_no_memory(making);
	for (uint32_t i = 0; status == ORD_OK && i < count; i++)
		status = read_special_output(making, options->special_outputs[i]);
	return status;
}

static int
read_rest(const struct making *making)
{
	const struct ord_proc_options *options = &making->options;
	struct tracked *tracked = &making->definition->tracked;
	const char *const depfile[] = { options->depfile, NULL };
	int function = options->function != NULL || options->function_name != NULL;

	if (options->fingerprint > ORD_FINGERPRINT_HASH || options->outputs_exist > 1 ||
		options->no_skip > 1 || options->compare_params > ORD_PARAMS_NAMED)
		return making_wrong(making, "its", "fingerprint",
			"fingerprint and compare_params are of their enums, outputs_exist and no_skip 0 or 1");
	tracked->fingerprint = (uint8_t)options->fingerprint;
	tracked->outputs_exist = (uint8_t)options->outputs_exist;
	tracked->no_skip = (uint8_t)options->no_skip;
	tracked->all_params = options->compare_params == ORD_PARAMS_ALL ||
		(options->compare_params == 0 && function);
	if (options->version != NULL) {
		tracked->version = memory_copy(options->version, strlen(options->version));
		if (tracked->version == NULL)
			return making_no_memory(making);
	}
	return read_list(making, &tracked->depfile, depfile, "the depfile");
}

int
tracked_read(const struct making *making)
{
	int status = read_inputs(making);

	if (status == ORD_OK)
		status = read_outputs(making);
	return status == ORD_OK ? read_rest(making) : status;
}

void
tracked_finish(struct tracked *tracked)
{
	text_finish(&tracked->inputs);
	text_finish(&tracked->regexes);
	text_finish(&tracked->ignore);
	text_finish(&tracked->outputs);
	text_finish(&tracked->depfile);
	memory_free(tracked->asked);
	memory_free(tracked->special);
	memory_free(tracked->version);
}

int
tracked_makes(const struct tracked *tracked)
{
	return tracked->outputs.n_words != 0 || tracked->n_special != 0 ||
		tracked->depfile.n_words != 0;
}
