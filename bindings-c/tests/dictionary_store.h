/* A store of one's own: rows in an array, counters in another, one lock around both. Slow, and right. */
#ifndef DICTIONARY_STORE_H
#define DICTIONARY_STORE_H

#include "tegata.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How many dictionaries exist, to show that none is left over. */
extern int dictionaries;

/* A new empty store; NULL when there is no memory. Free it with tegata_store_free(). */
tegata_store *dictionary_store_new(void);

#ifdef __cplusplus
}
#endif

#endif
