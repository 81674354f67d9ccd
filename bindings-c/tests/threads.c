/* Eight threads on one registry, with a store and a signer of the host's; closing while they run. */
#include <pthread.h>

#include "dictionary_store.h"
#include "world.h"

enum { THREADS = 8, EACH = 6 };

static const world *shared_world;

static void *enroll_some(void *argument) {
  size_t *enrolled_here = (size_t *)argument;
  int i;
  for (i = 0; i < EACH; i++) {
    const tegata_buffer *csr = new_csr();
    const tegata_enrolled *enrolled = NULL;
    WELL(enroll(shared_world, csr, &enrolled, error));
    (*enrolled_here)++;
    tegata_buffer_free(csr);
    tegata_enrolled_free(enrolled);
  }
  return NULL;
}

static void eight_threads_enroll_at_once(tegata_store *store) {
  world made = world_with(store, NULL);
  pthread_t threads[THREADS];
  size_t enrolled[THREADS] = {0};
  uint64_t count = 0;
  int i;
  shared_world = &made;
  for (i = 0; i < THREADS; i++) HOLDS(pthread_create(&threads[i], NULL, enroll_some, &enrolled[i]) == 0);
  for (i = 0; i < THREADS; i++) HOLDS(pthread_join(threads[i], NULL) == 0);
  WELL(tegata_devices_count(made.registry, NULL, &count, error));
  HOLDS(count == THREADS * EACH);
  world_free(&made);
}

static void *ask_until_closed(void *argument) {
  (void)argument;
  for (;;) {
    uint64_t count = 0;
    tegata_error *error = NULL;
    if (tegata_devices_count(shared_world->registry, NULL, &count, &error) != TEGATA_STATUS_OK) {
      HOLDS(strcmp(tegata_error_code(error), TEGATA_CODE_STORE_CLOSED) == 0);
      tegata_error_free(error);
      return NULL;
    }
  }
}

static void a_closed_registry_says_so_to_every_thread(void) {
  world made = world_in_memory();
  pthread_t threads[THREADS];
  uint64_t count = 0;
  int i;
  shared_world = &made;
  for (i = 0; i < THREADS; i++) HOLDS(pthread_create(&threads[i], NULL, ask_until_closed, NULL) == 0);
  WELL(tegata_registry_close(made.registry, error));
  WELL(tegata_registry_close(made.registry, error));
  for (i = 0; i < THREADS; i++) HOLDS(pthread_join(threads[i], NULL) == 0);
  REFUSED(tegata_devices_count(made.registry, NULL, &count, error), TEGATA_CODE_STORE_CLOSED);
  world_free(&made);
}

/* What one thread made, another frees. */
static void *free_a_record(void *argument) {
  tegata_device_free((const tegata_device *)argument);
  return NULL;
}

static void records_are_freed_on_any_thread(void) {
  world made = world_in_memory();
  const tegata_device *device = NULL;
  tegata_new_device new_device;
  pthread_t thread;
  TEGATA_INIT(new_device);
  WELL(tegata_devices_register(made.registry, &new_device, NULL, &device, error));
  HOLDS(strcmp(device->name, device->id) == 0);
  HOLDS(pthread_create(&thread, NULL, free_a_record, (void *)(uintptr_t)device) == 0);
  HOLDS(pthread_join(thread, NULL) == 0);
  world_free(&made);
}

int main(void) {
  tegata_store *store = NULL;
  WELL(tegata_memory_store_new(&store, error));
  eight_threads_enroll_at_once(store);
  eight_threads_enroll_at_once(dictionary_store_new());
  HOLDS(dictionaries == 0);
  a_closed_registry_says_so_to_every_thread();
  records_are_freed_on_any_thread();
  puts("threads: well");
  return 0;
}
