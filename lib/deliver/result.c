/* What the user's result callback can ask, and results that outlive it. */
#include "deliver/result.h"

#include <orderly/status.h>

#include "base/memory.h"
#include "core/core.h"

const char *
ord_state_name(int state)
{
	switch (state) {
#define STATE_NAME(name, number, word) \
	case number: return word;
		ORD_STATE_MAP(STATE_NAME)
#undef STATE_NAME
	default: return "unknown";
	}
}

uint64_t
ord_result_sequence(const struct ord_result *result)
{
	return result->sequence;
}

int
ord_result_state(const struct ord_result *result)
{
	return (int)result->state;
}

const void *
ord_result_output(const struct ord_result *result, size_t *size)
{
	if (size != NULL)
		*size = result->output.size;
	return blob_bytes(&result->output);
}

const char *
ord_result_error(const struct ord_result *result)
{
	return result->detail != NULL && result->detail->error != NULL ? result->detail->error : "";
}

/* A command that was asked to end and did with 0 has its words kept, and ended well. */
const char *
ord_result_last_words(const struct ord_result *result, size_t *size)
{
	const struct detail *detail =
		result->state != ORD_DONE && result->state != ORD_PASSED ? result->detail : NULL;
	bool some = detail != NULL && detail->last_words != NULL;

	if (size != NULL)
		*size = some ? detail->last_words_size : 0;
	return some ? detail->last_words : "";
}

const char *
ord_result_stack(const struct ord_result *result)
{
	return result->detail != NULL && result->detail->stack != NULL ? result->detail->stack : "";
}

uint32_t
ord_result_worker(const struct ord_result *result)
{
	return result->worker;
}

int32_t
ord_result_pid(const struct ord_result *result)
{
	return result->pid;
}

uint32_t
ord_result_attempts(const struct ord_result *result)
{
	return result->attempts;
}

int
ord_result_exit_code(const struct ord_result *result)
{
	return result->detail != NULL ? result->detail->exit_code : -1;
}

int
ord_result_signal(const struct ord_result *result)
{
	return result->detail != NULL ? result->detail->signal : 0;
}

int
ord_result_core_dumped(const struct ord_result *result)
{
	return result->detail != NULL ? result->detail->core_dumped : 0;
}

uint64_t
ord_result_started_ns(const struct ord_result *result)
{
	return result->started_ns;
}

uint64_t
ord_result_ended_ns(const struct ord_result *result)
{
	return result->ended_ns;
}

uint64_t
ord_result_user_us(const struct ord_result *result)
{
	return result->detail != NULL ? result->detail->user_us : 0;
}

uint64_t
ord_result_system_us(const struct ord_result *result)
{
	return result->detail != NULL ? result->detail->system_us : 0;
}

uint64_t
ord_result_max_rss_kib(const struct ord_result *result)
{
	return result->detail != NULL ? result->detail->max_rss_kib : 0;
}

void *
ord_result_user(const struct ord_result *result)
{
	return result->user;
}

uint64_t
ord_result_duration_ns(const struct ord_result *result)
{
	return result->started_ns != 0 && result->ended_ns > result->started_ns
		? result->ended_ns - result->started_ns
		: 0;
}

/* The view stays as it is, but what it owns is the copy's. */
void
result_move(struct ord_result *to, const struct ord_result *from)
{
	*to = *from;
	((struct ord_result *)(uintptr_t)from)->kept = true;
}

int
ord_result_keep(const struct ord_result *result, struct ord_result **out)
{
	struct ord_result *kept;

	if (out == NULL)
		return ORD_EINVAL;
	*out = NULL;
	if (result == NULL || result->kept)
		return ORD_EINVAL;
	kept = memory_resize(NULL, sizeof *kept);
	if (kept == NULL)
		return ORD_ENOMEM;
	result_move(kept, result);
	*out = kept;
	return ORD_OK;
}

void
ord_result_destroy(struct ord_result **result)
{
	if (result == NULL || *result == NULL)
		return;
	result_finish(*result);
	memory_free(*result);
	*result = NULL;
}

void
result_set_unrun(struct ord_result *result, uint64_t sequence, uint32_t state, const char *text)
{
	result->sequence = sequence;
	result->state = (uint8_t)state;
	result->worker = UINT32_MAX;
	detail_error(&result->detail, "%s", text);
}

struct ord_result *
result_unrun(uint64_t sequence, void *user, uint32_t state, const char *text)
{
	struct ord_result *result = memory_new(1, sizeof *result);

	if (result == NULL)
		return NULL;
	result_set_unrun(result, sequence, state, text);
	result->user = user;
	return result;
}
