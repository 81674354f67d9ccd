/* Callbacks: a store, a signer (OpenSSL), a sealer, a clock, a source of random bytes, and what becomes of their failures. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>

#include "dictionary_store.h"
#include "world.h"

/* A key in OpenSSL, as one in an HSM or a cloud KMS would be. */

typedef struct {
  EVP_PKEY *key;
  tegata_registry *registry; /* for a call back */
  int freed;
  int calls;
  bool fails;
  bool lies;
} openssl_key;

static int sign_with_openssl(void *userdata, tegata_bytes message, tegata_sink *signature, tegata_failure *failure) {
  openssl_key *own = (openssl_key *)userdata;
  uint8_t made[512];
  size_t len = sizeof made;
  EVP_MD_CTX *context;
  bool worked;
  own->calls++;
  if (own->fails) {
    snprintf(failure->text, sizeof failure->text, "slot 3 is locked\n  at somewhere in the driver");
    return 1;
  }
  if (own->registry != NULL) {
    tegata_error *error = NULL;
    const tegata_counts *counts = NULL;
    HOLDS(tegata_registry_counts(own->registry, &counts, &error) == TEGATA_STATUS_INVALID_INPUT || error != NULL);
    HOLDS(counts == NULL && strcmp(tegata_error_code(error), TEGATA_CODE_INPUT_CALLED_BACK) == 0);
    tegata_error_free(error);
  }
  context = EVP_MD_CTX_new();
  worked = EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, own->key) == 1 &&
           EVP_DigestSign(context, made, &len, message.data, message.len) == 1;
  EVP_MD_CTX_free(context);
  if (!worked) return 1;
  if (own->lies) made[len - 1] ^= 1;
  tegata_sink_add(signature, made, len);
  return 0;
}

static void free_openssl_key(void *userdata) { ((openssl_key *)userdata)->freed++; }

static tegata_signer *openssl_signer(openssl_key *own) {
  tegata_signer_callbacks callbacks;
  tegata_signer *signer = NULL;
  uint8_t *spki = NULL;
  int len;
  memset(own, 0, sizeof *own);
  own->key = EVP_EC_gen("P-256");
  HOLDS(own->key != NULL);
  len = i2d_PUBKEY(own->key, &spki);
  HOLDS(len > 0);
  TEGATA_INIT(callbacks);
  callbacks.userdata = own;
  callbacks.sign = sign_with_openssl;
  callbacks.free = free_openssl_key;
  WELL(tegata_host_signer_new(bytes(spki, (size_t)len), &callbacks, &signer, error));
  OPENSSL_free(spki);
  return signer;
}

static void an_authority_signs_with_a_key_in_openssl(void) {
  openssl_key own;
  tegata_signer *signer = openssl_signer(&own);
  tegata_store *store = NULL;
  const tegata_buffer *csr = new_csr();
  const tegata_enrolled *enrolled = NULL;
  const uint8_t *at;
  X509 *certificate;
  world made;
  int calls;
  WELL(tegata_memory_store_new(&store, error));
  made = world_with(store, signer);
  HOLDS(made.root->signer == TEGATA_SIGNER_LOCATION_EXTERNAL);
  WELL(enroll(&made, csr, &enrolled, error));
  at = enrolled->issued->der.data;
  certificate = d2i_X509(NULL, &at, (long)enrolled->issued->der.len);
  HOLDS(certificate != NULL && X509_verify(certificate, own.key) == 1);
  X509_free(certificate);
  tegata_enrolled_free(enrolled);
  tegata_buffer_free(csr);

  /* A signer that fails: its own words, on one line, and nothing half done. */
  csr = new_csr();
  enrolled = NULL;
  own.fails = true;
  REFUSED(enroll(&made, csr, &enrolled, error), TEGATA_CODE_SIGNER_FAILED);
  HOLDS(strstr(refusal, "slot 3 is locked") != NULL && strchr(refusal, '\n') == NULL && enrolled == NULL);
  REFUSED(enroll(&made, csr, NULL, error), TEGATA_CODE_INPUT_INVALID);
  own.fails = false;

  /* One that calls back gets an error, not a deadlock; the call itself goes on. */
  own.registry = made.registry;
  calls = own.calls;
  WELL(enroll(&made, csr, &enrolled, error));
  HOLDS(own.calls > calls && enrolled->enrollment == TEGATA_ENROLLMENT_NEW);
  own.registry = NULL;
  tegata_enrolled_free(enrolled);
  tegata_buffer_free(csr);

  /* One that signs wrongly cannot make a CRL that nobody accepts. */
  {
    const tegata_crl_record *crl = NULL;
    own.lies = true;
    REFUSED(tegata_authorities_crl(made.registry, made.root->id, NULL, NULL, &crl, error), TEGATA_CODE_SIGNER_BAD_SIGNATURE);
    HOLDS(crl == NULL);
  }

  HOLDS(own.freed == 0);
  tegata_signer_free(signer);
  HOLDS(own.freed == 0);
  world_free(&made);
  HOLDS(own.freed == 1);
  EVP_PKEY_free(own.key);
}

