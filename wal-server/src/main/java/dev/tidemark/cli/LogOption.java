package dev.tidemark.cli;

import dev.tidemark.client.ClientConfig;
import dev.tidemark.client.WalClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options {@code --data} and {@code --server}, of which a command takes one: where the logs are. */
final class LogOption {
    /** A person waits no longer for a server that is not there. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @Option(
            names = {"-d", "--data"},
            paramLabel = "DIR",
            description = "The directory of the store.")
    private Optional<Path> directory = Optional.empty();

    @Option(
            names = {"-s", "--server"},
            paramLabel = "HOST:PORT",
            description = "A server ('wal serve'), in place of a directory.")
    private Optional<String> server = Optional.empty();

    @Mixin
    private final TlsOptions tls = new TlsOptions();

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            defaultValue = "${env:WAL_TOKEN_FILE}",
            description =
                    "The file with our token, for a server that asks who we are. Default: what WAL_TOKEN_FILE names.")
    private Optional<Path> tokenFile = Optional.empty();

    @Option(
            names = "--insecure-clear-text-token",
            description = "Send the token to another machine without TLS, too: everybody on the way can read it.")
    private boolean insecureClearTextToken;

    /** Whether either was given. */
    boolean isGiven() {
        return directory.isPresent() || server.isPresent();
    }

    /** The directory, unless a server was given. */
    Optional<StoreOption> store() {
        if (directory.isPresent() == server.isPresent()) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "USAGE",
                    "give either --data DIR or --server HOST:PORT, to say where the logs are",
                    "");
        }
        if (directory.isPresent() && tls.files().isPresent()) {
            throw new CommandFailure(ExitCode.USAGE, "USAGE", "TLS is for --server HOST:PORT, not for --data DIR", "");
        }
        return directory.map(StoreOption::of);
    }

    /** What this directory or server has, to be read. */
    Logs openToRead() {
        return store().<Logs>map(store -> new Logs.InStore(store.openToRead())).orElseGet(this::connect);
    }

    /** What this directory or server has, to be changed; a store that is not there is made. */
    Logs openToWrite() {
        return store().<Logs>map(store -> new Logs.InStore(store.openToWrite())).orElseGet(this::connect);
    }

    /** What this directory or server has, to be changed; it must be there. */
    Logs openExistingToWrite() {
        return store().<Logs>map(store -> new Logs.InStore(store.openExistingToWrite(config -> config)))
                .orElseGet(this::connect);
    }

    private Logs connect() {
        ClientConfig.Builder config =
                ClientConfig.builder(server.orElseThrow()).clientName("wal").requestTimeout(PATIENCE);
        config.insecureClearTextToken(insecureClearTextToken);
        tls.files().ifPresent(config::tls);
        tokenFile.ifPresent(config::tokenFile);
        return new Logs.OfServer(WalClient.connect(config.build()));
    }
}
