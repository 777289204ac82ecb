/* Counts a process's writing operations on files below one folder, and kills it or fails at one of them.
 *
 * In STOP it waits before each of them until somebody looked at the folder, which is then as a kill would leave it.
 * Loaded before the C library (LD_PRELOAD), so that what Python, the engine and the Parquet writer do is seen
 * alike. Nothing happens until faults_arm() is called. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OFF, COUNT, KILL, FAIL, STOP };

static char root[PATH_MAX];
static size_t root_length;
static long moment, seen;
static int mode = OFF, failure, lasting, log_fd = -1;
static char kinds[128];

/* at: the operation, from 1, at which to act. kind: letters of the operations that count (see below).
 * error: the errno to fail with. lasts: whether every later operation of these kinds fails as well. */
void faults_arm(const char *folder, int how, long at, const char *kind, int error, int lasts, int log) {
    snprintf(root, sizeof root, "%s", folder);
    snprintf(kinds, sizeof kinds, "%s", kind);
    root_length = strlen(root);
    moment = at, seen = 0, failure = error, lasting = lasts, log_fd = log;
    mode = how;
}

long faults_seen(void) { return seen; }

static int below(const char *path) {
    return strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

static void of_descriptor(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
}

/* Whether the operation is to fail; it may also be the last thing the process does. */
static int hit(char kind, int dir, const char *path, int fd) {
    if (mode == OFF || !strchr(kinds, kind)) return 0;
    char full[2 * PATH_MAX], place[PATH_MAX];
    if (path == NULL) of_descriptor(fd, full);
    else if (path[0] == '/') snprintf(full, sizeof full, "%s", path);
    else if (dir == AT_FDCWD) return 0;
    else { of_descriptor(dir, place); snprintf(full, sizeof full, "%s/%s", place, path); }
    if (!below(full)) return 0;
    long now = __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST);
    if (log_fd >= 0) {
        char line[2 * PATH_MAX + 64];
        int length = snprintf(line, sizeof line, "%ld\t%c\t%s\n", now, kind, full + root_length);
        syscall(SYS_write, log_fd, line, length);
    }
    if (mode == KILL && now == moment) kill(getpid(), SIGKILL);
    if (mode == STOP) kill(getpid(), SIGSTOP);
    if (mode == FAIL && (now == moment || (lasting && now > moment))) { errno = failure; return 1; }
    return 0;
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)

/* o: a file opened to be written; w: bytes; s: flushed to disk; t: cut; r: renamed; u: removed;
 * m: a folder made; l: linked. */
#define OPEN(name)                                                                                   \
    int name(const char *path, int flags, ...) {                                                     \
        va_list rest; va_start(rest, flags); mode_t bits = va_arg(rest, mode_t); va_end(rest);       \
        REAL(name);                                                                                  \
        if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && hit('o', AT_FDCWD, path, -1)) return -1;       \
        return real(path, flags, bits);                                                              \
    }
OPEN(open)
OPEN(open64)
#define OPENAT(name)                                                                                 \
    int name(int dir, const char *path, int flags, ...) {                                            \
        va_list rest; va_start(rest, flags); mode_t bits = va_arg(rest, mode_t); va_end(rest);       \
        REAL(name);                                                                                  \
        if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && hit('o', dir, path, -1)) return -1;            \
        return real(dir, path, flags, bits);                                                         \
    }
OPENAT(openat)
OPENAT(openat64)

/* A full disk takes half of what it was given: what was written before the error stays there. */
ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    if (hit('w', 0, NULL, fd)) { int e = errno; real(fd, data, size / 2); errno = e; return -1; }
    return real(fd, data, size);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    REAL(pwrite);
    if (hit('w', 0, NULL, fd)) { int e = errno; real(fd, data, size / 2, at); errno = e; return -1; }
    return real(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    REAL(pwrite64);
    if (hit('w', 0, NULL, fd)) { int e = errno; real(fd, data, size / 2, at); errno = e; return -1; }
    return real(fd, data, size, at);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(writev);
    return hit('w', 0, NULL, fd) ? -1 : real(fd, parts, count);
}
#define ONE(type, name, kind, parameters, arguments, dir, path, fd) \
    type name parameters { REAL(name); return hit(kind, dir, path, fd) ? -1 : real arguments; }
ssize_t sendfile(int out, int in, off_t *at, size_t size);
ssize_t sendfile64(int out, int in, off64_t *at, size_t size);
ONE(ssize_t, sendfile, 'w', (int out, int in, off_t *at, size_t size), (out, in, at, size), 0, NULL, out)
ONE(ssize_t, sendfile64, 'w', (int out, int in, off64_t *at, size_t size), (out, in, at, size), 0, NULL, out)
ONE(int, fsync, 's', (int fd), (fd), 0, NULL, fd)
ONE(int, fdatasync, 's', (int fd), (fd), 0, NULL, fd)
ONE(int, ftruncate, 't', (int fd, off_t size), (fd, size), 0, NULL, fd)
ONE(int, ftruncate64, 't', (int fd, off64_t size), (fd, size), 0, NULL, fd)
ONE(int, rename, 'r', (const char *from, const char *to), (from, to), AT_FDCWD, to, -1)
ONE(int, renameat, 'r', (int a, const char *from, int b, const char *to), (a, from, b, to), b, to, -1)
ONE(int, unlink, 'u', (const char *path), (path), AT_FDCWD, path, -1)
ONE(int, unlinkat, 'u', (int dir, const char *path, int flags), (dir, path, flags), dir, path, -1)
ONE(int, rmdir, 'u', (const char *path), (path), AT_FDCWD, path, -1)
int mkdir(const char *path, mode_t bits) { REAL(mkdir); return hit('m', AT_FDCWD, path, -1) ? -1 : real(path, bits); }
ONE(int, symlink, 'l', (const char *to, const char *path), (to, path), AT_FDCWD, path, -1)
