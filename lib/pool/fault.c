/*
 * Why a worker's bytes were not taken any more: noted where that is found, and
 * told with the end of the task that ran there.
 */
#include <stdio.h>

#include "pool/pool.h"

static const char *
kind_name(uint8_t kind)
{
	static const char *const names[RECORD_KINDS] = { [RECORD_RUN] = "RUN",
		[RECORD_CALL] = "CALL",
		[RECORD_BYE] = "BYE",
		[RECORD_LOG] = "LOG",
		[RECORD_PART] = "PART",
		[RECORD_RESULT] = "RESULT",
		[RECORD_SKIP] = "SKIP",
		[RECORD_FUNCTION] = "FUNCTION",
		[RECORD_ANSWER] = "ANSWER",
		[RECORD_GRANT] = "GRANT",
		[RECORD_START] = "START",
		[RECORD_PROGRESS] = "PROGRESS",
		[RECORD_ASK] = "ASK",
		[RECORD_YIELD] = "YIELD",
		[RECORD_RESUME] = "RESUME",
		[RECORD_UNFIT] = "UNFIT",
		[RECORD_LEAVING] = "LEAVING",
		[RECORD_BLOCK] = "BLOCK" };

	return kind < RECORD_KINDS && names[kind] != NULL ? names[kind] : "unknown";
}

int
fault_note(struct incarnation *incarnation, enum fault fault, uint8_t kind, uint64_t at)
{
	incarnation->fault = (uint8_t)fault;
	incarnation->fault_kind = kind;
	incarnation->fault_at = at;
	return -1;
}

const char *
fault_sentence(const struct incarnation *incarnation, char *text, size_t size)
{
	unsigned long long at = incarnation->fault_at;

	text[0] = '\0';
	switch ((enum fault)incarnation->fault) {
	case FAULT_PAGE:
		snprintf(text, size, "its page says that %llu bytes were said, and %llu were taken",
			at, (unsigned long long)incarnation->taken);
		break;
	case FAULT_CUT:
		snprintf(text, size, "at byte %llu of its stream stands no whole record", at);
		break;
	case FAULT_RECORD:
		snprintf(text, size, "its %s record before byte %llu of its stream makes no sense",
			kind_name(incarnation->fault_kind), at);
		break;
	case FAULT_NONE: break;
	}
	return text;
}
