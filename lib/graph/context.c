/*
 * The worker's side of a running proc: what it was given is read where it
 * lies, everything else is asked for.  Nothing here is kept between calls.
 */
#include <orderly/context.h>

#include <string.h>

#include <orderly/status.h>

#include "base/buffer.h"
#include "graph/context.h"
#include "graph/names/value.h"

/* --- what it was given --- */

/* Where an entry's parts are. */
struct entry_text {
	const char *name;
	const char *value;
	size_t name_size;
	size_t value_size;
	const char *next;
};

static const struct context_header *
header_of(const struct ord_task *task)
{
	size_t size;
	const struct context_header *header = ord_task_input(task, &size);

	return size >= sizeof *header && header->magic == CONTEXT_MAGIC ? header : NULL;
}

static struct entry_text
part_at(const char *at)
{
	struct context_entry entry;
	struct entry_text part;

	memcpy(&entry, at, sizeof entry);
	part.value = at + sizeof entry;
	part.value_size = entry.value_size;
	part.name = part.value + entry.value_size + 1;
	part.name_size = entry.name_size;
	part.next = at + (sizeof entry + part.name_size + part.value_size + 2 + 7) / 8 * 8;
	return part;
}

static const char *
first_entry(const struct context_header *header)
{
	return (const char *)(header + 1);
}

/* An entry with this name among `count` of them behind `skip`; 0: there is none. */
static int
find(const struct context_header *header, uint32_t skip, uint32_t count, const char *name,
	struct entry_text *part)
{
	const char *at = first_entry(header);
	size_t size = strlen(name);

	for (uint32_t i = 0; i < skip; i++)
		at = part_at(at).next;
	for (uint32_t i = 0; i < count; i++, at = part->next) {
		*part = part_at(at);
		if (part->name_size == size && memcmp(part->name, name, size) == 0)
			return 1;
	}
	return 0;
}

const char *
ord_context_name(const struct ord_task *task)
{
	const struct context_header *header = header_of(task);

	return header != NULL ? part_at(first_entry(header)).name : NULL;
}

const char *
ord_context_arg(const struct ord_task *task, const char *name)
{
	const struct context_header *header = header_of(task);
	struct entry_text part;

	if (header == NULL || name == NULL || !find(header, 1, header->n_args, name, &part))
		return NULL;
	return part.value;
}

const char *
ord_context_param(const struct ord_task *task, const char *name)
{
	const struct context_header *header = header_of(task);
	struct entry_text part;

	if (header == NULL || name == NULL ||
		!find(header, 1 + header->n_args, header->n_params, name, &part))
		return NULL;
	return part.value;
}

uint32_t
ord_context_attempt(const struct ord_task *task)
{
	const struct context_header *header = header_of(task);

	return header != NULL ? header->attempt : 0;
}

/* A failure with its sentence. */
static int
fail(struct ord_task *task, int status, const char *sentence)
{
	(void)ord_task_fail_at(task, NULL, 0, "%s", sentence);
	return status;
}

static int
wrong_arg(struct ord_task *task, const char *name, int kind)
{
	const char *value = ord_context_arg(task, name);

	if (value == NULL)
		ord_task_fail_at(task, NULL, 0, "there is no arg '%s'", name != NULL ? name : "");
	else
		ord_task_fail_at(task, NULL, 0, "the arg %s is '%s', not %s", name, value,
			value_kind_name(kind));
	return ORD_EINVAL;
}

int
ord_context_arg_int(struct ord_task *task, const char *name, int64_t *value)
{
	const char *text = ord_context_arg(task, name);

	return text != NULL && value_int(text, value) == 0 ? ORD_OK
							   : wrong_arg(task, name, VALUE_INT);
}

int
ord_context_arg_float(struct ord_task *task, const char *name, double *value)
{
	const char *text = ord_context_arg(task, name);

	return text != NULL && value_float(text, value) == 0 ? ORD_OK
							     : wrong_arg(task, name, VALUE_FLOAT);
}

int
ord_context_arg_bool(struct ord_task *task, const char *name, int *value)
{
	const char *text = ord_context_arg(task, name);

	return text != NULL && value_bool(text, value) == 0 ? ORD_OK
							    : wrong_arg(task, name, VALUE_BOOL);
}

/* --- what it asks --- */

static int
write_question(struct buffer *question, uint32_t kind, const char *const *names)
{
	const uint32_t head[2] = { kind, 0 };
	int status = buffer_append(question, head, sizeof head);

	for (; status == 0 && names != NULL && *names != NULL; names++)
		status = buffer_append(question, *names, strlen(*names) + 1);
	return status;
}

