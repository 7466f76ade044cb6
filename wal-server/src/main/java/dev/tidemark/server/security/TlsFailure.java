package dev.tidemark.server.security;

import java.io.IOException;

/** A connection whose TLS has failed: nothing more can be said on it. It was logged. */
public final class TlsFailure extends IOException {
    private static final long serialVersionUID = 1L;

    TlsFailure(String why) {
        super(why);
    }
}
