/* Runs the tests that criterion.h beside it has put on the list; an argument runs one suite only. */
#include "criterion/criterion.h"

struct plain_test *plain_tests, *plain_suites;
int plain_failed;

int
main(int argc, char **argv)
{
	int ran = 0;

	for (struct plain_test *test = plain_tests; test != NULL; test = test->next) {
		struct plain_test *suite = plain_suites;
		while (suite != NULL && strcmp(suite->suite, test->suite) != 0)
			suite = suite->next;
		if (test->disabled || (argc > 1 && strcmp(argv[1], test->suite) != 0))
			continue;
		fprintf(stderr, "%s::%s\n", test->suite, test->name);
		void (*init)(void) = test->init != NULL || suite == NULL ? test->init : suite->init;
		void (*fini)(void) = test->fini != NULL || suite == NULL ? test->fini : suite->fini;
		if (init != NULL)
			init();
		test->run();
		if (fini != NULL)
			fini();
		ran++;
	}
	fprintf(stderr, "%d tests, %d failed\n", ran, plain_failed);
	return ran == 0 || plain_failed != 0;
}
