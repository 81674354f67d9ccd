import java.io.FileInputStream;
import java.io.InputStream;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Verifies CRLs and prints what they say, a line each: ISSUER CRL.. */
class ReadCrl {
    public static void main(String[] arguments) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        X509Certificate issuer;
        try (InputStream in = new FileInputStream(arguments[0])) {
            issuer = (X509Certificate) factory.generateCertificate(in);
        }
        for (int at = 1; at < arguments.length; at++) {
            X509CRL crl;
            try (InputStream in = new FileInputStream(arguments[at])) {
                crl = (X509CRL) factory.generateCRL(in);
            }
            crl.verify(issuer.getPublicKey());
            List<String> critical = new ArrayList<>(crl.getCriticalExtensionOIDs());
            Collections.sort(critical);
            StringBuilder line = new StringBuilder("critical").append(critical);
            if (crl.getRevokedCertificates() != null) {
                for (X509CRLEntry entry : crl.getRevokedCertificates()) {
                    line.append(' ').append(entry.getSerialNumber().toString(16)).append('=').append(entry.getRevocationReason());
                }
            }
            System.out.println(line);
        }
    }
}
