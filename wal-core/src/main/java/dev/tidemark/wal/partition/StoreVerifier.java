package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Decoded;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.StoreFile;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.partition.VerifyFinding.Severity;
import dev.tidemark.wal.segment.SegmentScan;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * Reads everything in a store and says what is wrong with it: on a live, a killed or a damaged one. It needs no lock, changes nothing, and does not
 * stop at the first damage.
 *
 * <p><b>Threads.</b> Confined to one thread.
 *
 * <p><b>Crash.</b> Writes nothing.
 */
public final class StoreVerifier {

    private static final Set<String> STORE_FILES = Set.of(Names.STORE, Names.LOCK, Names.OWNER, Names.RESERVE);
    private static final String LOST_AND_FOUND = "lost+found";
    private static final int INDEX_INTERVAL_BYTES = 1 << 20;
    private static final long LOCK_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final Environment environment;
    private final Disk disk;
    private final Path store;
    private final Timer unusedWaits = new CompositeMeterRegistry().timer("verify.lock");
    private Progress progress = Progress.NONE;

    /** Is told how far the work has got. */
    @FunctionalInterface
    public interface Progress {
        /** Hears nothing. */
        Progress NONE = (readBytes, allBytes) -> {};

        /** So many bytes were read, of about so many. */
        void at(long readBytes, long allBytes);
    }

    /**
     * @param store the store's directory
     */
    public StoreVerifier(Environment environment, Path store) {
        this.environment = environment;
        this.disk = environment.disk();
        this.store = store;
    }

    /** Tells this one how far the work has got. */
    public StoreVerifier reporting(Progress newProgress) {
        progress = newProgress;
        return this;
    }

    /** Reads the whole store. */
    public VerifyReport verify() {
        return verify(partition -> true);
    }

    /**
     * Reads some partitions of the store.
     *
     * @throws WalException if there is no store in the directory, or it cannot be listed, or a newer version wrote it
     */
    public VerifyReport verify(Predicate<PartitionId> wanted) {
        long began = environment.clock().nanos();
        List<VerifyFinding> storeFindings = new ArrayList<>();
        Optional<UUID> storeId = readStore(storeFindings);
        List<PartitionId> partitions = partitions(wanted, storeFindings);
        if (storeId.isEmpty() && partitions.isEmpty()) {
            throw new UnavailableException(ErrorCode.STORE_UNKNOWN, "directory is not a store: directory=" + store);
        }
        Meter meter = new Meter(sizeOf(partitions));
        ByteBuffer window = ByteBuffer.allocateDirect(SegmentScan.WINDOW_BYTES);
        List<VerifiedPartition> verified = new ArrayList<>();
        for (PartitionId id : partitions) {
            Path directory = store.resolve(Names.partitionDirectory(id));
            // Without STORE each partition is held against its own word: its segments still have to belong together.
            UUID owner = storeId.or(
                            () -> PartitionVerifier.metadataOf(disk, directory).map(PartitionFile::storeId))
                    .orElse(new UUID(0, 0));
            verified.add(new PartitionVerifier(context(owner), id, directory, window, meter::read).verify());
        }
        return new VerifyReport(verified, storeFindings, environment.clock().nanos() - began);
    }

    private final class Meter {
        private final long allBytes;
        private long readBytes;

        Meter(long allBytes) {
            this.allBytes = allBytes;
        }

        void read(long bytes) {
            readBytes += bytes;
            progress.at(readBytes, Math.max(allBytes, readBytes));
        }
    }

    // ---------------------------------------------------------------- the store's own files

