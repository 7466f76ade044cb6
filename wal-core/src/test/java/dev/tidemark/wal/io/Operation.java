package dev.tidemark.wal.io;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One call on a simulated disk, as it was logged when it returned.
 *
 * <p>A write carries its bytes, so a log of operations can be replayed up to any boundary.
 */
public final class Operation {

    /** What was called. */
    public enum Kind {
        CREATE(true),
        OPEN(false),
        CREATE_DIRECTORY(true),
        RENAME(true),
        LINK(true),
        DELETE(true),
        LIST(false),
        EXISTS(false),
        FORCE_DIRECTORY(true),
        LOCK(false),
        VOLUME(false),
        REAL_PATH(false),
        WRITE(true),
        READ(false),
        FORCE(true),
        TRUNCATE(true),
        /** A file became longer by a hole; no {@link Disk} does that, but other programs do. */
        GROW(true),
        SIZE(false),
        CLOSE(false),
        /** The kernel failed to write back what was not forced; nobody called anything. */
        WRITE_BACK_ERROR(true),
        /** Memory became scarce, and clean pages left the page cache; nobody called anything. */
        PAGES_DROPPED(true),
        /** A test changed the medium behind everybody's back. */
        DAMAGE(true);

        private final boolean changesTheDisk;

        Kind(boolean changesTheDisk) {
            this.changesTheDisk = changesTheDisk;
        }

        boolean changesTheDisk() {
            return changesTheDisk;
        }
    }

    /** How it ended. */
    public enum Outcome {
        DONE,
        /** The disk did it, and reported an error all the same. */
        DONE_BUT_FAILED,
        /** The disk could not do it. A force that ends so has taken what it should have covered for clean. */
        FAILED,
        /** Nothing was tried: the file is absent or closed, say. */
        REFUSED
    }

    private final long index;
    private final Kind kind;
    private final Path path;
    private final @Nullable Path target;
    private final long fileId;
    private final long at;
    private final int bytes;
    private final long began;
    private final Outcome outcome;
    private final byte @Nullable [] data;

    Operation(long index, Call call, long began, Outcome outcome) {
        this.index = index;
        this.kind = call.kind;
        this.path = call.path;
        this.target = call.target;
        this.fileId = call.fileId;
        this.at = call.at;
        this.bytes = call.bytes;
        this.began = began;
        this.outcome = outcome;
        this.data = call.data;
    }

    /** Its place in the order in which operations returned; the first has 0. */
    public long index() {
        return index;
    }

    /** What was called. */
    public Kind kind() {
        return kind;
    }

    /** The file or directory; for a file handle, the path by which it was opened. */
    public Path path() {
        return path;
    }

    /** The new name, for a rename or a link. */
    public Optional<Path> target() {
        return Optional.ofNullable(target);
    }

    /** The file position of a read or write, or the size asked for by a truncation. */
    public long at() {
        return at;
    }

    /** How many bytes were read or written. */
    public int bytes() {
        return bytes;
    }

    /** How many operations had returned when this one began: what a force covers. */
    public long began() {
        return began;
    }

    /** How it ended. */
    public Outcome outcome() {
        return outcome;
    }

    /** Whether the disk did what was asked. */
    public boolean tookEffect() {
        return outcome == Outcome.DONE || outcome == Outcome.DONE_BUT_FAILED;
    }

    /** Whether the states a crash can leave behind differ before and after it. */
    public boolean changedTheDisk() {
        boolean isForce = kind == Kind.FORCE || kind == Kind.FORCE_DIRECTORY;
        return kind.changesTheDisk() && (tookEffect() || isForce && outcome == Outcome.FAILED);
    }

    /** Whether it wrote something, and nothing but zeros. */
    public boolean wroteOnlyZeros() {
        byte[] written = data;
        if (kind != Kind.WRITE || written == null || bytes == 0) {
            return false;
        }
        for (int i = 0; i < bytes; i++) {
            if (written[i] != 0) {
                return false;
            }
        }
        return true;
    }

    long fileId() {
        return fileId;
    }

    byte @Nullable [] data() {
        return data;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        text.append(index).append(' ').append(kind).append(' ').append(path);
        target().ifPresent(to -> text.append(" -> ").append(to));
        if (kind == Kind.WRITE || kind == Kind.READ) {
            text.append(" at=").append(at).append(" bytes=").append(bytes);
        } else if (kind == Kind.TRUNCATE || kind == Kind.GROW) {
            text.append(" size=").append(at);
        }
        if (began != index) {
            text.append(" began=").append(began);
        }
        if (outcome != Outcome.DONE) {
            text.append(' ').append(outcome);
        }
        return text.toString();
    }

    /** What is known of an operation before it is done. */
    static final class Call {
        static final long NOW = -1;

        final Kind kind;
        final Path path;

        @Nullable
        Path target;

        long fileId = -1;
        /** How many operations had returned when it began, if that was earlier than now. */
        long began = NOW;

        long at;
        int bytes;
        byte @Nullable [] data;
        /** The handle that must be open for it. */
        @Nullable
        SimulatedFile handle;

        Call(Kind kind, Path path) {
            this.kind = kind;
            this.path = path;
        }
    }
}
