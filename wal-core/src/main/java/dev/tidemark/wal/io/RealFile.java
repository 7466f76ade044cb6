package dev.tidemark.wal.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

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

    RealFile(Path path, AsynchronousFileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    @Override
    public int write(ByteBuffer source, long at) throws IOException {
        ThreadRules.assertMayBlock();
        return resultOf(channel.write(source, at));
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
            Throwable cause = e.getCause();
            if (cause instanceof IOException ofDisk) {
                throw ofDisk;
            }
            if (cause instanceof RuntimeException unchecked) {
                throw unchecked;
            }
            if (cause instanceof Error error) {
                throw error;
            }
            throw new IOException(e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
