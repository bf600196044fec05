/* Argon2id of Debian's library: threads with their own hashes, m=19456, t=2, p=1. The package
   without its header is enough. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int argon2id_hash_raw(uint32_t t, uint32_t m, uint32_t p, const void *pwd, size_t pwd_length,
                      const void *salt, size_t salt_length, void *tag, size_t tag_length);

static long rounds;

static void *work(void *unused) {
  uint8_t salt[16] = {0}, tag[32];
  for (uint32_t round = 0; round < rounds; round++) {
    memcpy(salt, &round, sizeof round);
    if (argon2id_hash_raw(2, 19456, 1, "correct horse", 13, salt, 16, tag, 32)) exit(1);
  }
  return unused;
}

int main(int count, char **words) {
  long threads = count == 3 ? atol(words[1]) : 0;
  pthread_t ids[64];
  struct timespec from, to;
  if (threads < 1 || threads > 64) return 2;
  rounds = atol(words[2]);
  clock_gettime(CLOCK_MONOTONIC, &from);
  for (long i = 0; i < threads; i++)
    if (pthread_create(&ids[i], NULL, work, NULL)) return 1;
  for (long i = 0; i < threads; i++) pthread_join(ids[i], NULL);
  clock_gettime(CLOCK_MONOTONIC, &to);
  printf("%f\n", threads * rounds / (to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9));
  return 0;
}
