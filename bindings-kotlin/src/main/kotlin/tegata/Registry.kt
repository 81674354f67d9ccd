package tegata

/**
 * Where a registry lives: a [MemoryStore], a [SqliteStore], a [PostgresStore], what [openStore] opens by its address, or a
 * [HostStore] of your own.
 */
sealed interface Store

/** What seals a registry's secrets: a [SoftwareSealer], [SealingKeys] while one takes the place of another, or a [HostSealer] of your own. */
sealed interface Sealer

/**
 * A registry of devices and the authority over their credentials.
 *
 * It may be used from any number of threads. Its calls block while they sign and store; [async] has the same calls as
 * suspending functions. [close] it when it is no longer needed: what it still does is finished first, and later calls get
 * `store.closed`.
 */
class Registry private constructor(private val native: NativeRegistry) : RegistryQuestions(native), AutoCloseable {
    /** Authorities: the private CA. */
    val authorities = Authorities(native.authorities())

    /** Profiles: what certificates hold. */
    val profiles = Profiles(native.profiles())

    /** Products and the credentials that their units share. */
    val products = Products(native.products())

    /** Devices. */
    val devices = Devices(native.devices())

    /** Groups of devices. */
    val groups = Groups(native.groups())

    /** Certificates. */
    val certificates = Certificates(native.certificates())

    /** What happened. */
    val events = Events(native.events())

    /** Pre-shared keys: the passwords of devices, and what TLS-PSK servers share with them. */
    val psks = Psks(native.psks())

    /** Symmetric keys. */
    val keys = Keys(native.keys())

    /** Campaigns: many credentials replaced, wave by wave. */
    val campaigns = Campaigns(native.campaigns())

    /** Clients of the host's API. */
    val clients = Clients(native.clients())

    /** OCSP: whether one certificate counts. */
    val ocsp = Ocsp(native.ocsp())

    /** The same calls as suspending functions; needs kotlinx-coroutines. */
    val async: AsyncRegistry by lazy { AsyncRegistry(this) }

    /** Copies the whole registry into the store at [url], such as `sqlite:registry.db` or `postgres://...` (see [openStore]). */
    fun copyTo(url: String, progress: ((done: ULong, total: ULong) -> Boolean)? = null, call: Call = Call()): Copied =
        openStore(url).use { copyTo(it, progress, call) }

    /** Closes the registry and lets go of its store. Calls under way finish; a second call does nothing. */
    override fun close() = native.closeRegistry()

    override fun toString(): String = "Registry(..)"

    companion object {
        /**
         * Opens the registry in [store], or makes a new one in an empty store. [sealer] must be the one that the store was
         * first opened with.
         *
         * The registry goes on using store and sealer; both can be closed at once here and still serve it.
         */
        fun open(store: Store, sealer: Sealer, options: Options = Options()): Registry =
            Registry(openRegistry(store.any(), sealer.any(), options))

        /** Opens the registry in the store at [url], such as `sqlite:registry.db` or `postgres://...` (see [openStore]). */
        fun open(url: String, sealer: Sealer, options: Options = Options()): Registry =
            openStore(url).use { open(it, sealer, options) }
    }
}

internal fun Store.any(): AnyStore = when (this) {
    is MemoryStore -> AnyStore.Memory(this)
    is SqliteStore -> AnyStore.Sqlite(this)
    is PostgresStore -> AnyStore.Postgres(this)
    is OpenedStore -> AnyStore.Opened(this)
    is HostStore -> AnyStore.Host(this)
}

internal fun Sealer.any(): AnySealer = when (this) {
    is SoftwareSealer -> AnySealer.Software(this)
    is SealingKeys -> AnySealer.Keys(this)
    is HostSealer -> AnySealer.Host(this)
}
