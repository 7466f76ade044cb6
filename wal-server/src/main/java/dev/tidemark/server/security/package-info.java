/** What stands between a socket and a request: TLS, and who is let in. Uses nothing of the server itself. */
@NullMarked
package dev.tidemark.server.security;

import org.jspecify.annotations.NullMarked;
