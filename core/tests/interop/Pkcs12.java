import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;

/** Reads a PKCS#12 file with Java's KeyStore, signs with its key, and writes it anew: FROM TO. */
class Pkcs12 {
    public static void main(String[] arguments) throws Exception {
        char[] password = "pass word~1".toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = new FileInputStream(arguments[0])) {
            store.load(in, password);
        }
        KeyStore copy = KeyStore.getInstance("PKCS12");
        copy.load(null, null);
        for (String alias : java.util.Collections.list(store.aliases())) {
            if (!store.isKeyEntry(alias)) {
                continue;
            }
            PrivateKey key = (PrivateKey) store.getKey(alias, password);
            Certificate[] chain = store.getCertificateChain(alias);
            System.out.println(alias + ": " + chain.length + " certificates");
            for (Certificate certificate : chain) {
                System.out.println(((X509Certificate) certificate).getSubjectX500Principal().getName());
            }
            String algorithm = switch (key.getAlgorithm()) {
                case "EC" -> "SHA256withECDSA";
                case "RSA" -> "SHA256withRSA";
                default -> "Ed25519";
            };
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update((byte) 1);
            byte[] made = signature.sign();
            signature.initVerify(chain[0].getPublicKey());
            signature.update((byte) 1);
            if (!signature.verify(made)) {
                throw new IllegalStateException("the key is not the certificate's");
            }
            copy.setKeyEntry("java", key, password, chain);
        }
        try (OutputStream out = new FileOutputStream(arguments[1])) {
            copy.store(out, password);
        }
    }
}
