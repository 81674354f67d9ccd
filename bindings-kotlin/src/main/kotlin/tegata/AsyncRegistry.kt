package tegata

import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.isActive
import kotlinx.coroutines.withContext

/**
 * A registry whose calls suspend instead of blocking; they run on `Dispatchers.IO`.
 *
 * Cancelling a coroutine does not undo what its call did: the call that is under way runs to its end, and its result is
 * dropped. (Give it a request ID: repeated, it returns what the first one did.) A bulk call stops before its next portion.
 */
class AsyncRegistry internal constructor(
    /** The registry whose calls these are. */
    val blocking: Registry,
) : AsyncRegistryQuestions(blocking) {
    /** Authorities: the private CA. */
    val authorities = AsyncAuthorities(blocking.authorities)

    /** Profiles: what certificates hold. */
    val profiles = AsyncProfiles(blocking.profiles)

    /** Products and the credentials that their units share. */
    val products = AsyncProducts(blocking.products)

    /** Devices. */
    val devices = AsyncDevices(blocking.devices)

    /** Groups of devices. */
    val groups = AsyncGroups(blocking.groups)

    /** Certificates. */
    val certificates = AsyncCertificates(blocking.certificates)

    /** What happened. */
    val events = AsyncEvents(blocking.events)

    /** Pre-shared keys. */
    val psks = AsyncPsks(blocking.psks)

    /** Symmetric keys. */
    val keys = AsyncKeys(blocking.keys)

    /** Campaigns. */
    val campaigns = AsyncCampaigns(blocking.campaigns)

    /** Clients of the host's API. */
    val clients = AsyncClients(blocking.clients)

    /** OCSP: whether one certificate counts. */
    val ocsp = AsyncOcsp(blocking.ocsp)

    /** Copies the whole registry into the store at [url], such as `sqlite:registry.db` or `postgres://...` (see [openStore]). */
    suspend fun copyTo(
        url: String,
        progress: ((done: ULong, total: ULong) -> Boolean)? = null,
        call: Call = Call(),
    ): Copied = ioTold(progress) { blocking.copyTo(url, it, call) }
}

internal suspend inline fun <T> io(crossinline call: () -> T): T = withContext(Dispatchers.IO) { call() }

/** Runs a bulk call that a cancellation of the coroutine stops before its next portion. */
internal suspend inline fun <T> ioBulk(bulk: Bulk, crossinline call: (Bulk) -> T): T =
    ioTold(bulk.progress) { call(Bulk(bulk.atomicity, it)) }

/** Runs a call that tells how far it is, and that a cancellation of the coroutine stops then. */
internal suspend inline fun <T> ioTold(
    noinline progress: ((ULong, ULong) -> Boolean)?,
    crossinline call: ((ULong, ULong) -> Boolean) -> T,
): T {
    val context = coroutineContext
    return withContext(Dispatchers.IO) {
        try {
            call { done, total -> (progress?.invoke(done, total) ?: true) && context.isActive }
        } catch (stopped: TegataException) {
            // Whoever cancelled a coroutine expects that, and not the library's word for having been stopped.
            if (stopped.errorCode == ErrorCode.INPUT_CANCELLED) context.ensureActive()
            throw stopped
        }
    }
}

internal inline fun <T> pagesFlow(pageSize: UInt, crossinline fetch: suspend (Page) -> Listing<T>): Flow<T> = flow {
    var after: String? = null
    do {
        val page = fetch(Page(limit = pageSize, after = after, total = false))
        page.items.forEach { emit(it) }
        after = page.next
    } while (after != null)
}
