/**
 * The network server: connections, requests, and the way between them and the engine ({@code docs/adr/0015-server.md}). Event loops never block; what may block runs on
 * bounded pools.
 */
@NullMarked
package dev.tidemark.server;

import org.jspecify.annotations.NullMarked;
