package dev.tidemark.crashtest;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The connection to a witness on another machine.
 *
 * <p><b>Threads.</b> One notes; one of its own sends, and one hears what was forced there. A witness that does not keep up makes the notes wait, and
 * after a limit ends the test: acknowledgements that nobody noted could not be judged.
 */
final class RemoteWitness implements Witness {
    private static final int CONNECT_MILLIS = 10_000;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int QUEUED_NOTES = 64 << 10;
    private static final int BUFFER_BYTES = 64 << 10;

    private record Note(Kind kind, long number) {}

    private final InetSocketAddress address;
    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final BlockingQueue<Note> notes = new ArrayBlockingQueue<>(QUEUED_NOTES);
    private long handedIn;
    private long noted;
    private Optional<String> lost = Optional.empty();

    private RemoteWitness(InetSocketAddress address, Socket socket) throws IOException {
        this.address = address;
        this.socket = socket;
        this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), BUFFER_BYTES));
        this.out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), BUFFER_BYTES));
    }

    /** Connects, and begins the notes about a run. */
    static RemoteWitness connect(InetSocketAddress address, long run, long seed) throws IOException {
        Socket socket = new Socket();
        try {
            RemoteWitness witness = new RemoteWitness(address, connected(socket, address));
            witness.out.writeLong(WitnessServer.MAGIC);
            witness.out.writeByte(WitnessServer.NOTES);
            witness.out.writeLong(run);
            witness.out.writeLong(seed);
            witness.out.flush();
            requireYes(witness.in);
            // From here on waits are bounded by whoever waits for a note.
            socket.setSoTimeout(0);
            witness.start("crash-test-notes", witness::send);
            witness.start("crash-test-noted", witness::hear);
            return witness;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private static Socket connected(Socket socket, InetSocketAddress address) throws IOException {
        socket.connect(address, CONNECT_MILLIS);
        socket.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
        socket.setTcpNoDelay(true);
        return socket;
    }

    private static void requireYes(DataInputStream in) throws IOException {
        if (in.readByte() != WitnessServer.YES) {
            throw new IOException("the witness refuses: " + in.readUTF());
        }
    }

    private void start(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void newLog(int number) {
        handIn(new Note(Kind.LOG, number));
    }

    @Override
    public void note(long id) {
        handIn(new Note(Kind.ACKNOWLEDGED, id));
    }

    private void handIn(Note note) {
        try {
            requireThere();
            if (!notes.offer(note, PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new LostException("the witness does not keep up: " + address);
            }
            synchronized (this) {
                handedIn++;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoppedException();
        }
    }

    private synchronized void requireThere() {
        if (lost.isPresent()) {
            throw new LostException("the witness was lost: " + address + " (" + lost.get() + ')');
        }
    }

    private void send() {
        try {
            while (true) {
                Note note = notes.take();
                out.writeByte(note.kind().letter());
                out.writeLong(note.number());
                if (notes.isEmpty()) {
                    out.flush();
                }
            }
        } catch (IOException e) {
            lose(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void hear() {
        try {
            while (true) {
                long now = in.readLong();
                synchronized (this) {
                    noted = now;
                    notifyAll();
                }
            }
        } catch (IOException e) {
            lose(e);
        }
    }

    private synchronized void lose(IOException e) {
        if (lost.isEmpty()) {
            lost = Optional.of(String.valueOf(e));
        }
        notifyAll();
    }

    @Override
    public void awaitNoted() {
        handIn(new Note(Kind.END, 0));
        long until = System.nanoTime() + PATIENCE.toNanos();
        try {
            synchronized (this) {
                while (noted < handedIn) {
                    requireThere();
                    long left = until - System.nanoTime();
                    if (left <= 0) {
                        throw new LostException("the witness has not noted everything in time: " + address + " noted="
                                + noted + " of=" + handedIn);
                    }
                    TimeUnit.NANOSECONDS.timedWait(this, left);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoppedException();
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // What counts was noted, or its loss reported, before.
            return;
        }
    }

    /** What a witness has noted about a run. */
    static WitnessedRun fetch(InetSocketAddress address, long run) throws IOException {
        try (Socket socket = new Socket()) {
            connected(socket, address);
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeLong(WitnessServer.MAGIC);
            out.writeByte(WitnessServer.FETCHES);
            out.writeLong(run);
            DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), BUFFER_BYTES));
            requireYes(in);
            WitnessedRun witnessed = new WitnessedRun(in.readLong());
            byte kind = in.readByte();
            while (kind != WitnessServer.END_OF_NOTES) {
                witnessed.add(kind, in.readLong());
                kind = in.readByte();
            }
            return witnessed;
        }
    }
}
