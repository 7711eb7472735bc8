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
	slot->rest->spill_offset = offset;
	slot->rest->spill_size = output->size;
	slot->burdens |= BURDEN_SPILLED;
	core_charge(core, slot, -(ptrdiff_t)output->size);
	blob_finish(output);
}

void
core_release(struct core *core, struct slot *slot, struct ord_result *result)
{
	bulky_remove(core, slot);
	slot->burdens &= (uint8_t)~BURDEN_SPILLED;
	if (core->options.completion) {
		settled_remove_first(core);
		slot->next = core->free;
		core->free = slot;
	}
	memcpy(result, &slot->result, sizeof slot->result);
	result->sequence = slot->sequence;
	result->user = slot->task.user;
	result->worker = slot_worker(slot);
	result->detail = slot->rest->detail;
	/* Not written to unless something is there: memory that nobody wrote to is none. */
	if (slot->rest->detail != NULL || slot->rest->given_up != 0) {
		slot->rest->detail = NULL;
		slot->rest->given_up = 0;
	}
	slot_leave(core, slot);
}

void
detail_free(struct detail **detail)
{
	if (*detail != NULL) {
		memory_free((*detail)->error);
		memory_free((*detail)->last_words);
		memory_free((*detail)->stack);
	}
	memory_free(*detail);
	*detail = NULL;
}

void
result_free(struct ord_result *result)
{
	if (result->kept) {
		memset(&result->output, 0, sizeof result->output);
		result->detail = NULL;
	}
	detail_free(&result->detail);
	blob_finish(&result->output);
	result->kept = false;
}

struct detail *
detail_get(struct detail **detail)
{
	if (*detail != NULL)
		return *detail;
	*detail = memory_new(1, sizeof **detail);
	if (*detail != NULL)
		(*detail)->exit_code = -1;
	return *detail;
}

void
detail_last_words(struct detail **detail, char *text, size_t size)
{
	if (text == NULL || detail_get(detail) == NULL) {
		memory_free(text);
		return;
	}
	memory_free((*detail)->last_words);
	(*detail)->last_words = text;
	(*detail)->last_words_size = size;
}

void
detail_stack(struct detail **detail, const char *text)
{
	if (text[0] == '\0' || detail_get(detail) == NULL)
		return;
	memory_free((*detail)->stack);
	(*detail)->stack = memory_copy(text, strlen(text));
}

void
detail_error(struct detail **detail, const char *format, ...)
{
	char text[ERROR_MAX];
	va_list arguments;

	if (detail_get(detail) == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	memory_free((*detail)->error);
	(*detail)->error = memory_copy(text, strlen(text));
}
