#!/usr/bin/env python3
"""Compiles the scenarios into C, runs them, and compares what came with what they expect.

    run.py write FILE.c              writes the program
    run.py write-device FILE.c       writes the program of the scenarios that need no registry
    run.py check OUTPUT              compares its output
    run.py check-device OUTPUT       the same of the smaller program
    run.py functions-device          lists the functions of the device build
    run.py folders DIRECTORY         makes a folder for each scenario
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import build  # noqa: E402
import header  # noqa: E402
from compare import Missing, differences, resolved  # noqa: E402
from show import Show  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]


def scenarios():
    files = sorted((ROOT / "core/tests/scenarios").glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def operations():
    listed = json.loads((ROOT / "core/tests/operations.json").read_text(encoding="utf-8"))
    return {one["operation"]: one for one in listed}


def write(target):
    found = header.read(ROOT / "bindings-c/include/tegata.h")
    every = dict(enumerate(scenarios()))
    Path(target).write_text(build.program(found, Show(found), every, operations()), encoding="utf-8")


def device_scenarios():
    """The header without the registry, and the scenarios that the device build can run, by their number."""
    path, listed = ROOT / "bindings-c/include/tegata.h", operations()
    whole, small, every = header.read(path), header.read(path, device=True), dict(enumerate(scenarios()))
    show = Show(whole)
    functions = {n: build.Scenario(whole, show, n, s, listed, True).function() for n, s in every.items()}
    return small, {n: every[n] for n in build.for_devices(small, functions)}


def write_device(target):
    small, some = device_scenarios()
    Path(target).write_text(build.program(small, Show(small), some, operations(), device=True), encoding="utf-8")


def results(text):
    """The lines of the output: for each scenario its steps' results."""
    found, current = {}, None
    for line in text.splitlines():
        if line.startswith("scenario "):
            current = found.setdefault(int(line.split()[1]), {})
        else:
            step, _, value = line.partition("\t")
            current[int(step)] = json.loads(value)
    return found


def polished(value, returns):
    """Results in the shape of the scenarios: whole lists without their page, names beside extensions."""
    if isinstance(value, dict):
        if "names" in value and isinstance(value.get("extensions"), dict):
            value["extensions"]["names"] = value["names"]
        if returns and "Vec<" in returns and "Listing" not in returns and set(value) == {"items", "next", "total"}:
            value = value["items"]
    if isinstance(value, dict):
        return {key: polished(one, "") for key, one in value.items()}
    if isinstance(value, list):
        return [polished(one, "") for one in value]
    return value


def check_device(file):
    some = device_scenarios()[1]
    if len(some) < 5:
        print(f"only {len(some)} scenarios need no registry", file=sys.stderr)
        return 1
    return check(file, some)


def check(file, some=None):
    all_results, listed, wrong, steps = results(Path(file).read_text(encoding="utf-8")), operations(), 0, 0
    for number, scenario in (some or dict(enumerate(scenarios()))).items():
        stored = {}
        for index, step in enumerate(scenario["steps"]):
            if "call" not in step:
                continue
            steps += 1
            found = all_results.get(number, {}).get(index, "did not run")
            if found == "did not run":
                trouble = [found]
            elif isinstance(found, dict) and "$error" in found:
                trouble = [] if found["$error"] == step.get("error") else [f"refused: {found}"]
            elif "error" in step:
                trouble = [f"went well instead of being refused with {step['error']}"]
            else:
                found = polished(found, listed[step["call"]]["returns"])
                if "as" in step:
                    stored[step["as"]] = found
                try:
                    trouble = differences(resolved(step["expect"], stored), found) if "expect" in step else []
                except Missing as missing:
                    trouble = [f"leads nowhere: {missing}"]
            for one in trouble:
                wrong += 1
                print(f"{scenario['name']}, step {index} ({step['call']}): {one}", file=sys.stderr)
    print(f"{steps} steps of {len(all_results)} scenarios, {wrong} wrong")
    return 1 if wrong else 0


def functions_device():
    print("\n".join(sorted(header.read(ROOT / "bindings-c/include/tegata.h", device=True).functions)))


def folders(target):
    for number in range(len(scenarios())):
        (Path(target) / str(number)).mkdir(parents=True)


if __name__ == "__main__":
    commands = {"write": write, "write-device": write_device, "check": check, "check-device": check_device,
                "functions-device": functions_device, "folders": folders}
    sys.exit(commands[sys.argv[1]](*sys.argv[2:]))
