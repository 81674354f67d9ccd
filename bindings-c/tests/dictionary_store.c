/*
 * A store of one's own in C, written against tegata.h alone: a model for yours. It passes the conformance suite.
 *
 * The library checks every question before it gets here, and every answer after it left; what remains is to keep rows, to
 * compare values, and to commit all writes or none.
 */
#include "dictionary_store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int dictionaries = 0;
static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;

typedef struct {
  char *table;
  uint64_t key;
  uint64_t version;
  tegata_value *values;
  size_t values_len;
} row;

typedef struct {
  char *name;
  uint64_t of;
  uint64_t value;
} counter;

typedef struct {
  pthread_mutex_t lock;
  uint32_t schema;
  row *rows;
  size_t rows_len;
  counter *counters;
  size_t counters_len;
} dictionary;

/* Memory. */

static void *copy(const void *data, size_t len) {
  void *made = malloc(len > 0 ? len : 1);
  if (made != NULL && len > 0) memcpy(made, data, len);
  return made;
}

static void values_free(tegata_value *values, size_t len) {
  size_t i;
  if (values == NULL) return;
  for (i = 0; i < len; i++) free((void *)(uintptr_t)values[i].bytes.data);
  free(values);
}

static tegata_value *values_copy(const tegata_value *values, size_t len) {
  size_t i;
  tegata_value *made = (tegata_value *)calloc(len > 0 ? len : 1, sizeof *made);
  if (made == NULL) return NULL;
  for (i = 0; i < len; i++) {
    made[i] = values[i];
    made[i].bytes.data = NULL;
    if (values[i].type == TEGATA_VALUE_TYPE_TEXT || values[i].type == TEGATA_VALUE_TYPE_BYTES) {
      made[i].bytes.data = (const uint8_t *)copy(values[i].bytes.data, values[i].bytes.len);
      if (made[i].bytes.data == NULL) {
        values_free(made, len);
        return NULL;
      }
    }
  }
  return made;
}

static void row_free(row *one) {
  free(one->table);
  values_free(one->values, one->values_len);
}

/* Comparisons: null, then numbers, then text, then octets; text and octets by their octets. */

static int compare_values(const tegata_value *a, const tegata_value *b) {
  size_t least = a->bytes.len < b->bytes.len ? a->bytes.len : b->bytes.len;
  int order;
  if (a->type != b->type) return a->type < b->type ? -1 : 1;
  if (a->type == TEGATA_VALUE_TYPE_NULL) return 0;
  if (a->type == TEGATA_VALUE_TYPE_INT) return (a->integer > b->integer) - (a->integer < b->integer);
  order = least > 0 ? memcmp(a->bytes.data, b->bytes.data, least) : 0;
  if (order != 0) return order;
  return (a->bytes.len > b->bytes.len) - (a->bytes.len < b->bytes.len);
}

static int compare_keys(uint64_t a, uint64_t b) {
  int64_t x = (int64_t)a, y = (int64_t)b;
  return (x > y) - (x < y);
}

static bool holds(const uint8_t *in, size_t in_len, const uint8_t *part, size_t len) {
  size_t at;
  if (len == 0) return true;
  for (at = 0; at + len <= in_len; at++) {
    if (memcmp(in + at, part, len) == 0) return true;
  }
  return false;
}

/* Whether octets hold a text in their upper-case hexadecimal form. */
static bool hex_holds(tegata_bytes octets, tegata_bytes part) {
  size_t i;
  bool found;
  char *hex = (char *)malloc(octets.len * 2 + 1);
  if (hex == NULL) return false;
  for (i = 0; i < octets.len; i++) sprintf(hex + 2 * i, "%02X", octets.data[i]);
  found = holds((const uint8_t *)hex, octets.len * 2, part.data, part.len);
  free(hex);
  return found;
}

