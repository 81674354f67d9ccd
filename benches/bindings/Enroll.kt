// What one enrollment costs from Kotlin: prints microseconds. Enroll.kt COUNT THREADS
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import tegata.*

fun main(args: Array<String>) {
    val count = args.getOrElse(0) { "2000" }.toInt()
    val threads = args.getOrElse(1) { "1" }.toInt()
    // The JIT compiles what ran some thousand times; what came before is not what a server pays.
    val warmUp = 3_000
    val registry = Registry.open(MemoryStore(), SoftwareSealer.generate())
    val admin = Call("bench")
    val root = registry.authorities.createRoot(NewAuthority("root", "CN=Root"), admin)
    val forProducts = registry.profiles.put("product", ProfileSpec.productCredential(), admin)
    val forDevices = registry.profiles.put("device", ProfileSpec.device(), admin)
    val product = registry.products.register(NewProduct(ProductSpec("Bench"), root.id, forProducts.id, forDevices.id), admin)
    val credential = product.credential.issued.der
    val requests = (1..count + warmUp).map {
        makeKey(KeyAlgorithm.ECDSA_P256).use { key -> Enroll(credential, csr = makeCsr(key, "", listOf())) }
    }
    requests.take(warmUp).forEach { registry.devices.enroll(it, admin) }
    val timed = requests.drop(warmUp)
    val pool = Executors.newFixedThreadPool(threads)
    val work = timed.chunked((count + threads - 1) / threads).map { part ->
        Callable { part.forEach { registry.devices.enroll(it, admin) } }
    }
    val begin = System.nanoTime()
    pool.invokeAll(work).forEach { it.get() }
    val micros = (System.nanoTime() - begin) / 1_000.0 / count
    pool.shutdown()
    println("%.2f".format(java.util.Locale.ROOT, micros))
    registry.close()
}
