package dev.tidemark.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalListener;
import dev.tidemark.wal.metrics.MetricNames;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The door, on the real disk. */
class WalTest {
    @TempDir
    Path temporary;

    @Test
    void exampleInTheDocumentation_works() {
        byte[] bytes = bytes("hello");
        List<String> used = new ArrayList<>();
        try (Wal wal = Wal.open(temporary.resolve("data"))) {
            LocalPartition orders = wal.partition("orders", 0);
            long offset = orders.append(bytes);
            CompletableFuture<Long> later = orders.appendAsync(bytes("world"));
            assertThat(later.join()).isEqualTo(offset + 1);
            try (Cursor cursor = orders.read(From.offset(offset))) {
                while (cursor.next()) {
                    used.add(cursor.offset() + " " + new String(cursor.value(), StandardCharsets.UTF_8));
                }
            }
        }
        assertThat(used).containsExactly("0 hello", "1 world");
    }

    @Test
    void plainFileInThePlaceOfTheDirectory_isNoStore() throws IOException {
        Path file = Files.writeString(temporary.resolve("file"), "text");
        for (Path directory :
                List.of(file, file.resolve("data"), file.resolve("a").resolve("data"))) {
            for (boolean readOnly : List.of(false, true)) {
                WalConfig config =
                        WalConfig.builder(directory).readOnly(readOnly).build();
                assertThatThrownBy(() -> Wal.open(config))
                        .as("%s readOnly=%s", directory, readOnly)
                        .isInstanceOfSatisfying(
                                WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_UNKNOWN))
                        .hasMessageContaining("not a directory")
                        .hasMessageContaining("file=" + file);
            }
        }
        assertThat(file).hasContent("text");
    }

    @Test
    void storeReopenedWithTheSameRegistry_gaugesShowTheOneThatIsOpen() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        WalConfig config = small().toBuilder().meters(registry).build();
        for (int i = 1; i <= 3; i++) {
            try (Wal wal = Wal.open(config)) {
                wal.partition("orders", i);
                assertThat(openPartitions(registry)).isEqualTo(i);
            }
            assertThat(registry.getMeters())
                    .extracting(meter -> meter.getId().getType())
                    .as("a closed store shows nothing")
                    .doesNotContain(Meter.Type.GAUGE);
        }
    }

    @Test
    void readerBesideTheWriterWithTheSameRegistry_leavesItsGauges() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        WalConfig config = small().toBuilder().meters(registry).build();
        try (Wal wal = Wal.open(config)) {
            wal.partition("orders", 0);
            try (Wal reader = Wal.open(config.toBuilder().readOnly(true).build())) {
                assertThat(reader.partitions()).hasSize(1);
                wal.partition("orders", 1);
                assertThat(openPartitions(registry)).isEqualTo(2);
            }
            assertThat(openPartitions(registry)).isEqualTo(2);
        }
    }

    @Test
    void completionAndListenerCloseTheStore_theyDoNotWaitForThemselves() throws Exception {
        CompletableFuture<Void> closed = new CompletableFuture<>();
        AtomicReference<Wal> wal = new AtomicReference<>();
        WalListener closing = new WalListener() {
            @Override
            public void sealed(PartitionId partition, String file, long baseOffset, long endOffset) {
                closed.complete(null);
                wal.get().close();
            }
        };
        wal.set(Wal.open(small().toBuilder()
                .listener(closing)
                .closeTimeout(Duration.ofHours(1))
                .build()));
        LocalPartition orders = wal.get().partition("orders", 0);
        CompletableFuture<Void> completion = orders.appendAsync(bytes("one")).thenRun(() -> {
            orders.rotate();
            closed.join();
            // Beside the listener that closes, or before it.
            wal.get().close();
        });
        completion.get(60, TimeUnit.SECONDS);
        await().atMost(Duration.ofSeconds(60)).until(() -> wal.get().state() == LifeState.CLOSED);
    }

    private static int openPartitions(SimpleMeterRegistry registry) {
        return (int) registry.get(MetricNames.PARTITIONS.meterName())
                .tag("state", "open")
                .gauge()
                .value();
    }

    @Test
    void everythingTheDoorShows_fits() {
        Wal wal = Wal.open(small());
        LocalPartition second = wal.partition("orders", 1);
        LocalPartition first = wal.partition("orders", 0);
        first.append(bytes("one"));
        assertThat(wal.partition("orders", 0)).isSameAs(first);
        assertThat(wal.find(new PartitionId("orders", 1))).containsSame(second);
        assertThat(wal.find(new PartitionId("orders", 2))).isEmpty();
        assertThat(wal.partitions()).containsExactly(new PartitionId("orders", 0), new PartitionId("orders", 1));
        assertThat(wal.describe()).extracting(PartitionInfo::state).containsOnly(LifeState.OPEN);
        assertThat(wal.describe().get(0).ends().durable()).isEqualTo(1);
        assertThat(wal.state()).isEqualTo(LifeState.OPEN);
        assertThat(wal.recovery().partitions()).isEmpty();
        assertThat(wal.config().directory()).isEqualTo(temporary.resolve("data"));
        assertCode(ErrorCode.NAME_INVALID, () -> wal.partition("../outside", 0));
        wal.close();
        assertThat(wal.state()).isEqualTo(LifeState.CLOSED);
        assertThat(wal.describe()).extracting(PartitionInfo::state).containsOnly(LifeState.CLOSED);
        assertCode(ErrorCode.STORE_CLOSED, () -> wal.partition("orders", 0));
        assertCode(ErrorCode.PARTITION_CLOSED, () -> first.append(bytes("two")));
    }

    @Test
    void filesOfAStore_belongToItsOwnerOnly() throws IOException {
        try (Wal wal = Wal.open(small())) {
            wal.partition("orders", 0).append(bytes("secret"));
            try (Stream<Path> files = Files.walk(temporary.resolve("data"))) {
                for (Path file : files.toList()) {
                    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                            .as(file.toString())
                            .isEqualTo(Files.isDirectory(file) ? "rwx------" : "rw-------");
                }
            }
        }
    }

    @Test
    void openInAnotherProcess_isRefusedWithItsPidUntilThatProcessEnds() throws Exception {
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        OtherProcess.class.getName(),
                        temporary.resolve("data").toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader says =
                new BufferedReader(new InputStreamReader(other.getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(says.readLine()).isEqualTo("open");
            assertThatThrownBy(() -> Wal.open(small()))
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_LOCKED))
                    .hasMessageContaining("pid=" + other.pid());
            // A reader needs no lock.
            try (Wal reader = Wal.open(small().toBuilder().readOnly(true).build())) {
                assertThat(reader.partitions()).containsExactly(new PartitionId("orders", 0));
            }
            assertCode(ErrorCode.STORE_LOCKED, () -> Wal.open(small()));
        } finally {
            other.destroyForcibly();
        }
        assertThat(other.waitFor(30, TimeUnit.SECONDS)).isTrue();
        try (Wal wal = Wal.open(small())) {
            assertThat(wal.recovery().refused()).isEmpty();
            assertThat(wal.partition("orders", 0).ends().durable()).isEqualTo(1);
        }
    }

    /** Opens a store, appends once, says so, and keeps it open until it is killed. */
    static final class OtherProcess {
        private OtherProcess() {}

        public static void main(String[] arguments) throws Exception {
            Wal wal = Wal.open(WalConfig.builder(Path.of(arguments[0]))
                    .reserveBytes(64 << 10)
                    .build());
            wal.partition("orders", 0).append(bytes("from the other process"));
            System.out.println("open");
            // Ends when the parent lets go of the pipe, if it does not kill us first.
            System.in.read();
            wal.close();
        }
    }

    @Test
    void openedAndClosedAgainAndAgain_leavesNoFileAndNoThread() throws Exception {
        assumeThat(Path.of("/proc/self/fd")).exists();
        Wal.open(small()).close();
        Set<String> before = openFiles();
        for (int round = 0; round < 50; round++) {
            try (Wal wal = Wal.open(small())) {
                for (int i = 0; i < 4; i++) {
                    LocalPartition partition = wal.partition("orders", i);
                    partition.append(bytes("one"));
                    partition.appendAsync(bytes("two")).join();
                    partition.rotate();
                }
            }
        }
        assertThat(openFiles()).isEqualTo(before);
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                        .extracting(Thread::getName)
                        .noneMatch(name -> name.startsWith("wal-") && !name.equals("wal-timer")));
    }

    @Test
    void threadsThatAreInterruptedAllTheTime_loseNoAppend() throws Exception {
        int threads = 4;
        int appends = 500;
        try (Wal wal = Wal.open(small())) {
            LocalPartition orders = wal.partition("orders", 0);
            List<Thread> appenders = new ArrayList<>();
            List<String> problems = Collections.synchronizedList(new ArrayList<>());
            for (int t = 0; t < threads; t++) {
                Thread appender = new Thread(() -> {
                    for (int i = 0; i < appends; i++) {
                        Thread.currentThread().interrupt();
                        try {
                            orders.append(bytes("value"));
                        } catch (WalException e) {
                            // The wait ended early; the append goes on.
                            if (e.code() != ErrorCode.WAIT_INTERRUPTED) {
                                problems.add(e.toString());
                            }
                        }
                    }
                });
                appenders.add(appender);
                appender.start();
            }
            for (Thread appender : appenders) {
                appender.join(60_000);
            }
            assertThat(problems).isEmpty();
            assertThat(orders.sync()).isEqualTo((long) threads * appends);
        }
    }

    @Test
    void flightRecorder_seesRoundsForcesRotationsAndRecoveries() throws Exception {
        Path file = temporary.resolve("events.jfr");
        try (Recording recording = new Recording()) {
            for (String name : List.of("Round", "Force", "Rotation", "Recovery")) {
                recording.enable("dev.tidemark." + name).withoutThreshold();
            }
            recording.start();
            try (Wal wal = Wal.open(small())) {
                wal.partition("orders", 0).append(bytes("one"));
                wal.partition("orders", 0).rotate();
            }
            Wal.open(small()).close();
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file);
        Set<String> names = new TreeSet<>();
        events.forEach(event -> names.add(event.getEventType().getName()));
        assertThat(names)
                .containsExactly(
                        "dev.tidemark.Force", "dev.tidemark.Recovery", "dev.tidemark.Rotation", "dev.tidemark.Round");
        assertThat(events)
                .allSatisfy(event -> assertThat(event.getString("partition")).isEqualTo("orders-0"));
    }

    private WalConfig small() {
        return WalConfig.builder(temporary.resolve("data"))
                .reserveBytes(64 << 10)
                .build();
    }

    private static Set<String> openFiles() throws IOException {
        Set<String> files = new TreeSet<>();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors.toList()) {
                try {
                    String target = Files.readSymbolicLink(descriptor).toString();
                    if (target.contains("/data")) {
                        files.add(target);
                    }
                } catch (IOException e) {
                    // The descriptor with which the list is read is gone by now.
                    assertThat(Files.exists(descriptor)).isFalse();
                }
            }
        }
        return files;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void assertCode(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
