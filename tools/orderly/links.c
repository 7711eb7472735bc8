/* What may not stand in an address is written as %XX, so no path can end the sequence. */
#include "links.h"

#include <stdio.h>
#include <string.h>

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";

static void
add_encoded(struct text *out, const char *string)
{
	char code[4];

	for (; *string != '\0'; string++) {
		if (strchr(plain, *string) != NULL) {
			text_add_byte(out, *string);
			continue;
		}
		snprintf(code, sizeof code, "%%%02X", (unsigned char)*string);
		text_add_string(out, code);
	}
}

void
links_begin(struct text *out, const char *host, const char *directory, const char *path)
{
	text_add_string(out, "\033]8;;file://");
	add_encoded(out, host);
	if (*path != '/') {
		add_encoded(out, directory);
		text_add_byte(out, '/');
	}
	add_encoded(out, path);
	text_add_string(out, "\033\\");
}

void
links_end(struct text *out)
{
	text_add_string(out, "\033]8;;\033\\");
}
