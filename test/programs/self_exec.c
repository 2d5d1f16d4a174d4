/*
 * A living process that executes itself N times, each time with another command line of KIB KiB, and
 * then sleeps: what it ran before is more than what it runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **words) {
  if (count < 3) return 2;
  int left = atoi(words[1]), kib = atoi(words[2]);
  if (left == 0) {
    sleep(600);
    return 0;
  }
  char next[16];
  char *large = malloc(kib * 1024 + 1);
  snprintf(next, sizeof next, "%d", left - 1);
  memset(large, 'a' + left % 26, kib * 1024);
  large[kib * 1024] = 0;
  memcpy(large, next, strlen(next));
  char *args[] = {words[0], next, words[2], large, NULL}, *none[] = {NULL};
  execve("/proc/self/exe", args, none);
  return 1;
}
