/**
 * The network protocol: messages as values, and the code between values and bytes ({@code docs/protocol.md}). No sockets, no state of a
 * connection; the client and the server both stand on it.
 */
@NullMarked
package dev.tidemark.client.protocol;

import org.jspecify.annotations.NullMarked;
