"""enroll.py COUNT THREADS: prints the microseconds of one `devices.enroll` into memory.

The package is the one that `import tegata` finds; build it with `maturin build --release`.
"""

import sys
import threading
import time

from tegata import Enroll, MemoryStore, NewAuthority, NewProduct, ProductSpec, ProfileSpec, Registry, SoftwareSealer
from tegata import make_csr, make_key

WARM_UP = 100


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with Registry.open(MemoryStore(), SoftwareSealer.generate()) as registry:
        root = registry.authorities.create_root(NewAuthority("root", "CN=Root"), actor="bench")
        for_products = registry.profiles.put("product", ProfileSpec.product_credential(), actor="bench")
        for_devices = registry.profiles.put("device", ProfileSpec.device(), actor="bench")
        new = NewProduct(ProductSpec("camera"), root.id, for_products.id, for_devices.id)
        credential = registry.products.register(new, actor="bench").credential.issued.der

        csrs = [make_csr(make_key("ecdsa-p256"), f"CN=unit {unit}") for unit in range(count + WARM_UP)]
        requests = [Enroll(credential, csr) for csr in csrs]
        for request in requests[count:]:
            registry.devices.enroll(request, actor="bench")

        def work(mine: "list[Enroll]") -> None:
            devices = registry.devices
            for request in mine:
                devices.enroll(request, actor="bench")

        workers = [threading.Thread(target=work, args=(requests[first:count:threads],)) for first in range(threads)]
        began = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        print(f"{(time.perf_counter() - began) * 1e6 / count:.2f}")


main()
