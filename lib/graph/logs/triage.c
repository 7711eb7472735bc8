/*
 * Which lines of a log are worth showing.  A line with a keyword shows itself
 * and two lines on each side; windows that touch are one.  Lines that rules
 * ignore are as if they were not there.  A failed proc without any keyword
 * shows its last lines; if all of them are ignored, its last lines all the same.
 *
 * Escape sequences of terminals are kept in what is shown, and are not there
 * for keywords and rules: they stand in front of most words that compilers
 * print.  A byte beyond ASCII ends a word, because quotes are more frequent in
 * front of a keyword than letters with accents.
 *
 * The log is read once from its beginning.  Of lines that may have to be shown
 * later only their places are kept, and they are read again, so that a long
 * log or a long line needs no memory.
 */
#include "graph/logs/triage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <orderly/graph.h>

#include "base/memory.h"

#define PIECE 65536u
#define WORD_MAX 11u /* the longest keyword */
#define CUT_MAX 64u  /* what is said of the rest of a long line */

static const char *const keywords[] = { "exception", "error", "warning", "notice", "deprecated",
	"deprecation" };

/* Where we are in an escape sequence. */
enum escape { PLAIN, BEGUN, CONTROL, STRING, STRING_BEGUN };

/* A line's place, with its newline. */
struct place {
	uint64_t offset;
	uint64_t size;
};

/* The last so many places. */
struct ring {
	struct place *places;
	uint32_t size;
	uint64_t count; /* of all that were put there */
};

struct triage {
	const struct triage_rules *rules;
	const struct triage_ends *ends;
	char *piece; /* [PIECE] */
	char *shown; /* [TRIAGE_SHOWN_MAX + CUT_MAX] */
	char *plain; /* [TRIAGE_MATCHED_MAX], of this line, without escape sequences; NULL: nobody looks at it */
	size_t plain_size;
	uint64_t begin; /* of this line */
	enum escape escape;
	char word[WORD_MAX];
	uint32_t word_size; /* more than WORD_MAX: none that we know */
	int has_keyword;
	int ends_well;    /* what was passed on as it is: with a newline */
	uint64_t number;  /* of this line, without those that are ignored */
	uint64_t next;    /* all lines before this one were shown or will not be */
	uint64_t until;   /* lines before this one are in a window */
	struct ring kept; /* lines that are not ignored */
	struct ring all;
};

/* --- what a line says --- */

static int
is_letter(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		(byte >= '0' && byte <= '9') || byte == '_';
}

static void
end_word(struct triage *triage)
{
	if (triage->word_size != 0 && triage->word_size <= WORD_MAX)
		for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
			if (strlen(keywords[i]) == triage->word_size &&
				memcmp(keywords[i], triage->word, triage->word_size) == 0)
				triage->has_keyword = 1;
	triage->word_size = 0;
}

static void
take_escaped(struct triage *triage, unsigned char byte)
{
	switch (triage->escape) {
	case BEGUN:
		if (byte == '[')
			triage->escape = CONTROL;
		else if (byte != '\0' && strchr("]PX^_", byte) != NULL)
			triage->escape = STRING;
		else if (byte < 0x20 || byte > 0x2f)
			triage->escape = PLAIN;
		break;
	case CONTROL:
		if (byte < 0x20 || byte > 0x3f)
			triage->escape = PLAIN;
		break;
	case STRING:
		if (byte == '\a')
			triage->escape = PLAIN;
		else if (byte == 0x1b)
			triage->escape = STRING_BEGUN;
		break;
	case STRING_BEGUN: triage->escape = byte == '\\' ? PLAIN : STRING; break;
	case PLAIN: break;
	}
}

