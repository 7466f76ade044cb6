package dev.tidemark.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.ClientConfig;
import dev.tidemark.client.WalClient;
import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.WalServer;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.ReadOptions;
import dev.tidemark.wal.api.WalRecord;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each append is in the log once and in order, whatever the network does. Each test prints the seed of its faults. */
class ExactlyOnceTest {
    private static final int FEW_BYTES = 20_000;

    @TempDir
    Path directory;

    private static long seed(String test) {
        long seed = Long.getLong("tidemark.seed", new SplittableRandom().nextLong());
        System.out.println(test + ": seed=" + seed);
        return seed;
    }

    private WalServer server() {
        WalServer server =
                WalServer.start(ServerConfig.builder().port(0).build(), EmbeddedPartitions.config(directory));
        server.awaitServing(Duration.ofSeconds(60));
        return server;
    }

    /** Soon sure that a connection is dead, and soon back. */
    private static WalClient impatient(int port) {
        return WalClient.connect(ClientConfig.builder("127.0.0.1:" + port)
                .heartbeat(Duration.ofMillis(60))
                .idleTimeout(Duration.ofMillis(250))
                .connectTimeout(Duration.ofMillis(500))
                .firstBackOff(Duration.ofMillis(1))
                .maxBackOff(Duration.ofMillis(20))
                .requestTimeout(Duration.ofSeconds(120))
                .closeTimeout(Duration.ofSeconds(60))
                .build());
    }

    private static WalClient patient(int port) {
        return WalClient.connect(ClientConfig.of("127.0.0.1:" + port));
    }

    @Test
    void connectionsAreCutStalledAndClosedAnywhere_eachAppendIsThereOnce() throws Exception {
        long seed = seed("cut anywhere");
        try (WalServer server = server();
                FaultyProxy proxy = new FaultyProxy(server.port(), seed, FEW_BYTES)) {
            Appenders appenders = new Appenders();
            try (WalClient one = impatient(proxy.port());
                    WalClient other = impatient(proxy.port())) {
                for (int t = 0; t < 3; t++) {
                    appenders.start("one" + t, one.partition("orders", 0), 100, true);
                    appenders.start("other" + t, other.partition("orders", 0), 400, false);
                }
                try (WalClient reader = patient(server.port())) {
                    appenders.assertThatEachIsThereOnce(reader.partition("orders", 0));
                }
            }
            assertThat(proxy.faults())
                    .as("seed=%s: the network was bad enough", seed)
                    .isPositive();
        }
    }

    @Test
    void serverIsRestartedUnderLoad_eachAppendIsThereOnce() throws Exception {
        long seed = seed("restarted");
        WalServer server = server();
        try (FaultyProxy proxy = new FaultyProxy(server.port(), seed, 10 * FEW_BYTES)) {
            Appenders appenders = new Appenders();
            try (WalClient client = impatient(proxy.port())) {
                Partition orders = client.partition("orders", 0);
                for (int t = 0; t < 3; t++) {
                    appenders.start("waiting" + t, orders, 150, true);
                    appenders.start("many" + t, orders, 1_500, false);
                }
                for (int restart = 0; restart < 3; restart++) {
                    orders.whenReadable(200L + 400L * restart).get(120, java.util.concurrent.TimeUnit.SECONDS);
                    server.close();
                    server = server();
                    proxy.moveTo(server.port());
                }
                try (WalClient reader = patient(server.port())) {
                    appenders.assertThatEachIsThereOnce(reader.partition("orders", 0));
                }
            }
        } finally {
            server.close();
        }
    }

    @Test
    void readerBehindABadNetwork_seesEveryRecordOnce_inOrder() throws Exception {
        long seed = seed("reader");
        int records = 3_000;
        try (WalServer server = server();
                FaultyProxy proxy = new FaultyProxy(server.port(), seed, 5 * FEW_BYTES);
                WalClient writer = patient(server.port());
                WalClient reader = impatient(proxy.port())) {
            Partition written = writer.partition("orders", 0);
            for (int i = 0; i < records; i += 100) {
                List<WalRecord> batch = new ArrayList<>();
                for (int k = i; k < i + 100; k++) {
                    batch.add(WalRecord.of(("value " + k).getBytes(StandardCharsets.UTF_8)));
                }
                written.append(batch);
            }
            ReadOptions small = ReadOptions.DEFAULT.withReadAheadBytes(4 << 10);
            try (Cursor cursor = reader.partition("orders", 0).read(From.start(), small)) {
                for (int i = 0; i < records; i++) {
                    assertThat(cursor.next(Duration.ofSeconds(120)))
                            .as("seed=%s record=%s", seed, i)
                            .isTrue();
                    assertThat(new String(cursor.value(), StandardCharsets.UTF_8))
                            .isEqualTo("value " + i);
                }
                assertThat(cursor.next()).isFalse();
            }
        }
    }
}
