#!/bin/bash
# A list on NFS that takers in two kernels work off, of which one is killed while it holds jobs. All three kernels, the
# server's too, are User-Mode-Linux guests on a network of their own; nothing of it needs root.
# ORD_JOBS_NFS: the versions that are tried, such as "3 4.2"; without it nothing is. ORD_JOBS_NFS_JOBS: how many jobs (300).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
skip() {
	echo "skipped: $*"
	exit 77
}
[ -n "${ORD_JOBS_NFS:-}" ] || skip "it takes a minute or two: set ORD_JOBS_NFS=4.2"
[ -x "${ORDERLY:-}" ] && "$ORDERLY" --version | grep -q '^built in:.* jobs' || skip "job lists are not built in"
for program in linux.uml uml_switch busybox rpc.nfsd rpc.mountd exportfs mount.nfs python3; do
	PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null ||
		skip "there is no $program: it needs user-mode-linux, uml-utilities, busybox-static, nfs-kernel-server and python3"
done
! ldd "$ORDERLY" | grep -qE "lib[at]san" || skip "a sanitizer needs more memory than such a guest has"
[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || skip "User-Mode-Linux is for amd64 only"
jobs=${ORD_JOBS_NFS_JOBS:-300}
folder=$(mktemp -d)
declare -A guests=()
leave() {
	local pid
	for pid in "${guests[@]}"; do kill -KILL -- "-$pid" 2>/dev/null || true; done
	wait 2>/dev/null || true
	rm -rf "$folder"
}
trap leave EXIT
trap 'exit 1' TERM INT HUP

# start NAME COMMAND...: in a process group of its own, so that all of it can be killed.
start() {
	local name=$1
	shift
	setsid "$@" </dev/null >"$folder/$name.log" 2>&1 &
	guests[$name]=$!
}
guest() { # NAME ROLE ADDRESS
	start "$1" linux.uml root=/dev/root rootfstype=hostfs rootflags=/ ro mem=160M init="$here/nfs_guest.sh" con=null con0=fd:0,fd:1 quiet \
		"uml_dir=$folder/" "umid=$1" "eth0=daemon,,unix,$folder/switch" \
		"role=$2" "name=$1" "ip=$3" "out=$out" "jobs=$jobs" takers=2 "nfs=$version" "orderly=$ORDERLY"
}
end() {
	[ -z "${guests[$1]:-}" ] || kill -KILL -- "-${guests[$1]}" 2>/dev/null || true
	unset "guests[$1]"
}
fail() {
	echo "NFS $version: $*"
	head -50 "$folder"/*.log "$out"/said.* "$out"/0* "$out"/99* "$out/orderly" 2>/dev/null
	exit 1
}
await() { # FILE SECONDS WHAT
	local until=$((SECONDS + $2))
	while [ ! -e "$out/$1" ]; do
		[ ! -e "$out"/unmounted.one ] || fail "it cannot be mounted"
		[ "$SECONDS" -lt "$until" ] || fail "$3"
		sleep 0.1
	done
}

for version in $ORD_JOBS_NFS; do
	begin=$SECONDS
	out=$folder/out-$version
	mkdir "$out"
	start switch uml_switch -unix "$folder/switch"
	until [ -S "$folder/switch" ]; do sleep 0.05; done
	guest server server 10.78.0.1
	guest one client 10.78.0.2
	guest two client 10.78.0.3
	await serving 60 "the server is not up"
	await enough 150 "the second machine got no jobs"
	end two
	await left.one 240 "jobs are left"
	touch "$out/stop"
	await served 60 "the server does not end"
	[ "$(cat "$out/left.one")" = 0 ] || fail "a taker failed"
	end server
	end one
	end switch
	cat "$out"/log.* >"$out/log"
	python3 - "$here" "$out" "$jobs" <<'PY' || fail "wrong"
import sys

sys.path.insert(0, sys.argv[1])
import begun

out, jobs = sys.argv[2], int(sys.argv[3])
expected = sorted(f"j{i + 1}.txt" for i in range(jobs))
done = sorted(open(f"{out}/02_done", encoding="utf-8").read().split())
if done != expected:
    sys.exit(f"{len(done)} of {jobs} are done; odd: {sorted(set(done) ^ set(expected))[:5]}")
noted = begun.read(f"{out}/log")
if sorted(noted) != expected:
    sys.exit("a job was done that nobody began")
for all_ in noted.values():
    all_.sort(key=lambda one: one[1])
again = begun.twice(noted, {"two1", "two2"})
by = {name: sum(wid.startswith(name) for all_ in noted.values() for wid, _ in all_) for name in ("one", "two")}
if again < 2:
    sys.exit("nothing that the second machine held was done again")
print(f"{jobs} jobs, {again} begun again, {by}")
PY
	echo "NFS $version: $((SECONDS - begin)) s"
done
