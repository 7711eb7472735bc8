/*
 * Words in two stages.  The first finds marks: it searches what was read for
 * the first byte of a mark, which no text in UTF-8 contains, and keeps at most
 * 47 bytes in `pending` where a read ends in what may be a mark.  Everything
 * in a mark but its sequence is known beforehand, so each byte of a would-be
 * mark is checked, and what differs in one of them, or is cut by the end of
 * the stream, is data.
 *
 * The second splits the data before and between marks into lines.  Where the
 * task is known, lines go out straight from the caller's bytes and only a tail
 * without newline is copied to `held`, to be joined with what comes.  Where it
 * is not, everything is appended to `held` until a mark, a certain read or the
 * bound tells.  A line goes out in parts only when a byte beyond the limit has
 * been seen, so that neither lines nor parts depend on how the stream was cut.
 *
 * No byte is searched twice for a newline, moved twice, or searched more often
 * for marks than a mark has bytes: the time is linear.  Called by the master
 * for each read of a pipe; the worker calls words_mark only.
 */
#include "capture/words.h"

#include <string.h>

/*
 * A mark, in the byte order of the machine: both ends are on it.  To change
 * it: keep its first byte one that UTF-8 never uses and that binary files do
 * not repeat, and keep every byte known from the ones before it.
 */
#define MAGIC "\371ORDMARK"
enum { AT_NONCE = 8, AT_SEQUENCE = 24, AT_NUMBER = 32, AT_ZERO = 36, AT_CHECK = 40 };

void
words_mark(char mark[WORDS_MARK_SIZE], const uint8_t *nonce, uint64_t sequence, uint32_t number)
{
	uint64_t check = ~sequence;

	memcpy(mark, MAGIC, AT_NONCE);
	memcpy(mark + AT_NONCE, nonce, REGION_NONCE_SIZE);
	memcpy(mark + AT_SEQUENCE, &sequence, sizeof sequence);
	memcpy(mark + AT_NUMBER, &number, sizeof number);
	memset(mark + AT_ZERO, 0, AT_CHECK - AT_ZERO);
	memcpy(mark + AT_CHECK, &check, sizeof check);
}

/* Whether text[size], at most a mark long, is the next mark or its beginning. */
static int
plausible(const struct words *words, const char *text, size_t size)
{
	char mark[WORDS_MARK_SIZE];
	uint64_t sequence = 0;
	size_t known;

	if (memcmp(text, MAGIC, size < AT_NONCE ? size : AT_NONCE) != 0)
		return 0;
	if (size > AT_SEQUENCE) {
		known = size - AT_SEQUENCE;
		memcpy(&sequence, text + AT_SEQUENCE,
			known < sizeof sequence ? known : sizeof sequence);
	}
	words_mark(mark, words->nonce, sequence, words->marks + 1);
	return memcmp(text, mark, size) == 0;
}

/* Where the next mark begins, or what may become one at the end; size if there is none. */
static size_t
find_mark(const struct words *words, const char *text, size_t size)
{
	size_t at = 0;
	size_t left;
	const char *hit;

	while (words->marked && at < size) {
		hit = memchr(text + at, (uint8_t)MAGIC[0], size - at);
		if (hit == NULL)
			break;
		at = (size_t)(hit - text);
		left = size - at;
		if (plausible(words, hit, left < WORDS_MARK_SIZE ? left : WORDS_MARK_SIZE))
			return at;
		at++;
	}
	return size;
}

static int
emit(struct words *words, uint64_t owner, const char *text, size_t size, int partial)
{
	struct words_line line = {
		.sequence = owner, .text = text, .size = size, .partial = partial
	};

	return words->on_line(&line, words->user);
}

/* The lifetime of held ends at the next hold, so the line is good until on_line returns. */
static int
emit_held(struct words *words, uint64_t owner, int partial)
{
	size_t size = words->held.size;

	words->held.size = 0;
	words->scanned = 0;
	return emit(words, owner, words->held.bytes, size, partial);
}

/* One byte more than asked for, as text[size] of a line is readable. */
static int
hold(struct words *words, const char *text, size_t size)
{
	if (size == 0)
		return 0;
	if (buffer_reserve(&words->held, size + 1) != 0 ||
		buffer_append(&words->held, text, size) != 0)
		return -1;
	words->held.bytes[words->held.size] = '\0';
	return 0;
}

/*
 * Give the lines of text[size] but the tail, which is not longer than a line
 * may be; *used is what went out.  text[skip] has no newline, skip is not
 * longer than a line may be either.
 */
static int
give_lines(struct words *words, uint64_t owner, const char *text, size_t size, size_t skip,
	size_t *used)
{
	const size_t limit = words->line_bytes;
	const char *newline;
	size_t left, look, length;

	for (*used = 0;; *used += length + (newline != NULL)) {
		left = size - *used;
		look = left <= limit ? left : limit + 1;
		newline = skip < look ? memchr(text + *used + skip, '\n', look - skip) : NULL;
		skip = 0;
		if (newline == NULL && left <= limit)
			return 0;
		length = newline != NULL ? (size_t)(newline - (text + *used)) : limit;
		if (emit(words, owner, text + *used, length, newline == NULL) != 0)
			return -1;
	}
}

