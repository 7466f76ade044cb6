package dev.tidemark.server.security;

import dev.tidemark.client.tls.TlsFiles;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import javax.security.auth.x500.X500Principal;

/** An authority of a test's own, and the certificates it gives out, as PEM files. */
public final class TestAuthority {
    private static final DateTimeFormatter UTC_TIME =
            DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);
    private static final byte[] ECDSA_WITH_SHA256 = Der.sequence(Der.oid("1.2.840.10045.4.3.2"));
    private static final AtomicLong SERIALS = new AtomicLong(1);

    private final Path directory;
    private final X500Principal name;
    private final KeyPair keys;
    private final Path trust;

    private TestAuthority(Path directory, X500Principal name, KeyPair keys, Path trust) {
        this.directory = directory;
        this.name = name;
        this.keys = keys;
        this.trust = trust;
    }

    /** Writes its own certificate into the directory, and all it gives out. */
    public static TestAuthority in(Path directory, String name) throws IOException, GeneralSecurityException {
        KeyPair keys = newKeys();
        X500Principal principal = new X500Principal("CN=" + name);
        byte[] certificate = certificate(
                principal,
                keys,
                principal,
                keys,
                List.of(authority()),
                Instant.now().plus(Duration.ofDays(2)));
        Path trust = directory.resolve(name + ".pem");
        Files.writeString(trust, pem("CERTIFICATE", certificate));
        return new TestAuthority(directory, principal, keys, trust);
    }

    /** Its own certificate. */
    public Path trust() {
        return trust;
    }

    /** A certificate for these names or addresses, good for a day; with its key. */
    public TlsFiles issue(String subject, String... hosts) throws IOException, GeneralSecurityException {
        return issue(subject, Instant.now().plus(Duration.ofDays(1)), hosts);
    }

    /** One that ends then. */
    public TlsFiles issue(String subject, Instant notAfter, String... hosts)
            throws IOException, GeneralSecurityException {
        KeyPair own = newKeys();
        return written(
                certificate(new X500Principal("CN=" + subject), own, name, keys, List.of(names(hosts)), notAfter), own);
    }

    /** One that nobody but its own key has signed. */
    public TlsFiles selfSigned(String subject, String... hosts) throws IOException, GeneralSecurityException {
        KeyPair own = newKeys();
        X500Principal self = new X500Principal("CN=" + subject);
        return written(
                certificate(
                        self,
                        own,
                        self,
                        own,
                        List.of(names(hosts)),
                        Instant.now().plus(Duration.ofDays(1))),
                own);
    }

    private TlsFiles written(byte[] certificate, KeyPair own) throws IOException {
        long number = SERIALS.incrementAndGet();
        Path file = directory.resolve(number + "-certificate.pem");
        Path key = directory.resolve(number + "-key.pem");
        Files.writeString(file, pem("CERTIFICATE", certificate));
        Files.writeString(key, pem("PRIVATE KEY", own.getPrivate().getEncoded()));
        return TlsFiles.identifiedBy(file, key);
    }

    private static KeyPair newKeys() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    private static String pem(String what, byte[] content) {
        return "-----BEGIN " + what + "-----\n"
                + Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                        .encodeToString(content)
                + "\n-----END " + what + "-----\n";
    }

    // ---------------------------------------------------------------- X.509

    private static byte[] certificate(
            X500Principal subject,
            KeyPair own,
            X500Principal issuer,
            KeyPair signer,
            List<byte[]> extensions,
            Instant notAfter)
            throws GeneralSecurityException {
        Instant notBefore = notAfter.minus(Duration.ofDays(3));
        byte[] content = Der.sequence(
                Der.tagged(0xa0, Der.integer(BigInteger.TWO)),
                Der.integer(BigInteger.valueOf(SERIALS.incrementAndGet())),
                ECDSA_WITH_SHA256,
                issuer.getEncoded(),
                Der.sequence(Der.ascii(0x17, UTC_TIME.format(notBefore)), Der.ascii(0x17, UTC_TIME.format(notAfter))),
                subject.getEncoded(),
                own.getPublic().getEncoded(),
                Der.tagged(0xa3, Der.sequence(extensions.toArray(new byte[0][]))));
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(signer.getPrivate());
        signature.update(content);
        return Der.sequence(content, ECDSA_WITH_SHA256, Der.bits(signature.sign()));
    }

    private static byte[] authority() {
        return Der.sequence(Der.oid("2.5.29.19"), Der.TRUE, Der.octets(Der.sequence(Der.TRUE)));
    }

    private static byte[] names(String... hosts) throws GeneralSecurityException {
        ByteArrayOutputStream names = new ByteArrayOutputStream();
        for (String host : hosts) {
            boolean isAddress = Character.isDigit(host.charAt(0));
            names.writeBytes(isAddress ? Der.tagged(0x87, addressOf(host)) : Der.ascii(0x82, host));
        }
        return Der.sequence(Der.oid("2.5.29.17"), Der.octets(Der.sequence(names.toByteArray())));
    }

    private static byte[] addressOf(String host) throws GeneralSecurityException {
        try {
            return InetAddress.getByName(host).getAddress();
        } catch (IOException e) {
            throw new GeneralSecurityException("no address: host=" + host, e);
        }
    }
}
