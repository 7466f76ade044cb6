package dev.tidemark.server.security;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * What a connection shows of its other end by itself.
 *
 * @param isPrivate nobody else can read what goes over it: it is TLS, or does not leave this machine
 * @param certificate that it has shown and that was verified
 */
public record Peer(boolean isPrivate, Optional<X509Certificate> certificate) {

    /** The other end of this channel, on which a first message has come. Event loop. */
    public static Peer of(Channel channel) {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        if (tls == null) {
            boolean isLocal = channel.remoteAddress() instanceof InetSocketAddress address
                    && address.getAddress() != null
                    && address.getAddress().isLoopbackAddress();
            return new Peer(isLocal, Optional.empty());
        }
        try {
            return new Peer(
                    true,
                    tls.engine().getSession().getPeerCertificates()[0] instanceof X509Certificate certificate
                            ? Optional.of(certificate)
                            : Optional.empty());
        } catch (SSLPeerUnverifiedException e) {
            // It was asked for one and has shown none.
            return new Peer(true, Optional.empty());
        }
    }
}
