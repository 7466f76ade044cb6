package dev.tidemark.damage;

import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * What the judge saw in one trial that it allows.
 *
 * <p><b>Threads.</b> One.
 */
final class Verdict {
    private Outcome outcome = Outcome.ALL_THERE;
    private int rightFiles;
    private final List<String> wrongFiles = new ArrayList<>();
    private final Set<RecoveryCase> rows = EnumSet.noneOf(RecoveryCase.class);
    private long mostAllocatedBytes;

    /** Opening came to these rows of the table. */
    void recovered(PartitionRecovery found) {
        rows.addAll(found.cases());
    }

    void saw(Outcome seen) {
        if (seen.compareTo(outcome) < 0) {
            outcome = seen;
        }
    }

    /** An error named a file. */
    void named(Injury injury, String file, String message) {
        if (injury.concerns(file)) {
            rightFiles++;
        } else {
            wrongFiles.add(message);
        }
    }

    void allocated(long bytes) {
        mostAllocatedBytes = Math.max(mostAllocatedBytes, bytes);
    }

    Outcome outcome() {
        return outcome;
    }

    Set<RecoveryCase> rows() {
        return rows;
    }

    int rightFiles() {
        return rightFiles;
    }

    List<String> wrongFiles() {
        return wrongFiles;
    }

    long mostAllocatedBytes() {
        return mostAllocatedBytes;
    }
}
