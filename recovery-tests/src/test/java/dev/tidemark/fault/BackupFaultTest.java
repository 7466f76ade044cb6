package dev.tidemark.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.crash.BackupScene;
import dev.tidemark.crash.Oracle;
import dev.tidemark.wal.api.BackupReport;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.InjectedFault;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every call of a backup fails once in each way: it is told, what is there cannot be taken for a backup, and the store goes on. */
@Timeout(value = 2, unit = TimeUnit.HOURS)
class BackupFaultTest {
    private static final Set<Way> WAYS = Set.of(
            Way.EIO, Way.EIO_BUT_DONE, Way.EIO_HALF_DONE, Way.ENOSPC, Way.ENOSPC_HALF_DONE, Way.NOTHING, Way.EMFILE);

    private int faults;
    private int told;

    @Test
    void everyCallFailsOnceInEachWay_theCallerIsToldAndTheStoreGoesOn() {
        for (Way way : WAYS) {
            for (Operation.Kind kind : way.kinds()) {
                loop(way, kind);
            }
        }
        System.out.println("backup faults: faults=" + faults + " told=" + told);
        assertThat(told).isGreaterThan(100);
    }

    private void loop(Way way, Operation.Kind kind) {
        boolean hasStruck = true;
        for (long number = 1; hasStruck; number += FaultBudget.chosen().stepBehind(number)) {
            try {
                hasStruck = run(way, kind, number);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(way + " " + kind + " number=" + number + ": " + e.getMessage(), e);
            }
        }
    }

    private boolean run(Way way, Operation.Kind kind, long number) {
        try (BackupScene scene = new BackupScene(3)) {
            Map<PartitionId, Ends> before = scene.ends();
            InjectedFault fault = scene.disk()
                    .inject(way.fault(CallMatch.on(kind)
                            .where(path -> isOfTheBackup(path, kind))
                            .number(number)));
            WalException failure = null;
            try {
                BackupScene.requireHolds(scene.backup(), before);
            } catch (WalException e) {
                failure = e;
                requireDocumented(e, way);
            }
            boolean hasStruck = fault.hits() > 0;
            fault.remove();
            faults += hasStruck ? 1 : 0;
            told += failure == null ? 0 : 1;
            judgeTheCopy(scene, before, failure);
            requireTheStoreGoesOn(scene);
            return hasStruck;
        }
    }

    /** All calls on the copy, and those that read the store: what goes on in the store meanwhile is not what fails here. */
    private static boolean isOfTheBackup(Path path, Operation.Kind kind) {
        return path.startsWith(BackupScene.COPY)
                || (kind == Operation.Kind.OPEN || kind == Operation.Kind.READ)
                        && path.toString().endsWith(".seg");
    }

    private static void requireDocumented(WalException told, Way way) {
        boolean isFull = told.code() == ErrorCode.STORAGE_FULL && way.isFull();
        boolean isEmpty = told.code() == ErrorCode.TOO_MANY_OPEN_FILES && way == Way.EMFILE;
        boolean isDisk = told.code() == ErrorCode.STORAGE_FAILED && !way.isFull();
        if (told instanceof StorageException && (isFull || isEmpty || isDisk)) {
            return;
        }
        if (told instanceof DamageException && told.code() == ErrorCode.SEGMENT_UNREADABLE) {
            // The copy could not be read back.
            return;
        }
        throw new Oracle.Violation("told what is not documented: " + told, told);
    }

    private static void judgeTheCopy(BackupScene scene, Map<PartitionId, Ends> before, WalException failure) {
        SimulatedDisk left = scene.disk().copy();
        left.recordNothing();
        Oracle.Found found = scene.restore(left, BackupScene.COPY, scene.disk().operationCount());
        if (found == null) {
            assertThat(failure).as("a backup that was reported can be opened").isNotNull();
            return;
        }
        // Also one that failed in its very last steps: then it is the whole.
        before.forEach((id, ends) -> {
            if (!found.extents().containsKey(id) || found.extents().get(id).end() < ends.durable()) {
                throw new Oracle.Violation("half a backup passes for one: partition=" + id + " holds="
                        + found.extents().get(id) + " durable=" + ends.durable());
            }
        });
    }

    private static void requireTheStoreGoesOn(BackupScene scene) {
        for (PartitionInfo info : scene.store().engine().describe()) {
            assertThat(info.state()).as("%s", info).isEqualTo(LifeState.OPEN);
            scene.store().engine().partition(info.id()).append("goes on".getBytes(StandardCharsets.UTF_8));
        }
        Map<PartitionId, Ends> before = scene.ends();
        BackupReport again = scene.backup(Path.of("/again"));
        BackupScene.requireHolds(again, before);
    }
}