static void
take_plain(struct triage *triage, unsigned char byte)
{
	if (triage->plain != NULL && triage->plain_size < TRIAGE_MATCHED_MAX)
		triage->plain[triage->plain_size++] = (char)byte;
	if (!is_letter(byte)) {
		end_word(triage);
		return;
	}
	if (triage->word_size < WORD_MAX)
		triage->word[triage->word_size] =
			(char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
	triage->word_size += triage->word_size <= WORD_MAX;
}

/* A part of a line, without its newline. */
static void
take_part(struct triage *triage, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (triage->escape != PLAIN)
			take_escaped(triage, byte);
		else if (byte == 0x1b)
			triage->escape = BEGUN;
		else
			take_plain(triage, byte);
	}
}

/* 1, 0, or -1 without memory. */
static int
is_ignored(const struct triage *triage)
{
	size_t size = triage->plain_size;

	if (size != 0 && triage->plain[size - 1] == '\r')
		size--;
	for (uint32_t i = 0; i < triage->rules->n_ignore; i++) {
		const struct triage_ignore *ignore = &triage->rules->ignore[i];
		int matches;

		if (ignore->when == ORD_LOG_IGNORE_SUCCEEDED && triage->rules->failed)
			continue;
		matches = regex_match(&ignore->regex, triage->plain, size);
		if (matches != 0)
			return matches;
	}
	return 0;
}

/* --- showing --- */

static int
say(const struct triage *triage, const char *text, size_t size)
{
	return triage->ends->write(text, size, triage->ends->write_user);
}

