package dev.tidemark.wal;

import dev.tidemark.wal.api.BackupReport;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.RecoveryReport;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.engine.Engine;
import dev.tidemark.wal.io.Environment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.LongConsumer;

/**
 * A store of partitioned write-ahead logs in one directory, open in this process.
 *
 * <pre>{@code
 * try (Wal wal = Wal.open(Path.of("data"))) {
 *     LocalPartition orders = wal.partition("orders", 0);     // opened or created
 *     long offset = orders.append(bytes);                     // returns when durable
 *     CompletableFuture<Long> later = orders.appendAsync(bytes);
 *     try (Cursor cursor = orders.read(From.offset(offset))) {
 *         while (cursor.next()) {
 *             use(cursor.offset(), cursor.value());
 *         }
 *     }
 * }
 * }</pre>
 *
 * <p>Opening recovers what a crash may have left. A partition whose acknowledged data are damaged does not keep the store
 * from opening: it is listed in {@link #recovery()}, and using it throws its error, again and again, until it was repaired or
 * restored and the store is opened anew.
 *
 * <p>A store has one writer: the process that holds the lock on the file {@code LOCK}. The operating system drops that lock when the
 * process closes any descriptor of the file, so nothing in this process may open {@code LOCK}, not even to copy it, while the store is open;
 * copy a live store with {@link #backup}, from another process and without {@code LOCK}, or with a snapshot of the file system.
 *
 * <p>Safe for use by any number of threads. Everything that goes wrong is a {@link dev.tidemark.wal.api.WalException}.
 */
public final class Wal implements AutoCloseable {
    private final Engine engine;

    private Wal(Engine engine) {
        this.engine = engine;
    }

    /**
     * Opens the store in this directory with the defaults of {@link WalConfig}; makes it one if it is absent or empty.
     *
     * @throws dev.tidemark.wal.api.WalException see {@link #open(WalConfig)}
     */
    public static Wal open(Path directory) {
        return open(WalConfig.of(directory));
    }

    /**
     * Opens a store. Returns when every partition was recovered or refused.
     *
     * @throws dev.tidemark.wal.api.WalException only for reasons that concern the whole store: {@code STORE_LOCKED},
     *     {@code STORE_UNKNOWN}, {@code FORMAT_NEWER}, {@code METADATA_CORRUPT}, or the disk
     */
    public static Wal open(WalConfig config) {
        return open(config, Environment.real());
    }

    /** As {@link #open(WalConfig)}, in a world that tests make. */
    static Wal open(WalConfig config, Environment environment) {
        return new Wal(Engine.open(config, environment));
    }

    /**
     * The partition with this name and number, created if there is none. Always the same object until it is deleted or the store closed.
     *
     * @throws dev.tidemark.wal.api.WalException {@code STORE_CLOSED}; the partition's own error, if it was refused when the
     *     store was opened; {@code PARTITION_UNKNOWN} in a read-only store; {@code NAME_INVALID}; or the disk
     */
    public LocalPartition partition(String name, int number) {
        return partition(new PartitionId(name, number));
    }

    /** As {@link #partition(String, int)}. */
    public LocalPartition partition(PartitionId id) {
        return engine.partition(id);
    }

    /** The partition with this name, if there is one; never creates. Throws as {@link #partition(String, int)} does. */
    public Optional<LocalPartition> find(PartitionId id) {
        return engine.find(id);
    }

    /**
     * Deletes the partition with this name and number for good, whatever state it is in; also one that was refused when the store was opened. When it
     * returns that is durable, and the name may be used for a new partition, which has nothing of the old one.
     *
     * <p>What was not acknowledged yet ends with {@code PARTITION_DELETED}, and so does every later call through a handle of the partition, also when
     * there is a new one of its name. Slices that are open can be read on, and files go as soon as nobody reads them. It waits for operations under way
     * on the files, at most {@code closeTimeout}.
     *
     * @return false if there was no such partition
     * @throws dev.tidemark.wal.api.WalException {@code READ_ONLY}; {@code FORMAT_NEWER} for a partition of a newer version; the disk's. Unless the
     *     message says that the partition is deleted, nothing has changed. If it does, deleting again or the next opening finishes it
     */
    public boolean deletePartition(String name, int number) {
        return deletePartition(new PartitionId(name, number));
    }

    /** As {@link #deletePartition(String, int)}. */
    public boolean deletePartition(PartitionId id) {
        return engine.delete(id);
    }

    /** The names of all partitions, sorted, those that were refused included. */
    public List<PartitionId> partitions() {
        return engine.partitions();
    }

    /**
     * Copies the store, as it is now, into another directory, and reads the copy back. Opening the copy is the restore.
     *
     * <p>Each partition is copied as it is at one moment: up to its durable end, or in a store that was opened read-only up to what a crash now would
     * leave, with start, checkpoints and losses. Appends, trims and all else go on; no trim deletes a segment that is being copied. The calling thread does all
     * of it, with 1 MiB of memory. A crash, or an error, leaves a directory that cannot be opened.
     *
     * @param target absent or empty, and not in the store
     * @return what was copied, when all of it is durable
     * @throws dev.tidemark.wal.api.WalException {@code ARGUMENT_INVALID} for a target that is not empty; the error of the first partition that is refused or
     *     damaged; {@code STORAGE_FULL} and the like for either disk; {@code STORE_CLOSED}
     */
    public BackupReport backup(Path target) {
        return backup(target, bytes -> {});
    }

    /**
     * As {@link #backup(Path)}.
     *
     * @param progress is told, by the calling thread, how many more bytes were copied
     */
    public BackupReport backup(Path target, LongConsumer progress) {
        return engine.backup(target, progress);
    }

    /** What each partition looks like now, by name, the refused ones with their failure. Works on a closed store, too. */
    public List<PartitionInfo> describe() {
        return engine.describe();
    }

    /** What opening found and did. */
    public RecoveryReport recovery() {
        return engine.recovery();
    }

    /** Which store it is: drawn when it was made, the same for ever, whatever the directory is called. */
    public UUID storeId() {
        return engine.storeId();
    }

    /** Where the store is in its life. */
    public LifeState state() {
        return engine.state();
    }

    /** How the store was opened. */
    public WalConfig config() {
        return engine.config();
    }

    /**
     * Takes nothing new, makes durable what was accepted, answers everybody who waits, and gives the directory back, within {@code
     * closeTimeout}. Closing again does nothing; beside another thread that closes, it waits for that one.
     * Code that depends on an append, and the listener, may close as well; such a call waits for neither of them.
     *
     * @throws dev.tidemark.wal.api.WalException if something accepted may not be durable, or the disk did not answer in time.
     *     The store is closed all the same; while an operation hangs, its directory stays locked until that has returned
     */
    @Override
    public void close() {
        engine.close();
    }
}
