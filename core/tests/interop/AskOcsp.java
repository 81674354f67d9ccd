import java.io.FileInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateRevokedException;
import java.security.cert.Extension;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Validates chains and asks an OCSP responder about every certificate of them: URL ROOT INTERMEDIATE (LEAF RESPONSE).. */
class AskOcsp {
    static X509Certificate read(String file) throws Exception {
        try (InputStream in = new FileInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    /** 16 octets inside an OCTET STRING. */
    static final Extension NONCE = new Extension() {
        @Override
        public String getId() {
            return "1.3.6.1.5.5.7.48.1.2";
        }

        @Override
        public boolean isCritical() {
            return false;
        }

        @Override
        public byte[] getValue() {
            byte[] value = new byte[18];
            value[0] = 4;
            value[1] = 16;
            value[17] = 42;
            return value;
        }

        @Override
        public void encode(OutputStream out) throws java.io.IOException {
            byte[] head = {48, 31, 6, 9, 43, 6, 1, 5, 5, 7, 48, 1, 2, 4, 18};
            out.write(head);
            out.write(getValue());
        }
    };

    static String verdict(X509Certificate root, List<X509Certificate> path, PKIXRevocationChecker checker) throws Exception {
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
        checker.setOptions(EnumSet.of(PKIXRevocationChecker.Option.NO_FALLBACK));
        parameters.addCertPathChecker(checker);
        CertPath chain = CertificateFactory.getInstance("X.509").generateCertPath(path);
        try {
            CertPathValidator.getInstance("PKIX").validate(chain, parameters);
            return "valid";
        } catch (CertPathValidatorException refused) {
            if (refused.getCause() instanceof CertificateRevokedException revoked) {
                return "revoked " + revoked.getRevocationReason();
            }
            return refused.getReason() + ": " + refused.getMessage();
        }
    }

    static PKIXRevocationChecker checker() throws Exception {
        return (PKIXRevocationChecker) CertPathValidator.getInstance("PKIX").getRevocationChecker();
    }

    public static void main(String[] arguments) throws Exception {
        URI responder = new URI(arguments[0]);
        X509Certificate root = read(arguments[1]);
        X509Certificate intermediate = read(arguments[2]);
        for (int i = 3; i + 1 < arguments.length; i += 2) {
            X509Certificate leaf = read(arguments[i]);
            List<X509Certificate> path = List.of(leaf, intermediate);
            PKIXRevocationChecker asks = checker();
            asks.setOcspResponder(responder);
            System.out.println(arguments[i] + " asked: " + verdict(root, path, asks));
            PKIXRevocationChecker withNonce = checker();
            withNonce.setOcspResponder(responder);
            withNonce.setOcspExtensions(List.of(NONCE));
            System.out.println(arguments[i] + " asked with a nonce: " + verdict(root, path, withNonce));
            PKIXRevocationChecker prepared = checker();
            prepared.setOcspResponder(responder);
            prepared.setOcspResponses(Map.of(leaf, Files.readAllBytes(Path.of(arguments[i + 1]))));
            System.out.println(arguments[i] + " prepared: " + verdict(root, path, prepared));
        }
    }
}