static void what_cannot_become_a_signer_is_freed_all_the_same(void) {
  openssl_key own;
  tegata_signer_callbacks callbacks;
  tegata_signer *signer = NULL;
  memset(&own, 0, sizeof own);
  TEGATA_INIT(callbacks);
  callbacks.userdata = &own;
  callbacks.free = free_openssl_key;
  REFUSED(tegata_host_signer_new(bytes(NULL, 0), &callbacks, &signer, error), TEGATA_CODE_INPUT_INVALID);
  HOLDS(own.freed == 1 && signer == NULL);
  callbacks.sign = sign_with_openssl;
  HOLDS(tegata_host_signer_new(bytes((const uint8_t *)"x", 1), &callbacks, &signer, NULL) == TEGATA_STATUS_INVALID_INPUT);
  HOLDS(own.freed == 2 && signer == NULL);
}

/* A store that can be told to fail. */

static int make_dictionary(void *userdata, tegata_store **store, tegata_failure *failure) {
  (void)userdata;
  *store = dictionary_store_new();
  if (*store == NULL) snprintf(failure->text, sizeof failure->text, "no memory");
  return *store == NULL;
}

static int make_nothing(void *userdata, tegata_store **store, tegata_failure *failure) {
  (void)userdata;
  (void)store;
  snprintf(failure->text, sizeof failure->text, "the shelf is empty");
  return 1;
}

static void a_dictionary_is_a_store(void) {
  tegata_store_factory factory;
  TEGATA_INIT(factory);
  factory.make = make_dictionary;
  WELL(tegata_store_conformance(&factory, error));
  HOLDS(dictionaries == 0);
  factory.make = make_nothing;
  REFUSED(tegata_store_conformance(&factory, error), TEGATA_CODE_STORE_BACKEND);
  HOLDS(strstr(refusal, "the shelf is empty") != NULL);
}

static void a_registry_lives_in_a_dictionary(void) {
  world made = world_with(dictionary_store_new(), NULL);
  const tegata_buffer *csr = new_csr();
  const tegata_enrolled *enrolled = NULL;
  const tegata_device_list *list = NULL;
  HOLDS(dictionaries == 1);
  WELL(enroll(&made, csr, &enrolled, error));
  WELL(tegata_devices_find(made.registry, NULL, NULL, &list, error));
  HOLDS(list->len == 1 && *list->total == 1 && list->next == NULL);
  HOLDS(strcmp(list->items[0]->id, enrolled->device->id) == 0);
  tegata_device_free(list->items[0]); /* part of the list: does nothing */
  tegata_device_list_free(list);
  tegata_enrolled_free(enrolled);
  tegata_buffer_free(csr);
  world_free(&made);
  HOLDS(dictionaries == 0);
}

/* A store whose answers are wrong or failures. */

typedef struct {
  int status;
  const char *text;
  size_t write;
  bool nonsense;
} broken_store;

