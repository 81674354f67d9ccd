/*
 * A device gives itself an identity: it makes a key that never leaves it and a certification request, and later checks what the CA
 * sent back before it uses it. It takes symmetric keys, too, which come wrapped under its password.
 *
 *   identity request FOLDER NAME ADDRESS...
 *       makes FOLDER/key.pem, unless it is there, and FOLDER/request.pem, in a FOLDER that exists; send the request to your CA
 *   identity install FOLDER ROOT.pem ANSWER.pem ADDRESS...
 *       checks the CA's answer (certificate and intermediates, PEM) against the root that the firmware was made with, and keeps it as
 *       FOLDER/chain.pem only if a browser would accept it; says why not otherwise
 *   identity unwrap FOLDER WRAPPED
 *       unwraps an AES key that the registry sent (tegata_keys_deliver) under the device's password, which the production line wrote
 *       into FOLDER/psk, and keeps it as FOLDER/aes.key (version and digits) unless it is older than what is there; WRAPPED is a line:
 *       aes-kw|aes-kwp aes-128|aes-256 DEVICE KEY NUMBER VERSION HEXDIGITS
 *
 * ADDRESS is what people type to reach the device's web page: a DNS name or an IP address.
 */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64
#define _TIME_BITS 64 /* certificates outlive 2038 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <tegata.h>

enum { MAX_FILE = 64 * 1024, MAX_ADDRESSES = 16, MAX_PATH = 1024 };

/* Says what went wrong, in words and with the stable code, and frees the error. */
static int refused(const char *what, tegata_error *error) {
  fprintf(stderr, "%s: %s (%s)\n", what, tegata_error_message(error), tegata_error_code(error));
  tegata_error_free(error);
  return 1;
}

static int trouble(const char *path) {
  fprintf(stderr, "%s: %s\n", path, strerror(errno));
  return 1;
}

/* Reads a file into `room`, which has MAX_FILE octets. */
static int read_file(const char *path, uint8_t *room, tegata_bytes *content) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return trouble(path);
  size_t len = fread(room, 1, MAX_FILE, file);
  int failed = ferror(file);
  fclose(file);
  if (failed) return trouble(path);
  if (len == MAX_FILE) {
    fprintf(stderr, "%s: too large\n", path);
    return 1;
  }
  content->data = room;
  content->len = len;
  return 0;
}

/* Writes a file so that a power cut leaves the old one or the new one, never half of it. */
static int write_file(const char *folder, const char *name, const char *text, size_t len, mode_t mode) {
  char path[MAX_PATH], new_path[MAX_PATH + 4];
  if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) return 1;
  snprintf(new_path, sizeof new_path, "%s.new", path);
  unlink(new_path); /* what a power cut left; O_EXCL then makes sure that the mode is ours */
  int file = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return trouble(new_path);
  size_t done = 0;
  while (done < len) {
    ssize_t more = write(file, text + done, len - done);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) break;
    done += (size_t)more;
  }
  int failed = done < len || fsync(file) != 0;
  failed = close(file) != 0 || failed;
  if (failed || rename(new_path, path) != 0) {
    int result = trouble(path);
    unlink(new_path);
    return result;
  }
  int directory = open(folder, O_RDONLY | O_CLOEXEC); /* the rename itself must be on the disk, too */
  if (directory >= 0) {
    fsync(directory);
    close(directory);
  }
  return 0;
}

/* The device's key: the one in the folder, or NULL if there is none yet. */
static int load_key(const char *folder, tegata_private_key **key) {
  char path[MAX_PATH];
  static uint8_t room[MAX_FILE];
  tegata_bytes content;
  tegata_error *error = NULL;
  *key = NULL;
  if (snprintf(path, sizeof path, "%s/key.pem", folder) >= (int)sizeof path) return 1;
  if (access(path, F_OK) != 0 && errno == ENOENT) return 0;
  if (read_file(path, room, &content) != 0) return 1;
  tegata_status status = tegata_private_key_from_bytes(content, key, &error);
  memset(room, 0, sizeof room);
  return status == TEGATA_STATUS_OK ? 0 : refused(path, error);
}

