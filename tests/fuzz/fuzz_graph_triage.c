/*
 * Any bytes as a log: what is shown of it does not depend on the pieces in which it is read, and is made of its
 * lines, in their order.
 */
#include <orderly/graph.h>

#include "fuzz.h"
#include "graph/logs/triage.h"

enum { LOG_MOST = 4096, SHOWN_MOST = 3 * LOG_MOST + 100 };

struct log {
	const char *text;
	size_t size, piece;
	char shown[SHOWN_MOST];
	size_t shown_size;
	size_t at; /* behind the last line that was shown */
};

static ssize_t
read_log(void *user, void *to, size_t size, uint64_t offset)
{
	const struct log *log = user;

	if (offset >= log->size)
		return 0;
	size = size < log->piece ? size : log->piece;
	size = size < log->size - offset ? size : log->size - offset;
	memcpy(to, log->text + offset, size);
	return (ssize_t)size;
}

/* Whether a line lies in the log from here on, as a whole. */
static int
find_line(struct log *log, const char *text, size_t size)
{
	size_t end;

	for (size_t at = log->at; at < log->size; at = end) {
		const char *newline = memchr(log->text + at, '\n', log->size - at);

		end = newline != NULL ? (size_t)(newline - log->text) + 1 : log->size;
		if (memcmp(log->text + at, text, end - at < size ? end - at : size) == 0 &&
			(end - at == size || (newline == NULL && end - at + 1 == size))) {
			log->at = end;
			return 1;
		}
	}
	return 0;
}

static int
write_log(const char *text, size_t size, void *user)
{
	struct log *log = user;

	must(size != 0 && log->shown_size + size <= SHOWN_MOST, "more is shown than there is");
	memcpy(log->shown + log->shown_size, text, size);
	log->shown_size += size;
	must(text[size - 1] == '\n', "no line");
	/* A line of the log that looks like a gap need not be found: to take a gap for it would pass over those before it. */
	must(strncmp(text, TRIAGE_GAP, size) == 0 || find_line(log, text, size), "a line that is not there");
	return 0;
}

static int
write_piece(const char *text, size_t size, void *user)
{
	struct log *log = user;

	must(size != 0 && log->shown_size + size <= SHOWN_MOST, "more is shown than there is");
	memcpy(log->shown + log->shown_size, text, size);
	log->shown_size += size;
	return 0;
}

static void
show(struct log *log, const struct triage_rules *rules)
{
	int whole = rules->failed && rules->show == ORD_LOG_FULL;

	log->shown_size = log->at = 0;
	must(triage(rules, &(struct triage_ends){ read_log, log, whole ? write_piece : write_log, log }) == 0, "no memory");
	must(!whole || (log->shown_size - log->size <= 1 && memcmp(log->shown, log->text, log->size) == 0), "full is not full");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const texts[] = { "", "^a", "rr", ".b$" };
	static struct log whole, pieces;
	struct triage_ignore ignore[2] = { { .when = ORD_LOG_IGNORE_ALWAYS }, { .when = ORD_LOG_IGNORE_SUCCEEDED } };
	struct input input = { bytes, size };
	uint8_t what = input_byte(&input), piece = input_byte(&input), lines = input_byte(&input);
	struct triage_rules rules = { .ignore = ignore, .n_ignore = what & 1 ? 2 : 0, .failed = what >> 1 & 1,
		.show = 1 + (what >> 2) % 3, .lines = 1 + lines % 32u };
	char text[LOG_MOST], fault[100];

	for (size_t i = 0; i < 2; i++)
		must(regex_compile(&ignore[i].regex, texts[(what >> (4 + 2 * i)) & 3], fault, sizeof fault) == 0, fault);
	whole.size = pieces.size = input_take(&input, text, sizeof text);
	whole.text = pieces.text = text;
	whole.piece = LOG_MOST;
	pieces.piece = 1 + piece % 64u;
	show(&whole, &rules);
	show(&pieces, &rules);
	must(whole.shown_size == pieces.shown_size && memcmp(whole.shown, pieces.shown, whole.shown_size) == 0,
		"the pieces show");
	for (size_t i = 0; i < 2; i++)
		regex_finish(&ignore[i].regex);
	return 0;
}