static bool passes(const row *one, const tegata_filter *filters, size_t len) {
  size_t f, i;
  for (f = 0; f < len; f++) {
    const tegata_filter *filter = &filters[f];
    const tegata_value *value = &one->values[filter->column];
    const tegata_value *wanted = filter->values;
    bool pass = false;
    if (filter->match == TEGATA_MATCH_EQ) {
      pass = compare_values(value, wanted) == 0;
    } else if (value->type == TEGATA_VALUE_TYPE_NULL) {
      return false;
    } else if (filter->match == TEGATA_MATCH_IN) {
      for (i = 0; i < filter->values_len && !pass; i++) pass = compare_values(value, &wanted[i]) == 0;
    } else if (filter->match == TEGATA_MATCH_RANGE) {
      pass = (filter->from == NULL || compare_values(value, filter->from) >= 0) &&
             (filter->to == NULL || compare_values(value, filter->to) < 0);
    } else if (filter->match == TEGATA_MATCH_PREFIX) {
      pass = value->bytes.len >= wanted->bytes.len &&
             (wanted->bytes.len == 0 || memcmp(value->bytes.data, wanted->bytes.data, wanted->bytes.len) == 0);
    } else if (filter->match == TEGATA_MATCH_CONTAINS) {
      pass = value->type == TEGATA_VALUE_TYPE_TEXT
                 ? holds(value->bytes.data, value->bytes.len, wanted->bytes.data, wanted->bytes.len)
                 : hex_holds(value->bytes, wanted->bytes);
    }
    if (!pass) return false;
  }
  return true;
}

/* Rows and counters. */

static row *row_at(dictionary *book, const char *table, uint64_t key) {
  size_t i;
  for (i = 0; i < book->rows_len; i++) {
    if (book->rows[i].key == key && strcmp(book->rows[i].table, table) == 0) return &book->rows[i];
  }
  return NULL;
}

static counter *counter_at(dictionary *book, const tegata_counter *wanted) {
  size_t i;
  counter *grown;
  for (i = 0; i < book->counters_len; i++) {
    if (book->counters[i].of == wanted->of && strcmp(book->counters[i].name, wanted->name) == 0) return &book->counters[i];
  }
  grown = (counter *)realloc(book->counters, (book->counters_len + 1) * sizeof *grown);
  if (grown == NULL) return NULL;
  book->counters = grown;
  grown += book->counters_len;
  grown->name = (char *)copy(wanted->name, strlen(wanted->name) + 1);
  if (grown->name == NULL) return NULL;
  grown->of = wanted->of;
  grown->value = 0;
  book->counters_len++;
  return grown;
}

static bool is_unique(dictionary *book, const tegata_write *write) {
  const tegata_table *table = write->row.table;
  size_t c, i;
  for (c = 0; c < table->columns_len; c++) {
    tegata_index index = table->columns[c].index;
    if (index != TEGATA_INDEX_UNIQUE && index != TEGATA_INDEX_UNIQUE_SEARCHABLE) continue;
    if (write->values[c].type == TEGATA_VALUE_TYPE_NULL) continue;
    for (i = 0; i < book->rows_len; i++) {
      const row *other = &book->rows[i];
      if (other->key != write->row.key && strcmp(other->table, table->name) == 0 &&
          compare_values(&other->values[c], &write->values[c]) == 0)
        return false;
    }
  }
  return true;
}

/* What a write replaced, to put it back when a later one does not go. */
typedef struct {
  bool is_counter;
  bool existed;
  row before;
  counter count;
  const char *table;
  uint64_t key;
} undo;

static void take_out(dictionary *book, row *one) {
  row_free(one);
  *one = book->rows[--book->rows_len];
}

static void put_back(dictionary *book, undo *step) {
  row *now;
  if (step->is_counter) {
    tegata_counter which;
    counter *found;
    which.name = step->count.name;
    which.of = step->count.of;
    found = counter_at(book, &which);
    if (found != NULL) found->value = step->count.value;
    return;
  }
  now = row_at(book, step->table, step->key);
  if (now != NULL) {
    row_free(now);
    if (step->existed) *now = step->before;
    else *now = book->rows[--book->rows_len];
  } else if (step->existed) {
    /* There was room for it before. */
    book->rows[book->rows_len++] = step->before;
  }
}

