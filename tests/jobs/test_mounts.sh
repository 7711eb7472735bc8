#!/bin/bash
# A list on two mounts of one folder by sshfs, whose server is started by the mount itself: no daemon, no port, no key.
# Takers on both mounts and in the folder itself, some of which are killed; without --sync and with it.
# ORD_JOBS_MOUNTS and ORD_JOBS_MOUNTS_KILLS: how many jobs without --sync (500), and kills (8).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
skip() {
	echo "skipped: $*"
	exit 77
}
[ -x "${ORDERLY:-}" ] && "$ORDERLY" --version | grep -q '^built in:.* jobs' || skip "job lists are not built in"
server=
for path in /usr/lib/openssh/sftp-server /usr/lib/ssh/sftp-server /usr/libexec/openssh/sftp-server; do
	[ ! -x "$path" ] || server=$path
done
command -v sshfs fusermount3 >/dev/null && [ -n "$server" ] ||
	skip "there is no sshfs or no sftp-server: install sshfs and openssh-sftp-server"
command -v python3 >/dev/null || skip "there is no python3"
[ -r /dev/fuse ] && [ -w /dev/fuse ] || skip "/dev/fuse is not there, or not for this user"
folder=$(mktemp -d)
leave() {
	local mount
	for mount in "$folder"/[AB]; do
		! mountpoint -q "$mount" || fusermount3 -u "$mount" || fusermount3 -uz "$mount"
	done
	rm -rf --one-file-system "$folder"
}
trap leave EXIT
trap 'exit 1' TERM INT HUP
mkdir "$folder/files" "$folder/A" "$folder/B"
printf '#!/bin/sh\nexec %s\n' "$server" >"$folder/serve"
chmod +x "$folder/serve"
for mount in A B; do
	timeout 30 sshfs -o "ssh_command=$folder/serve" "here:$folder/files" "$folder/$mount" 2>"$folder/said" ||
		skip "sshfs does not mount here: $(cat "$folder/said")"
done
for sync in 0 0.1; do
	jobs=$([ "$sync" = 0 ] && echo "${ORD_JOBS_MOUNTS:-500}" || echo 60)
	kills=$([ "$sync" = 0 ] && echo "${ORD_JOBS_MOUNTS_KILLS:-8}" || echo 3)
	mkdir "$folder/files/$sync"
	timeout 300 python3 "$here/mounts.py" "$ORDERLY" "$folder/log-$sync" "$jobs" "$kills" "$sync" \
		"$folder/files/$sync/jobs" "$folder/A/$sync/jobs" "$folder/B/$sync/jobs"
done
