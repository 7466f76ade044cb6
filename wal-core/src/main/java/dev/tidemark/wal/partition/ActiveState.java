package dev.tidemark.wal.partition;

import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentTotals;

/**
 * Where the writer goes on.
 *
 * @param segment the newest one
 * @param end behind its last good frame, a snapshot of a clean close included
 * @param fileBytes how far the file is known to hold zeros from there; the position of {@code end} when nothing is known
 * @param totals of all frames before {@code end}
 * @param mustRotate recovery cut this segment: the next append opens a new one
 */
record ActiveState(Segment segment, SegmentEnd end, long fileBytes, SegmentTotals totals, boolean mustRotate) {}
