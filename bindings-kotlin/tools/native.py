#!/usr/bin/env python3
"""Makes the Kotlin that users see from the Kotlin that uniffi writes.

    native.py GENERATED.kt OUT      writes OUT/Native.kt, OUT/Handles.kt and OUT/AsyncHandles.kt

Native.kt is uniffi's file with its machinery hidden, octets compared by content, errors as exceptions of their own, whatever
a callback throws caught, and defaults for enums, which uniffi has none for. Handles.kt has a class for each handle that calls
it, with default arguments and lists and outcomes as generic types; AsyncHandles.kt the same as suspending functions.

Each change says how often it must be found, so a new version of uniffi fails here instead of compiling into something else.
"""

import pathlib
import re
import sys

HANDLES = ["Authorities", "Profiles", "Products", "Devices", "Groups", "Certificates", "Events", "Psks", "Keys", "Campaigns", "Clients", "Ocsp"]
KINDS = ["InvalidInput", "Refused", "NotFound", "Conflict", "State", "Unauthenticated", "Unavailable", "Corrupt", "Unsupported", "Internal"]

# (record, field) -> its default, where the default is a case of an enum or a list of them.
DEFAULTS = {
    ("NewAuthority", "algorithm"): "KeyAlgorithm.ECDSA_P256",
    ("ImportAuthority", "chain"): "byteArrayOf()",
    ("IssueWithKey", "handOut"): "HandOut.NOW",
    ("RenewWithKey", "handOut"): "HandOut.NOW",
    ("NewProduct", "handOut"): "HandOut.NOW",
    ("EnrollmentPolicy", "mode"): "EnrollmentMode.OPEN",
    ("EnrollmentPolicy", "otherKey"): "OtherKey.QUARANTINE",
    ("GroupChange", "certificateDays"): "Interval.Keep",
    ("GroupChange", "keyDays"): "Interval.Keep",
    ("ProfileSpec", "subject"): "SubjectPolicy.Opaque()",
    ("ProfileSpec", "keys"): "listOf(KeyAlgorithm.ECDSA_P256, KeyAlgorithm.ECDSA_P384, KeyAlgorithm.ED25519)",
    ("ProfileSpec", "keyUsage"): "listOf(KeyUsageBit.DIGITAL_SIGNATURE)",
    ("ProfileSpec", "extendedKeyUsage"): 'listOf("clientAuth")',
    ("ProfileSpec", "suspend"): "SuspendMode.REGISTRY",
    ("Pkcs12", "target"): "Pkcs12Target.MODERN",
    ("Files", "encoding"): "Encoding.PEM",
    ("NewPsk", "kind"): "PskKind.VERIFY_ONLY",
    ("NewPsk", "identityKind"): "IdentityKind.DEVICE",
    ("NewPsk", "policy"): "PskPolicy()",
    ("PskPolicy", "classes"): "CharacterClasses()",
    ("PskWish", "kind"): "PskKind.VERIFY_ONLY",
    ("PskWish", "identityKind"): "IdentityKind.DEVICE",
    ("PskWish", "policy"): "PskPolicy()",
    ("CertificateWish", "handOut"): "HandOut.NOW",
    ("Provision", "device"): "NewDevice()",
    ("NewCampaign", "policy"): "ReissuePolicy.DUE",
    ("NewCampaign", "revocation"): "RevocationReason.PRIVILEGE_WITHDRAWN",
    ("ProxyHeaders", "encoding"): "CertificateEncoding.ESCAPED_PEM",
    ("TrustedProxy", "headers"): "ProxyHeaders()",
    ("OcspOptions", "algorithm"): "KeyAlgorithm.ECDSA_P256",
}

# What of uniffi's output is for the library alone, by name.
HIDDEN = re.compile(
    r"^( *(?:@Throws\([^)]*\) ?)?)(?:public )?((?:fun |data |sealed |open |abstract |inline |suspend )*(?:class|object|interface|fun|typealias)\b(?: ?<[^>]*>)? (?:T\.)?)"
    r"(?=FfiConverter|RustBuffer|UniffiRustCallStatusErrorHandler|UniffiNull|Disposable|UniffiWithHandle|NoHandle|UniffiCleaner"
    r"|uniffiEnsureInitialized|use\(|Native\w|BulkProgress\b|HostOutput\b|HostInput\b|\w+Impl\b|AnyStore|AnySealer|\w+Outcome\b|\w+Listing\b|Refusal\b|UsualProfile\b|UsualProxy\b"
    r"|`(?:openRegistry|usualProfile|profileFrom\w+|productFrom\w+|publicKeyFromSpki|statementMessage|certificatesFromPem"
    r"|usualFileNames|parseGeneralName|generalNameText|storeConformance|usualProxy|policyEntropyBits|verifyExportFrom)`)",
    re.M,
)


