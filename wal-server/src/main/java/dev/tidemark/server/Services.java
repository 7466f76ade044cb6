package dev.tidemark.server;

import dev.tidemark.server.security.Access;
import dev.tidemark.wal.Wal;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What all connections of a server share.
 *
 * <p><b>Threads.</b> Any.
 *
 * <p><b>Ordering.</b> The store is published before the state becomes {@code SERVING}. A connection joins the set first and looks at the state afterwards, and who stops the server changes
 * the state first and looks at the set afterwards: so no connection misses it.
 */
final class Services {
    final ServerConfig config;
    final ServerMeters meters;
    final InFlight inFlight;
    final FilePool reads;
    final FilePool files;
    /** One thread: however many look at the status page, their questions wait for each other and for nothing else. */
    final FilePool status;

    final Access access;
    final Admission admission;
    final RequestRates rates;
    final Audit audit;
    final SegmentChannels channels = new SegmentChannels();
    /** Of messages that have come in part, of all connections. */
    final AtomicLong heldBytes = new AtomicLong();
    /** Of frames that were copied and wait to be written, of all connections. */
    final AtomicLong copiedBytes = new AtomicLong();

    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();

    private volatile ServerState state = ServerState.STARTING;
    private volatile @Nullable Serving serving;

    /** An open store. */
    record Serving(Wal wal, Handles handles) {}

    Services(ServerConfig config, ServerMeters meters, FilePool reads, FilePool files, FilePool status, Access access) {
        this.config = config;
        this.meters = meters;
        this.reads = reads;
        this.files = files;
        this.status = status;
        this.access = access;
        admission = new Admission(
                config.maxConnections(),
                config.maxConnectionsPerAddress(),
                config.maxUnauthenticated(),
                meters.connections(),
                meters.strangers());
        rates = new RequestRates(config.maxRequestsPerSecond(), System::nanoTime);
        audit = new Audit(System::nanoTime, files::submit, meters::auditLeftOut);
        inFlight = new InFlight(config.maxInFlightBytesInAll(), meters.inFlightBytes());
    }

    /** Whether what waits to be written takes as much memory as it may: then a connection that has something to write gets no more. */
    boolean isOutboundFull() {
        return copiedBytes.get() >= config.maxInFlightBytesInAll();
    }

    Set<Connection> connections() {
        return Set.copyOf(connections);
    }

    void joined(Connection connection) {
        connections.add(connection);
    }

    void left(Connection connection) {
        connections.remove(connection);
        if (state == ServerState.STOPPING && connections.isEmpty()) {
            synchronized (this) {
                notifyAll();
            }
        }
    }

    /** Waits until all connections have left; false when they have not in time. */
    synchronized boolean awaitNoConnections(long nanos) throws InterruptedException {
        long deadline = System.nanoTime() + nanos;
        while (!connections.isEmpty()) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        return true;
    }

    ServerState state() {
        return state;
    }

    /** Null until the store is open. */
    @Nullable
    Serving serving() {
        return serving;
    }

    /** The store is open; false when the server was stopped meanwhile. */
    synchronized boolean serve(Wal wal) {
        if (state != ServerState.STARTING) {
            return false;
        }
        serving = new Serving(wal, new Handles(wal, config.maxPartitions(), meters));
        state = ServerState.SERVING;
        return true;
    }

    /** The store cannot be opened. */
    synchronized void fail() {
        if (state == ServerState.STARTING) {
            state = ServerState.FAILED;
        }
    }

    /** Stops, from whatever state; false when that has begun. */
    synchronized boolean stop() {
        if (state == ServerState.STOPPING || state == ServerState.STOPPED) {
            return false;
        }
        state = ServerState.STOPPING;
        return true;
    }

    synchronized void stopped() {
        state = ServerState.STOPPED;
    }
}
