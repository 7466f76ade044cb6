package dev.tidemark.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.client.WalClient;
import dev.tidemark.wal.SimulatedWal;
import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.InjectedFault;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A full disk and a failed force, as a program sees them that uses the client: the error of an embedded log, and its other partitions go on. */
class ClientOfAFailingDiskTest {
    private final SimulatedDisk disk = new SimulatedDisk();
    private WalServer server;
    private WalClient client;
    private Partition orders;
    private Partition other;

    @BeforeEach
    void start() {
        server = WalServer.start(
                TestServer.config().zeroCopyBytes(Integer.MAX_VALUE).build(), progress -> open());
        server.awaitServing(Duration.ofMinutes(1));
        client = WalClient.connect("127.0.0.1:" + server.port());
        orders = client.partition("orders", 0);
        other = client.partition("other", 0);
        assertThat(orders.append(bytes("a"))).isZero();
        assertThat(other.append(bytes("o"))).isZero();
    }

    private Wal open() {
        return SimulatedWal.open(
                WalConfig.builder(Path.of("/data"))
                        .reserveBytes(64 << 10)
                        .segmentBytes(256 << 10)
                        .prefill(false)
                        .build(),
                Environment.real().withDisk(disk));
    }

    @AfterEach
    void stop() {
        client.close();
        disk.removeFaults();
        try {
            server.close();
        } catch (WalException e) {
            // A partition that has failed is not closed in order, and says so.
            assertThat(e.getMessage()).contains("orders-0");
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static List<String> values(Partition partition) {
        List<String> values = new ArrayList<>();
        try (Cursor cursor = partition.read(From.start())) {
            while (cursor.next()) {
                values.add(new String(cursor.value(), StandardCharsets.UTF_8));
            }
        }
        return values;
    }

    @Test
    void fullDisk_refusesEachAppendUntilThereIsRoom() throws Exception {
        InjectedFault full = disk.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE)
                .where(path -> path.toString().contains("orders-0"))
                .andAllLater()));
        List<CompletableFuture<Long>> refused = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            refused.add(orders.appendAsync(bytes("refused")));
        }
        for (CompletableFuture<Long> each : refused) {
            assertThatThrownBy(() -> each.get(60, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .cause()
                    .isInstanceOfSatisfying(
                            AppendRefusedException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FULL));
        }
        assertThat(values(orders)).containsExactly("a");
        full.remove();
        long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        long offset = -1;
        while (offset < 0) {
            try {
                offset = orders.append(bytes("b"));
            } catch (AppendRefusedException e) {
                // The engine looks for room in its own time.
                assertThat(System.nanoTime() - until).isNegative();
            }
        }
        assertThat(values(orders)).containsExactly("a", "b");
        assertThat(values(other)).containsExactly("o");
    }

    @Test
    void failedForce_endsItsPartitionAndNoOther() {
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)
                .where(path ->
                        path.toString().contains("orders-0") && path.toString().endsWith(".seg"))));
        assertThatThrownBy(() -> orders.append(bytes("b"))).isInstanceOfSatisfying(OutcomeUnknownException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_FAILED);
            assertThat(e.offset()).isEqualTo(1);
        });
        assertThatThrownBy(() -> orders.append(bytes("c")))
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_FAILED));
        assertThat(other.append(bytes("p"))).isEqualTo(1);
        assertThat(values(orders)).containsExactly("a");
        assertThat(values(other)).containsExactly("o", "p");
    }
}
