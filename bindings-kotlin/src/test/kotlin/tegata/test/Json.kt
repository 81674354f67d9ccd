package tegata.test

import java.io.File
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.time.Instant
import java.util.Base64
import kotlin.reflect.KClass
import kotlin.reflect.KType
import kotlin.reflect.full.isSubclassOf
import kotlin.reflect.full.primaryConstructor
import org.json.JSONArray
import org.json.JSONObject
import tegata.*

/** `not_after` as `notAfter`. */
fun camel(name: String): String = name.split('_').reduce { all, part -> all + part.replaceFirstChar { it.uppercase() } }

/** What two spellings of one name have in common: `key-compromise`, `keyCompromise`, `KEY_COMPROMISE`. */
fun plain(name: String): String = name.filter { it.isLetterOrDigit() }.lowercase()

/** Turns the JSON of scenarios into values of Kotlin, by the types that the parameters have. */
class Builder(private val named: Map<String, Any?>) {
    /** How many lines the last call wrote into its archive. */
    var archived = 0

    private val folder: Path by lazy { Files.createTempDirectory("tegata-scenario") }

    /** What a string that begins with `$` refers to. */
    fun reference(text: String): Any? {
        val path = text.drop(1).split('.')
        require(path[0] in named) { "nothing is called ${path[0]}" }
        return path.drop(1).fold(named[path[0]]) { value, field -> read(value, field) }
    }

    private fun resolved(json: Any?): Any? = when {
        json is String && json.startsWith("$$") -> json.drop(1)
        json is String && json.startsWith("$") -> reference(json)
        else -> json
    }

    /** Octets as `{"base64": ..}`, `{"text": ..}` or `{"concat": [..]}`; null for anything else. */
    fun bytes(json: Any?): ByteArray? = when (val value = resolved(json)) {
        is ByteArray -> value
        is Secret -> value.expose()
        is JSONObject -> when {
            value.length() != 1 -> null
            value.has("base64") -> Base64.getDecoder().decode(value.getString("base64"))
            value.opt("text") is String -> when (val text = resolved(value["text"])) {
                is Secret -> text.expose()
                is ByteArray -> text
                else -> (text as String).toByteArray()
            }
            value.has("concat") -> value.getJSONArray("concat").map { bytes(it)!! }.fold(ByteArray(0)) { a, b -> a + b }
            else -> null
        }
        else -> null
    }

    /** The value of this type that `json` stands for. */
    fun build(json: Any?, type: KType): Any? {
        val value = resolved(json)
        val wanted = type.classifier as KClass<*>
        return when {
            value == null || value == JSONObject.NULL -> null
            wanted == String::class && value is JSONObject -> path(value)
            wanted == ByteArray::class -> bytes(value) ?: error("no octets: $value")
            wanted == Secret::class -> if (value is Secret) value else if (value is String) Secret.of(value) else Secret(bytes(value)!!)
            wanted == String::class && value is Secret -> value.exposeText()
            wanted == List::class && value is JSONArray -> value.map { build(it, type.arguments[0].type!!) }
            wanted == Map::class && value is JSONObject -> value.keySet().associateWith { build(value[it], type.arguments[1].type!!) }
            wanted.isInstance(value) && value !is JSONObject && value !is JSONArray -> value
            wanted == UInt::class -> (value as Number).toLong().toUInt()
            wanted == ULong::class -> (value as? Number)?.toString()?.toULong() ?: value
            wanted == UShort::class -> (value as Number).toInt().toUShort()
            wanted == UByte::class -> (value as Number).toInt().toUByte()
            wanted == Long::class -> (value as Number).toLong()
            wanted == Instant::class -> Instant.parse(value as String)
            wanted == Duration::class -> Duration.ofSeconds((value as Number).toLong())
            wanted == Interval::class -> Interval.Days((value as Number).toLong().toUInt())
            wanted.java.isEnum -> wanted.java.enumConstants.firstOrNull { plain(it.toString()) == plain(value as String) }
                ?: error("$value is no $wanted")
            wanted.isSealed && value is JSONObject -> variant(value, wanted)
            value is JSONObject -> construct(value, wanted)
            value is JSONArray -> positional(value, wanted)
            else -> error("$value is no $type")
        }
    }

    private fun path(value: JSONObject): String {
        val file = folder.resolve(value.getString("temp")).toFile()
        if (value.has("content")) file.writeText(value.getString("content"))
        return file.path
    }

    private fun variant(value: JSONObject, wanted: KClass<*>): Any {
        val case = wanted.sealedSubclasses.single { plain(it.simpleName!!) == plain(value.getString("type")) }
        return case.objectInstance ?: construct(JSONObject(value.toMap().filterKeys { it != "type" }, value), case)
    }

    /** `JSONObject(map)` turns inner objects into maps and back; this takes the originals. */
    private fun JSONObject(fields: Map<String, Any?>, from: JSONObject): JSONObject =
        JSONObject().also { copy -> fields.keys.forEach { copy.put(it, from[it]) } }

    private fun construct(value: JSONObject, wanted: KClass<*>): Any {
        val constructor = wanted.primaryConstructor ?: error("$wanted cannot be made of $value")
        val fields = value.keySet().associateBy { camel(it) }
        val unknown = fields.keys - constructor.parameters.map { it.name }.toSet()
        require(unknown.isEmpty()) { "${wanted.simpleName} has no $unknown" }
        val given = constructor.parameters.filter { it.name in fields }.mapNotNull { parameter ->
            val field = value[fields.getValue(parameter.name!!)]
            val built = if (parameter.type.classifier == Interval::class && field == JSONObject.NULL) {
                Interval.Remove
            } else {
                build(field, parameter.type)
            }
            // What is null where there is no null means the default.
            if (built == null && !parameter.type.isMarkedNullable) null else parameter to built
        }.toMap()
        return constructor.callBy(given)
    }

    private fun positional(value: JSONArray, wanted: KClass<*>): Any {
        val constructor = wanted.primaryConstructor ?: error("$wanted cannot be made of $value")
        return constructor.callBy(constructor.parameters.mapIndexed { at, parameter -> parameter to build(value[at], parameter.type) }.toMap())
    }

    fun remove() {
        if (named.isNotEmpty()) folder.toFile().deleteRecursively()
    }
}

/** A field, a list's item, a map's entry, or the answer of a method without arguments. */
fun read(value: Any?, field: String): Any? = when {
    value == null -> null
    value is List<*> -> value[field.toInt()]
    value is Map<*, *> -> value[field]
    value is Outcome<*> -> if (field == "ok") value.getOrThrow() else (value as Outcome.Refused).error.code
    else -> Operations.member(value, camel(field))
}

/** The scenarios and lists of the core. */
fun coreTests(): File = File(System.getProperty("tegata.tests") ?: error("set -Dtegata.tests to the core's tests"))
