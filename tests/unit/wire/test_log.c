/* LOG records: what is written comes back, and nothing is read beyond what a hostile one says. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "wire/log.h"

/* A block of exactly these bytes, so that the sanitizers see a step beyond. */
static char *
exactly(const char *bytes, size_t size)
{
	char *copy = malloc(size != 0 ? size : 1);

	cr_assert_not_null(copy);
	if (size != 0)
		memcpy(copy, bytes, size);
	return copy;
}

static uint32_t
write_log(char *payload, const char *file, uint32_t file_size, const char *text, size_t size)
{
	size_t before = log_encode(payload, UINT64_C(0x1122334455667788), 42, file, file_size);

	memcpy(payload + before, text, size);
	payload[before + size] = '\0';
	return (uint32_t)(before + size + 1);
}

Test(log, comes_back)
{
	static const struct {
		const char *file;
		uint32_t file_size;
		const char *text;
		size_t size;
	} cases[] = { { "main.c", 6, "hello", 5 }, { "", 0, "hello", 5 }, { "main.c", 6, "", 0 },
		{ "", 0, "", 0 }, { "main.c", 6, "a\0b\0", 4 }, { NULL, LOG_FILE_SAME, "hello", 5 },
		{ NULL, LOG_FILE_SAME, "", 0 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char payload[64], *copy;
		uint32_t size = write_log(
			payload, cases[i].file, cases[i].file_size, cases[i].text, cases[i].size);
		struct log_record log = { 0 };

		copy = exactly(payload, size);
		cr_assert_eq(log_decode(&log, copy, size), 0, "case %zu", i);
		cr_assert_eq(log.time_ns, UINT64_C(0x1122334455667788));
		cr_assert_eq(log.line, 42);
		cr_assert_eq(log.file_size, cases[i].file_size);
		cr_assert_eq(log.file == NULL, cases[i].file == NULL);
		if (log.file != NULL)
			cr_assert_str_eq(log.file, cases[i].file);
		cr_assert_eq(log.text_size, cases[i].size);
		cr_assert_arr_eq(log.text, cases[i].text, cases[i].size + 1);
		free(copy);
	}
}

Test(log, the_largest)
{
	size_t all = LOG_HEAD + LOG_FILE_MAX + 1 + LOG_TEXT_MAX + 1;
	char *payload = malloc(all);
	char *file = malloc(LOG_FILE_MAX + 1), *text = malloc(LOG_TEXT_MAX);
	struct log_record log = { 0 };
	uint32_t size;

	cr_assert(payload != NULL && file != NULL && text != NULL);
	cr_assert_eq(all, RECORD_PAYLOAD_MAX);
	memset(file, 'f', LOG_FILE_MAX + 1);
	memset(text, 't', LOG_TEXT_MAX);
	size = write_log(payload, file, LOG_FILE_MAX, text, LOG_TEXT_MAX);
	cr_assert_eq(size, all);
	cr_assert_eq(log_decode(&log, payload, size), 0);
	cr_assert_eq(log.text_size, LOG_TEXT_MAX);
	cr_assert_eq(strlen(log.file), LOG_FILE_MAX);
	free(text);
	free(file);
	free(payload);
}

Test(log, every_truncation_is_bad_unless_it_ends_with_a_nul)
{
	char payload[64];
	uint32_t size = write_log(payload, "main.c", 6, "hello", 5);

	for (uint32_t cut = 0; cut <= size; cut++) {
		char *copy = exactly(payload, cut);
		struct log_record log = { 0 };

		cr_assert_eq(log_decode(&log, copy, cut), cut == size ? 0 : -1, "cut at %u", cut);
		if (cut != 0) {
			copy[cut - 1] = '\0';
			cr_assert_eq(log_decode(&log, copy, cut), cut > 16 + 7 ? 0 : -1);
		}
		free(copy);
	}
}

Test(log, a_file_name_that_does_not_fit_is_bad)
{
	static const uint32_t sizes[] = { 12, 13, LOG_FILE_MAX, LOG_FILE_MAX + 1, INT32_MAX,
		UINT32_MAX - 17, UINT32_MAX - 1 };
	struct log_record log = { 0 };
	char payload[64];
	uint32_t size;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size = write_log(payload, "main.c", 6, "hello", 5);
		memcpy(payload + 12, &sizes[i], 4);
		cr_assert_eq(log_decode(&log, payload, size), -1, "size %u", sizes[i]);
	}
}

Test(log, a_name_or_text_without_its_nul_is_bad)
{
	struct log_record log = { 0 };
	char payload[64];
	uint32_t size = write_log(payload, "main.c", 6, "hello", 5);

	payload[16 + 6] = 'x';
	cr_assert_eq(log_decode(&log, payload, size), -1);
	payload[16 + 6] = '\0';
	payload[size - 1] = 'x';
	cr_assert_eq(log_decode(&log, payload, size), -1);
	payload[size - 1] = '\0';
	cr_assert_eq(log_decode(&log, payload, size), 0);
}
