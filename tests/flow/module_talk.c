/* A function for `orderly map --fn`: upper case, and some words on which it does something else. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orderly/orderly.h>

int upper(struct ord_task *task, void *user);

static void
obey(const char *word, size_t size)
{
	if (size == 5 && memcmp(word, "crash", size) == 0)
		abort();
	if (size == 4 && memcmp(word, "hang", size) == 0)
		sleep(60);
	if (size == 3 && memcmp(word, "say", size) == 0) {
		puts("a line");
		ord_log(ORD_INFO, "a record");
	}
}

int
upper(struct ord_task *task, void *user)
{
	size_t size;
	const char *word = ord_task_input(task, &size);
	char *answer;
	int status;

	(void)user;
	if (size == 4 && memcmp(word, "fail", size) == 0)
		return ord_task_fail(task, "no upper case of fail");
	obey(word, size);
	answer = malloc(size + 1);
	if (answer == NULL)
		return ORD_ENOMEM;
	for (size_t i = 0; i < size; i++)
		answer[i] = (char)toupper((unsigned char)word[i]);
	status = ord_task_return(task, answer, size);
	free(answer);
	return status;
}