static int make_key(const char *folder, tegata_private_key **key) {
  tegata_error *error = NULL;
  const tegata_string *pem = NULL;
  if (tegata_make_key(TEGATA_KEY_ALGORITHM_ECDSA_P256, key, &error) != TEGATA_STATUS_OK ||
      tegata_private_key_to_pkcs8_pem(*key, &pem, &error) != TEGATA_STATUS_OK) {
    return refused("no key", error);
  }
  int result = write_file(folder, "key.pem", pem->text, pem->len, 0600);
  tegata_string_free(pem); /* erases it */
  return result;
}

static int request(const char *folder, const char *name, char **addresses, size_t count) {
  tegata_error *error = NULL;
  tegata_private_key *key = NULL;
  tegata_signer *signer = NULL;
  const tegata_buffer *csr = NULL;
  const tegata_string *pem = NULL;
  char subject[256], texts[MAX_ADDRESSES][300];
  const char *names[MAX_ADDRESSES];
  int result = 1;

  snprintf(subject, sizeof subject, "CN=%s", name);
  for (size_t i = 0; i < count; i++) {
    unsigned char ip[16];
    int is_ip = inet_pton(AF_INET, addresses[i], ip) == 1 || inet_pton(AF_INET6, addresses[i], ip) == 1;
    snprintf(texts[i], sizeof texts[i], "%s:%s", is_ip ? "IP" : "DNS", addresses[i]);
    names[i] = texts[i];
  }
  const tegata_texts san = {names, count};

  /* A key that is there already is used again: the request may have been lost, and the key may have a certificate. */
  if (load_key(folder, &key) == 0 && (key != NULL || make_key(folder, &key) == 0)) {
    if (tegata_private_key_signer(key, &signer, &error) != TEGATA_STATUS_OK ||
        tegata_make_csr(signer, subject, &san, &csr, &error) != TEGATA_STATUS_OK ||
        tegata_csr_pem((tegata_bytes){csr->data, csr->len}, &pem, &error) != TEGATA_STATUS_OK) {
      refused("no request", error);
    } else {
      result = write_file(folder, "request.pem", pem->text, pem->len, 0644);
    }
  }
  tegata_string_free(pem);
  tegata_buffer_free(csr);
  tegata_signer_free(signer);
  tegata_private_key_free(key);
  return result;
}

/* Why would a browser not accept this? Prints all of it; 0 when there is nothing but warnings. */
static int check_installation(const tegata_certificates *chain, const tegata_certificates *roots,
                              const tegata_public_key *key, char **addresses, size_t count) {
  tegata_error *error = NULL;
  const tegata_findings *findings = NULL;
  const tegata_certificates rest = {chain->items + 1, chain->len - 1};
  int result = 0;
  tegata_installation_check check;
  TEGATA_INIT(check);
  check.certificate = chain->items[0];
  check.key = key;
  check.chain = &rest;
  check.roots = roots;
  check.addresses.items = (const char *const *)addresses;
  check.addresses.len = count;
  check.now = (int64_t)time(NULL);
  if (tegata_check_installation(&check, &findings, &error) != TEGATA_STATUS_OK) return refused("no check", error);
  for (size_t i = 0; i < findings->len; i++) {
    int is_error = findings->items[i]->severity == TEGATA_SEVERITY_ERROR;
    fprintf(stderr, "%s: %s (%s)\n", is_error ? "refused" : "note", findings->items[i]->text, findings->items[i]->code);
    if (is_error) result = 1;
  }
  tegata_findings_free(findings);
  return result;
}

