package tegata.test

import java.time.Instant
import tegata.*

/** A registry in memory with a root, two profiles and a product, and a clock that stands still. */
class World(
    store: Store = MemoryStore(),
    signer: HostSigner? = null,
    sealer: Sealer = SoftwareSealer.generate(),
    random: HostRandom? = null,
) : AutoCloseable {
    val clock = FixedClock.at(Instant.parse("2026-01-01T00:00:00Z"))
    val registry = Registry.open(store, sealer, Options(clock = clock, random = random))
    val admin = Call("admin")
    val root = registry.authorities.createRoot(NewAuthority("root", "CN=Example Root,O=Example", signer = signer), admin)
    private val productProfile = registry.profiles.put("product", ProfileSpec.productCredential(), admin)
    val deviceProfile = registry.profiles.put("device", ProfileSpec.device(), admin)
    val camera = registry.products.register(
        NewProduct(ProductSpec("Camera 3"), root.id, productProfile.id, deviceProfile.id),
        admin,
    )
    val credential: ByteArray get() = camera.credential.issued.der

    fun csr(key: HostSigner = makeKey(KeyAlgorithm.ECDSA_P256)): ByteArray = makeCsr(key, "", listOf())

    fun enroll(unit: String? = null, key: HostSigner = makeKey(KeyAlgorithm.ECDSA_P256)): Enrolled =
        registry.devices.enroll(Enroll(credential, csr = csr(key), unit = unit), admin)

    override fun close() = registry.close()
}

inline fun <T> world(work: World.() -> T): T = World().use { it.work() }
