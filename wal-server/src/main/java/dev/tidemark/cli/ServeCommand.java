package dev.tidemark.cli;

import dev.tidemark.client.tls.TlsFiles;
import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.ServerState;
import dev.tidemark.server.WalServer;
import dev.tidemark.wal.api.WalConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Opens a store for clients on the network, until it is told to stop. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description = {
            "Opens a store for clients on the network, until Ctrl-C or SIGTERM.",
            "Listens at once and recovers the store; then prints a line. When it is told to stop, it answers what is under way and closes the store. It "
                    + "listens on this machine only, unless --host says otherwise; then clients have to show who they are."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal serve --data data",
            "  wal serve --data data --port 7878 --http-port 7879",
            "  wal serve --data data --tls-cert server.pem --tls-key server-key.pem"
        })
final class ServeCommand extends ConsoleCommand {
    /** A signal ends the process after this, however much is under way: draining, then the close of the store. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /** However long recovery takes. */
    private static final Duration FOR_EVER = Duration.ofDays(365);

    @Mixin
    private final StoreOption store = new StoreOption();

    @Mixin
    private final LimitOptions limits = new LimitOptions();

    @Option(names = "--host", paramLabel = "HOST", description = "The address to listen on. Default: 127.0.0.1.")
    private String host = "127.0.0.1";

    @Option(names = "--port", paramLabel = "N", description = "The port for clients; 0 for a free one. Default: 7878.")
    private int port = 7878;

    @Option(
            names = "--http-port",
            paramLabel = "N",
            description = "The port for health, metrics and the status page (HTTP); 0 for a free one. Default: none.")
    private Optional<Integer> httpPort = Optional.empty();

    @Option(
            names = "--event-loops",
            paramLabel = "N",
            description = "Threads that serve connections. Default: one for each two processors.")
    private Optional<Integer> eventLoops = Optional.empty();

    @Option(
            names = "--tls-cert",
            paramLabel = "FILE",
            description =
                    "Speak TLS on both ports, with this certificate, and those that lead from it to an authority (PEM). Read again when it changes.")
    private Optional<Path> tlsCertificates = Optional.empty();

    @Option(names = "--tls-key", paramLabel = "FILE", description = "The key of that certificate (PEM, PKCS #8).")
    private Optional<Path> tlsKey = Optional.empty();

    @Option(
            names = "--tls-client-trust",
            paramLabel = "FILE",
            description = "Let in who shows a certificate that one of these has signed (PEM).")
    private Optional<Path> tlsClientTrust = Optional.empty();

    @Option(
            names = "--tokens",
            paramLabel = "FILE",
            description = "Let in who shows a token of this file ('wal token'). Read again when it changes.")
    private Optional<Path> tokens = Optional.empty();

    @Option(
            names = "--permissions",
            paramLabel = "FILE",
            description = "Let each do what this file permits, and nothing else. Read again when it changes.")
    private Optional<Path> permissions = Optional.empty();

    @Option(
            names = "--insecure-clear-text-tokens",
            description = "Take tokens from other machines without TLS, too: everybody on the way can read them.")
    private boolean insecureClearTextTokens;

    @Option(
            names = "--insecure-no-authentication",
            description =
                    "Listen on another address than this machine's own, and let everybody who can connect read, append and delete.")
    private boolean insecureNoAuthentication;

    private final CompletableFuture<Void> stop = new CompletableFuture<>();

    ServeCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() throws InterruptedException {
        ServerConfig.Builder config = ServerConfig.builder()
                .host(host)
                .port(port)
                .insecureClearTextTokens(insecureClearTextTokens)
                .insecureNoAuthentication(insecureNoAuthentication);
        tokens.ifPresent(config::tokens);
        permissions.ifPresent(config::permissions);
        limits.addTo(config);
        httpPort.ifPresent(config::httpPort);
        eventLoops.ifPresent(config::eventLoops);
        if (tlsCertificates.isPresent() || tlsKey.isPresent() || tlsClientTrust.isPresent()) {
            config.tls(new TlsFiles(tlsCertificates, tlsKey, tlsClientTrust));
        }
        WalConfig opened = WalConfig.of(
                Files.exists(store.directory()) ? StoreOption.existing(store.directory()) : store.directory());
        try (InterruptGuard guard = new InterruptGuard(() -> stop.complete(null), PATIENCE, () -> {})) {
            serve(config.build(), opened);
            return guard.isInterrupted() ? ExitCode.INTERRUPTED : ExitCode.OK;
        }
    }

    private void serve(ServerConfig config, WalConfig opened) throws InterruptedException {
        WalServer server = WalServer.start(config, opened);
        if (isStoppedBeforeItServes(server)) {
            // Closing would wait for the recovery. A process that ends in the midst of one leaves what a crash leaves.
            out().line("stopped while recovering; the next start begins anew");
            out().flush();
            return;
        }
        try (server) {
            server.awaitServing(FOR_EVER);
            out().line("serving " + store.directory() + " on " + host + ":" + server.port()
                    + (config.tls().isPresent() ? " with TLS" : "")
                    + (server.httpPort().isPresent()
                            ? ", health and metrics on " + (config.tls().isPresent() ? "https://" : "http://") + host
                                    + ":" + server.httpPort().getAsInt()
                            : ""));
            out().flush();
            stop.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("a signal is no failure", e);
        }
        out().line("stopped");
        // Before the guard lets the process go, which asks nobody else then.
        out().flush();
    }

    /** Waits for whichever comes first. A store that cannot be opened is the business of who waits for it next. */
    private boolean isStoppedBeforeItServes(WalServer server) throws InterruptedException {
        try {
            CompletableFuture.anyOf(stop, server.whenServing().toCompletableFuture())
                    .get();
        } catch (ExecutionException e) {
            return false;
        }
        return stop.isDone() && server.state() == ServerState.STARTING;
    }
}
