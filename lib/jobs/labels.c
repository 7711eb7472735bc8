/* Labels: few and short, so that looking one up is a search in a text. */
#include "jobs/labels.h"

#include <string.h>

#include "base/memory.h"

int
labels_join(const char *const *labels, char **text, struct error *error)
{
	size_t size = 0, used = 0;

	for (size_t i = 0; labels != NULL && labels[i] != NULL; i++) {
		const unsigned char *byte = (const unsigned char *)labels[i];

		if (*byte == '\0')
			return error_set(error, ORD_EINVAL, "a label is empty");
		for (; *byte != '\0'; byte++)
			if (*byte <= ' ' || *byte == 0x7f)
				return error_set(error, ORD_EINVAL,
					"the label '%s' has a blank or a control character: leave it out",
					labels[i]);
		size += strlen(labels[i]) + 1;
	}
	if (size > LABELS_MAX - 2)
		return error_set(
			error, ORD_EINVAL, "labels may have %d bytes together", LABELS_MAX - 2);
	*text = memory_new(size + 2, 1);
	if (*text == NULL)
		return error_memory(error);
	for (size_t i = 0; labels != NULL && labels[i] != NULL; i++) {
		(*text)[used++] = '\n';
		memcpy(*text + used, labels[i], strlen(labels[i]));
		used += strlen(labels[i]);
	}
	if (used != 0)
		(*text)[used] = '\n';
	return 0;
}

int
labels_meet(const char *labels, const char *required)
{
	char one[LABELS_MAX];

	for (const char *at = required; at[0] != '\0' && at[1] != '\0';) {
		const char *end = strchr(at + 1, '\n');
		size_t size;

		if (end == NULL)
			return 0;
		size = (size_t)(end - at) + 1;
		if (size >= sizeof one)
			return 0;
		memcpy(one, at, size);
		one[size] = '\0';
		if (strstr(labels, one) == NULL)
			return 0;
		at = end;
	}
	return 1;
}

const char *
labels_show(const char *labels, char *text)
{
	size_t used = 0;

	for (const char *at = labels; *at != '\0' && used + 1 < LABELS_MAX; at++)
		if (*at != '\n')
			text[used++] = *at;
		else if (at != labels && at[1] != '\0')
			text[used++] = ' ';
	text[used] = '\0';
	return text;
}
