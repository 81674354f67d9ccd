"""Passwords, symmetric keys and who shows them: what the scenarios do not look at."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from typing import Any, List, Tuple

import pytest
import tegata
from tegata import (
    CertificateWish,
    FixedClock,
    MemoryStore,
    NewAuthority,
    NewClient,
    NewDevice,
    NewKey,
    NewKeyOwner,
    NewPsk,
    Options,
    Presented,
    ProfileSpec,
    Proof,
    Provision,
    Provisioned,
    ProxyHeaders,
    PskWish,
    Registry,
    RotateKey,
    RotatePsk,
    SealingKeys,
    SoftwareSealer,
    TrustedProxy,
    WrappedKey,
    unwrap_key,
)

SECRET = b"0123456789-a-secret!"


@pytest.fixture
def registry() -> Registry:
    return Registry.open(MemoryStore(), SoftwareSealer.generate())


def wish(registry: Registry) -> Provision:
    root = registry.authorities.create_root(NewAuthority("root", "CN=Root"))
    profile = registry.profiles.put("device", ProfileSpec(server_keys=["ecdsa-p256"]))
    return Provision(NewDevice(), psk=PskWish(), key="aes-128", certificate=CertificateWish(profile.id, root.id))


def made(outcomes: List[Any]) -> List[Provisioned]:
    assert all(isinstance(outcome, Provisioned) for outcome in outcomes)
    return outcomes


def test_no_text_about_anything_shows_a_secret(registry: Registry, caplog: pytest.LogCaptureFixture) -> None:
    device = registry.devices.register(NewDevice())
    owner = NewKeyOwner.device(device.id)
    key = registry.keys.issue(NewKey(owner, "twine-80", value=SECRET[:10]))
    psk = registry.psks.issue(NewPsk(device.id, kind="readable", secret=SECRET))
    client = registry.clients.register(NewClient("console"))
    shown: List[object] = [
        NewPsk(device.id, secret=SECRET),
        PskWish(secret=SECRET),
        Provision(NewDevice(), psk=PskWish(secret=SECRET)),
        RotatePsk(secret=SECRET),
        NewKey(owner, "aes-128", value=SECRET[:16]),
        RotateKey(value=SECRET),
        TrustedProxy("edge", [SECRET], ProxyHeaders.nginx()),
        Options(proxies=[TrustedProxy("edge", [SECRET])]),
        Presented.psk("lamp", SECRET),
        Presented.headers([("Authorization", SECRET.decode())]),
        Presented.client(SECRET.decode(), "console", SECRET.decode()),
        Presented.certificate(b"", Proof.proxy("edge", SECRET)),
        Proof.proxy("edge", SECRET),
        psk,
        psk.password,
        psk.hex,
        registry.psks.read(psk.psk.id),
        registry.keys.get(key.id),
        registry.keys.deliver_clear(key.id, device.id),
        client,
        *registry.events.find().items,
    ]
    told = "\n".join(f"{one!r} {one} {[one]}" for one in shown)
    with caplog.at_level(logging.INFO):
        for one in shown:
            logging.info("%s %r", one, one)
    told += caplog.text
    assert psk.hex and psk.hex.expose() == SECRET.hex()
    forms = [SECRET[:10].decode(), SECRET[:10].hex(), str(list(SECRET[:10]))[1:-1]]
    for secret in (*forms, client.licence.expose(), client.password.expose()):
        assert secret not in told


def test_no_refusal_shows_a_secret(registry: Registry) -> None:
    device = registry.devices.register(NewDevice())
    calls: List[Any] = [
        lambda: registry.psks.issue(NewPsk(device.id, kind="readable", secret=SECRET * 9)),
        lambda: registry.keys.issue(NewKey(NewKeyOwner.device(device.id), "aes-128", value=SECRET)),
        lambda: registry.authenticate(Presented.psk(device.id, SECRET)),
        lambda: registry.authenticate(Presented.client(SECRET.decode(), "x", SECRET.decode())),
        lambda: registry.clients.check_licence(SECRET.decode()),
        lambda: registry.authenticate(Presented.certificate(SECRET, Proof.proxy("edge", SECRET))),
        lambda: Registry.open(MemoryStore(), SoftwareSealer.generate(), Options(proxies=[TrustedProxy("e", [SECRET[:9]])])),
        lambda: tegata.check_value("aes-128", SECRET, "cmac"),
    ]
    for call in calls:
        with pytest.raises(tegata.Error) as caught:
            call()
        assert SECRET[:9].decode() not in repr(caught.value) + str(caught.value) + caught.value.message


@pytest.mark.parametrize("wrong", [None, 7, "text", object(), [1], {}])
def test_what_is_no_secret_is_a_type_error(registry: Registry, wrong: Any) -> None:
    device = registry.devices.register(NewDevice())
    calls: List[Any] = [
        lambda: registry.psks.verify(device.id, wrong),
        lambda: registry.keys.verify(device.id, wrong),
        lambda: Presented.psk(device.id, wrong),
        lambda: Proof.proxy("edge", wrong),
        lambda: TrustedProxy("edge", [wrong]),
        lambda: tegata.check_value("aes-128", wrong, "cmac"),
        lambda: unwrap_key(wrong, SECRET),
        lambda: registry.psks.issue(wrong),
        lambda: registry.keys.issue(wrong),
        lambda: registry.devices.provision(wrong),
        lambda: registry.devices.provision_many([wrong]),
        lambda: registry.campaigns.preview(wrong),
        lambda: registry.clients.register(wrong),
        lambda: NewKey(wrong, "aes-128"),
        lambda: SealingKeys(wrong, []),
        lambda: Options(proxies=[wrong]),
        lambda: Presented.headers({"Authorization": "Basic"}),  # type: ignore[dict-item]
    ]
    for number, call in enumerate(calls):
        with pytest.raises(TypeError):
            call()
            pytest.fail(f"call {number} takes {wrong!r}")


def test_words_and_numbers_that_cannot_be_are_value_errors(registry: Registry) -> None:
    with pytest.raises(ValueError, match="aes-128"):
        NewKey(NewKeyOwner.group("a" * 26), "aes-192")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="mosquitto"):
        registry.psks.export(None, "apache")  # type: ignore[arg-type]
    for length in (-1, 65_536):
        with pytest.raises(OverflowError):
            tegata.PskPolicy(length=length)


def test_many_are_provisioned_with_progress(registry: Registry) -> None:
    told: List[Tuple[int, int]] = []
    outcomes = registry.devices.provision_many([wish(registry)] * 30, progress=lambda *at: told.append(at))
    devices = made(outcomes)
    assert len({one.device.id for one in devices}) == 30 and told[-1] == (30, 30)
    for one in devices:
        assert one.psk and one.psk.password and one.key and one.certificate and one.certificate.key_pem
        assert registry.psks.verify(one.device.id, one.psk.password.expose().encode())
    credentials = registry.devices.credentials(devices[0].device.id)
    assert (len(credentials.certificates), len(credentials.psks), len(credentials.keys)) == (1, 1, 1)


def test_provisioning_is_stopped_and_says_how_far_it_came(registry: Registry) -> None:
    wishes = [Provision(NewDevice(), psk=PskWish(), key="aes-128")] * 5_000
    outcomes = registry.devices.provision_many(wishes, progress=lambda done, total: done < 1)
    refused = [one.code for one in outcomes if isinstance(one, tegata.Error)]
    assert 0 < len(refused) < 5_000 and set(refused) == {"input.cancelled"}
    kept = registry.devices.count()
    assert kept == 5_000 - len(refused)

    def broken(done: int, total: int) -> None:
        raise LookupError("a bar that breaks")

    with pytest.raises(LookupError, match="a bar that breaks"):
        registry.devices.provision_many(wishes, progress=broken)
    assert kept < registry.devices.count() < kept + 5_000


def test_what_is_rotated_without_options_loses_its_old_value_at_once(registry: Registry) -> None:
    device = registry.devices.register(NewDevice())
    psk, key = registry.psks.issue(NewPsk(device.id)), registry.keys.issue(NewKey(NewKeyOwner.device(device.id), "aes-128"))
    assert registry.psks.rotate(psk.psk.id, actor="admin").psk.version == 2
    assert psk.secret and not registry.psks.verify(device.id, psk.secret)
    (rotated,) = registry.keys.rotate_many([key.id])
    assert not isinstance(rotated, tegata.Error) and (rotated.version, rotated.previous_version) == (2, None)


def test_a_wrapped_key_survives_a_journey_as_plain_fields(registry: Registry) -> None:
    device = registry.devices.register(NewDevice())
    psk = registry.psks.issue(NewPsk.tls(device.id))
    key = registry.keys.issue(NewKey(NewKeyOwner.device(device.id), "twine-80"))
    sent = registry.keys.deliver(key.id, device.id)
    fields = {name: getattr(sent, name) for name in ("method", "algorithm", "device", "key", "number", "version", "wrapped")}
    assert psk.secret
    assert WrappedKey(**fields) == sent
    assert unwrap_key(WrappedKey(**fields), psk.secret).expose() == registry.keys.get(key.id).value.expose()
    with pytest.raises(tegata.Error) as caught:
        unwrap_key(WrappedKey(**{**fields, "version": 2}), psk.secret.expose())
    assert caught.value.code == "key.unwrap_failed"


def test_a_sealing_key_is_replaced_while_a_sealer_in_python_holds_the_old_one() -> None:
    store, new = MemoryStore(), SoftwareSealer.generate()

    class Vault:
        """Seals without a cipher: what is looked at here is who is asked."""

        def __init__(self) -> None:
            self.asked: List[str] = []

        def seal(self, associated: bytes, plaintext: bytes) -> bytes:
            return b"vault" + plaintext

        def open(self, associated: bytes, sealed: bytes) -> bytes:
            if not sealed.startswith(b"vault"):
                error = ValueError("not mine")
                error.code = "seal.wrong_key"  # type: ignore[attr-defined]
                raise error
            return sealed[5:]

    class Watched(Vault):
        def is_current(self, associated: bytes, sealed: bytes) -> bool:
            self.asked.append("is_current")
            return len(self.asked) > 1_000

    old = Vault()
    registry = Registry.open(store, old)
    device = registry.devices.register(NewDevice())
    psk = registry.psks.issue(NewPsk.tls(device.id))
    # A sealer that does not say what is current has nothing to seal anew.
    assert registry.reseal(actor="admin").resealed == 0
    watched = Watched()
    with Registry.open(store, watched) as registry:
        assert registry.reseal().resealed == 2 and watched.asked
    told: List[Tuple[int, int]] = []
    with Registry.open(store, SealingKeys(new, [old])) as registry:
        done = registry.reseal(actor="admin", progress=lambda *at: told.append(at))
        assert (done.checked >= done.resealed == 2) and told
    with Registry.open(store, new) as registry:
        assert psk.secret
        again = registry.psks.read(psk.psk.id).secret
        assert again and again.expose() == psk.secret.expose()
    with pytest.raises(tegata.Error) as caught:
        Registry.open(store, old)
    assert caught.value.code == "seal.wrong_key"


def test_a_store_is_told_which_columns_are_sealed() -> None:
    from dictionary import DictionaryStore

    class Told(DictionaryStore):
        def migrate(self, schema: tegata.store.Schema) -> None:
            self.sealed = {f"{table.name}.{column.name}" for table in schema.tables for column in table.columns if column.sealed}
            super().migrate(schema)

    store = Told()
    Registry.open(store, SoftwareSealer.generate())
    assert {"psks.secret", "keys.value"} <= store.sealed and "devices.name" not in store.sealed


def test_a_sealer_whose_is_current_breaks_is_an_error_with_its_cause() -> None:
    class Broken:
        def seal(self, associated: bytes, plaintext: bytes) -> bytes:
            return plaintext

        def open(self, associated: bytes, sealed: bytes) -> bytes:
            return sealed

        def is_current(self, associated: bytes, sealed: bytes) -> bool:
            raise LookupError("no such key")

    registry = Registry.open(MemoryStore(), Broken())
    with pytest.raises(tegata.Error, match="no such key") as caught:
        registry.reseal()
    assert caught.value.code == "seal.failed" and isinstance(caught.value.__cause__, LookupError)


def test_whoever_guesses_waits_and_time_lets_them_try_again() -> None:
    clock = FixedClock.at(datetime(2026, 1, 1, tzinfo=timezone.utc))
    registry = Registry.open(MemoryStore(), SoftwareSealer.generate(), Options(clock=clock))
    device = registry.devices.register(NewDevice())
    psk = registry.psks.issue(NewPsk(device.id))
    assert psk.secret
    codes = []
    for _ in range(50):
        with pytest.raises(tegata.Error) as caught:
            registry.authenticate(Presented.psk(device.id, b"guess"))
        codes.append(caught.value.code)
    assert codes[0] == "authentication.failed" and codes[-1] == "authentication.backed_off"
    clock.set(clock.now() + timedelta(days=2))
    principal = registry.authenticate(Presented.psk(device.id, psk.secret))
    assert principal.credential and (principal.credential.type, principal.credential.value) == ("psk", psk.psk.id)
    assert principal.certificate is None


def test_all_that_is_due_is_iterated_over() -> None:
    registry = Registry.open(MemoryStore(), SoftwareSealer.generate())
    device = registry.devices.register(NewDevice())
    for number in range(1, 8):
        registry.keys.issue(NewKey(NewKeyOwner.device(device.id), "aes-128", number=number, renew_days=number))
    registry.psks.issue(NewPsk(device.id, renew_days=3))
    due = tegata.Due(datetime.now(timezone.utc) + timedelta(days=5))
    items = list(registry.iterate_due(due, page_size=2))
    assert [item.type for item in items].count("psk") == 1 and len(items) == 6
    for item in items:
        assert not isinstance(item.value, tegata.CrlState) and item.renew_at == item.value.renew_at
    assert all(item.device == device.id for item in items)
    assert "Sealed" not in repr(items) and "tag" not in repr(items)
