package dev.tidemark.wal.engine;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.io.DiskLock;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.partition.DiskRoom;
import dev.tidemark.wal.partition.PartitionMender;
import dev.tidemark.wal.partition.RepairOutlook;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A store that is held to be repaired: nobody else can open it for writing, and its partitions are not opened.
 *
 * <p><b>Threads.</b> Confined to one thread.
 *
 * <p><b>Crash.</b> The lock ends with the process; see {@link PartitionMender} for the rest.
 */
public final class StoreRepair implements AutoCloseable {

    private final StoreDirectory.Opened directory;
    private final PartitionMender mender;

    private StoreRepair(StoreDirectory.Opened directory, Environment environment) {
        this.directory = directory;
        mender = new PartitionMender(
                environment, directory.path(), directory.store().storeId(), NoReserve.INSTANCE);
    }

    /**
     * Takes the store for this process alone.
     *
     * @throws dev.tidemark.wal.api.WalException if it is not a store, locked, of a newer version, or {@code STORE} is damaged
     */
    public static StoreRepair open(Path store, Environment environment) {
        return open(store, environment, false);
    }

    /** Without the lock, only to look. Beside a live writer what is being written may look like damage. */
    public static StoreRepair openToLook(Path store, Environment environment) {
        return open(store, environment, true);
    }

    private static StoreRepair open(Path store, Environment environment, boolean readOnly) {
        WalConfig config = WalConfig.builder(store)
                .readOnly(readOnly)
                .createIfMissing(false)
                .build();
        return new StoreRepair(StoreDirectory.open(config, environment), environment);
    }

    /** All partitions, sorted. */
    public List<PartitionId> partitions() {
        return directory.partitions();
    }

    /** Reads all of a partition and says what can be done about it. Changes nothing. */
    public RepairOutlook look(PartitionId id) {
        return mender.look(id);
    }

    /** Does what was proposed; not of a store that was opened to look. */
    public PartitionRecovery.Quarantined repair(RepairOutlook.Proposed proposed) {
        if (directory.lock().isEmpty()) {
            throw new IllegalStateException("the store was opened to look: directory=" + directory.path());
        }
        return mender.repair(proposed);
    }

    @Override
    public void close() {
        Optional<DiskLock> lock = directory.lock();
        if (lock.isPresent()) {
            try {
                lock.get().close();
            } catch (IOException e) {
                throw StoreErrors.of("store could not be let go", directory.path(), e);
            }
        }
    }

    /** The copies aside are what needs room, and they may not come out of {@code RESERVE}; without it there is none for the rest either. */
    private enum NoReserve implements DiskRoom {
        INSTANCE;

        @Override
        public boolean mayGrow() {
            return true;
        }

        @Override
        public void full(IOException cause) {
            // Who repairs is told by the error; there is nobody else to be held back.
        }

        @Override
        public <T> T withReserve(IoAction<T> action) throws IOException {
            return action.run();
        }
    }
}