/* Does a chain lead from the answer to the pinned root, today, for a TLS server? */
static int check_chain(const tegata_certificates *chain, const tegata_certificates *roots) {
  tegata_error *error = NULL;
  const tegata_verified_chain *verified = NULL;
  const tegata_certificates rest = {chain->items + 1, chain->len - 1};
  tegata_purpose server;
  TEGATA_INIT(server);
  server.type = TEGATA_PURPOSE_TYPE_SERVER_AUTH;
  if (tegata_verify_chain(chain->items[0], &rest, roots, NULL, &server, (int64_t)time(NULL), &verified, &error) !=
      TEGATA_STATUS_OK) {
    return refused("refused", error);
  }
  tegata_verified_chain_free(verified);
  return 0;
}

static int install(const char *folder, const char *root_file, const char *answer_file, char **addresses, size_t count) {
  tegata_error *error = NULL;
  tegata_private_key *key = NULL;
  const tegata_public_key *own = NULL;
  const tegata_certificates *roots = NULL, *chain = NULL;
  static uint8_t room[MAX_FILE];
  tegata_bytes content;
  int result = 1;

  if (load_key(folder, &key) != 0) goto done;
  if (key == NULL) {
    fprintf(stderr, "%s holds no key: make a request first\n", folder);
    goto done;
  }
  if (read_file(root_file, room, &content) != 0) goto done;
  if (tegata_certificate_many_from_pem(content, &roots, &error) != TEGATA_STATUS_OK) {
    refused(root_file, error);
    goto done;
  }
  if (read_file(answer_file, room, &content) != 0) goto done;
  if (tegata_certificate_many_from_pem(content, &chain, &error) != TEGATA_STATUS_OK ||
      tegata_private_key_public_key(key, &own, &error) != TEGATA_STATUS_OK) {
    refused(answer_file, error);
    goto done;
  }
  if (chain->len == 0) {
    fprintf(stderr, "%s holds no certificate\n", answer_file);
    goto done;
  }
  /* The first one tells everything that is wrong, the second one decides. */
  result = check_installation(chain, roots, own, addresses, count);
  if (check_chain(chain, roots) != 0) result = 1;
  if (result == 0) result = write_file(folder, "chain.pem", (const char *)content.data, content.len, 0644);
  if (result == 0) {
    time_t until = (time_t)chain->items[0]->not_after;
    char date[16];
    strftime(date, sizeof date, "%Y-%m-%d", gmtime(&until));
    printf("installed: %s, number %s, valid until %s\n", chain->items[0]->subject, chain->items[0]->serial_hex, date);
  }
done:
  tegata_certificates_free(chain);
  tegata_certificates_free(roots);
  tegata_public_key_free(own);
  tegata_private_key_free(key);
  return result;
}

/* The octets that these digits stand for; how many, or 0 if they are none or too many. */
static size_t from_hex(const char *digits, uint8_t *octets, size_t limit) {
  static const char all[] = "0123456789abcdef";
  size_t len = strlen(digits) / 2;
  if (strlen(digits) % 2 != 0 || len > limit) return 0;
  for (size_t i = 0; i < len; i++) {
    const char *high = strchr(all, digits[2 * i]), *low = strchr(all, digits[2 * i + 1]);
    if (high == NULL || low == NULL) return 0;
    octets[i] = (uint8_t)((high - all) << 4 | (low - all));
  }
  return len;
}

/* Which version of the AES key the folder has; 0 if it has none. */
static int kept_version(const char *folder, uint32_t *version) {
  char path[MAX_PATH];
  *version = 0;
  if (snprintf(path, sizeof path, "%s/aes.key", folder) >= (int)sizeof path) return 1;
  FILE *file = fopen(path, "r");
  if (file == NULL) return errno == ENOENT ? 0 : trouble(path);
  int fields = fscanf(file, "%" SCNu32, version);
  fclose(file);
  if (fields != 1) fprintf(stderr, "%s: does not begin with a version\n", path);
  return fields == 1 ? 0 : 1;
}

