package dev.tidemark.wal.io;

/**
 * Which thread may do what. One disk operation on an event loop stalls every connection that loop serves, and one under a
 * lock stalls everybody who wants the lock; so all disk operations and future waits begin with {@link
 * #assertMayBlock()}.
 */
public final class ThreadRules {

    /** How many locks that forbid I/O this thread holds. Used only in assertions. */
    private static final ThreadLocal<int[]> NO_IO = ThreadLocal.withInitial(() -> new int[1]);

    private ThreadRules() {}

    /** Whether the current thread may block. */
    public static boolean mayBlock() {
        return !(Thread.currentThread() instanceof NonBlockingThread);
    }

    /** Fails, where assertions are on, if the current thread must not block, or not now because of a lock it holds. */
    public static void assertMayBlock() {
        assert mayBlock()
                : "blocking call on a thread that must not block: thread="
                        + Thread.currentThread().getName();
        assert NO_IO.get()[0] == 0
                : "blocking call under a lock that forbids it: thread="
                        + Thread.currentThread().getName();
    }

    /** Notes that a lock that forbids I/O was taken; called in assertions only. Always true. */
    public static boolean beginNoIo() {
        NO_IO.get()[0]++;
        return true;
    }

    /** Notes that it was given back. Always true. */
    public static boolean endNoIo() {
        NO_IO.get()[0]--;
        return true;
    }
}
