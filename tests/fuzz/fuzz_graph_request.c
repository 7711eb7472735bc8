/*
 * A question of a command's client: nothing outside of it is read, and what is
 * taken for a question has a kind, whole names, and as many as it may have.
 */
#include "fuzz.h"
#include "graph/context.h"
#include "graph/request.h"
#include "graph/waiting.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *copy = malloc(size != 0 ? size : 1); /* so that a byte behind it is seen */
	struct request request;
	char token[REQUEST_TOKEN_MAX];
	const char *at, *name;

	must(copy != NULL, "no memory");
	memcpy(copy, bytes, size);
	if (request_parse(copy, size, &request) == 0) {
		must(request.kind >= ASK_RESULT && request.kind <= ASK_FINGERPRINT, "a kind");
		must(request.at <= request.end && request.end == copy + size, "names within it");
		for (at = request.at; (name = waiting_next_name(&at, request.end)) != NULL;)
			must(name + strlen(name) < request.end, "a name with its end");
		must(at == request.end, "names to its end");
		request_token(token, request.node, request.secret);
		must(memcmp(token, copy + sizeof REQUEST_VERSION, 26) == 0, "the same token");
	}
	free(copy);
	return 0;
}
