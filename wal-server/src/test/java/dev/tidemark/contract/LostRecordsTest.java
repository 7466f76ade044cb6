package dev.tidemark.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.WalClient;
import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.WalServer;
import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.DamagePolicy;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.ReadOptions;
import dev.tidemark.wal.api.WalConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records that are on record as lost: a reader over the network is told of the gap, once, and goes on behind it, as one in the process. */
class LostRecordsTest {
    private static final int SEGMENTS = 5;
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    private Path directory;

    private WalConfig config() {
        return WalConfig.builder(directory)
                .segmentBytes(16 << 10)
                .reserveBytes(64 << 10)
                .proofDelay(Duration.ofHours(1))
                .damagePolicy(DamagePolicy.QUARANTINE)
                .build();
    }

    /** Fifty records, of which a segment of ten is gone, and another one at the beginning. */
    @BeforeEach
    void loseTwoSegments() throws IOException {
        try (Wal wal = Wal.open(config())) {
            LocalPartition orders = wal.partition("orders", 0);
            for (int i = 0; i < 10 * SEGMENTS; i++) {
                if (i > 0 && i % 10 == 0) {
                    orders.rotate();
                }
                orders.append(("value " + i).getBytes(StandardCharsets.UTF_8));
            }
        }
        List<Path> segments;
        try (Stream<Path> files = Files.list(directory.resolve("orders-0"))) {
            segments = files.filter(file -> file.toString().endsWith(".seg"))
                    .sorted()
                    .toList();
        }
        Files.delete(segments.get(0));
        Files.delete(segments.get(2));
        // The newest was hurt as well, or no opening would look at the others.
        byte[] newest = Files.readAllBytes(segments.get(4));
        newest[4096 + 41] ^= 1;
        Files.write(segments.get(4), newest);
    }

    /** What a reader is given: values with their offsets, and gaps with their ends. */
    private static List<String> told(Partition partition, From from, ReadOptions options, boolean isWaiting) {
        List<String> told = new ArrayList<>();
        long end = partition.ends().readable();
        try (Cursor cursor = partition.read(from, options)) {
            while (true) {
                try {
                    boolean isMoved = isWaiting ? cursor.nextOffset() < end && cursor.next(PATIENCE) : cursor.next();
                    if (!isMoved) {
                        return told;
                    }
                    told.add(cursor.offset() + " " + new String(cursor.value(), StandardCharsets.UTF_8));
                } catch (DamageException e) {
                    assertThat(e.code()).as("%s", e).isEqualTo(ErrorCode.RECORDS_LOST);
                    told.add("lost " + e.damage().firstOffset() + ".."
                            + e.damage().endOffset());
                    assertThat(cursor.nextOffset()).isEqualTo(e.damage().endOffset());
                }
                assertThat(told).as("told again and again").hasSizeLessThan(100);
            }
        }
    }

    private static List<List<String>> toldFromEverywhere(Partition partition) {
        List<List<String>> all = new ArrayList<>();
        ReadOptions small = ReadOptions.DEFAULT.withReadAheadBytes(4 << 10);
        for (ReadOptions options : List.of(ReadOptions.DEFAULT, small)) {
            for (From from : List.of(
                    From.start(),
                    From.timestamp(0),
                    From.offset(0),
                    From.offset(5),
                    From.offset(10),
                    From.offset(19),
                    From.offset(20),
                    From.offset(25),
                    From.offset(30),
                    From.end())) {
                all.add(told(partition, from, options, false));
                all.add(told(partition, from, options, true));
            }
        }
        return all;
    }

    @Test
    void gaps_areToldOverTheNetworkAsTheyAreInTheProcess() {
        List<List<String>> embedded;
        try (Wal wal = Wal.open(config())) {
            embedded = toldFromEverywhere(wal.partition("orders", 0));
        }
        assertThat(embedded.get(0)).contains("lost 0..10", "lost 20..30", "19 value 19");
        try (WalServer server = WalServer.start(ServerConfig.builder().port(0).build(), config())) {
            server.awaitServing(Duration.ofMinutes(1));
            try (WalClient client = WalClient.connect("127.0.0.1:" + server.port())) {
                Partition orders = client.partition("orders", 0);
                assertThat(toldFromEverywhere(orders)).isEqualTo(embedded);
                assertThat(orders.append(new byte[1])).isGreaterThanOrEqualTo(10L * SEGMENTS);
            }
        }
    }
}