static int broken_end(void *userdata, tegata_failure *failure) {
  broken_store *own = (broken_store *)userdata;
  if (own->text != NULL) {
    /* Without a zero at its end. */
    memset(failure->text, 'x', sizeof failure->text);
    memcpy(failure->text, own->text, strlen(own->text));
  }
  failure->write = own->write;
  failure->found = 9;
  failure->supported = 1;
  return own->status;
}
static int broken_migrate(void *userdata, const tegata_schema *schema, tegata_failure *failure) {
  HOLDS(schema->tables_len > 3 && schema->tables[0]->columns_len > 0);
  return broken_end(userdata, failure);
}
static int broken_reserve(void *userdata, const tegata_counter *of, uint32_t n, uint64_t *first, tegata_failure *failure) {
  (void)of;
  (void)n;
  *first = UINT64_MAX;
  return broken_end(userdata, failure);
}
static int broken_get(void *userdata, const tegata_row_ref *refs, size_t len, tegata_rows *rows, tegata_failure *failure) {
  broken_store *own = (broken_store *)userdata;
  size_t i;
  tegata_value wrong[3];
  (void)refs;
  (void)failure;
  memset(wrong, 0, sizeof wrong);
  if (!own->nonsense) {
    for (i = 0; i < len; i++) tegata_rows_add_missing(rows);
    return 0;
  }
  wrong[0].type = TEGATA_VALUE_TYPE_TEXT;
  wrong[0].bytes = bytes((const uint8_t *)"\xff\xfe", 2);
  wrong[1].type = (tegata_value_type)99;
  tegata_rows_add(rows, 1, 1, wrong, 3);
  tegata_rows_add(rows, 1, 1, NULL, 3);
  tegata_rows_add(NULL, 1, 1, wrong, 3);
  for (i = 0; i < len + 5; i++) tegata_rows_add_missing(rows);
  tegata_rows_next(rows, NULL, 1);
  return 0;
}
static int broken_find(void *userdata, const tegata_query *query, tegata_rows *rows, tegata_failure *failure) {
  (void)query;
  tegata_rows_add_missing(rows);
  return broken_end(userdata, failure);
}
static int broken_count(void *userdata, const tegata_tally *tally, tegata_tallies *tallies, tegata_failure *failure) {
  (void)tally;
  tegata_tallies_add(tallies, NULL, 1);
  tegata_tallies_add(NULL, NULL, 1);
  return broken_end(userdata, failure);
}
static int broken_commit(void *userdata, const tegata_write *writes, size_t len, tegata_failure *failure) {
  (void)writes;
  (void)len;
  return broken_end(userdata, failure);
}

static void a_broken_store_makes_errors(void) {
  static const struct {
    int status;
    const char *code;
  } ends[] = {
      {TEGATA_STORE_STATUS_UNAVAILABLE, TEGATA_CODE_STORE_UNAVAILABLE}, {TEGATA_STORE_STATUS_CORRUPT, TEGATA_CODE_STORE_CORRUPT},
      {TEGATA_STORE_STATUS_SCHEMA, TEGATA_CODE_STORE_SCHEMA},           {TEGATA_STORE_STATUS_NOT_A_DATABASE, TEGATA_CODE_STORE_NOT_A_DATABASE},
      {TEGATA_STORE_STATUS_READ_ONLY, TEGATA_CODE_STORE_READ_ONLY},     {TEGATA_STORE_STATUS_FULL, TEGATA_CODE_STORE_FULL},
      {TEGATA_STORE_STATUS_BACKEND, TEGATA_CODE_STORE_BACKEND},         {-7, TEGATA_CODE_STORE_BACKEND},
      {TEGATA_STORE_STATUS_CONFLICT, TEGATA_CODE_STORE_CONTRACT},
  };
  tegata_store_callbacks callbacks;
  tegata_sealer *sealer = NULL;
  size_t i;
  WELL(tegata_software_sealer_generate(&sealer, error));
  for (i = 0; i <= sizeof ends / sizeof *ends; i++) {
    broken_store own;
    tegata_store *store = NULL;
    tegata_registry *registry = NULL;
    memset(&own, 0, sizeof own);
    TEGATA_INIT(callbacks);
    callbacks.userdata = &own;
    callbacks.migrate = broken_migrate;
    callbacks.reserve = broken_reserve;
    callbacks.get = broken_get;
    callbacks.find = broken_find;
    callbacks.count = broken_count;
    REFUSED(tegata_host_store_new(&callbacks, &store, error), TEGATA_CODE_INPUT_INVALID);
    callbacks.commit = broken_commit;
    WELL(tegata_host_store_new(&callbacks, &store, error));
    if (i < sizeof ends / sizeof *ends) {
      own.status = ends[i].status;
      own.text = "the rack is on fire";
      own.write = 7;
      REFUSED(tegata_registry_open(store, sealer, NULL, &registry, error), ends[i].code);
    } else {
      own.nonsense = true;
      REFUSED(tegata_registry_open(store, sealer, NULL, &registry, error), TEGATA_CODE_STORE_CONTRACT);
    }
    HOLDS(registry == NULL);
    tegata_store_free(store);
  }
  tegata_sealer_free(sealer);
}

