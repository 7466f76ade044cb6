package dev.tidemark.damage;

import java.util.ArrayList;
import java.util.List;

/**
 * What the judge saw in one trial that it allows.
 *
 * <p><b>Threads.</b> One.
 */
final class Verdict {
    private Outcome outcome = Outcome.ALL_THERE;
    private int rightFiles;
    private final List<String> wrongFiles = new ArrayList<>();
    private long mostAllocatedBytes;

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
