"""Writes C that prints values as JSON: one function for each type of the header that a call can give."""

from header import is_output, pointee

NUMBERS = {
    "uint8_t": "%u", "uint16_t": "%u", "uint32_t": "%u", "int": "%d", "size_t": "%zu",
    "uint64_t": "%" + '" PRIu64 "', "int64_t": "%" + '" PRId64 "',
}
# Fields whose name in C is another than in the scenarios.
NAMES = {("tegata_entity", "id"): "value"}
# Pairs and the like: arrays of two.
TUPLES = {"tegata_extension_mark", "tegata_http_header"}


class Show:
    """Collects the functions that are needed."""

    def __init__(self, header):
        self.header = header
        self.done = {}
        self.order = []

    def statement(self, kind, value):
        """A statement that prints `value` of the type `kind`."""
        if kind in NUMBERS:
            return f'printf("{NUMBERS[kind]}", {value});'
        if kind == "bool":
            return f'fputs({value} ? "true" : "false", stdout);'
        if kind == "const char *":
            return f"put_text({value});"
        if kind in self.header.enums:
            return f"{self.enum(kind)}({value});"
        if kind in self.header.structs:
            return f"{self.struct(kind)}(&({value}));"
        inner = pointee(kind)
        if inner in self.header.structs:
            return f"if ({value} == NULL) null(); else {self.struct(inner)}({value});"
        if inner in self.header.opaque:
            return f"if ({value} == NULL) null(); else {self.opaque(inner)}({value});"
        if inner in NUMBERS or inner == "bool":
            return f"if ({value} == NULL) null(); else {{ {self.statement(inner, '*' + value)} }}"
        raise SystemExit(f"cannot show {kind}")

    def define(self, name, parameter, body):
        text = f"static void {name}({parameter}) {{\n  " + "\n  ".join(body) + "\n}\n"
        self.order.append(text)
        return name

    def enum(self, kind):
        name = "show_" + kind
        if name not in self.done:
            self.done[name] = True
            cases = [f'case {one}: fputs("{{\\"$enum\\": \\"{one[len(kind) + 1:]}\\"}}", stdout); break;'
                     for one in self.header.enums[kind]]
            self.define(name, f"{kind} value", ["switch ((int)value) {", *cases, "default: null(); }"])
        return name

    def items(self, items_kind, value, length):
        """An array from a pointer and a length."""
        element = items_kind[:-1].strip().removesuffix("const").strip()
        if not element.endswith("*"):
            element = element.removeprefix("const ")
        each = self.statement(element, f"{value}[i]")
        return f'{{ size_t i; list_begin(); for (i = 0; i < {length}; i++) {{ next(i); {each} }} list_end(); }}'

    def struct(self, kind):
        name = "show_" + kind
        if name in self.done:
            return name
        self.done[name] = True
        special = getattr(self, "special_" + kind, None)
        body = special() if special else self.record(kind)
        return self.define(name, f"const {kind} *value", body)

    def record(self, kind):
        fields = dict((name, type_) for type_, name in self.header.structs[kind])
        names = list(fields)
        if kind.endswith("_count") and len(names) == 2:
            first, count = names
            return ["list_begin();", self.statement(fields[first], f"value->{first}"), 'fputs(", ", stdout);',
                    self.statement(fields[count], f"value->{count}"), "list_end();"]
        if kind in TUPLES:
            one, two = names
            return ["list_begin();", self.statement(fields[one], f"value->{one}"), 'fputs(", ", stdout);',
                    self.statement(fields[two], f"value->{two}"), "list_end();"]
        if names == ["items", "len"]:
            return [self.items(fields["items"], "value->items", "value->len")]
        if names[:2] == ["items", "errors"]:
            shown = self.statement(fields["items"][:-1].strip().removesuffix("const").strip(), "value->items[i]")
            return ["size_t i;", "list_begin();", "for (i = 0; i < value->len; i++) {", "  next(i);",
                    '  check(__LINE__, (value->items[i] == NULL) != (value->errors[i] == NULL), "one of both is NULL");',
                    '  if (value->errors[i] != NULL) {', '    fputs("{\\"error\\": ", stdout);',
                    "    put_text(tegata_error_code(value->errors[i]));", "  } else {",
                    '    fputs("{\\"ok\\": ", stdout);', "    " + shown, "  }", "  fputs(\"}\", stdout);", "}",
                    "list_end();"]
        body, first = ['fputs("{", stdout);'], True
        for field, type_ in fields.items():
            if field == "size" or type_ == "callback" or field.removesuffix("_len") in fields and field.endswith("_len") or \
                    field == "len" and "items" in fields:
                continue
            label = NAMES.get((kind, field), field)
            lead = "" if first else ", "
            first = False
            body.append(f'fputs("{lead}\\"{label}\\": ", stdout);')
            length = "len" if field == "items" else field + "_len"
            if length in fields:
                body.append(self.items(type_, f"value->{field}", f"value->{length}"))
            else:
                body.append(self.statement(type_, f"value->{field}"))
        for label, call in self.methods(kind):
            body += [f'fputs(", \\"{label}\\": ", stdout);', call]
        return body + ['fputs("}", stdout);']

    def opaque(self, kind):
        name = "show_" + kind
        if name not in self.done:
            self.done[name] = True
            body = ['fputs("{\\"$object\\": true", stdout);']
            for label, call in self.methods(kind):
                body += [f'fputs(", \\"{label}\\": ", stdout);', call]
            self.define(name, f"const {kind} *value", body + ['fputs("}", stdout);'])
        return name

    def methods(self, kind):
        """The functions on a value that need nothing else: they read like fields."""
        for name, function in self.header.functions.items():
            label = name.removeprefix(kind + "_")
            given = function.parameters
            if label == name or not given or given[0][0] != f"const {kind} *" or label in ("free", "signer", "close", "now"):
                continue
            if len(given) == 1 and function.returns not in ("void", "tegata_status"):
                yield label, self.statement(function.returns, f"{name}(value)")
            elif len(given) == 3 and given[2][1] == "error" and is_output(given[1][0]):
                out = given[1][0][:-1].strip()
                start = "NULL" if out.endswith("*") else f"({out})0"
                free = "" if not pointee(out) else f"{pointee(out)}_free(out);"
                shown = self.statement(out, "out")
                yield label, (f"{{ {out}{'' if out.endswith('*') else ' '}out = {start}; "
                              f"if ({name}(value, &out, NULL) == TEGATA_STATUS_OK) {{ {shown} {free} }} else null(); }}")

    # What is written otherwise in scenarios.

    def special_tegata_bytes(self):
        return ["put_bytes(value->data, value->len);"]

    def special_tegata_buffer(self):
        return ["put_bytes(value->data, value->len);"]

    def special_tegata_string(self):
        return ['check(__LINE__, strlen(value->text) == value->len, "a length");', "put_text(value->text);"]

    def special_tegata_claim_codes(self):
        return [self.statement("tegata_texts", "value->codes")]

    def special_tegata_pairs(self):
        return ["size_t i;", 'fputs("{", stdout);', "for (i = 0; i < value->len; i++) {", "  next(i);",
                "  put_text(value->items[i].name);", '  fputs(": ", stdout);', "  put_text(value->items[i].value);", "}",
                'fputs("}", stdout);']

    def special_tegata_maintained(self):
        return [*self.record("tegata_maintained")[:-1], 'printf(", \\"archived\\": %zu}", archived_lines);']

    def special_tegata_record_counts(self):
        return ["size_t i;", 'fputs("{", stdout);', "for (i = 0; i < value->len; i++) {", "  next(i);",
                "  put_text(value->items[i].name);", '  fputs(": ", stdout);',
                "  " + self.statement("uint64_t", "value->items[i].count"), "}", 'fputs("}", stdout);']

    def special_tegata_outcomes(self):
        return ["size_t i;", "list_begin();", "for (i = 0; i < value->len; i++) {", "  next(i);",
                "  if (value->errors[i] == NULL) {", '    fputs("{\\"ok\\": null", stdout);', "  } else {",
                '    fputs("{\\"error\\": ", stdout);', "    put_text(tegata_error_code(value->errors[i]));", "  }",
                '  fputs("}", stdout);', "}", "list_end();"]

    def special_tegata_general_name(self):
        other = "TEGATA_GENERAL_NAME_TYPE_OTHER"
        return ['fputs("{\\"type\\": ", stdout);', self.statement("tegata_general_name_type", "value->type"),
                'fputs(", \\"text\\": ", stdout);', "put_text(value->text);",
                'fputs(", \\"type_id\\": ", stdout);', "put_text(value->other_type);",
                'fputs(", \\"value\\": ", stdout);',
                f"if (value->type == {other}) put_bytes(value->other_value.data, value->other_value.len);",
                "else put_text(value->value);", 'fputs("}", stdout);']

    def special_tegata_certificate_count(self):
        by = lambda field, kind: self.statement(kind, f"value->{field}")
        return ['fputs("[{\\"type\\": ", stdout);', by("grouping", "tegata_certificate_grouping"),
                'fputs(", \\"value\\": ", stdout);', "switch ((int)value->grouping) {",
                "case TEGATA_CERTIFICATE_GROUPING_STATE: " + by("state", "tegata_certificate_state") + " break;",
                "case TEGATA_CERTIFICATE_GROUPING_KIND: " + by("kind", "tegata_certificate_kind") + " break;",
                "case TEGATA_CERTIFICATE_GROUPING_DUE_WEEK: " + by("due_week", "const int64_t *") + " break;",
                "case TEGATA_CERTIFICATE_GROUPING_ALGORITHM: " + by("algorithm", "tegata_key_algorithm") + " break;",
                "default: put_text(value->id); }",
                'fputs("}, ", stdout);', by("count", "uint64_t"), 'fputs("]", stdout);']

    def special_tegata_holders(self):
        return [self.statement("tegata_texts", "value->devices")]

    def special_tegata_due_item(self):
        by = lambda field, kind: self.statement(kind, f"value->{field}")
        return ['fputs("{\\"type\\": ", stdout);', by("type", "tegata_due_kind"),
                'check(__LINE__, (value->certificate != NULL) + (value->key != NULL) + (value->psk != NULL) + (value->crl != NULL) == 1, "one of four");',
                'fputs(", \\"value\\": ", stdout);',
                f'if (value->certificate != NULL) {{ {by("certificate", "const tegata_certificate_record *")} }}',
                f'else if (value->key != NULL) {{ {by("key", "const tegata_symmetric_key *")} }}',
                f'else if (value->psk != NULL) {{ {by("psk", "const tegata_psk *")} }}',
                f'else {{ {by("crl", "const tegata_crl_state *")} }}', 'fputs("}", stdout);']

    def special_tegata_principal(self):
        # Of a device the credential is a sum: one of two fields.
        return [*self.record("tegata_principal")[:-1],
                'check(__LINE__, value->certificate == NULL || value->psk == NULL, "one of both");',
                'if (value->type == TEGATA_PRINCIPAL_TYPE_DEVICE) {',
                '  fputs(value->psk == NULL ? ", \\"credential\\": {\\"type\\": \\"certificate\\", \\"value\\": "',
                '                           : ", \\"credential\\": {\\"type\\": \\"psk\\", \\"value\\": ", stdout);',
                '  put_text(value->psk == NULL ? value->certificate : value->psk);', '  fputs("}", stdout);', "}",
                'fputs("}", stdout);']