/* Applies one write, noting how to undo it. */
static int apply(dictionary *book, const tegata_write *write, undo *step) {
  row *found = NULL, *grown;
  row made;
  memset(step, 0, sizeof *step);
  if (write->type == TEGATA_WRITE_TYPE_ADD) {
    counter *count = counter_at(book, &write->counter);
    uint64_t by = write->by < 0 ? (uint64_t)0 - (uint64_t)write->by : (uint64_t)write->by;
    uint64_t after;
    if (count == NULL) return TEGATA_STORE_STATUS_BACKEND;
    if (write->by < 0 ? count->value < by : by > (uint64_t)INT64_MAX - count->value) return TEGATA_STORE_STATUS_CONFLICT;
    after = write->by < 0 ? count->value - by : count->value + by;
    if (after > write->at_most) return TEGATA_STORE_STATUS_CONFLICT;
    step->is_counter = true;
    step->count = *count;
    count->value = after;
    return TEGATA_STORE_STATUS_OK;
  }
  found = row_at(book, write->row.table->name, write->row.key);
  if (write->expect == TEGATA_EXPECT_ABSENT && found != NULL) return TEGATA_STORE_STATUS_CONFLICT;
  if (write->expect == TEGATA_EXPECT_VERSION && (found == NULL || found->version != write->version))
    return TEGATA_STORE_STATUS_CONFLICT;
  step->table = write->row.table->name;
  step->key = write->row.key;
  step->existed = found != NULL;
  if (write->type == TEGATA_WRITE_TYPE_REQUIRE) {
    /* Undone like a write that changed nothing. */
    step->is_counter = true;
    step->count.name = NULL;
    return TEGATA_STORE_STATUS_OK;
  }
  if (write->type == TEGATA_WRITE_TYPE_PUT && !is_unique(book, write)) return TEGATA_STORE_STATUS_CONFLICT;
  memset(&made, 0, sizeof made);
  if (write->type == TEGATA_WRITE_TYPE_PUT) {
    made.table = (char *)copy(write->row.table->name, strlen(write->row.table->name) + 1);
    made.values = values_copy(write->values, write->values_len);
    if (made.table == NULL || made.values == NULL) {
      row_free(&made);
      return TEGATA_STORE_STATUS_BACKEND;
    }
    made.values_len = write->values_len;
    made.key = write->row.key;
    made.version = found != NULL ? found->version + 1 : 1;
  }
  if (found != NULL) {
    step->before = *found;
    if (write->type == TEGATA_WRITE_TYPE_PUT) *found = made;
    else *found = book->rows[--book->rows_len];
  } else if (write->type == TEGATA_WRITE_TYPE_PUT) {
    grown = (row *)realloc(book->rows, (book->rows_len + 1) * sizeof *grown);
    if (grown == NULL) {
      row_free(&made);
      return TEGATA_STORE_STATUS_BACKEND;
    }
    book->rows = grown;
    book->rows[book->rows_len++] = made;
  }
  return TEGATA_STORE_STATUS_OK;
}

/* The callbacks. */

static int migrate(void *userdata, const tegata_schema *schema, tegata_failure *failure) {
  dictionary *book = (dictionary *)userdata;
  int status = TEGATA_STORE_STATUS_OK;
  pthread_mutex_lock(&book->lock);
  if (book->schema > schema->version) {
    failure->found = book->schema;
    failure->supported = schema->version;
    status = TEGATA_STORE_STATUS_SCHEMA;
  } else {
    book->schema = schema->version;
  }
  pthread_mutex_unlock(&book->lock);
  return status;
}

