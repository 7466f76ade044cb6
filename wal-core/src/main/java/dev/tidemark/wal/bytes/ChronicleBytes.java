package dev.tidemark.wal.bytes;

import java.nio.ByteOrder;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.BytesStore;

/**
 * The implementation on Chronicle Bytes. Only what runs without JVM flags: {@code Bytes} over arrays on the heap, and native memory for the
 * index. Chronicle's absolute accesses do not check bounds (a read past the end returns foreign memory), so everything that reaches
 * them has been checked by {@link CheckedSource} or {@link ChunkedIndexMemory}.
 */
final class ChronicleBytes implements BytesProvider {

    /** @throws UnsupportedOperationException on a big-endian machine: Chronicle writes numbers as the machine does, our format does not */
    ChronicleBytes() {
        if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
            throw new UnsupportedOperationException("the machine is big-endian");
        }
    }

    @Override
    public String name() {
        return "chronicle";
    }

    @Override
    public ByteSink newSink(int expectedBytes) {
        return new Sink(expectedBytes);
    }

    @Override
    public ByteSource sourceOf(byte[] bytes) {
        return new Source(bytes);
    }

    @Override
    public IndexMemory newIndexMemory(int maxEntries) {
        return new ChunkedIndexMemory(maxEntries, Chunk::new);
    }

    private static final class Sink implements ByteSink {
        private final Bytes<byte[]> bytes;

        Sink(int expectedBytes) {
            bytes = Bytes.allocateElasticOnHeap(Math.max(16, expectedBytes));
        }

        @Override
        public void putByte(int value) {
            bytes.writeByte((byte) value);
        }

        @Override
        public void putInt(int value) {
            bytes.writeInt(value);
        }

        @Override
        public void putLong(long value) {
            bytes.writeLong(value);
        }

        @Override
        public void putCount(long value) {
            if (value < 0) {
                throw new IllegalArgumentException("a count is never negative: value=" + value);
            }
            bytes.writeStopBit(value);
        }

        @Override
        public void putText(String text) {
            byte[] encoded = Utf8.encode(text);
            putCount(encoded.length);
            bytes.write(encoded);
        }

        @Override
        public byte[] toByteArray() {
            return bytes.toByteArray();
        }
    }

    private static final class Source extends CheckedSource {
        private final Bytes<byte[]> bytes;

        Source(byte[] content) {
            bytes = Bytes.wrapForRead(content);
        }

        @Override
        int takeByte() {
            return bytes.readUnsignedByte();
        }

        @Override
        int takeInt() {
            return bytes.readInt();
        }

        @Override
        long takeLong() {
            return bytes.readLong();
        }

        @Override
        int peekByte(int ahead) {
            return bytes.peekUnsignedByte(bytes.readPosition() + ahead);
        }

        @Override
        long takeCount(int length) {
            return bytes.readStopBit();
        }

        @Override
        byte[] takeBytes(int length) {
            byte[] taken = new byte[length];
            int read = bytes.read(taken);
            if (read != length && length != 0) {
                throw new IllegalStateException(
                        "bytes that were counted are not there: wanted=" + length + " read=" + read);
            }
            return taken;
        }

        @Override
        public int remaining() {
            return (int) bytes.readRemaining();
        }
    }

    /** Native memory, given back the moment the last reference goes: a reader that did not retain would read what is no longer ours. */
    private static final class Chunk implements ChunkedIndexMemory.Chunk {
        private final BytesStore<?, Void> memory;

        Chunk(int longs) {
            memory = BytesStore.nativeStore((long) longs * Long.BYTES);
        }

        @Override
        public void set(int index, long value) {
            memory.writeLong((long) index * Long.BYTES, value);
        }

        @Override
        public long get(int index) {
            return memory.readLong((long) index * Long.BYTES);
        }

        @Override
        public void free() {
            memory.releaseLast();
        }
    }
}
