package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.ThreadRules;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Those who wait for one end of one log to go beyond an offset: threads in {@link #await}, futures from {@link #whenBeyond}. A log has one of
 * these for its readable end and one for its written end.
 *
 * <p><b>Threads.</b> Any. Whoever moves the end calls {@link #advanced} after every move; it wakes threads itself and leaves futures to the
 * completion executor, because their dependents are not our code. There is no lock: a waiter belongs to the thread that removes it from the map.
 *
 * <p><b>Ordering.</b> No wake-up is lost. The mover stores the end, then passes a full fence, then looks for waiters. A waiter
 * counts itself and enters the map, then passes a full fence, then loads the end once more. Of the two fences one comes first. If it is the mover's,
 * the waiter's second look sees the new end. If it is the waiter's, the mover sees the count and finds the waiter in the map. Forbidden: the
 * waiter still sees the old end, and the mover sees nobody. The same holds for {@code closed} in place of the end. A wake-up that comes before the
 * thread has begun to wait is kept by its latch.
 *
 * <p>When nobody waits, {@code advanced} is a fence and one volatile load.
 *
 * <p><b>Crash.</b> Nothing here is stored.
 */
final class TailWaiters {

    private static final VarHandle WAITERS;

    static {
        try {
            WAITERS = MethodHandles.lookup().findVarHandle(TailWaiters.class, "waiters", ConcurrentSkipListMap.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final LongSupplier end;
    private final Executor completions;

    /** By {@link #waiters()}. Null until somebody has waited, since at most logs nobody ever does; then one map for good. */
    private volatile @Nullable ConcurrentSkipListMap<Place, Waiter> waiters;

    /** At least as many as are in the map: counted before entering it, and after leaving it. */
    private final AtomicInteger waiting = new AtomicInteger();

    private final AtomicLong numbers = new AtomicLong();
    private volatile @Nullable Supplier<? extends WalException> closed;

    /**
     * For one end.
     *
     * @param end loads it; where it goes back, whoever does that calls {@link #lookAgain}
     * @param completions runs what depends on the futures
     */
    TailWaiters(LongSupplier end, Executor completions) {
        this.end = end;
        this.completions = completions;
    }

    /** The end has been moved to {@code newEnd}, and whoever loads it sees that. */
    void advanced(long newEnd) {
        VarHandle.fullFence();
        if (waiting.get() != 0) {
            wakeBelow(newEnd);
        }
    }

    /** The log was truncated: threads that wait return, to see whether they still stand in it. Futures go on waiting for their offset. */
    void lookAgain() {
        VarHandle.fullFence();
        ConcurrentSkipListMap<Place, Waiter> all = waiters;
        if (all == null) {
            return;
        }
        all.forEach((place, waiter) -> {
            if (waiter.thread != null && all.remove(place, waiter)) {
                waiting.decrementAndGet();
                waiter.thread.countDown();
            }
        });
    }

    /**
     * Nothing will be added any more. Threads that wait return, futures fail, and so does whoever comes later.
     *
     * @param reason says why, to whoever wants to know
     */
    void close(Supplier<? extends WalException> reason) {
        closed = reason;
        VarHandle.fullFence();
        List<CompletableFuture<Long>> failed = new ArrayList<>();
        Map.Entry<Place, Waiter> entry;
        ConcurrentSkipListMap<Place, Waiter> all = waiters;
        while (all != null && (entry = all.pollFirstEntry()) != null) {
            waiting.decrementAndGet();
            entry.getValue().wake(failed);
        }
        if (!failed.isEmpty()) {
            WalException told = reason.get();
            complete(failed, future -> future.completeExceptionally(told));
        }
    }

    /** Completes with the end, once that is beyond the offset; fails when the log is closed before. Who completes it otherwise has left the queue. */
    CompletableFuture<Long> whenBeyond(long offset) {
        CompletableFuture<Long> future = new CompletableFuture<>();
        long now = end.getAsLong();
        if (now > offset) {
            future.complete(now);
            return future;
        }
        Place place = enter(offset, new Waiter(null, future));
        // A future that its holder cancels or times out would otherwise stay here until its offset comes, if ever.
        var unused = future.whenComplete((value, failure) -> leave(place));
        now = end.getAsLong();
        Supplier<? extends WalException> reason = closed;
        if (now > offset) {
            leave(place);
            future.complete(now);
        } else if (reason != null) {
            leave(place);
            future.completeExceptionally(reason.get());
        }
        return future;
    }

    /**
     * Waits until the end is beyond the offset. False when the time is up, or the log was closed or truncated meanwhile.
     *
     * @throws WalException why the log was closed, if that was before
     */
    boolean await(long offset, long waitNanos) throws InterruptedException {
        ThreadRules.assertMayBlock();
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (end.getAsLong() > offset) {
            return true;
        }
        Supplier<? extends WalException> reason = closed;
        if (reason != null) {
            throw reason.get();
        }
        if (waitNanos <= 0) {
            return false;
        }
        CountDownLatch woken = new CountDownLatch(1);
        Place place = enter(offset, new Waiter(woken, null));
        try {
            boolean isOver = end.getAsLong() > offset || closed != null;
            return (isOver || woken.await(waitNanos, TimeUnit.NANOSECONDS)) && end.getAsLong() > offset;
        } finally {
            leave(place);
        }
    }

    /** How many wait at the moment. */
    int waiting() {
        return waiting.get();
    }

    private ConcurrentSkipListMap<Place, Waiter> waiters() {
        ConcurrentSkipListMap<Place, Waiter> present = waiters;
        if (present == null) {
            WAITERS.compareAndSet(this, null, new ConcurrentSkipListMap<Place, Waiter>());
            present = Objects.requireNonNull(waiters);
        }
        return present;
    }

    private Place enter(long offset, Waiter waiter) {
        Place place = new Place(offset, numbers.getAndIncrement());
        waiting.incrementAndGet();
        waiters().put(place, waiter);
        VarHandle.fullFence();
        return place;
    }

    private void leave(Place place) {
        if (waiters().remove(place) != null) {
            waiting.decrementAndGet();
        }
    }

    private void wakeBelow(long newEnd) {
        List<CompletableFuture<Long>> reached = new ArrayList<>();
        Map.Entry<Place, Waiter> entry;
        ConcurrentSkipListMap<Place, Waiter> all = waiters();
        while ((entry = all.firstEntry()) != null && entry.getKey().offset < newEnd) {
            if (all.remove(entry.getKey(), entry.getValue())) {
                waiting.decrementAndGet();
                entry.getValue().wake(reached);
            }
        }
        complete(reached, future -> future.complete(newEnd));
    }

    private void complete(List<CompletableFuture<Long>> futures, Completion how) {
        if (futures.isEmpty()) {
            return;
        }
        Runnable task = () -> futures.forEach(how::complete);
        try {
            completions.execute(task);
        } catch (RejectedExecutionException e) {
            // The executor is gone before the log is: better in this thread than never.
            task.run();
        }
    }

    private interface Completion {
        void complete(CompletableFuture<Long> future);
    }

    /** In the order of offsets; the number tells those of one offset apart. */
    private record Place(long offset, long number) implements Comparable<Place> {
        @Override
        public int compareTo(Place other) {
            int byOffset = Long.compare(offset, other.offset);
            return byOffset != 0 ? byOffset : Long.compare(number, other.number);
        }
    }

    /** A thread or a future. */
    private record Waiter(
            @Nullable CountDownLatch thread, @Nullable CompletableFuture<Long> future) {
        void wake(List<CompletableFuture<Long>> futures) {
            if (thread != null) {
                thread.countDown();
            }
            if (future != null) {
                futures.add(future);
            }
        }
    }
}