static int reserve(void *userdata, const tegata_counter *wanted, uint32_t count, uint64_t *first, tegata_failure *failure) {
  dictionary *book = (dictionary *)userdata;
  counter *found;
  (void)failure;
  pthread_mutex_lock(&book->lock);
  found = counter_at(book, wanted);
  if (found != NULL) {
    *first = found->value + 1;
    found->value += count;
  }
  pthread_mutex_unlock(&book->lock);
  return found != NULL ? TEGATA_STORE_STATUS_OK : TEGATA_STORE_STATUS_BACKEND;
}

static int get(void *userdata, const tegata_row_ref *refs, size_t len, tegata_rows *rows, tegata_failure *failure) {
  dictionary *book = (dictionary *)userdata;
  size_t i;
  (void)failure;
  pthread_mutex_lock(&book->lock);
  for (i = 0; i < len; i++) {
    const row *found = row_at(book, refs[i].table->name, refs[i].key);
    if (found != NULL) tegata_rows_add(rows, found->key, found->version, found->values, found->values_len);
    else tegata_rows_add_missing(rows);
  }
  pthread_mutex_unlock(&book->lock);
  return TEGATA_STORE_STATUS_OK;
}

/* A row that matches, and where it stands in the order. */
typedef struct {
  const row *found;
  tegata_value place;
  bool descending;
} hit;

static int compare_hits(const void *left, const void *right) {
  const hit *a = (const hit *)left, *b = (const hit *)right;
  int order = compare_values(&a->place, &b->place);
  if (order == 0) order = compare_keys(a->found->key, b->found->key);
  return a->descending ? -order : order;
}

static int find(void *userdata, const tegata_query *query, tegata_rows *rows, tegata_failure *failure) {
  dictionary *book = (dictionary *)userdata;
  hit *hits;
  size_t len = 0, i, given = 0;
  (void)failure;
  pthread_mutex_lock(&book->lock);
  hits = (hit *)calloc(book->rows_len + 1, sizeof *hits);
  if (hits == NULL) {
    pthread_mutex_unlock(&book->lock);
    return TEGATA_STORE_STATUS_BACKEND;
  }
  for (i = 0; i < book->rows_len; i++) {
    const row *one = &book->rows[i];
    if (strcmp(one->table, query->table->name) != 0 || !passes(one, query->filters, query->filters_len)) continue;
    if (query->order != NULL) {
      hits[len].place = one->values[*query->order];
      if (hits[len].place.type == TEGATA_VALUE_TYPE_NULL) continue;
    }
    hits[len].found = one;
    hits[len++].descending = query->descending;
  }
  qsort(hits, len, sizeof *hits, compare_hits);
  if (query->total) tegata_rows_total(rows, len);
  for (i = 0; i < len; i++) {
    if (query->after != NULL) {
      int order = compare_values(&hits[i].place, &query->after->value);
      if (order == 0) order = compare_keys(hits[i].found->key, query->after->key);
      if (query->descending ? order >= 0 : order <= 0) continue;
    }
    if (given == query->limit) {
      tegata_rows_next(rows, &hits[i - 1].place, hits[i - 1].found->key);
      break;
    }
    tegata_rows_add(rows, hits[i].found->key, hits[i].found->version, hits[i].found->values, hits[i].found->values_len);
    given++;
  }
  free(hits);
  pthread_mutex_unlock(&book->lock);
  return TEGATA_STORE_STATUS_OK;
}

/* The multiple of `width` at or below `number`, or the least number where there is none. */
static int64_t rounded(int64_t number, int64_t width) {
  int64_t over;
  if (width <= 0) return number;
  over = number % width;
  if (over < 0) over += width;
  return number < INT64_MIN + over ? INT64_MIN : number - over;
}

static int compare_places(const void *left, const void *right) {
  return compare_values((const tegata_value *)left, (const tegata_value *)right);
}

