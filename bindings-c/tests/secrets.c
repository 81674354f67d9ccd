/* Pre-shared and symmetric keys: a fleet that gets them, a device that unwraps, what is refused, and that no text tells a secret. */
#include "world.h"

enum { FLEET = 1100 };


static const tegata_provisioned *provision_one(const world *in, const char *name) {
  tegata_new_device device;
  tegata_psk_wish psk;
  tegata_provision provision;
  const tegata_provisioned *made = NULL;
  TEGATA_INIT(device);
  device.name = name;
  TEGATA_INIT(psk);
  psk.kind = TEGATA_PSK_KIND_READABLE;
  TEGATA_INIT(provision);
  provision.device = &device;
  provision.psk = &psk;
  provision.key = TEGATA_SYMMETRIC_ALGORITHM_AES128;
  WELL(tegata_devices_provision(in->registry, &provision, NULL, &made, error));
  HOLDS(made->device != NULL && made->psk != NULL && made->key != NULL && made->certificate == NULL);
  HOLDS(made->psk->secret.len == 24 && made->key->value.len == 16);
  return made;
}

/* Progress. */

static bool two_portions(void *userdata, size_t done, size_t total) {
  int *calls = (int *)userdata;
  HOLDS(done <= total && total == FLEET);
  return ++*calls < 2;
}

static void a_fleet_is_provisioned_and_can_be_stopped(void) {
  world made = world_in_memory();
  static tegata_new_device devices[FLEET];
  static tegata_provision provisions[FLEET];
  static char names[FLEET][16];
  tegata_psk_wish psk;
  tegata_bulk bulk;
  const tegata_provisioned_results *results = NULL;
  size_t i, done = 0;
  uint64_t count = 0;
  int calls = 0;
  TEGATA_INIT(psk);
  for (i = 0; i < FLEET; i++) {
    snprintf(names[i], sizeof names[i], "meter-%d", (int)i);
    TEGATA_INIT(devices[i]);
    devices[i].name = names[i];
    TEGATA_INIT(provisions[i]);
    provisions[i].device = &devices[i];
    provisions[i].psk = &psk;
    provisions[i].key = TEGATA_SYMMETRIC_ALGORITHM_TWINE80;
  }
  TEGATA_INIT(bulk);
  bulk.userdata = &calls;
  bulk.progress = two_portions;
  WELL(tegata_devices_provision_many(made.registry, provisions, FLEET, &bulk, NULL, &results, error));
  HOLDS(calls == 2 && results->len == FLEET);
  for (i = 0; i < FLEET; i++) {
    HOLDS((results->items[i] == NULL) != (results->errors[i] == NULL));
    if (results->items[i] != NULL) {
      HOLDS(results->items[i]->psk->secret.len == 24 && results->items[i]->key->value.len == 10);
      done++;
    } else {
      HOLDS(strcmp(tegata_error_code(results->errors[i]), TEGATA_CODE_INPUT_CANCELLED) == 0);
    }
  }
  HOLDS(done > 0 && done < FLEET);
  WELL(tegata_keys_count(made.registry, NULL, &count, error));
  HOLDS(count == done);
  tegata_provisioned_results_free(results);
  world_free(&made);
}

/* Who is it, and what does the refusal tell? */

