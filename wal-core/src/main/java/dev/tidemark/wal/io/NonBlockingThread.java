package dev.tidemark.wal.io;

/**
 * Marks threads that serve many parties at once and must never block, such as the event loops of the network: the thread's
 * class implements this, and {@link ThreadRules#assertMayBlock()} fails on it.
 */
public interface NonBlockingThread {}
