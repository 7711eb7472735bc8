#!/bin/sh
# What a User-Mode-Linux guest of test_nfs.sh runs as its first process; its root is the host's, read-only.
# On the kernel's line: role=server|client name=NAME ip=ADDRESS out=DIRECTORY jobs=N takers=N nfs=3|4.2 orderly=PATH
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
for folder in /mnt /run /var/lib/nfs; do mount -t tmpfs tmpfs "$folder"; done
for word in $(cat /proc/cmdline); do
	case $word in
	role=* | name=* | ip=* | out=* | jobs=* | takers=* | nfs=* | orderly=*) eval "${word%%=*}='${word#*=}'" ;;
	esac
done
# shellcheck disable=SC2154
mkdir -p /mnt/out /mnt/list /run/rpcbind /run/rpc_pipefs /var/lib/nfs/sm /var/lib/nfs/sm.bak /var/lib/nfs/v4recovery
mount -t hostfs -o "$out" none /mnt/out || echo "no hostfs"
modules=/usr/lib/uml/modules/$(uname -r)/kernel
for module in net/sunrpc/sunrpc fs/nfs_common/grace fs/nfs_common/nfs_acl fs/lockd/lockd fs/netfs/netfs \
	fs/fscache/fscache fs/nfs/nfs fs/nfs/nfsv3 net/dns_resolver/dns_resolver lib/oid_registry \
	net/sunrpc/auth_gss/auth_rpcgss fs/nfs/nfsv4 fs/exportfs/exportfs fs/nfsd/nfsd; do
	[ ! -f "$modules/$module.ko" ] || busybox insmod "$modules/$module.ko" 2>/dev/null
done
busybox ip link set lo up
busybox ip addr add "$ip/24" dev eth0
busybox ip link set eth0 up
hostname "$name"
rpcbind -w || rpcbind
count() { ls "$1" 2>/dev/null | wc -l; }

serve() {
	: >/var/lib/nfs/etab
	: >/var/lib/nfs/rmtab
	mkdir -p /mnt/export/jobs/00_waiting /mnt/export/held
	for i in $(seq "$jobs"); do echo "job $i" >"/mnt/export/jobs/00_waiting/j$i.txt"; done
	chmod -R 777 /mnt/export
	mount -t nfsd nfsd /proc/fs/nfsd
	echo 10 >/proc/fs/nfsd/nfsv4leasetime
	echo 10 >/proc/fs/nfsd/nfsv4gracetime
	exportfs -o rw,sync,no_root_squash,fsid=0,insecure,no_subtree_check '*:/mnt/export'
	rpc.nfsd 4 || echo "no server"
	[ "$nfs" = 3 ] || echo Y >/proc/fs/nfsd/v4_end_grace
	rpc.mountd
	touch /mnt/out/serving
	while [ ! -e /mnt/out/stop ]; do
		# Those of the second machine hold what they have, from then on.
		if [ "$(count /mnt/export/jobs/02_done)" -gt $((jobs / 4)) ]; then
			touch /mnt/out/hold
			[ "$(count /mnt/export/held)" -lt "$takers" ] || touch /mnt/out/enough
		fi
		busybox usleep 50000
	done
	cp /mnt/export/log.* /mnt/out
	for folder in 00_waiting 01_running 02_done 99_failed; do
		ls /mnt/export/jobs/$folder >/mnt/out/$folder
	done
	ls -R /mnt/export/jobs/.orderly >/mnt/out/orderly
	touch /mnt/out/served
}

work() {
	pids= bad=
	while [ ! -e /mnt/out/serving ]; do busybox usleep 100000; done
	source=10.78.0.1:/
	[ "$nfs" != 3 ] || source=10.78.0.1:/mnt/export
	mount -t nfs -o "vers=$nfs,hard,nolock" "$source" /mnt/list || touch "/mnt/out/unmounted.$name"
	for i in $(seq "$takers"); do
		# shellcheck disable=SC2016
		"$orderly" jobs work --store dir:/mnt/list/jobs --taker "$name$i" --killed-retries 1000 --heartbeat 1s --timeout 6s \
			sh -c 'echo begin {}.txt $ORDERLY_TAKER $(date +%s.%N) >>/mnt/list/log.$ORDERLY_TAKER
				case $ORDERLY_TAKER in
				two*) [ ! -e /mnt/out/hold ] || { touch /mnt/list/held/$ORDERLY_TAKER; sleep 1000; } ;;
				esac' >"/mnt/out/said.$name$i" 2>&1 &
		pids="$pids $!"
	done
	bad=0
	for pid in $pids; do wait "$pid" || bad=1; done
	umount /mnt/list
	echo "$bad" >"/mnt/out/left.$name"
}

if [ "$role" = server ]; then serve; else work; fi
sync
busybox halt -f