static void a_password_lets_in_and_stands_in_no_text(void) {
  world made = world_in_memory();
  const tegata_provisioned *meter = provision_one(&made, "meter");
  const tegata_string *password = NULL;
  const tegata_principal *principal = NULL;
  const tegata_issued_psk *issued = NULL;
  tegata_presented presented;
  tegata_new_psk weak;
  WELL(tegata_issued_psk_password(meter->psk, &password, error));
  HOLDS(password->len == 24);
  TEGATA_INIT(presented);
  presented.type = TEGATA_PRESENTED_TYPE_PSK;
  presented.identity = meter->psk->psk->identity;
  presented.secret = bytes((const uint8_t *)password->text, password->len);
  WELL(tegata_registry_authenticate(made.registry, &presented, &principal, error));
  HOLDS(principal->type == TEGATA_PRINCIPAL_TYPE_DEVICE && strcmp(principal->device, meter->device->id) == 0);
  HOLDS(principal->certificate == NULL && strcmp(principal->psk, meter->psk->psk->id) == 0 && principal->until == NULL);
  tegata_principal_free(principal);

  presented.secret = bytes((const uint8_t *)"Tr0ub4dor-and-three", 19);
  REFUSED(tegata_registry_authenticate(made.registry, &presented, &principal, error), TEGATA_CODE_AUTHENTICATION_FAILED);
  HOLDS(strstr(refusal, "Tr0ub4dor") == NULL && strstr(refusal, password->text) == NULL);
  presented.type = (tegata_presented_type)9;
  REFUSED(tegata_registry_authenticate(made.registry, &presented, &principal, error), TEGATA_CODE_INPUT_INVALID);

  TEGATA_INIT(weak);
  weak.device = meter->device->id;
  weak.identity_kind = TEGATA_IDENTITY_KIND_CHOSEN;
  weak.identity = "meter-0042";
  weak.secret = bytes((const uint8_t *)"hunter2", 7);
  REFUSED(tegata_psks_issue(made.registry, &weak, NULL, &issued, error), TEGATA_CODE_PSK_TOO_SHORT);
  HOLDS(strstr(refusal, "hunter2") == NULL);
  tegata_string_free(password);
  tegata_provisioned_free(meter);
  world_free(&made);
}

static void an_owner_is_one_thing(void) {
  world made = world_in_memory();
  const tegata_provisioned *one = provision_one(&made, "one"), *two = provision_one(&made, "two");
  const char *ids[2];
  tegata_new_key new_key;
  const tegata_symmetric_key *key = NULL;
  ids[0] = one->device->id;
  ids[1] = two->device->id;
  TEGATA_INIT(new_key);
  new_key.algorithm = TEGATA_SYMMETRIC_ALGORITHM_AES256;
  REFUSED(tegata_keys_issue(made.registry, &new_key, NULL, &key, error), TEGATA_CODE_INPUT_INVALID);
  new_key.devices.items = ids;
  new_key.devices.len = 2;
  REFUSED(tegata_keys_issue(made.registry, &new_key, NULL, &key, error), TEGATA_CODE_INPUT_INVALID);
  new_key.shared = true;
  new_key.group = ids[0];
  REFUSED(tegata_keys_issue(made.registry, &new_key, NULL, &key, error), TEGATA_CODE_INPUT_INVALID);
  new_key.group = NULL;
  WELL(tegata_keys_issue(made.registry, &new_key, NULL, &key, error));
  HOLDS(key->owner == TEGATA_KEY_OWNER_SHARED && key->holders == 2);
  tegata_symmetric_key_free(key);
  tegata_provisioned_free(two);
  tegata_provisioned_free(one);
  world_free(&made);
}

/* As the wire would carry it. */
static tegata_wrapped sent(const tegata_wrapped_key *delivered) {
  tegata_wrapped wrapped;
  TEGATA_INIT(wrapped);
  wrapped.method = delivered->method;
  wrapped.algorithm = delivered->algorithm;
  wrapped.device = delivered->device;
  wrapped.key = delivered->key;
  wrapped.number = delivered->number;
  wrapped.version = delivered->version;
  wrapped.wrapped = delivered->wrapped;
  return wrapped;
}

static void a_device_unwraps_what_is_for_it_and_nothing_else(void) {
  world made = world_in_memory();
  const tegata_provisioned *one = provision_one(&made, "one"), *two = provision_one(&made, "two");
  const tegata_wrapped_key *delivered = NULL;
  const tegata_buffer *value = NULL;
  tegata_wrapped wrapped;
  uint8_t altered[64];
  WELL(tegata_keys_deliver(made.registry, one->key->key->id, one->device->id, NULL, &delivered, error));
  wrapped = sent(delivered);
  WELL(tegata_unwrap_key(&wrapped, one->psk->secret, &value, error));
  HOLDS(value->len == 16 && memcmp(value->data, one->key->value.data, 16) == 0);
  tegata_buffer_free(value);
  value = NULL;
  REFUSED(tegata_unwrap_key(&wrapped, two->psk->secret, &value, error), TEGATA_CODE_KEY_UNWRAP_FAILED);
  wrapped.device = two->device->id;
  REFUSED(tegata_unwrap_key(&wrapped, one->psk->secret, &value, error), TEGATA_CODE_KEY_UNWRAP_FAILED);
  wrapped.device = one->device->id;
  wrapped.version = 2;
  REFUSED(tegata_unwrap_key(&wrapped, one->psk->secret, &value, error), TEGATA_CODE_KEY_UNWRAP_FAILED);
  wrapped.version = 1;
  HOLDS(delivered->wrapped.len == 24);
  memcpy(altered, delivered->wrapped.data, 24);
  altered[7] ^= 1;
  wrapped.wrapped = bytes(altered, 24);
  REFUSED(tegata_unwrap_key(&wrapped, one->psk->secret, &value, error), TEGATA_CODE_KEY_UNWRAP_FAILED);
  wrapped.wrapped = bytes(altered, 0);
  HOLDS(tegata_unwrap_key(&wrapped, one->psk->secret, &value, NULL) != TEGATA_STATUS_OK && value == NULL);
  REFUSED(tegata_keys_deliver(made.registry, one->key->key->id, two->device->id, NULL, &delivered, error),
          TEGATA_CODE_KEY_NOT_HELD);
  tegata_wrapped_key_free(delivered);
  tegata_provisioned_free(two);
  tegata_provisioned_free(one);
  world_free(&made);
}

