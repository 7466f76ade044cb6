package dev.tidemark.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.ClientConfig;
import dev.tidemark.client.WalClient;
import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.WalServer;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Partition;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that is restarted under many clients, which all come back. {@code -Dtidemark.clients=400} for more of them. */
class ReconnectStormTest {
    private static final int RESTARTS = 2;

    @TempDir
    Path directory;

    private ServerConfig config;

    private WalServer server() {
        config = ServerConfig.builder().port(0).build();
        WalServer server = WalServer.start(config, EmbeddedPartitions.config(directory));
        server.awaitServing(Duration.ofMinutes(1));
        return server;
    }

    @Test
    void serverThatIsRestartedUnderManyClients_hasThemAllBack() throws Exception {
        int count = Integer.getInteger("tidemark.clients", 40);
        WalServer server = server();
        List<WalClient> clients = new ArrayList<>();
        Map<String, CompletableFuture<Long>> appends = new HashMap<>();
        try (FaultyProxy proxy = new FaultyProxy(server.port(), 1, 1)) {
            proxy.heal();
            for (int i = 0; i < count; i++) {
                clients.add(WalClient.connect(ClientConfig.builder("127.0.0.1:" + proxy.port())
                        .requestTimeout(Duration.ofSeconds(120))
                        .appendTimeout(Duration.ofSeconds(120))
                        .build()));
            }
            for (int restart = 0; restart < RESTARTS; restart++) {
                appendEach(clients, "before" + restart, appends);
                server.close();
                // Nobody is there: all of them are calling.
                appendEach(clients, "away" + restart, appends);
                server = server();
                proxy.moveTo(server.port());
                appendEach(clients, "after" + restart, appends);
                CompletableFuture.allOf(appends.values().toArray(new CompletableFuture<?>[0]))
                        .get(120, TimeUnit.SECONDS);
                // Each came back, with few attempts that were answered.
                assertThat(hellos()).isBetween((double) count, 20.0 * count);
            }
            assertThat(PooledByteBufAllocator.DEFAULT.pinnedDirectMemory()).isLessThan(64L << 20);
            try (WalClient reader = WalClient.connect("127.0.0.1:" + server.port())) {
                assertThatEachIsThereOnce(reader.partition("orders", 0), appends);
            }
        } finally {
            clients.forEach(WalClient::close);
            server.close();
        }
    }

    private static void appendEach(List<WalClient> clients, String when, Map<String, CompletableFuture<Long>> appends) {
        for (int i = 0; i < clients.size(); i++) {
            String value = when + ":" + i;
            appends.put(
                    value, clients.get(i).partition("orders", 0).appendAsync(value.getBytes(StandardCharsets.UTF_8)));
        }
    }

    private double hellos() {
        return config.meters()
                .get("wal.server.requests")
                .tag("kind", "hello")
                .counter()
                .count();
    }

    private static void assertThatEachIsThereOnce(Partition orders, Map<String, CompletableFuture<Long>> appends) {
        Map<String, Long> acknowledged = new HashMap<>();
        appends.forEach((value, offset) -> acknowledged.put(value, offset.join()));
        Map<String, Long> found = new HashMap<>();
        try (Cursor cursor = orders.read(From.start())) {
            while (cursor.next()) {
                String value = new String(cursor.value(), StandardCharsets.UTF_8);
                assertThat(found.put(value, cursor.offset())).as(value).isNull();
            }
        }
        assertThat(found).isEqualTo(acknowledged);
    }
}
