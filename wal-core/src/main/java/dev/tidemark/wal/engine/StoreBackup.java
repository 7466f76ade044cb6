package dev.tidemark.wal.engine;

import dev.tidemark.wal.api.BackupReport;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.StoreFile;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.partition.OpenPartition;
import dev.tidemark.wal.partition.PartitionBackup;
import dev.tidemark.wal.partition.PartitionServices;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Copies a store that is open into a directory of its own (ADR 0010).
 *
 * <p><b>Threads.</b> Confined to the one that backs up. Several may back up one store at the same time, into different directories.
 *
 * <p><b>Crash.</b> {@code STORE} is written last, when everything else is durable and was read back. Until then {@code BACKUP-UNFINISHED} keeps the
 * directory from being taken for an empty one, which would become a new store by being opened.
 */
final class StoreBackup {
    private static final String UNFINISHED_SAYS = """
            A backup was being written here. Without a file STORE beside this one it has not come to its end and is not a backup: remove the directory.
            With STORE it is whole, and this file may be deleted.
            """;

    private final PartitionServices services;
    private final Disk disk;
    private final StoreFile store;
    private final Path source;
    private final LongConsumer progress;

    /**
     * @param disk where the copy goes
     * @param source the real path of the store
     * @param progress is told how many more bytes were copied
     */
    StoreBackup(PartitionServices services, Disk disk, StoreFile store, Path source, LongConsumer progress) {
        this.services = services;
        this.disk = disk;
        this.store = store;
        this.source = source;
        this.progress = progress;
    }

    /** Copies these, and makes a store of the copy. */
    BackupReport copy(List<OpenPartition> partitions, Path target) throws IOException {
        long began = services.environment().clock().nanos();
        Path directory = begin(target);
        PartitionBackup backup = new PartitionBackup(services, disk, directory, progress);
        List<BackupReport.PartitionBackup> copied = new ArrayList<>();
        long bytes = 0;
        for (OpenPartition partition : partitions) {
            BackupReport.PartitionBackup one = partition.backUp(backup);
            copied.add(one);
            bytes += one.bytes();
        }
        disk.forceDirectory(directory);
        finish(directory);
        return new BackupReport(
                directory, copied, bytes, services.environment().clock().nanos() - began);
    }

    private Path begin(Path target) throws IOException {
        if (disk.exists(target)) {
            requireEmpty(target);
        } else {
            requireOutside(target.toAbsolutePath().normalize(), target);
            StoreDirectory.make(disk, target.toAbsolutePath());
        }
        Path directory = disk.realPath(target);
        requireOutside(directory, target);
        try (DiskFile marker = disk.create(directory.resolve(Names.UNFINISHED_BACKUP))) {
            marker.writeFully(ByteBuffer.wrap(UNFINISHED_SAYS.getBytes(StandardCharsets.UTF_8)), 0);
            marker.force(false);
        } catch (FileAlreadyExistsException e) {
            throw notEmpty(target, Names.UNFINISHED_BACKUP);
        }
        disk.forceDirectory(directory);
        return directory;
    }

    private void requireEmpty(Path target) throws IOException {
        try {
            for (DiskEntry entry : disk.list(target)) {
                if (!entry.name().equals(StoreDirectory.LOST_AND_FOUND)) {
                    throw notEmpty(target, entry.name());
                }
            }
        } catch (NotDirectoryException e) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID, "a backup needs a directory: directory=" + target, e);
        }
    }

    private static InvalidCallException notEmpty(Path target, String found) {
        return new InvalidCallException(
                ErrorCode.ARGUMENT_INVALID,
                "a backup needs a directory that is absent or empty: directory=" + target + " found=" + found);
    }

    /** Neither may lie in the other: the next backup would copy this one, or a restore delete it. */
    private void requireOutside(Path directory, Path asCalled) {
        if (directory.startsWith(source) || source.startsWith(directory)) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID,
                    "a backup must not lie in its store, nor around it: directory=" + asCalled + " store=" + source);
        }
    }

    private void finish(Path directory) throws IOException {
        Path aside = directory.resolve(Names.aside(Names.STORE));
        try (DiskFile file = disk.create(aside)) {
            file.writeFully(ByteBuffer.wrap(store.encode()), 0);
            file.force(false);
        }
        disk.rename(aside, directory.resolve(Names.STORE));
        disk.forceDirectory(directory);
        // Not together with the rename: a loss of power may keep of two names which it likes, and with neither an empty
        // store's backup would be an empty directory.
        disk.delete(directory.resolve(Names.UNFINISHED_BACKUP));
        disk.forceDirectory(directory);
    }
}