class Source:
    def __init__(self, text):
        self.text = text

    def sub(self, pattern, new, times, flags=re.M):
        """Replaces; `times` is how often exactly, or None for at least once."""
        self.text, found = re.subn(pattern, new, self.text, flags=flags)
        if found != times and not (times is None and found):
            sys.exit(f"native.py: {pattern!r} was found {found} times, not {times}: has uniffi changed?")

    def block(self, start):
        """From where the line begins that `start` matches to the brace that closes what it opens."""
        match = re.search(start, self.text, re.M)
        if not match:
            sys.exit(f"native.py: nothing matches {start!r}: has uniffi changed?")
        depth, at = 0, self.text.index("{", match.start())
        while True:
            depth += {"{": 1, "}": -1}.get(self.text[at], 0)
            at += 1
            if depth == 0:
                return match.start(), at

    def edit(self, start, change):
        begin, end = self.block(start)
        self.text = self.text[:begin] + change(self.text[begin:end]) + self.text[end:]


def content_equality(source):
    """Data classes that hold octets compare and hash them by content."""

    def with_equality(match):
        indent, name, fields = match["indent"], match["name"], match["fields"]
        if "ByteArray" not in fields:
            return match[0]
        names = re.findall(r"val `(\w+)`", fields)
        same = " && ".join(f"sameContent(this.`{n}`, other.`{n}`)" for n in names)
        hashes = ", ".join(f"this.`{n}`" for n in names)
        added = (
            f"\n{indent}    override fun equals(other: Any?): Boolean = this === other || (other is {name} && {same})\n"
            f"{indent}    override fun hashCode(): kotlin.Int = contentHash({hashes})\n"
        )
        return match[0] + added

    pattern = r"^(?P<indent> *)data class (?P<name>\w+) ?\((?P<fields>.*?)\)\s*(?:: \w+\(\))?\s*\{"
    source.text, found = re.subn(pattern, with_equality, source.text, flags=re.M | re.S)
    return found


def defaults(source):
    for (record, field), value in DEFAULTS.items():
        source.sub(rf"(data class {record} ?\((?:(?!data class ).)*?val `{field}`: [\w.<>]+)(?= *\n? *[,\n)])", rf"\g<1> = {value}", 1, re.M | re.S)


def named_as_here(text):
    """In comments, what is called `verify_chain` in Rust is `verifyChain`. Names of attributes are data and stay."""

    def comment(match):
        camel = lambda name: re.sub(r"_([a-z0-9])", lambda part: part[1].upper(), name[0])
        return re.sub(r"(?<=`)(?!host_name|os_name)[a-z]+(?:_[a-z0-9]+)+(?=`)", camel, match[0])

    return re.sub(r"/\*\*.*?\*/", comment, text, flags=re.S)


