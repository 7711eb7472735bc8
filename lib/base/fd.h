/*
 * Descriptors: closed once, close-on-exec, and passed between processes.
 */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FD_PASS_MAX 8 /* descriptors in one message */

/* Close *fd if it is not -1, and make it -1.  errno is kept. */
void fd_close(int *fd);

/* A pipe, both ends close-on-exec, never on 0, 1 or 2; 0 or -1 with errno. */
int fd_pipe(int *reader, int *writer);

/* A connected SOCK_SEQPACKET pair, close-on-exec, never on 0, 1 or 2; 0 or -1 with errno. */
int fd_pair(int ends[2]);

/* Move *fd above 2 if it is not, close-on-exec; 0 or -1 with errno (then *fd is closed). */
int fd_lift(int *fd);

/* O_NONBLOCK on; 0 or -1 with errno. */
int fd_nonblocking(int fd);

#define FD_HEADROOM_MAX 32

/* Could count more descriptors, at most FD_HEADROOM_MAX, be opened now?  0 or -1 with errno.  Costs 2 * count calls. */
int fd_headroom(unsigned count);

/* May a file be so long?  Behind RLIMIT_FSIZE a write would also send a signal.  0 or -1 with EFBIG. */
int fd_may_grow(uint64_t size);

/*
 * Send one packet with descriptors; never raises SIGPIPE.  Returns size or -1 with errno.
 * flags  MSG_DONTWAIT or 0
 */
ssize_t fd_send(
	int socket, const void *bytes, size_t size, const int *fds, size_t n_fds, int flags);

/*
 * Receive one packet of at most size bytes, and up to FD_PASS_MAX descriptors,
 * close-on-exec; *n_fds says how many came.  Returns the packet's size, 0 at
 * the other side's end, -1 with errno (EMSGSIZE: it was cut, its descriptors
 * are closed).
 */
ssize_t fd_receive(
	int socket, void *bytes, size_t size, int fds[FD_PASS_MAX], size_t *n_fds, int flags);

#endif
