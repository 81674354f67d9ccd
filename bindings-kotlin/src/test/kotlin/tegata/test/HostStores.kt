package tegata.test

import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import tegata.*

/** Stores of the host. */
class HostStores {
    fun `a store in maps passes the conformance suite`() {
        assertSame(null, checkStore { MapStore() })
    }

    fun `a store that does wrong does not pass the suite`() {
        val failures = checkStore {
            object : HostStore by MapStore() {
                override fun get(rows: List<StoreRowRef>): List<StoreRow?> = rows.map { null }
            }
        }
        assertTrue(failures != null && failures.lines().isNotEmpty())
    }

    fun `a registry lives in a store in maps`() {
        World(MapStore()).use { world ->
            val enrolled = world.enroll("SN-1")
            assertSame(enrolled.device, world.registry.devices.find(DeviceFilter(unit = Text.Is("SN-1"))).items.single())
            world.registry.devices.delete(enrolled.device.id, world.admin)
            assertSame(1UL, world.registry.authorities.crl(world.root.id, call = world.admin).entries)
        }
    }

    fun `eight enrollments at once in a store of the host finish`() {
        World(MapStore(), signer = JcaSigner(newPair())).use { world ->
            val requests = (1..32).map { Enroll(world.credential, csr = world.csr(), unit = "SN-$it") }
            val pool = Executors.newFixedThreadPool(8)
            val results = requests.map { pool.submit<Enrolled> { world.registry.devices.enroll(it, world.admin) } }
            pool.shutdown()
            assertTrue(pool.awaitTermination(60, TimeUnit.SECONDS)) { "the enrollments hang" }
            assertSame(32, results.map { it.get().device.id }.distinct().size)
        }
    }

    fun `whatever a store throws is a typed error and nothing is half done`() {
        var failure: (() -> Nothing)? = null
        val inner = MapStore()
        val store = object : HostStore by inner {
            override fun commit(writes: List<StoreWrite>) {
                failure?.invoke()
                inner.commit(writes)
            }
        }
        World(store).use { world ->
            val count = world.registry.devices.count()
            val cases = listOf<Pair<() -> Nothing, String>>(
                { -> throw StoreException.Unavailable("no network") } to "store.unavailable",
                { -> throw StoreException.Full() } to "store.full",
                { -> throw StoreException.ReadOnly() } to "store.read_only",
                { -> throw StoreException.Corrupt("devices") } to "store.corrupt",
                { -> throw StoreException.Backend("odd") } to "store.backend",
                { -> throw IllegalStateException("the pool is closed") } to "store.backend",
                { -> throw java.sql.SQLException("no such table") } to "store.backend",
                { -> throw StackOverflowError() } to "store.backend",
                { -> throw StoreException.Conflict(0u) } to "store.busy",
            )
            for ((thrown, code) in cases) {
                failure = thrown
                assertRefused(code) { world.registry.devices.register(NewDevice(name = "lamp"), world.admin) }
            }
            failure = null
            assertSame(count, world.registry.devices.count())
            world.registry.devices.register(NewDevice(name = "lamp"), world.admin)
        }
    }

    fun `a store that answers nonsense makes errors and no crash`() {
        for (spoil in listOf<(StoreRow) -> StoreRow>(
            { it.copy(values = listOf()) },
            { it.copy(version = -1) },
            { it.copy(table = "nonsense") },
            { row -> row.copy(values = row.values.map { StoreValue.Int(Long.MIN_VALUE) }) },
        )) {
            var broken = false
            val inner = MapStore()
            val store = object : HostStore by inner {
                override fun get(rows: List<StoreRowRef>) = inner.get(rows).map { row -> if (broken) row?.let(spoil) else row }
                override fun find(query: StoreQuery) =
                    inner.find(query).let { page -> if (broken) page.copy(rows = page.rows.map(spoil)) else page }
            }
            World(store).use { world ->
                val id = world.enroll().device.id
                broken = true
                assertThrows<TegataException> { world.registry.devices.get(id) }
                assertThrows<TegataException> { world.registry.devices.find() }
            }
        }
    }

    fun `a store that calls the registry is refused instead of waiting for ever`() {
        var registry: Registry? = null
        var inside: TegataException? = null
        val inner = MapStore()
        val store = object : HostStore by inner {
            override fun find(query: StoreQuery): StorePage {
                try {
                    registry?.devices?.count()
                } catch (refused: TegataException) {
                    inside = refused
                }
                return inner.find(query)
            }
        }
        World(store).use { world ->
            registry = world.registry
            world.registry.devices.find()
            assertSame("input.called_back", inside?.code)
        }
    }
}
