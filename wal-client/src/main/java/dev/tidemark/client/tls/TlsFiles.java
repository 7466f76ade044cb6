package dev.tidemark.client.tls;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The PEM files that one end of a TLS connection is made of.
 *
 * <p>At a server: its certificate and key, and, where clients may show certificates of their own, those that these are verified against. At a client: the certificates that
 * the server's is verified against, or none for those that the JDK comes with; and certificate and key of its own, where the server asks for them.
 *
 * @param certificates the certificate of this end first, then those of the authorities that lead to a trusted one
 * @param key its private key, PKCS #8 and not encrypted ({@code BEGIN PRIVATE KEY})
 * @param trust certificates of authorities that the other end is verified against
 */
public record TlsFiles(Optional<Path> certificates, Optional<Path> key, Optional<Path> trust) {

    public TlsFiles {
        Objects.requireNonNull(certificates, "certificates");
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(trust, "trust");
    }

    /** A client that trusts whom the JDK trusts, and shows no certificate. */
    public static TlsFiles systemTrust() {
        return new TlsFiles(Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** An end that has this certificate. */
    public static TlsFiles identifiedBy(Path certificates, Path key) {
        return new TlsFiles(Optional.of(certificates), Optional.of(key), Optional.empty());
    }

    /** An end that trusts these, and shows no certificate. */
    public static TlsFiles trusting(Path trust) {
        return systemTrust().alsoTrusting(trust);
    }

    /** The same that verifies the other end against these. */
    public TlsFiles alsoTrusting(Path newTrust) {
        return new TlsFiles(certificates, key, Optional.of(newTrust));
    }

    /** The same that has this certificate. */
    public TlsFiles alsoIdentifiedBy(Path newCertificates, Path newKey) {
        return new TlsFiles(Optional.of(newCertificates), Optional.of(newKey), trust);
    }

    /** What is wrong with the choice of files, without looking into them. */
    public List<String> problems(TlsContext.Side side) {
        List<String> problems = new ArrayList<>();
        if (certificates.isPresent() != key.isPresent()) {
            problems.add("TLS: a certificate and its key come together");
        } else if (side == TlsContext.Side.SERVER && certificates.isEmpty()) {
            problems.add("TLS: a server has a certificate and its key");
        }
        return problems;
    }
}
