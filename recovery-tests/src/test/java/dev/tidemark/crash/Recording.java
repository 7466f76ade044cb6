package dev.tidemark.crash;

import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.CrashStates;
import dev.tidemark.wal.io.Operation;
import java.util.List;

/**
 * A workload that has been run: what reached the disk in which order, and what its process was promised meanwhile.
 *
 * @param seed makes it again, if it was stepped
 * @param config how the store was opened last
 * @param states the states a crash could have left; can be walked once
 * @param operations the same operations, for looking ahead
 * @param history what was submitted and promised
 * @param stages when the store was opening, serving and closing
 */
record Recording(
        long seed,
        WalConfig config,
        CrashStates states,
        List<Operation> operations,
        History history,
        Stage.Times stages) {}
