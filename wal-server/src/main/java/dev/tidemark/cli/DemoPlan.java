package dev.tidemark.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What the demo does. Parent and child make the same plan out of the same few numbers, so the parent can make every payload again that the child may
 * have appended.
 *
 * @param seed of all payloads
 * @param partitions how many partitions
 * @param writers the threads that append
 * @param runFor how long to append before the kill, counted from the first acknowledgement
 * @param minAppends so many appends have to be acknowledged before the kill
 */
record DemoPlan(long seed, int partitions, List<Writer> writers, Duration runFor, long minAppends) {

    /**
     * One thread that appends to one partition.
     *
     * @param number which one, from 0
     * @param partition the partition's number
     * @param batchRecords records an append; with more than one they are appended as a batch
     * @param maxUnderWay appends it has under way; with one it waits for each
     */
    record Writer(int number, int partition, int batchRecords, int maxUnderWay) {
        boolean isWaiting() {
            return maxUnderWay == 1;
        }
    }

    static final String NAME = "demo";
    static final int PARTITIONS = 4;
    private static final int WAITING = 6;
    private static final int BATCH_RECORDS = 10;
    private static final int UNDER_WAY = 64;

    /** Six threads that wait for each append, one of batches, and one that has many appends under way. */
    static DemoPlan of(long seed, Duration runFor, long minAppends) {
        List<Writer> writers = new ArrayList<>();
        for (int i = 0; i < WAITING; i++) {
            writers.add(new Writer(i, i % PARTITIONS, 1, 1));
        }
        writers.add(new Writer(WAITING, WAITING % PARTITIONS, BATCH_RECORDS, 1));
        writers.add(new Writer(WAITING + 1, (WAITING + 1) % PARTITIONS, 1, UNDER_WAY));
        return new DemoPlan(seed, PARTITIONS, List.copyOf(writers), runFor, minAppends);
    }
}
