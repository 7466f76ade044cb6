package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Decoded;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.segment.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The {@code PARTITION} file of one partition: its present value, and its durable replacement.
 *
 * <p><b>Threads.</b> Any. Replacements follow one another under the lock {@link LockRank#METADATA}, which is held during the I/O; nobody may
 * hold the lock of the partition when asking for one. Reading the value takes no lock.
 *
 * <p><b>Ordering.</b> {@code current} is stored after the new file is durable: what a thread reads here will still be true after a crash.
 *
 * <p><b>Crash.</b> The new file is written aside, forced, renamed over the old one, and the directory forced: a crash leaves the value before or the
 * one after. When an error comes after the rename began, it is not known which of the two a crash would leave. From then on every
 * replacement is refused: a later one could make durable what its caller was told had failed.
 */
final class PartitionMetadata {

    private final Disk disk;
    private final DiskRoom room;
    private final RankedLock lock;
    private final Path directory;
    private volatile PartitionFile current;

    /** Set under the lock, and for good. */
    private @Nullable IOException unknownSince;

    /** Set under the lock, and for good: the file is no longer this partition's to replace. */
    private @Nullable Supplier<WalException> shut;

    PartitionMetadata(Disk disk, DiskRoom room, RankedLock lock, Path directory, PartitionFile current) {
        this.disk = disk;
        this.room = room;
        this.lock = lock;
        this.directory = directory;
        this.current = current;
    }

    /** Reads the file of a partition's directory. */
    static Decoded<PartitionFile> read(Disk disk, Path directory) throws IOException {
        Path path = directory.resolve(Names.PARTITION);
        try (DiskFile file = disk.open(path, Disk.Access.READ)) {
            long size = file.size();
            if (size > PartitionFile.MAX_BYTES) {
                return new Decoded.Damaged<>("file is longer than any PARTITION: bytes=" + size);
            }
            byte[] bytes = new byte[(int) size];
            int read = file.readFully(ByteBuffer.wrap(bytes), 0);
            return read < bytes.length
                    ? new Decoded.Damaged<>("file is shorter than its size says: bytes=" + read)
                    : PartitionFile.decode(bytes);
        } catch (NoSuchFileException e) {
            return new Decoded.Damaged<>("file is missing");
        }
    }

    /** The durable value. */
    PartitionFile current() {
        return current;
    }

    /**
     * Replaces the value durably.
     *
     * @param change makes the new value from the present one; when it is equal to that, nothing is written
     * @throws IOException if it failed. If {@link #isOutcomeUnknown} holds afterwards the partition has to stop, otherwise nothing has changed
     */
    void replace(UnaryOperator<PartitionFile> change) throws IOException {
        replace(change, () -> {});
    }

    /** The same; {@code then} is run when it is durable, before the lock is given back: no other replacement comes between. */
    void replace(UnaryOperator<PartitionFile> change, Runnable then) throws IOException {
        lock.lock();
        try {
            replaceLocked(change);
            then.run();
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #replace}, by the holder of a right: it waits where a caller would be refused, see {@link RankedLock#lockForWork}. */
    void replaceForWork(UnaryOperator<PartitionFile> change) throws IOException {
        lock.lockForWork();
        try {
            replaceLocked(change);
        } finally {
            lock.unlock();
        }
    }

    private void replaceLocked(UnaryOperator<PartitionFile> change) throws IOException {
        requireKnown();
        PartitionFile before = current;
        PartitionFile after = change.apply(before);
        if (!after.equals(before)) {
            write(after);
            current = after;
        }
    }

    /** Writes the present value once more. Recovery does so: the process before may have died after a failed force of what is read here. */
    void rewrite(UnaryOperator<PartitionFile> change) throws IOException {
        lock.lock();
        try {
            requireKnown();
            PartitionFile after = change.apply(current);
            write(after);
            current = after;
        } finally {
            lock.unlock();
        }
    }

    /** Withdraws the clean stamp durably, before the first change. Costs nothing when that was done. */
    void withdrawCleanStamp() throws IOException {
        if (current.cleanStamp().isPresent()) {
            replaceForWork(file -> file.cleanStamp().isPresent()
                    ? file.change().withoutCleanStamp().done()
                    : file);
        }
    }

    /**
     * The last replacement of all. With the lock still held {@code then} is run, and every later replacement is refused: the path may soon be another
     * partition's.
     *
     * @param later what those are told who come afterwards
     * @throws IOException if it failed; then nothing has changed and {@code then} was not run, unless {@link #isOutcomeUnknown} holds
     */
    void replaceForGood(UnaryOperator<PartitionFile> change, Runnable then, Supplier<WalException> later)
            throws IOException {
        lock.lock();
        try {
            requireKnown();
            PartitionFile after = change.apply(current);
            write(after);
            current = after;
            then.run();
            shut = later;
        } finally {
            lock.unlock();
        }
    }

    /** The same without a replacement, where none is possible any more. */
    void shut(Runnable then, Supplier<WalException> later) {
        lock.lockForWork();
        try {
            then.run();
            shut = later;
        } finally {
            lock.unlock();
        }
    }

    /** Whether a replacement failed so late that nobody knows what a crash would leave. */
    boolean isOutcomeUnknown() {
        lock.lockForWork();
        try {
            return unknownSince != null;
        } finally {
            lock.unlock();
        }
    }

    /**
     * What a caller is told whose change failed. Where it is not known any more what a crash would leave, the partition is stopped.
     *
     * @param what was not done, in words
     * @param stop stops the partition
     */
    WalException failed(
            String what, PartitionId partition, DiskRoom diskRoom, Consumer<WalException> stop, IOException cause) {
        String told = what + ": partition=" + partition + " (" + DiskErrors.said(cause) + ")";
        if (isOutcomeUnknown()) {
            StorageException failure = new StorageException(
                    ErrorCode.PARTITION_FAILED,
                    told + "; what a crash would leave of PARTITION is unknown: reopen to recover",
                    cause);
            stop.accept(failure);
            return failure;
        }
        if (DiskErrors.isFull(cause)) {
            diskRoom.full(cause);
            return new StorageException(ErrorCode.STORAGE_FULL, told, cause);
        }
        return new StorageException(
                DiskErrors.isTooManyOpenFiles(cause) ? ErrorCode.TOO_MANY_OPEN_FILES : ErrorCode.STORAGE_FAILED,
                told,
                cause);
    }

    private void requireKnown() throws IOException {
        if (shut != null) {
            throw shut.get();
        }
        if (unknownSince != null) {
            throw new IOException(
                    "an earlier replacement of PARTITION ended in an unknown state: directory="
                            + directory.getFileName(),
                    unknownSince);
        }
    }

    private void write(PartitionFile file) throws IOException {
        byte[] bytes = file.encode();
        Path aside = directory.resolve(Names.aside(Names.PARTITION));
        room.withReserve(() -> writeAside(disk, aside, bytes));
        try {
            disk.rename(aside, directory.resolve(Names.PARTITION));
            disk.forceDirectory(directory);
        } catch (IOException | RuntimeException | Error e) {
            unknownSince = e instanceof IOException io ? io : new IOException(e);
            throw e;
        }
    }

    /** Writes and forces a file that nobody has seen yet; what an earlier attempt left of it goes first. */
    static boolean writeAside(Disk disk, Path aside, byte[] bytes) throws IOException {
        if (disk.exists(aside)) {
            disk.delete(aside);
        }
        try (DiskFile file = disk.create(aside)) {
            file.writeFully(ByteBuffer.wrap(bytes), 0);
            file.force(false);
        }
        return true;
    }

    @Override
    public String toString() {
        return Segment.displayName(directory.resolve(Names.PARTITION));
    }
}
