package dev.tidemark.contract;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Stands between clients and a server, and does what networks do: cuts a connection after any byte of either direction, holds bytes back, stops passing anything without saying so, closes only
 * one side. Each connection draws what happens to it, and after which byte, until {@link #heal()}. The server may move meanwhile.
 *
 * <p><b>Threads.</b> Two for a connection, daemons; they end with it.
 */
public final class FaultyProxy implements AutoCloseable {
    private static final int CHUNK_BYTES = 4 << 10;
    private static final long MAX_DELAY_NANOS = 3_000_000;
    /** So many connections are cut early, whatever the seed: no run goes without a fault. */
    private static final int SURE_CUTS = 4;

    private enum Fault {
        CUT,
        RESET,
        STALL,
        CLOSE_ONE_SIDE,
        DELAY
    }

    private final ServerSocket listener;
    private final SplittableRandom random;
    private final int mostBytes;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicInteger faults = new AtomicInteger();
    /** Accept thread only. */
    private int drawn;

    private volatile int target;
    private volatile boolean isHealed;

    /**
     * Begins to pass connections on.
     *
     * @param mostBytes how many bytes of a direction pass at most before its fault
     */
    public FaultyProxy(int target, long seed, int mostBytes) throws IOException {
        this.target = target;
        this.random = new SplittableRandom(seed);
        this.mostBytes = mostBytes;
        this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        start("proxy-accept", this::accept);
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** The server is somewhere else from now on. */
    public void moveTo(int newTarget) {
        target = newTarget;
    }

    /** No more faults; connections that are stalled are ended. */
    public void heal() throws IOException {
        isHealed = true;
        closeAll();
    }

    /** How many connections met their fault. */
    public int faults() {
        return faults.get();
    }

    private void closeAll() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        closeAll();
    }

    private static void start(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                sockets.add(client);
                connect(client);
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private void connect(Socket client) throws IOException {
        Socket server = new Socket();
        sockets.add(server);
        try {
            server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target), 10_000);
        } catch (IOException serverIsAway) {
            client.close();
            return;
        }
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        Pair pair = new Pair(client, server, isHealed ? null : draw());
        start("proxy-to-server", () -> pair.pass(client, server, true));
        start("proxy-to-client", () -> pair.pass(server, client, false));
    }

    private Plan draw() {
        if (drawn++ < SURE_CUTS) {
            return new Plan(Fault.CUT, 1 + random.nextInt(1_000), true, 0);
        }
        // As many short lives as long ones, in orders of magnitude.
        long afterBytes = (long) Math.pow(mostBytes, random.nextDouble());
        Fault fault = Fault.values()[random.nextInt(Fault.values().length)];
        return new Plan(fault, afterBytes, random.nextBoolean(), random.nextLong());
    }

    /** What happens to a connection, in which direction, and after how many bytes of it. */
    private record Plan(Fault fault, long afterBytes, boolean isToServer, long seed) {}

    /** One connection through the proxy. */
    private final class Pair {
        private final Socket client;
        private final Socket server;
        private final @org.jspecify.annotations.Nullable Plan plan;
        private volatile boolean isStalled;

        Pair(Socket client, Socket server, @org.jspecify.annotations.Nullable Plan plan) {
            this.client = client;
            this.server = server;
            this.plan = plan;
        }

        void pass(Socket from, Socket to, boolean isToServer) {
            try {
                copy(from.getInputStream(), to, isToServer);
            } catch (IOException e) {
                // One side has ended; so does the other.
                isStalled = false;
            }
            if (!isStalled) {
                closeQuietly(from);
                closeQuietly(to);
            }
        }

        private void copy(InputStream in, Socket to, boolean isToServer) throws IOException {
            OutputStream out = to.getOutputStream();
            Plan own = plan != null && plan.isToServer == isToServer ? plan : null;
            SplittableRandom delays = new SplittableRandom(plan == null ? 0 : plan.seed);
            byte[] chunk = new byte[CHUNK_BYTES];
            long passed = 0;
            int bytes;
            while ((bytes = in.read(chunk)) >= 0) {
                if (isStalled) {
                    // Swallowed: as if it were lost on the way, with nobody told.
                    continue;
                }
                if (own != null && own.fault == Fault.DELAY) {
                    LockSupport.parkNanos(delays.nextLong(MAX_DELAY_NANOS));
                } else if (own != null && passed + bytes >= own.afterBytes) {
                    out.write(chunk, 0, (int) (own.afterBytes - passed));
                    own = null;
                    happen();
                    continue;
                }
                out.write(chunk, 0, bytes);
                passed += bytes;
            }
        }

        private void happen() throws IOException {
            faults.incrementAndGet();
            switch (plan == null ? Fault.CUT : plan.fault) {
                case STALL -> isStalled = true;
                case RESET -> {
                    client.setSoLinger(true, 0);
                    server.setSoLinger(true, 0);
                    throw new IOException("reset");
                }
                case CLOSE_ONE_SIDE -> {
                    isStalled = true;
                    server.close();
                }
                default -> throw new IOException("cut");
            }
        }
    }

    private void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is gone one way or the other.
            sockets.remove(socket);
        }
        sockets.remove(socket);
    }
}
