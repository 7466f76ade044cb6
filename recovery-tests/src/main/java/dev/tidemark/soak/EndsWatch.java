package dev.tidemark.soak;

import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.LocalPartition;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Looks at the ends of all partitions, again and again: they are in order in every snapshot, and never go back. Now and then it asks for a new segment.
 *
 * <p><b>Threads.</b> One.
 */
final class EndsWatch implements Runnable {
    private static final long PAUSE_MILLIS = 5;
    private static final int ROTATE_EACH = 50;

    private final SoakState state;
    private final List<LocalPartition> partitions;

    EndsWatch(SoakState state, List<LocalPartition> partitions) {
        this.state = state;
        this.partitions = partitions;
    }

    @Override
    public void run() {
        try {
            List<Ends> before = new ArrayList<>();
            partitions.forEach(partition -> before.add(partition.ends()));
            for (int turn = 1; !state.isStopped(); turn++) {
                for (int i = 0; i < partitions.size(); i++) {
                    Ends now = partitions.get(i).ends();
                    check(i, before.set(i, now), now);
                }
                if (turn % ROTATE_EACH == 0) {
                    partitions.get(turn / ROTATE_EACH % partitions.size()).rotate();
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(PAUSE_MILLIS));
            }
        } catch (RuntimeException | Error e) {
            state.wrong("watching the ends: " + e);
        }
    }

    private void check(int partition, Ends before, Ends now) {
        boolean isOrdered = now.start() <= now.readable()
                && now.readable() <= now.durable()
                && now.durable() <= now.written()
                && now.written() <= now.logEnd();
        boolean isForward = before.start() <= now.start()
                && before.readable() <= now.readable()
                && before.durable() <= now.durable()
                && before.written() <= now.written()
                && before.logEnd() <= now.logEnd();
        if (!isOrdered || !isForward) {
            state.wrong("partition " + partition + ": the ends are out of order: before=" + before + " now=" + now);
        }
    }
}
