package dev.tidemark.server;

import dev.tidemark.server.security.Identity;
import dev.tidemark.server.security.Peer;
import dev.tidemark.server.security.TlsDoor;
import dev.tidemark.server.status.StatusAnswers;
import dev.tidemark.server.status.StatusSite;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Health, metrics and the status page over HTTP: {@code /health/live}, {@code /health/ready}, {@code /metrics}, {@code /status}; there while the store recovers, too.
 *
 * <p><b>Threads.</b> The event loops; the metrics are printed on the file pool, which takes its time, and what the status page shows is gathered on a pool of its own.
 */
final class HttpEndpoint extends ChannelInitializer<Channel> {
    private static final Logger LOG = LoggerFactory.getLogger(HttpEndpoint.class);
    private static final int MAX_REQUEST_BYTES = 8 << 10;
    private static final int MAX_CONNECTIONS = 256;
    private static final int MAX_CONNECTIONS_OF_ADDRESS = 128;
    private static final int MAX_PARAMETERS = 16;
    private static final String BEARER = "Bearer ";
    private static final String JSON = "application/json";
    private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

    private final Services services;
    private final TlsDoor door;
    private final Supplier<Readiness> readiness;
    private final StatusAnswers status;
    private final Admission admission = new Admission(
            MAX_CONNECTIONS, MAX_CONNECTIONS_OF_ADDRESS, MAX_CONNECTIONS, new AtomicInteger(), new AtomicInteger());

    /** What a pool has found out. */
    private record Later(int status, String type, String body) {}

    /** Whether requests are served, and what else there is to say about it, as JSON. */
    record Readiness(boolean isReady, String json) {}

    HttpEndpoint(Services services, TlsDoor door, Supplier<Readiness> readiness, StatusAnswers status) {
        this.services = services;
        this.door = door;
        this.readiness = readiness;
        this.status = status;
    }

    @Override
    protected void initChannel(Channel channel) {
        Admission.Guest guest = admission.enter(channel.remoteAddress());
        channel.closeFuture().addListener(closed -> guest.leave());
        if (guest.refusal().isPresent()) {
            // Who asks too often learns it by that; there is nothing to say in TLS yet.
            var unused = channel.close();
            return;
        }
        door.addTo(channel.pipeline());
        channel.pipeline()
                .addLast(new HttpServerCodec())
                .addLast(new HttpObjectAggregator(MAX_REQUEST_BYTES))
                .addLast(new Handler());
    }

    /** What a request asks for. */
    private record Question(
            boolean isGood, boolean isGet, String uri, String host, String authorization, boolean isKept) {
        String path() {
            int query = uri.indexOf('?');
            return query < 0 ? uri : uri.substring(0, query);
        }

        @Override
        public String toString() {
            // What authorizes is a secret.
            return "Question[path=" + path() + ']';
        }
    }

    /**
     * Answers one request after the other, and reads on when the answer to the last one is written: else who asks and does not listen would fill the memory with answers, and the metrics, which take
     * their time, would be overtaken.
     */
    private final class Handler extends SimpleChannelInboundHandler<FullHttpRequest> {
        /** What came with one read. */
        private final ArrayDeque<Question> waiting = new ArrayDeque<>();

        private boolean isBusy;
        private @Nullable Future<?> deadline;

        @Override
        public void channelActive(ChannelHandlerContext context) {
            expect(context, services.config.helloTimeout());
            context.fireChannelActive();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (deadline != null) {
                deadline.cancel(false);
            }
            context.fireChannelInactive();
        }

