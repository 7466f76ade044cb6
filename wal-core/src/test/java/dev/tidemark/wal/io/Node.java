package dev.tidemark.wal.io;

/** A file or directory of a simulated disk, apart from the names it has. */
abstract class Node {
    final long id;

    /** How many names lead here, as processes see it. */
    int names;

    Node(long id) {
        this.id = id;
    }
}
