package dev.tidemark.wal.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A disk as the engine sees it: files, directories and their durability. What each operation promises about crashes is
 * in the {@linkplain dev.tidemark.wal.io package description}.
 *
 * <p>Operations on a file or directory that is absent throw {@link java.nio.file.NoSuchFileException}; creating what
 * exists throws {@link java.nio.file.FileAlreadyExistsException}. {@link DiskErrors} tells a full disk and exhausted
 * file descriptors from other errors.
 *
 * <p><b>Threads.</b> Any thread may call any method. All of them may block, so none may be called on a {@link
 * NonBlockingThread}; assertions check it.
 */
public interface Disk {

    /** How a file is opened. */
    enum Access {
        /** Reading only; writing and cutting are refused with a {@link java.nio.channels.NonWritableChannelException}. */
        READ,
        /** Reading and writing. */
        READ_WRITE
    }

    /**
     * Creates an empty file that only its owner may read and write, and opens it for both. The name is not durable before
     * {@link #forceDirectory}.
     */
    DiskFile create(Path file) throws IOException;

    /** Opens a file that exists. */
    DiskFile open(Path file, Access access) throws IOException;

    /** Creates one directory, for its owner only. Its parent must exist. */
    void createDirectory(Path directory) throws IOException;

    /**
     * Gives a file or directory another name in the same file system, atomically. A file that has the new name already is
     * replaced; a directory that has it is replaced only if both are directories and it is empty.
     */
    void rename(Path from, Path to) throws IOException;

    /** Gives an existing file a second name in the same file system. The new name must be free. */
    void link(Path existing, Path link) throws IOException;

    /** Deletes a file or an empty directory. A directory with entries is refused. */
    void delete(Path path) throws IOException;

    /** The entries of a directory, sorted by name. */
    List<DiskEntry> list(Path directory) throws IOException;

    /** Whether there is a file or directory of that name. An error is an exception, never {@code false}. */
    boolean exists(Path path) throws IOException;

    /** Makes the names in this directory durable, as they were when the call began. Never repeated after a failure. */
    void forceDirectory(Path directory) throws IOException;

    /**
     * Takes the exclusive lock that stands for a directory, creating the lock file if it is absent. Never waits.
     *
     * @throws LockHeldException if this or another process holds it
     */
    DiskLock lock(Path file) throws IOException;

    /** Describes the volume on which an existing path lies. */
    Volume volume(Path path) throws IOException;

    /** The absolute path of an existing file or directory, without symbolic links. */
    Path realPath(Path path) throws IOException;
}