/* A sealer of the host, which turns bits around, and has an opinion on what is to be sealed anew. */

typedef struct {
  bool current;
  int asked;
  int status;
} turner;

static int turn(void *userdata, tegata_bytes associated, tegata_bytes from, tegata_sink *to, tegata_failure *failure) {
  size_t i;
  (void)userdata;
  (void)associated;
  (void)failure;
  for (i = 0; i < from.len; i++) {
    uint8_t turned = (uint8_t)~from.data[i];
    tegata_sink_add(to, &turned, 1);
  }
  return 0;
}

static int is_current(void *userdata, tegata_bytes associated, tegata_bytes sealed, bool *current, tegata_failure *failure) {
  turner *own = (turner *)userdata;
  HOLDS(associated.len > 0 && sealed.len > 0);
  own->asked++;
  *current = own->current;
  snprintf(failure->text, sizeof failure->text, "the token was pulled");
  return own->status;
}

static void a_sealer_of_the_host_says_what_is_sealed_anew(void) {
  turner own = {false, 0, 0};
  tegata_sealer_callbacks callbacks;
  int round;
  for (round = 0; round < 2; round++) {
    tegata_store *store = NULL;
    tegata_sealer *sealer = NULL;
    world made;
    const tegata_provisioned *meter = NULL;
    const tegata_resealed *resealed = NULL;
    TEGATA_INIT(callbacks);
    callbacks.userdata = &own;
    callbacks.seal = turn;
    callbacks.open = turn;
    if (round == 0) callbacks.is_current = is_current;
    WELL(tegata_host_sealer_new(&callbacks, &sealer, error));
    WELL(tegata_memory_store_new(&store, error));
    memset(&made, 0, sizeof made);
    WELL(tegata_registry_open(store, sealer, NULL, &made.registry, error));
    meter = provision_one(&made, "meter");
    own.asked = 0;
    WELL(tegata_registry_reseal(made.registry, NULL, NULL, &resealed, error));
    HOLDS(resealed->checked > 0 && resealed->resealed == (round == 0 ? resealed->checked : 0));
    HOLDS((own.asked > 0) == (round == 0));
    tegata_resealed_free(resealed);
    if (round == 0) {
      own.current = true;
      WELL(tegata_registry_reseal(made.registry, NULL, NULL, &resealed, error));
      HOLDS(resealed->checked > 0 && resealed->resealed == 0);
      tegata_resealed_free(resealed);
      own.status = 77;
      REFUSED(tegata_registry_reseal(made.registry, NULL, NULL, &resealed, error), TEGATA_CODE_SEAL_FAILED);
      HOLDS(strstr(refusal, "the token was pulled") != NULL);
      own.status = 0;
    }
    tegata_provisioned_free(meter);
    tegata_sealer_free(sealer);
    tegata_store_free(store);
    tegata_registry_free(made.registry);
  }
}

int main(void) {
  a_fleet_is_provisioned_and_can_be_stopped();
  a_password_lets_in_and_stands_in_no_text();
  an_owner_is_one_thing();
  a_device_unwraps_what_is_for_it_and_nothing_else();
  a_sealer_of_the_host_says_what_is_sealed_anew();
  printf("secrets: a fleet, passwords, wrapped keys, resealing: fine\n");
  return 0;
}
