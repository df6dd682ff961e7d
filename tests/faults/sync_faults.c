// Preloaded into a node: makes the syncs of chosen files fail or lie.
//   SYNC_FAULT_PATH  only files whose path contains this text
//   SYNC_FAULT_AT    the n-th such sync fails with EIO
//   SYNC_FAULT_LIE   every such sync returns 0 and does nothing
//   SYNC_FAULT_LOG   a file that gets one byte per intercepted sync
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long seen;

static int is_chosen(int file) {
    const char *wanted = getenv("SYNC_FAULT_PATH");
    char link[64], path[4096];
    if (wanted == NULL) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return strstr(path, wanted) != NULL;
}

static void note(void) {
    const char *log = getenv("SYNC_FAULT_LOG");
    if (log == NULL) return;
    int file = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (file < 0) return;
    if (write(file, ".", 1) < 0) abort();
    close(file);
}

// 0: go on, 1: lie, -1: fail.
static int verdict(int file) {
    if (!is_chosen(file)) return 0;
    note();
    const char *at = getenv("SYNC_FAULT_AT");
    long count = atomic_fetch_add(&seen, 1) + 1;
    if (at != NULL && atol(at) == count) {
        errno = EIO;
        return -1;
    }
    return getenv("SYNC_FAULT_LIE") != NULL ? 1 : 0;
}

int fsync(int file) {
    static int (*real)(int);
    if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int said = verdict(file);
    return said == 0 ? real(file) : said < 0 ? -1 : 0;
}

int fdatasync(int file) {
    static int (*real)(int);
    if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int said = verdict(file);
    return said == 0 ? real(file) : said < 0 ? -1 : 0;
}