        /** Something whole has happened, and the next has to in time: bytes that trickle, or an answer that nobody takes, would hold the connection for ever. */
        private void expect(ChannelHandlerContext context, Duration patience) {
            if (deadline != null) {
                deadline.cancel(false);
            }
            if (context.channel().isActive()) {
                deadline = context.executor()
                        .schedule(
                                () -> {
                                    var unused = context.close();
                                },
                                patience.toMillis(),
                                TimeUnit.MILLISECONDS);
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
            Question question = new Question(
                    request.decoderResult().isSuccess(),
                    request.method().equals(HttpMethod.GET),
                    request.uri(),
                    request.headers().get(HttpHeaderNames.HOST, ""),
                    request.headers().get(HttpHeaderNames.AUTHORIZATION, ""),
                    HttpUtil.isKeepAlive(request));
            if (isBusy) {
                waiting.add(question);
            } else {
                isBusy = true;
                expect(context, services.config.idleTimeout());
                context.channel().config().setAutoRead(false);
                answer(context, question);
            }
        }

        private void answered(ChannelHandlerContext context) {
            expect(context, services.config.idleTimeout());
            Question next = waiting.poll();
            if (next == null) {
                isBusy = false;
                context.channel().config().setAutoRead(true);
            } else {
                answer(context, next);
            }
        }

        private void answer(ChannelHandlerContext context, Question question) {
            if (!question.isGood) {
                answer(context, HttpResponseStatus.BAD_REQUEST, JSON, "{\"error\":\"bad request\"}", false);
            } else if (!question.isGet) {
                answer(
                        context,
                        HttpResponseStatus.METHOD_NOT_ALLOWED,
                        JSON,
                        "{\"error\":\"only GET\"}",
                        question.isKept);
            } else {
                get(context, question);
            }
        }

        private void get(ChannelHandlerContext context, Question question) {
            String path = question.path();
            boolean isKept = question.isKept;
            switch (path) {
                case "/health/live" -> answer(context, HttpResponseStatus.OK, JSON, "{\"live\":true}", isKept);
                case "/health/ready" -> {
                    Readiness now = readiness.get();
                    HttpResponseStatus status =
                            now.isReady() ? HttpResponseStatus.OK : HttpResponseStatus.SERVICE_UNAVAILABLE;
                    answer(context, status, JSON, now.json(), isKept);
                }
                case "/metrics" -> metrics(context, question);
                default -> {
                    StatusSite.File file = StatusSite.at(path);
                    if (file != null) {
                        answer(context, HttpResponseStatus.OK, file.type(), file.content(), isKept);
                    } else if (path.startsWith(StatusSite.API)) {
                        status(context, question);
                    } else {
                        answer(context, HttpResponseStatus.NOT_FOUND, JSON, "{\"error\":\"not found\"}", isKept);
                    }
                }
            }
        }

        /**
         * Whether who sends this would be let in at the other port, and may know how everything is; else it is answered. Health is for everybody, what names partitions is not.
         */
        private boolean mayMonitor(ChannelHandlerContext context, Question question) {
            String authorization = question.authorization;
            String token = authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())
                    ? authorization.substring(BEARER.length()).strip()
                    : "";
            try {
                Identity identity = services.access.identify(token, Peer.of(context.channel()));
                if (services.access.rightsOf(identity).monitorsAll()) {
                    return true;
                }
                services.audit.refused(
                        "HTTP",
                        ErrorCode.NOT_PERMITTED,
                        Audit.Who.of(identity, context.channel().remoteAddress()));
                answer(context, HttpResponseStatus.FORBIDDEN, JSON, "{\"error\":\"NOT_PERMITTED\"}", question.isKept);
            } catch (UnavailableException e) {
                services.audit.refused(
                        "HTTP", e.code(), Audit.Who.stranger(context.channel().remoteAddress()));
                answer(
                        context,
                        HttpResponseStatus.UNAUTHORIZED,
                        JSON,
                        "{\"error\":\"" + e.code() + "\"}",
                        question.isKept);
            }
            return false;
        }

        private void metrics(ChannelHandlerContext context, Question question) {
            if (mayMonitor(context, question)) {
                PrometheusMeterRegistry meters = services.config.meters();
                later(services.files, context, question, () -> new Later(200, PROMETHEUS, meters.scrape()));
            }
        }

