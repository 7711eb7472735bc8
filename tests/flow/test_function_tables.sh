#!/bin/bash
# ORD_FUNCTION with each compiler, language, linker and option that could lose an entry: small programs and shared
# objects that are built without -rdynamic, and pools in which they find their functions by name.
set -euo pipefail
include=$ORDERLY_SOURCE/include
archive=$ORDERLY_BUILD/liborderly.a
if [ ! -e "$archive" ] || grep -qE '^CMAKE_C_FLAGS:[^=]*=.*(-fsanitize|--coverage)' "$ORDERLY_BUILD/CMakeCache.txt"; then
	echo "an instrumented library cannot be linked into programs that are not"
	exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
warnings="-Wall -Wextra -Wpedantic -Wundef -Wshadow -Werror"
status=0
count=0

# Two objects of one module, and a shared object; each also is a C++ file.
cat >one.c <<'END'
#include <orderly/function.h>

static int first(struct ord_task *task, void *user) { (void)user; return ord_task_return(task, "first", 6); }
ORD_FUNCTION(first);

int second(struct ord_task *task, void *user);
int second(struct ord_task *task, void *user) { (void)user; return ord_task_return(task, "second", 7); }
ORD_FUNCTION(second);
END
sed 's/first/third/g; s/second/fourth/g' one.c >two.c
# The library is in the program, which exports nothing: the module's functions speak by what they return.
cat >module.c <<'END'
#include <orderly/function.h>

static int of_module(struct ord_task *task, void *user) { (void)task; (void)user; return 41; }
ORD_FUNCTION(of_module);

#ifdef __cplusplus
extern "C"
#endif
int module_too(struct ord_task *task, void *user);
int module_too(struct ord_task *task, void *user) { (void)task; (void)user; return 42; }
ORD_FUNCTION(module_too);
END
for name in one two module; do
	cp $name.c $name.cpp
done
# In C++ an entry may stand in a namespace.
printf 'namespace inner {\n%s\n}\n' "$(sed 1,2d two.c)" | sed '1i #include <orderly/function.h>' >two.cpp

# usage: main START MODE [NAME…]: the outputs, or for what fails the sentences
cat >main.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <orderly/orderly.h>

static int
pointer(struct ord_task *task, void *user)
{
	(void)user;
	return ord_task_return(task, "pointer", 8);
}

static void
show(const struct ord_result *result, void *user)
{
	(void)user;
	if (ord_result_state(result) == ORD_DONE)
		printf("%s ", (const char *)ord_result_output(result, NULL));
	else
		printf("[%s: %s] ", ord_state_name(ord_result_state(result)), ord_result_error(result));
}

static void
must(struct ord_pool *pool, int status)
{
	if (status == 0)
		return;
	printf("%s: %s\n", ord_status_name(status), ord_pool_error(pool));
	exit(1);
}

static ord_task_fn
function_of(const char *argument)
{
	void *module;

	if (strcmp(argument, "pointer") == 0)
		return pointer;
	if (strncmp(argument, "load=", 5) != 0)
		return NULL;
	module = dlopen(argument + 5, RTLD_NOW);
	return module == NULL ? NULL : (ord_task_fn)(size_t)dlsym(module, "module_too");
}

