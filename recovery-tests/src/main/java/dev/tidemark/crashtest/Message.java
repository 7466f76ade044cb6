package dev.tidemark.crashtest;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * One thing that a child reports to its parent: what it is, and details, which are an id, a record or a text. Each has a length and a checksum: a log
 * that prints to standard output behind our back is to be noticed, not believed.
 */
final class Message {
    /** No report is larger: the largest holds one record. */
    private static final int MAX_BODY_BYTES = 1 << 20;

    enum Kind {
        /** The adapter is there: an {@link AdapterTraits}. */
        HELLO('H'),
        /** There is no such adapter: a text. */
        UNKNOWN_ADAPTER('U'),
        /** It is about to open the log. */
        OPENING('O'),
        /** A record that it read. */
        RECORD('R'),
        /** It has opened the log and read all of it. */
        READY('Y'),
        /** It is about to append: an id. */
        SUBMITS('S'),
        /** The append has returned: an id. */
        ACKNOWLEDGED('A'),
        /** The log threw something: a text. */
        FAILED('F'),
        /** A promise did not hold on the simulated disk: a text. */
        BROKEN('B'),
        /** So many of something were done: a {@code name=number}. */
        COUNTED('C'),
        /** The command is done. */
        DONE('D');

        private final byte letter;

        Kind(char letter) {
            this.letter = (byte) letter;
        }

        static Optional<Kind> of(int letter) {
            return Arrays.stream(values()).filter(kind -> kind.letter == letter).findFirst();
        }
    }

    private final Kind kind;
    private final byte[] body;

    Message(Kind kind, byte[] body) {
        this.kind = kind;
        this.body = body;
    }

    /** The stream is not what we write: somebody else writes to it. */
    static final class GarbledException extends IOException {
        private static final long serialVersionUID = 1L;

        GarbledException(String what) {
            super(what);
        }
    }

    static Message of(Kind kind) {
        return new Message(kind, new byte[0]);
    }

    static Message of(Kind kind, String text) {
        byte[] all = text.getBytes(StandardCharsets.UTF_8);
        return new Message(kind, all.length > MAX_BODY_BYTES ? Arrays.copyOf(all, MAX_BODY_BYTES) : all);
    }

    Kind kind() {
        return kind;
    }

    /** Not copied: each message has one reader. */
    byte[] body() {
        return body;
    }

    String text() {
        return new String(body, StandardCharsets.UTF_8);
    }

    void writeTo(DataOutputStream out) throws IOException {
        out.writeByte(kind.letter);
        out.writeInt(body.length);
        out.write(body);
        out.writeInt(checksum());
    }

    /** The next report; empty where the child has ended, be it in the middle of one. */
    static Optional<Message> readFrom(DataInputStream in) throws IOException {
        int letter = in.read();
        if (letter < 0) {
            return Optional.empty();
        }
        try {
            int length = in.readInt();
            Optional<Kind> kind = Kind.of(letter);
            if (kind.isEmpty() || length < 0 || length > MAX_BODY_BYTES) {
                throw new GarbledException("not a report: kind=" + letter + " bytes=" + length);
            }
            Message message = new Message(kind.get(), in.readNBytes(length));
            if (message.body.length < length) {
                return Optional.empty();
            }
            if (in.readInt() != message.checksum()) {
                throw new GarbledException("a report fails its checksum: kind=" + message.kind + " bytes=" + length);
            }
            return Optional.of(message);
        } catch (EOFException e) {
            // The kill cut it off: it was not made.
            return Optional.empty();
        }
    }

    private int checksum() {
        CRC32C crc = new CRC32C();
        crc.update(kind.letter);
        crc.update(body);
        return (int) crc.getValue();
    }
}
