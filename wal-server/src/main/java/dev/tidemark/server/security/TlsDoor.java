package dev.tidemark.server.security;

import dev.tidemark.client.tls.TlsContext;
import dev.tidemark.client.tls.TlsRecords;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.UnavailableException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The door of a port, which speaks TLS or does not: looks at the first bytes of each connection, and puts TLS in its place, or nothing. Who speaks the other language is told so in the
 * clear, by whoever gets the exception ({@code TLS_REQUIRED}, {@code TLS_UNEXPECTED}), and is not read any further.
 *
 * <p>Until the other side has spoken, a port with TLS says nothing, whatever is written: it would go out in the clear.
 *
 * <p><b>Threads.</b> One for a port, used by all event loops; what it adds to a connection belongs to that.
 */
public final class TlsDoor {
    private static final Logger LOG = LoggerFactory.getLogger(TlsDoor.class);

    private final Optional<TlsContext> tls;
    private final Duration handshakeTimeout;
    private final SeldomLog seldom = new SeldomLog(LOG, System::nanoTime);

    /** With TLS, if there is a context. */
    public TlsDoor(Optional<TlsContext> tls, Duration handshakeTimeout) {
        this.tls = tls;
        this.handshakeTimeout = handshakeTimeout;
    }

    /** Puts itself at the end, which is where the bytes come from for what is added behind. */
    public void addTo(ChannelPipeline pipeline) {
        @Nullable Silence silence = null;
        if (tls.isPresent()) {
            silence = new Silence();
            pipeline.addLast(silence);
        }
        pipeline.addLast(new FirstBytes(silence));
    }

    /** Drops what is written, as long as it is there. */
    private static final class Silence extends ChannelOutboundHandlerAdapter {
        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
            ReferenceCountUtil.release(message);
            promise.trySuccess();
        }
    }

    private final class FirstBytes extends ByteToMessageDecoder {
        private final @Nullable Silence silence;
        private boolean isShut;

        FirstBytes(@Nullable Silence silence) {
            this.silence = silence;
        }

        @Override
        protected void decode(ChannelHandlerContext context, io.netty.buffer.ByteBuf in, List<Object> out) {
            if (isShut) {
                in.skipBytes(in.readableBytes());
            } else if (in.readableBytes() >= TlsRecords.TELLING_BYTES) {
                open(context, TlsRecords.beginHandshake(in));
                if (isShut) {
                    in.skipBytes(in.readableBytes());
                }
            }
        }

        private void open(ChannelHandlerContext context, boolean isTls) {
            if (silence != null) {
                context.pipeline().remove(silence);
            }
            if (isTls != tls.isPresent()) {
                isShut = true;
                UnavailableException told = isTls
                        ? new UnavailableException(ErrorCode.TLS_UNEXPECTED, "this port speaks no TLS")
                        : new UnavailableException(ErrorCode.TLS_REQUIRED, "this port speaks nothing but TLS");
                seldom.warn(
                        "connection refused",
                        context.channel().remoteAddress(),
                        told.code().name());
                context.fireExceptionCaught(told);
            } else if (isTls) {
                var name = context.name();
                context.pipeline().addAfter(name, null, new Failures());
                context.pipeline().replace(this, null, tls.get().serverHandler(context.alloc(), handshakeTimeout));
            } else {
                context.pipeline().remove(this);
            }
        }
    }

    /** Makes one thing of the many ways in which TLS says that it has failed. */
    private final class Failures extends ChannelInboundHandlerAdapter {
        private boolean isTold;

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof SslHandshakeCompletionEvent handshake && !handshake.isSuccess()) {
                SSLException failure = TlsRecords.failureIn(handshake.cause());
                if (failure != null) {
                    tell(context, failure);
                }
            }
            context.fireUserEventTriggered(event);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            SSLException failure = TlsRecords.failureIn(cause);
            if (failure == null) {
                context.fireExceptionCaught(cause);
            } else {
                tell(context, failure);
            }
        }

        private void tell(ChannelHandlerContext context, SSLException failure) {
            if (!isTold) {
                isTold = true;
                String why = TlsRecords.reasonOf(failure);
                seldom.warn("TLS has failed", context.channel().remoteAddress(), why);
                context.fireExceptionCaught(new TlsFailure(why));
            }
        }
    }
}