def native(text):
    source = Source(text)
    source.sub(r"\A.*?@file:Suppress\(.*?\)", '// Made by uniffi and native.py; do not edit.\n@file:Suppress("ALL", "REDUNDANT_ELSE_IN_WHEN")', 1, re.S)
    # A callback's failure must not become a hole in the answer, whatever it is, nor bring its stack along.
    source.sub(r"catch\(e: kotlin\.Exception\)", "catch(e: Throwable)", 2)
    source.sub(r"try \{ e\.stackTraceToString\(\) \} catch\(_: Throwable\) \{ \"\" \}", "hostFailure(e)", 2)
    # One family of exceptions.
    begin, end = source.block(r"^sealed class TegataException: kotlin\.Exception\(\)")
    source.text = source.text[:begin] + source.text[end:]
    source.sub(r"^class InternalException\(message: String\) : kotlin\.Exception\(message\)$", "", 1)
    source.sub(r"UniffiRustCallStatusErrorHandler<InternalException>", "UniffiRustCallStatusErrorHandler<TegataException>", 1)
    source.sub(r"\): InternalException \{", "): TegataException {", 1)
    source.sub(r"\bInternalException\(", "defect(", None)
    source.sub(rf"TegataException\.({'|'.join(KINDS)})\b", r"\1Exception", 30)
    source.sub(r"throw IllegalStateException\(\"\$\{this\.javaClass\.simpleName\} object has already been destroyed\"\)", "throw closed(this)", None)
    source.sub(r"companion object ErrorHandler :", "internal companion object ErrorHandler :", 2)
    # Text that is no Unicode is an argument like any other.
    source.sub(r"return Charsets\.UTF_8\.newEncoder\(\)\.run \{", "return utf8 {", 1)
    source.sub(r"^( *)onMalformedInput\(CodingErrorAction\.REPORT\)\n *encode\(CharBuffer\.wrap\(value\)\)", r"\1Charsets.UTF_8.newEncoder().onMalformedInput(CodingErrorAction.REPORT).encode(CharBuffer.wrap(value))", 1)
    # Classes without what only uniffi needs.
    for name in re.findall(r"^open class (\w+): Disposable, AutoCloseable, \1Interface", source.text, re.M):
        begin, end = source.block(rf"^public interface {name}Interface")
        methods = re.findall(r"fun `(\w+)`", source.text[begin:end])
        if not name.startswith("Native"):
            source.text = source.text[:begin] + source.text[end:]

        also = re.search(rf"^open class {name}: Disposable, AutoCloseable, {name}Interface\s*, (\w+)", source.text, re.M)
        if also:
            begin, end = source.block(rf"^public (?:fun )?interface {also[1]}\b")
            methods = set(methods) - set(re.findall(r"fun `(\w+)`", source.text[begin:end]))

        def plain(block, methods=methods):
            for method in methods:
                block = block.replace(f"override fun `{method}`", f"fun `{method}`")
            return block

        source.edit(rf"^open class {name}: Disposable, AutoCloseable, {name}Interface", plain)
    source.sub(r"^open class (\w+): Disposable, AutoCloseable, \1Interface", r"class \1: AutoCloseable", None)
    source.sub(r"^open class (\w+)Impl: Disposable, AutoCloseable, ", r"internal class \1Impl: AutoCloseable, ", None)
    source.sub(r"^    constructor\(withHandle", "    internal constructor(withHandle", None)
    source.sub(r"^    constructor\(noHandle", "    internal constructor(noHandle", None)
    source.sub(r"^    protected val ", "    private val ", None)
    source.sub(r"^    override fun destroy\(\)", "    internal fun destroy()", None)
    source.sub(r"^    fun uniffiCloneHandle", "    internal fun uniffiCloneHandle", None)
    source.sub(r"^    val uniffiIsDestroyed", "    internal val uniffiIsDestroyed", None)
    # An object that was closed must not be handed on: its memory is gone. (`callWithHandle` clones, and looks first.)
    source.sub(r"\bvalue\.uniffiCloneHandle\(\)", "value.callWithHandle { it }", None)
    # Of values that hold objects nobody destroys the objects: they belong to who made them.
    source.sub(r"^\): Disposable ?\{", "){", None)
    source.sub(r"^(sealed class \w+): Disposable ", r"\1", None)
    # What users implement.
    for name in ["HostClock", "HostRandom", "StoreFactory", "BulkProgress"]:
        source.sub(rf"^public interface {name} \{{", f"public fun interface {name} {{", 1)
    source.sub(r"^public interface HostStore \{", "public interface HostStore : Store {", 1)
    source.sub(r"^public interface HostSealer \{", "public interface HostSealer : Sealer {", 1)
    source.sub(r"fun `ring`\(`current`: AnySealer", "internal fun `ring`(`current`: AnySealer", 1)
    # Most sealers have nothing to say about this.
    source.sub(r"^(    fun `isCurrent`\(`associated`: [^)]*\): kotlin\.Boolean)$", r"\1 = true", 1)
    source.sub(r"^class (MemoryStore|SqliteStore|PostgresStore|OpenedStore): AutoCloseable", r"class \1: AutoCloseable, Store", 4)
    source.sub(r"^class SoftwareSealer: AutoCloseable", "class SoftwareSealer: AutoCloseable, Sealer", 1)
    source.sub(r"^class SealingKeys: AutoCloseable", "class SealingKeys: AutoCloseable, Sealer", 1)
    source.sub(r"^(    )object (\w+ : )", r"\1data object \2", None)
    defaults(source)
    content_equality(source)
    source.text = named_as_here(source.text)
    source.sub(HIDDEN.pattern, r"\1internal \2", None)
    return source.text


