"""Writes the C of one scenario: every step is a call through tegata.h, every reference an expression of its type."""

import base64
import json
import re

from compare import KEY_USAGES, plain, seconds
from header import is_output, pointee

# Parameters whose name in Rust is a keyword of C++, or that C has no use for.
TYPES = {"VerifiedCsr": "csr"}
SCALARS = {"uint8_t", "uint16_t", "uint32_t", "uint64_t", "int64_t", "size_t", "bool"}


def snake(name):
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def c_string(text):
    """A string literal; in pieces, since pedantic compilers take only short ones."""
    out = "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in text.encode())
    return f'"{out}"'


class Scenario:
    """The function of one scenario."""

    def __init__(self, header, show, number, scenario, operations, device=False):
        self.header, self.show, self.number, self.operations, self.device = header, show, number, operations, device
        self.scenario = scenario
        self.variables, self.body, self.frees = [], [], []
        self.stored = {}  # name -> (expression, type)
        self.count = 0
        self.registry = False

    # Pieces of code.

    def fresh(self, kind, start=None):
        """A variable of the function."""
        self.count += 1
        name = f"v{self.count}"
        self.variables.append(f"{kind}{'' if kind.endswith('*') else ' '}{name};")
        self.emit(f"{name} = {start};" if start is not None else f"memset(&{name}, 0, sizeof {name});")
        return name

    def array(self, kind, values):
        """A variable that is an array."""
        self.count += 1
        name = f"v{self.count}"
        kind = kind if kind.endswith("*") else kind + " "
        self.variables.append(f"{kind}{name}[{max(len(values), 1)}];")
        for index, value in enumerate(values):
            self.emit(f"{name}[{index}] = {value};")
        return name

    def emit(self, text):
        self.body.append("  " + text)

    def out(self, kind):
        """A variable for an output of this type, freed at the end of the scenario."""
        name = self.fresh(kind, "NULL" if kind.endswith("*") else None)
        inner = pointee(kind)
        if inner:
            self.frees.append(f"{inner}_free({name});")
        return name

    def must(self, call):
        self.emit(f'check(__LINE__, {call} == TEGATA_STATUS_OK, "a helping call");')

    # References.

    def reference(self, text):
        """`$name.path` as an expression and its type."""
        name, *path = text[1:].split(".")
        if name == "clock" and name not in self.stored:
            return "clock_", "tegata_clock *"
        value, kind = self.stored[name]
        for step in path:
            value, kind = self.step_into(value, kind, step)
        return value, kind

    def step_into(self, value, kind, step):
        if kind == "exported" and step == "text":
            return value, "tegata_bytes"
        inner = pointee(kind) or kind
        arrow = "->" if kind.endswith("*") else "."
        if inner == "tegata_certificate_extensions" and step == "names":
            owner = re.sub(r"->extensions$", "", value)
            return self.method("tegata_certificate_names", "tegata_certificate", owner)
        fields = {name: type_ for type_, name in self.header.structs.get(inner, [])}
        if step == "ok":
            return value, kind
        if step.isdigit():
            # cases where an array is a pointer and a length are in `fields` of what holds them
            if "items" in fields:
                element = fields["items"][:-1].strip().removesuffix("const").strip()
                return f"{value}{arrow}items[{step}]", element if element.endswith("*") else element.removeprefix("const ")
            if inner == "tegata_claim_codes":
                return f"{value}{arrow}codes.items[{step}]", "const char *"
            return f"{value}[{step}]", kind[:-1].strip().removesuffix("const").strip()
        if step in fields:
            return f"{value}{arrow}{step}", fields[step]
        return self.method(f"{inner}_{step}", inner, value)

    def method(self, function, owner, value):
        found = self.header.functions.get(function)
        if found is None:
            raise SystemExit(f"{self.scenario['name']}: nothing gives {function}")
        if len(found.parameters) == 1:
            return f"{function}({value})", found.returns
        kind = found.parameters[1][0][:-1].strip()
        made = self.out(kind)
        self.must(f"{function}({value}, &{made}, NULL)")
        return made, kind

    # Values.

    def is_reference(self, value):
        return isinstance(value, str) and value.startswith("$") and not value.startswith("$$")

    def text(self, value):
        if self.is_reference(value):
            expression, kind = self.reference(value)
            if kind in ("const tegata_string *",):
                return f"{expression}->text"
            if kind == "const tegata_general_name *":
                return f"{expression}->text"
            return expression
        if isinstance(value, dict) and "temp" in value:
            content = c_string(value["content"]) if "content" in value else "NULL"
            return f"path_of(&memory, folder, {c_string(value['temp'])}, {content})"
        if isinstance(value, dict):
            return self.general_name(value)
        return c_string(value[1:] if value.startswith("$$") else value)

    def general_name(self, value):
        prefixes = {"dns": "DNS", "ip": "IP", "email": "email", "uri": "URI", "directory-name": "dirName", "registered-id": "RID"}
        if value["type"] == "other":
            octets = base64.b64decode(value["value"]["base64"])
            return c_string(f"otherName:{value['type_id']}=#{octets.hex()}")
        return c_string(f"{prefixes[value['type']]}:{value['value']}")

    def octets(self, value):
        """An expression of the type tegata_bytes."""
        if value is None:
            return "bytes_of(NULL, 0)"
        if self.is_reference(value):
            expression, kind = self.reference(value)
            if kind == "tegata_bytes":
                return expression
            if kind == "const tegata_buffer *":
                return f"bytes_of_buffer({expression})"
            if kind == "const tegata_string *":
                return f"bytes_of_text({expression}->text)"
            if kind == "const char *":
                return f"bytes_of_text({expression})"
            raise SystemExit(f"{value} is a {kind}, not bytes")
        if "concat" in value:
            made = "bytes_of(NULL, 0)"
            for part in value["concat"]:
                made = f"joined(&memory, {made}, {self.octets(part)})"
            return made
        if "text" in value:
            if self.is_reference(value["text"]):
                return self.octets(value["text"])
            data = value["text"].encode()
        else:
            data = base64.b64decode(value["base64"])
        if not data:
            # Present, but empty.
            return 'bytes_of((const uint8_t *)"", 0)'
        self.count += 1
        name = f"b{self.count}"
        numbers = ",".join(map(str, data))
        self.variables.append(f"static const uint8_t {name}[] = {{{numbers}}};")
        return f"bytes_of({name}, {len(data)})"

    def value(self, kind, value, field=""):
        """An expression of this type for a JSON value."""
        inner = pointee(kind)
        if kind == "tegata_bytes":
            return self.octets(value)
        if kind == "const char *":
            return "NULL" if value is None else self.text(value)
        if kind in self.header.enums:
            return self.enum(kind, value)
        if kind in SCALARS:
            return self.scalar(kind, value, field)
        if inner in SCALARS:
            if value is None:
                return "NULL"
            return "&" + self.fresh(inner, self.scalar(inner, value, field))
        if inner == "tegata_signer" and value is not None:
            expression, _ = self.reference(value)
            made = self.out("tegata_signer *")
            self.must(f"tegata_private_key_signer({expression}, &{made}, NULL)")
            return made
        if inner and self.is_reference(value):
            expression, found = self.reference(value)
            return "&" + self.copied(inner, expression, found) if inner == "tegata_wrapped" else expression
        if inner in self.header.structs:
            fields = self.header.structs[inner]
            if value is None and not (fields[0][1] == "size" and field not in ("page", "options", "filter", "call", "")):
                return "NULL"
            return "&" + self.struct(inner, {} if value is None else value)
        if kind in self.header.structs:
            return self.struct(kind, value)
        if inner and value is None:
            return "NULL"
        raise SystemExit(f"cannot write {kind} {field} from {value}")

    def copied(self, kind, value, found):
        """A record that a call gave, as what another one takes: fields of the same names."""
        made = self.fresh(kind)
        self.emit(f"TEGATA_INIT({made});")
        theirs = [name for _, name in self.header.structs[pointee(found)]]
        for _, name in self.header.structs[kind]:
            if name in theirs:
                self.emit(f"{made}.{name} = {value}->{name};")
        return made

    def scalar(self, kind, value, field=""):
        if self.is_reference(value):
            expression, found = self.reference(value)
            return f"*{expression}" if found.endswith("*") else expression
        if value is None:
            return "0"
        if kind == "bool":
            return "true" if value else "false"
        if isinstance(value, str):
            return f"INT64_C({seconds(value)})"
        if isinstance(value, list):
            names = {plain(name): name for name in self.header.macros if name.startswith("TEGATA_KEY_USAGE_")}
            return " | ".join(names[plain("TEGATA_KEY_USAGE_" + name)] for name in value) or "0"
        return f"INT64_C({value})" if kind == "int64_t" else f"({kind})UINT64_C({value})"

    def enum(self, kind, value):
        if self.is_reference(value):
            return self.reference(value)[0]
        if value is None:
            return f"({kind})0"
        for one in self.header.enums[kind]:
            if plain(one[len(kind) + 1:]) == plain(value):
                return one
        raise SystemExit(f"{kind} has no {value}")

    def struct(self, kind, value):
        """The name of a variable with these fields."""
        fields = [(type_, name) for type_, name in self.header.structs[kind]]
        names = [name for _, name in fields]
        made = self.fresh(kind)
        if names == ["items", "len"] and isinstance(value, list):
            items = dict((n, t) for t, n in fields)["items"]
            element = items[:-1].strip().removesuffix("const").strip()
            element = element if element.endswith("*") else element.removeprefix("const ")
            array = self.array(element, [self.value(element, one) for one in value])
            self.emit(f"{made}.items = {array};")
            self.emit(f"{made}.len = {len(value)};")
            return made
        if kind == "tegata_pairs":
            pairs = []
            for name, one in (value or {}).items():
                pair = self.fresh("tegata_pair")
                self.emit(f"{pair}.name = {c_string(name)};")
                self.emit(f"{pair}.value = {self.value('const char *', one)};")
                pairs.append(pair)
            self.emit(f"{made}.items = {self.array('tegata_pair', pairs)};")
            self.emit(f"{made}.len = {len(pairs)};")
            return made
        if kind == "tegata_pair" and isinstance(value, list):
            value = dict(zip(("name", "value"), value))
        if kind == "tegata_texts" and value is None:
            return made
        if names[0] == "size":
            self.emit(f"TEGATA_INIT({made});")
        value = dict(value or {})
        if kind in ("tegata_entity", "tegata_purpose") and "value" in value:
            value["id" if kind == "tegata_entity" else "oid"] = value.pop("value")
        if kind == "tegata_new_key":
            owner = value.pop("owner")
            given = owner["value"]
            value |= {"group": given} if owner["type"] == "group" else {"devices": given if isinstance(given, list) else [given]}
            value["shared"] = owner["type"] == "devices"
        if kind == "tegata_seen" and value["type"] in ("device", "certificate-id"):
            value["id"] = value.pop("value")
        if kind == "tegata_character_classes":
            value = {"lower": True, "upper": True, "digits": True, "symbols": False} | value
        if kind == "tegata_sqlite_options" and "wait" in value:
            value["wait"] *= 1000
        for type_, name in fields:
            if name not in value:
                continue
            given = value.pop(name)
            if name + "_len" in names and isinstance(given, list):
                element = type_[:-1].strip().removeprefix("const ")
                self.emit(f"{made}.{name} = {self.array(element, [self.value(element, one) for one in given])};")
                self.emit(f"{made}.{name}_len = {len(given)};")
            elif given is None and "remove_" + name in names:
                self.emit(f"{made}.remove_{name} = true;")
            else:
                self.emit(f"{made}.{name} = {self.value(type_, given, name)};")
        if value:
            raise SystemExit(f"{self.scenario['name']}: {kind} has no {', '.join(value)}")
        return made

    # Steps.

    def world(self):
        if not self.registry:
            self.registry = True
            self.emit("registry = usual_registry(clock_);")

    def step(self, index, step):
        self.emit(f"/* step {index}: {step.get('call', 'advance')} */")
        if "advance" in step:
            self.must(f"tegata_fixed_clock_advance(clock_, INT64_C({step['advance']}), NULL)")
            return
        operation = self.operations[step["call"]]
        area, _, name = step["call"].partition(".")
        if not name:
            function = "tegata_" + area
        elif area[0].isupper():
            function = f"tegata_{snake(TYPES.get(area, area))}_{name}"
        else:
            function = f"tegata_{area}_{name}"
            self.world()
        found = self.header.functions.get(function)
        if found is None or step["call"] == "CertificateExtensions.names":
            self.field(index, step, name)
            return
        self.call(index, step, operation, found, step.get("args", {}))

    def field(self, index, step, name):
        """An operation that is a field of a record in C."""
        value, kind = self.reference(step["on"])
        if name == "is_empty":
            value, kind = f"({value}->len == 0)", "bool"
        else:
            value, kind = self.step_into(value, kind, name)
        holder = self.reference(step["on"])[1] if name != "is_empty" else ""
        fields = {field for _, field in self.header.structs.get(pointee(holder) or holder, [])}
        if name + "_len" in fields:
            self.emit(f'printf("{index}\\t");')
            owner = self.reference(step["on"])[0]
            self.emit(self.show.items(kind, value, f"{owner}->{name}_len"))
        else:
            self.emit(f'printf("{index}\\t");')
            self.emit(self.show.statement(kind, value))
        self.emit("printf(\"\\n\");")
        if "as" in step:
            self.stored[step["as"]] = (value, kind)

    def call(self, index, step, operation, function, arguments):
        given, result = [], None
        arguments = dict(arguments)
        parameters = list(function.parameters)
        names = [p["name"] for p in operation["parameters"]]
        fails = function.returns == "tegata_status"
        position = 0
        for place, (kind, name) in enumerate(parameters):
            is_last_output = fails and place == len(parameters) - 2 and is_output(kind)
            if name == "error":
                given.append("&error")
            elif name == "registry" and kind == "const tegata_registry *":
                given.append("registry")
            elif kind == "tegata_registry **":
                result = None
                self.emit("tegata_registry_free(registry); registry = NULL;")
                self.registry = True
                given.append("&registry")
            elif name == "call":
                given.append(self.value("const tegata_call *", {k: step[k] for k in ("actor", "request_id") if k in step} or None))
            elif name == "bulk":
                given.append(self.value("const tegata_bulk *", {"atomicity": step["atomicity"]} if "atomicity" in step else None))
            elif name == "len" and isinstance(self.many, list):
                given.append(str(len(self.many)))
            elif kind == "const tegata_writer *":
                self.emit("free(text.text); text.text = NULL; text.len = 0;")
                writer = self.struct("tegata_writer", {})
                self.emit(f"{writer}.userdata = &text; {writer}.write = write_more;")
                given.append("&" + writer)
            elif step.get("on") is not None and place == 0:
                given.append(self.value(kind, step["on"]))
            elif is_last_output:
                result = (self.out(kind[:-1].strip()), kind[:-1].strip())
                given.append("&" + result[0])
            elif step["call"] == "devices.update_many" and name == "ids":
                self.many = [one[0] for one in arguments["changes"]]
                given.append(self.array("const char *", [self.value("const char *", one) for one in self.many]))
            elif step["call"] == "devices.update_many" and name == "changes":
                given.append(self.structs("tegata_device_change", [one[1] for one in arguments["changes"]]))
            else:
                parameter = names[position] if position < len(names) else name
                position += 1
                value = arguments.get(parameter)
                if place + 1 < len(parameters) and parameters[place + 1][1] == "len":
                    self.many = value
                    inner = pointee(kind)
                    if inner in self.header.structs:
                        given.append(self.structs(inner, value))
                    else:
                        element = kind[:-1].strip().removesuffix("const").strip()
                        given.append(self.array(element, [self.value(element, one) for one in value]))
                else:
                    given.append(self.value(kind, value, parameter))
        call = f"{function.name}({', '.join(given)})"
        if not fails:
            self.emit(f'printf("{index}\\t");')
            self.emit(self.show.statement(function.returns, call))
            self.emit('printf("\\n");')
            return
        self.emit(f"if (ended({index}, {call}, &error)) {{")
        if step["call"] == "registry.maintain":
            # How many lines the archive got is shown along with what was done.
            self.emit("  archived_lines = lines_of(text.text);")
        if step["call"] in ("events.export", "events.export_log"):
            self.emit(f'  printf("{{\\"count\\": %" PRIu64 ", \\"text\\": ", {result[0]}); put_text(text.text == NULL ? "" : text.text); printf("}}");')
        elif result is None or pointee(result[1]) in ("tegata_store", "tegata_sealer", "tegata_clock"):
            self.emit("  null();")
        else:
            self.emit("  " + self.show.statement(result[1], result[0]))
        self.emit('  printf("\\n");')
        self.emit("}")
        if "error" not in step:
            self.emit("else { failed = true; goto end; }")
        if "as" in step and step["call"].startswith("events.export"):
            # The text is written over by the next export.
            kept = self.fresh("tegata_bytes", 'joined(&memory, bytes_of(NULL, 0), bytes_of_text(text.text == NULL ? "" : text.text))')
            self.stored[step["as"]] = (kept, "exported")
        elif "as" in step and result is not None:
            self.stored[step["as"]] = result

    def structs(self, kind, values):
        return self.array(kind, [self.struct(kind, one) for one in values])

    def function(self):
        """The whole function."""
        for index, step in enumerate(self.scenario["steps"]):
            self.many = None
            self.step(index, step)
        start = seconds(self.scenario["clock"])
        head = [f"/* {self.scenario['name'].replace('*/', '')} */",
                f"static bool scenario_{self.number}(const char *folder) {{",
                "  bool failed = false;", "  pool memory;", "  written text;", "  tegata_error *error = NULL;",
                *([] if self.device else ["  tegata_registry *registry = NULL;", "  tegata_clock *clock_ = NULL;"])]
        head += ["  " + one for one in self.variables]
        # What is freed at the end is there from the start, also when a step fails before.
        head += [f"  {name}" for name in sorted({re.sub(r'^\w+_free\((\w+)\);$', r'\1 = NULL;', one) for one in self.frees})]
        head += ["  (void)folder; (void)error;", "  memset(&memory, 0, sizeof memory);", "  memset(&text, 0, sizeof text);"]
        if not self.device:
            head.append(f'  check(__LINE__, tegata_fixed_clock_at(INT64_C({start}), &clock_, NULL) == TEGATA_STATUS_OK, "a clock");')
        tail = ["  goto end;", "end:", "  free(text.text);", "  pool_free(&memory);", *["  " + one for one in reversed(self.frees)],
                *([] if self.device else ["  tegata_registry_free(registry);", "  tegata_clock_free(clock_);"]), "  return !failed;", "}"]
        return "\n".join(head + self.body + tail) + "\n"


