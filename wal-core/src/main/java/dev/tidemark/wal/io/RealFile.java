package dev.tidemark.wal.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A file of the operating system.
 *
 * <p>The channel is an asynchronous one whose tasks run in the calling thread. It does the same system calls as a {@link
 * java.nio.channels.FileChannel} at the same speed, but is not closed when the thread that uses it is interrupted: a caller
 * that leads a round must not be able to kill the file for everybody.
 *
 * <p><b>Threads.</b> Any number at a time; there is no shared position.
 *
 * <p><b>Crash.</b> Holds nothing back: what was written is in the page cache when the call returns.
 */
final class RealFile implements DiskFile {

    private final Path path;
    private final AsynchronousFileChannel channel;
    /** For the next write: a lone append is one write, and need not make one of its own. */
    private final AtomicReference<@Nullable WriteOutcome> spareOutcome = new AtomicReference<>();

    RealFile(Path path, AsynchronousFileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    @Override
    public int write(ByteBuffer source, long at) throws IOException {
        ThreadRules.assertMayBlock();
        WriteOutcome mine = spareOutcome.getAndSet(null);
        WriteOutcome outcome = mine == null ? new WriteOutcome() : mine;
        int bytes = outcomeOf(outcome, source, at);
        // Only now: one that was thrown out of may still be written to by a channel that works otherwise.
        spareOutcome.set(outcome);
        return bytes;
    }

    private int outcomeOf(WriteOutcome outcome, ByteBuffer source, long at) throws IOException {
        try {
            channel.write(source, at, null, outcome);
        } catch (WriteOutcome.Heard e) {
            return outcome.take();
        }
        return outcome.take();
    }

    @Override
    public int read(ByteBuffer target, long at) throws IOException {
        ThreadRules.assertMayBlock();
        return resultOf(channel.read(target, at));
    }

    @Override
    public void force(boolean metadata) throws IOException {
        ThreadRules.assertMayBlock();
        channel.force(metadata);
    }

    @Override
    public void truncate(long sizeBytes) throws IOException {
        ThreadRules.assertMayBlock();
        channel.truncate(sizeBytes);
    }

    @Override
    public long size() throws IOException {
        ThreadRules.assertMayBlock();
        return channel.size();
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    @Override
    public String toString() {
        return "RealFile[" + path + "]";
    }

    /**
     * What the future holds. It is complete when the channel hands it out, because the I/O was done in this thread; a
     * channel that works otherwise is waited for all the same. An interrupt is kept for the caller.
     */
    private static int resultOf(Future<Integer> done) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return done.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            throw asIs(e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** What the channel failed with, to be thrown. */
    static IOException asIs(@Nullable Throwable cause) {
        if (cause instanceof IOException ofDisk) {
            return ofDisk;
        }
        if (cause instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        if (cause instanceof Error error) {
            throw error;
        }
        return new IOException(cause);
    }
}
