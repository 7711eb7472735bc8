/*
 * LOG records: their payload, written and taken apart.  Text and file name end
 * with a NUL inside the record, so that the reader shows them where they lie;
 * a name is told once, until another comes.
 */
#ifndef WIRE_LOG_H
#define WIRE_LOG_H

#include "wire/record.h"

#define LOG_HEAD 16u             /* bytes before the file name */
#define LOG_FILE_MAX 1024u       /* of a name without its NUL */
#define LOG_FILE_SAME UINT32_MAX /* instead of its size: the name of the LOG before */
#define LOG_TEXT_MAX (RECORD_PAYLOAD_MAX - LOG_HEAD - (LOG_FILE_MAX + 1) - 1)

struct log_record {
	uint64_t time_ns;
	uint32_t line;
	uint32_t file_size; /* LOG_FILE_SAME: as in the one before */
	const char *file;   /* file[file_size] and a NUL; NULL: as in the one before */
	const char *text;   /* text[text_size] and a NUL */
	uint32_t text_size;
};

/* Write what stands before the text, but file_size bytes of a name and a NUL only if it is told; how much that was. */
static inline size_t
log_encode(char *payload, uint64_t time_ns, uint32_t line, const char *file, uint32_t file_size)
{
	wire_put64(payload, time_ns);
	wire_put64(payload + 8, (uint64_t)file_size << 32 | line);
	if (file_size == LOG_FILE_SAME)
		return LOG_HEAD;
	memcpy(payload + LOG_HEAD, file, file_size);
	payload[LOG_HEAD + file_size] = '\0';
	return LOG_HEAD + file_size + 1;
}

/* Take payload[size] apart; -1 if its parts do not fit or a NUL is not where it must be. */
static inline int
log_decode(struct log_record *log, const char *payload, uint32_t size)
{
	uint64_t word;
	uint32_t before = LOG_HEAD;

	if (size <= LOG_HEAD || payload[size - 1] != '\0')
		return -1;
	log->time_ns = wire_get64(payload);
	word = wire_get64(payload + 8);
	log->line = (uint32_t)word;
	log->file_size = (uint32_t)(word >> 32);
	log->file = NULL;
	if (log->file_size != LOG_FILE_SAME) {
		if (log->file_size > LOG_FILE_MAX || log->file_size + 1 >= size - LOG_HEAD ||
			payload[LOG_HEAD + log->file_size] != '\0')
			return -1;
		log->file = payload + LOG_HEAD;
		before += log->file_size + 1;
	}
	log->text = payload + before;
	log->text_size = size - before - 1;
	return 0;
}

#endif
