package tegata

/**
 * Why a call failed. [code] is stable and meant for programs, the message for people; there is one subclass for each kind of
 * trouble. A call that fails has changed nothing, unless its documentation says so.
 *
 * @property code the stable dotted code, such as `csr.signature_invalid`
 * @property kind what kind of trouble it is
 */
sealed class TegataException(val code: String, val kind: ErrorKind, internal val text: String) : RuntimeException(text) {
    /** The code as a constant; null for one that this version does not list. */
    val errorCode: ErrorCode? get() = ErrorCode.of(code)

    override fun toString(): String = "${javaClass.name}: $code: $message"

    internal companion object ErrorHandler : UniffiRustCallStatusErrorHandler<TegataException> {
        override fun lift(error_buf: RustBuffer.ByValue): TegataException = FfiConverterTypeTegataError.lift(error_buf)
    }
}

/** The argument itself is malformed; the same call can never succeed. */
class InvalidInputException internal constructor(code: String, text: String) :
    TegataException(code, ErrorKind.INVALID_INPUT, text)

/** Well-formed, but a rule or policy forbids it. */
class RefusedException internal constructor(code: String, text: String) : TegataException(code, ErrorKind.REFUSED, text)

/** What the call names does not exist. */
class NotFoundException internal constructor(code: String, text: String) :
    TegataException(code, ErrorKind.NOT_FOUND, text)

/** It collides with what is already there, or with a concurrent change. */
class ConflictException internal constructor(code: String, text: String) :
    TegataException(code, ErrorKind.CONFLICT, text)

/** The entity's current state does not allow it. */
class StateException internal constructor(code: String, text: String) : TegataException(code, ErrorKind.STATE, text)

/** The presenter could not show who it is. */
class UnauthenticatedException internal constructor(code: String, text: String) :
    TegataException(code, ErrorKind.UNAUTHENTICATED, text)

/** Something needed is out of reach for now; try again later. */
class UnavailableException internal constructor(code: String, text: String) :
    TegataException(code, ErrorKind.UNAVAILABLE, text)

/** Stored or received data is damaged. */
class CorruptException internal constructor(code: String, text: String) :
    TegataException(code, ErrorKind.CORRUPT, text)

/** Correct, but this build or version cannot do it. */
class UnsupportedException internal constructor(code: String, text: String) :
    TegataException(code, ErrorKind.UNSUPPORTED, text)

/** A defect of this library or its surroundings. */
class InternalException internal constructor(code: String, text: String) :
    TegataException(code, ErrorKind.INTERNAL, text)

/** The exception of what became of one item. */
internal fun Refusal.exception(): TegataException = when (kind) {
    "InvalidInput" -> InvalidInputException(code, text)
    "Refused" -> RefusedException(code, text)
    "NotFound" -> NotFoundException(code, text)
    "Conflict" -> ConflictException(code, text)
    "State" -> StateException(code, text)
    "Unauthenticated" -> UnauthenticatedException(code, text)
    "Unavailable" -> UnavailableException(code, text)
    "Corrupt" -> CorruptException(code, text)
    "Unsupported" -> UnsupportedException(code, text)
    else -> InternalException(code, text)
}

/** What went wrong where nothing should: a panic in the library, or files that do not fit together. */
internal fun defect(what: String): TegataException =
    InternalException("internal.defect", "a condition that should never arise: ${what.lineSequence().first().take(300)}; please report it")

/** What is said to who uses a closed object. */
internal fun closed(closed: Any): Exception =
    if (closed.javaClass.simpleName.startsWith("Native")) {
        StateException("store.closed", "the registry is closed")
    } else {
        IllegalStateException("this ${closed.javaClass.simpleName} is closed")
    }

/** What the host's code threw, in one line and without its stack. */
internal fun hostFailure(thrown: Throwable): String = try {
    val name = thrown.javaClass.simpleName.ifEmpty { thrown.javaClass.name }
    val said = thrown.message?.trim().orEmpty()
    (if (said.isEmpty()) name else "$name: $said").take(1_000)
        .filter { !it.isSurrogate() }
} catch (_: Throwable) {
    "the host's code failed"
}

/** Runs an encoding of text; half a surrogate pair is no text. */
internal inline fun utf8(encode: () -> java.nio.ByteBuffer): java.nio.ByteBuffer = try {
    encode()
} catch (_: java.nio.charset.CharacterCodingException) {
    throw InvalidInputException("input.invalid", "text holds half of a surrogate pair; send Unicode text")
}
