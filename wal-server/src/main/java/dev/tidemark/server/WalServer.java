package dev.tidemark.server;

import dev.tidemark.client.protocol.MessageSplitter;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.tls.TlsContext;
import dev.tidemark.server.security.Access;
import dev.tidemark.server.security.TlsDoor;
import dev.tidemark.server.status.StatusAnswers;
import dev.tidemark.server.status.StatusSource;
import dev.tidemark.server.status.WalStatus;
import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryReport;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalListener;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.ThreadRules;
import dev.tidemark.wal.io.Threads;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A store, open for clients on the network.
 *
 * <pre>{@code
 * try (WalServer server = WalServer.start(ServerConfig.builder().port(7878).build(), WalConfig.of(directory))) {
 *     server.awaitServing(Duration.ofMinutes(5));
 *     ...
 * }
 * }</pre>
 *
 * <p>It listens at once, and recovers the store in a thread of its own; until that is done, clients are told {@code SERVER_STARTING}, and {@code /health/ready} how far it is.
 *
 * <p><b>Threads.</b> Any may use it; one starts it, any may close it, and those that close beside it wait for that.
 */
public final class WalServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WalServer.class);

    /** Bytes that one read of a socket may take, and how often it is read before others have a turn. */
    private static final int MAX_READ_BYTES = 128 << 10;

    private static final int READS_IN_A_TURN = 4;

    /** As many as there may be connections for them, nearly; more are told to come later. */
    private static final int MAX_STATUS_QUESTIONS = 200;

    /** What was left out of the audit log is said after so long at the latest. */
    private static final int TELL_SECONDS = 10;

    private final ServerConfig config;
    private final Optional<TlsContext> tls;
    private final EventLoops loops;
    private final Services services;
    /** Of its own: a revocation must not wait behind what clients ask of the disk, as its bearer may be one of them. */
    private final FilePool watch;

    private final List<Channel> listening = new ArrayList<>();
    private final CompletableFuture<Wal> opened = new CompletableFuture<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile Progress progress = new Progress(0, 0);

    private record Progress(int done, int all) {}

    private WalServer(ServerConfig config) {
        this.config = config;
        // First: where it fails, nothing has begun.
        tls = config.tls().map(files -> TlsContext.load(files, TlsContext.Side.SERVER));
        Access access = Access.load(config.access(), InstantSource.system());
        ServerMeters meters = new ServerMeters(config.meters());
        tls.ifPresent(loaded -> meters.certificate(() -> secondsLeft(loaded)));
        Threads threads = Environment.real().threads();
        loops = new EventLoops(config.eventLoops(), config.nativeTransport());
        services = new Services(
                config,
                meters,
                new FilePool("read", config.readThreads(), config.poolQueue(), threads, meters),
                new FilePool("file", config.fileThreads(), config.poolQueue(), threads, meters),
                new FilePool("status", 1, MAX_STATUS_QUESTIONS, threads, meters),
                access);
        // One look that waits is as good as many.
        watch = new FilePool("watch", 1, 1, threads, meters);
    }

    /**
     * Listens, and begins to open the store. Its meters join those of the server, and its listener hears as before.
     *
     * @throws WalException {@code STORAGE_FAILED} when a port cannot be had; {@code CONFIG_INVALID} when the files of TLS or tokens cannot be used
     */
    public static WalServer start(ServerConfig config, WalConfig store) {
        return start(
                config,
                progress -> Wal.open(store.toBuilder()
                        .meters(config.meters())
                        .listener(new ProgressListener(store.listener(), progress))
                        // What depends on appends here is one step, a message to an event loop: the thread that has
                        // forced takes it, since another one would have to be woken for it. It never waits.
                        .completionExecutor(store.completionExecutor().orElse(Runnable::run))
                        .build()));
    }

    /**
     * Listens, and begins to open a store.
     *
     * @param opener opens it, in a thread of its own; is given what wants to hear how far that is
     */
    static WalServer start(ServerConfig config, Function<WalListener, Wal> opener) {
        ThreadRules.assertMayBlock();
        WalServer server = new WalServer(config);
        boolean isListening = false;
        try {
            server.listen();
            isListening = true;
        } finally {
            if (!isListening) {
                server.close();
            }
        }
        Environment.real()
                .threads()
                .newThread("wal-server-open", () -> server.open(opener))
                .start();
        return server;
    }

    // ---------------------------------------------------------------- starting

    private void listen() {
        TlsDoor door = new TlsDoor(tls, config.helloTimeout());
        listening.add(bind(config.port(), new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                MessageSplitter splitter = new MessageSplitter(Protocol.MAX_HELLO_LENGTH);
                door.addTo(channel.pipeline());
                channel.pipeline().addLast(splitter).addLast(new Connection(services, splitter));
            }
        }));
        var unusedTelling = loops.group()
                .next()
                .scheduleWithFixedDelay(
                        () -> services.files.submit(services.audit::tellLeftOut),
                        TELL_SECONDS,
                        TELL_SECONDS,
                        TimeUnit.SECONDS);
        if (config.httpPort().isPresent()) {
            listening.add(
                    bind(config.httpPort().getAsInt(), new HttpEndpoint(services, door, this::readiness, status())));
        }
        LOG.info(
                "server listens: host={} port={} httpPort={} tls={} authentication={}",
                config.host(),
                port(),
                httpPort().isPresent() ? httpPort().getAsInt() : "none",
                tls.isPresent(),
                services.access.asks());
        if (tls.isPresent() || services.access.isFromFiles()) {
            long millis = config.reloadInterval().toMillis();
            var unused = loops.group()
                    .next()
                    .scheduleWithFixedDelay(() -> watch.submit(this::reload), millis, millis, TimeUnit.MILLISECONDS);
        }
    }

    /**
     * Looks at once whether the files of TLS and tokens have changed, as happens by itself every {@code reloadInterval}. New connections get what is new, open ones go on, but for those whose
     * token is not valid any more. Files that cannot be used change nothing but a metric and the log.
     */
    public void reload() {
        ThreadRules.assertMayBlock();
        tls.ifPresent(loaded -> services.meters.tlsReload(loaded.refresh()));
        TlsContext.Reload access = services.access.refresh();
        services.meters.tokensReload(access);
        if (access != TlsContext.Reload.UNCHANGED) {
            services.audit.reloaded(access.name());
        }
        services.connections().forEach(Connection::lookAgain);
    }

    private static double secondsLeft(TlsContext loaded) {
        return loaded.notAfter()
                .map(end -> Duration.between(Instant.now(), end).toMillis() / 1e3)
                .orElse(Double.NaN);
    }

    private Channel bind(int port, ChannelHandler initializer) {
        ChannelFuture bound = new ServerBootstrap()
                .group(loops.group())
                .channel(loops.channelType())
                .option(ChannelOption.SO_REUSEADDR, true)
                .option(ChannelOption.SO_BACKLOG, 4096)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new AdaptiveRecvByteBufAllocator(256, 4 << 10, MAX_READ_BYTES)
                                .maxMessagesPerRead(READS_IN_A_TURN))
                .childOption(
                        ChannelOption.WRITE_BUFFER_WATER_MARK,
                        new WriteBufferWaterMark(config.maxOutboundBytes() / 2, config.maxOutboundBytes()))
                .childHandler(initializer)
                .bind(config.host(), port)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new StorageException(
                    ErrorCode.STORAGE_FAILED,
                    "port cannot be listened on: host=" + config.host() + " port=" + port + " ("
                            + (bound.cause() == null ? "" : bound.cause().getMessage()) + ')',
                    bound.cause());
        }
        return bound.channel();
    }

    private void open(Function<WalListener, Wal> opener) {
        Wal wal;
        try {
            wal = opener.apply(new WalListener() {
                @Override
                public void recovering(int done, int all) {
                    progress = new Progress(done, all);
                }
            });
        } catch (RuntimeException | Error e) {
            LOG.error("store could not be opened", e);
            services.fail();
            opened.completeExceptionally(e);
            return;
        }
        if (!services.serve(wal)) {
            // Stopped meanwhile: who stops waits for this.
            LOG.info("store was opened too late, the server stops");
        } else {
            RecoveryReport found = wal.recovery();
            LOG.info(
                    "server serves: storeId={} partitions={} wasClean={} recoveryMillis={} scannedBytes={} undecided={} quarantined={} refused={}",
                    wal.storeId(),
                    found.partitions().size(),
                    found.wasClean(),
                    found.nanos() / 1_000_000,
                    found.partitions().stream()
                            .mapToLong(PartitionRecovery::scannedBytes)
                            .sum(),
                    found.partitions().stream()
                            .filter(each -> each.undecided().isPresent())
                            .count(),
                    found.partitions().stream()
                            .filter(each -> each.quarantined().isPresent())
                            .count(),
                    found.refused().size());
        }
        opened.complete(wal);
    }

    private StatusAnswers status() {
        return new StatusAnswers(
                new StatusSource() {
                    @Override
                    public Server server() {
                        Progress now = progress;
                        return services.meters.status(state().name().toLowerCase(Locale.ROOT), now.done, now.all);
                    }

                    @Override
                    public Optional<Store> store() {
                        return Optional.ofNullable(services.serving()).map(serving -> new WalStatus(serving.wal()));
                    }
                },
                config.meters(),
                System::nanoTime,
                InstantSource.system());
    }

    private HttpEndpoint.Readiness readiness() {
        ServerState state = state();
        Progress now = progress;
        return new HttpEndpoint.Readiness(
                state == ServerState.SERVING,
                "{\"ready\":" + (state == ServerState.SERVING) + ",\"state\":\""
                        + state.name().toLowerCase(Locale.ROOT) + "\"," + progressText(now) + '}');
    }

    /** Health is for everybody: where it matters who somebody is, it says how far the opening is, and not of how many partitions. */
    private String progressText(Progress now) {
        return services.access.asks()
                ? "\"recoveredPercent\":"
                        + (state() == ServerState.SERVING ? 100 : 100L * now.done / Math.max(1, now.all))
                : "\"recoveredPartitions\":" + now.done + ",\"partitions\":" + now.all;
    }

    // ---------------------------------------------------------------- in use

    /** The port of the protocol. */
    public int port() {
        return portOf(listening.get(0));
    }

    /** The port for health and metrics, if there is one. */
    public OptionalInt httpPort() {
        return listening.size() > 1 ? OptionalInt.of(portOf(listening.get(1))) : OptionalInt.empty();
    }

    private static int portOf(Channel channel) {
        return ((InetSocketAddress) channel.localAddress()).getPort();
    }

    /** Where it is in its life. */
    public ServerState state() {
        return services.state();
    }

    /** What its connections share. */
    Services services() {
        return services;
    }

    /** How many connections there are. */
    public int connections() {
        return services.meters.connections().get();
    }

    /**
     * Waits until the store is open.
     *
     * @throws WalException the store's own error, if it cannot be opened; {@code SERVER_STARTING}, if it takes longer
     */
    public void awaitServing(Duration patience) {
        ThreadRules.assertMayBlock();
        try {
            opened.get(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw Errors.of(e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException e) {
            throw new UnavailableException(
                    ErrorCode.SERVER_STARTING, "the store is not open yet: waited=" + patience, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnavailableException(ErrorCode.INTERRUPTED, "interrupted while the store was opened", e);
        }
    }

    /** Completes when the store is open, or with the reason why it cannot be. */
    public CompletionStage<Void> whenServing() {
        return opened.thenRun(() -> {});
    }

    // ---------------------------------------------------------------- stopping

    /**
     * Stops: listens no more, refuses new requests, answers those that are under way, at most for {@code drainTimeout}; then closes all connections and the store. Closing again does nothing.
     *
     * @throws WalException if the store was not closed in order
     */
    @Override
    public void close() {
        ThreadRules.assertMayBlock();
        if (!services.stop()) {
            awaitClosed();
            return;
        }
        boolean wasInterrupted = false;
        try {
            LOG.info("server stops: connections={}", connections());
            for (Channel channel : listening) {
                channel.close().awaitUninterruptibly(config.drainTimeout().toMillis());
            }
            services.connections().forEach(Connection::stop);
            wasInterrupted = drain();
            services.connections().forEach(Connection::abort);
            wasInterrupted |= closePools();
            closeStore();
        } finally {
            try {
                loops.close();
            } catch (InterruptedException e) {
                wasInterrupted = true;
            }
            services.stopped();
            services.audit.tellLeftOut();
            closed.countDown();
            LOG.info("server stopped");
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void awaitClosed() {
        try {
            if (!closed.await(
                    2 * config.drainTimeout().toMillis() + TimeUnit.MINUTES.toMillis(2), TimeUnit.MILLISECONDS)) {
                LOG.warn("another thread is still stopping the server");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits for the connections to go by themselves. Returns whether it was interrupted. */
    private boolean drain() {
        try {
            if (!services.awaitNoConnections(config.drainTimeout().toNanos())) {
                LOG.warn("connections are closed with requests under way: connections={}", connections());
            }
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }

    private boolean closePools() {
        try {
            boolean areDone = services.reads.close(config.drainTimeout());
            areDone &= services.files.close(config.drainTimeout());
            areDone &= services.status.close(config.drainTimeout());
            areDone &= watch.close(config.drainTimeout());
            if (!areDone) {
                LOG.warn("a request of the disk hangs, the store is closed beside it");
            }
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }

    /** Also one that is being opened: nobody else would close it. */
    private void closeStore() {
        if (listening.isEmpty()) {
            return;
        }
        @Nullable Wal wal;
        try {
            wal = opened.get(config.drainTimeout().toMillis() + TimeUnit.MINUTES.toMillis(1), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            LOG.debug("there is no store to close");
            return;
        } catch (TimeoutException e) {
            LOG.warn("the store is still being opened, and is closed when that is over");
            var unused = opened.thenAccept(Wal::close);
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            var unused = opened.thenAccept(Wal::close);
            return;
        }
        wal.close();
    }
}
