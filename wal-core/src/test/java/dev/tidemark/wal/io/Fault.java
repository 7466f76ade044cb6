package dev.tidemark.wal.io;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What goes wrong with certain calls on a simulated disk.
 *
 * <p>Unless said otherwise the call has no effect. A force without effect behaves as Linux does: what it should have made
 * durable is taken for clean, can still be read, and is never made durable by a later force unless it is written again; each
 * other open handle of the file reports the error once.
 */
public final class Fault {
    private final CallMatch calls;
    private final @Nullable Function<Path, Throwable> error;
    private final int effectBytes;
    private final boolean isTried;

    private Fault(CallMatch calls, @Nullable Function<Path, Throwable> error, int effectBytes) {
        this(calls, error, effectBytes, true);
    }

    private Fault(CallMatch calls, @Nullable Function<Path, Throwable> error, int effectBytes, boolean isTried) {
        this.calls = calls;
        this.error = error;
        this.effectBytes = effectBytes;
        this.isTried = isTried;
    }

    /** EIO. */
    public static Fault ioError(CallMatch calls) {
        return new Fault(calls, path -> error(path, "Input/output error"), 0);
    }

    /** ENOSPC. */
    public static Fault full(CallMatch calls) {
        return new Fault(calls, path -> error(path, "No space left on device"), 0);
    }

    /** EMFILE. */
    public static Fault tooManyOpenFiles(CallMatch calls) {
        return new Fault(calls, path -> error(path, "Too many open files"), 0);
    }

    /** A write that returns normally, with this many bytes written at most. */
    public static Fault shortWrite(CallMatch calls, int bytes) {
        return new Fault(calls, null, bytes);
    }

    /** A read that returns normally, with this many bytes read at most. */
    public static Fault shortRead(CallMatch calls, int bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("a read of nothing is the end of the file: bytes=" + bytes);
        }
        return new Fault(calls, null, bytes);
    }

    /** Anything else: an {@link IOException}, a {@link RuntimeException} or an {@link Error}, new for each call. */
    public static Fault thrown(CallMatch calls, Function<Path, Throwable> error) {
        return new Fault(calls, error, 0);
    }

    /** The same, but the call does its work before it fails. */
    public Fault afterEffect() {
        return new Fault(calls, error, Integer.MAX_VALUE);
    }

    /** The same, but a write has written this many bytes before it fails. */
    public Fault afterBytes(int bytes) {
        return new Fault(calls, error, bytes);
    }

    /**
     * The same, but a force that fails has not been tried: what it should have made durable stays as it was, and a later force can do it. So
     * it is with the names in a directory on a file system that keeps them in a journal.
     */
    public Fault withoutTrying() {
        return new Fault(calls, error, 0, false);
    }

    boolean isTried() {
        return isTried;
    }

    CallMatch calls() {
        return calls;
    }

    @Nullable
    Throwable errorFor(Path path) {
        return error == null ? null : error.apply(path);
    }

    int effectBytes() {
        return effectBytes;
    }

    static IOException error(Path path, String reason) {
        return new FileSystemException(path.toString(), null, reason);
    }
}
