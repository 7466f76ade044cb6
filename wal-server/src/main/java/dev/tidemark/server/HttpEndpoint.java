package dev.tidemark.server;

import dev.tidemark.server.security.Identity;
import dev.tidemark.server.security.Peer;
import dev.tidemark.server.security.TlsDoor;
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
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Health and metrics over HTTP: {@code /health/live}, {@code /health/ready}, {@code /metrics}; there while the store recovers, too.
 *
 * <p><b>Threads.</b> The event loops; the metrics are printed on the file pool, which takes its time.
 */
final class HttpEndpoint extends ChannelInitializer<Channel> {
    private static final Logger LOG = LoggerFactory.getLogger(HttpEndpoint.class);
    private static final int MAX_REQUEST_BYTES = 8 << 10;
    private static final int MAX_CONNECTIONS = 256;
    private static final int MAX_CONNECTIONS_OF_ADDRESS = 128;
    private static final String BEARER = "Bearer ";
    private static final String JSON = "application/json";
    private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

    private final Services services;
    private final TlsDoor door;
    private final Supplier<Readiness> readiness;
    private final Admission admission = new Admission(
            MAX_CONNECTIONS, MAX_CONNECTIONS_OF_ADDRESS, MAX_CONNECTIONS, new AtomicInteger(), new AtomicInteger());

    /** Whether requests are served, and what else there is to say about it, as JSON. */
    record Readiness(boolean isReady, String json) {}

    HttpEndpoint(Services services, TlsDoor door, Supplier<Readiness> readiness) {
        this.services = services;
        this.door = door;
        this.readiness = readiness;
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
    private record Question(boolean isGood, boolean isGet, String path, String authorization, boolean isKept) {
        @Override
        public String toString() {
            // What authorizes is a secret.
            return "Question[path=" + path + ']';
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
                    path(request.uri()),
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
                get(context, question.path, question.authorization, question.isKept);
            }
        }

        private String path(String uri) {
            int query = uri.indexOf('?');
            return query < 0 ? uri : uri.substring(0, query);
        }

        private void get(ChannelHandlerContext context, String path, String authorization, boolean isKept) {
            switch (path) {
                case "/health/live" -> answer(context, HttpResponseStatus.OK, JSON, "{\"live\":true}", isKept);
                case "/health/ready" -> {
                    Readiness now = readiness.get();
                    HttpResponseStatus status =
                            now.isReady() ? HttpResponseStatus.OK : HttpResponseStatus.SERVICE_UNAVAILABLE;
                    answer(context, status, JSON, now.json(), isKept);
                }
                case "/metrics" -> metrics(context, authorization, isKept);
                default -> answer(context, HttpResponseStatus.NOT_FOUND, JSON, "{\"error\":\"not found\"}", isKept);
            }
        }

        /**
         * Whether who sends this would be let in at the other port, and may know how everything is; else it is answered. Health is for everybody, what names partitions is not.
         */
        private boolean mayMonitor(ChannelHandlerContext context, String authorization, boolean isKept) {
            String token = authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())
                    ? authorization.substring(BEARER.length()).strip()
                    : "";
            try {
                Identity identity = services.access.identify(token, Peer.of(context.channel()));
                if (services.access.rightsOf(identity).monitorsAll()) {
                    return true;
                }
                answer(context, HttpResponseStatus.FORBIDDEN, JSON, "{\"error\":\"NOT_PERMITTED\"}", isKept);
            } catch (UnavailableException e) {
                answer(context, HttpResponseStatus.UNAUTHORIZED, JSON, "{\"error\":\"" + e.code() + "\"}", isKept);
            }
            return false;
        }

        private void metrics(ChannelHandlerContext context, String authorization, boolean isKept) {
            if (!mayMonitor(context, authorization, isKept)) {
                return;
            }
            PrometheusMeterRegistry meters = services.config.meters();
            boolean isSubmitted = services.files.submit(() -> {
                String page = meters.scrape();
                try {
                    context.executor().execute(() -> answer(context, HttpResponseStatus.OK, PROMETHEUS, page, isKept));
                } catch (RejectedExecutionException e) {
                    LOG.debug("the server has stopped before its metrics were sent");
                }
            });
            if (!isSubmitted) {
                answer(context, HttpResponseStatus.SERVICE_UNAVAILABLE, JSON, "{\"error\":\"busy\"}", isKept);
            }
        }

        private void answer(
                ChannelHandlerContext context, HttpResponseStatus status, String type, String body, boolean isKept) {
            FullHttpResponse response = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, status, Unpooled.copiedBuffer(body, StandardCharsets.UTF_8));
            if (status.equals(HttpResponseStatus.UNAUTHORIZED)) {
                response.headers().set(HttpHeaderNames.WWW_AUTHENTICATE, "Bearer");
            }
            response.headers()
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
