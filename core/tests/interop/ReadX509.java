import java.io.FileInputStream;
import java.io.InputStream;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateRevokedException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Set;

/** Reads a chain and its CRLs with Java's own CertificateFactory and validates it: TIME ROOT INTERMEDIATE LEAF CRL.. */
class ReadX509 {
    public static void main(String[] arguments) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        X509Certificate[] certificates = new X509Certificate[3];
        for (int i = 0; i < 3; i++) {
            try (InputStream in = new FileInputStream(arguments[i + 1])) {
                certificates[i] = (X509Certificate) factory.generateCertificate(in);
            }
        }
        List<X509CRL> crls = new java.util.ArrayList<>();
        for (int i = 4; i < arguments.length; i++) {
            try (InputStream in = new FileInputStream(arguments[i])) {
                crls.add((X509CRL) factory.generateCRL(in));
            }
        }
        X509Certificate leaf = certificates[2];
        System.out.println("serial " + leaf.getSerialNumber().toString(16));
        System.out.println("names " + leaf.getSubjectAlternativeNames());
        System.out.println("purposes " + leaf.getExtendedKeyUsage());
        System.out.println("critical " + new java.util.TreeSet<>(leaf.getCriticalExtensionOIDs()));
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(certificates[0], null)));
        parameters.setDate(Date.from(Instant.parse(arguments[0])));
        parameters.setRevocationEnabled(true);
        parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(crls)));
        CertPath path = factory.generateCertPath(List.of(leaf, certificates[1]));
        try {
            CertPathValidator.getInstance("PKIX").validate(path, parameters);
            System.out.println("valid");
        } catch (CertPathValidatorException refused) {
            if (!(refused.getCause() instanceof CertificateRevokedException revoked)) {
                throw refused;
            }
            System.out.println("revoked " + revoked.getRevocationReason());
        }
    }
}
