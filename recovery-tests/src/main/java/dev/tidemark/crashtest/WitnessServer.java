package dev.tidemark.crashtest;

import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Timers;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The witness's end: takes notes from crash tests on other machines, forces them, says so, and hands them out for the check afterwards. Bounded in
 * connections, in notes and in the time that one may say nothing. It does not ask who is there: it is for a network one trusts.
 *
 * <p><b>Threads.</b> One accepts, one for each connection; any may close it.
 *
 * <p><b>Crash.</b> A note counts as taken when its number was sent back, which is after the force.
 */
final class WitnessServer implements AutoCloseable {
    static final long MAGIC = 0x544d_5749_544e_5331L;
    static final byte NOTES = 'N';
    static final byte FETCHES = 'F';
    static final byte YES = 'Y';
    static final byte NO = 'X';
    static final byte END_OF_NOTES = 'Z';

    private static final int MAX_CONNECTIONS = 16;
    private static final long IDLE_MINUTES = 10;
    private static final int NOTES_BEFORE_A_FORCE = 4096;
    private static final int BUFFER_BYTES = 64 << 10;

    private final ServerSocket listening;
    private final Path directory;
    private final PrintWriter log;
    private final Set<Socket> connections = ConcurrentHashMap.newKeySet();

    private WitnessServer(ServerSocket listening, Path directory, PrintWriter log) {
        this.listening = listening;
        this.directory = directory;
        this.log = log;
    }

    /** Listens from now on; {@link #serve} answers. */
    static WitnessServer open(InetSocketAddress address, Path directory, PrintWriter log) throws IOException {
        ServerSocket socket = new ServerSocket();
        try {
            socket.bind(address);
            return new WitnessServer(socket, directory, log);
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    int port() {
        return listening.getLocalPort();
    }

    /** Answers until it is closed. */
    void serve() throws IOException {
        while (!listening.isClosed()) {
            Socket socket;
            try {
                socket = listening.accept();
            } catch (IOException e) {
                if (listening.isClosed()) {
                    return;
                }
                throw e;
            }
            if (connections.size() >= MAX_CONNECTIONS) {
                log.println("refused, too many connections: from=" + socket.getRemoteSocketAddress());
                socket.close();
                continue;
            }
            connections.add(socket);
            Thread thread = new Thread(() -> serve(socket), "crash-test-witness");
            thread.setDaemon(true);
            thread.start();
        }
    }

    private void serve(Socket socket) {
        Idle idle = new Idle(socket);
        try (socket;
                DataInputStream in =
                        new DataInputStream(new BufferedInputStream(socket.getInputStream(), BUFFER_BYTES));
                DataOutputStream out =
                        new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), BUFFER_BYTES))) {
            idle.begin();
            if (in.readLong() != MAGIC) {
                throw new IOException("not a crash test");
            }
            byte what = in.readByte();
            long run = in.readLong();
            if (what == NOTES) {
                takeNotes(in, out, run, idle);
            } else if (what == FETCHES) {
                handOut(out, run, idle);
            } else {
                throw new IOException("unknown request: " + what);
            }
        } catch (IOException e) {
            if (!listening.isClosed()) {
                log.println("connection ended: from=" + socket.getRemoteSocketAddress() + " (" + e + ')');
            }
        } finally {
            idle.end();
            connections.remove(socket);
        }
    }

    private void takeNotes(DataInputStream in, DataOutputStream out, long run, Idle idle) throws IOException {
        long seed = in.readLong();
        if (WitnessNotes.exist(directory, run)) {
            out.writeByte(NO);
            out.writeUTF("there are notes about this run already");
            out.flush();
            return;
        }
        try (WitnessNotes notes = WitnessNotes.create(directory, run, seed)) {
            log.println(String.format(Locale.ROOT, "run %016x: takes notes", run));
            out.writeByte(YES);
            out.flush();
            try {
                takeAll(in, out, notes, idle);
            } finally {
                log.println(String.format(Locale.ROOT, "run %016x: notes=%d", run, notes.count()));
            }
        }
    }

    private static void takeAll(DataInputStream in, DataOutputStream out, WitnessNotes notes, Idle idle)
            throws IOException {
        while (true) {
            byte kind;
            try {
                kind = in.readByte();
            } catch (EOFException e) {
                return;
            }
            notes.add(kind, in.readLong());
            if (in.available() <= 0 || notes.count() % NOTES_BEFORE_A_FORCE == 0) {
                notes.force();
                out.writeLong(notes.count());
                out.flush();
                idle.begin();
            }
        }
    }

    private void handOut(DataOutputStream out, long run, Idle idle) throws IOException {
        if (!WitnessNotes.exist(directory, run)) {
            out.writeByte(NO);
            out.writeUTF("no notes about this run");
            out.flush();
            return;
        }
        try (DataInputStream file = WitnessNotes.open(directory, run)) {
            long seed = WitnessNotes.seed(file);
            out.writeByte(YES);
            out.writeLong(seed);
            WitnessNotes.each(file, (kind, number) -> {
                out.writeByte(kind);
                out.writeLong(number);
            });
            out.writeByte(END_OF_NOTES);
            out.flush();
            idle.begin();
        }
    }

    /** Closes a connection on which nothing has moved for too long, be it that we read or that we write. */
    private static final class Idle {
        private final Socket socket;
        private Timers.@Nullable Cancellable limit;

        Idle(Socket socket) {
            this.socket = socket;
        }

        void begin() {
            end();
            limit = Environment.real()
                    .timers()
                    .schedule(() -> closeQuietly(socket), TimeUnit.MINUTES.toNanos(IDLE_MINUTES));
        }

        void end() {
            if (limit != null) {
                limit.cancel();
            }
        }
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is of no use any more either way; whoever reads from it gets the error.
            return;
        }
    }

    /** Stops listening, and ends all connections. */
    @Override
    public void close() throws IOException {
        listening.close();
        connections.forEach(WitnessServer::closeQuietly);
    }
}
