package tegata.test

import java.util.TreeMap
import tegata.*

/** A store in maps behind one lock: small, slow, and right. What a store over a database looks like has the same shape. */
class MapStore : HostStore {
    private var schema = StoreSchema(0u, listOf())
    private var rows = mapOf<String, TreeMap<Long, StoreRow>>()
    private var counters = mapOf<StoreCounter, Long>()

    @Synchronized
    override fun migrate(schema: StoreSchema) {
        if (this.schema.version > schema.version) throw StoreException.Schema(this.schema.version, schema.version)
        val former = this.schema.tables.associateBy { it.name }
        rows = schema.tables.associate { table ->
            val columns = former[table.name]?.columns.orEmpty().map { it.name }
            val moved = TreeMap<Long, StoreRow>()
            for ((key, row) in rows[table.name].orEmpty()) {
                val values = table.columns.map { column -> row.values.getOrNull(columns.indexOf(column.name)) ?: StoreValue.Null }
                moved[key] = row.copy(values = values)
            }
            table.name to moved
        }
        this.schema = schema
    }

    @Synchronized
    override fun reserve(counter: StoreCounter, count: UInt): Long {
        val value = counters[counter] ?: 0
        if (Long.MAX_VALUE - value <= count.toLong()) throw StoreException.Backend("the counter ${counter.name} is used up")
        counters = counters + (counter to value + count.toLong())
        return value + 1
    }

    @Synchronized
    override fun get(rows: List<StoreRowRef>): List<StoreRow?> = rows.map { this.rows.getValue(it.table)[it.key] }

    @Synchronized
    override fun find(query: StoreQuery): StorePage {
        val at = query.order?.let { column(query.table, it) }
        fun place(row: StoreRow) = StoreCursor(if (at == null) StoreValue.Null else row.values[at], row.key)
        val ascending = compareBy<StoreCursor, StoreValue>(StoreValueOrder) { it.value }.thenBy { it.key }
        val order = if (query.descending) ascending.reversed() else ascending
        val found = passing(query.table, query.filters)
            .filter { at == null || it.values[at] != StoreValue.Null }
            .sortedWith { a, b -> order.compare(place(a), place(b)) }
        val after = query.after
        val rest = if (after == null) found else found.filter { order.compare(place(it), after) > 0 }
        val page = rest.take(query.limit.toInt())
        val next = if (rest.size > page.size) page.lastOrNull()?.let(::place) else null
        return StorePage(page, next, if (query.total) found.size.toLong() else null)
    }

    @Synchronized
    override fun count(tally: StoreTally): List<StoreTallied> {
        val counts = TreeMap<StoreValue, Long>(StoreValueOrder)
        val at = tally.by?.let { column(tally.table, it) }
        if (at == null) counts[StoreValue.Null] = 0
        for (row in passing(tally.table, tally.filters)) {
            val value = if (at == null) StoreValue.Null else rounded(row.values[at], tally.bucket)
            counts.merge(value, 1, Long::plus)
        }
        return counts.map { (value, count) -> StoreTallied(value, count) }
    }

    @Synchronized
    override fun commit(writes: List<StoreWrite>) {
        val before = rows to counters
        rows = rows + writes.mapNotNull { changed(it) }.distinct().associateWith { TreeMap(rows.getValue(it)) }
        try {
            writes.forEachIndexed { number, write -> apply(number.toUInt(), write) }
        } catch (failed: Throwable) {
            rows = before.first
            counters = before.second
            throw failed
        }
    }

    private fun changed(write: StoreWrite): String? = when (write) {
        is StoreWrite.Put -> write.row.table
        is StoreWrite.Delete -> write.row.table
        else -> null
    }

    private fun apply(number: UInt, write: StoreWrite) {
        fun demand(holds: Boolean) {
            if (!holds) throw StoreException.Conflict(number)
        }
        when (write) {
            is StoreWrite.Put -> {
                val table = rows.getValue(write.row.table)
                val old = table[write.row.key]
                demand(meets(old, write.expect) && isUnique(write.row))
                table[write.row.key] = write.row.copy(version = (old?.version ?: 0) + 1)
            }
            is StoreWrite.Delete -> {
                demand(meets(rows.getValue(write.row.table)[write.row.key], write.expect))
                rows.getValue(write.row.table).remove(write.row.key)
            }
            is StoreWrite.Require -> demand(meets(rows.getValue(write.row.table)[write.row.key], write.expect))
            is StoreWrite.Add -> {
                val value = Math.addExact(counters[write.counter] ?: 0, write.by)
                demand(value in 0..write.atMost)
                counters = counters + (write.counter to value)
            }
        }
    }

    private fun meets(row: StoreRow?, expect: StoreExpect): Boolean = when (expect) {
        is StoreExpect.Any -> true
        is StoreExpect.Absent -> row == null
        is StoreExpect.Version -> row?.version == expect.version
    }

    private fun isUnique(row: StoreRow): Boolean {
        val columns = schema.tables.single { it.name == row.table }.columns
        val unique = columns.indices.filter {
            columns[it].index in setOf(Index.UNIQUE, Index.UNIQUE_SEARCHABLE) && row.values[it] != StoreValue.Null
        }
        return unique.isEmpty() ||
            rows.getValue(row.table).values.none { other -> other.key != row.key && unique.any { other.values[it] == row.values[it] } }
    }

    private fun column(table: String, name: String): Int =
        schema.tables.single { it.name == table }.columns.indexOfFirst { it.name == name }

    private fun passing(table: String, filters: List<StoreFilter>): List<StoreRow> {
        val tests = filters.map { column(table, it.column) to it.condition }
        return rows.getValue(table).values.filter { row -> tests.all { (at, condition) -> passes(row.values[at], condition) } }
    }

    private fun passes(value: StoreValue, condition: StoreMatch): Boolean {
        fun order(other: StoreValue) = StoreValueOrder.compare(value, other)
        if (condition is StoreMatch.Eq) return value == condition.value
        if (value == StoreValue.Null) return false
        return when (condition) {
            is StoreMatch.Eq -> false
            is StoreMatch.In -> value in condition.values
            is StoreMatch.Range -> (condition.from?.let { order(it) >= 0 } ?: true) && (condition.to?.let { order(it) < 0 } ?: true)
            is StoreMatch.Prefix -> value is StoreValue.Text && value.value.startsWith(condition.text)
            is StoreMatch.Contains -> when (value) {
                is StoreValue.Text -> condition.text in value.value
                is StoreValue.Bytes -> condition.text in value.value.joinToString("") { "%02X".format(it) }
                else -> false
            }
        }
    }

    private fun rounded(value: StoreValue, bucket: Long?): StoreValue {
        if (value !is StoreValue.Int || bucket == null || bucket == 0L) return value
        val rest = Math.floorMod(value.value, bucket)
        return StoreValue.Int(if (value.value < Long.MIN_VALUE + rest) Long.MIN_VALUE else value.value - rest)
    }
}
