/* assault chain N M:       a chain of N generations, each forks the next and exits; then M other forks
 * assault args N KIB WORD: N execs of /bin/true, each with so many KiB of arguments "WORDWORD..."
 * assault crowd N BYTES:   N processes that live at the same time, each with its own BYTES of arguments
 * assault names N M:       N processes, one after the other, that call themselves something else M times
 *
 * What an ordinary user can do to a recorder; prints "done" and what it has made. Nothing outlives 200
 * seconds. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* One argument of exec may have 128 KiB (MAX_ARG_STRLEN), its end included. */
#define PIECE (120 * 1024)

static int spawn(char **words) {
  pid_t pid = vfork();
  if (pid == 0) {
    execv(words[0], words);
    _exit(127);
  }
  return pid;
}

static void chain(int n) {
  int ends[2];
  char byte;
  if (pipe(ends) < 0) exit(1);
  if (fork() == 0) {
    close(ends[0]);
    for (int i = 0; i < n; i++)
      if (fork() > 0) _exit(0);
    _exit(0);
  }
  close(ends[1]);
  while (wait(0) > 0) {}
  (void)!read(ends[0], &byte, 1); /* Until the last has ended. */
  close(ends[0]);
}

static void forks(int n) {
  for (int i = 0; i < n; i++) {
    if (fork() == 0) _exit(0);
    wait(0);
  }
}

static char *filled(const char *word, size_t bytes) {
  char *text = malloc(bytes + 1);
  size_t length = strlen(word);
  for (size_t i = 0; i < bytes; i++) text[i] = word[i % length];
  text[bytes] = 0;
  return text;
}

static int args(int n, int kib, const char *word) {
  char *words[64] = {"/bin/true"}, *piece = filled(word, PIECE), number[16];
  int count = kib * 1024 / PIECE, made = 0;
  words[1] = number;
  for (int i = 0; i < count && i < 60; i++) words[i + 2] = piece;
  for (int i = 0; i < n; i++) {
    int status = 0;
    snprintf(number, sizeof number, "%d", i);
    spawn(words);
    wait(&status);
    if (status == 0) made++;
  }
  return made;
}

/* Each waits for the end of a pipe, as sh does it: read is a builtin. */
static void crowd(int n, int bytes) {
  char *text = filled("x", bytes), *words[] = {"/bin/sh", "-c", "read line <&9", text, 0};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0 || dup2(ends[0], 9) < 0) exit(1);
  for (int i = 0; i < n; i++) {
    text[i % bytes]++; /* So that each is another. */
    spawn(words);
  }
  sleep(2);
  close(ends[1]);
  while (wait(0) > 0) {}
}

static void names(int n) {
  char name[16];
  for (int i = 0; i < n; i++) {
    snprintf(name, sizeof name, "name %d", i);
    prctl(PR_SET_NAME, name);
  }
}

static void names_of(int n, int m) {
  for (int i = 0; i < n; i++) {
    if (fork() == 0) {
      names(m);
      _exit(0);
    }
    wait(0);
  }
}

int main(int count, char **words) {
  const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
  const char *what = count > 2 ? words[1] : "";
  int n = count > 2 ? atoi(words[2]) : 0, m = count > 3 ? atoi(words[3]) : 0, made = n;
  alarm(200);
  setrlimit(RLIMIT_STACK, &all); /* A quarter of it may be arguments, 6 MiB at most. */
  if (!strcmp(what, "chain")) chain(n), forks(m);
  else if (!strcmp(what, "args") && count > 4) made = args(n, m, words[4]);
  else if (!strcmp(what, "crowd")) crowd(n, m);
  else if (!strcmp(what, "names")) names_of(n, m);
  else return 2;
  printf("done %d\n", made);
  return 0;
}
