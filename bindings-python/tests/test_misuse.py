"""What should not be done, and what becomes of it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, List

import pytest
import tegata
from tegata import (
    Attributes,
    Due,
    Enroll,
    FixedClock,
    MemoryStore,
    NewAuthority,
    NewDevice,
    Options,
    Page,
    Registry,
    SoftwareSealer,
    SqliteStore,
)


def script(text: str, folder: Path, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(text)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def registry() -> Registry:
    return Registry.open(MemoryStore(), SoftwareSealer.generate())


def test_a_closed_registry_answers_nothing(registry: Registry) -> None:
    devices, pages = registry.devices, registry.devices.iterate()
    with registry:
        pass
    registry.close()
    for call in (registry.counts, devices.find, registry.trust_bundle, lambda: next(pages)):
        with pytest.raises(tegata.StateError) as caught:
            call()
        assert caught.value.code == "store.closed"


def test_an_exception_in_the_block_comes_out_of_it(registry: Registry) -> None:
    with pytest.raises(LookupError), registry:
        raise LookupError


@pytest.mark.parametrize("wrong", [None, 7, b"bytes", object(), [], {}])
def test_wrong_types_are_type_errors(registry: Registry, wrong: Any) -> None:
    calls: List[Any] = [
        lambda: registry.devices.get(wrong),
        lambda: registry.devices.register(wrong),
        lambda: registry.devices.register_many([wrong]),
        lambda: registry.products.add_units("a" * 26, [wrong]),
        lambda: registry.devices.register(NewDevice(), actor=wrong),
        lambda: Registry.open(wrong, SoftwareSealer.generate()),
        lambda: Registry.open(MemoryStore(), wrong),
        lambda: tegata.make_key(wrong),
        lambda: NewAuthority(wrong, "CN=x"),
        lambda: Due(wrong),
    ]
    if wrong != b"bytes":
        calls += [lambda: tegata.parse_csr(wrong), lambda: Enroll(wrong, b"")]
    for call in calls:
        with pytest.raises(TypeError):
            call()


def test_wrong_values_are_value_errors(registry: Registry) -> None:
    with pytest.raises(ValueError, match="ecdsa-p256"):
        tegata.make_key("ecdsa-p257")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="time zone"):
        Due(datetime(2026, 1, 1))
    with pytest.raises(tegata.InvalidInputError) as caught:
        SoftwareSealer.from_key(b"short")
    assert caught.value.code == "seal.key_length"
    for limit in (-1, 2**32, 2**70):
        with pytest.raises((OverflowError, ValueError)):
            Page(limit=limit)
    with pytest.raises((UnicodeError, TypeError, ValueError)):
        registry.devices.register(NewDevice(name="\ud800"))


def test_times_at_the_ends_of_the_calendar() -> None:
    ends = (datetime.min, datetime.max.replace(microsecond=0))
    for end in ends:
        clock = FixedClock.at(end.replace(tzinfo=timezone.utc))
        assert clock.now().replace(tzinfo=None) == end
        for seconds in (-(2**63), 2**63 - 1):
            clock.advance(seconds)
            assert clock.now() == clock.now()
    zone = timezone(timedelta(hours=14))
    assert FixedClock.at(datetime(2026, 1, 1, 14, tzinfo=zone)).now() == datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_objects_are_immutable_and_keep_secrets(registry: Registry) -> None:
    device = registry.devices.register(NewDevice(name="lamp", attributes=Attributes(more={"a": "b"})))
    with pytest.raises(AttributeError):
        device.name = "other"  # type: ignore[misc]
    device.attributes.more["a"] = "c"
    assert device.attributes.more == {"a": "b"}
    key = tegata.make_key("ecdsa-p256")
    secret = key.to_pkcs8_pem().expose()
    for shown in (repr(key), repr(key.to_pkcs8_pem()), str(key.to_pkcs8_der()), repr(vars(tegata)["make_key"])):
        assert "PRIVATE" not in shown and secret[30:60] not in shown
    assert "4711" not in repr(Enroll(b"", b"", claim_code="4711"))
    with pytest.raises(TypeError):
        tegata.Device()


def test_many_threads_share_a_registry(tmp_path: Path) -> None:
    registry = Registry.open(SqliteStore.open(tmp_path / "db"), SoftwareSealer.generate())
    failures: List[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(20):
                device = registry.devices.register(NewDevice(name=f"lamp {number}.{turn}"))
                assert registry.devices.get(device.id) == device
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and len(list(registry.devices.iterate(page_size=7))) == 160


def test_one_iterator_shared_by_threads_gives_each_item_once(registry: Registry) -> None:
    registry.devices.register_many([NewDevice(name=f"lamp {number}") for number in range(300)])
    pages = registry.devices.iterate(page_size=10)
    seen: List[str] = []
    threads = [threading.Thread(target=lambda: seen.extend(device.id for device in pages)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == len(set(seen)) == 300


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.parametrize("store", ["MemoryStore()", "SqliteStore.open('db')"])
@pytest.mark.parametrize("end", ["os._exit(0)", "del pages, registry; sys.exit(0)"])
def test_a_forked_child_gets_an_error(store: str, end: str, tmp_path: Path) -> None:
    script(
        f"""
        import os, sys
        from tegata import *
        registry = Registry.open({store}, SoftwareSealer.generate())
        registry.devices.register(NewDevice(name="lamp"))
        pages = registry.devices.iterate()
        child = os.fork()
        if child == 0:
            try:
                registry.devices.register(NewDevice(name="other"))
            except StateError as error:
                assert error.code == "store.forked", error
                try:
                    next(pages)
                except StateError as error:
                    assert error.code == "store.forked", error
                    # Ends as every program does: the objects go, and nothing waits for threads of the parent.
                    {end}
            os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        assert registry.devices.count() == 1
        registry.devices.register(NewDevice(name="other"))
        """,
        tmp_path,
    )


@pytest.mark.parametrize("daemon", [False, True])
@pytest.mark.parametrize("store", ["MemoryStore()", "DictionaryStore()"])
def test_the_interpreter_ends_with_calls_under_way(store: str, daemon: bool, tmp_path: Path) -> None:
    script(
        f"""
        import sys, threading, time
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from dictionary import DictionaryStore
        from tegata import *
        registry = Registry.open({store}, SoftwareSealer.generate())
        end = time.monotonic() + 1.5

        def work(number):
            turn = 0
            while time.monotonic() < end:
                registry.devices.register(NewDevice(name=f"{{number}} {{turn}}"))
                turn += 1

        for number in range(4):
            threading.Thread(target=work, args=(number,), daemon={daemon}).start()
        time.sleep(0.3)
        """,
        tmp_path,
    )


def test_ctrl_c_stops_a_bulk_call(tmp_path: Path) -> None:
    script(
        """
        import os, signal, threading, time
        from tegata import *
        registry = Registry.open(MemoryStore(), SoftwareSealer.generate())
        devices = [NewDevice(name=str(number)) for number in range(200_000)]
        # What runs in the background of a shell ignores it from birth.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Timer(0.4, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        try:
            registry.devices.register_many(devices)
        except KeyboardInterrupt:
            assert registry.devices.count() < len(devices)
        else:
            raise SystemExit("it was not stopped")
        """,
        tmp_path,
    )


def test_exceptions_can_be_pickled(registry: Registry) -> None:
    import pickle

    with pytest.raises(tegata.Error) as caught:
        registry.devices.get("nonsense")
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is tegata.InvalidInputError and again.code == "input.invalid" and str(again) == str(caught.value)


def test_options_given_twice_are_equal() -> None:
    assert NewDevice(name="a") == NewDevice(name="a") != NewDevice(name="b")
    assert Enroll(b"a", b"b") == Enroll(b"a", b"b") != Enroll(b"a", b"c")
    assert repr(NewAuthority("root", "CN=x")).startswith("NewAuthority(name='root', subject='CN=x', algorithm='ecdsa-p256'")
    clock = FixedClock.at(datetime(2026, 1, 1, tzinfo=timezone.utc))
    assert Registry.open(MemoryStore(), SoftwareSealer.generate(), Options(clock=clock))


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="_xxsubinterpreters has another name")
def test_a_subinterpreter_is_refused(tmp_path: Path) -> None:
    script(
        """
        import _xxsubinterpreters as interpreters
        import tegata
        for _ in range(3):
            other = interpreters.create()
            try:
                interpreters.run_string(other, "import tegata")
            except interpreters.RunFailedError as error:
                assert "ImportError" in str(error) and "subinterpreter" in str(error), error
            else:
                raise SystemExit("it was let in")
            interpreters.destroy(other)
        tegata.make_key("ecdsa-p256")
        """,
        tmp_path,
    )


def test_profiles_are_iterated_version_by_version(registry: Registry) -> None:
    for days in (1, 2, 3):
        registry.profiles.put("device", tegata.ProfileSpec(keys=["ecdsa-p256"], validity_days=days))
    registry.profiles.put("other", tegata.ProfileSpec.device())
    assert [one.spec.validity_days for one in registry.profiles.iterate_versions("device", page_size=1)] == [3, 2, 1]
