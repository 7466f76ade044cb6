package dev.tidemark.damage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.crash.SteppedStore;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.engine.StoreRepair;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.partition.RepairOutlook;
import dev.tidemark.wal.partition.StoreVerifier;
import dev.tidemark.wal.partition.VerifyFinding;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What damage trials have found, each by hand. */
class FoundByDamageTest {
    private static final PartitionId ID = new PartitionId("p", 0);
    private static final WalConfig CONFIG = SteppedStore.stepped(WalConfig.builder(Specimen.DATA))
            .reserveBytes(64 << 10)
            .segmentBytes(16 << 10)
            .build();

    private final SimulatedDisk disk = new SimulatedDisk();

    private SteppedStore open() {
        return SteppedStore.open(disk, CONFIG, new ManualClock(), 1);
    }

    /** The hole before the new seal reads as zeros, so the frame is what it was; and verify took the seal for damage that does not count it. */
    @Test
    void sealedFrameThatWasCutWithinZerosAtItsEnd_isMended_andVerifyFindsNoDamageAfterwards() throws Exception {
        byte[] value = new byte[1_000];
        Arrays.fill(value, 0, 100, (byte) 7);
        try (SteppedStore store = open()) {
            LocalPartition partition = store.engine().partition(ID);
            partition.append(value);
            partition.rotate();
            partition.append(value);
            store.settle();
        }
        Path sealed = disk.files().stream()
                .filter(file -> file.toString().endsWith("-00000001.seg"))
                .findFirst()
                .orElseThrow();
        disk.damage(sealed, Arrays.copyOf(disk.contents(sealed), SegmentHeader.BYTES + 512));

        Environment environment = Environment.real().withDisk(disk).withTime(new ManualClock(), new ManualClock());
        try (StoreRepair repair = StoreRepair.open(Specimen.DATA, environment)) {
            repair.repair((RepairOutlook.Proposed) repair.look(ID));
            assertThat(repair.look(ID)).isInstanceOf(RepairOutlook.Sound.class);
        }
        assertThat(new StoreVerifier(environment, Specimen.DATA).verify().findings())
                .noneMatch(finding -> finding.severity() == VerifyFinding.Severity.DAMAGE);
        try (SteppedStore store = open()) {
            assertThat(store.engine().recovery().refused()).isEmpty();
            assertThat(store.engine().partition(ID).ends().logEnd()).isEqualTo(2);
        }
    }
}
