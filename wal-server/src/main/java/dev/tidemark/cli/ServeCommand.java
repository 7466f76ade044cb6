package dev.tidemark.cli;

import dev.tidemark.client.tls.TlsFiles;
import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.ServerState;
import dev.tidemark.server.WalServer;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.WalConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

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
            "  wal serve --data data --tls-cert server.pem --tls-key server-key.pem",
            "  wal serve --config tidemark.conf --print-config"
        })
final class ServeCommand extends ConsoleCommand {
    /** A signal ends the process after this, however much is under way: draining, then the close of the store. */
    static final Duration PATIENCE = Duration.ofMinutes(2);

    /** What can be changed while the server runs. */
    private static final String LOG_LEVEL = "log-level";

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

    @Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            description = "How much to log, to standard error: ${COMPLETION-CANDIDATES}. Default: INFO.")
    private LogLevel logLevel = LogLevel.INFO;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = {
                "A file with lines 'key = value'; a key is the name of an option here, such as http-port. A flag counts more than a variable of the environment "
                        + "(TIDEMARK_HTTP_PORT), and that more than the file. Read again at SIGHUP."
            })
    @SuppressWarnings("UnusedVariable") // Settings read it, as they do all options
    private Optional<Path> config = Optional.empty();

    @Option(
            names = "--print-config",
            description = "Check all of it, print it with where each value comes from, and end.")
    private boolean printsConfig;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before the command runs
    private CommandSpec spec;

    private final CompletableFuture<Void> stop = new CompletableFuture<>();

    /** What the main thread is woken for: true to stop, false to read the configuration again. */
    private final BlockingQueue<Boolean> calls = new LinkedBlockingQueue<>();

    ServeCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() throws InterruptedException {
        Settings settings =
                new Settings(spec.commandLine().getParseResult(), console().environment());
        Settings.Read read = settings.read();
        ServerConfig server = configured(settings, read);
        if (printsConfig) {
            settings.lines(read).forEach(out()::line);
            return ExitCode.OK;
        }
        sayWhatHappens(read);
        WalConfig opened = WalConfig.of(
                Files.exists(store.directory()) ? StoreOption.existing(store.directory()) : store.directory());
        try (InterruptGuard guard = new InterruptGuard(this::askToStop, PATIENCE, () -> {})) {
            serve(server, opened, settings, read);
            return guard.isInterrupted() ? ExitCode.INTERRUPTED : ExitCode.OK;
        }
    }

    /** A server says what it does. Where the log has a configuration of its own, that holds, unless a level was asked for. */
    private void sayWhatHappens(Settings.Read read) {
        System.setProperty(GlobalOptions.LEVEL_PROPERTY, logLevel.name());
        if (!read.isDefault(LOG_LEVEL)) {
            logLevel.set();
        }
    }

    private void askToStop() {
        stop.complete(null);
        calls.add(true);
    }

    /** Sets what comes from elsewhere than flags, and makes a configuration of all of it; or says everything that is wrong in one message. */
    private ServerConfig configured(Settings settings, Settings.Read read) {
        List<String> problems = new ArrayList<>();
        for (Exception error : spec.commandLine().getParseResult().errors()) {
            // What is required may come from elsewhere, and is looked at below.
            if (!String.valueOf(error.getMessage()).startsWith("Missing required")) {
                problems.add(String.valueOf(error.getMessage()));
            }
        }
        problems.addAll(read.problems());
        if (read.value("data").isEmpty()) {
            problems.add("data is not given: the directory of the store");
        }
        settings.set(read);
        try {
            ServerConfig server = server().build();
            if (problems.isEmpty()) {
                return server;
            }
        } catch (InvalidCallException e) {
            problems.add(String.valueOf(e.getMessage()).replaceFirst("^CONFIG_INVALID ", ""));
        }
        throw new CommandFailure(
                ExitCode.USAGE,
                "CONFIG_INVALID",
                String.join("; ", problems),
                "see 'wal serve --help'; docs/configuration.md has every key");
    }

    private ServerConfig.Builder server() {
        ServerConfig.Builder server = ServerConfig.builder()
                .host(host)
                .port(port)
                .insecureClearTextTokens(insecureClearTextTokens)
                .insecureNoAuthentication(insecureNoAuthentication);
        tokens.ifPresent(server::tokens);
        permissions.ifPresent(server::permissions);
        limits.addTo(server);
        httpPort.ifPresent(server::httpPort);
        eventLoops.ifPresent(server::eventLoops);
        if (tlsCertificates.isPresent() || tlsKey.isPresent() || tlsClientTrust.isPresent()) {
            server.tls(new TlsFiles(tlsCertificates, tlsKey, tlsClientTrust));
        }
        return server;
    }

    private void serve(ServerConfig config, WalConfig opened, Settings settings, Settings.Read read)
            throws InterruptedException {
        // First: without it the signal ends the process. What is said while the store recovers is done afterwards.
        if (!HangUp.handle(() -> calls.add(false))) {
            LoggerFactory.getLogger(ServeCommand.class).info("SIGHUP cannot be heard here");
        }
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
            Settings.Read now = read;
            while (!calls.take()) {
                now = readAgain(server, settings, now);
            }
        }
        out().line("stopped");
        // Before the guard lets the process go, which asks nobody else then.
        out().flush();
    }

    /** The files that certificates, tokens and permissions are in, and what can be changed while the server runs. */
    private Settings.Read readAgain(WalServer server, Settings settings, Settings.Read before) {
        Logger log = LoggerFactory.getLogger(ServeCommand.class);
        Settings.Read read = settings.read();
        server.reload();
        if (!read.problems().isEmpty()) {
            log.warn("configuration cannot be used, that before goes on: {}", String.join("; ", read.problems()));
            return before;
        }
        settings.set(read.only(LOG_LEVEL));
        logLevel.set();
        List<String> changed = before.changed(read).stream()
                .filter(change -> !change.startsWith(LOG_LEVEL + ' '))
                .toList();
        if (changed.isEmpty()) {
            log.info("configuration was read again: logLevel={}", logLevel);
        } else {
            log.warn(
                    "configuration was read again; these need a restart, and are as they were: {}",
                    String.join(", ", changed));
        }
        return before.with(read.only(LOG_LEVEL));
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
