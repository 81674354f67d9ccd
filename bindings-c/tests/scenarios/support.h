/* What the generated scenarios use: JSON on standard output, memory that lives as long as a scenario. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tegata.h"

static void check(int line, bool holds, const char *what) {
  if (!holds) {
    fflush(stdout);
    fprintf(stderr, "line %d: %s does not hold\n", line, what);
    exit(2);
  }
}

static void null(void) { fputs("null", stdout); }
static void list_begin(void) { fputs("[", stdout); }
static void list_end(void) { fputs("]", stdout); }
static void next(size_t index) {
  if (index > 0) fputs(", ", stdout);
}

static void put_text(const char *text) {
  if (text == NULL) {
    null();
    return;
  }
  putchar('"');
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') printf("\\%c", c);
    else if (c < 0x20) printf("\\u%04x", c);
    else putchar(c);
  }
  putchar('"');
}

static void put_bytes(const uint8_t *data, size_t len) {
  size_t i;
  fputs("{\"hex\": \"", stdout);
  for (i = 0; i < len; i++) printf("%02x", data[i]);
  fputs("\"}", stdout);
}

/* Memory of a scenario. */
typedef struct {
  void *blocks[4096];
  size_t len;
} pool;

static void *pool_take(pool *of, size_t size) {
  void *block = calloc(1, size > 0 ? size : 1);
  check(__LINE__, block != NULL && of->len < 4096, "room");
  of->blocks[of->len++] = block;
  return block;
}

static void pool_free(pool *of) {
  while (of->len > 0) free(of->blocks[--of->len]);
}

static tegata_bytes bytes_of(const uint8_t *data, size_t len) {
  tegata_bytes bytes;
  bytes.data = data;
  bytes.len = len;
  return bytes;
}

static tegata_bytes bytes_of_text(const char *text) { return bytes_of((const uint8_t *)text, strlen(text)); }

static tegata_bytes bytes_of_buffer(const tegata_buffer *buffer) { return bytes_of(buffer->data, buffer->len); }

static tegata_bytes joined(pool *of, tegata_bytes first, tegata_bytes second) {
  uint8_t *all = (uint8_t *)pool_take(of, first.len + second.len);
  if (first.len > 0) memcpy(all, first.data, first.len);
  if (second.len > 0) memcpy(all + first.len, second.data, second.len);
  return bytes_of(all, first.len + second.len);
}

/* A file in the scenario's own folder; with a content it is written first. */
static const char *path_of(pool *of, const char *folder, const char *name, const char *content) {
  char *path = (char *)pool_take(of, strlen(folder) + strlen(name) + 2);
  sprintf(path, "%s/%s", folder, name);
  if (content != NULL) {
    FILE *file = fopen(path, "wb");
    check(__LINE__, file != NULL, path);
    check(__LINE__, fwrite(content, 1, strlen(content), file) == strlen(content), path);
    check(__LINE__, fclose(file) == 0, path);
  }
  return path;
}

/* Where events.export writes. */
typedef struct {
  char *text;
  size_t len;
} written;

static int write_more(void *userdata, tegata_bytes data, tegata_failure *failure) {
  written *to = (written *)userdata;
  char *grown = (char *)realloc(to->text, to->len + data.len + 1);
  (void)failure;
  if (grown == NULL) return 1;
  memcpy(grown + to->len, data.data, data.len);
  to->text = grown;
  to->len += data.len;
  grown[to->len] = '\0';
  return 0;
}

#ifdef TEGATA_REGISTRY
/* How many lines the archive of housekeeping got. */
static size_t archived_lines;
#endif

static size_t lines_of(const char *text) {
  size_t count = 0;
  for (; text != NULL && *text != '\0'; text++) count += *text == '\n';
  return count;
}

/* Prints how a step ended, up to its result. */
static bool ended(int step, tegata_status status, tegata_error **error) {
  printf("%d\t", step);
  check(__LINE__, (status == TEGATA_STATUS_OK) == (*error == NULL), "an error exactly when there is trouble");
  if (status == TEGATA_STATUS_OK) return true;
  check(__LINE__, tegata_error_kind(*error) == status, "the kind is what the call returned");
  check(__LINE__, strlen(tegata_error_message(*error)) > 0, "an error says something");
  fputs("{\"$error\": ", stdout);
  put_text(tegata_error_code(*error));
  fputs(", \"message\": ", stdout);
  put_text(tegata_error_message(*error));
  fputs("}\n", stdout);
  tegata_error_free(*error);
  *error = NULL;
  return false;
}

#endif
