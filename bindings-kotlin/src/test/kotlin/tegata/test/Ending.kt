package tegata.test

import kotlin.concurrent.thread
import kotlin.system.exitProcess
import tegata.*

/** A process that ends while threads enroll, some of them inside a signer and a store of this JVM. */
fun main() {
    val world = World(MapStore(), signer = ToldSigner(JcaSigner(newPair())) { Thread.sleep(1) })
    repeat(4) {
        thread(isDaemon = true) {
            while (true) {
                world.enroll()
            }
        }
    }
    Thread.sleep(500)
    exitProcess(if (world.registry.devices.count() > 0UL) 3 else 4)
}
