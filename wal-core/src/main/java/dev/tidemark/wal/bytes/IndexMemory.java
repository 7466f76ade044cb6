package dev.tidemark.wal.bytes;

/**
 * Memory off the heap that only grows: entries of three longs, appended by one thread, read by any number.
 *
 * <p><b>Threads.</b> One writer at a time; a change of writer needs an ordering of its own (a lock, a token). Any thread that holds a reference
 * may read.
 *
 * <p><b>Ordering.</b> The writer stores the three longs, and a new chunk in the table of chunks, with plain stores, and then the new size with
 * a release store. A reader loads the size with an acquire load and touches only entries below it. A release store is never seen before what
 * stands ahead of it in program order, so whoever sees size {@code n} sees all entries below {@code n} whole. An entry below the
 * size is never written again; chunks are never moved, growing adds one and leaves the others where they are, so a reader needs no lock
 * against growth. Who has to take entries back makes a new memory of those that stay. Forbidden: a reader sees the size and a zero, or only a
 * part, of an entry below it.
 *
 * <p><b>Life.</b> Counted references, as memory off the heap does not wait for its readers. It begins with one, its owner's. Who is not the owner
 * calls {@link #tryRetain} first, which fails once the count has reached zero and can never succeed again; the last {@link #release} frees,
 * exactly once. So no reader that holds a reference can touch freed memory.
 *
 * <p><b>Crash.</b> Nothing here is stored. An index can always be rebuilt from its segment.
 */
public interface IndexMemory {

    /** Longs in an entry. */
    int COLUMNS = 3;

    /**
     * Adds an entry and publishes it. For the writer only.
     *
     * @return false when the bound is reached, or the machine has no more memory to give, from then on always; nothing was added, and readers
     *     get along with what is there: they walk further. An index is not worth the failure of the partition that it serves
     */
    boolean append(long first, long second, long third);

    /** Entries that may be read. */
    int size();

    /**
     * One long of an entry.
     *
     * @param entry 0 to {@link #size()} - 1
     * @param column 0 to {@link #COLUMNS} - 1
     * @throws IndexOutOfBoundsException outside of these
     * @throws IllegalStateException when the last reference is gone
     */
    long get(int entry, int column);

    /** Takes a reference, unless the last one is gone already. */
    boolean tryRetain();

    /**
     * Gives a reference back; the last one frees the memory.
     *
     * @throws IllegalStateException when there is none left to give back
     */
    void release();

    /** Bytes taken off the heap at present; 0 once freed. */
    long memoryBytes();
}
