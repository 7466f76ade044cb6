package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** P8 on file systems that are really full. Needs root. */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class FullDiskTest {
    private static final Duration LONGEST = Duration.ofMinutes(2);
    /** XFS takes no less than 300 MiB; what is not wanted of them is taken by a file. */
    private static final long XFS_BYTES = 320L << 20;

    private static final long OTHERS_BYTES = 32L << 20;
    private static final long FREE_BYTES = 5L << 20;
    private static final int REFUSALS = 20;
    private static final String BALLAST = "ballast";

    private final long seed = Long.getLong("tidemark.seed", new SecureRandom().nextInt(Integer.MAX_VALUE));
    private final KillLedger ledger = new KillLedger(seed);
    private final Heard heard = new Heard(ledger);
    private int attempts;

    /** What was told, by this process' threads or by a child. */
    private static final class Heard implements FullDiskLoad.Report {
        private final KillLedger ledger;
        private final Set<Long> acknowledged = ConcurrentHashMap.newKeySet();
        private final Set<Long> refused = ConcurrentHashMap.newKeySet();
        private final AtomicReference<@Nullable Throwable> wrong = new AtomicReference<>();

        Heard(KillLedger ledger) {
            this.ledger = ledger;
        }

        @Override
        public void submits(long id) {
            ledger.submits(id);
        }

        @Override
        public void acknowledged(long id, long offset, Durability reached) {
            acknowledged.add(id);
            ledger.acknowledged(id, offset, reached);
        }

        @Override
        public void refused(long id) {
            refused.add(id);
        }

        @Override
        public void wrong(Throwable failure) {
            wrong.compareAndSet(null, failure);
        }

        void requireNothingWrong() {
            Throwable failure = wrong.get();
            if (failure != null) {
                throw new AssertionError("told what a full disk is no reason for: " + failure, failure);
            }
        }
    }

    private static MountedVolume volume(String type) throws IOException, InterruptedException {
        long bytes = type.equals("xfs") ? XFS_BYTES : OTHERS_BYTES;
        return MountedVolume.of("a full " + type, type, bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tmpfs", "ext4", "xfs"})
    void diskFillsUpUnderLoad_nothingAcknowledgedIsLostAndAppendingGoesOnWithoutARestart(String type) throws Exception {
        try (MountedVolume volume = volume(type)) {
            volume.takeAllBut(BALLAST, FREE_BYTES);
            Path store = volume.resolve("store");
            try (Wal wal = Wal.open(FullDiskLoad.config(store))) {
                load(wal, 1, REFUSALS);
                int before = heard.acknowledged.size();
                assertThat(heard.refused).as("seed %d", seed).isNotEmpty();
                requireWhole(wal);
                sealOnTheFullDisk(wal);
                Files.delete(volume.resolve(BALLAST));
                awaitAppends(wal);
                volume.takeAllBut(BALLAST, FREE_BYTES);
                load(wal, 2, REFUSALS);
                assertThat(heard.acknowledged).as("seed %d", seed).hasSizeGreaterThan(before);
                requireWhole(wal);
            }
            try (Wal wal = Wal.open(FullDiskLoad.config(store))) {
                requireWhole(wal);
            }
            print(type, "filled up under load");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tmpfs", "ext4", "xfs"})
    void processIsKilledOnAFullDisk_theNextOneReadsThereAndAppendsOnceThereIsRoom(String type) throws Exception {
        try (MountedVolume volume = volume(type)) {
            volume.takeAllBut(BALLAST, FREE_BYTES);
            Path store = volume.resolve("store");
            runAndKill(store);
            try (Wal wal = Wal.open(FullDiskLoad.config(store))) {
                requireWhole(wal);
                Files.delete(volume.resolve(BALLAST));
                awaitAppends(wal);
                requireWhole(wal);
            }
            print(type, "killed while full");
        }
    }

    private void print(String type, String what) {
        System.out.printf(
                "full disk: %s, %s, seed=%d acknowledged=%d refused=%d%n",
                type, what, seed, heard.acknowledged.size(), heard.refused.size());
    }

    private void load(Wal wal, int round, int refusals) throws Exception {
        new FullDiskLoad(wal, seed, round, heard).run(refusals);
        heard.requireNothingWrong();
        for (int number = 0; number < KillChild.PARTITIONS; number++) {
            assertThat(KillChild.partition(wal, number).describe().state())
                    .as("partition %d, seed %d", number, seed)
                    .isEqualTo(LifeState.OPEN);
        }
    }

    /** All that was acknowledged is there, and nothing that was refused. */
    private void requireWhole(Wal wal) {
        for (int number = 0; number < KillChild.PARTITIONS; number++) {
            KillChild.partition(wal, number).sync();
        }
        KillListing found = KillListing.of(wal, seed);
        assertThat(ledger.judge(found)).as("seed %d", seed).isEmpty();
        assertThat(found.partitions().stream().flatMap(List::stream).map(KillListing.Entry::id))
                .as("what was refused, seed %d", seed)
                .noneMatch(heard.refused::contains);
    }

    /** Sealing gets its room from RESERVE; only a new segment may have to wait. */
    private static void sealOnTheFullDisk(Wal wal) {
        for (int number = 0; number < KillChild.PARTITIONS; number++) {
            LocalPartition partition = KillChild.partition(wal, number);
            try {
                partition.rotate();
            } catch (AppendRefusedException e) {
                assertThat(e).hasMessageContaining(ErrorCode.STORAGE_FULL.name());
            }
            assertThat(partition.describe().state()).isEqualTo(LifeState.OPEN);
        }
    }

    /** One append that takes room; false if there is none. */
    private boolean attempt(LocalPartition partition) {
        int number = Integer.parseInt(partition.id().toString().replaceAll(".*-", ""));
        KillPayload payload = nextFor(number);
        ledger.submits(payload.id());
        try {
            long offset = partition.append(payload.request().withDurability(Durability.SYNCED));
            heard.acknowledged(payload.id(), offset, Durability.SYNCED);
            return true;
        } catch (AppendRefusedException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FULL);
            heard.refused(payload.id());
            return false;
        }
    }

    /** The next payload that belongs to this partition. */
    private KillPayload nextFor(int partition) {
        KillPayload payload;
        do {
            payload = new KillPayload(seed, KillPayload.id(100, partition, attempts++));
        } while (payload.partition(KillChild.PARTITIONS) != partition);
        return payload;
    }

    private void awaitAppends(Wal wal) {
        for (int number = 0; number < KillChild.PARTITIONS; number++) {
            LocalPartition partition = KillChild.partition(wal, number);
            Awaitility.await()
                    .atMost(LONGEST)
                    .pollInterval(Duration.ofMillis(100))
                    .until(() -> attempt(partition));
        }
    }

    // ---- the child

    private void runAndKill(Path store) throws IOException, InterruptedException {
        Process child = new ProcessBuilder(
                        ChildJvm.shortLived("192m", FullDiskChild.class, store.toString(), Long.toString(seed), "1"))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(child.getInputStream()))) {
            boolean isKilled = false;
            while (hear(in)) {
                if (!isKilled && heard.refused.size() >= REFUSALS) {
                    // By its handle: the process object would close the pipe as well, and what is still in it be lost.
                    child.toHandle().destroyForcibly();
                    isKilled = true;
                }
            }
            heard.requireNothingWrong();
            assertThat(child.waitFor(LONGEST.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(isKilled)
                    .as("killed while the disk was full, seed %d", seed)
                    .isTrue();
        } finally {
            child.destroyForcibly();
        }
        assertThat(heard.acknowledged).isNotEmpty();
    }

    /** One report; false at the end. Of one that the kill cut off there is only a part: it was not made. */
    private boolean hear(DataInputStream in) throws IOException {
        try {
            int what = in.read();
            switch (what) {
                case -1 -> {
                    return false;
                }
                case FullDiskChild.SUBMITS -> heard.submits(in.readLong());
                case FullDiskChild.REFUSED -> heard.refused(in.readLong());
                case FullDiskChild.ACKNOWLEDGED ->
                    heard.acknowledged(in.readLong(), in.readLong(), Durability.values()[in.readByte()]);
                case FullDiskChild.WRONG -> heard.wrong(new AssertionError(in.readUTF()));
                default -> throw new AssertionError("it said something unknown: " + what);
            }
            return true;
        } catch (EOFException e) {
            return false;
        }
    }
}
