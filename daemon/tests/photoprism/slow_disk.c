/* A disk whose syncs take 40 ms each, as those of a memory card do. */

#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int synced(int fd, long call)
{
    struct timespec time = {0, 40 * 1000 * 1000};
    nanosleep(&time, NULL);
    return (int)syscall(call, fd);
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }
