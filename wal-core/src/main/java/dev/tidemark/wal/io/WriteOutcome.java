package dev.tidemark.wal.io;

import java.io.IOException;
import java.nio.channels.CompletionHandler;
import org.jspecify.annotations.Nullable;

/**
 * Hears how one write of an asynchronous channel ended, in the thread that called it; then it is free for another write. The
 * future that the channel would make instead is as large as all the log itself keeps about an append.
 *
 * <p>It ends by throwing {@link Heard}. Behind a handler that returns, the channel clears the interrupt of the thread, since it takes
 * the thread for one of a pool. Ours is the caller's, and his interrupt may have arrived in this very moment; what is thrown passes
 * that line by.
 *
 * <p><b>Threads.</b> One at a time.
 */
final class WriteOutcome implements CompletionHandler<Integer, @Nullable Void> {
    private static final int UNHEARD = -1;

    private final Heard heard = new Heard();
    private int writtenBytes = UNHEARD;
    private @Nullable Throwable failure;

    /** The write is over, and its outcome can be taken. Carries nothing, not even a trace. */
    static final class Heard extends RuntimeException {
        private static final long serialVersionUID = 1;

        private Heard() {
            super("the outcome of a write is known", null, false, false);
        }
    }

    @Override
    public void completed(Integer bytes, @Nullable Void nothing) {
        writtenBytes = bytes;
        throw heard;
    }

    @Override
    public void failed(Throwable cause, @Nullable Void nothing) {
        failure = cause;
        throw heard;
    }

    /** How many bytes were written, or the failure. */
    int take() throws IOException {
        Throwable cause = failure;
        int bytes = writtenBytes;
        failure = null;
        writtenBytes = UNHEARD;
        if (cause != null) {
            throw RealFile.asIs(cause);
        }
        if (bytes == UNHEARD) {
            throw new IOException("the channel returned before its write was over");
        }
        return bytes;
    }
}
