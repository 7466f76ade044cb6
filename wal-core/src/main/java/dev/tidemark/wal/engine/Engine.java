package dev.tidemark.wal.engine;

import dev.tidemark.wal.api.BackupReport;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.RecoveryReport;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.DiskLock;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.ThreadRules;
import dev.tidemark.wal.io.Volume;
import dev.tidemark.wal.partition.Flushers;
import dev.tidemark.wal.partition.Life;
import dev.tidemark.wal.partition.OpenPartition;
import dev.tidemark.wal.partition.PartitionServices;
import dev.tidemark.wal.partition.PartitionSource;
import dev.tidemark.wal.partition.StoredPartitions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One open store: from the opening of its directory to the moment its lock is given back.
 *
 * <p><b>Threads.</b> Any. Opening is done by one thread and a few helpers, and the object is handed out when it is complete.
 * Of several that close, one does it and the others wait for it.
 *
 * <p><b>Ordering.</b> The report is written before the state becomes {@code OPEN}. On closing, the state leaves {@code OPEN} first,
 * so every call that begins afterwards is refused; calls before it are the partitions' own to finish.
 *
 * <p><b>Crash.</b> See {@link StoreDirectory} for the store's own files and {@link Reserve} for its reserve.
 */
public final class Engine implements AutoCloseable {
    private static final int CLOSING_THREADS = 16;

    private final WalConfig config;
    private final Environment environment;
    private final StoreDirectory.Opened directory;
    private final StoreServices services;
    private final PartitionTable partitions;
    private final RecoveryReport report;
    private final Optional<RetentionTimer> retention;
    private final Life life = new Life();
    private final CountDownLatch closed = new CountDownLatch(1);

    private Engine(
            WalConfig config,
            Environment environment,
            StoreDirectory.Opened directory,
            Function<PartitionServices, PartitionSource> source,
            UnaryOperator<Flushers> turns)
            throws IOException {
        long began = environment.clock().nanos();
        this.config = config;
        this.environment = environment;
        this.directory = directory;
        services = new StoreServices(config, environment, directory, turns);
        partitions =
                new PartitionTable(services.forPartitions(), source.apply(services.forPartitions()), directory.path());
        services.meters().showPartitions(partitions::count);
        List<String> notes = new ArrayList<>(directory.notes());
        try {
            directory.warnings().forEach(services.events()::warning);
            warnOfTheVolume();
            if (services.openReserve()) {
                notes.add("RESERVE was filled: bytes=" + config.reserveBytes());
            }
            Patience patience = new Patience(environment.clock(), 0);
            List<PartitionRecovery> found = partitions.recover(directory.partitions(), patience);
            patience.end();
            report = new RecoveryReport(
                    found.stream().allMatch(p -> p.cases().contains(RecoveryCase.CLEAN)),
                    found,
                    notes,
                    environment.clock().nanos() - began);
        } catch (IOException | RuntimeException | Error e) {
            abandon(e);
            throw e;
        }
        life.open();
        if (!config.retention().isForever() && !config.readOnly()) {
            retention = Optional.of(new RetentionTimer(
                    environment.timers(), config.retentionInterval().toNanos(), partitions::retain));
        } else {
            retention = Optional.empty();
        }
        services.events()
                .note("store opened: directory=" + directory.path() + " storeId="
                        + directory.store().storeId() + " partitions="
                        + report.partitions().size() + " refused="
                        + report.refused().size() + " wasClean=" + report.wasClean() + " readOnly=" + config.readOnly()
                        + " millis=" + TimeUnit.NANOSECONDS.toMillis(report.nanos()));
    }

    /** Opens a store; see {@link WalConfig}. */
    public static Engine open(WalConfig config, Environment environment) {
        return open(config, environment, StoredPartitions::new);
    }

    /** Opens a store with partitions from elsewhere. */
    static Engine open(WalConfig config, Environment environment, Function<PartitionServices, PartitionSource> source) {
        return open(config, environment, source, UnaryOperator.identity());
    }

