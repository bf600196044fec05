/* Interposed between the daemon and its disk: records in the file SHIM_LOG each sync that is done,
   one letter each, and fails what the file SHIM_ORDER asks for: a letter and an errno. `s` and
   `w` are a sync of and a write to a file whose name ends in -wal, `c` is a sync of another. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_wal(int fd) {
    char link[64], name[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, name, sizeof name);
    return size >= 4 && memcmp(name + size - 4, "-wal", 4) == 0;
}

static int ordered(char what) {
    char order[16] = "";
    const char *path = getenv("SHIM_ORDER");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return 0;
    ssize_t size = syscall(SYS_read, fd, order, sizeof order - 1);
    close(fd);
    return size > 1 && order[0] == what ? atoi(order + 1) : 0;
}

static void record(char what) {
    const char *path = getenv("SHIM_LOG");
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0) return;
    syscall(SYS_write, fd, &what, 1);
    close(fd);
}

static int synced(int fd, long call) {
    char what = is_wal(fd) ? 's' : 'c';
    int failure = ordered(what);
    if (failure) {
        record('F');
        errno = failure;
        return -1;
    }
    int end = (int)syscall(call, fd);
    if (end == 0) record(what);
    return end;
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int refused(int fd) {
    int failure = is_wal(fd) ? ordered('w') : 0;
    errno = failure ? failure : errno;
    return failure;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    return refused(fd) ? -1 : syscall(SYS_pwrite64, fd, bytes, size, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    return pwrite64(fd, bytes, size, at);
}

ssize_t write(int fd, const void *bytes, size_t size) {
    return refused(fd) ? -1 : syscall(SYS_write, fd, bytes, size);
}