int
main(int argc, char **argv)
{
	struct ord_pool_options options = ORD_POOL_OPTIONS(.functions_by_task = 1, .workers = 1, .on_result = show);
	struct ord_statistics statistics = ORD_STATISTICS;
	struct ord_pool *pool = NULL;

	ord_worker_main(argc, argv);
	options.start = strcmp(argv[1], "exec") == 0 ? ORD_START_EXEC : strcmp(argv[1], "fork") == 0 ? ORD_START_FORK : ORD_START_INLINE;
	must(NULL, ord_pool_new(&pool, &options));
	must(pool, ord_pool_start(pool));
	for (int i = 2; i < argc; i++) {
		ord_task_fn function = function_of(argv[i]);

		must(pool, ord_pool_submit_task_wait(pool, &ORD_TASK(.function = function, .function_name = function == NULL ? argv[i] : NULL), NULL));
	}
	must(pool, ord_pool_run(pool));
	must(pool, ord_pool_statistics(pool, &statistics));
	printf("%llu deaths\n", (unsigned long long)statistics.deaths);
	must(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
	return 0;
}
END
gcc -std=c11 -O1 -I"$include" -c -o main.o main.c

say() { # WHAT OUTPUT WANTED
	count=$((count + 1))
	[ "$2" = "$3" ] && return
	printf '%s:\n  %s\n  and not: %s\n' "$1" "$2" "$3"
	status=1
}

one="[failed: the function returned 41]"
wanted="first second third fourth $one [failed: the function returned 42] $one 0 deaths"

# usage: build SUFFIX COMPILER FLAG…: flags of the linker begin with -Wl or -fuse, or are -no-pie
build() {
	local suffix=$1 cc=$2 compile=() link=() name
	shift 2
	for flag in "$@"; do
		case $flag in
		-Wl* | -fuse* | -no-pie) link+=("$flag") ;;
		*) compile+=("$flag") ;;
		esac
	done
	rm -f program libmodule.so ./*.obj
	for name in one two; do
		# shellcheck disable=SC2086
		$cc $warnings "${compile[@]}" -I"$include" -c -o $name.obj $name.$suffix || return
	done
	# shellcheck disable=SC2086
	$cc $warnings "${compile[@]//-fno-pie/-fPIC}" -fPIC -I"$include" -c -o module.obj module.$suffix || return
	$cc "${compile[@]//-fno-pie/-fPIC}" "${link[@]//-no-pie/-Wl,-z,now}" -shared -o libmodule.so module.obj || return
	$cc "${compile[@]}" "${link[@]}" -o program one.obj two.obj main.o "$archive" -lzmq -ldl
}

try() {
	build "$@" >log 2>&1 || { cat log; say "build $*" failed built; return; }
	if grep -i warning log | grep -v 'serial compilation'; then
		say "build $*" warnings quiet
	fi
	for how in exec fork inline; do
		say "$how, $*" "$(timeout 60 ./program $how first second third fourth ./libmodule.so:of_module libmodule.so:module_too \
			of_module 2>&1)" "$wanted"
	done
}

try_stripped() {
	build "$@" >log 2>&1 || { cat log; say "build $*" failed built; return; }
	strip program libmodule.so
	for how in exec fork; do
		say "stripped, $how, $*" "$(timeout 60 ./program $how first second third fourth ./libmodule.so:of_module \
			libmodule.so:module_too of_module 2>&1)" "$wanted"
	done
}

has() {
	command -v "$1" >/dev/null
}

apart="-O2 -ffunction-sections -fdata-sections -Wl,--gc-sections"
compilers=gcc
! has clang || compilers="gcc clang"
# shellcheck disable=SC2086
for cc in $compilers; do
	try c $cc -std=c11 -O0
	try_stripped c $cc -std=c11 $apart
	try_stripped c $cc -O2 -fno-pie -no-pie -Wl,--gc-sections
	try c $cc -O2 -fsanitize=address
	! has ld.lld || try c $cc $apart -fuse-ld=lld
	! has ld.gold || try c $cc $apart -fuse-ld=gold
done
try_stripped c gcc -O2 -flto -Wl,--gc-sections
try c gcc -O2 -flto -flto-partition=max -fno-pie -no-pie
if has clang && has ld.lld; then
	try c clang -O2 -flto -fuse-ld=lld -Wl,--gc-sections
	try_stripped c clang -O2 -flto=thin -fuse-ld=lld
fi
compilers=
! has g++ || compilers="g++"
! has clang++ || compilers="$compilers clang++"
for cc in $compilers; do
	for standard in 11 14 17 20; do
		try cpp "$cc" -std=c++$standard -O2
	done
done

# Without a build id a pointer cannot be told to another program, and to a copy of this one only what lies in both.
build c gcc -O2 -Wl,--build-id=none
contains() { # OUTPUT WORDS…
	local output=$1 word
	shift
	for word in "$@"; do
		[[ $output == *"$word"* ]] || say "without a build id" "$output" "…$word…"
	done
	count=$((count + 1))
}
contains "$(./program exec pointer first 2>&1)" "[failed: " "no build id" "--build-id" "] first 0 deaths"
say "fork without a build id" "$(./program fork pointer first 2>&1)" "pointer first 0 deaths"
contains "$(./program fork load=./libmodule.so first of_module ./libmodule.so:of_module of_module 2>&1)" \
	"was loaded after the pool was started" "] first [failed: " "registered is: " "] $one $one 0 deaths"

# The note of another machine, as far as that can be seen here: it leads to the section.
if has clang && has ld.lld; then
	for machine in aarch64 x86_64; do
		clang --target=$machine-linux-gnu -ffreestanding -O2 -fPIC -I"$include" -c -o $machine.o one.c
		ld.lld -shared -o $machine.so $machine.o
		say "note of $machine" "$(python3 "$ORDERLY_SOURCE/tests/flow/function_note.py" $machine.so)" "the section's start and stop"
	done
fi
echo "$count cases"
exit $status
