package dev.tidemark.wal.io;

import java.util.TreeMap;

/**
 * A simulated directory: the names processes see, and those that are on the medium for certain.
 *
 * <p><b>Threads.</b> Guarded by the disk it belongs to.
 */
final class DirectoryNode extends Node {
    final TreeMap<String, Node> entries = new TreeMap<>();
    final TreeMap<String, Node> durable = new TreeMap<>();

    DirectoryNode(long id) {
        super(id);
    }
}
