package dev.tidemark.wal.io;

/**
 * One name in a directory.
 *
 * @param name the last part of the path
 * @param directory whether it is a directory
 * @param sizeBytes the size of a file; 0 for a directory
 */
public record DiskEntry(String name, boolean directory, long sizeBytes) {}
