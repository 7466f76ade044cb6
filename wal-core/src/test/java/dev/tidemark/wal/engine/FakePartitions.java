package dev.tidemark.wal.engine;

import dev.tidemark.wal.api.BackupReport;
import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.partition.Deletion;
import dev.tidemark.wal.partition.Life;
import dev.tidemark.wal.partition.OpenPartition;
import dev.tidemark.wal.partition.PartitionBackup;
import dev.tidemark.wal.partition.PartitionServices;
import dev.tidemark.wal.partition.PartitionSource;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** Partitions that are directories and nothing more, so that the store around them can be tested alone. */
final class FakePartitions implements Function<PartitionServices, PartitionSource> {
    final Set<String> damaged = ConcurrentHashMap.newKeySet();
    final AtomicInteger created = new AtomicInteger();
    final Map<PartitionId, Fake> open = new ConcurrentHashMap<>();
    volatile Runnable whileCreating = () -> {};
    volatile Runnable whileClosing = () -> {};
    volatile CyclicBarrier whileRecovering = new CyclicBarrier(1);
    volatile Runnable beforeRecovering = () -> {};
    volatile boolean failsToClose;

    @Override
    public PartitionSource apply(PartitionServices services) {
        return new PartitionSource() {
            @Override
            public Recovery newRecovery() {
                beforeRecovering.run();
                return (id, directory) -> recover(services, id);
            }

            @Override
            public OpenPartition create(PartitionId id, Path store) {
                return FakePartitions.this.create(services, id, store);
            }

            @Override
            public Deletion deletion(PartitionId id, Path directory, WalException failure) {
                throw new AssertionError("not faked: deletion of " + id);
            }
        };
    }

    private PartitionSource.Found recover(PartitionServices services, PartitionId id) {
        try {
            whileRecovering.await(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        if (damaged.contains(id.toString())) {
            DamageException failure = new DamageException(
                    ErrorCode.SEGMENT_CORRUPT, "planted", new Damage(id.toString(), "a.seg", 1, 2, 3), null);
            return new PartitionSource.Found(report(id, RecoveryCase.R3, Optional.of(failure)), Optional.empty());
        }
        Fake fake = new Fake(id, services);
        open.put(id, fake);
        return new PartitionSource.Found(report(id, RecoveryCase.CLEAN, Optional.empty()), Optional.of(fake));
    }

    private static PartitionRecovery report(PartitionId id, RecoveryCase found, Optional<WalException> failure) {
        return new PartitionRecovery(id.toString(), List.of(found), 0, 7, 100, Optional.empty(), failure, 1_000);
    }

    private OpenPartition create(PartitionServices services, PartitionId id, Path store) {
        whileCreating.run();
        try {
            services.environment().disk().createDirectory(store.resolve(id.toString()));
        } catch (IOException e) {
            throw new StorageException(ErrorCode.STORAGE_FAILED, "planted", e);
        }
        created.incrementAndGet();
        Fake fake = new Fake(id, services);
        open.put(id, fake);
        return fake;
    }

    /** One of them. */
    final class Fake implements OpenPartition {
        final PartitionServices services;
        private final Life life = new Life();
        private final LocalPartition handle;

        Fake(PartitionId id, PartitionServices services) {
            this.services = services;
            life.open();
            handle = (LocalPartition) Proxy.newProxyInstance(
                    getClass().getClassLoader(), new Class<?>[] {LocalPartition.class}, (proxy, method, arguments) -> {
                        switch (method.getName()) {
                            case "id":
                                return id;
                            case "toString":
                                return id.toString();
                            case "describe":
                                return new PartitionInfo(
                                        id, life.state(), new Ends(0, 7, 7, 7, 7), List.of(), life.failure());
                            default:
                                throw new AssertionError("not faked: " + method);
                        }
                    });
        }

        @Override
        public LocalPartition handle() {
            return handle;
        }

        @Override
        public LifeState state() {
            return life.state();
        }

        @Override
        public BackupReport.PartitionBackup backUp(PartitionBackup backup) {
            return new BackupReport.PartitionBackup(handle.id().toString(), 0, 7, 0, 0);
        }

        @Override
        public Deletion deletion() {
            throw new AssertionError("not faked: deletion of " + handle);
        }

        @Override
        public boolean close(long deadlineNanos) {
            life.drain();
            whileClosing.run();
            if (failsToClose) {
                life.fail(new StorageException(ErrorCode.STORAGE_FAILED, "planted"));
            }
            life.closed();
            return !failsToClose;
        }
    }
}
