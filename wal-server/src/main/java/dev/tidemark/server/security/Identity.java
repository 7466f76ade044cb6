package dev.tidemark.server.security;

import java.time.Instant;
import java.util.Optional;

/**
 * Who is at the other end of a connection, from its hello to its end.
 *
 * @param name {@code token:NAME}, {@code cert:SUBJECT} or {@code anonymous}; may be shown to anybody who runs the server
 * @param tokenId of the token it came with, if it came with one
 * @param expires when what it showed is not valid any more, if ever
 */
public record Identity(String name, Optional<String> tokenId, Optional<Instant> expires) {
    /** Where nobody is asked. */
    public static final Identity ANONYMOUS = new Identity("anonymous", Optional.empty(), Optional.empty());
}
