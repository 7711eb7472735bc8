#!/bin/bash
# Programs and libraries of different versions: one built for this version with a newer library, one built for a newer
# version with this library. The newer version is this one with a field more in each struct that has a size.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$here/../..
build=${ORDERLY_BUILD:-$source/build/dev}
cc=${ORDERLY_CC:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

mkdir newer
cp -r "$source/include" "$source/lib" newer
python3 - newer/include/orderly/*.h <<'END'
import re
import sys

grown = []


def grow(match):
    grown.append(match.group(1))
    return match.group(0)[:-2] + "\tuint32_t swap_first;\n\tuint32_t swap_second;\n};"


for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"struct (\w+) \{\n\tsize_t size; [^}]*(?:\}(?!;)[^}]*)*\};", grow, text)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
print("grown:", *sorted(grown))
END

# The newer library, from the same sources; jobs and graph are libraries of their own.
find newer/lib -name '*.c' -not -path '*/jobs/*' -not -path '*/graph/*' | while read -r file; do
	echo "$file $(tr / _ <<<"${file%.c}").o"
done >files
# shellcheck disable=SC2016
xargs -P 2 -n 2 sh -c 'exec "$0" -std=c11 -D_POSIX_C_SOURCE=200809L -fPIC -fvisibility=hidden -Inewer/include -Inewer/lib \
	-c "$1" -o "$2"' "$cc" <files
"$cc" -shared -Wl,-soname,liborderly.so.0 "-Wl,--version-script=$source/lib/orderly.map" ./*.o -lzmq \
	-o newer/liborderly.so.0
ln -s liborderly.so.0 newer/liborderly.so
mkdir same
cp "$build/liborderly.so.0" same
ln -s liborderly.so.0 same/liborderly.so

warnings="-std=c11 -Wall -Wextra -Werror -Wno-missing-field-initializers"
# shellcheck disable=SC2086
"$cc" $warnings -Wl,--build-id -I"$source/include" "$here/swap.c" -o old -Lsame -lorderly
# shellcheck disable=SC2086
"$cc" $warnings -Wl,--build-id -DNEWER -Inewer/include "$here/swap.c" -o new -Lnewer -lorderly

status=0
for program in old new; do
	for library in same newer; do
		LD_LIBRARY_PATH=$work/$library timeout 120 "./$program" $library || {
			echo "the $program program fails with the library of the $library version"
			status=1
		}
	done
done
exit $status
