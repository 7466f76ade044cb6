package dev.tidemark.client.tls;

import io.netty.buffer.ByteBuf;
import java.security.cert.CertificateException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** How TLS looks from outside, and how its failures read. */
public final class TlsRecords {
    /** So many bytes tell TLS from the first message of the protocol. */
    public static final int TELLING_BYTES = 3;

    private static final int HANDSHAKE = 22;
    private static final int MAJOR_VERSION = 3;

    private TlsRecords() {}

    /**
     * Whether these first bytes of a connection begin a TLS handshake. No message that the protocol allows there begins so: its length would be above 65,536.
     *
     * @param first has {@link #TELLING_BYTES} at least
     */
    public static boolean beginHandshake(ByteBuf first) {
        int at = first.readerIndex();
        return first.getByte(at) == HANDSHAKE && first.getByte(at + 1) == MAJOR_VERSION && first.getByte(at + 2) >= 1;
    }

    /** The failure of TLS in what a handler was given, if it is one. */
    public static @Nullable SSLException failureIn(@Nullable Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof SSLException found) {
                return found;
            }
        }
        return null;
    }

    /** Why it failed, as exactly as it is known: what is wrong with a certificate is at the bottom of the causes. */
    public static String reasonOf(SSLException failure) {
        String said = String.valueOf(failure.getMessage());
        for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException || cause.getCause() == null) {
                String deeper = cause.getMessage();
                said = deeper == null ? said : deeper;
            }
        }
        return said;
    }
}
