/*
 * The table of keys as a JSON Schema: what an editor completes, explains and
 * underlines is what the loader takes.  Text may look like a number or a bool
 * there, since editors decide by its looks and the loader does not.
 */
#include "graph/file/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <orderly/export.h>

#include "graph/file/keys.h"

#define TEXT "{\"type\": [\"string\", \"number\", \"boolean\"]}"
#define DURATION \
	"{\"type\": [\"string\", \"integer\"], \"pattern\": \"^(0|( *[0-9]+([.][0-9]+)? *(ms|milliseconds?|s|sec|seconds?|m|min|minutes?|h|hours?|d|days?|w|weeks?))+)$\", \"maximum\": 0, \"minimum\": 0}"
#define BOOL "{\"enum\": [true, false, \"yes\", \"no\", \"on\", \"off\", 0, 1]}"
#define SIGNAL "{\"type\": \"string\", \"pattern\": \"^(SIG)?(TERM|INT|HUP|QUIT|KILL|USR1|USR2)$\"}"

struct writer {
	struct buffer *to;
	int failed;
};

static void write_section(struct writer *writer, const struct section *section);

static void put(struct writer *writer, const char *format, ...) ORD_PRINTF(2, 3);

static void
put(struct writer *writer, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (buffer_append(writer->to, text, strlen(text)) != 0)
		writer->failed = 1;
}

/* Words as an enum; one with a number behind it as a pattern. */
static void
write_words(struct writer *writer, const char *words)
{
	const char *numbered = strstr(words, ":N"), *separator = "";

	put(writer, "{\"anyOf\": [{\"enum\": [");
	for (const char *word = words; *word != '\0'; word += strspn(word, " ")) {
		size_t size = strcspn(word, " ");

		if (memchr(word, ':', size) == NULL) {
			put(writer, "%s\"%.*s\"", separator, (int)size, word);
			separator = ", ";
		}
		word += size;
	}
	put(writer, "]}");
	if (numbered != NULL) {
		const char *word = numbered;

		while (word > words && word[-1] != ' ')
			word--;
		put(writer, ", {\"type\": \"string\", \"pattern\": \"^%.*s:[1-9][0-9]*$\"}",
			(int)(numbered - word), word);
	}
	put(writer, "]}");
}

static void
write_value(struct writer *writer, const struct key *key)
{
	switch (key->kind) {
	case KEY_TEXTS:
	case KEY_COMMAND:
		put(writer, "{\"anyOf\": [" TEXT ", {\"type\": \"array\", \"items\": " TEXT "}]}");
		break;
	case KEY_PAIRS:
		put(writer, "{\"type\": \"object\", \"additionalProperties\": " TEXT "}");
		break;
	case KEY_BOOL: put(writer, BOOL); break;
	case KEY_INT:
		put(writer,
			"{\"anyOf\": [{\"type\": \"integer\", \"minimum\": %lld, \"maximum\": %lld}",
			(long long)key->least, (long long)key->most);
		put(writer, key->words != NULL ? ", {\"enum\": [\"%s\"]}]}" : "]}%s",
			key->words != NULL ? key->words : "");
		break;
	case KEY_DECIMAL:
		put(writer, "{\"type\": \"number\", \"minimum\": %lld, \"maximum\": %lld}",
			(long long)key->least, (long long)key->most);
		break;
	case KEY_DURATION: put(writer, DURATION); break;
	case KEY_SIGNAL: put(writer, SIGNAL); break;
	case KEY_WORD: write_words(writer, key->words); break;
	case KEY_STRUCT: write_section(writer, key->section); break;
	case KEY_ITEMS:
		put(writer, "{\"anyOf\": [" TEXT ", {\"type\": \"array\", \"items\": ");
		write_section(writer, key->section);
		put(writer, "}]}");
		break;
	case KEY_NAMED:
		put(writer, "{\"type\": \"object\", \"additionalProperties\": ");
		write_section(writer, key->section);
		put(writer, "}");
		break;
	case KEY_UNITS:
		put(writer,
			"{\"anyOf\": [" TEXT ", {\"type\": \"array\", \"items\": {\"anyOf\": [" TEXT
			", {\"type\": \"object\", \"additionalProperties\": {\"type\": \"integer\", \"minimum\": 1}}]}}]}");
		break;
	default: put(writer, TEXT); break;
	}
}

/* The keys that must be given, or of which one must be. */
static void
write_required(struct writer *writer, const struct section *section)
{
	const char *separator = "";

	for (uint32_t i = 0; i < section->n; i++)
		if (section->keys[i].flags & KEY_NEEDED)
			put(writer, ", \"required\": [\"%s\"]", section->keys[i].name);
	for (uint32_t i = 0; i < section->n; i++) {
		if (!(section->keys[i].flags & KEY_ONE_OF))
			continue;
		put(writer, "%s{\"required\": [\"%s\"]}",
			*separator == '\0' ? ", \"oneOf\": [" : separator, section->keys[i].name);
		separator = ", ";
	}
	if (*separator != '\0')
		put(writer, "]");
}

static void
write_section(struct writer *writer, const struct section *section)
{
	const struct key *alone = keys_short(section);

	if (alone != NULL) {
		put(writer, "{\"anyOf\": [");
		write_value(writer, alone);
		put(writer, ", ");
	}
	put(writer, "{\"type\": \"object\", \"additionalProperties\": false");
	write_required(writer, section);
	put(writer, ", \"properties\": {");
	for (uint32_t i = 0; i < section->n; i++) {
		const struct key *key = &section->keys[i];

		put(writer, "%s\n\"%s\": {\"description\": \"%s\", \"allOf\": [", i > 0 ? "," : "",
			key->name, key->purpose);
		write_value(writer, key);
		put(writer, "]}");
	}
	put(writer, "}}");
	if (alone != NULL)
		put(writer, "]}");
}

int
schema_write(struct buffer *to)
{
	struct writer writer = { .to = to };

	put(&writer,
		"{\"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
		"\"title\": \"a graph of orderly\",\n\"allOf\": [");
	write_section(&writer, &keys_file);
	put(&writer, "]}\n");
	return writer.failed ? -1 : 0;
}
