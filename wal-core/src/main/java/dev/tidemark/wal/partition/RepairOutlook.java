package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.segment.Segment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What can be done about one partition, found out without changing anything. */
public sealed interface RepairOutlook {

    /** The partition. */
    PartitionId partition();

    /** There is nothing to be repaired. */
    record Sound(PartitionId partition) implements RepairOutlook {}

    /**
     * It cannot be repaired, and stays as it is.
     *
     * @param why the error of its damage, or what keeps it from being repaired
     */
    record Hindered(PartitionId partition, WalException why) implements RepairOutlook {}

    /**
     * Records that will be lost for good.
     *
     * @param file the segment they were in
     * @param filePosition where the bytes begin that cannot be read
     * @param bytes how many they are; -1 when the file is gone
     */
    record LostRecords(long firstOffset, long endOffset, String file, long filePosition, long bytes) {}

    /**
     * A file that will be written.
     *
     * @param file its name
     * @param bytes how many it has, all of which are copied aside first; -1 when it is made
     * @param change what is done to it, in words
     */
    record ChangedFile(String file, long bytes, String change) {}

    /** It can be repaired, like this. */
    final class Proposed implements RepairOutlook {
        private final PartitionId id;
        private final RepairPlan plan;
        private final List<ChangedFile> files;

        Proposed(PartitionId id, RepairPlan plan, List<ChangedFile> files) {
            this.id = id;
            this.plan = plan;
            this.files = List.copyOf(files);
        }

        @Override
        public PartitionId partition() {
            return id;
        }

        /** The row of the recovery table for which opening refuses it; nothing where opening does not look. */
        public Optional<RecoveryCase> row() {
            return plan.row();
        }

        /** What is wrong. */
        public String why() {
            return plan.why();
        }

        /** What will be lost, by offset; empty when nothing is. */
        public List<LostRecords> lost() {
            List<LostRecords> lost = new ArrayList<>();
            for (RepairPlan.Lost one : plan.lost()) {
                lost.add(new LostRecords(
                        one.loss().firstOffset(),
                        one.loss().endOffset(),
                        Segment.displayName(one.segment()),
                        one.position(),
                        one.bytes()));
            }
            return lost;
        }

        /** What will be written. */
        public List<ChangedFile> files() {
            return files;
        }

        /** The offset that the next append gets, if the newest segment is closed by the repair. */
        public Optional<Long> appendsGoOnAt() {
            return plan.successor().map(header -> header.name().baseOffset());
        }

        RepairPlan plan() {
            return plan;
        }
    }
}
