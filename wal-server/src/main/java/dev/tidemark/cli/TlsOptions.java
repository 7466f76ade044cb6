package dev.tidemark.cli;

import dev.tidemark.client.tls.TlsFiles;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options with which a command speaks TLS to a server. */
final class TlsOptions {
    @Option(
            names = "--tls",
            description =
                    "Speak TLS with the server; trust the authorities that Java trusts, unless --tls-trust says otherwise.")
    private boolean wantsTls;

    @Option(
            names = "--tls-trust",
            paramLabel = "FILE",
            description = "Speak TLS; trust the certificates in this PEM file, and no others.")
    private Optional<Path> trust = Optional.empty();

    @Option(
            names = "--tls-cert",
            paramLabel = "FILE",
            description = "Speak TLS, with this certificate of our own (PEM), for a server that asks for one.")
    private Optional<Path> certificates = Optional.empty();

    @Option(names = "--tls-key", paramLabel = "FILE", description = "The key of that certificate (PEM, PKCS #8).")
    private Optional<Path> key = Optional.empty();

    /** The files, if there is to be TLS. */
    Optional<TlsFiles> files() {
        boolean isAsked = wantsTls || trust.isPresent() || certificates.isPresent() || key.isPresent();
        return isAsked ? Optional.of(new TlsFiles(certificates, key, trust)) : Optional.empty();
    }
}
