package dev.tidemark.crashtest;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * The notes about one run, in one file of the witness: a header, then kind, number and checksum of each note.
 *
 * <p><b>Threads.</b> One writes.
 *
 * <p><b>Crash.</b> What was forced is there. Behind it there may be part of a note: reading ends there.
 */
final class WitnessNotes implements AutoCloseable {
    private static final long MAGIC = 0x544d_5749_544e_4f31L;
    /** 1.3 GB. A run that acknowledges more goes on without a witness, which it is told. */
    static final long MAX_NOTES = 100_000_000;

    private static final int BUFFER_BYTES = 64 << 10;

    private final FileChannel file;
    private final DataOutputStream out;
    private long count;

    private WitnessNotes(FileChannel file) {
        this.file = file;
        this.out = new DataOutputStream(new BufferedOutputStream(Channels.newOutputStream(file), BUFFER_BYTES));
    }

    static Path path(Path directory, long run) {
        return directory.resolve(String.format(Locale.ROOT, "witness-%016x.notes", run));
    }

    /** A new file; there must be none yet for this run. */
    static WitnessNotes create(Path directory, long run, long seed) throws IOException {
        WitnessNotes notes = new WitnessNotes(
                FileChannel.open(path(directory, run), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
        notes.out.writeLong(MAGIC);
        notes.out.writeLong(run);
        notes.out.writeLong(seed);
        notes.force();
        Tree.createDurably(directory);
        return notes;
    }

    /** Takes one note. It is safe once {@link #force} has returned. */
    void add(byte kind, long number) throws IOException {
        if (count >= MAX_NOTES) {
            throw new IOException("too many notes for one run: notes=" + count);
        }
        count++;
        out.writeByte(kind);
        out.writeLong(number);
        out.writeInt(checksum(kind, number));
    }

    void force() throws IOException {
        out.flush();
        file.force(false);
    }

    long count() {
        return count;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /** What is done with each note. */
    interface Reader {
        void take(byte kind, long number) throws IOException;
    }

    /** Whether there are notes about this run. */
    static boolean exist(Path directory, long run) {
        return Files.exists(path(directory, run));
    }

    /** Reads the header: the seed of the run. Then {@link #each} reads the rest. */
    static long seed(DataInputStream in) throws IOException {
        if (in.readLong() != MAGIC) {
            throw new IOException("not a file of notes");
        }
        in.readLong();
        return in.readLong();
    }

    static DataInputStream open(Path directory, long run) throws IOException {
        return new DataInputStream(new BufferedInputStream(Files.newInputStream(path(directory, run)), BUFFER_BYTES));
    }

    /** Hands over every whole note. */
    static void each(DataInputStream in, Reader reader) throws IOException {
        while (true) {
            byte kind;
            long number;
            int checksum;
            try {
                kind = in.readByte();
                number = in.readLong();
                checksum = in.readInt();
            } catch (EOFException e) {
                return;
            }
            if (checksum != checksum(kind, number)) {
                return;
            }
            reader.take(kind, number);
        }
    }

    private static int checksum(byte kind, long number) {
        CRC32C crc = new CRC32C();
        crc.update(ByteBuffer.allocate(1 + Long.BYTES).put(kind).putLong(number).flip());
        return (int) crc.getValue();
    }
}
