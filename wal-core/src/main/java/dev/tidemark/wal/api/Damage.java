package dev.tidemark.wal.api;

/**
 * One damaged place.
 *
 * @param partition the printed partition id, or empty where the store itself is damaged
 * @param file the file, relative to the store's directory
 * @param filePosition the first byte concerned, or -1 where the whole file is
 * @param firstOffset the first offset concerned, or -1 where it is not known
 * @param endOffset the offset after the last one concerned, or -1 where it is not known
 */
public record Damage(String partition, String file, long filePosition, long firstOffset, long endOffset) {}
