/* wide MIB: lays the bounds of its own command line around so many MiB of zeros, which needs no
   right (prctl(2), PR_SET_MM_MAP), says "ready", and waits until its standard input ends. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <linux/prctl.h>

/* Fields 26 to 51 of /proc/self/stat, proc_pid_stat(5). */
static unsigned long field(int wanted) {
  char line[4096], *at;
  FILE *f = fopen("/proc/self/stat", "r");
  size_t n = f ? fread(line, 1, sizeof line - 1, f) : 0;
  if (f) fclose(f);
  line[n] = 0;
  at = strrchr(line, ')');
  if (!at) return 0;
  for (int i = 2; i < wanted && at; i++) at = strchr(at + 1, ' ');
  return at ? strtoul(at, 0, 10) : 0;
}

int main(int argc, char **argv) {
  size_t size = (size_t)atoi(argc > 1 ? argv[1] : "1") << 20;
  char *zeros = mmap(0, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  struct prctl_mm_map map;
  memset(&map, 0, sizeof map);
  map.start_code = field(26);
  map.end_code = field(27);
  map.start_stack = field(28);
  map.start_data = field(45);
  map.end_data = field(46);
  map.start_brk = field(47);
  map.brk = (unsigned long)sbrk(0);
  map.env_start = field(50);
  map.env_end = field(51);
  map.arg_start = (unsigned long)zeros;
  map.arg_end = (unsigned long)zeros + size;
  map.exe_fd = -1;
  if (zeros == MAP_FAILED || prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0)) {
    perror("wide");
    return 1;
  }
  puts("ready");
  fflush(stdout);
  while (getchar() != EOF) {}
  return 0;
}
