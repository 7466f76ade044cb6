package dev.tidemark.server;

import dev.tidemark.wal.api.WalConfig;
import java.nio.file.Path;
import java.time.Duration;

/** Servers for tests. */
final class TestServer {
    private TestServer() {}

    static ServerConfig.Builder config() {
        return ServerConfig.builder().port(0).eventLoops(2).drainTimeout(Duration.ofSeconds(30));
    }

    static WalConfig.Builder store(Path directory) {
        return WalConfig.builder(directory).reserveBytes(64 << 10).segmentBytes(1 << 20);
    }

    static WalServer start(Path directory) {
        return start(config().build(), store(directory).build());
    }

    static WalServer start(ServerConfig config, WalConfig store) {
        WalServer server = WalServer.start(config, store);
        server.awaitServing(Duration.ofMinutes(1));
        return server;
    }
}
