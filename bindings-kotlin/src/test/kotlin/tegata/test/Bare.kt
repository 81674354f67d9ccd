package tegata.test

import tegata.*

/** Runs with nothing on the classpath but the jar, JNA and Kotlin's library. */
fun main() {
    Registry.open(MemoryStore(), SoftwareSealer.generate()).use { registry ->
        registry.devices.register(NewDevice(name = "lamp"), Call("admin"))
        check(registry.devices.count() == 1UL)
    }
    println("the jar runs on a bare classpath")
}