def for_devices(header, functions):
    """The numbers of the scenarios that call nothing but these functions."""
    called = re.compile(r"\b(tegata_\w+)\(")
    return [n for n, text in functions.items() if header.functions.keys() >= set(called.findall(text))]


def program(header, show, scenarios, operations, device=False):
    """The whole program; for `device`, of the scenarios that need no registry. `scenarios` are by their number."""
    functions = [Scenario(header, show, n, s, operations, device).function() for n, s in scenarios.items()]
    usual = """static tegata_registry *usual_registry(const tegata_clock *clock) {
  tegata_store *store = NULL;
  tegata_sealer *sealer = NULL;
  tegata_registry *registry = NULL;
  tegata_options options;
  TEGATA_INIT(options);
  options.clock = clock;
  check(__LINE__, tegata_memory_store_new(&store, NULL) == TEGATA_STATUS_OK, "a store");
  check(__LINE__, tegata_software_sealer_generate(&sealer, NULL) == TEGATA_STATUS_OK, "a sealer");
  check(__LINE__, tegata_registry_open(store, sealer, &options, &registry, NULL) == TEGATA_STATUS_OK, "a registry");
  tegata_store_free(store);
  tegata_sealer_free(sealer);
  return registry;
}
"""
    calls = "\n".join(f'  printf("scenario {n}\\n"); fflush(stdout); sprintf(folder, "%s/{n}", argv[1]); '
                      f"worked = scenario_{n}(folder) && worked;" for n in scenarios)
    main = f"""int main(int argc, char **argv) {{
  bool worked = true;
  char folder[4096];
  check(__LINE__, argc == 2 && strlen(argv[1]) < 4000, "one folder as argument");
{calls}
  return worked ? 0 : 1;
}}
"""
    if device:
        usual = ""
    parts = ['/* Written by build.py from core/tests/scenarios. */', '#include "support.h"', ""]
    return "\n".join(parts) + "\n".join(show.order) + "\n" + usual + "\n" + "\n".join(functions) + "\n" + main
