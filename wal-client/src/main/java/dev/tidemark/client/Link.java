package dev.tidemark.client;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.MessageDecoder;
import dev.tidemark.client.protocol.MessageEncoder;
import dev.tidemark.client.protocol.MessageSplitter;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.ProtocolException;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.tls.TlsRecords;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.WalException;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one connection of a client: opened again whenever it is lost, with pauses, until the client is closed. Knows which request an answer belongs to; what
 * happens to requests of a connection that is lost is decided by those that made them.
 *
 * <p>A connection is <em>ready</em> from the server's welcome until its end, or until the server says that it stops. One from which nothing has come for
 * {@code idleTimeout} is given up, though it may look open: that is how a half-open connection looks.
 *
 * <p><b>Threads.</b> The I/O thread.
 */
final class Link {
    private static final Logger LOG = LoggerFactory.getLogger(Link.class);
    private static final long HELLO_ID = 1;
    /** However soon a server wants to hear from us, we do not talk all the time. */
    private static final int SHORTEST_IDLE_MILLIS = 20;
    /** A payload from this size on is not copied behind its head. */
    private static final int SEPARATE_BYTES = 8 << 10;

    /** Who is told what happens to the connection. */
    interface Owner {
        /** Requests can be sent. */
        void ready(Answer.Welcome welcome);

        /** The connection that was ready is gone, and no request of it will be answered. */
        void lost();

        /** All that has arrived was handed out: the time to send what follows from it. */
        void readComplete();

        /** An attempt to connect, or a connection, has failed with this. */
        void failed(Throwable cause);
    }

    /** Where the answer to one request goes. */
    interface Recipient {
        /** Whether an answer of this kind can belong to the request. An error always can, and is not asked about. */
        boolean isAnsweredBy(Answer answer);

        /** Whether a server that works would have answered by now. */
        default boolean isOverdue(long nowNanos) {
            return false;
        }

        /** Takes the answer, and its reference of whatever it carries. */
        void answered(Answer answer);

        /** The connection ended first. */
        void connectionLost();
    }

    private final EventLoop loop;
    private final ClientConfig config;
    private final Credentials credentials;
    private final Owner owner;
    private final LongSupplier nanos;
    private final BackOff backOff;

    private @Nullable Channel channel;
    private boolean isReady;
    private boolean isClosed;
    private boolean isReading;
    private boolean isFlushDue;
    private boolean isPinged;
    private long lastReadNanos;
    private long readyNanos;
    private boolean wasReady;
    private long nextId = HELLO_ID + 1;
    private LongObjectHashMap<Recipient> waiting = new LongObjectHashMap<>();
    private @Nullable Future<?> watch;
    private @Nullable String lastLogged;

    Link(
            EventLoop loop,
            ClientConfig config,
            Credentials credentials,
            Owner owner,
            LongSupplier nanos,
            RandomGenerator random) {
        this.loop = loop;
        this.config = config;
        this.credentials = credentials;
        this.owner = owner;
        this.nanos = nanos;
        this.backOff =
                new BackOff(config.firstBackOff().toNanos(), config.maxBackOff().toNanos(), random);
    }

    boolean isReady() {
        return isReady;
    }

    // ---------------------------------------------------------------- connecting

    /** Tries to connect, now or after the pause that is due. */
    void connectSoon() {
        if (isClosed) {
            return;
        }
        long pause = backOff.nextNanos();
        if (pause == 0) {
            prepare();
        } else {
            var unused = loop.schedule(this::prepare, pause, TimeUnit.NANOSECONDS);
        }
    }

    /** Looks first whether the files have changed, which is no work for this thread. */
    private void prepare() {
        if (!credentials.hasFiles() || isClosed) {
            connect();
            return;
        }
        ClientThreads.tlsThread(() -> {
                    credentials.refresh();
                    try {
                        loop.execute(this::connect);
                    } catch (RejectedExecutionException e) {
                        LOG.debug("the client was closed while it looked at its files");
                    }
                })
                .start();
    }

