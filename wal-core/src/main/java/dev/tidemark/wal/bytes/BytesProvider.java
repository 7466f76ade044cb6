package dev.tidemark.wal.bytes;

/** One way to do what this package does. Both ways write the same bytes. */
public interface BytesProvider {

    /** {@code jdk} or {@code chronicle}. */
    String name();

    /** An empty sink that has room for {@code expectedBytes} before it has to grow. */
    ByteSink newSink(int expectedBytes);

    /** A source over all of {@code bytes}, which nobody changes meanwhile. */
    ByteSource sourceOf(byte[] bytes);

    /** Memory for up to {@code maxEntries} entries; takes none before the first. The caller owns the one reference it begins with. */
    IndexMemory newIndexMemory(int maxEntries);
}
