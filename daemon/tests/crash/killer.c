/* Interposed between the daemon and its disk: writes each step of a commit that is done to the file
   KILLER_STEPS, a word a line, and kills the process before the step whose number is in the file
   KILLER_ORDER, counted from when that file is there; behind an `s` writes are not counted, behind a `p` nothing
   but writes to admin.db. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ends(const char *name, const char *end) {
    size_t size = strlen(name), length = strlen(end);
    return size >= length && strcmp(name + size - length, end) == 0;
}

static const char *file_of(const char *name) {
    if (ends(name, "/photoprism-admin.db-wal")) return "wal";
    if (ends(name, "/photoprism-admin.db")) return "admin";
    if (strstr(name, "/photoprism-admin.db.new")) return "new";
    if (ends(name, "/admin.db")) return "own";
    if (ends(name, "/index.db-journal")) return "journal";
    if (ends(name, "/index.db")) return "index";
    if (strstr(name, "/data")) return "directory";
    return NULL;
}

static void step(const char *what, const char *file) {
    static int left = -1;
    static char counted = 'a';
    const char *path = getenv("KILLER_ORDER");
    if (left < 0) {
        char order[16] = "";
        int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (fd >= 0) {
            if (syscall(SYS_read, fd, order, sizeof order - 1) > 0) {
                int letter = order[0] == 's' || order[0] == 'p';
                counted = letter ? order[0] : 'a';
                left = atoi(order + letter);
            }
            close(fd);
        }
    }
    int write = strcmp(what, "write") == 0, own = strcmp(file, "own") == 0;
    if (counted == 'p' ? write && own : counted == 'a' || !write) {
        if (left == 0) kill(getpid(), SIGKILL);
        if (left > 0) left--;
    }
    path = getenv("KILLER_STEPS");
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0) return;
    char line[64];
    int size = snprintf(line, sizeof line, "%s %s\n", what, file);
    syscall(SYS_write, fd, line, (size_t)size);
    close(fd);
}

static void step_at(const char *what, int fd) {
    char link[64], name[4096] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (readlink(link, name, sizeof name - 1) <= 0) return;
    const char *file = file_of(name);
    if (file) step(what, file);
}

int fsync(int fd) {
    step_at("sync", fd);
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
    step_at("sync", fd);
    return (int)syscall(SYS_fdatasync, fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at) {
    step_at("write", fd);
    return syscall(SYS_pwrite64, fd, bytes, size, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    return pwrite64(fd, bytes, size, at);
}

int unlink(const char *name) {
    const char *file = file_of(name);
    if (file) step("unlink", file);
    return (int)syscall(SYS_unlinkat, AT_FDCWD, name, 0);
}

int rename(const char *from, const char *to) {
    const char *file = file_of(from);
    if (file) step("rename", file);
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
