// A disk that goes wrong on command: loaded before libc (LD_PRELOAD), it lets the calls that write, read, make, rename, delete and flush files in one folder fail or wait.
// OTELLITE_DISK_FOLDER names the folder, OTELLITE_DISK_COMMAND a file whose first byte is the command now: ' ' nothing, 'f' full, 'i' I/O error, 'r' read-only,
// 'n' the database can't be renamed, nor anything to its name, 's' slow (each flush takes OTELLITE_DISK_SLOW_MS).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static const volatile char *command;
static const char *folder;
static long slow_ms;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("OTELLITE_DISK_COMMAND");
    folder = getenv("OTELLITE_DISK_FOLDER");
    const char *ms = getenv("OTELLITE_DISK_SLOW_MS");
    slow_ms = ms ? atol(ms) : 0;
    int fd = path ? open(path, O_RDONLY) : -1;
    if (fd >= 0) {
        void *page = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
        if (page != MAP_FAILED) command = page;
        close(fd);
    }
}

static char now(void) { return command ? *command : ' '; }

static int is_ours(const char *path) { return folder && path && strncmp(path, folder, strlen(folder)) == 0; }

static int is_ours_fd(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return is_ours(path);
}

// What a write to this file comes to now; 0 where it goes on to the disk.
static int write_error(int fd) {
    char c = now();
    if (c == ' ' || c == 's' || c == 'n' || !is_ours_fd(fd)) return 0;
    return c == 'f' ? ENOSPC : c == 'r' ? EROFS : EIO;
}

// And what a change of a name comes to: files are made, renamed and deleted, or opened so that they can be written.
static int name_error(const char *path) {
    char c = now();
    return (c != 'r' && c != 'i') || !is_ours(path) ? 0 : c == 'r' ? EROFS : EIO;
}

static int rename_error(const char *from, const char *to) {
    const char *database = "/otellite.db";
    size_t length = folder ? strlen(folder) : 0;
    if (now() == 'n' && ((is_ours(from) && strcmp(from + length, database) == 0) || (is_ours(to) && strcmp(to + length, database) == 0))) return ENOSPC;
    int e = name_error(from);
    return e ? e : name_error(to);
}

static int open_error(const char *path, int flags) {
    return (flags & O_ACCMODE) == O_RDONLY && !(flags & (O_CREAT | O_TRUNC)) ? 0 : name_error(path);
}

static int flush_error(int fd) {
    char c = now();
    if (c == ' ' || !is_ours_fd(fd)) return 0;
    if (c == 's') {
        struct timespec t = { slow_ms / 1000, (slow_ms % 1000) * 1000000 };
        nanosleep(&t, NULL);
        return 0;
    }
    return c == 'i' ? EIO : 0;
}

#define REAL(name) ({ static __typeof__(&name) real_; if (!real_) real_ = (__typeof__(&name))dlsym(RTLD_NEXT, #name); real_; })
#define FAIL_IF(error) do { int e_ = (error); if (e_) { errno = e_; return -1; } } while (0)

static int read_error(int fd) { return now() == 'i' && is_ours_fd(fd) ? EIO : 0; }

ssize_t write(int fd, const void *b, size_t n) { FAIL_IF(write_error(fd)); return REAL(write)(fd, b, n); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { FAIL_IF(write_error(fd)); return REAL(pwrite)(fd, b, n, o); }
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) { FAIL_IF(write_error(fd)); return REAL(pwrite64)(fd, b, n, o); }
ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t o) { FAIL_IF(write_error(fd)); return REAL(pwritev64)(fd, v, n, o); }
ssize_t read(int fd, void *b, size_t n) { FAIL_IF(read_error(fd)); return REAL(read)(fd, b, n); }
ssize_t pread(int fd, void *b, size_t n, off_t o) { FAIL_IF(read_error(fd)); return REAL(pread)(fd, b, n, o); }
ssize_t pread64(int fd, void *b, size_t n, off64_t o) { FAIL_IF(read_error(fd)); return REAL(pread64)(fd, b, n, o); }
int ftruncate(int fd, off_t n) { FAIL_IF(write_error(fd)); return REAL(ftruncate)(fd, n); }
int ftruncate64(int fd, off64_t n) { FAIL_IF(write_error(fd)); return REAL(ftruncate64)(fd, n); }
int fallocate64(int fd, int m, off64_t o, off64_t n) { FAIL_IF(write_error(fd)); return REAL(fallocate64)(fd, m, o, n); }
int fsync(int fd) { FAIL_IF(flush_error(fd)); return REAL(fsync)(fd); }
int fdatasync(int fd) { FAIL_IF(flush_error(fd)); return REAL(fdatasync)(fd); }
int rename(const char *from, const char *to) { FAIL_IF(rename_error(from, to)); return REAL(rename)(from, to); }
int link(const char *from, const char *to) { FAIL_IF(rename_error(from, to)); return REAL(link)(from, to); }
int unlink(const char *path) { FAIL_IF(name_error(path)); return REAL(unlink)(path); }
int mkdir(const char *path, mode_t mode) { FAIL_IF(name_error(path)); return REAL(mkdir)(path, mode); }
int rmdir(const char *path) { FAIL_IF(name_error(path)); return REAL(rmdir)(path); }

// The mode is there where a file may be made, and is passed on unlooked at where it is not.
#define MODE(last) ({ va_list rest_; va_start(rest_, last); mode_t mode_ = va_arg(rest_, mode_t); va_end(rest_); mode_; })
int open(const char *path, int flags, ...) { FAIL_IF(open_error(path, flags)); return REAL(open)(path, flags, MODE(flags)); }
int open64(const char *path, int flags, ...) { FAIL_IF(open_error(path, flags)); return REAL(open64)(path, flags, MODE(flags)); }
int openat(int at, const char *path, int flags, ...) { FAIL_IF(open_error(path, flags)); return REAL(openat)(at, path, flags, MODE(flags)); }
int openat64(int at, const char *path, int flags, ...) { FAIL_IF(open_error(path, flags)); return REAL(openat64)(at, path, flags, MODE(flags)); }
int creat(const char *path, mode_t mode) { FAIL_IF(name_error(path)); return REAL(creat)(path, mode); }
int creat64(const char *path, mode_t mode) { FAIL_IF(name_error(path)); return REAL(creat64)(path, mode); }