/* A sealer that turns bits around, which seals nothing but shows the way. */

typedef struct {
  int freed;
  int status;
} turner;

static int turn(void *userdata, tegata_bytes associated, tegata_bytes value, tegata_sink *turned, tegata_failure *failure) {
  turner *own = (turner *)userdata;
  size_t i;
  HOLDS(associated.len > 0);
  if (own->status != 0) {
    snprintf(failure->text, sizeof failure->text, "the vault is sealed");
    return own->status;
  }
  for (i = 0; i < value.len; i++) {
    uint8_t octet = (uint8_t)~value.data[i];
    tegata_sink_add(turned, &octet, 1);
  }
  return 0;
}

static void free_turner(void *userdata) { ((turner *)userdata)->freed++; }

static int64_t forty_years_on(void *userdata) { return *(int64_t *)userdata; }

typedef struct {
  int calls;
  bool fails;
} dice;

static int throw_dice(void *userdata, uint8_t *data, size_t len, tegata_failure *failure) {
  dice *own = (dice *)userdata;
  size_t i;
  (void)failure;
  own->calls++;
  for (i = 0; i < len; i++) data[i] = (uint8_t)rand();
  return own->fails ? 1 : 0;
}

static void a_registry_takes_sealer_clock_and_randomness_of_the_host(void) {
  turner own_sealer = {0, 0};
  dice own_dice = {0, false};
  int64_t now = INT64_MAX;
  tegata_sealer_callbacks sealing;
  tegata_clock_callbacks clocking;
  tegata_random_callbacks drawing;
  tegata_sealer *sealer = NULL;
  tegata_clock *clock = NULL;
  tegata_random *random = NULL;
  tegata_store *store = NULL;
  tegata_options options;
  tegata_registry *registry = NULL;
  tegata_new_device new_device;
  const tegata_device *device = NULL;
  int64_t shown = 0;

  TEGATA_INIT(sealing);
  sealing.userdata = &own_sealer;
  sealing.seal = turn;
  sealing.open = turn;
  sealing.free = free_turner;
  WELL(tegata_host_sealer_new(&sealing, &sealer, error));
  TEGATA_INIT(clocking);
  clocking.userdata = &now;
  clocking.now = forty_years_on;
  WELL(tegata_host_clock_new(&clocking, &clock, error));
  TEGATA_INIT(drawing);
  drawing.userdata = &own_dice;
  drawing.fill = throw_dice;
  WELL(tegata_host_random_new(&drawing, &random, error));
  WELL(tegata_memory_store_new(&store, error));
  TEGATA_INIT(options);
  options.clock = clock;
  options.random = random;
  WELL(tegata_registry_open(store, sealer, &options, &registry, error));
  HOLDS(own_dice.calls > 0);

  /* Times beyond the calendar are its ends. */
  WELL(tegata_fixed_clock_now(clock, &shown, error));
  HOLDS(shown == INT64_C(253402300799));
  REFUSED(tegata_fixed_clock_set(clock, 1, error), TEGATA_CODE_INPUT_INVALID);
  now = 1767225600;
  TEGATA_INIT(new_device);
  new_device.name = "lamp";
  WELL(tegata_devices_register(registry, &new_device, NULL, &device, error));
  HOLDS(device->created == 1767225600);
  tegata_device_free(device);

  /* Bits of key usage that stand for nothing, such as OpenSSL's, are not dropped. */
  {
    uint16_t decipher_only_of_openssl = 0x8000;
    tegata_profile_spec spec;
    const tegata_profile *profile = NULL;
    TEGATA_INIT(spec);
    spec.key_usage = &decipher_only_of_openssl;
    REFUSED(tegata_profiles_put(registry, "odd", &spec, NULL, &profile, error), TEGATA_CODE_INPUT_INVALID);
  }

  /* Their failures. */
  {
    tegata_new_authority root;
    const tegata_authority *authority = NULL;
    TEGATA_INIT(root);
    root.name = "root";
    root.subject = "CN=Root";
    own_sealer.status = TEGATA_OPEN_UNAVAILABLE;
    REFUSED(tegata_authorities_create_root(registry, &root, NULL, &authority, error), TEGATA_CODE_SEAL_FAILED);
    HOLDS(strstr(refusal, "the vault is sealed") != NULL);
    own_sealer.status = 0;
    own_dice.fails = true;
    REFUSED(tegata_authorities_create_root(registry, &root, NULL, &authority, error), TEGATA_CODE_INTERNAL_RANDOM_FAILED);
    own_dice.fails = false;
    WELL(tegata_authorities_create_root(registry, &root, NULL, &authority, error));
    tegata_authority_free(authority);
  }
  tegata_registry_free(registry);
  registry = NULL;
  own_sealer.status = TEGATA_OPEN_WRONG_KEY;
  REFUSED(tegata_registry_open(store, sealer, NULL, &registry, error), TEGATA_CODE_SEAL_WRONG_KEY);
  tegata_store_free(store);
  tegata_clock_free(clock);
  tegata_random_free(random);
  HOLDS(own_sealer.freed == 0);
  tegata_sealer_free(sealer);
  HOLDS(own_sealer.freed == 1);
}

