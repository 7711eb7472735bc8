/* A row is written when its task is delivered, before the loop waits again: after a crash only the last are missing. */
#include "joblog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"

static const char head[] =
	"Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";

bool
joblog_open(struct joblog *joblog, const char *path)
{
	bool append = *path == '+';
	struct stat status;

	*joblog = (struct joblog){ .path = append ? path + 1 : path };
	joblog->fd = open(
		joblog->path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666);
	if (joblog->fd < 0 || fstat(joblog->fd, &status) != 0) {
		complain_errno(errno, "cannot write the job log %s", joblog->path);
		return false;
	}
	if (!append || status.st_size == 0)
		text_add(&joblog->rows, head, sizeof head - 1);
	joblog_flush(joblog);
	if (!joblog->failed)
		return true;
	close(joblog->fd);
	text_finish(&joblog->rows);
	return false;
}

void
joblog_format(struct text *out, const struct joblog_row *row)
{
	char columns[256];
	uint64_t started = row->started_ns / 1000000, ran = (row->ran_ns + 500000) / 1000000;
	size_t i, begin;
	int n;

	n = snprintf(columns, sizeof columns,
		"%llu\t:\t%llu.%03u\t%6llu.%03u\t%llu\t%llu\t%d\t%d\t",
		(unsigned long long)row->number, (unsigned long long)(started / 1000),
		(unsigned)(started % 1000), (unsigned long long)(ran / 1000),
		(unsigned)(ran % 1000), (unsigned long long)row->sent,
		(unsigned long long)row->received, row->exit_code, row->signal);
	text_add(out, columns, (size_t)n);
	begin = out->size;
	text_add(out, row->command->bytes, row->command->size);
	/* A newline would end the row; a NUL cannot be in a command. */
	for (i = begin; i < out->size; i++)
		if (out->bytes[i] == '\n')
			out->bytes[i] = '\0';
	text_add_byte(out, '\n');
}

void
joblog_add(struct joblog *joblog, const struct joblog_row *row)
{
	joblog_format(&joblog->rows, row);
}

void
joblog_flush(struct joblog *joblog)
{
	size_t done = 0;
	ssize_t n;

	while (done < joblog->rows.size && !joblog->failed) {
		n = write(joblog->fd, joblog->rows.bytes + done, joblog->rows.size - done);
		if (n > 0) {
			done += (size_t)n;
		} else if (n < 0 && errno != EINTR) {
			joblog->failed = true;
			complain_errno(errno, "cannot write the job log %s", joblog->path);
		}
	}
	text_clear(&joblog->rows);
}

bool
joblog_close(struct joblog *joblog)
{
	if (joblog->fd == 0)
		return true;
	joblog_flush(joblog);
	if (close(joblog->fd) != 0 && !joblog->failed) {
		joblog->failed = true;
		complain_errno(errno, "cannot write the job log %s", joblog->path);
	}
	joblog->fd = 0;
	text_finish(&joblog->rows);
	return !joblog->failed;
}
