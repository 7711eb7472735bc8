/*
 * Files that are right, each with all that is in it, key by key, as
 * good_files.txt has it.  With ORDERLY_ACCEPT=FILE the cases are written there
 * with what is found now.
 */
#include <criterion/criterion.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "cases.h"
#include "graph/file/file.h"
#include "graph/file/keys.h"

static void dump(struct buffer *to, const struct section *section, const void *from, int depth);

static void
put(struct buffer *to, int depth, const char *format, ...)
{
	char text[2048];
	va_list arguments;

	memset(text, ' ', 64);
	va_start(arguments, format);
	vsnprintf(text + 2 * depth, sizeof text - 64, format, arguments);
	va_end(arguments);
	buffer_append(to, text, strlen(text));
}

/* Text with its line ends seen. */
static void
put_text(struct buffer *to, const struct file_text *text)
{
	put(to, 0, " <");
	for (const char *at = text->text; *at != '\0'; at++)
		put(to, 0, *at == '\n' ? "\\n" : "%c", *at);
	put(to, 0, ">");
}

static void
put_texts(struct buffer *to, const struct file_texts *texts)
{
	for (uint32_t i = 0; i < texts->n; i++)
		put_text(to, &texts->items[i]);
}

static void
dump_items(struct buffer *to, const struct key *key, const struct file_items *items, int depth)
{
	static const struct key units = {
		.name = "units", .kind = KEY_INT, .offset = offsetof(struct file_lock, units)
	};
	static const struct section lock = { "a lock", &units, 1, sizeof(struct file_lock) };
	const struct section *section = key->kind == KEY_UNITS ? &lock : key->section;

	put(to, depth, "%s: %u\n", key->name, items->n);
	for (uint32_t i = 0; i < items->n; i++) {
		const void *item = (const char *)items->items + (size_t)i * section->size;

		put(to, depth, "-");
		if (key->kind != KEY_ITEMS)
			put_text(to, item);
		put(to, 0, "\n");
		dump(to, section, item, depth + 1);
	}
}

static void
dump_key(struct buffer *to, const struct key *key, const void *field, int depth)
{
	const struct file_text *text = field;
	const struct file_texts *texts = field;
	const struct file_command *command = field;
	const struct file_pairs *pairs = field;
	const struct file_number *number = field;

	switch (key->kind) {
	case KEY_TEXT:
		if (text->place.file == 0)
			return;
		put(to, depth, "%s:", key->name);
		put_text(to, text);
		break;
	case KEY_TEXTS:
		if (texts->n == 0)
			return;
		put(to, depth, "%s:", key->name);
		put_texts(to, texts);
		break;
	case KEY_COMMAND:
		if (command->shell.text == NULL && command->list.n == 0)
			return;
		put(to, depth, "%s %s:", key->name, command->shell.text != NULL ? "line" : "list");
		if (command->shell.text != NULL)
			put_text(to, &command->shell);
		put_texts(to, &command->list);
		break;
	case KEY_PAIRS:
		if (pairs->n == 0)
			return;
		put(to, depth, "%s:", key->name);
		for (uint32_t i = 0; i < pairs->n; i++) {
			put_text(to, &pairs->items[i].name);
			put(to, 0, " =");
			put_text(to, &pairs->items[i].value);
		}
		break;
	case KEY_STRUCT: dump(to, key->section, field, depth + 1); return;
	case KEY_ITEMS:
	case KEY_NAMED:
	case KEY_UNITS:
		if (((const struct file_items *)field)->place.file != 0)
			dump_items(to, key, field, depth);
		return;
	default:
		if (number->place.file == 0)
			return;
		put(to, depth, "%s: %lld", key->name, (long long)number->value);
		break;
	}
	put(to, 0, "\n");
}

static void
dump(struct buffer *to, const struct section *section, const void *from, int depth)
{
	for (uint32_t i = 0; i < section->n; i++)
		dump_key(
			to, &section->keys[i], (const char *)from + section->keys[i].offset, depth);
}

/* What is in a file, without the newline at its end, or the sentence. */
static void
loaded(struct buffer *to, const char *text, size_t size)
{
	struct file_memory memory = { "dir/orderly.yaml", text, size };
	struct graph_file file;

	if (file_load_memory(&file, &memory) == 0)
		dump(to, &keys_file, &file.all, 0);
	else
		put(to, 0, "%s", file.error.text);
	if (to->size > 0 && to->bytes[to->size - 1] == '\n')
		to->size--;
	buffer_append(to, "", 1);
	file_finish(&file);
}

Test(file_good, contents)
{
	const char *accept = getenv("ORDERLY_ACCEPT");
	FILE *to = accept != NULL ? fopen(accept, "w") : NULL;
	struct file_cases cases;
	unsigned wrong = 0;

	cases_read(&cases, "good_files.txt");
	cr_assert_geq(cases.n, 40);
	for (size_t i = 0; i < cases.n; i++) {
		const struct file_case *one = &cases.cases[i];
		struct buffer found = { 0 };

		loaded(&found, one->text, one->size);
		if (to != NULL)
			fprintf(to, "=== %s\n%s---- \n%s\n", one->name, one->text, found.bytes);
		else if (strcmp(found.bytes, one->expected) != 0) {
			fprintf(stderr, "=== %s\n%s\n--- expected\n%s\n", one->name, found.bytes,
				one->expected);
			wrong++;
		}
		buffer_finish(&found);
	}
	cases_free(&cases);
	if (to != NULL)
		fclose(to);
	cr_assert_eq(wrong, 0);
}