/* Read all of it; less only if the log has become shorter; -1 with errno. */
static ssize_t
read_at(const struct triage *triage, char *to, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = triage->ends->read(
			triage->ends->read_user, to + done, size - done, offset + done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static int
show(const struct triage *triage, const struct place *place)
{
	int is_long = place->size > TRIAGE_SHOWN_MAX;
	size_t size = is_long ? TRIAGE_SHOWN_MAX : (size_t)place->size;
	ssize_t got = read_at(triage, triage->shown, size, place->offset);

	if (got < 0)
		return -1;
	size = (size_t)got;
	if (is_long)
		size += (size_t)snprintf(triage->shown + size, CUT_MAX, " ... (%llu bytes more)\n",
			(unsigned long long)(place->size - size));
	else if (size == 0 || triage->shown[size - 1] != '\n')
		triage->shown[size++] = '\n';
	return say(triage, triage->shown, size);
}

static void
ring_put(struct ring *ring, const struct place *place)
{
	if (ring->size != 0)
		ring->places[ring->count++ % ring->size] = *place;
}

static int
show_last(const struct triage *triage, const struct ring *ring)
{
	uint64_t from = ring->count > ring->size ? ring->count - ring->size : 0;
	int status = 0;

	for (; status == 0 && from < ring->count; from++)
		status = show(triage, &ring->places[from % ring->size]);
	return status;
}

/* The window of a line with a keyword, up to that line; what is behind it comes when it is read. */
static int
show_window(struct triage *triage, const struct place *place)
{
	uint64_t from = triage->number > TRIAGE_AROUND ? triage->number - TRIAGE_AROUND : 0;
	int status = 0;

	if (from < triage->next)
		from = triage->next;
	else if (from > triage->next && triage->next != 0)
		status = say(triage, TRIAGE_GAP, sizeof TRIAGE_GAP - 1);
	for (; status == 0 && from < triage->number; from++)
		status = show(triage, &triage->kept.places[from % triage->kept.size]);
	triage->until = triage->number + 1 + TRIAGE_AROUND;
	return status == 0 ? show(triage, place) : status;
}

/* --- the lines --- */

/* One that is not ignored. */
static int
take_line(struct triage *triage, const struct place *place)
{
	int status = 0, windows = !triage->rules->failed || triage->rules->show == ORD_LOG_SNIPPET;

	if (windows && triage->has_keyword)
		status = show_window(triage, place);
	else if (triage->number < triage->until)
		status = show(triage, place);
	if (triage->number < triage->until)
		triage->next = triage->number + 1;
	ring_put(&triage->kept, place);
	triage->number++;
	return status;
}

static int
end_line(struct triage *triage, uint64_t end)
{
	struct place place = { triage->begin, end - triage->begin };
	int status;

	end_word(triage);
	ring_put(&triage->all, &place);
	status = is_ignored(triage);
	if (status == 0)
		status = take_line(triage, &place);
	else if (status > 0)
		status = 0;
	else
		errno = ENOMEM;
	triage->begin = end;
	triage->escape = PLAIN;
	triage->plain_size = 0;
	triage->has_keyword = 0;
	return status;
}

static int
take_piece(struct triage *triage, size_t size, uint64_t offset)
{
	const char *at = triage->piece, *end = at + size;
	int status = 0;

	while (status == 0 && at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		take_part(triage, at, (size_t)((newline != NULL ? newline : end) - at));
		if (newline == NULL)
			break;
		at = newline + 1;
		status = end_line(triage, offset + (uint64_t)(at - triage->piece));
	}
	return status;
}

/* Read to the end; *size: so many bytes there were. */
static int
take_all(struct triage *triage, int (*take)(struct triage *, size_t, uint64_t), uint64_t *size)
{
	int status = 0;
	ssize_t got;

	for (*size = 0; status == 0; *size += (size_t)got) {
		got = triage->ends->read(triage->ends->read_user, triage->piece, PIECE, *size);
		if (got == 0)
			break;
		if (got < 0 && errno != EINTR)
			return -1;
		if (got < 0)
			got = 0;
		else
			status = take(triage, (size_t)got, *size);
	}
	return status;
}

static int
pass_on(struct triage *triage, size_t size, uint64_t offset)
{
	(void)offset;
	triage->ends_well = triage->piece[size - 1] == '\n';
	return say(triage, triage->piece, size);
}

static int
show_full(struct triage *triage)
{
	uint64_t size;
	int status = take_all(triage, pass_on, &size);

	return status == 0 && size != 0 && !triage->ends_well ? say(triage, "\n", 1) : status;
}

static int
show_some(struct triage *triage)
{
	uint64_t size;
	int status = take_all(triage, take_piece, &size);

	if (status == 0 && size > triage->begin)
		status = end_line(triage, size);
	if (status != 0 || !triage->rules->failed || triage->until != 0)
		return status;
	return show_last(triage, triage->kept.count != 0 ? &triage->kept : &triage->all);
}

static int
ring_init(struct ring *ring, uint32_t size)
{
	ring->size = size;
	ring->places = memory_new(size, sizeof *ring->places);
	return ring->places != NULL ? 0 : -1;
}

/* The lines before one with a keyword lie in the same ring as the last lines. */
static int
prepare(struct triage *triage)
{
	uint32_t lines = triage->rules->show == ORD_LOG_TAIL && triage->rules->failed
		? triage->rules->lines
		: TRIAGE_TAIL;

	triage->piece = memory_new(1, PIECE);
	triage->shown = memory_new(1, TRIAGE_SHOWN_MAX + CUT_MAX);
	if (triage->rules->n_ignore != 0)
		triage->plain = memory_new(1, TRIAGE_MATCHED_MAX);
	if (triage->piece == NULL || triage->shown == NULL ||
		(triage->rules->n_ignore != 0 && triage->plain == NULL))
		return -1;
	return ring_init(&triage->kept, lines) == 0 ? ring_init(&triage->all, lines) : -1;
}

int
triage(const struct triage_rules *rules, const struct triage_ends *ends)
{
	struct triage triage = { .rules = rules, .ends = ends };
	int status = prepare(&triage);

	if (status != 0)
		errno = ENOMEM;
	else if (rules->failed && rules->show == ORD_LOG_FULL)
		status = show_full(&triage);
	else
		status = show_some(&triage);
	memory_free(triage.piece);
	memory_free(triage.shown);
	memory_free(triage.plain);
	memory_free(triage.kept.places);
	memory_free(triage.all.places);
	return status;
}
