/* $MAKEFLAGS: makeflags.h. */
#include "graph/jobserver/makeflags.h"

#include <stdio.h>
#include <string.h>

#define JOBS_MAX 100000

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The word at *at, which is moved behind it; empty: no more, or variables follow. */
static struct span
next_word(const char **at)
{
	struct span word;

	while (is_blank(**at))
		++*at;
	word.at = *at;
	while (**at != '\0' && !is_blank(**at))
		++*at;
	word.size = (size_t)(*at - word.at);
	if (word.size == 2 && memcmp(word.at, "--", 2) == 0) {
		*at = word.at;
		word.size = 0;
	}
	return word;
}

/* Whether a word begins so; *rest is what follows. */
static int
begins(struct span word, const char *with, struct span *rest)
{
	size_t size = strlen(with);

	if (word.size < size || memcmp(word.at, with, size) != 0)
		return 0;
	*rest = (struct span){ word.at + size, word.size - size };
	return 1;
}

static int
is_offer(struct span word, struct span *offer)
{
	return begins(word, "--jobserver-auth=", offer) || begins(word, "--jobserver-fds=", offer);
}

/* -jN, --jobs=N, or either without a number. */
static int
is_jobs(struct span word, struct span *number)
{
	return begins(word, "--jobs=", number) ||
		(begins(word, "--jobs", number) && number->size == 0) || begins(word, "-j", number);
}

/* A number from 0 up to most that is all of the text; -1: it is not. */
static long
number_of(struct span text, long most)
{
	long number = 0;

	if (text.size == 0)
		return -1;
	for (size_t i = 0; i < text.size; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return -1;
		number = number * 10 + (text.at[i] - '0');
		if (number > most)
			return -1;
	}
	return number;
}

static void
read_offer(struct span offer, struct makeflags *flags)
{
	const char *comma = memchr(offer.at, ',', offer.size);
	size_t left = comma != NULL ? (size_t)(comma - offer.at) : 0;
	long reader, writer;

	flags->offer = offer;
	flags->kind = MAKEFLAGS_WRONG;
	if (begins(offer, "fifo:", &flags->path)) {
		if (flags->path.size != 0)
			flags->kind = MAKEFLAGS_FIFO;
		return;
	}
	if (comma == NULL)
		return;
	reader = number_of((struct span){ offer.at, left }, INT32_MAX);
	writer = number_of((struct span){ comma + 1, offer.size - left - 1 }, INT32_MAX);
	if (reader < 0 || writer < 0)
		return;
	flags->reader = (int)reader;
	flags->writer = (int)writer;
	flags->kind = MAKEFLAGS_PIPE;
}

void
makeflags_read(const char *text, struct makeflags *flags)
{
	const char *at = text != NULL ? text : "";
	struct span word, rest;

	*flags = (struct makeflags){ .reader = -1, .writer = -1 };
	while ((word = next_word(&at)).size != 0) {
		if (is_offer(word, &rest)) {
			read_offer(rest, flags);
		} else if (is_jobs(word, &rest)) {
			long jobs = number_of(rest, JOBS_MAX);

			flags->jobs = jobs > 0 ? (uint32_t)jobs : 0;
		}
	}
}

/* Short flags stand first and without a dash; a variable or a long option is none. */
static int
is_short_flags(const char *old, struct span word)
{
	return word.at == old && word.size != 0 && *word.at != '-' &&
		memchr(word.at, '=', word.size) == NULL;
}

static int
append_jobs(struct buffer *to, uint32_t jobs, const char *auth)
{
	char number[16] = "";

	if (jobs != 0)
		snprintf(number, sizeof number, "%u", jobs);
	if (buffer_append(to, " -j", 3) != 0 || buffer_append(to, number, strlen(number)) != 0 ||
		buffer_append(to, " --jobserver-auth=", 18) != 0)
		return -1;
	return buffer_append(to, auth, strlen(auth));
}

static int
append_others(struct buffer *to, const char *at)
{
	struct span word, rest;

	while ((word = next_word(&at)).size != 0) {
		if (is_offer(word, &rest) || is_jobs(word, &rest))
			continue;
		if (buffer_append(to, " ", 1) != 0 || buffer_append(to, word.at, word.size) != 0)
			return -1;
	}
	if (*at != '\0' &&
		(buffer_append(to, " ", 1) != 0 || buffer_append(to, at, strlen(at)) != 0))
		return -1;
	return buffer_append(to, "", 1);
}

int
makeflags_write(struct buffer *to, const char *old, uint32_t jobs, const char *auth)
{
	const char *at = old != NULL ? old : "";
	const char *behind = at;
	struct span word = next_word(&behind);

	if (buffer_append(to, "MAKEFLAGS=", 10) != 0)
		return -1;
	if (is_short_flags(at, word)) {
		if (buffer_append(to, word.at, word.size) != 0)
			return -1;
		at = behind;
	}
	if (append_jobs(to, jobs, auth) != 0)
		return -1;
	return append_others(to, at);
}
