package tegata

import java.security.MessageDigest

/**
 * A value that must not leak: a private key, a password. It prints as `Secret(..)`, compares in constant time, is read only
 * through [expose] and [exposeText], and is erased by [close]. (The JVM may have moved it before; copies stay where they are.)
 */
class Secret private constructor(private val bytes: ByteArray, @Suppress("UNUSED_PARAMETER") own: Boolean) : AutoCloseable {
    /** A secret of a copy of these octets. */
    constructor(bytes: ByteArray) : this(bytes.copyOf(), true)

    @Volatile
    private var erased = false

    /** The octets themselves, as a copy. Every call of this is a place to check in a review. */
    fun expose(): ByteArray {
        check(!erased) { "this Secret is closed" }
        return bytes.copyOf()
    }

    /** The octets as UTF-8 text. */
    fun exposeText(): String {
        check(!erased) { "this Secret is closed" }
        return bytes.toString(Charsets.UTF_8)
    }

    /** Erases it. */
    override fun close() {
        erased = true
        bytes.fill(0)
    }

    override fun equals(other: Any?): Boolean = other is Secret && MessageDigest.isEqual(bytes, other.bytes)

    override fun hashCode(): Int = 0

    override fun toString(): String = "Secret(..)"

    companion object {
        /** A secret of this text, as UTF-8. */
        fun of(text: String): Secret = Secret(text.toByteArray(Charsets.UTF_8), true)
    }
}
