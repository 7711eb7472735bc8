/*
 * A scene is the body of a test in a process of its own: this program started anew, without threads, with
 * a fresh $XDG_RUNTIME_DIR, under a long deadline. At its end nothing may be left: no child or descendant,
 * no descriptor, no endpoint directory. So pools can be forked in it, its resident size is its
 * own, and it may be killed.
 */
#ifndef FLOW_SCENE_H
#define FLOW_SCENE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <criterion/criterion.h>
#include <orderly/orderly.h>

/* A long time that means a hang. */
enum { SCENE_LONG_MS = 100000 };

/* A test whose body is a scene. */
#define SCENE(suite, name)                                                       \
	static void suite##_##name(void);                                        \
	Test(suite, name, .timeout = 2.5 * SCENE_LONG_MS / 1000)                 \
	{                                                                        \
		cr_assert_eq(scene_play(suite##_##name, 1), 0);                  \
	}                                                                        \
	static void suite##_##name(void)

/* The same without ord_worker_main. */
#define SCENE_WITHOUT_WORKER_MAIN(suite, name)                                   \
	static void suite##_##name(void);                                        \
	Test(suite, name, .timeout = 2.5 * SCENE_LONG_MS / 1000)                 \
	{                                                                        \
		cr_assert_eq(scene_play(suite##_##name, 0), 0);                  \
	}                                                                        \
	static void suite##_##name(void)

/* In a scene, and in its workers: say what does not hold, and end the process with 1. */
#define CHECK(condition) scene_check((condition), #condition, __FILE__, __LINE__)
#define CHECK_EQ(left, right) \
	scene_check_equal((long long)(left), (long long)(right), #left " == " #right, __FILE__, __LINE__)
/* A call on a pool that must return 0; else the pool's sentence is shown. */
#define CHECK_OK(pool, call) scene_check_ok((pool), (call), #call, __FILE__, __LINE__)
/* A call on a pool that must return `status`, with a sentence that holds `word`. */
#define CHECK_FAILS(pool, call, status, word) \
	scene_check_fails((pool), (call), (status), (word), #call, __FILE__, __LINE__)

void scene_check(int holds, const char *what, const char *file, int line);
void scene_check_equal(long long left, long long right, const char *what, const char *file, int line);
void scene_check_ok(struct ord_pool *pool, int status, const char *what, const char *file, int line);
void scene_check_fails(struct ord_pool *pool, int status, int wanted, const char *word, const char *what,
	const char *file, int line);

/* Runs a scene and returns its wait status. */
int scene_play(void (*scene)(void), int with_worker_main);

/*
 * Inside a scene: starts another fresh process of this program in which `part` runs, and returns its pid.
 * Its end does not look for what is left.
 */
pid_t scene_start(void (*part)(void));

/* The line of shell by which others, such as make, start a part as scene_start does. */
void scene_line(void (*part)(void), char *line, size_t size);

/* Waits for a child to end; its wait status. */
int scene_await(pid_t pid);

/* Waits until there is no child or descendant of this process. */
void scene_await_alone(void);

unsigned scene_count_fds(void);

/*
 * A line of /proc/PID/status in KiB, or 0: "VmHWM", "VmRSS". pid 0 is this process. Always 0 under
 * AddressSanitizer, which keeps what is freed.
 */
long scene_memory_kib(pid_t pid, const char *name);

/* Entries of the directory for endpoints. */
unsigned scene_count_endpoints(void);

/* A resource limit of this process, RLIMIT_…; as high as the hard one at most. */
void scene_limit(int what, unsigned long long most);

/* Sleeps; only where a test must give others time without which it would still pass. */
void scene_pause_ms(int ms);

uint64_t scene_now_ms(void);

/* xorshift64. */
uint64_t scene_random(uint64_t *state);

#endif