    /**
     * Opens a store with partitions from elsewhere, and flushers from elsewhere.
     *
     * @param turns who runs what is meant for the store's flushers
     */
    static Engine open(
            WalConfig config,
            Environment environment,
            Function<PartitionServices, PartitionSource> source,
            UnaryOperator<Flushers> turns) {
        StoreDirectory.Opened directory = StoreDirectory.open(config, environment);
        try {
            return new Engine(config, environment, directory, source, turns);
        } catch (IOException e) {
            release(directory.lock(), e);
            throw StoreErrors.of("store cannot be opened", directory.path(), e);
        } catch (RuntimeException | Error e) {
            release(directory.lock(), e);
            throw e;
        }
    }

    private void warnOfTheVolume() throws IOException {
        Volume volume = environment.disk().volume(directory.path());
        if (volume.isVolatile()) {
            services.events()
                    .warning("the store lies in memory, nothing survives loss of power: directory=" + directory.path()
                            + " fileSystem=" + volume.type());
        } else if (volume.isNetwork()) {
            services.events()
                    .warning("the store lies on a network file system, whose locks and forces may promise less:"
                            + " directory=" + directory.path() + " fileSystem=" + volume.type());
        }
    }

    // ---- using

    /** The partition of this name, opened or created. */
    public LocalPartition partition(PartitionId id) {
        requireOpen();
        return partitions.getOrCreate(id);
    }

    /** The partition of this name, if there is one. */
    public Optional<LocalPartition> find(PartitionId id) {
        requireOpen();
        return partitions.find(id);
    }

    /** Deletes the partition of this name; false if there is none. */
    public boolean delete(PartitionId id) {
        requireOpen();
        return partitions.delete(id);
    }

    /** The names of all partitions, sorted, those that were refused included. */
    public List<PartitionId> partitions() {
        requireOpen();
        return partitions.names();
    }

    /**
     * Copies the store, as it is now, into a directory that is absent or empty; see {@code docs/adr/0010-backup.md}.
     *
     * @param progress is told how many more bytes were copied
     */
    public BackupReport backup(Path target, LongConsumer progress) {
        ThreadRules.assertMayBlock();
        requireOpen();
        List<OpenPartition> all = partitions.requireAll();
        // Where the lock is held, nothing is written any more once it is given back. Without it there is nothing to
        // give back.
        Disk disk = config.readOnly() ? environment.disk() : services.disk();
        StoreBackup backup =
                new StoreBackup(services.forPartitions(), disk, directory.store(), directory.path(), progress);
        try {
            BackupReport report = backup.copy(all, target);
            services.meters().backedUp(report);
            services.events().backedUp(report);
            return report;
        } catch (IOException e) {
            throw notBackedUp(target, e);
        } catch (WalException e) {
            services.meters().partitions().failure(e.code());
            throw e;
        }
    }

    private WalException notBackedUp(Path target, IOException cause) {
        WalException failure = life.isOpen()
                ? StoreErrors.of("store was not backed up, what is there of the copy is unfinished", target, cause)
                : new UnavailableException(
                        ErrorCode.STORE_CLOSED, "the store was closed during a backup: directory=" + target, cause);
        services.meters().partitions().failure(failure.code());
        return failure;
    }

    /** All partitions, by name. Works in every state. */
    public List<PartitionInfo> describe() {
        return partitions.describe();
    }

    /** What opening found and did. */
    public RecoveryReport recovery() {
        return report;
    }

    /** Which store it is. */
    public UUID storeId() {
        return directory.store().storeId();
    }

    /** Where the store is in its life. */
    public LifeState state() {
        return life.state();
    }

    /** How it was opened. */
    public WalConfig config() {
        return config;
    }

    private void requireOpen() {
        if (!life.isOpen()) {
            throw PartitionTable.storeClosed();
        }
    }

