package dev.tidemark.wal.io;

/**
 * Which thread may do what. One disk operation on an event loop stalls every connection that loop serves, so all disk
 * operations, lock waits and future waits begin with {@link #assertMayBlock()}.
 */
public final class ThreadRules {

    private ThreadRules() {}

    /** Whether the current thread may block. */
    public static boolean mayBlock() {
        return !(Thread.currentThread() instanceof NonBlockingThread);
    }

    /** Fails, where assertions are on, if the current thread must not block. */
    public static void assertMayBlock() {
        assert mayBlock()
                : "blocking call on a thread that must not block: thread="
                        + Thread.currentThread().getName();
    }
}
