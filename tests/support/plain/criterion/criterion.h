/*
 * A stand-in for Criterion, which cannot start under ThreadSanitizer: tests put themselves on a list before
 * main, main.c runs them one after the other in this process. .timeout, .signal and .exit_code mean nothing here.
 */
#ifndef PLAIN_CRITERION_H
#define PLAIN_CRITERION_H
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct plain_test {
	const char *suite, *name;
	void (*run)(void), (*init)(void), (*fini)(void);
	double timeout;
	int signal, exit_code;
	bool disabled;
	const char *description;
	struct plain_test *next;
};
extern struct plain_test *plain_tests, *plain_suites;
extern int plain_failed;
#define PLAIN_ADD(list, id, ...) __attribute__((constructor)) static void id##_add(void) \
	{ static struct plain_test self = { __VA_ARGS__ }; self.next = list; list = &self; }
#define Test(s, n, ...) static void s##_##n##_run(void); \
	PLAIN_ADD(plain_tests, s##_##n, .suite = #s, .name = #n, .run = s##_##n##_run, __VA_ARGS__) static void s##_##n##_run(void)
#define TestSuite(s, ...) PLAIN_ADD(plain_suites, s, .suite = #s, __VA_ARGS__) extern int plain_failed
#define cr_expect(c, ...) ((c) ? (void)0 : (void)(plain_failed++, fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #c)))
#define cr_assert(c, ...) ((c) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #c), exit(1)))
#define cr_assert_not(c, ...) cr_assert(!(c))
#define cr_assert_eq(a, b, ...) cr_assert((a) == (b))
#define cr_assert_neq(a, b, ...) cr_assert((a) != (b))
#define cr_assert_lt(a, b, ...) cr_assert((a) < (b))
#define cr_assert_gt(a, b, ...) cr_assert((a) > (b))
#define cr_assert_leq(a, b, ...) cr_assert((a) <= (b))
#define cr_assert_geq(a, b, ...) cr_assert((a) >= (b))
#define cr_skip_test(...) return
#define cr_log_error(...) ((void)fprintf(stderr, __VA_ARGS__))
#define cr_assert_null(a, ...) cr_assert((a) == NULL)
#define cr_assert_not_null(a, ...) cr_assert((a) != NULL)
#define cr_assert_str_eq(a, b, ...) cr_assert(strcmp((a), (b)) == 0)
#define cr_assert_arr_eq(a, b, n, ...) cr_assert(memcmp((a), (b), (n)) == 0)
#define cr_fatal(...) (fprintf(stderr, __VA_ARGS__), exit(1))
#endif
