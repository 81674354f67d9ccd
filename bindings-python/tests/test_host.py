"""What the host brings: signers, stores, sealers, clocks, random sources, progress reports."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Tuple, Type

import pytest
import tegata
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tegata import Enroll, NewAuthority, NewDevice, NewProduct, Options, ProductSpec, ProfileSpec, Registry
from tegata.store import Conflict, Corrupt, Full, ReadOnly, RowPage, Unavailable, check_store

from dictionary import DictionaryStore


class OtherSigner:
    """A key of the package `cryptography`, as it might stand in an HSM or a cloud."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.calls = 0

    @property
    def public_key(self) -> bytes:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.DER, form)

    def sign(self, message: bytes) -> bytes:
        self.calls += 1
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))


class AesSealer:
    """AES-GCM of the package `cryptography`."""

    def __init__(self) -> None:
        self.cipher = AESGCM(os.urandom(32))

    def seal(self, associated: bytes, plaintext: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self.cipher.encrypt(nonce, plaintext, associated)

    def open(self, associated: bytes, sealed: bytes) -> bytes:
        return self.cipher.decrypt(sealed[:12], sealed[12:], associated)


def open_on(store: Any, **options: Any) -> Registry:
    return Registry.open(store, tegata.SoftwareSealer.generate(), Options(**options))


def with_product(registry: Registry, **root: Any) -> bytes:
    """Makes a root, profiles and a product; the credential that its units share."""
    authority = registry.authorities.create_root(NewAuthority("root", "CN=Root", **root), actor="test")
    product = registry.profiles.put("product", ProfileSpec.product_credential())
    device = registry.profiles.put("device", ProfileSpec.device())
    made = registry.products.register(NewProduct(ProductSpec("Camera"), authority.id, product.id, device.id))
    return made.credential.issued.der


def request(credential: bytes) -> Enroll:
    return Enroll(credential, tegata.make_csr(tegata.make_key("ecdsa-p256")))


# --- signers ------------------------------------------------------------------------------------------------------------


def test_a_key_outside_signs_for_an_authority() -> None:
    signer = OtherSigner()
    registry = open_on(tegata.MemoryStore())
    credential = with_product(registry, signer=signer)
    enrolled = registry.devices.enroll(request(credential))
    certificate = tegata.parse_certificate(enrolled.issued.der)
    certificate.verify_signed_by(tegata.PublicKey.from_spki(signer.public_key))
    assert signer.calls >= 3
    csr = tegata.parse_csr(tegata.make_csr(signer, "CN=me"))
    assert csr.public_key == tegata.PublicKey.from_spki(signer.public_key)


class FailingSigner(OtherSigner):
    def sign(self, message: bytes) -> bytes:
        raise RuntimeError("PIN locked\n  at vault.py:7\x07")


def test_what_a_signer_raises_becomes_a_typed_error_with_its_cause() -> None:
    with pytest.raises(tegata.Error) as caught:
        tegata.make_csr(FailingSigner(), "CN=me")
    assert isinstance(caught.value, tegata.UnavailableError)
    assert caught.value.code == "signer.failed"
    assert "RuntimeError: PIN locked" in caught.value.message and "vault.py" not in caught.value.message
    assert isinstance(caught.value.__cause__, RuntimeError)
    registry = open_on(tegata.MemoryStore())
    with pytest.raises(tegata.Error) as caught:
        registry.authorities.create_root(NewAuthority("root", "CN=Root", signer=FailingSigner()))
    assert caught.value.code == "signer.failed"
    assert registry.authorities.find().total == 0


class WrongSigner(OtherSigner):
    answer: Any = b"no signature"

    def sign(self, message: bytes) -> bytes:
        return self.answer  # type: ignore[no-any-return]


@pytest.mark.parametrize("answer", [b"no signature", None, "text", 7, b""])
def test_a_wrong_signature_is_refused(answer: Any) -> None:
    signer = WrongSigner()
    signer.answer = answer
    with pytest.raises(tegata.Error) as caught:
        open_on(tegata.MemoryStore()).authorities.create_root(NewAuthority("root", "CN=Root", signer=signer))
    assert caught.value.code in ("signer.bad_signature", "signer.failed")


def test_what_is_no_signer_is_refused() -> None:
    for wrong in (7, "key", object(), None):
        with pytest.raises(TypeError, match="signer"):
            tegata.make_csr(wrong)  # type: ignore[arg-type]


def test_a_callback_that_calls_the_registry_gets_an_error() -> None:
    registry = open_on(tegata.MemoryStore())
    seen: List[str] = []

    class Curious(OtherSigner):
        def sign(self, message: bytes) -> bytes:
            try:
                registry.counts()
            except tegata.Error as error:
                seen.append(error.code)
            return super().sign(message)

    credential = with_product(registry, signer=Curious())
    registry.devices.enroll(request(credential))
    assert set(seen) == {"input.called_back"}


# --- stores -------------------------------------------------------------------------------------------------------------


def test_the_dictionary_store_passes_the_suite() -> None:
    check_store(DictionaryStore)


def test_the_suite_says_what_a_store_does_wrong() -> None:
    class Forgetful(DictionaryStore):
        def commit(self, writes: Any) -> None:
            pass

    with pytest.raises(AssertionError, match="a_row_is_put"):
        check_store(Forgetful)

    def cannot() -> Any:
        raise LookupError("no database")

    with pytest.raises(LookupError, match="no database"):
        check_store(cannot)
    with pytest.raises(TypeError):
        check_store(lambda: 7)  # type: ignore[arg-type,return-value]


def test_a_registry_lives_on_a_store_written_in_python() -> None:
    store = DictionaryStore()
    sealer = tegata.SoftwareSealer.generate()
    with Registry.open(store, sealer) as registry:
        credential = with_product(registry)
        enrolled = registry.devices.enroll(request(credential), actor="line 1", request_id="r1")
    with Registry.open(store, sealer) as registry:
        assert registry.devices.get(enrolled.device.id) == enrolled.device
        proof = tegata.Proof.tls_session()
        shown = tegata.Presented.certificate(enrolled.issued.der, proof)
        assert registry.authenticate(shown).device == enrolled.device.id


def test_eight_threads_enroll_on_a_store_written_in_python() -> None:
    registry = open_on(DictionaryStore())
    credential = with_product(registry)
    requests = [request(credential) for _ in range(32)]
    with ThreadPoolExecutor(8) as pool:
        enrolled = list(pool.map(registry.devices.enroll, requests))
    assert len({one.device.id for one in enrolled}) == 32
    assert registry.devices.count() == 32


@pytest.mark.parametrize(
    "raised, code",
    [
        (Unavailable("no route"), "store.unavailable"),
        (Corrupt("row 7"), "store.corrupt"),
        (ReadOnly(), "store.read_only"),
        (Full(), "store.full"),
        (RuntimeError("whatever"), "store.backend"),
        (Conflict(99), "store.contract"),
    ],
    ids=lambda value: str(value),
)
def test_what_a_store_raises_has_its_code(raised: BaseException, code: str) -> None:
    store = DictionaryStore()
    registry = open_on(store)

    def fail(writes: Any) -> None:
        raise raised

    store.commit = fail  # type: ignore[method-assign]
    with pytest.raises(tegata.Error) as caught:
        registry.devices.register(NewDevice(name="lamp"))
    assert caught.value.code == code
    del store.commit
    assert registry.devices.count() == 0


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_in_host_code_is_not_turned_into_an_error(raised: Type[BaseException]) -> None:
    store = DictionaryStore()
    registry = open_on(store)

    def interrupted(writes: Any) -> None:
        raise raised

    store.commit = interrupted  # type: ignore[method-assign]
    with pytest.raises(raised):
        registry.devices.register(NewDevice(name="lamp"))
    del store.commit
    assert registry.devices.count() == 0


ANSWERS: List[Tuple[str, Any]] = [
    ("get", None),
    ("get", []),
    ("get", [7]),
    ("find", None),
    ("find", RowPage([], None, None)),
    ("find", ([], None, 0)),
    ("count", [("x", 1, 2)]),
    ("count", [(None, -1)]),
    ("reserve", 7),
    ("reserve", range(5, 1)),
    ("reserve", range(1, 1000, 2)),
]


@pytest.mark.parametrize("method, answer", ANSWERS, ids=str)
def test_a_wrong_answer_of_a_store_is_an_error(method: str, answer: Any) -> None:
    store = DictionaryStore()
    registry = open_on(store)
    setattr(store, method, lambda *_: answer)
    calls: Dict[str, Callable[[], Any]] = {
        "get": lambda: registry.devices.get("aaaaaaaaaaaaaaaaaaaaaaaaaa"),
        "find": lambda: registry.devices.find(),
        "count": lambda: registry.devices.count(),
        "reserve": lambda: registry.devices.register(NewDevice(name="lamp")),
    }
    with pytest.raises(tegata.Error) as caught:
        calls[method]()
    if not (method == "get" and caught.value.code == "input.unknown_id"):
        assert caught.value.code == "store.contract"


def test_what_is_no_store_is_refused() -> None:
    with pytest.raises(TypeError, match="has no migrate"):
        open_on(object())


# --- sealers, clocks, random sources --------------------------------------------------------------------------------------


def test_a_sealer_of_the_host_keeps_the_secrets() -> None:
    sealer = AesSealer()
    store = tegata.MemoryStore()
    with Registry.open(store, sealer) as registry:
        credential = with_product(registry)
    with Registry.open(store, sealer) as registry:
        registry.devices.enroll(request(credential))
    with pytest.raises(tegata.Error) as caught:
        Registry.open(store, AesSealer())
    assert caught.value.code in ("seal.failed", "seal.wrong_key")


@pytest.mark.parametrize("code", ["seal.wrong_key", "seal.damaged"])
def test_a_sealer_of_the_host_says_why_it_does_not_open(code: Any) -> None:
    class Refusing(AesSealer):
        refuses = False

        def open(self, associated: bytes, sealed: bytes) -> bytes:
            if self.refuses:
                raise tegata.CorruptError("another vault", code, "Corrupt")
            return super().open(associated, sealed)

    store, sealer = tegata.MemoryStore(), Refusing()
    with Registry.open(store, sealer) as registry:
        credential = with_product(registry)
    with Registry.open(store, sealer) as registry:
        sealer.refuses = True
        with pytest.raises(tegata.Error) as caught:
            registry.devices.enroll(request(credential))
        assert caught.value.code == code


def test_an_iterator_used_from_inside_its_own_store_is_refused() -> None:
    class Again(DictionaryStore):
        pages: Any = None

        def find(self, query: Any) -> RowPage:
            if self.pages is not None:
                next(self.pages)
            return super().find(query)

    store = Again()
    registry = open_on(store)
    store.pages = registry.devices.iterate()
    with pytest.raises(tegata.Error) as caught:
        next(store.pages)
    assert "called_back" in str(caught.value.__cause__)


def test_clocks_and_random_sources_of_the_host() -> None:
    class Noon:
        def now(self) -> datetime:
            return datetime(2030, 1, 1, 12, tzinfo=timezone.utc)

    class Urandom:
        drawn = 0

        def draw(self, count: int) -> bytes:
            self.drawn += count
            return os.urandom(count)

    random = Urandom()
    registry = open_on(tegata.MemoryStore(), clock=Noon(), random=random)
    device = registry.devices.register(NewDevice(name="lamp"))
    assert device.created == Noon().now()
    with_product(registry)
    assert random.drawn > 0


def test_failing_clocks_and_random_sources_are_errors() -> None:
    class Broken:
        def now(self) -> datetime:
            raise OSError("no time")

        def draw(self, count: int) -> bytes:
            return b"x"

    with pytest.raises(tegata.Error) as caught:
        open_on(tegata.MemoryStore(), clock=Broken())
    assert caught.value.code == "internal.clock_failed"
    with pytest.raises(tegata.Error) as caught:
        open_on(tegata.MemoryStore(), random=Broken())
    assert caught.value.code == "internal.random_failed"
    for wrong in (7, "now"):
        with pytest.raises(TypeError):
            Options(clock=wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            Options(random=wrong)  # type: ignore[arg-type]


# --- progress -------------------------------------------------------------------------------------------------------------


def test_progress_is_reported_stops_and_raises() -> None:
    registry = open_on(tegata.MemoryStore())
    devices = [NewDevice(name=f"lamp {number}") for number in range(1200)]
    seen: List[Tuple[int, int]] = []
    made = registry.devices.register_many(devices, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (1200, 1200) and len(seen) > 1
    assert all(isinstance(one, tegata.Device) for one in made)

    ids = [one.id for one in made if isinstance(one, tegata.Device)]
    stopped = registry.devices.disable_many(ids, progress=lambda done, total: False)
    codes = {one.code for one in stopped if isinstance(one, tegata.Error)}
    assert codes == {"input.cancelled"} and isinstance(stopped[0], tegata.Device)

    def fail(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        registry.devices.enable_many(ids, progress=fail)


def test_the_interpreter_is_free_while_a_call_runs() -> None:
    registry = open_on(tegata.MemoryStore())
    credential = with_product(registry)
    requests = [request(credential) for _ in range(600)]
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.wait(0.001):
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()
    results = registry.devices.enroll_many(requests)
    done.set()
    thread.join()
    assert all(isinstance(one, tegata.Enrolled) for one in results)
    assert ticks > 5
