/*
 * Results leave in the order of submission: the slot of the next sequence is
 * looked at, and nothing is searched or moved.
 */
#include "core/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "core/lists.h"
#include "core/plain.h"

#define ERROR_MAX 4096

struct slot *
core_deliverable(const struct core *core)
{
	struct slot *head;

	if (core->options.completion)
		return core->settled;
	if (core->n_settled == 0)
		return NULL;
	head = &core->slots[core->next_delivery & (core->n_slots - 1)];
	return head->state == SLOT_SETTLED ? head : NULL;
}

void
core_spilled(struct core *core, struct slot *slot, uint64_t offset)
{
	struct blob *output = &slot->result.output;

	bulky_remove(core, slot);
	slot->spill_offset = offset;
	slot->spill_size = output->size;
	slot->spilled = true;
	core_charge(core, slot, -(ptrdiff_t)output->size);
	blob_finish(output);
}

void
core_release(struct core *core, struct slot *slot, struct ord_result *result)
{
	bulky_remove(core, slot);
	slot->spilled = false;
	if (core->options.completion) {
		settled_remove_first(core);
		slot->next = core->free;
		core->free = slot;
	}
	*result = slot->result;
	result->sequence = slot->sequence;
	result->user = slot->task.user;
	result->worker = slot_worker(slot);
	slot->result.detail = NULL;
	slot->result.worker = UINT32_MAX;
	slot_leave(core, slot);
}

void
result_free(struct ord_result *result)
{
	if (result->kept) {
		memset(&result->output, 0, sizeof result->output);
	} else if (result->detail != NULL) {
		memory_free(result->detail->error);
		memory_free(result->detail->last_words);
		memory_free(result->detail->stack);
	}
	if (!result->kept)
		memory_free(result->detail);
	blob_finish(&result->output);
	result->detail = NULL;
	result->kept = false;
}

struct detail *
result_detail(struct ord_result *result)
{
	if (result->detail != NULL)
		return result->detail;
	result->detail = memory_new(1, sizeof *result->detail);
	if (result->detail != NULL)
		result->detail->exit_code = -1;
	return result->detail;
}

void
result_last_words(struct ord_result *result, char *text, size_t size)
{
	struct detail *detail = text != NULL ? result_detail(result) : NULL;

	if (detail == NULL) {
		memory_free(text);
		return;
	}
	memory_free(detail->last_words);
	detail->last_words = text;
	detail->last_words_size = size;
}

void
result_stack(struct ord_result *result, const char *text)
{
	struct detail *detail = text[0] != '\0' ? result_detail(result) : NULL;

	if (detail == NULL)
		return;
	memory_free(detail->stack);
	detail->stack = memory_copy(text, strlen(text));
}

void
result_error(struct ord_result *result, const char *format, ...)
{
	struct detail *detail = result_detail(result);
	char text[ERROR_MAX];
	va_list arguments;

	if (detail == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	memory_free(detail->error);
	detail->error = memory_copy(text, strlen(text));
}
