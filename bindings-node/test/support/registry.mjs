// A registry with a product, ready for units.

import { FixedClock, MemoryStore, ProfileSpec, Registry, SoftwareSealer, makeCsr, makeKey } from 'tegata';

export const admin = { actor: 'admin' };

export async function open({ store = new MemoryStore(), sealer = SoftwareSealer.generate(), ...options } = {}) {
  return Registry.open(store, sealer, options);
}

/** What units need: a root, two profiles, a product. */
export async function setUp(registry, { signer } = {}) {
  const root = await registry.authorities.createRoot({ name: 'root', subject: 'CN=Root', signer }, admin);
  const forProducts = await registry.profiles.put('product', ProfileSpec.productCredential(), admin);
  const forDevices = await registry.profiles.put('device', ProfileSpec.device(), admin);
  const product = await registry.products.register(
    { spec: { name: 'camera' }, authority: root.id, credentialProfile: forProducts.id, deviceProfile: forDevices.id },
    admin,
  );
  return { root, forDevices, product, credential: product.credential.issued.der };
}

export async function request(credential) {
  return { credential, csr: await makeCsr(await makeKey('ecdsa-p256')) };
}

export { FixedClock };
