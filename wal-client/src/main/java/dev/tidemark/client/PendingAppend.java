package dev.tidemark.client;

import dev.tidemark.wal.api.WalException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One append of a caller on its way: waiting in a batch, sent, or settled. Settled once, by whoever comes first: the answer, a refusal, its deadline,
 * or the end of the client.
 *
 * <p><b>Threads.</b> The caller or the I/O thread settle it. The state is changed by compare-and-set only.
 *
 * <p><b>Ordering.</b> The outcome is written before the state becomes {@code SETTLED} (release) and read after that was seen (acquire). Whoever moves it to
 * {@code SETTLED} has claimed it first ({@code CLAIMED}), so there is one writer of the outcome.
 */
final class PendingAppend implements Callbacks.Settled {
    private static final int QUEUED = 0;
    private static final int SENT = 1;
    private static final int CLAIMED = 2;
    private static final int SETTLED = 3;

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(PendingAppend.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** How many offsets it takes. */
    final int count;
    /** When its caller stops waiting, by the client's clock. */
    final long deadlineNanos;

    /** Where its bytes lie in the batch's buffer, and which offset of the batch is its first. Set under the queue's lock, before it is in the batch. */
    int at;

    int length;
    int indexInBatch;
    /** How many bytes before the value in the buffer a record needs and a lone value does not. */
    int prefixBytes = -1;

    private final @Nullable Thread waiter;
    private final @Nullable CompletableFuture<Long> future;

    private volatile int state = QUEUED;
    private long offset = -1;
    private @Nullable WalException failure;

    private PendingAppend(
            int count, long deadlineNanos, @Nullable Thread waiter, @Nullable CompletableFuture<Long> future) {
        this.count = count;
        this.deadlineNanos = deadlineNanos;
        this.waiter = waiter;
        this.future = future;
    }

    /** One for which the calling thread will wait. */
    static PendingAppend awaited(int count, long deadlineNanos) {
        return new PendingAppend(count, deadlineNanos, Thread.currentThread(), null);
    }

    /** One whose future is completed by the client's callback thread. */
    static PendingAppend later(int count, long deadlineNanos, CompletableFuture<Long> future) {
        return new PendingAppend(count, deadlineNanos, null, future);
    }

    /** The batch it is in is about to be sent for the first time. False when it was withdrawn: it must not be sent. */
    boolean markSent() {
        return STATE.compareAndSet(this, QUEUED, SENT);
    }

    /** Whether it may be, or may come to be, in the server's hands. */
    boolean isSent() {
        return state == SENT;
    }

    boolean isSettled() {
        return state == SETTLED;
    }

    /** Settles it as long as it was never sent. */
    boolean withdraw(WalException why, Callbacks callbacks) {
        return STATE.compareAndSet(this, QUEUED, CLAIMED) && settle(-1, why, callbacks);
    }

    /** Ends the wait for one that was sent; the append itself goes on. */
    boolean giveUp(WalException why, Callbacks callbacks) {
        return STATE.compareAndSet(this, SENT, CLAIMED) && settle(-1, why, callbacks);
    }

    /**
     * It is in the log, from this offset on. Wakes who waits for it.
     *
     * @return whether it has a future, which whoever settles the batch has completed
     */
    boolean succeed(long firstOffset) {
        if (!STATE.compareAndSet(this, SENT, CLAIMED)) {
            return false;
        }
        settle(firstOffset, null);
        return future != null;
    }

    /** It ends with this, whatever became of it. */
    void fail(WalException why, Callbacks callbacks) {
        if (!giveUp(why, callbacks)) {
            withdraw(why, callbacks);
        }
    }

    private boolean settle(long newOffset, @Nullable WalException newFailure, Callbacks callbacks) {
        settle(newOffset, newFailure);
        if (future != null) {
            callbacks.add(this);
        }
        return true;
    }

    private void settle(long newOffset, @Nullable WalException newFailure) {
        offset = newOffset;
        failure = newFailure;
        state = SETTLED;
        if (waiter != null) {
            LockSupport.unpark(waiter);
        }
    }

    /** Completes the future, if it is settled: whoever is just settling it has it completed. Callback thread. */
    @Override
    public void completeFutures() {
        CompletableFuture<Long> waiting = future;
        if (waiting == null || state != SETTLED) {
            return;
        }
        WalException why = failure;
        if (why == null) {
            waiting.complete(offset);
        } else {
            waiting.completeExceptionally(why);
        }
    }

    /** Waits until it is settled. False when the time is up. */
    boolean await(long waitNanos) throws InterruptedException {
        long until = System.nanoTime() + waitNanos;
        while (state != SETTLED) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            long left = until - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            LockSupport.parkNanos(this, left);
        }
        return true;
    }

    /** Its offset, or what went wrong. Only when it is settled. */
    long result() {
        WalException why = failure;
        if (why != null) {
            // Made on another thread: the stack of the caller is the one that says which append it was.
            why.addSuppressed(new AwaitedBy());
            throw why;
        }
        return offset;
    }

    /** Shows in a stack trace who waited. */
    private static final class AwaitedBy extends RuntimeException {
        private static final long serialVersionUID = 1L;

        AwaitedBy() {
            super("this thread waited for the append");
        }
    }
}
