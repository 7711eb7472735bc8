#!/bin/bash
# docs/examples/project, a C library with generated sources, tests and a package: built, changed, rebuilt. Each time what
# runs is exactly what must.
. "$(dirname "$0")/lib.sh"
needs_run
command -v cc >/dev/null || { echo "skipped: no cc"; exit 77; }
cp -R "$source_tree/docs/examples/project" project && cd project || exit 1

# runs_only STATUS NAMES [ARGUMENT...]: the exit status, and who started, sorted
runs_only() {
	local status=$1 names=$2
	shift 2
	orderly run -j2 "$@" </dev/null >found 2>stderr
	same "exit status of run $*" "$status" "$?"
	same "what run $* starts" "$names" "$(sed -nE 's/^\[[0-9/]+\] start +//p' stderr | sort | xargs)"
}
all='config library object::primes object::sum object::version package table test::primes test::sum'

same "the file is right" "" "$(orderly graph check --plan 2>&1)"
runs_only 0 "$all"
[ -e build/numbers-1.0.tar ] || fail "there is no package"
runs_only 0 ''

# A comment: the object is made, and as it is the same as before, nothing else.
echo '/* a comment */' >>src/sum.c
runs_only 0 'object::sum'
runs_only 0 ''
touch src/*.c include/*.h
runs_only 0 ''

# A change of what it does goes through to the package.
sed -i 's/sum = 0/sum = 1 - 1 - 0/; s/sum += numbers\[i\]/sum = sum + numbers[i] * 1L/' src/sum.c
sed -i 's/return sum;/return sum + 0 * (long)n + (n == 77);/' src/sum.c
runs_only 0 'library object::sum package test::primes test::sum'

# Data: the generated source, what is made of it, and so on; the others have another version of it, but the same object.
echo 17 >>primes.txt
runs_only 0 'library object::primes object::sum object::version package table test::primes test::sum'

# A test that fails keeps the package from being made; the next run does that test, and goes on.
sed -i 's/== 6/== 7/' tests/sum.c
runs_only 1 'test::sum'
has "who failed" "$(cat stderr)" '^FAILED  test::sum: exit code 1'
has "what was canceled" "$(cat stderr)" 'canceled because of it: 2 '
runs_only 1 'test::sum'
sed -i 's/== 7/== 6/' tests/sum.c
runs_only 0 'test::sum'
runs_only 0 ''

# What was deleted or changed by hand is made again.
rm build/gen/config.h
runs_only 0 'config'
echo garbage >build/libnumbers.a
runs_only 0 'library'
[ "$(head -c 7 build/libnumbers.a)" = '!<arch>' ] || fail "the library is not made again"

# Params are part of what names them.
runs_only 0 'config library object::primes object::sum object::version package test::primes test::sum' -p version=2.0
[ -e build/numbers-2.0.tar ] || fail "there is no other package"
runs_only 0 '' -p version=2.0
runs_only 0 'config library object::primes object::sum object::version package test::primes test::sum'

# A new source needs no line: the choices are asked for. One that is gone leaves the library.
printf '#include "numbers.h"\n\nlong\nnumbers_twice(long n)\n{\n\treturn 2 * n;\n}\n' >src/twice.c
runs_only 0 'library object::twice package test::primes test::sum'
ar t build/libnumbers.a | grep -q twice || fail "the new object is not in the library"

# A source that does not compile: what the compiler says is shown, and nothing that was there is lost.
cp src/twice.c twice.keep
echo 'int x = ;' >>src/twice.c
runs_only 1 'object::twice'
has "the words of the compiler" "$(cat stderr found)" 'src/twice.c:.*error'
mv twice.keep src/twice.c
runs_only 0 'object::twice'

# Killed in the midst of it: the next run does what was not done.
sed -i 's/2 \* n/n + n/' src/twice.c
sed -i 's/^int$/int/; s/{$/{ \/\* \*\//' tests/sum.c
cat >>orderly.yaml <<'E'
  slow:
    deps: [library]
    inputs: [build/libnumbers.a]
    outputs: [build/slow]
    run: echo half > build/slow; touch begun; test -e quick || sleep 1000; echo whole > build/slow
E
orderly run slow >/dev/null 2>&1 &
within 100 test -e begun || fail "slow does not begin"
for path in $(marked_processes); do
	tr '\0' ' ' <"${path%environ}cmdline" 2>/dev/null | grep -q 'run slow' && kill -KILL "$(basename "$(dirname "$path")")" 2>/dev/null
done
wait
within 100 nothing_left || fail "something is left of a run that was killed"
touch quick
runs_only 0 'slow' slow
same "a half that was left is not trusted" whole "$(cat build/slow)"
# Watched: a new source is compiled, one that is gone is not missed, a branch with many is built and left again.
until_watching() { # N: so many times
	for ((i = 0; i < 5000; i++)); do
		[ "$(grep -c '\] watching ' stderr)" -ge "$1" ] && return
		sleep 0.02
	done
	fail "is not watching: $(tail -n 20 stderr)"
}
watched() { # NAMES STATUS: who started since the last call, and what is said of failures; then it is as if nothing was said
	until_watching 1
	same "what starts: $what" "$1" "$(sed -nE 's/^\[[0-9/]+\] start +//p' stderr | sort | xargs)"
	same "what stands: $what" "$2" "$(sed -nE 's/^\[[0-9/]+\] watching [0-9]+ places//p' stderr | tail -n 1)"
	: >stderr
}
: >stderr
mkfifo ../keys
orderly run -j2 --watch <../keys >>found 2>>stderr & # appended, as the file is made empty
pid=$!
exec 8>../keys
what=beginning
until_watching 1
: >stderr
what='a new source'
printf '#include "numbers.h"\n\nlong\nnumbers_thrice(long n)\n{\n\treturn 3 * n;\n}\n' >src/thrice.c
watched 'library object::thrice package test::primes test::sum' ''
what='a mistake'
echo 'int x = ;' >>src/thrice.c
watched 'object::thrice' ', 1 failed, 6 canceled'
what='it is deleted'
rm src/thrice.c build/obj/thrice.*
watched 'library package test::primes test::sum' ''
what='many at once'
mkdir more && for i in {1..12}; do printf 'int f%d(void);\nint\nf%d(void)\n{\n\treturn %d;\n}\n' $i $i $i >more/f$i.c; done
mv more/* src
until_watching 1
has "the last of them" "$(cat stderr)" 'object::f12'
same "all are in the library" 12 "$(ar t build/libnumbers.a | grep -c '^f[0-9]')"
: >stderr
what='and gone'
rm src/f[0-9]*.c build/obj/f[0-9]*
watched 'library package test::primes test::sum' ''
echo q >&8
wait $pid
same "exit status of the watch" 0 "$?"
exec 8>&-

finish
