package dev.tidemark.client.tls;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is in PEM files. No message of it has anything of a key. */
final class Pem {
    private static final Pattern PRIVATE_KEY = Pattern.compile(
            "-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]*)-----END PRIVATE KEY-----", Pattern.CASE_INSENSITIVE);

    private static final byte[] PROBE = "a key fits its certificate".getBytes(StandardCharsets.US_ASCII);

    private Pem() {}

    /** All certificates of a file, in their order; at least one. */
    static List<X509Certificate> certificates(Path file, byte[] content) throws GeneralSecurityException {
        List<X509Certificate> found = new ArrayList<>();
        try {
            for (Certificate each :
                    CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(content))) {
                found.add((X509Certificate) each);
            }
        } catch (CertificateException e) {
            throw new CertificateException("no certificates in PEM: file=" + file + " (" + e.getMessage() + ')', e);
        }
        if (found.isEmpty()) {
            throw new CertificateException("no certificates in PEM: file=" + file);
        }
        return found;
    }

    /** The key of a file, of the kind that this certificate has, and the one that belongs to it. */
    static PrivateKey key(Path file, byte[] content, X509Certificate certificate) throws GeneralSecurityException {
        Matcher block = PRIVATE_KEY.matcher(new String(content, StandardCharsets.ISO_8859_1));
        if (!block.find()) {
            throw new InvalidKeyException("no 'BEGIN PRIVATE KEY' in it (PKCS #8, not encrypted; 'openssl pkcs8 -topk8"
                    + " -nocrypt' makes one of another kind): file=" + file);
        }
        PublicKey pair = certificate.getPublicKey();
        PrivateKey key;
        try {
            byte[] encoded = Base64.getMimeDecoder().decode(block.group(1));
            key = KeyFactory.getInstance(pair.getAlgorithm()).generatePrivate(new PKCS8EncodedKeySpec(encoded));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            // The cause is left out: nobody knows what it says of the bytes it could not read.
            throw new InvalidKeyException(
                    "no key of the certificate's kind: file=" + file + " kind=" + pair.getAlgorithm());
        }
        if (!isPair(key, pair)) {
            throw new InvalidKeyException("key does not belong to the certificate: file=" + file);
        }
        return key;
    }

    /** Without this a pair that does not match is noticed when the first client comes. */
    private static boolean isPair(PrivateKey key, PublicKey pair) throws GeneralSecurityException {
        String algorithm = switch (pair.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "RSASSA-PSS" -> "";
            case "EC" -> "SHA256withECDSA";
            case "EdDSA", "Ed25519", "Ed448" -> "EdDSA";
            default -> "";
        };
        if (algorithm.isEmpty()) {
            return true;
        }
        Signature signature = Signature.getInstance(algorithm);
        signature.initSign(key);
        signature.update(PROBE);
        byte[] signed = signature.sign();
        signature.initVerify(pair);
        signature.update(PROBE);
        return signature.verify(signed);
    }
}
