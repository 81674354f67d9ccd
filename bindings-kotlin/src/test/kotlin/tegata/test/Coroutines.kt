package tegata.test

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.count
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import tegata.*

/** The calls that suspend. */
class Coroutines {
    fun `a hundred coroutines enroll at once`() = world {
        runBlocking {
            val requests = (1..100).map { Enroll(credential, csr = csr(), unit = "SN-$it") }
            val enrolled = requests.map { request -> async { registry.async.devices.enroll(request, admin) } }.awaitAll()
            assertSame(100, enrolled.map { it.device.id }.distinct().size)
            assertSame(100, registry.async.devices.findAll(pageSize = 30u).count())
            assertSame(7, registry.async.devices.findAll(pageSize = 2u).take(7).count())
        }
    }

    fun `a refusal is thrown to who awaits`() = world {
        runBlocking {
            assertRefused("input.unknown_id") { registry.async.devices.get("aaaaaaaaaaaaaaaaaaaaaaaaaa") }
            assertSame(0UL, registry.async.counts().expired)
        }
    }

    fun `a cancelled call runs to its end, and repeating it with its request ID tells what it did`() {
        val signer = ToldSigner(JcaSigner(newPair()))
        World(signer = signer).use { world ->
            runBlocking {
                val entered = kotlinx.coroutines.CompletableDeferred<Unit>()
                signer.told = {
                    entered.complete(Unit)
                    Thread.sleep(200)
                }
                val request = Enroll(world.credential, csr = world.csr())
                var result: Enrolled? = null
                val job = launch(Dispatchers.Default) {
                    result = world.registry.async.devices.enroll(request, Call("admin", "r1"))
                }
                entered.await()
                withTimeout(30_000) { job.cancelAndJoin() }
                assertSame(null, result)
                signer.told = null
                val again = world.registry.async.devices.enroll(request, Call("admin", "r1"))
                assertSame(1UL, world.registry.async.devices.count())
                val done = world.registry.async.events.findAll(EventFilter(action = "device.enroll")).count()
                assertSame(1, done)
                assertTrue(again.issued.der.isNotEmpty())
            }
        }
    }

    fun `cancelling a bulk call stops it before the next portion`() = world {
        runBlocking {
            val job = launch(Dispatchers.Default) {
                val self = coroutineContext[kotlinx.coroutines.Job]!!
                registry.async.devices.registerMany((1..3_000).map { NewDevice() }, Bulk { _, _ -> self.cancel(); true })
                throw AssertionError("a cancelled call returned")
            }
            job.join()
            assertTrue(job.isCancelled)
            assertTrue(registry.async.devices.count() in 1UL..2_999UL)
        }
    }
}
