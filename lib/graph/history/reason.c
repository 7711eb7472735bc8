/*
 * Reasons as sentences.  Long texts that differ are shown from shortly before
 * their first difference on, and what is no text is escaped, so that a file
 * name cannot write to a terminal.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "graph/history/stale.h"

#define SHOWN 48  /* bytes of a text that differs */
#define BEFORE 12 /* of them in front of the difference */

/* A sentence that grows in a fixed room. */
struct sentence {
	char *to;
	size_t size, used;
};

static void
say(struct sentence *sentence, const char *text)
{
	while (*text != '\0' && sentence->used + 1 < sentence->size)
		sentence->to[sentence->used++] = *text++;
	if (sentence->size != 0)
		sentence->to[sentence->used] = '\0';
}

/* How many bytes of UTF-8 make the character at text, 0 if it is none or a control. */
static size_t
character(const unsigned char *text, size_t size)
{
	size_t more = text[0] < 0x80 ? 0 : text[0] >= 0xf0 ? 3 : text[0] >= 0xe0 ? 2 : 1;

	if (text[0] < 0x20 || text[0] == 0x7f || (text[0] >= 0x80 && text[0] < 0xc2) ||
		text[0] > 0xf4 || more >= size)
		return 0;
	for (size_t i = 1; i <= more; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* U+0080 to U+009F are controls, too. */
	return text[0] == 0xc2 && text[1] < 0xa0 ? 0 : more + 1;
}

static void
say_bytes(struct sentence *sentence, const char *text, size_t size)
{
	while (size != 0) {
		size_t length = character((const unsigned char *)text, size);
		char piece[8] = { 0 };

		if (length != 0)
			memcpy(piece, text, length);
		else if (*text == '\n' || *text == '\t')
			snprintf(piece, sizeof piece, "\\%c", *text == '\n' ? 'n' : 't');
		else
			snprintf(piece, sizeof piece, "\\x%02x", (unsigned)(unsigned char)*text);
		say(sentence, piece);
		length += length == 0;
		text += length;
		size -= length;
	}
}

static void
say_name(struct sentence *sentence, const char *before, const char *name)
{
	say(sentence, before);
	say_bytes(sentence, name, strlen(name));
}

/* A part of a text in quotes, with dots where it goes on. */
static void
say_cut(struct sentence *sentence, const char *text, size_t from)
{
	size_t size = strlen(text + from), shown = size < SHOWN ? size : SHOWN;

	say(sentence, from != 0 ? "\"..." : "\"");
	say_bytes(sentence, text + from, shown);
	say(sentence, shown < size ? "...\"" : "\"");
}

static void
say_texts(struct sentence *sentence, const char *old, const char *new)
{
	size_t same = 0;

	while (old[same] != '\0' && old[same] == new[same])
		same++;
	same = same > BEFORE ? same - BEFORE : 0;
	/* Not from the middle of a character. */
	while (same != 0 && ((unsigned char)old[same] & 0xc0) == 0x80)
		same--;
	say(sentence, " changed (");
	say_cut(sentence, old, same);
	say(sentence, " -> ");
	say_cut(sentence, new, same);
	say(sentence, ")");
}

static void
say_definition(struct sentence *sentence, const struct reason *reason)
{
	say_name(sentence, "", reason->name);
	if (reason->detail == DETAIL_TEXT) {
		say_texts(sentence, reason->old_text, reason->new_text);
		return;
	}
	say(sentence, reason->detail == DETAIL_ADDED ? " is new (" : " is gone (it was ");
	say_cut(sentence, reason->detail == DETAIL_ADDED ? reason->new_text : reason->old_text, 0);
	say(sentence, ")");
}

static const char *
kind_name(uint64_t kind)
{
	static const char *const names[] = { "nothing", "a file", "a directory", "a special file" };

	return kind < sizeof names / sizeof *names ? names[kind] : "something else";
}

/* What has changed in a file. */
static void
say_change(struct sentence *sentence, const struct reason *reason)
{
	char text[96] = "";

	switch (reason->detail) {
	case DETAIL_SIZE:
		snprintf(text, sizeof text, " (size %llu -> %llu)",
			(unsigned long long)reason->old_number,
			(unsigned long long)reason->new_number);
		break;
	case DETAIL_HASH:
		snprintf(text, sizeof text, " (hash %08x.. -> %08x..)",
			(unsigned)(reason->old_hash.high >> 32),
			(unsigned)(reason->new_hash.high >> 32));
		break;
	case DETAIL_TIME: say(sentence, " (its time or inode)"); break;
	case DETAIL_KIND:
		snprintf(text, sizeof text, " (%s -> %s)", kind_name(reason->old_number),
			kind_name(reason->new_number));
		break;
	default: say(sentence, " or may have: its content cannot be compared"); break;
	}
	say(sentence, text);
}

static void
say_dep(struct sentence *sentence, const struct reason *reason)
{
	char text[64];

	say_name(sentence, "dep ", reason->name);
	if (reason->detail == DETAIL_REMOVED) {
		say(sentence, " is no dep any more");
	} else if (reason->new_number == 0) {
		say(sentence, " has not succeeded yet");
	} else if (reason->new_number >= VERSION_UNREAL) {
		say(sentence, " would run before it");
	} else {
		snprintf(text, sizeof text,
			reason->detail == DETAIL_ADDED ? " is new (version %llu)"
						       : " has a new version (%llu)",
			(unsigned long long)reason->new_number);
		say(sentence, text);
	}
}

/* A duration with its largest unit, and one more figure if that is small. */
static void
say_duration(struct sentence *sentence, uint64_t ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "d", 86400 * CLOCK_NS_PER_S }, { "h", 3600 * CLOCK_NS_PER_S },
		{ "min", 60 * CLOCK_NS_PER_S }, { "s", CLOCK_NS_PER_S }, { "ms", CLOCK_NS_PER_MS },
		{ "ns", 1 } };
	size_t unit = 0;
	char text[48];

	while (units[unit].ns > ns && units[unit].ns != 1)
		unit++;
	if (ns % units[unit].ns == 0 || ns / units[unit].ns >= 10)
		snprintf(text, sizeof text, "%llu %s", (unsigned long long)(ns / units[unit].ns),
			units[unit].name);
	else
		snprintf(text, sizeof text, "%.1f %s", (double)ns / (double)units[unit].ns,
			units[unit].name);
	say(sentence, text);
}