# --- handles -------------------------------------------------------------------------------------------------------

METHOD = re.compile(r"(?P<doc>/\*\*(?:(?!\*/).)*\*/)\s*fun `(?P<name>\w+)`\((?P<params>[^)]*)\)(?:: (?P<result>[^\n]+))?", re.S)
PARAMETER_DEFAULTS = {
    "Call": "Call()", "NativeBulk": "Bulk()", "Page": "Page()", "CrlOptions": "CrlOptions()", "Rebuild": "Rebuild()",
    "HandOut": "HandOut.NOW", "AuthorityFilter": "AuthorityFilter()", "ProductFilter": "ProductFilter()",
    "DeviceFilter": "DeviceFilter()", "CertificateFilter": "CertificateFilter()", "EventFilter": "EventFilter()",
    "PskFilter": "PskFilter()", "KeyFilter": "KeyFilter()", "CampaignFilter": "CampaignFilter()", "ClientFilter": "ClientFilter()",
    "RotatePsk": "RotatePsk()", "RotateKey": "RotateKey()", "Retention": "Retention()", "VerifyEvents": "VerifyEvents()",
    "OcspOptions": "OcspOptions()", "OcspHash": "OcspHash.SHA1", "BulkProgress?": "null", "HostOutput?": "null",
}
# What users pass instead of what uniffi takes, and how the one becomes the other.
SHOWN = {
    "NativeBulk": ("Bulk", None),
    "AnyStore": ("Store", "{}.any()"),
    "BulkProgress?": ("((done: ULong, total: ULong) -> Boolean)?", "thrown.report({})"),
    "HostOutput": ("java.io.OutputStream", "thrown.output({})"),
    "HostOutput?": ("java.io.OutputStream?", "{}?.let(thrown::output)"),
}
# Optional parameters that may be left out. (Elsewhere leaving out would mean something: a device out of its group.)
LEFT_OUT = {("preview", "name"), ("find", "name"), ("issueClaimCodes", "expires"), ("renewCredential", "algorithm"), ("get", "version"), ("checkValue", "version"), ("exportLog", "from"), ("exportLogTo", "from")}


class Method:
    def __init__(self, match):
        self.doc, self.name, result = match["doc"], match["name"], match["result"] or "Unit"
        self.params = []
        for part in filter(None, re.split(r",\s*(?=`)", match["params"].strip())):
            name, kind = re.fullmatch(r"`(\w+)`: (.+)", part.strip()).groups()
            self.params.append((name, kind.replace("kotlin.", "")))
        result = result.strip().replace("kotlin.", "")
        self.after = ""
        outcome = re.fullmatch(r"List<(\w+)Outcome>", result)
        listing = re.fullmatch(r"(\w+)Listing", result)
        self.item = None
        if outcome:
            item = {"Unit": "Unit", "Certificate": "CertificateRecord"}.get(outcome[1], outcome[1])
            result, self.after = f"List<Outcome<{item}>>", ".map { it.open() }"
        elif listing:
            self.item = {"Certificate": "CertificateRecord"}.get(listing[1], listing[1])
            result, self.after = f"Listing<{self.item}>", ".open()"
        self.result = result
        self.bulk = any(kind == "NativeBulk" for _, kind in self.params)
        self.progress = any(kind == "BulkProgress?" for _, kind in self.params)

    def default(self, name, kind):
        if (self.name, name) in LEFT_OUT:
            return "null"
        return PARAMETER_DEFAULTS.get(kind)

    def signature(self, params):
        parts = []
        for name, kind in params:
            default = self.default(name, kind)
            shown, _ = SHOWN.get(kind, (kind, None))
            parts.append(f"{name}: {shown}" + (f" = {default}" if default else ""))
        return ", ".join(parts)

    def names(self, **replaced):
        return ", ".join(replaced.get(name, name) for name, _ in self.params)

    def blocking(self):
        replaced = {name: SHOWN[kind][1].format(name) for name, kind in self.params if SHOWN.get(kind, (0, None))[1]}
        call = f"native.{self.name}({self.names(**replaced, bulk='it')})"
        if self.bulk:
            body = f"bulk.run {{ {call} }}"
        elif any("thrown" in value for value in replaced.values()):
            body = f"throwing {{ thrown -> {call} }}"
        else:
            body = call
        lines = [f"    {self.doc}", f"    fun {self.name}({self.signature(self.params)}): {self.result} = {body}{self.after}"]
        if self.item:
            rest = [p for p in self.params if p[0] != "page"]
            inner = self.names(page="it")
            signature = ", ".join(filter(None, [self.signature(rest), "pageSize: UInt = 1_000u"]))
            lines += [
                "", "    /** The same, all of them: the pages are fetched as they are needed. */",
                f"    fun {self.name}All({signature}): Sequence<{self.item}> = allPages(pageSize) {{ {self.name}({inner}) }}",
            ]
        return "\n".join(lines)

    def suspending(self):
        call = f"blocking.{self.name}({self.names(bulk='it')})"
        body = f"ioBulk(bulk) {{ {call} }}" if self.bulk else f"io {{ {call} }}"
        if self.progress:
            body = f"ioTold(progress) {{ blocking.{self.name}({self.names(progress='it')}) }}"
        lines = [f"    {self.doc}", f"    suspend fun {self.name}({self.signature(self.params)}): {self.result} = {body}"]
        if self.item:
            rest = [p for p in self.params if p[0] != "page"]
            inner = self.names(page="it")
            signature = ", ".join(filter(None, [self.signature(rest), "pageSize: UInt = 1_000u"]))
            lines += [
                "", "    /** The same, all of them: the pages are fetched as they are collected. */",
                f"    fun {self.name}All({signature}): Flow<{self.item}> = pagesFlow(pageSize) {{ {self.name}({inner}) }}",
            ]
        return "\n".join(lines)