/* What is held has got an owner: leave only its tail. */
static int
give_held(struct words *words, uint64_t owner)
{
	size_t used;

	if (words->scanned == words->held.size)
		return 0;
	if (give_lines(words, owner, words->held.bytes, words->held.size, words->scanned, &used) !=
		0)
		return -1;
	buffer_drop(&words->held, used);
	words->scanned = words->held.size;
	return 0;
}

/* The line whose beginning is held goes on in text[size]; *used is how far. */
static int
join(struct words *words, uint64_t owner, const char *text, size_t size, size_t *used)
{
	const size_t room = words->line_bytes - words->held.size;
	const char *newline = memchr(text, '\n', size <= room ? size : room + 1);
	size_t length = size <= room ? size : room;

	if (newline != NULL)
		length = (size_t)(newline - text);
	*used = length + (newline != NULL);
	if (hold(words, text, length) != 0)
		return -1;
	if (newline == NULL && length == size)
		return 0;
	return emit_held(words, owner, newline == NULL);
}

/* What is held and then text[size] belong to owner: give the lines, hold the tail. */
static int
give(struct words *words, uint64_t owner, const char *text, size_t size)
{
	size_t used = 0;

	if (give_held(words, owner) != 0)
		return -1;
	if (size == 0)
		return 0;
	if (words->held.size != 0 && join(words, owner, text, size, &used) != 0)
		return -1;
	text += used;
	size -= used;
	if (give_lines(words, owner, text, size, 0, &used) != 0 ||
		hold(words, text + used, size - used) != 0)
		return -1;
	words->scanned = words->held.size;
	return 0;
}

/* As give; a line ends here even without newline. */
static int
give_all(struct words *words, uint64_t owner, const char *text, size_t size)
{
	if (give(words, owner, text, size) != 0)
		return -1;
	return words->held.size != 0 ? emit_held(words, owner, 0) : 0;
}

static int
give_or_wait(struct words *words, uint64_t running, const char *text, size_t size)
{
	const size_t bound = words->line_bytes + words->largest + WORDS_MARK_SIZE;

	if (words->marked && running == UINT64_MAX && words->held.size + size <= bound)
		return hold(words, text, size);
	return give(words, running, text, size);
}

/* A mark has come, and before it the last bytes of its task. */
static int
take_mark(struct words *words, const char *mark, const char *text, size_t size)
{
	uint64_t sequence;

	memcpy(&sequence, mark + AT_SEQUENCE, sizeof sequence);
	words->marks++;
	return give_all(words, sequence, text, size);
}

/* Drop what cannot begin a mark from pending: it is data. */
static int
release(struct words *words)
{
	size_t drop = 1;

	while (drop < words->n_pending &&
		!plausible(words, words->pending + drop, words->n_pending - drop))
		drop++;
	if (hold(words, words->pending, drop) != 0)
		return -1;
	words->n_pending -= drop;
	memmove(words->pending, words->pending + drop, words->n_pending);
	return 0;
}

/* Go on with the mark that the last read may have ended in; *used bytes of text are done with. */
static int
resume(struct words *words, const char *text, size_t size, size_t *used)
{
	size_t more;

	*used = 0;
	while (words->n_pending != 0 && size != 0) {
		more = WORDS_MARK_SIZE - words->n_pending;
		more = more < size ? more : size;
		memcpy(words->pending + words->n_pending, text, more);
		if (!plausible(words, words->pending, words->n_pending + more)) {
			if (release(words) != 0)
				return -1;
			continue;
		}
		*used = more;
		words->n_pending += more;
		if (words->n_pending < WORDS_MARK_SIZE)
			return 0;
		words->n_pending = 0;
		return take_mark(words, words->pending, "", 0);
	}
	return 0;
}

int
words_take(struct words *words, const char *bytes, size_t size, uint64_t running)
{
	const uint32_t marks = words->marks;
	const uint64_t before = words->since_mark + size;
	size_t at;

	if (size > words->largest)
		words->largest = size;
	if (resume(words, bytes, size, &at) != 0)
		return -1;
	for (;;) {
		if (at != 0) {
			bytes += at;
			size -= at;
		}
		at = find_mark(words, bytes, size);
		if (size - at < WORDS_MARK_SIZE)
			break;
		if (take_mark(words, bytes + at, bytes, at) != 0)
			return -1;
		at += WORDS_MARK_SIZE;
	}
	words->since_mark = words->marks == marks ? before : size;
	if (at < size) {
		words->n_pending = size - at;
		memcpy(words->pending, bytes + at, words->n_pending);
	}
	return give_or_wait(words, running, bytes, at);
}

int
words_end(struct words *words, uint64_t last)
{
	size_t size = words->n_pending;

	words->n_pending = 0;
	if (hold(words, words->pending, size) != 0)
		return -1;
	return give_all(words, last, "", 0);
}

uint64_t
words_state(const struct words *words)
{
	return ((uint64_t)words->marks << WORDS_MARKS_SHIFT) |
		(words->since_mark != 0 ? WORDS_DIRTY : 0);
}

void
words_init(struct words *words, const uint8_t *nonce, uint32_t line_bytes, words_line_fn on_line,
	void *user)
{
	*words = (struct words){ .line_bytes = line_bytes != 0 ? line_bytes : 1,
		.marked = nonce != NULL,
		.on_line = on_line,
		.user = user };
	if (nonce != NULL)
		memcpy(words->nonce, nonce, sizeof words->nonce);
}

void
words_finish(struct words *words)
{
	buffer_finish(&words->held);
	words->n_pending = 0;
	words->scanned = 0;
}
