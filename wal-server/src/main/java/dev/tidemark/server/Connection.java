package dev.tidemark.server;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.MessageDecoder;
import dev.tidemark.client.protocol.MessageSplitter;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.ProtocolException;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.protocol.WireError;
import dev.tidemark.server.security.Gate;
import dev.tidemark.server.security.Identity;
import dev.tidemark.server.security.Peer;
import dev.tidemark.server.security.Quoted;
import dev.tidemark.server.security.Rights;
import dev.tidemark.server.security.TlsFailure;
import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection: says hello, hands each request to who serves it, and counts what has no answer yet.
 *
 * <p><b>Threads.</b> The channel's event loop, but for {@link #stop()}. Answers may be added by any thread ({@link Outbox}).
 *
 * <p><b>Crash.</b> A peer that dies leaves nothing behind: what was not accepted by the log is dropped, what was goes on, waits are given up, segments are let go. A peer that is
 * only silent is closed after the idle time.
 */
final class Connection extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
    private static final String SERVER_NAME = "tidemark";
    private static final int FAREWELL_SECONDS = 1;

    /** Of a message that has come in part so much is kept, however many there are. */
    private static final int ALWAYS_HELD_BYTES = 64 << 10;

    /** As above, of a hello; most have less. */
    private static final int ALWAYS_HELD_OF_STRANGER_BYTES = 1 << 10;

    /** Where it is in its life. */
    private enum Phase {
        NEW,
        GREETED,
        /** The last thing is said: nothing is read any more. */
        ENDING,
        GONE
    }

    private final Services services;
    private final MessageSplitter splitter;

    private Phase phase = Phase.NEW;
    private ServerMeters.End end = ServerMeters.End.PEER;
    private boolean isStopping;
    private long heardNanos = System.nanoTime();
    private int inFlightRequests;
    private long inFlightBytes;
    private int heldBytes;
    private @Nullable Future<?> helloDeadline;
    private @Nullable Future<?> idleCheck;
    private final Runnable readOn = this::fewerInAll;

    private @Nullable Future<?> rateTimer;
    private Admission.@Nullable Guest guest;
    private RequestRates.@Nullable Rate rate;
    private Identity identity = Identity.ANONYMOUS;
    private Rights rights = Rights.ALL;
    private boolean isIdentified;
    private @Nullable ChannelHandlerContext context;
    private @Nullable Pauses pauses;
    private @Nullable Outbox outbox;
    private @Nullable Appends appends;
    private @Nullable Reads reads;
    private @Nullable Administration administration;

    Connection(Services services, MessageSplitter splitter) {
        this.services = services;
        this.splitter = splitter;
    }

    private static <T> T present(@Nullable T part) {
        if (part == null) {
            throw new IllegalStateException("a part of a connection is used before there is one");
        }
        return part;
    }

    Outbox outbox() {
        return present(outbox);
    }

    Pauses pauses() {
        return present(pauses);
    }

    // ---------------------------------------------------------------- coming and going

    @Override
    public void channelActive(ChannelHandlerContext active) {
        context = active;
        pauses = new Pauses(active.channel(), services.meters);
        outbox = new Outbox(this, active, services.meters);
        Admission.Guest own = services.admission.enter(active.channel().remoteAddress());
        guest = own;
        services.joined(this);
        Optional<Admission.Refusal> refusal = own.refusal();
        if (refusal.isPresent()) {
            services.audit.refused("CONNECTION", ErrorCode.SERVER_BUSY, who());
            finish(
                    refusal.get().end(),
                    Protocol.NO_REQUEST,
                    new UnavailableException(
                            ErrorCode.SERVER_BUSY, refusal.get().why()));
            return;
        }
        if (services.state() == ServerState.STOPPING || services.state() == ServerState.STOPPED) {
            beginStop();
        }
        helloDeadline = active.executor()
                .schedule(this::helloIsDue, services.config.helloTimeout().toMillis(), TimeUnit.MILLISECONDS);
        planIdleCheck(services.config.idleTimeout().toNanos());
    }

    private void helloIsDue() {
        if (phase == Phase.NEW) {
            finish(
                    ServerMeters.End.HELLO,
                    Protocol.NO_REQUEST,
                    new UnavailableException(
                            ErrorCode.PROTOCOL_VIOLATED,
                            "no hello came in time: limit=" + services.config.helloTimeout()));
        }
    }

    private void planIdleCheck(long nanos) {
        idleCheck = present(context).executor().schedule(this::checkIdle, nanos, TimeUnit.NANOSECONDS);
    }

    private void checkIdle() {
        if (phase == Phase.GONE) {
            return;
        }
        if (!pauses().isReading() && !pauses().has(Pauses.Reason.ANSWERS)) {
            // It is we who do not listen.
            heardNanos = System.nanoTime();
        }
        long left = heardNanos + services.config.idleTimeout().toNanos() - System.nanoTime();
        if (left > 0) {
            planIdleCheck(left);
        } else if (phase == Phase.ENDING || pauses().has(Pauses.Reason.ANSWERS)) {
            // It does not even take what was said last.
            close(ServerMeters.End.IDLE);
        } else {
            finish(
                    ServerMeters.End.IDLE,
                    Protocol.NO_REQUEST,
                    new UnavailableException(
                            ErrorCode.SERVER_UNREACHABLE,
                            "nothing was heard for too long, not even a ping: limit=" + services.config.idleTimeout()));
            planIdleCheck(services.config.idleTimeout().toNanos());
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext inactive) {
        phase = Phase.GONE;
        // A timer holds the connection: in a storm of short ones those of the last minute would fill the memory.
        cancel(helloDeadline);
        cancel(idleCheck);
        cancel(rateTimer);
        services.inFlight.leave(readOn);
        services.heldBytes.addAndGet(-heldBytes);
        heldBytes = 0;
        if (appends != null) {
            appends.close();
        }
        if (reads != null) {
            reads.close();
        }
        services.inFlight.give(inFlightBytes);
        inFlightBytes = 0;
        inFlightRequests = 0;
        // Last: whoever sees that it is gone finds nothing left of it.
        services.meters.closed(end);
        if (guest != null) {
            guest.leave();
        }
        services.left(this);
    }

    private static void cancel(@Nullable Future<?> timer) {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext caught, Throwable cause) {
        if (cause instanceof ProtocolException violation) {
            violated(violation);
        } else if (cause instanceof WalException told) {
            // The door's: it speaks TLS where we do not, or the other way round.
            finish(ServerMeters.End.TLS, Protocol.NO_REQUEST, told);
        } else if (cause instanceof TlsFailure) {
            close(ServerMeters.End.TLS);
        } else if (cause instanceof IOException) {
            LOG.debug("connection lost: peer={} ({})", caught.channel().remoteAddress(), cause.getMessage());
            close(ServerMeters.End.PEER);
        } else {
            LOG.error(
                    "connection closed after a mistake of ours: peer={}",
                    caught.channel().remoteAddress(),
                    cause);
            close(ServerMeters.End.ERROR);
        }
    }

    private void violated(ProtocolException violation) {
        WalException told = new InvalidCallException(
                violation.isConnectionUsable() ? ErrorCode.REQUEST_UNKNOWN : ErrorCode.PROTOCOL_VIOLATED,
                violation.getMessage() + " (" + violation.problem() + ')');
        if (violation.isConnectionUsable() && phase == Phase.GREETED) {
            outbox().say(Outbox.failed(violation.requestId(), told));
            return;
        }
        LOG.debug("protocol violated: peer={} ({})", present(context).channel().remoteAddress(), told.getMessage());
        finish(ServerMeters.End.PROTOCOL, violation.requestId(), told);
    }

    /** Says a last thing, after what was said before, and closes. */
    private void finish(ServerMeters.End why, long id, WalException told) {
        if (phase == Phase.ENDING || phase == Phase.GONE) {
            return;
        }
        phase = Phase.ENDING;
        end = why;
        outbox().say(new Answer.Failed(id, WireError.of(told)));
        outbox().writeAll();
        closeBehindWhatIsWritten();
    }

    private void closeBehindWhatIsWritten() {
        phase = Phase.ENDING;
        splitter.dropTheRest();
        // Reading goes on, into nothing: what is unread when a socket is closed makes the kernel reset it, and the last
        // words would be lost.
        present(context).writeAndFlush(present(context).alloc().buffer(0, 0)).addListener(ChannelFutureListener.CLOSE);
    }

    private void close(ServerMeters.End why) {
        if (phase != Phase.ENDING && phase != Phase.GONE) {
            end = why;
            phase = Phase.ENDING;
        }
        var unused = present(context).close();
    }

    // ---------------------------------------------------------------- requests

    @Override
    public void channelRead(ChannelHandlerContext read, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        try {
            if (phase == Phase.NEW || phase == Phase.GREETED) {
                // What comes behind the last word is no sign of life: it would keep a connection that is over.
                heardNanos = System.nanoTime();
                int size = bytes.readableBytes();
                request(phase == Phase.NEW ? MessageDecoder.first(bytes) : MessageDecoder.request(bytes), size);
            }
        } catch (ProtocolException e) {
            violated(e);
        } finally {
            bytes.release();
        }
    }

    /**
     * Counts the part of a message that has come. One that is only begun is not taken into account as a request, and cannot be made to wait like one: it would keep what it has, and if all did,
     * none would go on. So who passes the bound has to come again.
     */
    @Override
    public void channelReadComplete(ChannelHandlerContext read) {
        if (phase == Phase.GONE) {
            return;
        }
        int held = splitter.heldBytes();
        long all = services.heldBytes.addAndGet(held - heldBytes);
        boolean hasGrown = held > heldBytes;
        heldBytes = held;
        int always = phase == Phase.GREETED ? ALWAYS_HELD_BYTES : ALWAYS_HELD_OF_STRANGER_BYTES;
        if (hasGrown && held > always && all > services.config.maxInFlightBytesInAll()) {
            finish(
                    ServerMeters.End.LIMIT,
                    Protocol.NO_REQUEST,
                    new UnavailableException(
                            ErrorCode.SERVER_BUSY,
                            "messages that have come in part take too much memory: bytes=" + all + " limit="
                                    + services.config.maxInFlightBytesInAll()));
        }
    }

    private void request(Request request, int bytes) {
        services.meters.received(request.kind(), bytes);
        if (phase == Phase.NEW || request instanceof Request.Hello) {
            hello(request);
        } else if (isTooSoon(request)) {
            services.meters.refused(ServerMeters.Limit.RATE);
            services.audit.refused(request.kind().name(), ErrorCode.SERVER_BUSY, who());
            outbox().say(Outbox.failed(request.id(), tooSoon(request)));
            request.release();
        } else if (request instanceof Request.Credit credit) {
            present(reads).credit(credit);
        } else if (isStopping) {
            outbox().say(Outbox.failed(request.id(), Errors.stopping(request instanceof Request.Produce)));
            request.release();
        } else if (isRefused(request)) {
            request.release();
        } else if (inFlightRequests >= services.config.maxInFlightRequests()) {
            outbox().say(Outbox.failed(request.id(), tooMany(request)));
            request.release();
        } else {
            Ticket ticket = new Ticket(request.id(), bytes);
            take(ticket);
            serve(ticket, request);
        }
    }

    /**
     * Takes a request from what its identity may send. Where there is none left, the connection is not read on until there is; and the request is refused, but for those that cost nothing and
     * have no answer, or are the sign of life.
     */
    private boolean isTooSoon(Request request) {
        long nanos = rate == null ? 0 : rate.take();
        if (nanos == 0) {
            return false;
        }
        if (!pauses().has(Pauses.Reason.RATE)) {
            pauses().set(Pauses.Reason.RATE, true);
            rateTimer = present(context)
                    .executor()
                    .schedule(() -> pauses().set(Pauses.Reason.RATE, false), nanos, TimeUnit.NANOSECONDS);
        }
        return !(request instanceof Request.Credit) && !(request instanceof Request.Ping);
    }

    private WalException tooSoon(Request request) {
        String said = "too many requests in a second: identity=" + identity.name() + " limit="
                + services.config.maxRequestsPerSecond() + "; send fewer, or larger ones";
        return request instanceof Request.Produce
                ? new AppendRefusedException(ErrorCode.SERVER_BUSY, said)
                : new UnavailableException(ErrorCode.SERVER_BUSY, said);
    }

    private boolean isRefused(Request request) {
        Optional<WalException> refusal = Gate.refusal(identity, rights, request);
        refusal.ifPresent(why -> {
            outbox().say(Outbox.failed(request.id(), why));
            if (request instanceof Request.OfPartition about) {
                services.audit.refused(request.kind().name(), why.code(), who(), about.partition());
            }
        });
        return refusal.isPresent();
    }

    private WalException tooMany(Request request) {
        services.meters.refused(ServerMeters.Limit.REQUESTS);
        String said = "too many requests wait for their answers: limit=" + services.config.maxInFlightRequests();
        return request instanceof Request.Produce
                ? new AppendRefusedException(ErrorCode.SERVER_BUSY, said)
                : new UnavailableException(ErrorCode.SERVER_BUSY, said);
    }

    private void serve(Ticket ticket, Request request) {
        if (request instanceof Request.Produce produce) {
            present(appends).add(ticket, produce);
        } else if (request instanceof Request.Fetch fetch) {
            present(reads).fetch(ticket, fetch);
        } else if (request instanceof Request.Subscribe subscribe) {
            present(reads).subscribe(ticket, subscribe);
        } else if (request instanceof Request.Unsubscribe unsubscribe) {
            boolean existed = present(reads).unsubscribe(unsubscribe.subscription());
            outbox().answer(ticket, new Answer.Unsubscribed(ticket.id, existed));
        } else if (request instanceof Request.Ping) {
            outbox().answer(ticket, new Answer.Pong(ticket.id, System.currentTimeMillis()));
        } else {
            administrate(ticket, request);
        }
    }

    private void administrate(Ticket ticket, Request request) {
        Administration engine = present(administration);
        Outbox answers = outbox();
        boolean isSubmitted = services.files.submit(() -> {
            Answer answer;
            try {
                answer = engine.answer(request);
            } catch (RuntimeException | Error e) {
                answer = Outbox.failed(ticket.id, e);
            }
            answers.answer(ticket, answer);
        });
        if (!isSubmitted) {
            answers.answer(ticket, Outbox.failed(ticket.id, services.files.busy()));
        }
    }

    // ---------------------------------------------------------------- hello

    private void hello(Request first) {
        if (phase != Phase.NEW || !(first instanceof Request.Hello hello)) {
            first.release();
            finish(
                    ServerMeters.End.PROTOCOL,
                    first.id(),
                    new InvalidCallException(
                            ErrorCode.PROTOCOL_VIOLATED,
                            "a connection says hello first, and once: kind=" + first.kind()));
            return;
        }
        Services.Serving serving = services.serving();
        if (!hello.speaks(Protocol.VERSION)) {
            refuse(
                    hello,
                    new UnavailableException(
                            ErrorCode.VERSION_UNSUPPORTED,
                            "no version of the protocol in common: client=" + hello.lowestVersion() + ".."
                                    + hello.highestVersion() + " server=" + Protocol.VERSION));
        } else if (!identify(hello)) {
            LOG.debug("hello refused: peer={}", present(context).channel().remoteAddress());
        } else if (services.state() == ServerState.FAILED) {
            refuse(
                    hello,
                    new UnavailableException(
                            ErrorCode.STORE_CLOSED, "the server could not open its store; its log says why"));
        } else if (isStopping) {
            refuse(hello, Errors.stopping(false));
        } else if (serving == null) {
            refuse(
                    hello,
                    new UnavailableException(
                            ErrorCode.SERVER_STARTING, "the server recovers its store, and serves soon"));
        } else {
            greet(hello, serving);
        }
    }

    /** Finds out who it is; false when it was told that this cannot be. */
    private boolean identify(Request.Hello hello) {
        try {
            identity = services.access.identify(
                    hello.authentication(), Peer.of(present(context).channel()));
            rights = services.access.rightsOf(identity);
            isIdentified = true;
            return true;
        } catch (UnavailableException e) {
            services.audit.refused(hello.kind().name(), e.code(), who());
            finish(ServerMeters.End.UNAUTHENTICATED, hello.id(), e);
            return false;
        }
    }

    /** What lets connections in has changed, or time has passed: sends it away if it may not stay. Any thread. */
    void lookAgain() {
        ChannelHandlerContext own = context;
        if (own != null) {
            try {
                own.executor().execute(this::leaveIfUnwelcome);
            } catch (RejectedExecutionException e) {
                LOG.debug("a connection is gone with its loop before it was looked at");
            }
        }
    }

    private void leaveIfUnwelcome() {
        if (phase != Phase.GREETED) {
            return;
        }
        if (!services.access.isStillIn(identity)) {
            sendAway(ErrorCode.UNAUTHENTICATED, "the token or certificate was revoked, or has expired");
        } else if (!rights.equals(services.access.rightsOf(identity))) {
            sendAway(ErrorCode.NOT_PERMITTED, "permissions have changed: connect again");
        }
    }

    private void sendAway(ErrorCode code, String why) {
        services.audit.refused("STAY", code, who());
        finish(ServerMeters.End.UNAUTHENTICATED, Protocol.NO_REQUEST, new UnavailableException(code, why));
        // Not when the other side has closed: it might not, and would be sent more until then.
        present(appends).close();
        present(reads).close();
        // It may not want to hear it.
        var unused = present(context).executor().schedule(this::abort, FAREWELL_SECONDS, TimeUnit.SECONDS);
    }

    private Audit.Who who() {
        SocketAddress peer = present(context).channel().remoteAddress();
        return isIdentified ? Audit.Who.of(identity, peer) : Audit.Who.stranger(peer);
    }

    private void refuse(Request.Hello hello, WalException why) {
        finish(ServerMeters.End.REFUSED, hello.id(), why);
    }

    private void greet(Request.Hello hello, Services.Serving serving) {
        WalConfig log = serving.wal().config();
        int messageBytes = Math.min(
                Protocol.MAX_LENGTH,
                Math.max(Protocol.MAX_HELLO_LENGTH, log.largestAppendBytes() + Protocol.MAX_HELLO_LENGTH));
        ChannelHandlerContext own = present(context);
        splitter.setMaxLength(messageBytes);
        appends = new Appends(this, services, serving, (EventLoop) own.executor(), who());
        reads = new Reads(this, services, serving, own, hello.maxMessageBytes());
        administration = new Administration(serving, rights, services.audit, who());
        rate = services.rates.of(rateKey(own)).orElse(null);
        phase = Phase.GREETED;
        present(guest).isKnown();
        cancel(helloDeadline);
        LOG.debug(
                "hello: peer={} client={} identity={}",
                own.channel().remoteAddress(),
                Quoted.value(hello.clientName()),
                Quoted.value(identity.name()));
        outbox().say(new Answer.Welcome(
                hello.id(),
                Protocol.VERSION,
                services.access.asks() ? hello.capabilities() & Protocol.AUTHENTICATION : 0,
                messageBytes,
                services.config.maxInFlightRequests(),
                services.config.maxInFlightBytes(),
                log.largestAppendBytes(),
                AppendRequest.REPEATABLE_APPENDS,
                (int) services.config.idleTimeout().toMillis(),
                (int) log.appendTimeout().toMillis(),
                log.defaultDurability(),
                serving.wal().storeId(),
                System.currentTimeMillis(),
                SERVER_NAME));
    }

    /** Who is not asked who he is, is known by where he comes from: one of them is not all of them. */
    private String rateKey(ChannelHandlerContext own) {
        return identity.equals(Identity.ANONYMOUS)
                ? Admission.place(own.channel().remoteAddress()).getHostAddress()
                : identity.name();
    }

    // ---------------------------------------------------------------- what is under way

    private void take(Ticket ticket) {
        inFlightRequests++;
        inFlightBytes += ticket.bytes;
        if (!services.inFlight.take(ticket.bytes)) {
            pauses().set(Pauses.Reason.ALL_REQUESTS, true);
            services.inFlight.whenFewer(readOn);
        }
        if (inFlightBytes > services.config.maxInFlightBytes()) {
            pauses().set(Pauses.Reason.REQUESTS, true);
        }
    }

    private void fewerInAll() {
        try {
            present(context).executor().execute(() -> pauses().set(Pauses.Reason.ALL_REQUESTS, false));
        } catch (RejectedExecutionException e) {
            LOG.debug("a connection is gone with its loop before it could read on");
        }
    }

    /** A request has its answer, which is about to be written; false if it had one before, or the connection is gone. */
    boolean settle(Ticket ticket) {
        if (phase == Phase.GONE || !ticket.answer()) {
            return false;
        }
        inFlightRequests--;
        inFlightBytes -= ticket.bytes;
        services.inFlight.give(ticket.bytes);
        if (inFlightBytes <= services.config.maxInFlightBytes() / 2) {
            pauses().set(Pauses.Reason.REQUESTS, false);
        }
        return true;
    }

    /** Into the channel, with what else is written there; who cares flushes. */
    void write(ByteBuf bytes) {
        ChannelHandlerContext own = present(context);
        var unused = own.write(bytes, own.voidPromise());
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext changed) {
        pauses().set(Pauses.Reason.ANSWERS, !changed.channel().isWritable());
    }

    // ---------------------------------------------------------------- the server stops

    /** Takes nothing new, answers what is under way, then closes. Any thread. */
    void stop() {
        ChannelHandlerContext own = context;
        if (own != null) {
            try {
                own.executor().execute(this::beginStop);
            } catch (RejectedExecutionException e) {
                LOG.debug("a connection is gone with its loop before it was stopped");
            }
        }
    }

    private void beginStop() {
        if (isStopping || phase == Phase.GONE || phase == Phase.ENDING) {
            return;
        }
        isStopping = true;
        end = ServerMeters.End.STOPPING;
        outbox().say(new Answer.Failed(Protocol.NO_REQUEST, WireError.of(Errors.stopping(false))));
        if (appends != null) {
            appends.stop(Errors.stopping(true));
        }
        if (reads != null) {
            reads.stop(Errors.stopping(false));
        }
    }

    /** Answers were written: closes, if these were the last. */
    void afterAnswers() {
        if (isStopping && phase == Phase.GREETED && inFlightRequests == 0 && outbox().isEmpty()) {
            closeBehindWhatIsWritten();
        }
    }

    /** Ends it without more words. Any thread. */
    void abort() {
        ChannelHandlerContext own = context;
        if (own != null) {
            var unused = own.close();
        }
    }
}
