#!/usr/bin/env python3
"""Writes a C program that calls every function of tegata.h with one argument spoilt at a time:

NULL for each pointer, text that is not UTF-8, numbers that no enum has, sizes too small and too large, lengths without data.
No call may crash; where the argument cannot be meant, it must be refused as invalid input.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))

import header  # noqa: E402
from header import is_output, pointee  # noqa: E402

BINDING = Path(__file__).resolve().parents[2]
# Closing what the other calls use; a suite of its own.
LEFT_OUT = {"tegata_registry_close"}
NUMBERS = {"uint8_t", "uint16_t", "uint32_t", "uint64_t", "int64_t", "size_t", "bool", "int"}


class Writer:
    def __init__(self, found):
        self.header = found
        self.out = []

    def sized(self, kind):
        """Whether a pointer of this type leads to a struct that begins with its size."""
        inner = pointee(kind)
        fields = self.header.structs.get(inner, [])
        return bool(fields) and fields[0][1] == "size"

    def baseline(self, function, place):
        """Declarations, and the argument that stands for nothing in particular."""
        kind, name = function.parameters[place]
        inner = pointee(kind)
        if kind == "tegata_error **":
            return ["tegata_error *error = NULL;"], "&error"
        if is_output(kind):
            target = kind[:-1].strip()
            if pointee(target):
                return [f"{target}made = NULL;"], "&made"
            return [f"{target} made;", "memset(&made, 0x5a, sizeof made);"], "&made"
        if self.sized(kind) and not kind.endswith("**"):
            local = f"s{place}"
            return [f"{inner} {local};", f"TEGATA_INIT({local});"], "&" + local
        if kind == "const char *":
            return [], '"aaaaaaaaaaaaaaaaaaaaaaaaaa"'
        if kind == "const char *const *":
            return [f'const char *t{place}[1] = {{"aaaaaaaaaaaaaaaaaaaaaaaaaa"}};'], f"t{place}"
        if kind == "tegata_bytes":
            return [], 'bytes((const uint8_t *)"octets", 6)'
        if name == "len":
            return [], "1"
        if kind in NUMBERS:
            return [], "1"
        if kind in self.header.enums:
            return [], self.header.enums[kind][0]
        if inner in self.header.opaque or inner in self.header.structs:
            short = inner.removeprefix("tegata_")
            if f"*any_{short};" in (Path(__file__).parent / "objects.h").read_text():
                return [], "any_" + short
        return [], "NULL"

    def call(self, function, spoilt=None, argument=None, extra=(), must=False, what=""):
        """One call in a block of its own."""
        declared, given = [], []
        for place in range(len(function.parameters)):
            lines, value = self.baseline(function, place)
            if place == spoilt:
                value = argument
                if function.parameters[place][0] != "tegata_error **" and value.lstrip("&") not in " ".join(lines) and not extra:
                    lines = []
            declared += lines
            given.append(value)
        kind = next((k for k, n in function.parameters if is_output(k) and n != "error"), None)
        # Declarations first: the program is C and C++ alike.
        self.out.append("  {")
        if function.parameters[-1][0] == "tegata_error **" and given[-1] != "NULL":
            self.out.append("    tegata_status status;")
        starts = [one for one in declared if one.startswith(("TEGATA_INIT", "memset"))]
        self.out += ["    " + one for one in declared if one not in starts]
        self.out += ["    " + one for one in starts + list(extra)]
        if function.parameters[-1][0] == "tegata_error **":
            label = f"{function.name}: {what}".replace('"', "'").replace("\\", "/")
            call = f"{function.name}({', '.join(given)})"
            if given[-1] == "NULL":
                self.out.append(f"    (void){call};")
                self.out.append("    (void)error;")
            else:
                self.out.append(f'    status = {call};')
                self.out.append(f'    consistent("{label}", status, error, {"true" if must else "false"});')
            if kind and pointee(kind[:-1].strip()) and (spoilt is None or not is_output(function.parameters[spoilt][0])
                                                        or function.parameters[spoilt][1] == "error"):
                self.out.append(f"    {pointee(kind[:-1].strip())}_free(made);")
            elif any("made" in one for one in declared):
                self.out.append("    (void)made;")
        else:
            cast = "" if function.returns == "void" else "(void)"
            self.out.append(f"    {cast}{function.name}({', '.join(given)});")
        self.out.append("  }")

    def spoil(self, function):
        """All calls of one function."""
        returns_status = function.parameters and function.parameters[-1][0] == "tegata_error **" and function.returns == "tegata_status"
        if not returns_status:
            for place, (kind, _) in enumerate(function.parameters):
                if kind.endswith("*"):
                    self.call(function, place, "NULL", what="NULL")
            return
        self.call(function, what="nothing spoilt")
        for place, (kind, name) in enumerate(function.parameters):
            output = is_output(kind) and name != "error"
            what = f"{name} spoilt"
            if kind.endswith("*"):
                handle = not output and pointee(kind) in self.header.opaque and place == 0
                self.call(function, place, "NULL", must=output or handle, what=f"{name} NULL")
            if kind == "const char *":
                self.call(function, place, r'"\xff\xfe"', must=True, what=what)
            elif kind in self.header.enums:
                for number in ("9999", "-1"):
                    self.call(function, place, f"({kind}){number}", must=True, what=what)
            elif kind == "tegata_bytes":
                self.call(function, place, "bytes(NULL, 5)", must=True, what=what)
                self.call(function, place, 'bytes((const uint8_t *)"x", SIZE_MAX)', must=True, what=what)
            elif name == "len":
                self.call(function, place, "SIZE_MAX", must=True, what=what)
            elif not output and self.sized(kind):
                self.struct(function, place, kind)

    def struct(self, function, place, kind):
        """The fields of an input struct."""
        inner, local = pointee(kind), f"s{place}"
        in_list = place + 1 < len(function.parameters) and function.parameters[place + 1][1] == "len"
        for size in ("0", "sizeof(size_t)", f"sizeof({inner}) - 1", "SIZE_MAX"):
            self.call(function, place, "&" + local, [f"{local}.size = {size};"], True, f"{inner}.size {size}")
        # A later header's struct: with a field that this library does not know, and without using it.
        for octet, must in (("1", True), ("0", False)):
            if in_list:
                continue
            self.call(function, place, f"(const {inner} *)grown",
                      [f"uint64_t grown[sizeof({inner}) / 8 + 4];", f"memset(grown, 0, sizeof grown);",
                       f"{local}.size = sizeof({inner}) + 8;", f"memcpy(grown, &{local}, sizeof {local});",
                       f"memset((uint8_t *)grown + sizeof({inner}) + 7, {octet}, 1);"], must, f"{inner} grown {octet}")
        for field_kind, field in self.header.structs[inner][1:]:
            what = f"{inner}.{field} spoilt"
            # What is not looked at, since the struct is refused or is of another sort, may hold anything.
            if field_kind == "const char *":
                self.call(function, place, "&" + local, [f'{local}.{field} = "\\xff";'], False, what)
            elif field_kind in self.header.enums:
                self.call(function, place, "&" + local, [f"{local}.{field} = ({field_kind})9999;"], True, what)
            elif field_kind == "tegata_bytes":
                self.call(function, place, "&" + local, [f"{local}.{field} = bytes(NULL, 3);"], False, what)
            elif field_kind in self.header.structs and ("items" in [n for _, n in self.header.structs[field_kind]]):
                self.call(function, place, "&" + local, [f"{local}.{field}.len = 3;"], False, what)
                self.call(function, place, "&" + local, [f"{local}.{field}.len = SIZE_MAX;"], False, what)
            elif field_kind == "size_t" and field.endswith("_len"):
                self.call(function, place, "&" + local, [f"{local}.{field} = 2;"], True, what)


def main():
    writer = Writer(header.read(BINDING / "include/tegata.h"))
    pieces = []
    for number, function in enumerate(writer.header.functions.values()):
        if function.name in LEFT_OUT:
            continue
        writer.out = []
        writer.spoil(function)
        if writer.out:
            pieces.append((f"spoil_{number}", writer.out))
    print('/* Written by generate.py from tegata.h. */\n#include "objects.h"\n')
    for name, lines in pieces:
        print(f"static void {name}(void) {{\n" + "\n".join(lines) + "\n}\n")
    print("int main(void) {\n  objects_make();")
    print("\n".join(f"  {name}();" for name, _ in pieces))
    print('  objects_free();\n  printf("misuse: %d calls, none crashed\\n", calls_made);\n  return 0;\n}')


if __name__ == "__main__":
    main()
