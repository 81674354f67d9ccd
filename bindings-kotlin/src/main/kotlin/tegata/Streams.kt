package tegata

import java.io.IOException
import java.io.InputStream
import java.io.OutputStream

/** What the caller's own code threw while a call was under way: the call throws it, instead of what came of it. */
internal class Thrown {
    @Volatile
    private var first: Throwable? = null

    fun remember(failure: Throwable) {
        if (first == null) first = failure
    }

    fun throwAny() {
        first?.let { throw it }
    }

    fun report(progress: ((ULong, ULong) -> Boolean)?): BulkProgress? = progress?.let {
        BulkProgress { done, total ->
            try {
                it(done, total)
            } catch (failure: Throwable) {
                remember(failure)
                false
            }
        }
    }

    fun output(to: OutputStream): HostOutput = object : HostOutput {
        override fun write(octets: ByteArray) = remembering { to.write(octets) }

        override fun flush() = remembering { to.flush() }
    }

    fun input(from: InputStream): HostInput = object : HostInput {
        override fun read(most: UInt): ByteArray = remembering {
            val octets = ByteArray(most.coerceAtMost(PORTION).toInt())
            val read = from.read(octets)
            // Taken for the end, it would cut a log short without anybody noticing.
            if (read == 0) throw IOException("the stream gave no octets though it has not ended")
            octets.copyOf(read.coerceAtLeast(0))
        }
    }

    private inline fun <T> remembering(work: () -> T): T = try {
        work()
    } catch (failure: Throwable) {
        remember(failure)
        throw failure
    }

    private companion object {
        const val PORTION = 65_536u
    }
}

/** Runs a call that calls the caller's own code back; what that throws is thrown. */
internal inline fun <T> throwing(call: (Thrown) -> T): T {
    val thrown = Thrown()
    val result = try {
        call(thrown)
    } catch (refused: TegataException) {
        thrown.throwAny()
        throw refused
    }
    thrown.throwAny()
    return result
}
