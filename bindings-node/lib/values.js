'use strict';

// What returned values can do besides holding fields: each is one call into the core, made when it is asked for.

/** `run(name, ...arguments)` runs an operation of the native half at once. */
module.exports = (run) => {
  const chainOf = (issued) => [issued.der, ...issued.chain.slice(0, -1)];
  return {
    Issued: {
      get pem() {
        return run('certificates_pem', [this.der]);
      },
      get fullchainPem() {
        return run('certificates_pem', chainOf(this));
      },
      get root() {
        return this.chain.at(-1) ?? null;
      },
      get serial() {
        return this.certificate.serial.toString('hex').toUpperCase();
      },
    },
    IssuedWithKey: {
      get algorithm() {
        return run('IssuedWithKey.algorithm', this.issued.der);
      },
      get keyPem() {
        return this.key === null ? null : run('IssuedWithKey.key_pem', this.key);
      },
    },
    IssuedPsk: {
      get password() {
        return this.secret === null ? null : run('IssuedPsk.password', this.secret);
      },
      get hex() {
        return this.secret === null ? null : run('IssuedPsk.hex', this.secret);
      },
    },
    Authority: {
      get pem() {
        return this.certificate.length === 0 ? '' : run('certificates_pem', [this.certificate]);
      },
    },
    OcspAnswer: {
      get headers() {
        const { contentType, cacheControl, etag, expires, lastModified } = this;
        const all = {
          'Content-Type': contentType,
          'Cache-Control': cacheControl,
          ETag: etag,
          'Last-Modified': lastModified?.toUTCString(),
          Expires: expires?.toUTCString(),
        };
        return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null && value !== undefined));
      },
    },
    Integrity: {
      get isSound() {
        return this.findings.length === 0;
      },
    },
    Maintained: {
      get total() {
        return Object.values(this.removed).reduce((sum, count) => sum + count, 0);
      },
    },
    TrustBundle: {
      get pem() {
        return run('certificates_pem', this.roots);
      },
    },
    CrlRecord: {
      get pem() {
        return run('Crl.pem', this.der);
      },
    },
    CertificateRecord: {
      standing(now) {
        const { state, reason, notBefore, notAfter, retires } = this;
        return run('CertificateRecord.standing', [state, reason, notBefore, notAfter, retires, now]);
      },
    },
    Certificate: {
      get pem() {
        return run('Certificate.pem', this);
      },
      get isSelfSigned() {
        return run('Certificate.is_self_signed', this);
      },
      publicKey() {
        return run('Certificate.public_key', this);
      },
      isValidAt(at) {
        return run('Certificate.is_valid_at', this, at);
      },
      verifySignedBy(issuer) {
        run('Certificate.verify_signed_by', this, issuer);
      },
    },
    CertificateExtensions: {
      names() {
        return run('CertificateExtensions.names', this.subjectAltName);
      },
    },
    Crl: {
      get pem() {
        return run('Crl.pem', this);
      },
      entries() {
        return run('Crl.entries', this);
      },
      get(serial) {
        return run('Crl.get', this, serial);
      },
      isStaleAt(at) {
        return run('Crl.is_stale_at', this, at);
      },
      verifySignedBy(issuer) {
        run('Crl.verify_signed_by', this, issuer);
      },
    },
    PublicKey: {
      verify(algorithm, message, signature) {
        run('PublicKey.verify', this, algorithm, message, signature);
      },
    },
    VerifiedChain: {
      get root() {
        return this.certificates.at(-1) ?? null;
      },
    },
    VerifiedCsr: {},
  };
};