/* Progress. */

static bool two_portions(void *userdata, size_t done, size_t total) {
  int *calls = (int *)userdata;
  HOLDS(done <= total && total == 1100);
  return ++*calls < 2;
}

static void a_bulk_call_tells_how_far_it_is_and_can_be_stopped(void) {
  world made = world_in_memory();
  static tegata_new_device devices[1100];
  static char names[1100][16];
  tegata_bulk bulk;
  const tegata_device_results *results = NULL;
  size_t i, done = 0;
  int calls = 0;
  for (i = 0; i < 1100; i++) {
    snprintf(names[i], sizeof names[i], "lamp-%d", (int)i);
    TEGATA_INIT(devices[i]);
    devices[i].name = names[i];
  }
  TEGATA_INIT(bulk);
  bulk.userdata = &calls;
  bulk.progress = two_portions;
  WELL(tegata_devices_register_many(made.registry, devices, 1100, &bulk, NULL, &results, error));
  HOLDS(calls == 2 && results->len == 1100);
  for (i = 0; i < 1100; i++) {
    HOLDS((results->items[i] == NULL) != (results->errors[i] == NULL));
    if (results->items[i] != NULL) done++;
    else HOLDS(strcmp(tegata_error_code(results->errors[i]), TEGATA_CODE_INPUT_CANCELLED) == 0);
  }
  HOLDS(done > 0 && done < 1100);
  tegata_device_results_free(results);
  world_free(&made);
}

/* What calls back from anywhere gets an error, and the call that it is part of goes on. */

static int called_back = 0;
static tegata_registry *to_call;

static bool call_back_from_progress(void *userdata, size_t done, size_t total) {
  uint64_t count = 0;
  (void)userdata;
  (void)done;
  (void)total;
  REFUSED(tegata_devices_count(to_call, NULL, &count, error), TEGATA_CODE_INPUT_CALLED_BACK);
  called_back++;
  return true;
}

static int call_back_from_writer(void *userdata, tegata_bytes data, tegata_failure *failure) {
  const tegata_counts *counts = NULL;
  (void)userdata;
  (void)failure;
  HOLDS(data.len > 0);
  REFUSED(tegata_registry_counts(to_call, &counts, error), TEGATA_CODE_INPUT_CALLED_BACK);
  called_back++;
  return 0;
}

