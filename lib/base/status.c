/* The names and sentences of statuses, from the one table in status.h. */
#include <orderly/status.h>
#include <orderly/version.h>

const char *
ord_version(void)
{
	return ORD_VERSION;
}

const char *
ord_status_name(int status)
{
	switch (status) {
#define STATUS_NAME(name, number, sentence) \
	case number: return #name;
		ORD_STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
	default: return "ORD_UNKNOWN";
	}
}

const char *
ord_strerror(int status)
{
	switch (status) {
#define STATUS_SENTENCE(name, number, sentence) \
	case number: return sentence;
		ORD_STATUS_MAP(STATUS_SENTENCE)
#undef STATUS_SENTENCE
	default: return "an unknown status";
	}
}
