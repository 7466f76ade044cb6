package dev.tidemark.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.partition.StoreVerifier;
import dev.tidemark.wal.partition.VerifyFinding;
import dev.tidemark.wal.partition.VerifyFinding.Severity;
import dev.tidemark.wal.partition.VerifyReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code verify} on a real disk: beside a writer, on what a kill would leave, and after a clean close. */
final class VerifyLiveStoreTest {

    @TempDir
    private Path temporary;

    @Test
    void besideAWriterThatRotatesAllTheTime_noDamageIsFound() throws Exception {
        Path store = temporary.resolve("data");
        ExecutorService threads = Executors.newSingleThreadExecutor();
        AtomicBoolean isDone = new AtomicBoolean();
        try (Wal wal = Wal.open(WalConfig.builder(store).segmentBytes(64 << 10).build())) {
            Partition orders = wal.partition("orders", 0);
            orders.append(new byte[10]);
            Future<Long> writer = threads.submit(() -> {
                Random random = new Random(3);
                long last = 0;
                while (!isDone.get()) {
                    last = orders.append(
                            new byte[random.nextInt(4000)],
                            random.nextInt(8) == 0 ? Durability.SYNCED : Durability.WRITTEN);
                }
                return last;
            });
            long seen = 0;
            for (int i = 0; i < 40; i++) {
                VerifyReport report = new StoreVerifier(Environment.real(), store).verify();

                assertThat(worseThanATornTail(report)).isEmpty();
                assertThat(report.partitions().get(0).end()).isGreaterThanOrEqualTo(seen);
                seen = report.partitions().get(0).end();
            }
            isDone.set(true);
            assertThat(writer.get()).isGreaterThanOrEqualTo(seen - 1);
        } finally {
            isDone.set(true);
            threads.shutdownNow();
        }

        VerifyReport report = new StoreVerifier(Environment.real(), store).verify();
        assertThat(report.findings()).isEmpty();
    }

    @Test
    void whatAKillLeaves_verifiesAndRecovers() throws Exception {
        Path store = temporary.resolve("data");
        try (Wal wal = Wal.open(WalConfig.builder(store).segmentBytes(64 << 10).build())) {
            Partition orders = wal.partition("orders", 0);
            for (int i = 0; i < 300; i++) {
                orders.append(new byte[500]);
            }
            // What a SIGKILL would leave: all that was written, nothing that comes with closing.
            Path killed = temporary.resolve("killed");
            copy(store, killed);

            VerifyReport report = new StoreVerifier(Environment.real(), killed).verify();

            assertThat(worseThanATornTail(report)).isEmpty();
            assertThat(report.partitions().get(0).end()).isEqualTo(300);
            try (Wal again = Wal.open(WalConfig.builder(killed).build())) {
                assertThat(again.recovery().wasClean()).isFalse();
                assertThat(again.partition("orders", 0).append(new byte[1])).isEqualTo(300);
            }
        }
    }

    private static List<VerifyFinding> worseThanATornTail(VerifyReport report) {
        return report.findings().stream()
                .filter(finding -> finding.severity().compareTo(Severity.UNDECIDED) < 0)
                .toList();
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : paths.toList()) {
                Path target = to.resolve(from.relativize(path));
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else if (!path.endsWith("LOCK")) {
                    Files.copy(path, target, StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
    }
}
