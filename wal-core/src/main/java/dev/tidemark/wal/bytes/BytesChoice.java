package dev.tidemark.wal.bytes;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Which implementation this JVM uses: the JDK's from the first moment, Chronicle's from when {@link #warmUp} has loaded and tried it. Loading
 * takes a third of a second and more, so whoever opens a store has it done in the background. Where Chronicle cannot run (a JVM that denies
 * {@code sun.misc.Unsafe}, a class path without it), the JDK's stays, and {@link #description} says why. As both write the same bytes, the
 * moment of the change makes no difference that anybody could see.
 *
 * <p><b>Threads.</b> Any. The present choice is an immutable object in one volatile field. What was made by one implementation goes on with it.
 *
 * <p><b>Ordering.</b> The volatile store publishes the loaded and tried implementation.
 *
 * <p><b>Crash.</b> Nothing here is stored.
 */
public final class BytesChoice {

    private static final AtomicBoolean WARM_UP_BEGAN = new AtomicBoolean();

    private static volatile Choice choice = new Choice(new JdkBytes(), "jdk; chronicle is not loaded yet");

    private BytesChoice() {}

    private record Choice(BytesProvider provider, String description) {}

    /** The implementation to use now. */
    public static BytesProvider current() {
        return choice.provider();
    }

    /** What is used and why, for a log line. */
    public static String description() {
        return choice.description();
    }

    /** Loads Chronicle and goes over to it, if it works here. The first call takes its time, later ones return at once. Never throws. */
    public static void warmUp() {
        if (WARM_UP_BEGAN.compareAndSet(false, true)) {
            choice = tried();
        }
    }

    private static Choice tried() {
        try {
            BytesProvider chronicle = new ChronicleBytes();
            requireSameBytes(chronicle, new JdkBytes());
            requireMemory(chronicle);
            return new Choice(chronicle, "chronicle");
        } catch (RuntimeException | LinkageError | AssertionError | MalformedBytesException e) {
            // LinkageError has ExceptionInInitializerError and NoClassDefFoundError in it, which is how a denied Unsafe
            // shows.
            Throwable first = e;
            while (first.getCause() != null && first.getCause() != first) {
                first = first.getCause();
            }
            return new Choice(new JdkBytes(), "jdk; chronicle cannot run here: " + first);
        }
    }

    private static void requireSameBytes(BytesProvider one, BytesProvider other) throws MalformedBytesException {
        byte[] bytes = sample(one);
        if (!Arrays.equals(bytes, sample(other))) {
            throw new IllegalStateException("chronicle writes other bytes than the jdk");
        }
        ByteSource source = one.sourceOf(bytes);
        boolean isSame = source.readByte() == 0x81
                && source.readInt() == 0x0102_0304
                && source.readLong() == 0x0102_0304_0506_0708L
                && source.readCount(Long.MAX_VALUE) == 300
                && source.readText(8).equals("\u00e9")
                && source.remaining() == 0;
        if (!isSame) {
            throw new IllegalStateException("chronicle reads other values than it wrote");
        }
    }

    private static byte[] sample(BytesProvider provider) {
        ByteSink sink = provider.newSink(16);
        sink.putByte(0x81);
        sink.putInt(0x0102_0304);
        sink.putLong(0x0102_0304_0506_0708L);
        sink.putCount(300);
        sink.putText("\u00e9");
        return sink.toByteArray();
    }

    private static void requireMemory(BytesProvider provider) {
        IndexMemory memory = provider.newIndexMemory(1);
        try {
            if (!memory.append(1, 2, 3) || memory.get(0, 2) != 3) {
                throw new IllegalStateException("chronicle's memory does not keep what is put into it");
            }
        } finally {
            memory.release();
        }
    }
}
