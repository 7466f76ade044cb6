package dev.tidemark.wal.engine;

import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.format.Decoded;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.OwnerFile;
import dev.tidemark.wal.format.StoreFile;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.DiskLock;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.LockHeldException;
import dev.tidemark.wal.io.ThisProcess;
import dev.tidemark.wal.partition.DoomedDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * The directory of a store, before and after it is ours: says what it is, takes its lock, makes it a store if it is empty,
 * and removes what an earlier process left unfinished.
 *
 * <p>Nothing is touched before it is certain that the directory is a store that this version can read, or one that may become
 * a store.
 *
 * <p><b>Threads.</b> One, the one that opens the store.
 *
 * <p><b>Crash.</b> {@code STORE} is written aside, forced, renamed, and the directory and its parent forced, before anything
 * else but the lock file is there. So a directory without it has never held data of ours, or was damaged, and the two can
 * be told apart: see {@link #requireFresh}.
 */
final class StoreDirectory {
    /** What some file systems have in the directory on which they are mounted. */
    static final String LOST_AND_FOUND = "lost+found";

    /** What a directory may hold that is still to become a store: what a crash at that moment leaves, and what file systems put there. */
    private static final Set<String> FRESH =
            Set.of(Names.LOCK, Names.OWNER, Names.aside(Names.OWNER), Names.aside(Names.STORE), LOST_AND_FOUND);

    private final Disk disk;
    private final Environment environment;
    private final Path directory;
    private final List<String> notes = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();

    private StoreDirectory(Environment environment, Path directory) {
        this.disk = environment.disk();
        this.environment = environment;
        this.directory = directory;
    }

    /**
     * A directory that is ours to use.
     *
     * @param path its real path
     * @param store what {@code STORE} says
     * @param lock the lock, but for a read-only store
     * @param partitions the directories that are named like partitions, sorted
     * @param notes what was done, for the recovery report
     * @param warnings what an operator may want to look at
     */
    record Opened(
            Path path,
            StoreFile store,
            Optional<DiskLock> lock,
            List<PartitionId> partitions,
            List<String> notes,
            List<String> warnings) {}

    /**
     * Opens the directory.
     *
     * @throws dev.tidemark.wal.api.WalException if it is not a store, locked, of a newer version, or damaged
     */
    static Opened open(WalConfig config, Environment environment) {
        try {
            boolean isMade = makeIfMissing(config, environment.disk());
            Path path = environment.disk().realPath(config.directory());
            StoreDirectory found = new StoreDirectory(environment, path);
            return config.readOnly() ? found.openForReading() : found.openForWriting(config, isMade);
        } catch (IOException e) {
            Optional<Path> file = fileInTheWay(environment.disk(), config.directory());
            if (file.isPresent()) {
                throw new InvalidCallException(
                        ErrorCode.STORE_UNKNOWN,
                        "not a directory: directory=" + config.directory() + " file=" + file.get(),
                        e);
            }
            throw StoreErrors.of("store cannot be opened", config.directory(), e);
        }
    }

    /** The file that is where a directory would have to be; what the system says of it looks like a failing disk. */
    private static Optional<Path> fileInTheWay(Disk disk, Path directory) {
        Optional<Path> found = Optional.empty();
        for (Path path = directory.toAbsolutePath(); path != null; path = path.getParent()) {
            Optional<Boolean> isDirectory = isDirectory(disk, path);
            if (isDirectory.isPresent()) {
                if (isDirectory.get()) {
                    return found;
                }
                found = Optional.of(path);
            }
        }
        return found;
    }

    /** Nothing, if it is not there or cannot be looked at. */
    private static Optional<Boolean> isDirectory(Disk disk, Path path) {
        try {
            disk.list(path);
            return Optional.of(true);
        } catch (NotDirectoryException e) {
            return Optional.of(false);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Makes the directory and what leads to it; says whether it had to. */
    private static boolean makeIfMissing(WalConfig config, Disk disk) throws IOException {
        if (disk.exists(config.directory())) {
            return false;
        }
        if (config.readOnly() || !config.createIfMissing()) {
            throw new InvalidCallException(
                    ErrorCode.STORE_UNKNOWN, "there is no such directory: directory=" + config.directory());
        }
        make(disk, config.directory().toAbsolutePath());
        return true;
    }

    /** Makes a directory and what leads to it, durably. */
    static void make(Disk disk, Path directory) throws IOException {
        Path parent = directory.getParent();
        if (parent == null) {
            return;
        }
        if (!disk.exists(parent)) {
            make(disk, parent);
        }
        disk.createDirectory(directory);
        disk.forceDirectory(parent);
    }

    private Opened openForReading() throws IOException {
        Optional<StoreFile> store = readStore();
        if (store.isEmpty()) {
            requireNoRemains();
            throw new InvalidCallException(ErrorCode.STORE_UNKNOWN, "not a store: directory=" + directory);
        }
        return new Opened(directory, store.get(), Optional.empty(), partitions(disk.list(directory)), notes, warnings);
    }

    private Opened openForWriting(WalConfig config, boolean isMade) throws IOException {
        // Before the lock, because taking it makes a file, and a directory that is not for us must stay as it is.
        if (readStore().isEmpty()) {
            requireFresh(config);
        }
        DiskLock lock = lock();
        try {
            // Again: whoever held the lock until now may have made the store.
            Optional<StoreFile> found = readStore();
            if (found.isEmpty()) {
                requireFresh(config);
            }
            StoreFile store = found.isPresent() ? found.get() : createStore(isMade);
            writeOwner();
            removeLeftovers();
            // Names that the process before gave, and may have died before making them durable.
            disk.forceDirectory(directory);
            return new Opened(directory, store, Optional.of(lock), partitions(disk.list(directory)), notes, warnings);
        } catch (IOException | RuntimeException | Error e) {
            release(lock, e);
            throw e;
        }
    }

    private static void release(DiskLock lock, Throwable cause) {
        try {
            lock.close();
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    private Optional<StoreFile> readStore() throws IOException {
        Path file = directory.resolve(Names.STORE);
        if (!disk.exists(file)) {
            return Optional.empty();
        }
        Decoded<StoreFile> decoded = read(file, StoreFile.MAX_BYTES)
                .map(StoreFile::decode)
                .orElseGet(() -> new Decoded.Damaged<>("file has an impossible size"));
        if (decoded instanceof Decoded.Newer<StoreFile> newer) {
            throw new UnavailableException(
                    ErrorCode.FORMAT_NEWER,
                    "the store was written by a newer version, it was left untouched: directory=" + directory
                            + " formatVersion=" + newer.version() + " newestKnown=" + StoreFile.FORMAT_VERSION);
        }
        if (decoded instanceof Decoded.Damaged<StoreFile> damaged) {
            throw corrupt(damaged.reason());
        }
        return decoded.value();
    }

    private DamageException corrupt(String reason) {
        return new DamageException(
                ErrorCode.METADATA_CORRUPT,
                reason + ": directory=" + directory + " file=" + Names.STORE
                        + "; restore it before opening, nothing was changed",
                new Damage("", Names.STORE, -1, -1, -1),
                null);
    }

    /** The whole file, or nothing if it is larger than any that we write. */
    private Optional<byte[]> read(Path path, int maxBytes) throws IOException {
        try (DiskFile file = disk.open(path, Disk.Access.READ)) {
            long size = file.size();
            if (size > maxBytes) {
                return Optional.empty();
            }
            byte[] bytes = new byte[(int) size];
            return file.readFully(ByteBuffer.wrap(bytes), 0) == bytes.length ? Optional.of(bytes) : Optional.empty();
        }
    }

    /** Refuses to make a store out of what is not empty. */
    private void requireFresh(WalConfig config) throws IOException {
        requireNoRemains();
        if (!config.createIfMissing()) {
            throw new InvalidCallException(ErrorCode.STORE_UNKNOWN, "not a store: directory=" + directory);
        }
        for (DiskEntry entry : disk.list(directory)) {
            if (FRESH.contains(entry.name())) {
                continue;
            }
            throw new InvalidCallException(
                    ErrorCode.STORE_UNKNOWN,
                    "the directory is neither a store nor empty: directory=" + directory + " found=" + entry.name());
        }
    }

    /** Where our files lie without {@code STORE}, that is damage, and not a directory that never was a store. */
    private void requireNoRemains() throws IOException {
        for (DiskEntry entry : disk.list(directory)) {
            if (isOurs(entry)) {
                throw corrupt("STORE is missing beside files of a store, found=" + entry.name());
            }
        }
    }

    private boolean isOurs(DiskEntry entry) throws IOException {
        if (entry.name().equals(Names.RESERVE) && !entry.directory()) {
            return true;
        }
        return entry.directory()
                && partitionId(entry.name()).isPresent()
                && disk.exists(directory.resolve(entry.name()).resolve(Names.PARTITION));
    }

    private DiskLock lock() throws IOException {
        try {
            return disk.lock(directory.resolve(Names.LOCK));
        } catch (LockHeldException e) {
            throw new UnavailableException(
                    ErrorCode.STORE_LOCKED,
                    (e.heldByThisProcess()
                                    ? "the store is open for writing in this process"
                                    : "another process has the store open for writing")
                            + ": directory=" + directory + owner(),
                    e);
        }
    }

    /** Who seems to hold the lock; for people, so any trouble here is nobody's. */
    private String owner() {
        try {
            return read(directory.resolve(Names.OWNER), OwnerFile.MAX_BYTES)
                    .flatMap(OwnerFile::decode)
                    .map(owner -> " pid=" + owner.pid() + " host=" + owner.host())
                    .orElse("");
        } catch (IOException e) {
            return "";
        }
    }

    private StoreFile createStore(boolean isMade) throws IOException {
        UUID id = new UUID(environment.random().nextLong(), environment.random().nextLong());
        StoreFile store = new StoreFile(id, Math.max(0, environment.clock().millis()));
        writeAside(Names.STORE, store.encode(), true);
        disk.rename(directory.resolve(Names.aside(Names.STORE)), directory.resolve(Names.STORE));
        disk.forceDirectory(directory);
        Path parent = directory.getParent();
        if (parent != null && !isMade) {
            // An earlier attempt may have made the directory and died before its name was durable.
            try {
                disk.forceDirectory(parent);
            } catch (IOException e) {
                warnings.add("the directory's own name could not be made durable: directory=" + directory + " ("
                        + DiskErrors.said(e) + ")");
            }
        }
        notes.add("store created: storeId=" + id);
        return store;
    }

    private void writeOwner() throws IOException {
        byte[] text = new OwnerFile(
                        ThisProcess.pid(),
                        ThisProcess.host(),
                        Math.max(0, environment.clock().millis()))
                .encode();
        try {
            writeAside(Names.OWNER, text, false);
            disk.rename(directory.resolve(Names.aside(Names.OWNER)), directory.resolve(Names.OWNER));
        } catch (IOException e) {
            // It only helps people: a full disk is no reason to keep anybody from opening the store.
            warnings.add("OWNER could not be written: directory=" + directory + " (" + DiskErrors.said(e) + ")");
        }
    }

    private void writeAside(String name, byte[] bytes, boolean isForced) throws IOException {
        Path aside = directory.resolve(Names.aside(name));
        if (disk.exists(aside)) {
            disk.delete(aside);
        }
        try (DiskFile file = disk.create(aside)) {
            file.writeFully(ByteBuffer.wrap(bytes), 0);
            if (isForced) {
                file.force(false);
            }
        }
    }

    /** R6: a creation that was not finished is undone, a deletion finished. */
    private void removeLeftovers() throws IOException {
        for (DiskEntry entry : disk.list(directory)) {
            boolean isLeftover = entry.directory()
                    ? Names.parseCreateDirectory(entry.name()).isPresent()
                            || Names.parseDeleteDirectory(entry.name()).isPresent()
                    : Names.isTemporary(entry.name());
            if (isLeftover && remove(directory.resolve(entry.name()), entry.directory())) {
                notes.add("R6: removed what was not finished: name=" + entry.name());
            }
        }
    }

    /** Says whether nothing is left. */
    private boolean remove(Path path, boolean isDirectory) throws IOException {
        if (!isDirectory) {
            disk.delete(path);
            return true;
        }
        Optional<String> left = DoomedDirectory.remove(disk, path);
        left.ifPresent(warnings::add);
        return left.isEmpty();
    }

    private List<PartitionId> partitions(List<DiskEntry> entries) {
        List<PartitionId> found = new ArrayList<>();
        for (DiskEntry entry : entries) {
            if (entry.directory()) {
                partitionId(entry.name()).ifPresentOrElse(found::add, () -> noteForeign(entry.name()));
            }
        }
        return found;
    }

    private void noteForeign(String name) {
        if (!name.equals(Names.JOURNAL) && !FRESH.contains(name) && !Names.isTemporary(name)) {
            notes.add("ignored a directory that is not a partition: name=" + name);
        }
    }

    private static Optional<PartitionId> partitionId(String directoryName) {
        try {
            return Optional.of(PartitionId.parse(directoryName));
        } catch (InvalidCallException e) {
            return Optional.empty();
        }
    }
}
