package dev.tidemark.benchmarks.scale;

import com.sun.management.ThreadMXBean;
import dev.tidemark.wal.api.LocalPartition;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.AtomicHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Appends from several threads, either as fast as the log lets them or at a rate that they keep up whatever the log does.
 *
 * <p>At a rate, an append counts from the moment at which it was to begin, so a stall of the log is felt by all appends that were to begin meanwhile
 * (coordinated omission). A thread that has slept and was woken late by the system begins late through no fault of the log: up to {@link
 * #TIMER_SLACK_NANOS} of that is not counted.
 *
 * <p><b>Threads.</b> One producer thread each; what it counts is read after it has ended. Latencies are recorded by the threads that complete.
 */
final class Load {
    private static final long TIMER_SLACK_NANOS = 100_000;
    private static final long LONGEST_NANOS = TimeUnit.MINUTES.toNanos(2);
    private static final long END_SECONDS = 150;

    private final LocalPartition[] partitions;
    private final Point point;
    private final byte[] payload;

    Load(LocalPartition[] partitions, Point point) {
        this.partitions = partitions;
        this.point = point;
        this.payload = new byte[point.payloadBytes()];
        new SplittableRandom(point.payloadBytes()).nextBytes(payload);
    }

    /**
     * What was acknowledged, how long it took in all, and how long each took.
     *
     * @param heapBytes what the producers' threads have allocated: afterwards nobody can ask them
     */
    record Outcome(long appends, double seconds, Histogram latencies, long heapBytes) {
        double perSecond() {
            return appends / seconds;
        }
    }

    /**
     * Appends for so long, or until so many bytes were appended.
     *
     * @param perSecond the rate of all producers together; 0 for as fast as possible
     */
    Outcome run(double seconds, long mostBytes, double perSecond) throws InterruptedException {
        long began = System.nanoTime();
        long until = began + (long) (seconds * 1e9);
        long mostAppends = Math.max(1, mostBytes / point.payloadBytes() / point.producers());
        List<Producer> producers = new ArrayList<>();
        for (int i = 0; i < point.producers(); i++) {
            producers.add(new Producer(i, began, until, mostAppends, perSecond));
        }
        producers.forEach(Thread::start);
        Histogram all = new Histogram(1, LONGEST_NANOS, 2);
        long appends = 0;
        long heapBytes = 0;
        long last = began;
        for (Producer producer : producers) {
            producer.join(TimeUnit.SECONDS.toMillis((long) seconds + END_SECONDS));
            if (producer.isAlive()) {
                throw new IllegalStateException("a producer did not come to its end: " + producer.getName());
            }
            Throwable failure = producer.failure.get();
            if (failure != null) {
                throw new IllegalStateException("an append failed", failure);
            }
            all.add(producer.latencies);
            appends += producer.appends;
            heapBytes += producer.heapBytes;
            last = Math.max(last, producer.ended);
        }
        return new Outcome(appends, (last - began) / 1e9, all, heapBytes);
    }

    private final class Producer extends Thread {
        private final int number;
        private final long began;
        private final long until;
        private final long mostAppends;
        private final double periodNanos;
        private final Semaphore underWay;
        private final AtomicHistogram latencies = new AtomicHistogram(LONGEST_NANOS, 2);
        private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        private long appends;
        private long heapBytes;
        private volatile long ended;

        Producer(int number, long began, long until, long mostAppends, double perSecond) {
            super("producer-" + number);
            setDaemon(true);
            this.number = number;
            this.began = began;
            this.until = until;
            this.mostAppends = mostAppends;
            this.periodNanos = perSecond > 0 ? 1e9 * point.producers() / perSecond : 0;
            // At a rate nothing but the log's own queue may hold an append back.
            this.underWay = new Semaphore(perSecond > 0 ? Integer.MAX_VALUE : point.inFlight());
            this.ended = began;
        }

        @Override
        public void run() {
            try {
                while (failure.get() == null && appends < mostAppends) {
                    long start = nextBegin();
                    if (start >= until) {
                        break;
                    }
                    append(start);
                    appends++;
                }
                awaitAll();
                ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
                heapBytes = Math.max(0, threads.getThreadAllocatedBytes(threadId()));
                ended = System.nanoTime();
            } catch (Throwable t) {
                failure.compareAndSet(null, t);
            }
        }

        @SuppressWarnings("deprecation") // its successor came after JDK 17
        private long threadId() {
            return getId();
        }

        /** When the next append begins, as far as it counts. */
        private long nextBegin() {
            long now = System.nanoTime();
            if (periodNanos == 0) {
                return now;
            }
            long intended = began + (long) ((appends + (double) number / point.producers()) * periodNanos);
            if (now >= intended || intended >= until) {
                return intended;
            }
            while (now < intended) {
                LockSupport.parkNanos(intended - now);
                now = System.nanoTime();
            }
            return Math.max(intended, now - TIMER_SLACK_NANOS > intended ? now - TIMER_SLACK_NANOS : now);
        }

        private void append(long start) {
            LocalPartition target = partitions[(int) ((number + appends * point.producers()) % partitions.length)];
            if (point.inFlight() == 1) {
                target.append(payload);
                record(start);
                return;
            }
            if (!underWay.tryAcquire()) {
                underWay.acquireUninterruptibly();
            }
            target.enqueue(payload).durable().whenComplete((offset, failed) -> {
                if (failed != null) {
                    failure.compareAndSet(null, failed);
                } else {
                    record(start);
                }
                underWay.release();
            });
        }

        private void record(long start) {
            latencies.recordValue(Math.max(1, Math.min(LONGEST_NANOS, System.nanoTime() - start)));
        }

        private void awaitAll() throws InterruptedException {
            if (point.inFlight() == 1) {
                return;
            }
            int all = periodNanos > 0 ? Integer.MAX_VALUE : point.inFlight();
            if (!underWay.tryAcquire(all, END_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("appends were not acknowledged in time");
            }
        }
    }
}
