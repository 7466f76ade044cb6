package dev.tidemark.wal.engine;

import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.ThreadRules;
import dev.tidemark.wal.metrics.RecoveryEvent;
import dev.tidemark.wal.partition.OpenPartition;
import dev.tidemark.wal.partition.PartitionServices;
import dev.tidemark.wal.partition.PartitionSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The partitions of one store, by name: recovered together when it is opened, made one by one on first use.
 *
 * <p><b>Threads.</b> Any. Of several that use a partition for the first time one makes it; the others wait for that one, not for
 * a lock, and at most so long as for a lock.
 *
 * <p><b>Ordering.</b> An entry is in the map before its partition is made, so nobody else makes it; its future is completed
 * afterwards, so nobody sees a partition that is not open. Makers pass a turnstile: after it was shut and is empty, the map
 * holds every partition there will ever be.
 *
 * <p><b>Crash.</b> A partition that was not made completely is removed by the next opening.
 */
final class PartitionTable {
    /** Partitions observe the deadline themselves; this is for the time they take to do so. */
    private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final PartitionServices services;
    private final PartitionSource source;
    private final Path directory;
    private final ConcurrentHashMap<PartitionId, Entry> entries = new ConcurrentHashMap<>();
    private final Turnstile makers = new Turnstile();

    PartitionTable(PartitionServices services, PartitionSource source, Path directory) {
        this.services = services;
        this.source = source;
        this.directory = directory;
    }

    /** One name: a partition, one in the making, or why there is none. */
    private record Entry(CompletableFuture<OpenPartition> partition, Optional<PartitionRecovery> refused) {
        static Entry inTheMaking() {
            return new Entry(new CompletableFuture<>(), Optional.empty());
        }

        static Entry of(OpenPartition open) {
            return new Entry(CompletableFuture.completedFuture(open), Optional.empty());
        }

        static Entry refused(PartitionRecovery report) {
            return new Entry(CompletableFuture.failedFuture(report.failure().orElseThrow()), Optional.of(report));
        }

        /** The partition, if it is there by now. */
        Optional<OpenPartition> present() {
            return partition.isDone() && !partition.isCompletedExceptionally()
                    ? Optional.of(partition.join())
                    : Optional.empty();
        }
    }

    // ---- opening

    /** Recovers these partitions, several at a time, and reports on each, by name. */
    List<PartitionRecovery> recover(List<PartitionId> found, Patience patience) {
        ConcurrentLinkedQueue<PartitionRecovery> reports = new ConcurrentLinkedQueue<>();
        AtomicInteger done = new AtomicInteger();
        Parallel<PartitionId> run = Parallel.start(
                services.environment().threads(),
                "wal-recovery",
                services.config().recoveryThreads(),
                found,
                () -> {
                    PartitionSource.Recovery recovery = source.newRecovery();
                    return id -> {
                        reports.add(recoverOne(recovery, id));
                        services.events().recovering(done.incrementAndGet(), found.size());
                    };
                });
        // However long it takes: an opening that gave up while threads still recover would leave the directory to both.
        patience.await(run::await, Long.MAX_VALUE);
        if (reports.size() < found.size()) {
            throw new StorageException(
                    ErrorCode.STORAGE_FAILED,
                    "recovery ended unexpectedly: directory=" + directory + " recovered=" + reports.size()
                            + " partitions=" + found.size(),
                    run.failure().orElse(null));
        }
        List<PartitionRecovery> sorted = new ArrayList<>(reports);
        sorted.sort(Comparator.comparing(PartitionRecovery::partition));
        return sorted;
    }

    private PartitionRecovery recoverOne(PartitionSource.Recovery recovery, PartitionId id) {
        RecoveryEvent event = RecoveryEvent.beginIfRecorded();
        PartitionSource.Found found = recoverOrRefuse(recovery, id);
        found.partition().ifPresent(open -> entries.put(id, Entry.of(open)));
        if (found.report().failure().isPresent()) {
            entries.put(id, Entry.refused(found.report()));
        }
        services.events().recovered(found.report());
        if (event != null) {
            event.partition = id.toString();
            event.cases = found.report().cases().toString();
            event.endOffset = found.report().end();
            event.scannedBytes = found.report().scannedBytes();
            event.failure = found.report().failure().map(f -> f.code().name()).orElse("");
            event.commit();
        }
        return found.report();
    }

    private PartitionSource.Found recoverOrRefuse(PartitionSource.Recovery recovery, PartitionId id) {
        long began = services.environment().clock().nanos();
        try {
            return recovery.recover(id, directory.resolve(id.toString()));
        } catch (Throwable e) {
            // One partition, and be it by a mistake of ours, must not keep the others from opening.
            WalException failure = e instanceof WalException known
                    ? known
                    : new StorageException(ErrorCode.STORAGE_FAILED, "recovery ended unexpectedly: partition=" + id, e);
            PartitionRecovery report = new PartitionRecovery(
                    id.toString(),
                    List.of(),
                    0,
                    0,
                    0,
                    Optional.empty(),
                    Optional.of(failure),
                    services.environment().clock().nanos() - began);
            return new PartitionSource.Found(report, Optional.empty());
        }
    }

    // ---- using

    /** The partition of this name, made if it is not there. */
    LocalPartition getOrCreate(PartitionId id) {
        while (true) {
            Entry entry = entries.get(id);
            if (entry == null) {
                Entry made = Entry.inTheMaking();
                entry = entries.putIfAbsent(id, made);
                if (entry == null) {
                    OpenPartition open = create(id, made);
                    services.events().created(id);
                    return open.handle();
                }
            }
            Optional<LocalPartition> found = await(id, entry);
            if (found.isPresent()) {
                return found.get();
            }
            // Whoever was making it failed and has said so to its caller; this one tries for itself.
        }
    }

