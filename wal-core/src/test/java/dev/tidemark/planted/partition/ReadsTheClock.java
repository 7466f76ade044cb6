package dev.tidemark.planted.partition;

/** Reads it through a method reference, which a rule could overlook. */
public final class ReadsTheClock {
    private final java.util.function.LongSupplier clock = System::nanoTime;

    public long now() {
        return clock.getAsLong();
    }
}
