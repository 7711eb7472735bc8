#!/bin/bash
# What commands may use, and when none is started.
. "$(dirname "$0")/lib.sh"

gives 1 $'1\n3' --cpu-time 0.2 'test {} = 2 && while :; do :; done; echo {}' ::: 1 2 3
has "processor time is told" "$(cat stderr)" "orderly map: task 2: .*processor time"
gives 0 "" --cpu-time 500ms 'sleep {}' ::: 0.6
gives 1 $'1\n3' --memory 60M 'test {} = 2 && (head -c 200M /dev/zero; sleep 1000) | tail >/dev/null; echo {}' ::: 1 2 3
has "memory is told" "$(cat stderr)" "orderly map: task 2: .*limit is 60 MiB"
echo 0 >attempts
gives 0 "fine 3" --memory 40M --memory-most 10G \
	'n=$(cat attempts); echo $((n + 1)) >attempts; [ $n -lt 2 ] && (head -c 200M /dev/zero; sleep 1000) | tail >/dev/null; echo fine $(cat attempts) #' ::: x
gives 0 "40 40" --limit-nofile 40 'echo $(ulimit -Sn) $(ulimit -Hn) #' ::: x
gives 0 "1024000" --limit-as 1000M 'ulimit -v #' ::: x
gives 1 "" --limit-fsize 1M 'exec head -c 3M /dev/zero >large #' ::: x
has "a file that is too large" "$(cat stderr)" "task 1: .*file_mib"
same "size of a file that is too large" 1048576 "$(stat -c %s large)"
map --limit-as 1M true ::: x >/dev/null 2>&1
same "no room for a program" 1 "$?"
map --filter --limit-nofile 64 cat <<<'a line' >found 2>stderr
same "a filter with limits" "a line" "$(cat found)"

# Nothing has so much free, and all are run, one at a time.
gives 0 "$(seq 8)" -j4 --memfree 900T 'mkdir alone && echo {} && sleep 0.01 && rmdir alone' ::: $(seq 8)
gives 0 "$(seq 8)" -j4 --memfree 1K --load 99999 echo ::: $(seq 8)
gives 0 $'1\n2' --load 1000% --memfree 0.001M echo ::: 1 2

refuses 255 "--cpu-time soon: give seconds" --cpu-time soon true ::: a
refuses 255 "--memory 0: give a number of bytes" --memory 0 true ::: a
refuses 255 "--memory 500: it is less than 1 MiB" --memory 500 true ::: a
refuses 255 "--limit-as 1023K: it is less than 1 MiB" --limit-as 1023K true ::: a
refuses 255 "--memory x: give a number of bytes" --memory x true ::: a
refuses 255 "--memory-most says how far" --memory-most 1G true ::: a
refuses 255 "--limit-nofile 31: give a number of open files" --limit-nofile 31 true ::: a
refuses 255 "--limit-nofile 1e9: give" --limit-nofile 1e9 true ::: a
refuses 255 "--limit-as -1: give" --limit-as -1 true ::: a
refuses 255 "--load much: give a load average" --load much true ::: a
refuses 255 "--memfree 1X: give" --memfree 1X true ::: a
refuses 255 "--filter: a co-process outlives" --filter --memory 1G cat
(ulimit -n 1000; refuses 255 "open_files is 1001 and the hard limit of this process 1000" --limit-nofile 1001 true ::: a; exit $failures) ||
	failures=$((failures + 1))
finish
