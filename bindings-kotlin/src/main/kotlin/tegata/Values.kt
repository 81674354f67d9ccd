package tegata

/** One page of records. */
data class Listing<out T>(
    /** The records, in order. */
    val items: List<T>,
    /** What to ask for next, as `Page(after = ...)`; null after the last page. */
    val next: String?,
    /** How many records match in all, if that was asked for. */
    val total: ULong?,
)

/** What became of one item of a bulk call. */
sealed class Outcome<out T> {
    /** Done: [value] is the result. */
    data class Done<out T>(val value: T) : Outcome<T>()

    /** Refused: nothing was changed, and [error] says why. */
    data class Refused(val error: TegataException) : Outcome<Nothing>()

    /** The result; throws the error when the item was refused. */
    fun getOrThrow(): T = when (this) {
        is Done -> value
        is Refused -> throw error
    }

    /** The result, or null when the item was refused. */
    fun getOrNull(): T? = (this as? Done)?.value
}

/**
 * How a bulk call runs.
 *
 * @property atomicity what happens to the rest when one item is refused
 * @property progress called now and then with how many items are done, of how many; `false` stops before the next portion, and
 * so does an exception, which the call then throws. It must not call the registry.
 */
class Bulk(
    val atomicity: Atomicity = Atomicity.EACH,
    val progress: ((done: ULong, total: ULong) -> Boolean)? = null,
) {
    internal inline fun <T> run(call: (NativeBulk) -> T): T =
        throwing { thrown -> call(NativeBulk(atomicity, thrown.report(progress))) }
}

/** Pages one after the other, each fetched when it is needed. */
internal inline fun <T> allPages(pageSize: UInt, crossinline fetch: (Page) -> Listing<T>): Sequence<T> = sequence {
    var after: String? = null
    do {
        val page = fetch(Page(limit = pageSize, after = after, total = false))
        yieldAll(page.items)
        after = page.next
    } while (after != null)
}

/** Whether two values are the same, octets and lists of octets by what is in them. */
internal fun sameContent(a: Any?, b: Any?): Boolean = when {
    a === b -> true
    a is ByteArray && b is ByteArray -> a.contentEquals(b)
    a is List<*> && b is List<*> -> a.size == b.size && a.indices.all { sameContent(a[it], b[it]) }
    else -> a == b
}

/** A hash that fits [sameContent]. */
internal fun contentHash(vararg values: Any?): Int = values.fold(1) { hash, value ->
    31 * hash + when (value) {
        is ByteArray -> value.contentHashCode()
        is List<*> -> contentHash(*value.toTypedArray())
        else -> value.hashCode()
    }
}