    // ---- closing

    /**
     * Closes every partition, then the store, within {@code closeTimeout}. Does nothing if that has been done; waits for it if
     * another thread is at it. Called by a completion or a listener of this store it waits for neither, so these may still run when
     * it has returned.
     *
     * @throws WalException if something accepted may not be durable, or an operation on the disk hangs; everything
     *     was closed all the same, or is as soon as that operation returns
     */
    @Override
    public void close() {
        Patience patience =
                new Patience(environment.clock(), config.closeTimeout().toNanos());
        try {
            if (life.drain()) {
                drain(patience);
            } else if (!services.isWithinCallersCode()) {
                // A completion or a listener would wait for who waits for it.
                patience.await(nanos -> closed.await(nanos, TimeUnit.NANOSECONDS));
            }
        } finally {
            patience.end();
        }
    }

    private void drain(Patience patience) {
        @Nullable WalException failure = null;
        try {
            retention.ifPresent(RetentionTimer::stop);
            services.refuseAppends();
            failure = firstFailure(partitions.close(CLOSING_THREADS, patience));
            deleteOwner();
            services.disk().fence();
            services.stop(patience);
            if (patience.await(services.disk()::awaitQuiet)) {
                release();
                life.closed();
                services.events().note("store closed: directory=" + directory.path());
            } else {
                failure = hangs();
                life.fail(failure);
                services.events().warning(String.valueOf(failure.getMessage()));
                services.disk().whenQuiet(this::releaseLate);
            }
            services.fallSilent(patience);
        } finally {
            closed.countDown();
        }
        if (failure != null) {
            throw failure;
        }
    }

    private static @Nullable WalException firstFailure(List<OpenPartition> unclean) {
        if (unclean.isEmpty()) {
            return null;
        }
        OpenPartition first = unclean.get(0);
        Optional<WalException> cause = first.handle().describe().failure();
        return new StorageException(
                ErrorCode.STORAGE_FAILED,
                "closed, but not everything accepted may be durable: partitions=" + unclean.size() + " first="
                        + first.handle().id() + "; the next opening recovers",
                cause.orElse(null));
    }

    private StorageException hangs() {
        return new StorageException(
                ErrorCode.STORAGE_FAILED,
                "closing passed its deadline, the lock is kept until the disk has answered: directory="
                        + directory.path() + " underWay=" + services.disk().changesUnderWay());
    }

    /** On the thread of the operation that hung and has now returned. */
    private void releaseLate() {
        release();
        life.closed();
    }

    private void release() {
        if (directory.lock().isPresent()) {
            try {
                directory.lock().get().close();
            } catch (IOException e) {
                services.events().warning("LOCK could not be given back: " + DiskErrors.said(e));
            }
        }
    }

    private void deleteOwner() {
        if (config.readOnly()) {
            return;
        }
        Path owner = directory.path().resolve(Names.OWNER);
        try {
            if (services.disk().exists(owner)) {
                services.disk().delete(owner);
            }
        } catch (IOException e) {
            services.events().warning("OWNER could not be removed: " + DiskErrors.said(e));
        }
    }

    /** Opening failed: stops what was started. The caller gives the lock back. */
    private void abandon(Throwable cause) {
        Patience patience =
                new Patience(environment.clock(), config.closeTimeout().toNanos());
        try {
            partitions.close(CLOSING_THREADS, patience);
            services.disk().fence();
            services.stop(patience);
            services.fallSilent(patience);
        } catch (RuntimeException | Error e) {
            if (e != cause) {
                // The JVM throws the same error again where it has no memory for another; no error may carry itself.
                cause.addSuppressed(e);
            }
        } finally {
            patience.end();
        }
    }

    private static void release(Optional<DiskLock> lock, Throwable cause) {
        lock.ifPresent(held -> close(held, cause));
    }

    private static void close(DiskLock lock, Throwable cause) {
        try {
            lock.close();
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }
}