static void
say_age(struct sentence *sentence, const struct reason *reason)
{
	say_name(sentence, "output ", reason->name);
	say(sentence, " is older than ");
	say_duration(sentence, reason->old_number);
	say(sentence, " (");
	say_duration(sentence, reason->new_number);
	say(sentence, ")");
}

static const char *
force_text(uint32_t force)
{
	static const char *const texts[] = { "", "it was asked for by force",
		"a full run was asked for", "it is never skipped (no_skip)",
		"it always runs (always)" };

	return force < sizeof texts / sizeof *texts ? texts[force] : "forced";
}

size_t
reason_text(const struct reason *reason, char *to, size_t size)
{
	struct sentence sentence = { to, size, 0 };

	say(&sentence, "");
	switch (reason->kind) {
	case REASON_FORCED: say(&sentence, force_text(reason->detail)); break;
	case REASON_NO_RECORD: say(&sentence, "there is no record of a success"); break;
	case REASON_ATTEMPT:
		say(&sentence,
			reason->detail == ATTEMPT_FAILED
				? "the last attempt failed"
				: "the last attempt did not come to its end");
		break;
	case REASON_DEFINITION: say_definition(&sentence, reason); break;
	case REASON_NOTHING_TO_COMPARE:
		say(&sentence, "it has neither inputs nor deps to compare");
		break;
	case REASON_INPUT_SET:
		say_name(&sentence, "input ", reason->name);
		say(&sentence, reason->detail == DETAIL_ADDED ? " is new" : " is gone");
		break;
	case REASON_INPUT:
		say_name(&sentence, "input ", reason->name);
		say(&sentence, " changed");
		say_change(&sentence, reason);
		break;
	case REASON_DEP: say_dep(&sentence, reason); break;
	case REASON_OUTPUT_MISSING:
		say_name(&sentence, "output ", reason->name);
		say(&sentence, " is missing");
		break;
	case REASON_OUTPUT_CHANGED:
		say_name(&sentence, "output ", reason->name);
		say(&sentence, " was changed by someone else");
		say_change(&sentence, reason);
		break;
	default: say_age(&sentence, reason); break;
	}
	return sentence.used;
}
