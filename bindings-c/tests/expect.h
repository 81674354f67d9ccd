/* What the C tests have in common: expectations that say where they failed, and files. */
#ifndef EXPECT_H
#define EXPECT_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tegata.h>
#include <tegata_codes.h>

/* The error of the call just made; OK() and REFUSED() free it. */
static tegata_error *error;

static inline void fail_at(const char *file, int line, const char *what) {
  fprintf(stderr, "%s:%d: %s\n", file, line, what);
  exit(1);
}

#define EXPECT(condition) ((condition) ? (void)0 : fail_at(__FILE__, __LINE__, #condition))

static inline void expect_text(const char *file, int line, const char *found, const char *wanted) {
  if (found == NULL || strcmp(found, wanted) != 0) {
    fprintf(stderr, "%s:%d: `%s` instead of `%s`\n", file, line, found ? found : "NULL", wanted);
    exit(1);
  }
}
#define EXPECT_TEXT(found, wanted) expect_text(__FILE__, __LINE__, found, wanted)

static inline void expect_ok(const char *file, int line, tegata_status status) {
  if (status != TEGATA_STATUS_OK) {
    fprintf(stderr, "%s:%d: %s: %s\n", file, line, tegata_error_code(error), tegata_error_message(error));
    exit(1);
  }
  EXPECT(error == NULL);
}
/* The call, whose last argument is &error, must succeed. */
#define OK(call) expect_ok(__FILE__, __LINE__, call)

static inline void expect_refused(const char *file, int line, tegata_status status, const char *code) {
  if (status == TEGATA_STATUS_OK) fail_at(file, line, "succeeded");
  if (error == NULL) fail_at(file, line, "no error object");
  expect_text(file, line, tegata_error_code(error), code);
  if (tegata_error_kind(error) != status) fail_at(file, line, "status and kind differ");
  if (strlen(tegata_error_message(error)) < 10) fail_at(file, line, "no message");
  tegata_error_free(error);
  error = NULL;
}
/* The call, whose last argument is &error, must be refused with this code. */
#define REFUSED(code, call) expect_refused(__FILE__, __LINE__, call, code)

static inline tegata_bytes bytes_of(const char *text) {
  tegata_bytes bytes = {(const uint8_t *)text, strlen(text)};
  return bytes;
}

static inline tegata_bytes lent(const tegata_buffer *buffer) {
  tegata_bytes bytes = {buffer->data, buffer->len};
  return bytes;
}

/* The content of folder/name, to be freed with free(). */
static inline tegata_bytes read_file(const char *folder, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    perror(path);
    exit(1);
  }
  size_t room = 65536;
  uint8_t *data = (uint8_t *)malloc(room);
  EXPECT(data != NULL);
  tegata_bytes bytes = {data, fread(data, 1, room, file)};
  EXPECT(bytes.len < room);
  fclose(file);
  return bytes;
}

static inline void write_file(const char *folder, const char *name, const void *data, size_t len) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (file == NULL) {
    perror(path);
    exit(1);
  }
  EXPECT(fwrite(data, 1, len, file) == len);
  EXPECT(fclose(file) == 0);
}

static inline const tegata_certificate *read_certificate(const char *folder, const char *name) {
  tegata_bytes file = read_file(folder, name);
  const tegata_certificate *certificate = NULL;
  OK(tegata_parse_certificate(file, &certificate, &error));
  free((void *)file.data);
  return certificate;
}

#endif
