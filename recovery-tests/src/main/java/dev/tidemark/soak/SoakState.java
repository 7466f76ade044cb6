package dev.tidemark.soak;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a soak knows of its store, from one opening to the next: how far each writer and each reader has got, and what is wrong.
 *
 * <p><b>Threads.</b> {@link #written} of a writer belongs to that writer, {@link #read} and {@link #position} of a partition to its reader; when all of them have
 * ended, the thread that waited for them looks at all. The counters and the problems are for any.
 */
final class SoakState {
    private static final int MOST_PROBLEMS = 10;

    /** How many records each writer has appended to each partition. */
    final long[][] written;
    /** How many records of each writer the reader of each partition has found. */
    final long[][] read;
    /** The offset at which the reader of each partition goes on. */
    final long[] position;

    private final AtomicLong[] behind;
    private final AtomicLong appended = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final List<String> problems = new CopyOnWriteArrayList<>();
    private volatile boolean isStopped;
    private volatile boolean isWritten;

    SoakState(int writers, int partitions) {
        written = new long[writers][partitions];
        read = new long[partitions][writers];
        position = new long[partitions];
        behind = new AtomicLong[partitions];
        for (int i = 0; i < partitions; i++) {
            behind[i] = new AtomicLong();
        }
    }

    /** So much was handed to a partition. */
    void hasAppended(int partition, int records, long size) {
        behind[partition].addAndGet(records);
        appended.addAndGet(records);
        bytes.addAndGet(size);
    }

    void hasRead(int partition) {
        behind[partition].decrementAndGet();
    }

    /** How many records of a partition nobody has read yet. */
    long behind(int partition) {
        return behind[partition].get();
    }

    long appended() {
        return appended.get();
    }

    long bytes() {
        return bytes.get();
    }

    /** Something is wrong: everybody stops. */
    void wrong(String problem) {
        if (problems.size() < MOST_PROBLEMS) {
            problems.add(problem);
        }
        isStopped = true;
    }

    List<String> problems() {
        return List.copyOf(problems);
    }

    /** Writers end; readers read what there is. */
    void stop() {
        isStopped = true;
    }

    void goOn() {
        isStopped = false;
        isWritten = false;
    }

    boolean isStopped() {
        return isStopped;
    }

    /** Everything that will be written is written, and durable. */
    void allIsWritten() {
        isWritten = true;
    }

    boolean isWritten() {
        return isWritten;
    }
}