    private void connect() {
        if (isClosed) {
            return;
        }
        int timeoutMillis = (int) Math.max(1, config.connectTimeout().toMillis());
        ChannelFuture connecting = new Bootstrap()
                .group(loop)
                .channel(ClientThreads.channelType())
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, timeoutMillis)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.RECVBUF_ALLOCATOR, new AdaptiveRecvByteBufAllocator(4 << 10, 64 << 10, 1 << 20))
                .handler(new Handlers())
                // Asked for anew each time: the server may have moved.
                .connect(new InetSocketAddress(config.host(), config.port()));
        connecting.addListener(done -> {
            if (!done.isSuccess()) {
                failedToConnect(done.cause());
            }
        });
    }

    private void failedToConnect(Throwable cause) {
        log(cause);
        owner.failed(cause);
        connectSoon();
    }

    /** Once for each reason, not once for each attempt. */
    private void log(Throwable cause) {
        String said = String.valueOf(cause.getMessage());
        if (!said.equals(lastLogged) && !isClosed) {
            lastLogged = said;
            LOG.warn("no connection: server={} ({})", config.server(), said);
        }
    }

    // ---------------------------------------------------------------- sending

    /** Sends a request, of which the id is given; its answer goes to the recipient. Only when ready. */
    void send(LongFunction<? extends Request> request, Recipient recipient) {
        Channel open = channel;
        if (!isReady || open == null) {
            throw new IllegalStateException("a request without a connection");
        }
        long id = nextId++;
        waiting.put(id, recipient);
        write(open, request.apply(id));
    }

    /** A write that fails ends the connection, and its end tells everybody: the futures of single writes have nothing to add. */
    private void write(Channel open, Request request) {
        if (request.trailing().readableBytes() >= SEPARATE_BYTES) {
            var unusedHead = open.write(MessageEncoder.head(open.alloc(), request), open.voidPromise());
            var unused = open.write(request.trailing(), open.voidPromise());
        } else {
            var unused = open.write(MessageEncoder.whole(open.alloc(), request), open.voidPromise());
        }
        flushSoon();
    }

    /** What is written in one turn of the loop goes out with one call of the system. */
    private void flushSoon() {
        if (!isFlushDue) {
            isFlushDue = true;
            if (!isReading) {
                loop.execute(this::flush);
            }
        }
    }

    private void flush() {
        if (isFlushDue) {
            isFlushDue = false;
            Channel open = channel;
            if (open != null) {
                open.flush();
            }
        }
    }

    // ---------------------------------------------------------------- one connection

    private final class Handlers extends io.netty.channel.ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel opened) {
            MessageSplitter splitter = new MessageSplitter(Protocol.MAX_HELLO_LENGTH);
            credentials
                    .tls()
                    .ifPresent(tls -> opened.pipeline()
                            .addLast(tls.clientHandler(
                                    opened.alloc(), config.host(), config.port(), config.connectTimeout())));
            opened.pipeline().addLast(splitter, new Receiver(splitter));
        }
    }

    /** What comes on one connection. */
    private final class Receiver extends ChannelInboundHandlerAdapter {
        private final MessageSplitter splitter;
        private @Nullable Future<?> helloDeadline;
        private boolean isGivenUp;

        Receiver(MessageSplitter splitter) {
            this.splitter = splitter;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            if (isClosed) {
                var unused = context.close();
                return;
            }
            channel = context.channel();
            lastReadNanos = nanos.getAsLong();
            helloDeadline = loop.schedule(
                    () -> giveUp(context, new IOException("no welcome within " + config.connectTimeout())),
                    config.connectTimeout().toNanos(),
                    TimeUnit.NANOSECONDS);
            String token = credentials.token();
            if (!token.isEmpty() && !isPrivate(context.channel()) && !config.insecureClearTextToken()) {
                giveUp(context, ClientErrors.clearToken(config.server()));
                return;
            }
            // With TLS it waits in the handler until the server's certificate is verified.
            Request.Hello hello = new Request.Hello(
                    HELLO_ID,
                    Protocol.VERSION,
                    Protocol.VERSION,
                    token.isEmpty() ? 0 : Protocol.AUTHENTICATION,
                    Protocol.MAX_LENGTH,
                    config.clientName(),
                    token);
            var unused = context.writeAndFlush(MessageEncoder.whole(context.alloc(), hello), context.voidPromise());
        }

        private boolean isPrivate(Channel opened) {
            return credentials.tls().isPresent()
                    || (opened.remoteAddress() instanceof InetSocketAddress address
                            && address.getAddress() != null
                            && address.getAddress().isLoopbackAddress());
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            try {
                isReading = true;
                lastReadNanos = nanos.getAsLong();
                isPinged = false;
                if (!isGivenUp) {
                    take(context, MessageDecoder.answer(bytes));
                }
            } catch (ProtocolException e) {
                giveUp(context, e);
            } finally {
                bytes.release();
            }
        }

        private void take(ChannelHandlerContext context, Answer answer) {
            if (answer instanceof Answer.Failed failed && failed.id() == Protocol.NO_REQUEST) {
                WalException why = failed.error().toException();
                if (isReady && why.code() == ErrorCode.SERVER_STOPPING) {
                    // It answers what it has, and closes then.
                    isReady = false;
                    LOG.info("the server stops: server={}", config.server());
                } else {
                    giveUp(context, why);
                }
            } else if (answer.id() == HELLO_ID) {
                hello(context, answer);
            } else {
                Recipient recipient = waiting.get(answer.id());
                if (recipient == null) {
                    nonsense(context, answer, "an answer to no request: id=" + answer.id());
                } else if (!(answer instanceof Answer.Failed) && !recipient.isAnsweredBy(answer)) {
                    // It says nothing about what became of the request, which is repeated on the next connection.
                    nonsense(context, answer, "an answer of another kind: kind=" + answer.kind());
                } else {
                    waiting.remove(answer.id());
                    recipient.answered(answer);
                }
            }
        }

        private void nonsense(ChannelHandlerContext context, Answer answer, String what) {
            answer.release();
            giveUp(context, ClientErrors.violated(config.server(), what));
        }

        private void hello(ChannelHandlerContext context, Answer answer) {
            Future<?> deadline = helloDeadline;
            if (answer instanceof Answer.Welcome welcome && !isReady && deadline != null) {
                deadline.cancel(false);
                helloDeadline = null;
                splitter.setMaxLength(Protocol.MAX_LENGTH);
                isReady = true;
                wasReady = true;
                readyNanos = nanos.getAsLong();
                lastLogged = null;
                watchOver(context, welcome);
                LOG.info("connected: server={} store={}", config.server(), welcome.storeId());
                owner.ready(welcome);
            } else if (answer instanceof Answer.Failed failed) {
                giveUp(context, failed.error().toException());
            } else {
                answer.release();
                giveUp(context, ClientErrors.violated(config.server(), "a hello that was not expected"));
            }
        }

        private void watchOver(ChannelHandlerContext context, Answer.Welcome welcome) {
            long heartbeat = Math.min(
                    config.heartbeat().toNanos(),
                    TimeUnit.MILLISECONDS.toNanos(Math.max(SHORTEST_IDLE_MILLIS, welcome.idleMillis())) / 2);
            watch = loop.scheduleAtFixedRate(
                    () -> look(context, heartbeat), heartbeat / 2, heartbeat / 2, TimeUnit.NANOSECONDS);
        }

        /** Nothing heard for a while: a question, and after a longer while the end. */
        private void look(ChannelHandlerContext context, long heartbeatNanos) {
            long now = nanos.getAsLong();
            long silentNanos = now - lastReadNanos;
            if (isAnyOverdue(now)) {
                // It talks, and yet leaves this one out: what is behind it would wait for ever.
                giveUp(context, new IOException("a request was not answered in its time, nor long after"));
            } else if (silentNanos >= config.idleTimeout().toNanos()) {
                giveUp(
                        context,
                        new IOException("nothing heard for " + TimeUnit.NANOSECONDS.toMillis(silentNanos) + " ms"));
            } else if (silentNanos >= heartbeatNanos && !isPinged && isReady) {
                isPinged = true;
                send(Request.Ping::new, PONG);
            }
        }

        private boolean isAnyOverdue(long nowNanos) {
            for (Recipient recipient : waiting.values()) {
                if (recipient.isOverdue(nowNanos)) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            owner.readComplete();
            isReading = false;
            flush();
        }

        /** A handshake that fails says so here first, before the channel is closed for it. */
        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof SslHandshakeCompletionEvent handshake && !handshake.isSuccess()) {
                giveUp(context, named(handshake.cause()));
            }
            var unused = context.fireUserEventTriggered(event);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            giveUp(context, named(cause));
        }

        private Throwable named(Throwable cause) {
            SSLException failure = TlsRecords.failureIn(cause);
            if (failure == null || failure instanceof SslHandshakeTimeoutException) {
                return cause;
            }
            return failure instanceof NotSslRecordException
                    ? ClientErrors.noTls(config.server())
                    : ClientErrors.tlsFailed(config.server(), failure);
        }

        private void giveUp(ChannelHandlerContext context, Throwable cause) {
            if (!isGivenUp) {
                isGivenUp = true;
                log(cause);
                owner.failed(cause);
                var unused = context.close();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            Future<?> deadline = helloDeadline;
            if (deadline != null) {
                deadline.cancel(false);
            }
            if (!isGivenUp) {
                IOException ended = new IOException("the server closed the connection");
                log(ended);
                owner.failed(ended);
            }
            ended();
        }
    }

    private void ended() {
        Future<?> watching = watch;
        if (watching != null) {
            watching.cancel(false);
            watch = null;
        }
        if (wasReady && nanos.getAsLong() - readyNanos >= config.maxBackOff().toNanos()) {
            // Only a connection that has lasted is a success: a server that says hello and hangs up would be called on
            // without end.
            backOff.succeeded();
        }
        wasReady = false;
        channel = null;
        isReady = false;
        isReading = false;
        isFlushDue = false;
        isPinged = false;
        List<Recipient> left = new ArrayList<>(waiting.values());
        waiting = new LongObjectHashMap<>();
        left.forEach(Recipient::connectionLost);
        owner.lost();
        connectSoon();
    }

    private static final Recipient PONG = new Recipient() {
        @Override
        public boolean isAnsweredBy(Answer answer) {
            return answer instanceof Answer.Pong;
        }

        @Override
        public void answered(Answer answer) {
            answer.release();
        }

        @Override
        public void connectionLost() {
            // Nobody waits for it.
        }
    };

    /** For good. */
    void close() {
        isClosed = true;
        Channel open = channel;
        if (open != null) {
            open.flush();
            var unused = open.close();
        }
    }
}