static int count(void *userdata, const tegata_tally *tally, tegata_tallies *tallies, tegata_failure *failure) {
  dictionary *book = (dictionary *)userdata;
  tegata_value *places;
  size_t len = 0, i, first;
  (void)failure;
  pthread_mutex_lock(&book->lock);
  places = (tegata_value *)calloc(book->rows_len + 1, sizeof *places);
  if (places == NULL) {
    pthread_mutex_unlock(&book->lock);
    return TEGATA_STORE_STATUS_BACKEND;
  }
  for (i = 0; i < book->rows_len; i++) {
    const row *one = &book->rows[i];
    if (strcmp(one->table, tally->table->name) != 0 || !passes(one, tally->filters, tally->filters_len)) continue;
    if (tally->by != NULL) places[len] = one->values[*tally->by];
    if (tally->bucket != NULL && places[len].type == TEGATA_VALUE_TYPE_INT)
      places[len].integer = rounded(places[len].integer, *tally->bucket);
    len++;
  }
  qsort(places, len, sizeof *places, compare_places);
  /* A total is told also when it is 0. */
  if (tally->by == NULL) tegata_tallies_add(tallies, &places[0], len);
  for (first = tally->by == NULL ? len : 0; first < len; first = i) {
    for (i = first; i < len && compare_values(&places[first], &places[i]) == 0; i++) continue;
    tegata_tallies_add(tallies, &places[first], i - first);
  }
  free(places);
  pthread_mutex_unlock(&book->lock);
  return TEGATA_STORE_STATUS_OK;
}

static int commit(void *userdata, const tegata_write *writes, size_t len, tegata_failure *failure) {
  dictionary *book = (dictionary *)userdata;
  undo *steps = (undo *)calloc(len + 1, sizeof *steps);
  int status = TEGATA_STORE_STATUS_OK;
  size_t done, i;
  if (steps == NULL) return TEGATA_STORE_STATUS_BACKEND;
  pthread_mutex_lock(&book->lock);
  for (done = 0; done < len; done++) {
    status = apply(book, &writes[done], &steps[done]);
    if (status != TEGATA_STORE_STATUS_OK) break;
  }
  failure->write = done;
  if (status != TEGATA_STORE_STATUS_OK) {
    while (done > 0) {
      undo *step = &steps[--done];
      if (!step->is_counter || step->count.name != NULL) put_back(book, step);
    }
  } else {
    for (i = 0; i < len; i++) {
      if (!steps[i].is_counter && steps[i].existed) row_free(&steps[i].before);
    }
  }
  pthread_mutex_unlock(&book->lock);
  free(steps);
  if (status == TEGATA_STORE_STATUS_BACKEND) strcpy(failure->text, "out of memory");
  return status;
}

static void free_dictionary(void *userdata) {
  dictionary *book = (dictionary *)userdata;
  size_t i;
  while (book->rows_len > 0) take_out(book, &book->rows[0]);
  for (i = 0; i < book->counters_len; i++) free(book->counters[i].name);
  free(book->rows);
  free(book->counters);
  pthread_mutex_destroy(&book->lock);
  free(book);
  pthread_mutex_lock(&counting);
  dictionaries--;
  pthread_mutex_unlock(&counting);
}

tegata_store *dictionary_store_new(void) {
  tegata_store_callbacks callbacks;
  tegata_store *store = NULL;
  dictionary *book = (dictionary *)calloc(1, sizeof *book);
  if (book == NULL) return NULL;
  pthread_mutex_init(&book->lock, NULL);
  pthread_mutex_lock(&counting);
  dictionaries++;
  pthread_mutex_unlock(&counting);
  TEGATA_INIT(callbacks);
  callbacks.userdata = book;
  callbacks.migrate = migrate;
  callbacks.reserve = reserve;
  callbacks.get = get;
  callbacks.find = find;
  callbacks.count = count;
  callbacks.commit = commit;
  callbacks.free = free_dictionary;
  /* If this fails, it has called free_dictionary. */
  return tegata_host_store_new(&callbacks, &store, NULL) == TEGATA_STATUS_OK ? store : NULL;
}
