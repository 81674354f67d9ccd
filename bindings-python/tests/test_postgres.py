"""PostgreSQL from Python: where there is a server, and that nobody shows its password."""

from __future__ import annotations

import os
import threading

import pytest
import tegata
from tegata import MemoryStore, NewDevice, PostgresOptions, PostgresStore, Registry, SoftwareSealer

URL = os.environ.get("TEGATA_POSTGRES_URL")


def test_nobody_shows_a_password() -> None:
    options = PostgresOptions(password="hunter2", wait=0, connect_timeout=1)
    assert "hunter2" not in repr(options)
    for address in ("postgres://alice:hunter3@127.0.0.1:1/none", "postgres://alice:hunter3@127.0.0.1:1/none?nonsense=hunter3"):
        with pytest.raises(tegata.Error) as refused:
            PostgresStore.connect(address, options)
        assert "hunter" not in str(refused.value) + repr(refused.value)
    with pytest.raises(tegata.Error) as refused:
        Registry.open("postgres://alice:hunter3@127.0.0.1:1/none?wait=1&connect_timeout=1", SoftwareSealer.generate())
    assert refused.value.code == "store.unavailable" and "hunter" not in str(refused.value)
    with pytest.raises(tegata.InvalidInputError):
        tegata.open_store("hunter2")


@pytest.mark.skipif(URL is None, reason="no PostgreSQL")
def test_a_registry_moves_to_postgresql_and_serves_two_who_have_it_open() -> None:
    assert URL is not None
    place = URL + ("&" if "?" in URL else "?") + f"schema=python{os.getpid()}"
    sealer = SoftwareSealer.generate()
    with Registry.open(MemoryStore(), sealer) as here:
        lamp = here.devices.register(NewDevice(name="lamp"))
        copied = here.copy_to(place)
        assert copied.rows == copied.written > 0
        assert here.copy_to(place).written <= 1  # that it is a copy
    store = PostgresStore.connect(place, PostgresOptions(create=False, writers=1))
    with Registry.open(store, sealer) as one, Registry.open(place, sealer) as other:
        assert one.devices.get(lamp.id) == lamp
        outcomes = []

        def register(registry: Registry) -> None:
            try:
                outcomes.append(registry.devices.register(NewDevice(name="the only one")).id)
            except tegata.Error as error:
                outcomes.append(error.code)

        both = [threading.Thread(target=register, args=(registry,)) for registry in (one, other)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert "device.name_taken" in outcomes and len(set(outcomes)) == 2
        back = other.copy_to("memory:")
        assert back.rows > copied.rows
        assert other.check_integrity().is_sound
