/* File systems by their magic numbers: what linux/magic.h and the manual of statfs have of networks. */
#include "jobs/place.h"

#include <stddef.h>

int
place_is_network(unsigned long magic)
{
	static const unsigned long networks[] = {
		0x6969,                         /* NFS */
		0xff534d42, 0xfe534d42, 0x517b, /* SMB */
		0x65735546,                     /* FUSE: sshfs, rclone, davfs2 … */
		0x0bd00bd0,                     /* Lustre */
		0x47504653,                     /* GPFS */
		0x00c36400,                     /* Ceph */
		0x01021997,                     /* 9p */
		0x5346414f, 0x6b414653,         /* AFS */
		0x19830326,                     /* BeeGFS */
	};

	for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
		if (magic == networks[i])
			return 1;
	return 0;
}