    private Optional<UUID> readStore(List<VerifyFinding> findings) {
        Path path = store.resolve(Names.STORE);
        try (DiskFile file = disk.open(path, Disk.Access.READ)) {
            long size = file.size();
            byte[] bytes = new byte[(int) Math.min(size, StoreFile.MAX_BYTES)];
            int read = file.readFully(ByteBuffer.wrap(bytes), 0);
            Decoded<StoreFile> decoded = size > StoreFile.MAX_BYTES || read < bytes.length
                    ? new Decoded.Damaged<>("file has an impossible size: bytes=" + size)
                    : StoreFile.decode(bytes);
            if (decoded instanceof Decoded.Newer<StoreFile> newer) {
                throw new UnavailableException(
                        ErrorCode.FORMAT_NEWER, "store was written by a newer version: version=" + newer.version());
            }
            if (decoded instanceof Decoded.Damaged<StoreFile> damaged) {
                findings.add(finding(Severity.DAMAGE, Names.STORE, damaged.reason()));
            }
            return decoded.value().map(StoreFile::storeId);
        } catch (NoSuchFileException e) {
            findings.add(finding(Severity.DAMAGE, Names.STORE, "file is missing"));
            return Optional.empty();
        } catch (IOException e) {
            findings.add(finding(Severity.UNREADABLE, Names.STORE, "could not be read (" + DiskErrors.reason(e) + ")"));
            return Optional.empty();
        }
    }

    private List<PartitionId> partitions(Predicate<PartitionId> wanted, List<VerifyFinding> findings) {
        List<PartitionId> partitions = new ArrayList<>();
        for (DiskEntry entry : listed()) {
            Optional<PartitionId> id =
                    entry.directory() ? Names.parsePartitionDirectory(entry.name()) : Optional.empty();
            if (id.isPresent() && wanted.test(id.get())) {
                partitions.add(id.get());
            } else if (id.isEmpty()) {
                note(entry).ifPresent(findings::add);
            }
        }
        partitions.sort(null);
        return partitions;
    }

    /** What is to be said about an entry that is no partition. */
    private static Optional<VerifyFinding> note(DiskEntry entry) {
        String name = entry.name();
        if (entry.directory() && Names.isTemporary(name)) {
            return Optional.of(finding(
                    Severity.NOTE, name, "a partition was being created or deleted, opening removes what is left"));
        }
        if (!entry.directory() && Names.parsePartitionDirectory(name).isPresent()) {
            return Optional.of(finding(
                    Severity.NOTE,
                    name,
                    "a file has the name of a partition's directory, and if there was such a partition it is gone"));
        }
        boolean isExpected =
                entry.directory() ? name.equals(LOST_AND_FOUND) : Names.isTemporary(name) || STORE_FILES.contains(name);
        return isExpected
                ? Optional.empty()
                : Optional.of(
                        finding(Severity.NOTE, name, "this is nothing of a store's, and opening leaves it alone"));
    }

    private List<DiskEntry> listed() {
        try {
            return disk.list(store);
        } catch (NoSuchFileException e) {
            throw new UnavailableException(
                    ErrorCode.STORE_UNKNOWN, "there is no such directory: directory=" + store.getFileName());
        } catch (IOException e) {
            throw new StorageException(
                    ErrorCode.STORAGE_FAILED, "store could not be listed: directory=" + store.getFileName(), e);
        }
    }

    private long sizeOf(List<PartitionId> partitions) {
        return partitions.stream()
                .mapToLong(id -> sizeOf(store.resolve(Names.partitionDirectory(id))))
                .sum();
    }

    /** One that cannot be listed is reported when it is read; here it only makes the progress less exact. */
    private long sizeOf(Path directory) {
        try {
            return PartitionListing.read(disk, directory).segments().values().stream()
                    .mapToLong(Long::longValue)
                    .sum();
        } catch (IOException reportedLater) {
            return 0;
        }
    }

    private RecoveryContext context(UUID storeId) {
        return new RecoveryContext(
                storeId,
                environment,
                NoRoom.INSTANCE,
                () -> RankedLock.exclusive(LockRank.METADATA, unusedWaits, environment.clock(), LOCK_TIMEOUT_NANOS),
                true,
                INDEX_INTERVAL_BYTES);
    }

    private static VerifyFinding finding(Severity severity, String file, String what) {
        return new VerifyFinding(severity, Optional.empty(), "", file, -1, -1, -1, what + ": file=" + file);
    }

    /** A read-only context writes nothing, and so never asks for room. */
    private enum NoRoom implements DiskRoom {
        INSTANCE;

        @Override
        public boolean mayGrow() {
            return false;
        }

        @Override
        public void full(IOException cause) {
            throw new IllegalStateException("a verifier has written something", cause);
        }

        @Override
        public <T> T withReserve(IoAction<T> action) throws IOException {
            return action.run();
        }
    }
}
