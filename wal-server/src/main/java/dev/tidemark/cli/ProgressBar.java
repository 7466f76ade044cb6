package dev.tidemark.cli;

import java.io.PrintWriter;
import java.util.Locale;

/**
 * How far a long job has got, drawn over itself on standard error when that is a terminal; otherwise nothing at all. Erased at the end, so that it
 * never mixes with results.
 *
 * <p><b>Threads.</b> Confined to the thread that does the job.
 */
final class ProgressBar implements AutoCloseable {
    private static final int BAR_CHARS = 30;
    private static final long REDRAW_NANOS = 100_000_000;
    private static final String ERASE = "\r\u001b[K";

    private final PrintWriter err;
    private final boolean isShown;
    private final String what;
    private final long total;
    private long done;
    private long drawnAtNanos;
    private boolean isDrawn;

    /**
     * @param what the job, in a word or two
     * @param total bytes in all
     */
    ProgressBar(Console console, String what, long total) {
        this.err = console.err();
        this.isShown = console.canRedrawErr() && total > 0;
        this.what = what;
        this.total = total;
        this.drawnAtNanos = System.nanoTime();
    }

    /** So many bytes more are done. */
    void add(long bytes) {
        to(done + bytes);
    }

    /** So many bytes are done. */
    void to(long bytes) {
        done = bytes;
        if (!isShown) {
            return;
        }
        long now = System.nanoTime();
        if (now - drawnAtNanos < REDRAW_NANOS) {
            return;
        }
        drawnAtNanos = now;
        isDrawn = true;
        double part = Math.min(1, (double) done / total);
        int filled = (int) (part * BAR_CHARS);
        err.print(String.format(
                Locale.ROOT,
                "%s%s [%s%s] %3.0f%% of %s",
                ERASE,
                what,
                "#".repeat(filled),
                ".".repeat(BAR_CHARS - filled),
                part * 100,
                Quantity.bytes(total)));
        err.flush();
    }

    @Override
    public void close() {
        if (isDrawn) {
            err.print(ERASE);
            err.flush();
        }
    }
}
