package tegata.test

import kotlin.system.exitProcess

/** The tests of one class: public methods without arguments whose name is a sentence. */
class Tests(private val of: Any) {
    fun run(only: Regex?): Pair<Int, Int> {
        var passed = 0
        var failed = 0
        val methods = of.javaClass.declaredMethods
            .filter { it.parameterCount == 0 && ' ' in it.name && (only == null || only.containsMatchIn(it.name)) }
            .sortedBy { it.name }
        for (method in methods) {
            try {
                method.invoke(of)
                passed++
            } catch (thrown: java.lang.reflect.InvocationTargetException) {
                failed++
                println("FAILED: ${of.javaClass.simpleName}: ${method.name}")
                thrown.targetException.printStackTrace(System.out)
            }
        }
        return passed to failed
    }
}

fun assertTrue(holds: Boolean, what: () -> String = { "expected to hold" }) {
    if (!holds) throw AssertionError(what())
}

fun assertSame(expected: Any?, found: Any?) {
    if (expected != found) throw AssertionError("expected $expected, found $found")
}

inline fun <reified E : Throwable> assertThrows(call: () -> Unit): E {
    try {
        call()
    } catch (thrown: Throwable) {
        if (thrown is E) return thrown
        throw AssertionError("expected ${E::class.simpleName}, but thrown was $thrown", thrown)
    }
    throw AssertionError("expected ${E::class.simpleName}, but nothing was thrown")
}

/** That the call is refused with this code. */
inline fun assertRefused(code: String, call: () -> Unit): tegata.TegataException {
    val thrown = assertThrows<tegata.TegataException>(call)
    if (thrown.code != code) throw AssertionError("expected $code, found $thrown", thrown)
    return thrown
}

/** Runs all tests, or those whose name matches the first argument. */
fun main(args: Array<String>) {
    val only = args.firstOrNull()?.let { Regex(it) }
    val suites = listOf(Scenarios(), Surface(), Lives(), HostKeys(), HostStores(), Misuse(), Coroutines(), Values(), Scale())
    val results = suites.map { Tests(it).run(only) }
    val passed = results.sumOf { it.first }
    val failed = results.sumOf { it.second }
    println("$passed passed, $failed failed")
    exitProcess(if (failed > 0 || passed == 0) 1 else 0)
}
