/* What large registries need: a log that goes out in large portions, and PostgreSQL where TEGATA_POSTGRES_URL names a server. */
#include "world.h"

static void register_many(tegata_registry *registry, int count) {
  char name[32];
  int i;
  for (i = 0; i < count; i++) {
    const tegata_device *device = NULL;
    tegata_new_device lamp;
    snprintf(name, sizeof name, "lamp-%d", i);
    TEGATA_INIT(lamp);
    lamp.name = name;
    WELL(tegata_devices_register(registry, &lamp, NULL, &device, error));
    tegata_device_free(device);
  }
}

static tegata_registry *opened(tegata_store *store, const tegata_sealer *sealer) {
  tegata_registry *registry = NULL;
  WELL(tegata_registry_open(store, sealer, NULL, &registry, error));
  tegata_store_free(store);
  return registry;
}

static tegata_registry *in_memory(tegata_sealer **sealer) {
  tegata_store *store = NULL;
  WELL(tegata_open_store("memory:", &store, error));
  WELL(tegata_software_sealer_generate(sealer, error));
  return opened(store, *sealer);
}

typedef struct {
  size_t calls, lines, octets, largest;
  size_t fails_at; /* the call that fails, from 1; 0 for none */
} portions;

static int take(void *userdata, tegata_bytes data, tegata_failure *failure) {
  portions *taken = (portions *)userdata;
  size_t i;
  taken->calls++;
  if (taken->calls == taken->fails_at) {
    snprintf(failure->text, sizeof failure->text, "the disk of the archive is full");
    return 1;
  }
  for (i = 0; i < data.len; i++) taken->lines += data.data[i] == '\n';
  taken->octets += data.len;
  if (data.len > taken->largest) taken->largest = data.len;
  return 0;
}

static void a_log_goes_out_in_large_portions_and_a_failing_writer_is_left_alone(void) {
  tegata_sealer *sealer = NULL;
  tegata_registry *registry = in_memory(&sealer);
  const tegata_checkpoint *checkpoint = NULL;
  tegata_writer writer;
  portions taken;
  uint64_t count = 0;
  register_many(registry, 400);
  memset(&taken, 0, sizeof taken);
  TEGATA_INIT(writer);
  writer.userdata = &taken;
  writer.write = take;
  WELL(tegata_events_export(registry, NULL, &writer, &count, error));
  HOLDS(count >= 400 && taken.lines == count);
  HOLDS(taken.octets > 65536 && taken.largest <= 65536);
  HOLDS(taken.calls <= taken.octets / 32768 + 1);

  WELL(tegata_events_checkpoint(registry, NULL, &checkpoint, error));
  memset(&taken, 0, sizeof taken);
  WELL(tegata_events_export_log(registry, NULL, &writer, &count, error));
  HOLDS(count == checkpoint->events && taken.lines == count + 2); /* the log's name first, the checkpoint last */
  HOLDS(taken.calls <= taken.octets / 32768 + 1);
  tegata_checkpoint_free(checkpoint);

  /* A failure in the middle, and one of the last portion, which is written when all is said. */
  for (size_t fails_at = 1; fails_at <= 2; fails_at++) {
    memset(&taken, 0, sizeof taken);
    taken.fails_at = fails_at;
    count = 77;
    REFUSED(tegata_events_export_log(registry, NULL, &writer, &count, error), TEGATA_CODE_INPUT_INVALID);
    HOLDS(strstr(refusal, "the disk of the archive is full") != NULL);
    HOLDS(count == 77 && taken.calls == fails_at);
  }
  tegata_registry_free(registry);
  tegata_sealer_free(sealer);
}

static bool stop_at_once(void *userdata, size_t done, size_t total) {
  (void)done, (void)total;
  ++*(size_t *)userdata;
  return false;
}

static void a_copy_that_is_stopped_goes_on_later(const char *url) {
  tegata_sealer *sealer = NULL;
  tegata_registry *registry = in_memory(&sealer);
  tegata_store *target = NULL;
  const tegata_copied *copied = NULL;
  const tegata_device_list *found = NULL;
  const tegata_integrity *integrity = NULL;
  tegata_bulk bulk;
  size_t told = 0;
  register_many(registry, 3);
  WELL(tegata_open_store(url, &target, error));
  TEGATA_INIT(bulk);
  bulk.userdata = &told;
  bulk.progress = stop_at_once;
  REFUSED(tegata_registry_copy_to(registry, target, &bulk, NULL, &copied, error), TEGATA_CODE_INPUT_CANCELLED);
  HOLDS(told == 1 && copied == NULL);
  WELL(tegata_registry_copy_to(registry, target, NULL, NULL, &copied, error));
  HOLDS(copied->rows > 3 && copied->passes >= 1);
  tegata_copied_free(copied);
  tegata_registry_free(registry);

  registry = opened(target, sealer);
  WELL(tegata_devices_find(registry, NULL, NULL, &found, error));
  HOLDS(found->len == 3);
  tegata_device_list_free(found);
  WELL(tegata_registry_check_integrity(registry, NULL, &integrity, error));
  HOLDS(integrity->is_sound && integrity->findings.len == 0 && integrity->rows > 3);
  tegata_integrity_free(integrity);
  tegata_registry_free(registry);
  tegata_sealer_free(sealer);
}

static void a_server_that_is_not_there_is_told_without_the_password(void) {
  tegata_postgres_options options;
  tegata_store *store = NULL;
  const uint64_t wait = 1, connect = 100;
  TEGATA_INIT(options);
  options.password = "hunter2";
  options.wait = &wait;
  options.connect_timeout = &connect;
  REFUSED(tegata_postgres_store_connect("postgres://user@127.0.0.1:1/x", &options, &store, error), TEGATA_CODE_STORE_UNAVAILABLE);
  HOLDS(store == NULL && strstr(refusal, "hunter2") == NULL);
}

/* The argument is the schema to make in the database: one for each run, since several may go on at a time. */
int main(int count, char **arguments) {
  const char *server = getenv("TEGATA_POSTGRES_URL");
  char url[512];
  a_log_goes_out_in_large_portions_and_a_failing_writer_is_left_alone();
  a_copy_that_is_stopped_goes_on_later("sqlite:copy.db");
  a_server_that_is_not_there_is_told_without_the_password();
  if (server != NULL) {
    HOLDS(count == 2);
    HOLDS(snprintf(url, sizeof url, "%s%cschema=%s", server, strchr(server, '?') ? '&' : '?', arguments[1]) < (int)sizeof url);
    a_copy_that_is_stopped_goes_on_later(url);
  }
  printf("large registries: well%s\n", server != NULL ? ", PostgreSQL too" : "; no PostgreSQL is here");
  return 0;
}
