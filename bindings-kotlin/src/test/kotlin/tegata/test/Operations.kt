package tegata.test

import java.lang.reflect.InvocationTargetException
import kotlin.reflect.KCallable
import kotlin.reflect.KFunction
import kotlin.reflect.KParameter
import kotlin.reflect.KProperty1
import kotlin.reflect.full.companionObject
import kotlin.reflect.full.companionObjectInstance
import kotlin.reflect.full.extensionReceiverParameter
import kotlin.reflect.full.instanceParameter
import kotlin.reflect.full.memberFunctions
import kotlin.reflect.full.memberProperties
import kotlin.reflect.jvm.kotlinFunction
import kotlin.reflect.KClass
import kotlin.reflect.KVisibility
import tegata.*

/** Finds what an operation of the core is in Kotlin, and calls it. */
object Operations {
    private val topLevel: List<KFunction<*>> = listOf("Native", "Extras")
        .flatMap { Class.forName("tegata.${it}Kt").declaredMethods.toList() }
        .filter { java.lang.reflect.Modifier.isPublic(it.modifiers) && '$' !in it.name }
        .mapNotNull { runCatching { it.kotlinFunction }.getOrNull() }
        .filter { it.visibility == KVisibility.PUBLIC }

    /** Where names differ from Rust's. */
    private val renamed = mapOf("Error.table" to "error_table", "SealingKeys.new" to "SealingKeys.of")

    /** What `operation` is: a member of a handle, of a type or of its companion, or a function. */
    fun find(operation: String): KCallable<*>? {
        val name = renamed[operation] ?: operation
        val method = camel(name.substringAfter('.'))
        if ('.' !in name) return topLevel.overload { it.name == camel(name) && it.extensionReceiverParameter == null }
        val owner = name.substringBefore('.')
        if (owner.first().isLowerCase()) {
            val type = if (owner == "registry") Registry::class else type(owner.replaceFirstChar { it.uppercase() })
            return type?.memberFunctions?.overload { it.name == method && it.visibility == KVisibility.PUBLIC }
        }
        val type = type(owner) ?: return null
        if (method == "new") return type.constructors.firstOrNull { it.visibility == KVisibility.PUBLIC && it.parameters.isEmpty() }
        return ofType(type, method) ?: ofCompanion(type, method)
    }

    /** The function that the core has, not the one that takes a store's address or a stream instead. */
    private fun <T : KCallable<*>> Iterable<T>.overload(fits: (T) -> Boolean): T? {
        val candidates = filter(fits)
        fun isOther(candidate: T) = candidate.parameters.any {
            (it.name == "url" && candidates.size > 1) || it.type.classifier == java.io.InputStream::class
        }
        return candidates.firstOrNull { !isOther(it) } ?: candidates.firstOrNull()
    }

    private fun type(name: String): KClass<*>? = runCatching { Class.forName("tegata.$name").kotlin }.getOrNull()

    private fun ofType(type: KClass<*>, name: String): KCallable<*>? =
        type.memberProperties.firstOrNull { it.name == name && it.visibility == KVisibility.PUBLIC }
            ?: type.memberFunctions.overload { it.name == name && it.visibility == KVisibility.PUBLIC }
            ?: topLevel.firstOrNull { it.name == name && it.extensionReceiverParameter?.type?.classifier == type }

    private fun ofCompanion(type: KClass<*>, name: String): KCallable<*>? {
        val companion = type.companionObject ?: return null
        return companion.memberFunctions.overload { it.name == name }
            ?: topLevel.firstOrNull { it.name == name && it.extensionReceiverParameter?.type?.classifier == companion }
    }

    /** A property of `value`, or the answer of a method without arguments. */
    fun member(value: Any, name: String): Any? {
        val callable = ofType(value::class, name) ?: error("${value::class.simpleName} has no $name")
        return call(callable, value) { false to null }
    }

    /** Calls it; `argument` gives each parameter its value, or says that there is none. */
    fun call(callable: KCallable<*>, on: Any?, argument: (KParameter) -> Pair<Boolean, Any?>): Any? {
        val given = mutableMapOf<KParameter, Any?>()
        for (parameter in callable.parameters) {
            when (parameter.kind) {
                KParameter.Kind.VALUE -> argument(parameter).let { (there, value) -> if (there) given[parameter] = value }
                else -> given[parameter] = on.takeIf { (parameter.type.classifier as KClass<*>).isInstance(it) }
                    ?: (parameter.type.classifier as KClass<*>).objectInstance
                    ?: (parameter.type.classifier as KClass<*>).java.let { companion(it) }
            }
        }
        try {
            return callable.callBy(given)
        } catch (thrown: InvocationTargetException) {
            throw thrown.targetException
        }
    }

    private fun companion(type: Class<*>): Any? = type.declaringClass?.kotlin?.companionObjectInstance
}
