package dev.tidemark.wal.engine;

import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.ThreadRules;
import dev.tidemark.wal.metrics.RecoveryEvent;
import dev.tidemark.wal.partition.Deletion;
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
 * holds every partition there will ever be. Who deletes exchanges the entry for one that is not done, by compare and set, and passes the turnstile,
 * too; the entry leaves the map before its future is completed, so whoever has waited for it finds the name free.
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

    /**
     * One name: a partition, one in the making or being deleted, or why there is none.
     *
     * @param begun a deletion that could not be finished
     * @param before what is being deleted, while that is under way
     */
    private record Entry(
            CompletableFuture<OpenPartition> partition,
            Optional<PartitionRecovery> refused,
            Optional<Deletion> begun,
            Optional<OpenPartition> before) {
        static Entry inTheMaking() {
            return deleting(Optional.empty());
        }

        static Entry deleting(Optional<OpenPartition> before) {
            return new Entry(new CompletableFuture<>(), Optional.empty(), Optional.empty(), before);
        }

        static Entry of(OpenPartition open) {
            return new Entry(
                    CompletableFuture.completedFuture(open), Optional.empty(), Optional.empty(), Optional.empty());
        }

        static Entry refused(PartitionRecovery report) {
            return refused(report, Optional.empty());
        }

        static Entry refused(PartitionRecovery report, Optional<Deletion> begun) {
            return new Entry(
                    CompletableFuture.failedFuture(report.failure().orElseThrow()),
                    Optional.of(report),
                    begun,
                    Optional.empty());
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
        while (true) {
            Entry entry = entries.get(id);
            if (entry == null) {
                return Optional.empty();
            }
            Optional<LocalPartition> found = await(id, entry);
            if (found.isPresent()) {
                return found;
            }
            // Making it has failed, or it was deleted, or that has failed: what is there now has taken its place.
        }
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

    // ---- deleting

    /** Deletes the partition of this name, if there is one; false if there is none. */
    boolean delete(PartitionId id) {
        if (services.config().readOnly()) {
            throw new UnavailableException(
                    ErrorCode.READ_ONLY, "the store was opened read-only, nothing is deleted: partition=" + id);
        }
        ThreadRules.assertMayBlock();
        long deadline = services.environment().clock().nanos()
                + services.config().closeTimeout().toNanos();
        while (true) {
            Entry entry = entries.get(id);
            if (entry == null) {
                return false;
            }
            if (!entry.partition().isDone()) {
                // Being made, or deleted by another thread: then there is none afterwards.
                awaitEnd(id, entry, deadline);
            } else if (entry.refused().isPresent() || entry.present().isPresent()) {
                Entry deleting = Entry.deleting(entry.present());
                if (entries.replace(id, entry, deleting)) {
                    delete(id, entry, deleting, deadline);
                    return true;
                }
            }
        }
    }

    private void awaitEnd(PartitionId id, Entry entry, long deadlineNanos) {
        try {
            var unused = entry.partition()
                    .handle((open, failure) -> true)
                    .get(
                            Math.max(
                                    0,
                                    deadlineNanos
                                            - services.environment().clock().nanos()),
                            TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException("handled", e);
        } catch (TimeoutException e) {
            throw new UnavailableException(
                    ErrorCode.LOCK_TIMEOUT,
                    "another thread is still making or deleting the partition, it was not deleted: partition=" + id,
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnavailableException(
                    ErrorCode.INTERRUPTED, "interrupted while another thread made or deleted it: partition=" + id, e);
        }
    }

    /** The entry in the map is this call's own: {@code deleting}. */
    private void delete(PartitionId id, Entry was, Entry deleting, long deadlineNanos) {
        Optional<Deletion> known = was.begun();
        Entry left = was;
        try {
            if (!makers.enter()) {
                throw storeClosed();
            }
            try {
                Deletion deletion = known.isPresent() ? known.get() : deletionOf(id, was);
                known = Optional.of(deletion);
                deletion.run(deadlineNanos);
                entries.remove(id, deleting);
            } catch (WalException e) {
                services.meters().failure(e.code());
                if (known.isPresent() && known.get().isDecided()) {
                    left = Entry.refused(halfDeleted(id, e), known);
                }
                throw e;
            } finally {
                // Where it has come to its end there is nothing to exchange any more. Before leaving, as in create().
                entries.replace(id, deleting, left);
                makers.leave();
            }
        } finally {
            entries.replace(id, deleting, left);
            // Whoever waits looks again: for no entry, or for the one that is left.
            deleting.partition().completeExceptionally(new IllegalStateException("the partition was deleted: " + id));
        }
    }

    private Deletion deletionOf(PartitionId id, Entry was) {
        return was.present()
                .map(OpenPartition::deletion)
                .orElseGet(() -> source.deletion(
                        id,
                        directory.resolve(id.toString()),
                        was.refused().orElseThrow().failure().orElseThrow()));
    }

    private static PartitionRecovery halfDeleted(PartitionId id, WalException failure) {
        return new PartitionRecovery(
                id.toString(), List.of(RecoveryCase.R6), 0, 0, 0, Optional.empty(), Optional.of(failure), 0);
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

    /** The entry's partition, or nothing if making it failed or it was deleted; throws the error of one that was refused. */
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
                    ErrorCode.LOCK_TIMEOUT,
                    "another thread is still making or deleting the partition: partition=" + id,
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnavailableException(
                    ErrorCode.INTERRUPTED, "interrupted while another thread made or deleted it: partition=" + id, e);
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
                    .or(entry::before)
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
        entries.values().forEach(entry -> entry.present().or(entry::before).ifPresent(all::add));
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
