/*
 * A machine of four states, so that a sequence may be cut anywhere between two
 * pieces.  Only colours (CSI … m) may stay: whatever moves the cursor would
 * destroy what else is on the terminal.
 */
#include "ansi.h"

#include <string.h>

#define SEQUENCE_MAX 256 /* longer ones are no colours */

enum { PLAIN, ESCAPE, CSI, STRING, STRING_ESCAPE };

static void
put(struct ansi *ansi, char byte, struct text *out)
{
	unsigned char c = (unsigned char)byte;

	if (ansi->controls || c >= 0x20 || byte == '\n' || byte == '\t' || byte == '\r')
		text_add_byte(out, byte);
}

/* A byte of ESC [ …: the one that ends it says what it was. */
static void
step_csi(struct ansi *ansi, char byte, struct text *out)
{
	if (ansi->pending.size <= SEQUENCE_MAX)
		text_add_byte(&ansi->pending, byte);
	if (byte >= 0x20 && byte < 0x40)
		return;
	if (byte == 'm' && ansi->colors && ansi->pending.size <= SEQUENCE_MAX) {
		text_add(out, ansi->pending.bytes, ansi->pending.size);
		ansi->colored = true;
	}
	ansi->state = PLAIN;
	if (byte == '\n')
		text_add_byte(out, byte);
}

static void
step_escape(struct ansi *ansi, char byte, struct text *out)
{
	if (byte == '[') {
		ansi->state = CSI;
		text_add_byte(&ansi->pending, byte);
	} else if (byte != '\0' && strchr("]P_^X", byte) != NULL) {
		ansi->state = STRING;
	} else if (byte < 0x20 || byte > 0x2f) {
		ansi->state = PLAIN;
		if (byte == '\n')
			text_add_byte(out, byte);
	}
}

static void
step(struct ansi *ansi, char byte, struct text *out)
{
	switch (ansi->state) {
	case ESCAPE: step_escape(ansi, byte, out); return;
	case CSI: step_csi(ansi, byte, out); return;
	case STRING:
		if (byte == '\a')
			ansi->state = PLAIN;
		else if (byte == '\033')
			ansi->state = STRING_ESCAPE;
		else if (byte == '\n') { /* nobody ended it: better a strange line than none */
			ansi->state = PLAIN;
			text_add_byte(out, byte);
		}
		return;
	case STRING_ESCAPE: ansi->state = byte == '\\' ? PLAIN : STRING; return;
	default: put(ansi, byte, out);
	}
}

void
ansi_filter(struct ansi *ansi, const char *bytes, size_t size, struct text *out)
{
	const char *end = bytes + size, *escape;

	while (bytes < end) {
		if (ansi->state == PLAIN && ansi->controls) {
			escape = memchr(bytes, '\033', (size_t)(end - bytes));
			text_add(out, bytes, (size_t)((escape != NULL ? escape : end) - bytes));
			if (escape == NULL)
				return;
			bytes = escape;
		}
		if (ansi->state == PLAIN && *bytes == '\033') {
			ansi->state = ESCAPE;
			text_clear(&ansi->pending);
			text_add_byte(&ansi->pending, *bytes);
		} else {
			step(ansi, *bytes, out);
		}
		bytes++;
	}
}

void
ansi_end(struct ansi *ansi, struct text *out)
{
	bool newline = out->size > 0 && out->bytes[out->size - 1] == '\n';

	if (ansi->colored) {
		out->size -= newline;
		text_add_string(out, "\033[0m");
		text_add(out, "\n", newline);
	}
	ansi->colored = false;
	ansi->state = PLAIN;
	text_clear(&ansi->pending);
}

void
ansi_finish(struct ansi *ansi)
{
	text_finish(&ansi->pending);
}