def handles(text):
    source = Source(named_as_here(text))
    blocking = ["// Made by native.py from what uniffi writes; do not edit.", "package tegata", ""]
    suspending = [
        "// Made by native.py from what uniffi writes; do not edit.", "package tegata", "",
        "import kotlinx.coroutines.flow.Flow", "",
    ]
    for name in [*HANDLES, "Registry"]:
        begin, end = source.block(rf"^public interface Native{name}Interface")
        before = source.text[:begin].rstrip()
        doc = before[before.rindex("/**"):]
        methods = [Method(m) for m in METHOD.finditer(source.text[begin:end])]
        if name == "Registry":
            handles_of = {h[0].lower() + h[1:] for h in HANDLES}
            methods = [m for m in methods if m.name not in handles_of | {"closeRegistry"}]
            blocking += [
                "/** What is asked of everything. */", "open class RegistryQuestions internal constructor(private val native: NativeRegistry) {",
                "\n\n".join(m.blocking() for m in methods), "}", "",
            ]
            suspending += [
                "/** What is asked of everything, as suspending functions. */",
                "open class AsyncRegistryQuestions internal constructor(private val blocking: Registry) {",
                "\n\n".join(m.suspending() for m in methods), "}", "",
            ]
            continue
        blocking += [
            doc, f"class {name} internal constructor(internal val native: Native{name}) {{",
            "\n\n".join(m.blocking() for m in methods), "}", "",
        ]
        suspending += [
            doc, f"class Async{name} internal constructor(private val blocking: {name}) {{",
            "\n\n".join(m.suspending() for m in methods), "}", "",
        ]
    for kind in re.findall(r"^data class (\w+)Listing \(", text, re.M):
        blocking.append(f"internal fun {kind}Listing.open() = Listing(items, next, total)")
    for kind in re.findall(r"^sealed class (\w+)Outcome \{", text, re.M):
        item, done = ("Unit", "Outcome.Done(Unit)") if kind == "Unit" else ("", "Outcome.Done(value)")
        item = item or {"Certificate": "CertificateRecord"}.get(kind, kind)
        blocking += [
            f"internal fun {kind}Outcome.open(): Outcome<{item}> = when (this) {{",
            f"    is {kind}Outcome.Done -> {done}",
            f"    is {kind}Outcome.Refused -> Outcome.Refused(refusal.exception())", "}",
        ]
    return "\n".join(blocking) + "\n", "\n".join(suspending) + "\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    text = pathlib.Path(sys.argv[1]).read_text()
    out = pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    (out / "Native.kt").write_text(native(text))
    blocking, suspending = handles(text)
    (out / "Handles.kt").write_text(blocking)
    (out / "AsyncHandles.kt").write_text(suspending)


main()