/* Ask; what came with the answer is bytes[size]. */
static int
put_question(struct ord_task *task, const struct buffer *question, const char **bytes, size_t *size)
{
	struct context_answer answer;
	const void *said;
	int status = ord_task_ask(task, question->bytes, question->size, &said, size);

	if (status != ORD_OK)
		return fail(task, status,
			status == ORD_ENOTSUP
				? "nobody is there to ask: ORD_START_INLINE answers at once or not at all"
				: ord_strerror(status));
	if (*size < sizeof answer)
		return fail(task, ORD_EINVAL,
			"the graph's answer makes no sense: it is of another version");
	memcpy(&answer, said, sizeof answer);
	*bytes = (const char *)said + sizeof answer;
	*size -= sizeof answer;
	return answer.status == ORD_OK ? ORD_OK
				       : fail(task, answer.status, *size != 0 ? *bytes : "");
}

static int
ask(struct ord_task *task, uint32_t kind, const char *const *names, const char **bytes,
	size_t *size)
{
	struct buffer question = { 0 };
	int status;

	if (header_of(task) == NULL)
		return fail(task, ORD_EINVAL, "this task was not started by a graph");
	if (write_question(&question, kind, names) == 0)
		status = put_question(task, &question, bytes, size);
	else
		status = fail(task, ORD_ENOMEM, "out of memory: free some and call again");
	buffer_finish(&question);
	return status;
}

static int
ask_names(struct ord_task *task, uint32_t kind, const char *const *names)
{
	const char *bytes;
	size_t size;

	if (names == NULL)
		return fail(task, ORD_EINVAL, "names is NULL");
	return ask(task, kind, names, &bytes, &size);
}

/* Meanwhile others run in its slot. */
static int
wait_for(struct ord_task *task, uint32_t kind, const char *const *names)
{
	int status = ord_task_yield(task), resumed;

	if (status == ORD_OK)
		status = ask_names(task, kind, names);
	resumed = ord_task_resume(task);
	return status != ORD_OK ? status : resumed;
}

int
ord_context_result(struct ord_task *task, const char *name, const void **output, size_t *size)
{
	const struct context_header *header = header_of(task);
	const char *const names[] = { name, NULL };
	const char *bytes = NULL;
	struct entry_text part;
	size_t got = 0;
	int status = ORD_OK;

	if (name == NULL || output == NULL)
		return fail(task, ORD_EINVAL, "name or output is NULL");
	if (header != NULL &&
		find(header, 1 + header->n_args + header->n_params, header->n_results, name,
			&part)) {
		bytes = part.value;
		got = part.value_size;
	} else {
		status = ask(task, ASK_RESULT, names, &bytes, &got);
		got -= status == ORD_OK && got != 0; /* the NUL */
	}
	if (status == ORD_OK)
		*output = bytes;
	if (status == ORD_OK && size != NULL)
		*size = got;
	return status;
}

int
ord_context_create(struct ord_task *task, const char *const *names)
{
	return ask_names(task, ASK_CREATE, names);
}

int
ord_context_start(struct ord_task *task, const char *const *names)
{
	return ask_names(task, ASK_START, names);
}

int
ord_context_run(struct ord_task *task, const char *const *names)
{
	return wait_for(task, ASK_RUN, names);
}

int
ord_context_wait(struct ord_task *task, const char *const *names)
{
	return wait_for(task, ASK_WAIT, names);
}

int
ord_context_wait_locks(struct ord_task *task, const char *const *locks)
{
	return wait_for(task, ASK_WAIT_LOCKS, locks);
}

int
ord_context_input(struct ord_task *task, const char *prompt, int password, char *text, size_t size)
{
	const char *const names[] = { prompt, NULL };
	const char *bytes;
	size_t got;
	int status, resumed;

	if (prompt == NULL || text == NULL || size == 0)
		return fail(task, ORD_EINVAL, "prompt or text is NULL, or text has no room");
	*text = '\0';
	status = ord_task_yield(task);
	if (status == ORD_OK)
		status = ask(task, password != 0 ? ASK_PASSWORD : ASK_INPUT, names, &bytes, &got);
	if (status == ORD_OK && got > size) /* its NUL is counted */
		status = fail(
			task, ORD_ETOOBIG, "what was answered is longer than there is room for");
	if (status == ORD_OK)
		memcpy(text, bytes, got);
	resumed = ord_task_resume(task);
	return status != ORD_OK ? status : resumed;
}

int
ord_context_changed_deps(struct ord_task *task, const char **names)
{
	static const char *const none[] = { NULL };
	size_t size;

	if (names == NULL)
		return fail(task, ORD_EINVAL, "names is NULL");
	return ask(task, ASK_CHANGED_DEPS, none, names, &size);
}

int
ord_context_fingerprint(struct ord_task *task, const char **text)
{
	static const char *const none[] = { NULL };
	size_t size;

	if (text == NULL)
		return fail(task, ORD_EINVAL, "text is NULL");
	return ask(task, ASK_FINGERPRINT, none, text, &size);
}

int
ord_context_skip(struct ord_task *task)
{
	static const char *const none[] = { NULL };

	return ask_names(task, ASK_SKIP, none);
}

int
ord_context_no_change(struct ord_task *task)
{
	static const char *const none[] = { NULL };

	return ask_names(task, ASK_NO_CHANGE, none);
}
