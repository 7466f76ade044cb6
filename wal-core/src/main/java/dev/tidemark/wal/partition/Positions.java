package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.Ends;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How far one partition has got: four offsets, {@code start <= durable <= written <= logEnd}.
 *
 * <p><b>Threads.</b> {@code start} is stored under the lock of trimming, {@code logEnd} under the partition lock, {@code written} by the holder of
 * the write right, {@code durable} by the holder of the force right. Any thread may read.
 *
 * <p><b>Ordering.</b> Advancing is a release store, reading an acquire load. The writer adds to the index, and to the list
 * of segments, <em>before</em> it advances {@code written}; the force comes before {@code durable} is advanced. So whoever
 * sees an end here can also read the records below it. A reader of several loads the lower one first: loaded the other way
 * round, the writer may run in between and the lower one appear to be ahead.
 *
 * <p>All only move forward, but for {@code logEnd}, which goes back to {@code written} when a write was refused: what it
 * said was provisional; and for the ends of a log that is truncated, of which {@link Truncations} tells first. They go back one after the other, the lowest
 * first, with both rights and the partition lock held.
 *
 * <p><b>Crash.</b> Nothing here is stored. Recovery sets all ends to the last complete round.
 */
final class Positions {
    private static final VarHandle START = field("start");
    private static final VarHandle DURABLE = field("durable");
    private static final VarHandle WRITTEN = field("written");
    private static final VarHandle LOG_END = field("logEnd");

    @SuppressWarnings("unused") // by START
    private volatile long start;

    private volatile long durable;
    private volatile long written;

    @SuppressWarnings("unused") // by LOG_END
    private volatile long logEnd;

    Positions(long start, long end) {
        this.start = start;
        this.durable = end;
        this.written = end;
        this.logEnd = end;
    }

    private static VarHandle field(String name) {
        try {
            return MethodHandles.lookup().findVarHandle(Positions.class, name, long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    long start() {
        return (long) START.getAcquire(this);
    }

    long durable() {
        return (long) DURABLE.getAcquire(this);
    }

    long written() {
        return (long) WRITTEN.getAcquire(this);
    }

    long logEnd() {
        return (long) LOG_END.getAcquire(this);
    }

    void trimmed(long newStart) {
        assert newStart >= start() && newStart <= durable : "start cannot go from " + start() + " to " + newStart;
        START.setRelease(this, newStart);
    }

    void accepted(long newLogEnd) {
        LOG_END.setRelease(this, newLogEnd);
    }

    void advanceWritten(long end) {
        assert end >= written : "written end would go back from " + written + " to " + end;
        WRITTEN.setRelease(this, end);
    }

    void advanceDurable(long end) {
        assert end >= durable && end <= written : "durable end cannot go from " + durable + " to " + end;
        DURABLE.setRelease(this, end);
    }

    /** The log ends here from now on. */
    void truncated(long end) {
        assert end >= start() && end <= durable : "the end cannot go back from " + durable + " to " + end;
        DURABLE.setRelease(this, end);
        WRITTEN.setRelease(this, end);
        LOG_END.setRelease(this, end);
    }

    /** Everything at once; the order of the loads keeps the inequalities, but for the three stores of a truncation, which are over in a moment. */
    Ends snapshot() {
        while (true) {
            long startNow = start();
            long durableNow = durable();
            long writtenNow = written();
            long logEndNow = logEnd();
            if (durableNow <= writtenNow && writtenNow <= logEndNow) {
                return new Ends(startNow, durableNow, durableNow, writtenNow, logEndNow);
            }
        }
    }
}
