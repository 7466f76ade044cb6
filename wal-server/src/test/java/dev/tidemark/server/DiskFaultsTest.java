package dev.tidemark.server;

import static dev.tidemark.server.RawClient.ORDERS;
import static dev.tidemark.server.RawClient.codeOf;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.protocol.WireError;
import dev.tidemark.wal.SimulatedWal;
import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.InjectedFault;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A disk that fails behind the server: the client is told what an embedded caller is told, and other partitions go on. */
class DiskFaultsTest {
    private static final PartitionName OTHER = new PartitionName("other", 0, PartitionName.ANY);

    private final SimulatedDisk disk = new SimulatedDisk();
    private WalServer server;
    private RawClient client;

    @BeforeEach
    void start() throws IOException {
        // The kernel would send everything from the file, and there is no file: so the log is asked to read it.
        server = WalServer.start(TestServer.config().zeroCopyBytes(1).build(), progress -> open());
        server.awaitServing(Duration.ofMinutes(1));
        client = RawClient.greeted(server);
        client.append(ORDERS, "a");
        client.append(OTHER, "o");
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
    void stop() throws IOException {
        client.close();
        disk.removeFaults();
        try {
            server.close();
        } catch (WalException e) {
            // A partition that has failed is not closed in order, and says so.
            assertThat(e.getMessage()).contains("orders-0");
        }
    }

    @Test
    void forceThatFails_stopsItsPartitionAndNoOther() throws IOException {
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)
                .where(path ->
                        path.toString().contains("orders-0") && path.toString().endsWith(".seg"))));

        Answer.Failed failed = (Answer.Failed) client.call(client.value(ORDERS, new byte[] {'b'}, Durability.SYNCED));
        assertThat(failed.error().family()).isEqualTo(WireError.Family.OUTCOME_UNKNOWN);
        assertThat(failed.error().code()).isEqualTo("PARTITION_FAILED");
        assertThat(failed.error().offset()).isEqualTo(1);
        assertThat(codeOf(client.call(client.value(ORDERS, new byte[] {'c'}, Durability.SYNCED))))
                .isEqualTo("PARTITION_FAILED");

        assertThat(client.append(OTHER, "p")).isEqualTo(1);
        assertThat(client.readAll(ORDERS, 0)).containsExactly("a");
        Answer.Described described = (Answer.Described) client.call(new Request.Describe(client.nextId(), ORDERS));
        assertThat(described.state()).isEqualTo(LifeState.FAILED);
        assertThat(described.failure()).map(WireError::code).isEqualTo(Optional.of("PARTITION_FAILED"));
    }

    @Test
    void diskThatIsFull_refusesAndWorksAgainOnceThereIsRoom() throws IOException {
        InjectedFault full = disk.inject(
                Fault.full(CallMatch.on(Operation.Kind.WRITE).named(".seg").andAllLater()));
        Answer.Failed failed = (Answer.Failed) client.call(client.value(ORDERS, new byte[] {'b'}, Durability.SYNCED));
        assertThat(failed.error().family()).isEqualTo(WireError.Family.REFUSED);
        assertThat(failed.error().code()).isEqualTo("STORAGE_FULL");
        assertThat(client.readAll(ORDERS, 0)).containsExactly("a");
        full.remove();

        long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
        Answer answer;
        do {
            answer = client.call(client.value(ORDERS, new byte[] {'c'}, Durability.SYNCED));
        } while (answer instanceof Answer.Failed && System.nanoTime() < deadline);
        assertThat(answer).isEqualTo(new Answer.Produced(answer.id(), 1));
        assertThat(client.readAll(ORDERS, 0)).containsExactly("a", "c");
    }

    @Test
    void forceThatHangs_endsTheWaitByItsDeadlineAndHoldsUpNobodyElse() throws IOException {
        long appended;
        try (Gate gate = disk.hold(
                Gate.Position.BEFORE_EFFECT,
                CallMatch.on(Operation.Kind.FORCE)
                        .where(path -> path.toString().contains("orders-0")
                                && path.toString().endsWith(".seg")))) {
            Request.Produce slow = client.value(ORDERS, new byte[] {'b'}, Durability.SYNCED);
            Request.Produce impatient = new Request.Produce(
                    slow.id(),
                    ORDERS,
                    false,
                    slow.shape(),
                    slow.durability(),
                    1_000,
                    1,
                    slow.payloadCrc(),
                    slow.producer(),
                    slow.expectedOffset(),
                    slow.payload());
            Answer.Failed failed = (Answer.Failed) client.call(impatient);
            assertThat(failed.error().family()).isEqualTo(WireError.Family.OUTCOME_UNKNOWN);
            assertThat(failed.error().code()).isEqualTo("WAIT_TIMEOUT");
            assertThat(failed.error().offset()).isEqualTo(1);
            assertThat(client.append(OTHER, "p")).isEqualTo(1);
            appended = client.send(client.value(ORDERS, new byte[] {'c'}, Durability.SYNCED));
            gate.open();
        }
        assertThat(client.answerTo(appended)).isEqualTo(new Answer.Produced(appended, 2));
        assertThat(client.readAll(ORDERS, 0)).containsExactly("a", "b", "c");
    }

    @Test
    void readThatFails_isAnErrorOfThatFetchAlone() throws IOException {
        InjectedFault broken = disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.READ)
                .where(path -> path.toString().contains("orders-0"))
                .andAllLater()));
        assertThat(client.call(client.fetch(ORDERS, 0, 1_000, 0))).isInstanceOf(Answer.Failed.class);
        assertThat(client.readAll(OTHER, 0)).containsExactly("o");
        broken.remove();
        assertThat(client.readAll(ORDERS, 0)).containsExactly("a");
    }
}