static int keep_key(const char *folder, uint32_t version, const tegata_buffer *key) {
  char line[96];
  int len = snprintf(line, sizeof line, "%" PRIu32 " ", version);
  for (size_t i = 0; i < key->len && len > 0 && (size_t)len + 3 < sizeof line; i++) {
    len += snprintf(line + len, sizeof line - (size_t)len, "%02x", key->data[i]);
  }
  line[len++] = '\n';
  int result = write_file(folder, "aes.key", line, (size_t)len, 0600);
  memset(line, 0, sizeof line);
  return result;
}

static int unwrap(const char *folder, const char *wrapped_file) {
  static uint8_t room[MAX_FILE], psk_room[MAX_FILE];
  char path[MAX_PATH], method[8], algorithm[8], device[27], key_id[27], digits[129];
  uint8_t octets[64];
  tegata_bytes content, psk;
  tegata_error *error = NULL;
  const tegata_buffer *key = NULL;
  tegata_wrapped wrapped;
  uint32_t have;
  TEGATA_INIT(wrapped);

  if (read_file(wrapped_file, room, &content) != 0) return 1;
  room[content.len] = 0;
  if (sscanf((const char *)room, "%7s %7s %26s %26s %" SCNu32 " %" SCNu32 " %128s", method, algorithm, device, key_id,
             &wrapped.number, &wrapped.version, digits) == 7) {
    if (strcmp(method, "aes-kw") == 0) wrapped.method = TEGATA_WRAP_METHOD_AES_KW;
    if (strcmp(method, "aes-kwp") == 0) wrapped.method = TEGATA_WRAP_METHOD_AES_KWP;
    if (strcmp(algorithm, "aes-128") == 0) wrapped.algorithm = TEGATA_SYMMETRIC_ALGORITHM_AES128;
    if (strcmp(algorithm, "aes-256") == 0) wrapped.algorithm = TEGATA_SYMMETRIC_ALGORITHM_AES256;
    wrapped.wrapped.data = octets;
    wrapped.wrapped.len = from_hex(digits, octets, sizeof octets);
  }
  if (wrapped.method == 0 || wrapped.algorithm == 0 || wrapped.wrapped.len == 0) {
    fprintf(stderr, "%s: holds no wrapped AES key\n", wrapped_file);
    return 1;
  }
  wrapped.device = device;
  wrapped.key = key_id;

  /* What was overheard once opens again later: an older version than ours is none of ours. */
  if (kept_version(folder, &have) != 0) return 1;
  if (wrapped.version < have) {
    fprintf(stderr, "refused: version %" PRIu32 ", and version %" PRIu32 " is here already\n", wrapped.version, have);
    return 1;
  }
  if (snprintf(path, sizeof path, "%s/psk", folder) >= (int)sizeof path) return 1;
  if (read_file(path, psk_room, &psk) != 0) return 1;
  tegata_status status = tegata_unwrap_key(&wrapped, psk, &key, &error);
  memset(psk_room, 0, sizeof psk_room);
  if (status != TEGATA_STATUS_OK) return refused("refused", error);
  int result = keep_key(folder, wrapped.version, key);
  tegata_buffer_free(key); /* erases it */
  if (result == 0) printf("kept: version %" PRIu32 " of key %s\n", wrapped.version, key_id);
  return result;
}

int main(int argc, char **argv) {
  if (argc >= 5 && argc - 4 <= MAX_ADDRESSES && strcmp(argv[1], "request") == 0) {
    return request(argv[2], argv[3], argv + 4, (size_t)argc - 4);
  }
  if (argc >= 6 && argc - 5 <= MAX_ADDRESSES && strcmp(argv[1], "install") == 0) {
    return install(argv[2], argv[3], argv[4], argv + 5, (size_t)argc - 5);
  }
  if (argc == 4 && strcmp(argv[1], "unwrap") == 0) return unwrap(argv[2], argv[3]);
  fprintf(stderr, "usage: identity request FOLDER NAME ADDRESS...\n"
                  "       identity install FOLDER ROOT.pem ANSWER.pem ADDRESS...\n"
                  "       identity unwrap FOLDER WRAPPED\n");
  return 2;
}
