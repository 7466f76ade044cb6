package dev.tidemark.cli;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * What the child tells its parent through a pipe: that an append is about to be submitted, or that it was acknowledged.
 *
 * <p><b>Crash.</b> A message is one write of fewer bytes than a pipe takes atomically. What was written before the kill stays in the pipe; half a message
 * at its end counts as none.
 *
 * @param kind which of the two
 * @param writer the number of the thread
 * @param sequence the first record, counted by the thread
 * @param records how many records
 * @param offset of the first record; -1 before it is known
 * @param nanos how long the append took; -1 where nobody waited for it
 */
record DemoMessage(Kind kind, int writer, long sequence, int records, long offset, long nanos) {

    /** What a message says. */
    enum Kind {
        SUBMITTED,
        ACKNOWLEDGED
    }

    static final int BYTES = 1 + 2 * Integer.BYTES + 3 * Long.BYTES;

    static DemoMessage submitted(int writer, long sequence, int records) {
        return new DemoMessage(Kind.SUBMITTED, writer, sequence, records, -1, -1);
    }

    static DemoMessage acknowledged(int writer, long sequence, int records, long offset, long nanos) {
        return new DemoMessage(Kind.ACKNOWLEDGED, writer, sequence, records, offset, nanos);
    }

    byte[] encode() {
        return ByteBuffer.allocate(BYTES)
                .put((byte) (kind == Kind.SUBMITTED ? 0 : 1))
                .putInt(writer)
                .putLong(sequence)
                .putInt(records)
                .putLong(offset)
                .putLong(nanos)
                .array();
    }

    /** The next message, or nothing when the pipe ends. */
    static Optional<DemoMessage> read(DataInputStream pipe) throws IOException {
        byte[] bytes = new byte[BYTES];
        try {
            pipe.readFully(bytes);
        } catch (EOFException atTheEnd) {
            return Optional.empty();
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        Kind kind = in.get() == 0 ? Kind.SUBMITTED : Kind.ACKNOWLEDGED;
        return Optional.of(new DemoMessage(kind, in.getInt(), in.getLong(), in.getInt(), in.getLong(), in.getLong()));
    }
}
