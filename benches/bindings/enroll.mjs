// enroll.mjs COUNT CONCURRENCY: prints the microseconds of one `devices.enroll` into memory.
//
// The package is the one in TEGATA_NODE, or the one in this repository.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const where = process.env.TEGATA_NODE ?? fileURLToPath(new URL('../../bindings-node', import.meta.url));
const { MemoryStore, ProfileSpec, Registry, SoftwareSealer, makeCsr, makeKey } = createRequire(import.meta.url)(where);

const count = Number(process.argv[2] ?? 2000);
const concurrency = Number(process.argv[3] ?? 1);
const WARM_UP = 100;

const call = { actor: 'bench' };
const registry = await Registry.open(new MemoryStore(), SoftwareSealer.generate());
const root = await registry.authorities.createRoot({ name: 'root', subject: 'CN=Root' }, call);
const forProducts = await registry.profiles.put('product', ProfileSpec.productCredential(), call);
const forDevices = await registry.profiles.put('device', ProfileSpec.device(), call);
const product = await registry.products.register(
  { spec: { name: 'camera' }, authority: root.id, credentialProfile: forProducts.id, deviceProfile: forDevices.id },
  call,
);
const credential = product.credential.issued.der;

const requests = [];
for (let unit = 0; unit < count + WARM_UP; unit += 1) {
  requests.push({ credential, csr: await makeCsr(await makeKey('ecdsa-p256'), `CN=unit ${unit}`) });
}

for (const request of requests.splice(0, WARM_UP)) await registry.devices.enroll(request, call);

const began = process.hrtime.bigint();
const work = async () => {
  for (let request = requests.pop(); request !== undefined; request = requests.pop()) {
    await registry.devices.enroll(request, call);
  }
};
await Promise.all(Array.from({ length: concurrency }, work));
const took = Number(process.hrtime.bigint() - began) / 1e3;
console.log((took / count).toFixed(2));
await registry.close();
