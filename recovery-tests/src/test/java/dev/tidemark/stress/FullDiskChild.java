package dev.tidemark.stress;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Durability;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;

/**
 * The process that is killed while the disk is full. Each report is in the pipe, and so safe from the kill, before the thread goes on.
 *
 * <p>Arguments: directory, seed, round.
 */
final class FullDiskChild implements FullDiskLoad.Report {
    static final byte SUBMITS = 'S';
    static final byte ACKNOWLEDGED = 'A';
    static final byte REFUSED = 'R';
    static final byte WRONG = 'W';

    private final DataOutputStream out =
            new DataOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 12));

    private FullDiskChild() {}

    /** Appends until it is killed. */
    public static void main(String[] arguments) throws InterruptedException, ExecutionException {
        FullDiskChild child = new FullDiskChild();
        Wal wal = Wal.open(FullDiskLoad.config(Path.of(arguments[0])));
        int round = Integer.parseInt(arguments[2]);
        new FullDiskLoad(wal, Long.parseLong(arguments[1]), round, child).run(Integer.MAX_VALUE);
        child.wrong(new IllegalStateException("nobody has killed it"));
    }

    @Override
    public void submits(long id) {
        tell(SUBMITS, id);
    }

    @Override
    public void refused(long id) {
        tell(REFUSED, id);
    }

    private synchronized void tell(byte what, long id) {
        try {
            out.writeByte(what);
            out.writeLong(id);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public synchronized void acknowledged(long id, long offset, Durability reached) {
        try {
            out.writeByte(ACKNOWLEDGED);
            out.writeLong(id);
            out.writeLong(offset);
            out.writeByte(reached.ordinal());
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public synchronized void wrong(Throwable failure) {
        try {
            out.writeByte(WRONG);
            out.writeUTF(String.valueOf(failure));
            out.flush();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
        failure.printStackTrace();
        Runtime.getRuntime().halt(3);
    }
}
