package dev.tidemark.wal.bytes;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** The implementation on the plain JDK: runs everywhere, needs no flags, and is what a store starts with. */
final class JdkBytes implements BytesProvider {

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG_IN_BUFFER =
            MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    @Override
    public String name() {
        return "jdk";
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
        private byte[] bytes;
        private int size;

        Sink(int expectedBytes) {
            bytes = new byte[Math.max(16, expectedBytes)];
        }

        @Override
        public void putByte(int value) {
            grow(1);
            bytes[size++] = (byte) value;
        }

        @Override
        public void putInt(int value) {
            grow(Integer.BYTES);
            INT.set(bytes, size, value);
            size += Integer.BYTES;
        }

        @Override
        public void putLong(long value) {
            grow(Long.BYTES);
            LONG.set(bytes, size, value);
            size += Long.BYTES;
        }

        @Override
        public void putCount(long value) {
            if (value < 0) {
                throw new IllegalArgumentException("a count is never negative: value=" + value);
            }
            long rest = value;
            while (rest > 0x7f) {
                putByte(((int) rest & 0x7f) | 0x80);
                rest >>>= 7;
            }
            putByte((int) rest);
        }

        @Override
        public void putText(String text) {
            byte[] encoded = Utf8.encode(text);
            putCount(encoded.length);
            grow(encoded.length);
            System.arraycopy(encoded, 0, bytes, size, encoded.length);
            size += encoded.length;
        }

        @Override
        public byte[] toByteArray() {
            return Arrays.copyOf(bytes, size);
        }

        private void grow(int more) {
            if (more > bytes.length - size) {
                bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(size, more), bytes.length * 2));
            }
        }
    }

    private static final class Source extends CheckedSource {
        private final byte[] bytes;
        private int next;

        Source(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        int takeByte() {
            return bytes[next++] & 0xff;
        }

        @Override
        int takeInt() {
            int value = (int) INT.get(bytes, next);
            next += Integer.BYTES;
            return value;
        }

        @Override
        long takeLong() {
            long value = (long) LONG.get(bytes, next);
            next += Long.BYTES;
            return value;
        }

        @Override
        int peekByte(int ahead) {
            return bytes[next + ahead] & 0xff;
        }

        @Override
        long takeCount(int length) {
            long value = 0;
            for (int i = 0; i < length; i++) {
                value |= (long) (bytes[next++] & 0x7f) << (7 * i);
            }
            return value;
        }

        @Override
        byte[] takeBytes(int length) {
            byte[] taken = Arrays.copyOfRange(bytes, next, next + length);
            next += length;
            return taken;
        }

        @Override
        public int remaining() {
            return bytes.length - next;
        }
    }

    /**
     * Direct memory that the garbage collector takes back some time after the last reference here is gone. The JDK has no flag-free way to
     * give it back earlier, so nothing is freed under a reader even if it forgot to retain.
     */
    private static final class Chunk implements ChunkedIndexMemory.Chunk {
        private final ByteBuffer memory;

        Chunk(int longs) {
            memory = ByteBuffer.allocateDirect(longs * Long.BYTES);
        }

        @Override
        public void set(int index, long value) {
            LONG_IN_BUFFER.set(memory, index * Long.BYTES, value);
        }

        @Override
        public long get(int index) {
            return (long) LONG_IN_BUFFER.get(memory, index * Long.BYTES);
        }

        @Override
        public void free() {
            // The collector does it: see the class.
        }
    }
}