        private void status(ChannelHandlerContext context, Question question) {
            if (!services.access.asks() && !HostName.isOurs(question.host, services.config.host())) {
                answer(context, HttpResponseStatus.FORBIDDEN, JSON, "{\"error\":\"HOST_UNEXPECTED\"}", question.isKept);
                return;
            }
            if (mayMonitor(context, question)) {
                String asked = question.path().substring(StatusSite.API.length());
                Map<String, String> parameters = parameters(question.uri);
                later(services.status, context, question, () -> {
                    StatusAnswers.Answer found = status.answer(asked, parameters);
                    return new Later(found.status(), JSON, found.json());
                });
            }
        }

        private Map<String, String> parameters(String uri) {
            Map<String, String> first = new HashMap<>();
            try {
                new QueryStringDecoder(uri, StandardCharsets.UTF_8, true, MAX_PARAMETERS)
                        .parameters()
                        .forEach((name, values) -> first.put(name, values.get(0)));
            } catch (IllegalArgumentException e) {
                // Half of an escape: no parameter that could be meant.
                first.clear();
            }
            return first;
        }

        private Later found(Supplier<Later> finding, Question question) {
            try {
                return finding.get();
            } catch (RuntimeException e) {
                LOG.error("answer could not be found: path={}", question.path(), e);
                return new Later(500, JSON, "{\"error\":\"internal\"}");
            }
        }

        /** Answers when a pool has found out what. */
        private void later(FilePool pool, ChannelHandlerContext context, Question question, Supplier<Later> finding) {
            boolean isSubmitted = pool.submit(() -> {
                Later found = found(finding, question);
                try {
                    context.executor()
                            .execute(() -> answer(
                                    context,
                                    HttpResponseStatus.valueOf(found.status),
                                    found.type,
                                    found.body,
                                    question.isKept));
                } catch (RejectedExecutionException e) {
                    LOG.debug("the server has stopped before an answer was sent: path={}", question.path());
                }
            });
            if (!isSubmitted) {
                answer(context, HttpResponseStatus.SERVICE_UNAVAILABLE, JSON, "{\"error\":\"busy\"}", question.isKept);
            }
        }

        private void answer(
                ChannelHandlerContext context, HttpResponseStatus status, String type, String body, boolean isKept) {
            answer(context, status, type, body.getBytes(StandardCharsets.UTF_8), isKept);
        }

        private void answer(
                ChannelHandlerContext context, HttpResponseStatus status, String type, byte[] body, boolean isKept) {
            FullHttpResponse response =
                    new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.wrappedBuffer(body));
            if (status.equals(HttpResponseStatus.UNAUTHORIZED)) {
                response.headers().set(HttpHeaderNames.WWW_AUTHENTICATE, "Bearer");
            }
            response.headers()
                    .set(HttpHeaderNames.CONTENT_SECURITY_POLICY, StatusSite.CONTENT_SECURITY_POLICY)
                    .set(HttpHeaderNames.X_FRAME_OPTIONS, "DENY")
                    .set("X-Content-Type-Options", "nosniff")
                    .set("Referrer-Policy", "no-referrer")
                    .set("Cross-Origin-Resource-Policy", "same-origin")
                    .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
                    .set(HttpHeaderNames.CONTENT_TYPE, type)
                    .set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
            HttpUtil.setKeepAlive(response, isKept);
            var written = context.writeAndFlush(response);
            if (isKept) {
                written.addListener(done -> answered(context));
            } else {
                written.addListener(ChannelFutureListener.CLOSE);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (cause instanceof WalException told) {
                // The door's.
                answer(context, HttpResponseStatus.BAD_REQUEST, JSON, "{\"error\":\"" + told.code() + "\"}", false);
                return;
            }
            LOG.debug("HTTP connection closed: peer={} ({})", context.channel().remoteAddress(), cause.toString());
            var unused = context.close();
        }
    }
}