static int64_t call_back_from_clock(void *userdata) {
  uint64_t count = 0;
  (void)userdata;
  if (to_call != NULL) {
    REFUSED(tegata_devices_count(to_call, NULL, &count, error), TEGATA_CODE_INPUT_CALLED_BACK);
    called_back++;
  }
  return 1767225600;
}

static int fail_to_write(void *userdata, tegata_bytes data, tegata_failure *failure) {
  (void)userdata;
  (void)data;
  snprintf(failure->text, sizeof failure->text, "the tape is full");
  return 1;
}

static void callbacks_that_call_back_are_refused(void) {
  world made = world_in_memory();
  tegata_clock_callbacks clocking;
  tegata_options options;
  tegata_clock *clock = NULL;
  tegata_store *store = NULL;
  tegata_sealer *sealer = NULL;
  tegata_registry *other = NULL;
  tegata_new_device new_device;
  tegata_bulk bulk;
  tegata_writer writer;
  const tegata_device_results *results = NULL;
  const tegata_device *device = NULL;
  uint64_t count = 0;
  to_call = made.registry;
  TEGATA_INIT(new_device);
  TEGATA_INIT(bulk);
  bulk.progress = call_back_from_progress;
  WELL(tegata_devices_register_many(made.registry, &new_device, 1, &bulk, NULL, &results, error));
  HOLDS(called_back > 0 && results->items[0] != NULL);
  tegata_device_results_free(results);

  called_back = 0;
  TEGATA_INIT(writer);
  writer.write = call_back_from_writer;
  WELL(tegata_events_export(made.registry, NULL, &writer, &count, error));
  HOLDS(called_back > 0 && count > 0);
  writer.write = fail_to_write;
  count = 77;
  HOLDS(tegata_events_export(made.registry, NULL, &writer, &count, NULL) != TEGATA_STATUS_OK && count == 77);

  /* Also into another registry: it could wait for this one. */
  to_call = NULL;
  TEGATA_INIT(clocking);
  clocking.now = call_back_from_clock;
  WELL(tegata_host_clock_new(&clocking, &clock, error));
  WELL(tegata_memory_store_new(&store, error));
  WELL(tegata_software_sealer_generate(&sealer, error));
  TEGATA_INIT(options);
  options.clock = clock;
  WELL(tegata_registry_open(store, sealer, &options, &other, error));
  to_call = made.registry;
  called_back = 0;
  WELL(tegata_devices_register(other, &new_device, NULL, &device, error));
  HOLDS(called_back > 0);
  tegata_device_free(device);
  to_call = NULL;
  tegata_registry_free(other);
  tegata_clock_free(clock);
  tegata_sealer_free(sealer);
  tegata_store_free(store);
  world_free(&made);
}

/* A record is where the library put it: what else is passed as one is refused, and freeing it does nothing. */
static void a_copy_of_a_record_is_no_record(void) {
  world made = world_in_memory();
  const tegata_string *pem = NULL;
  /* Behind something, so that what precedes the copy is ours. */
  struct {
    uint64_t before[8];
    tegata_issued issued;
  } copy;
  memset(&copy, 0, sizeof copy);
  copy.issued = *made.camera->credential->issued;
  REFUSED(tegata_issued_pem(&copy.issued, &pem, error), TEGATA_CODE_INPUT_INVALID);
  HOLDS(pem == NULL);
  tegata_issued_free(&copy.issued);
  WELL(tegata_issued_pem(made.camera->credential->issued, &pem, error));
  tegata_string_free(pem);
  world_free(&made);
}

int main(void) {
  a_copy_of_a_record_is_no_record();
  callbacks_that_call_back_are_refused();
  an_authority_signs_with_a_key_in_openssl();
  what_cannot_become_a_signer_is_freed_all_the_same();
  a_dictionary_is_a_store();
  a_registry_lives_in_a_dictionary();
  a_broken_store_makes_errors();
  a_registry_takes_sealer_clock_and_randomness_of_the_host();
  a_bulk_call_tells_how_far_it_is_and_can_be_stopped();
  puts("callbacks: well");
  return 0;
}
