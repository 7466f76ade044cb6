package dev.tidemark.cli;

import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.Environment;
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

    private final Clock clock;
    private final PrintWriter err;
    private final boolean isShown;
    private final String what;
    private long drawnAtNanos;
    private boolean isDrawn;

    /** @param what the job, in a word or two */
    ProgressBar(Console console, String what) {
        this(console, what, Environment.real().clock());
    }

    ProgressBar(Console console, String what, Clock clock) {
        this.err = console.err();
        this.isShown = console.canRedrawErr();
        this.what = what;
        this.clock = clock;
        this.drawnAtNanos = clock.nanos();
    }

    /** So many bytes are done, of so many. */
    void at(long done, long total) {
        if (!isShown) {
            return;
        }
        long now = clock.nanos();
        if (now - drawnAtNanos < REDRAW_NANOS) {
            return;
        }
        drawnAtNanos = now;
        isDrawn = true;
        double part = total <= 0 ? 1 : Math.min(1, (double) done / total);
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