    /** The partition of this name, if there is one. */
    Optional<LocalPartition> find(PartitionId id) {
        Entry entry = entries.get(id);
        return entry == null ? Optional.empty() : await(id, entry);
    }

    private OpenPartition create(PartitionId id, Entry entry) {
        try {
            requireWritable(id);
            if (!makers.enter()) {
                throw storeClosed();
            }
            try {
                OpenPartition open = source.create(id, directory);
                // Before leaving: once the last maker has left, the closing thread looks for what there is to close.
                // The last
                // thing that happens here: a partition that is open and not in the map would be closed by nobody.
                entry.partition().complete(open);
                return open;
            } finally {
                makers.leave();
            }
        } catch (Throwable e) {
            entries.remove(id, entry);
            entry.partition().completeExceptionally(e);
            throw e;
        }
    }

    private void requireWritable(PartitionId id) {
        if (services.config().readOnly()) {
            throw new InvalidCallException(
                    ErrorCode.PARTITION_UNKNOWN, "no such partition, and the store is read-only: partition=" + id);
        }
        if (!services.room().mayGrow()) {
            throw new StorageException(
                    ErrorCode.STORAGE_FULL, "the disk is full, the partition was not created: partition=" + id);
        }
    }

    static UnavailableException storeClosed() {
        return new UnavailableException(ErrorCode.STORE_CLOSED, "the store is closed or closing");
    }

    /** The entry's partition, or nothing if making it failed; throws the error of one that was refused. */
    private Optional<LocalPartition> await(PartitionId id, Entry entry) {
        CompletableFuture<OpenPartition> partition = entry.partition();
        if (!partition.isDone()) {
            ThreadRules.assertMayBlock();
        }
        try {
            return Optional.of(partition
                    .get(services.config().lockTimeout().toNanos(), TimeUnit.NANOSECONDS)
                    .handle());
        } catch (ExecutionException e) {
            if (entry.refused().isPresent()) {
                throw entry.refused().get().failure().orElseThrow();
            }
            return Optional.empty();
        } catch (TimeoutException e) {
            throw new UnavailableException(
                    ErrorCode.LOCK_TIMEOUT, "another thread is still making the partition: partition=" + id, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnavailableException(
                    ErrorCode.INTERRUPTED, "interrupted while another thread made the partition: partition=" + id, e);
        }
    }

    /** All names, sorted. */
    List<PartitionId> names() {
        return entries.entrySet().stream()
                .filter(entry -> entry.getValue().partition().isDone())
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    /** All partitions, also refused ones, by name. */
    List<PartitionInfo> describe() {
        List<PartitionInfo> infos = new ArrayList<>();
        for (PartitionId id : names()) {
            Entry entry = entries.get(id);
            if (entry == null) {
                continue;
            }
            entry.refused().ifPresent(report -> infos.add(infoOf(id, report)));
            entry.present().ifPresent(open -> infos.add(open.handle().describe()));
        }
        return infos;
    }

    private static PartitionInfo infoOf(PartitionId id, PartitionRecovery refused) {
        long start = Math.max(0, refused.start());
        return new PartitionInfo(
                id, LifeState.FAILED, new Ends(start, start, start, start, start), List.of(), refused.failure());
    }

    /**
     * All partitions, by name.
     *
     * @throws WalException the error of the first that was refused
     */
    List<OpenPartition> requireAll() {
        List<OpenPartition> all = new ArrayList<>();
        for (PartitionId id : names()) {
            Entry entry = entries.get(id);
            if (entry == null) {
                continue;
            }
            if (entry.refused().isPresent()) {
                throw entry.refused().get().failure().orElseThrow();
            }
            entry.present().ifPresent(all::add);
        }
        return all;
    }

    /** How many are in this state. */
    int count(LifeState state) {
        int count = 0;
        for (Entry entry : entries.values()) {
            LifeState found = entry.present()
                    .map(OpenPartition::state)
                    .orElse(entry.refused().isPresent() ? LifeState.FAILED : LifeState.OPENING);
            count += found == state ? 1 : 0;
        }
        return count;
    }

    /** Has retention applied to each partition, in a turn of its own. */
    void retain() {
        for (Entry entry : entries.values()) {
            entry.present().ifPresent(open -> services.flushers().submit(open::retain));
        }
    }

    // ---- closing

    /**
     * Makes no more partitions, and closes those there are, several at a time, until the deadline.
     *
     * @param threads how many at a time
     * @return those that were open and did not get to a clean end
     */
    List<OpenPartition> close(int threads, Patience patience) {
        makers.shut();
        patience.await(makers::awaitEmpty);
        List<OpenPartition> all = new ArrayList<>();
        entries.values().forEach(entry -> entry.present().ifPresent(all::add));
        Set<OpenPartition> unclean = ConcurrentHashMap.newKeySet();
        Parallel<OpenPartition> run =
                Parallel.start(services.environment().threads(), "wal-closer", threads, all, () -> open -> {
                    boolean wasServing = open.state() == LifeState.OPEN;
                    if (!closeOne(open, patience) && wasServing) {
                        unclean.add(open);
                    }
                });
        if (!patience.await(run::await, GRACE_NANOS) || run.failure().isPresent()) {
            all.stream().filter(open -> open.state() != LifeState.CLOSED).forEach(unclean::add);
        }
        return List.copyOf(unclean);
    }

    private boolean closeOne(OpenPartition open, Patience patience) {
        try {
            return open.close(patience.deadlineNanos());
        } catch (Throwable e) {
            services.events()
                    .warning("closing a partition ended unexpectedly: partition="
                            + open.handle().id() + " (" + e + ")");
            return false;
        }
    }
}
